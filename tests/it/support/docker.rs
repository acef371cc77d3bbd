//! A real Docker engine of the test's own.
//!
//! It runs as root in namespaces of its own: its bridge is in no network of this machine, and whatever it started (the
//! containers' shims outlive an engine) ends with the first process of its PID namespace, even when the test is killed.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Condvar, Mutex};

use tempfile::TempDir;

use super::missing::missing;
use super::process::Process;
use super::wait::{SOON, until};

/// The image that every engine begins with: a static busybox and its links, nothing else.
pub(crate) const IMAGE: &str = "busybox:test";

/// Engines that run at a time: each is two daemons, and a test machine may have two cores.
const ENGINES: usize = 3;

static RUNNING: (Mutex<usize>, Condvar) = (Mutex::new(0), Condvar::new());

/// What an engine is started with.
#[derive(Default)]
pub(crate) struct Builder {
    arguments: Vec<String>,
}

/// A running engine. It ends when it is dropped, with all of its containers.
pub(crate) struct Docker {
    engine: Option<Process>,
    holder: Process,
    dir: TempDir,
    arguments: Vec<String>,
    _slot: Slot,
}

/// Whether a test must be skipped because this machine cannot run an engine. Where `CI` is set that is a failure.
pub(crate) fn unavailable() -> bool {
    if missing(&["dockerd", "docker", "busybox", "unshare", "nsenter", "tar"]) {
        return true;
    }
    let user = Command::new("id").arg("-u").output().unwrap();
    if user.stdout.trim_ascii() == b"0" {
        return false;
    }
    assert!(std::env::var_os("CI").is_none(), "only root can start a Docker engine");
    eprintln!("SKIPPED, only root can start a Docker engine");
    true
}

impl Builder {
    /// One more argument of dockerd.
    pub(crate) fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// Starts it, and gives it the test image.
    #[track_caller]
    pub(crate) fn start(self) -> Docker {
        let slot = Slot::take();
        let dir = tempfile::tempdir().unwrap();
        let mut holder = Command::new("unshare");
        holder.args(["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]);
        // A shell that waits buries the orphans, among them the containerd of a killed engine: a new one looks for it.
        holder.args(["sh", "-c", "busybox ip link set lo up; echo ready; sleep 1000000000 & wait"]);
        let mut holder = Process::spawn(holder.stdin(Stdio::null()).stdout(Stdio::piped()));
        let mut line = [0; 6];
        holder.stdout().read_exact(&mut line).expect("the namespaces are there");
        let mut docker = Docker { engine: None, holder, dir, arguments: self.arguments, _slot: slot };
        docker.start_again();
        docker.import(&busybox(), IMAGE, &[]);
        docker
    }
}

impl Docker {
    /// An engine of which the containers can reach each other.
    #[track_caller]
    pub(crate) fn start() -> Self {
        Self::builder().start()
    }

    pub(crate) fn builder() -> Builder {
        Builder::default()
    }

    /// The address of its API.
    pub(crate) fn url(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.file("docker.sock")
    }

    /// A file of the engine's folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A `[[docker]]` table with a poll every two seconds: an old engine takes one of them to answer. `more` are further
    /// lines of it.
    pub(crate) fn target(&self, name: &str, more: &str) -> String {
        let url = self.url();
        format!("[[docker]]\nname = {name:?}\nurl = {url:?}\ninterval = \"2s\"\ndeadline = \"1900ms\"\n{more}\n")
    }

    /// What the client prints.
    #[track_caller]
    pub(crate) fn cli(&self, arguments: &[&str]) -> String {
        let output = self.try_cli(arguments);
        let (said, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "docker {}: {}\n{said}{wrong}", arguments.join(" "), output.status);
        said.trim_end().to_owned()
    }

    /// Runs the client, whatever comes of it.
    pub(crate) fn try_cli(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("docker");
        command.env("DOCKER_HOST", self.url()).env("DOCKER_CONFIG", self.dir.path()).stdin(Stdio::null());
        command.args(arguments).output().unwrap()
    }

    /// Starts a container of the test image in the background; its id.
    #[track_caller]
    pub(crate) fn run(&self, name: &str, options: &[&str], command: &[&str]) -> String {
        let fixed = ["run", "--detach", "--name", name, "--stop-timeout", "1"];
        self.cli(&[&fixed[..], options, &[IMAGE], command].concat())
    }

    /// The same with a script for its shell.
    #[track_caller]
    pub(crate) fn run_script(&self, name: &str, options: &[&str], script: &str) -> String {
        self.run(name, options, &["/bin/sh", "-c", script])
    }

    /// The answer of its API to GET, as JSON.
    #[track_caller]
    pub(crate) fn api(&self, path: &str) -> serde_json::Value {
        let mut stream = UnixStream::connect(self.socket()).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\nHost: docker\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let head = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer has a head");
        serde_json::from_slice(&answer[head + 4..])
            .unwrap_or_else(|error| panic!("GET {path}: {error}\n{}", String::from_utf8_lossy(&answer)))
    }

    /// The inspection of a container.
    #[track_caller]
    pub(crate) fn inspect(&self, name: &str) -> serde_json::Value {
        self.api(&format!("/containers/{name}/json"))
    }

    /// Makes an image of a folder; `changes` are lines of a Dockerfile.
    #[track_caller]
    pub(crate) fn import(&self, root: &Path, tag: &str, changes: &[&str]) {
        let mut tar = Command::new("tar").arg("-C").arg(root).args(["-c", "."]).stdout(Stdio::piped()).spawn().unwrap();
        let mut import = Command::new("docker");
        import.env("DOCKER_HOST", self.url()).env("DOCKER_CONFIG", self.dir.path()).stdin(tar.stdout.take().unwrap());
        import.arg("import");
        for change in changes {
            import.args(["--change", change]);
        }
        let output = import.args(["-", tag]).output().unwrap();
        assert!(
            tar.wait().unwrap().success() && output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// `kill -9` of the engine alone: containers stay as they are until it is started again.
    #[track_caller]
    pub(crate) fn kill(&mut self) {
        self.signal("KILL");
        self.engine.take().unwrap().wait(SOON);
    }

    /// Ends the engine as an operator does.
    #[track_caller]
    pub(crate) fn stop(&mut self) {
        self.signal("TERM");
        self.engine.take().unwrap().wait(SOON);
    }

    /// Starts it after [`kill`](Self::kill) or [`stop`](Self::stop), with the same socket and the same containers.
    #[track_caller]
    pub(crate) fn start_again(&mut self) {
        let dir = self.dir.path();
        let target = self.host().to_string();
        // A killed engine leaves it, and would not start over it.
        let _ = std::fs::remove_file(dir.join("pid"));
        let mut command = Command::new("nsenter");
        command.args(["--target", &target, "--net", "--mount", "--pid", "dockerd"]);
        for (option, name) in
            [("--data-root", "data"), ("--exec-root", "exec"), ("--pidfile", "pid"), ("--config-file", "daemon.json")]
        {
            command.arg(option).arg(dir.join(name));
        }
        std::fs::write(dir.join("daemon.json"), "{}").unwrap();
        command.arg("--host").arg(self.url()).arg("--cgroup-parent").arg(self.cgroup());
        command.args(["--userland-proxy=false", "--ip6tables=false"]).args(&self.arguments);
        let log = std::fs::File::options().create(true).append(true).open(dir.join("log")).unwrap();
        let log = (log.try_clone().unwrap(), log);
        let mut engine = Process::spawn(command.stdin(Stdio::null()).stdout(log.0).stderr(log.1));
        until(SOON, "the engine answers", || {
            assert!(engine.ended().is_none(), "dockerd ended:\n{}", self.log());
            self.answers().then_some(())
        });
        self.engine = Some(engine);
    }

    /// The engine stops in its tracks: connections are taken by the kernel and nothing answers.
    pub(crate) fn freeze(&self) {
        self.signal("STOP");
    }

    pub(crate) fn thaw(&self) {
        self.signal("CONT");
        // nsenter stops with its child.
        self.engine.as_ref().unwrap().signal("CONT");
    }

    /// The first process of the namespaces of the engine, as it is called here.
    #[track_caller]
    pub(crate) fn host(&self) -> u32 {
        only_child(self.holder.id()).expect("the holder of the namespaces lives")
    }

    /// Runs a command in the namespaces of the engine, as a process of its host.
    #[track_caller]
    pub(crate) fn within(&self, command: &[&str]) {
        let target = self.host().to_string();
        let mut nsenter = Command::new("nsenter");
        nsenter.args(["--target", &target, "--mount", "--pid", "busybox"]).args(command);
        assert!(nsenter.status().unwrap().success(), "{command:?}");
    }

    /// Everything that the engine logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.file("log")).unwrap_or_default()
    }

    /// The process ids of the engine and of its containerd.
    pub(crate) fn daemons(&self) -> Vec<u32> {
        let engine = self.engine_pid();
        engine.into_iter().chain(engine.and_then(only_child)).collect()
    }

    fn answers(&self) -> bool {
        let ask = || -> std::io::Result<String> {
            let mut stream = UnixStream::connect(self.socket())?;
            stream.write_all(b"GET /_ping HTTP/1.0\r\n\r\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        };
        ask().is_ok_and(|answer| answer.ends_with("OK"))
    }

    fn engine_pid(&self) -> Option<u32> {
        only_child(self.engine.as_ref()?.id())
    }

    #[track_caller]
    fn signal(&self, name: &str) {
        let pid = self.engine_pid().expect("the engine runs");
        let status = Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).status().unwrap();
        assert!(status.success(), "kill -{name} {pid}");
    }

    fn cgroup(&self) -> String {
        format!("/manometer-test-{}", self.holder.id())
    }
}

impl Drop for Docker {
    fn drop(&mut self) {
        let mut cgroups = Vec::new();
        for controller in std::fs::read_dir("/sys/fs/cgroup").into_iter().flatten().flatten() {
            cgroups.push(PathBuf::from(format!("{}{}", controller.path().display(), self.cgroup())));
        }
        cgroups.push(PathBuf::from(format!("/sys/fs/cgroup{}", self.cgroup())));
        for cgroup in &cgroups {
            thaw(cgroup);
        }
        self.holder.kill();
        drop(self.engine.take());
        // The last of its processes may still be about to leave its folder and its cgroups.
        let data = self.file("data");
        let started = std::time::Instant::now();
        loop {
            let _ = std::fs::remove_dir_all(&data);
            cgroups.retain(|cgroup| cgroup.is_dir());
            for cgroup in &cgroups {
                remove_cgroup(cgroup);
            }
            if (cgroups.is_empty() && !data.exists()) || started.elapsed() > SOON {
                break;
            }
            super::wait::pause(std::time::Duration::from_millis(20));
        }
    }
}

/// Lets paused containers go on: a frozen process does not end when it is killed.
fn thaw(cgroup: &Path) {
    for container in std::fs::read_dir(cgroup).into_iter().flatten().flatten() {
        // Of cgroup v1 and of v2; the files that are not there cannot be made either.
        let _ = std::fs::write(container.path().join("freezer.state"), "THAWED");
        let _ = std::fs::write(container.path().join("cgroup.freeze"), "0");
    }
}

/// Removes what the containers' cgroups leave behind; one that is still in use stays.
fn remove_cgroup(cgroup: &Path) {
    for inner in std::fs::read_dir(cgroup).into_iter().flatten().flatten() {
        if inner.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_cgroup(&inner.path());
        }
    }
    let _ = std::fs::remove_dir(cgroup);
}

/// The child of a process that has one, whichever of its threads has started it.
fn only_child(pid: u32) -> Option<u32> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    let children = threads.flatten().filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    children.collect::<String>().split_whitespace().next()?.parse().ok()
}

/// A folder with a static busybox and a link for each of its applets.
pub(crate) fn busybox() -> PathBuf {
    static ROOT: Mutex<Option<TempDir>> = Mutex::new(None);
    let mut root = ROOT.lock().unwrap();
    let dir = root.get_or_insert_with(|| {
        let dir = tempfile::tempdir().unwrap();
        let bin = dir.path().join("bin");
        std::fs::create_dir_all(&bin).unwrap();
        std::fs::create_dir_all(dir.path().join("tmp")).unwrap();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let program = std::env::split_paths(&path).map(|folder| folder.join("busybox")).find(|file| file.is_file());
        std::fs::copy(program.expect("busybox is installed"), bin.join("busybox")).unwrap();
        let applets = Command::new("busybox").arg("--list").output().unwrap();
        for applet in String::from_utf8(applets.stdout).unwrap().lines().filter(|name| *name != "busybox") {
            std::os::unix::fs::symlink("busybox", bin.join(applet)).unwrap();
        }
        dir
    });
    dir.path().to_owned()
}

/// The right to run one more engine.
struct Slot;

impl Slot {
    fn take() -> Self {
        let (running, freed) = &RUNNING;
        let mut running = running.lock().unwrap();
        while *running >= ENGINES {
            running = freed.wait(running).unwrap();
        }
        *running += 1;
        Self
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let (running, freed) = &RUNNING;
        // The lock is never held over anything that could panic.
        *running.lock().unwrap() -= 1;
        freed.notify_one();
    }
}

/// `words` as one line of a shell, each of them taken literally.
pub(crate) fn shell_words(words: &[&str]) -> String {
    words.iter().fold(String::new(), |mut line, word| {
        let _ = write!(line, "'{}' ", word.replace('\'', r"'\''"));
        line
    })
}
