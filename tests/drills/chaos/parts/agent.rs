//! The agent itself: on a clock that can be set, with its state and its log on a disk that can be full.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::super::Scene;
use super::super::plan::{About, Kind, Needs};
use super::super::truth::Is;
use crate::support::agent::{command, faketime};
use crate::support::http::Request;
use crate::support::port;
use crate::support::process::Process;
use crate::support::wait::{SOON, until};

/// A small file system that only those see who are in the mount namespace of a process of its own. It ends with that.
struct Disk {
    holder: Process,
    at: PathBuf,
}

impl Disk {
    fn mount(at: &Path) -> Self {
        let script = "mount -t tmpfs -o size=4m none \"$0\" && echo ready && exec sleep 1000000000";
        let mut holder = Command::new("unshare");
        holder.args(["--mount", "sh", "-c", script]).arg(at).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut holder = Process::spawn(&mut holder);
        let mut ready = [0; 6];
        holder.stdout().read_exact(&mut ready).expect("a small disk is mounted");
        Self { holder, at: at.to_owned() }
    }

    /// A file on it as it is called outside.
    fn file(&self, name: &str) -> PathBuf {
        Path::new(&format!("/proc/{}/root", self.holder.id())).join(self.at.strip_prefix("/").unwrap()).join(name)
    }
}

/// Whether there can be one.
pub(crate) fn has_disk() -> bool {
    // Only root's namespaces may mount, and there are machines where not even those do.
    static HAS: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *HAS.get_or_init(|| {
        let mount = ["--mount", "mount", "-t", "tmpfs", "none", "/tmp"];
        let tried = Command::new("unshare").args(mount).stderr(Stdio::null()).status();
        tried.is_ok_and(|status| status.success())
    })
}

/// The agent, at an address that stays.
// What runs on a disk ends before it.
pub(crate) struct Agent {
    process: Process,
    disk: Option<Disk>,
    folder: TempDir,
    config: String,
    /// The table of a target that comes and goes with a reload.
    more: String,
    pub(crate) address: SocketAddr,
    stalled: Vec<TcpStream>,
    /// How it ended when it was told to.
    pub(crate) ends: Vec<String>,
}

impl Agent {
    pub(crate) const NAME: &'static str = "agent";

    /// Starts it on `config`. The configuration has no `state_dir` yet.
    pub(crate) fn start(config: &str, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join("disk");
        std::fs::create_dir(&at).unwrap();
        std::fs::write(folder.path().join("clock"), "+0").unwrap();
        let disk = has_disk().then(|| Disk::mount(&at));
        let config = format!("state_dir = \"{}\"\n{config}", at.join("state").display());
        std::fs::write(folder.path().join("config.toml"), &config).unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], port::free()));
        let process = spawn(folder.path(), disk.as_ref(), address);
        let more = more.to_owned();
        let agent = Self { process, disk, folder, config, more, address, stalled: Vec::new(), ends: Vec::new() };
        agent.wait_until_ready();
        agent
    }

    fn wait_until_ready(&self) {
        until(SOON, "the agent is ready", || {
            Request::get("/-/ready").try_send(self.address).ok().filter(|answer| answer.status == 200)
        });
    }

    fn start_again(&mut self) {
        self.process = spawn(self.folder.path(), self.disk.as_ref(), self.address);
        self.wait_until_ready();
    }

    fn path(&self, name: &str) -> PathBuf {
        path(self.folder.path(), self.disk.as_ref(), name)
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read(self.path("log")).map(|log| String::from_utf8_lossy(&log).into_owned()).unwrap_or_default()
    }

    /// SIGTERM; how it ended.
    pub(crate) fn terminate(&mut self) -> String {
        self.process.signal("TERM");
        self.process.wait(SOON).to_string()
    }

    fn reload(&self, config: &str, is_good: f64) {
        std::fs::write(self.folder.path().join("config.toml"), config).unwrap();
        self.process.signal("HUP");
        let line = format!("\nmanometer_config_last_reload_successful {is_good}\n");
        until(SOON, "the agent says how its reload went", || {
            let answer = Request::get("/metrics").try_send(self.address).ok()?;
            answer.text().contains(&line).then_some(())
        });
    }

    fn set_clock(&self, offset: &str) {
        std::fs::write(self.folder.path().join("clock"), offset).unwrap();
    }
}

fn path(folder: &Path, disk: Option<&Disk>, name: &str) -> PathBuf {
    disk.map_or_else(|| folder.join("disk").join(name), |disk| disk.file(name))
}

fn spawn(folder: &Path, disk: Option<&Disk>, address: SocketAddr) -> Process {
    let config = folder.join("config.toml");
    let agent = command(&["run", "--config", config.to_str().unwrap(), "--web.listen-address", &address.to_string()]);
    // One that was built otherwise than the tests are: `make chaos` tries the agent as it is shown to people.
    let program = std::env::var_os("AGENT").unwrap_or_else(|| agent.get_program().to_owned());
    let mut wrapped = match disk {
        Some(disk) => {
            let mut nsenter = Command::new("nsenter");
            nsenter.arg(format!("--mount=/proc/{}/ns/mnt", disk.holder.id())).arg(program);
            nsenter
        }
        None => Command::new(program),
    };
    wrapped.args(agent.get_args()).stdin(Stdio::null());
    for (variable, _) in agent.get_envs() {
        wrapped.env_remove(variable);
    }
    if let Some(library) = faketime() {
        wrapped.env("LD_PRELOAD", library).env("FAKETIME_TIMESTAMP_FILE", folder.join("clock"));
        wrapped.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("FAKETIME_NO_CACHE", "1");
    }
    let log = File::options().create(true).append(true).open(path(folder, disk, "log")).unwrap();
    Process::spawn(wrapped.stdout(Stdio::null()).stderr(log))
}

const fn about(name: &'static str, longest: u64, needs: Needs) -> About {
    About { name, longest, pages: None, may: &[], needs }
}

const CLOCK: fn(&mut Agent, &Scene<'_>) = |agent, _| agent.set_clock("+0");

pub(crate) const KINDS: &[Kind<Agent>] = &[
    Kind {
        about: about("SIGSTOP", 4, Needs::Nothing),
        begin: |agent, scene| scene.truth.make(Agent::NAME, Is::Down, || agent.process.signal("STOP")),
        heal: |agent, scene| scene.truth.make(Agent::NAME, Is::Up, || agent.process.signal("CONT")),
    },
    Kind {
        about: About {
            pages: Some("ManometerDown"),
            may: &["ManometerDown"],
            ..about("kill -9, and started again", 40, Needs::Restart)
        },
        begin: |agent, scene| {
            scene.truth.ended(Agent::NAME);
            agent.process.kill();
            scene.truth.set(Agent::NAME, Is::Down);
        },
        heal: |agent, scene| scene.truth.make(Agent::NAME, Is::Up, || agent.start_again()),
    },
    Kind {
        about: about("SIGTERM, and started again", 0, Needs::Restart),
        begin: |agent, scene| {
            scene.truth.ended(Agent::NAME);
            let end = agent.terminate();
            agent.ends.push(end);
            agent.start_again();
            scene.truth.set(Agent::NAME, Is::Up);
        },
        heal: |_, _| {},
    },
    Kind {
        about: about("SIGHUP, one target more", 40, Needs::Nothing),
        begin: |agent, _| agent.reload(&format!("{}{}", agent.config, agent.more), 1.0),
        heal: |agent, _| agent.reload(&agent.config, 1.0),
    },
    Kind {
        about: about("SIGHUP, a bad configuration", 40, Needs::Nothing),
        begin: |agent, _| agent.reload("[[redis]\nname = 7", 0.0),
        heal: |agent, _| agent.reload(&agent.config, 1.0),
    },
    Kind {
        about: about("the disk is full", 40, Needs::Disk),
        begin: |agent, _| {
            let mut filler = File::create(agent.path("filler")).unwrap();
            while filler.write_all(&[0; 4096]).is_ok() {}
        },
        heal: |agent, _| std::fs::remove_file(agent.path("filler")).unwrap(),
    },
    Kind {
        about: about("the clock an hour ahead", 40, Needs::Clock),
        begin: |agent, _| agent.set_clock("+3600"),
        heal: CLOCK,
    },
    Kind {
        about: about("the clock an hour behind", 40, Needs::Clock),
        begin: |agent, _| agent.set_clock("-3600"),
        heal: CLOCK,
    },
    Kind {
        about: about("the clock a thousand days behind", 40, Needs::Clock),
        begin: |agent, _| agent.set_clock("-86400000"),
        heal: CLOCK,
    },
    Kind {
        about: about("20 readers that do not read", 40, Needs::Nothing),
        begin: |agent, _| {
            for _ in 0..20 {
                let mut reader = TcpStream::connect(agent.address).unwrap();
                reader.write_all("GET /metrics HTTP/1.1\r\nHost: agent\r\n\r\n".repeat(20).as_bytes()).unwrap();
                agent.stalled.push(reader);
            }
        },
        heal: |agent, _| agent.stalled.clear(),
    },
];
