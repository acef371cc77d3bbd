//! The agent: the real binary, run as its users run it.

use std::net::{Shutdown, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio_rustls::rustls::ClientConfig;

use super::exposition::Exposition;
use super::fake::{Fake, carry};
use super::http::{Request, Response};
use super::memory_group::MemoryGroup;
use super::process::{Process, Transcript};
use super::wait::{SOON, until};

/// Variables that the agent reads; a test's agent has none but those that the test gives it.
const VARIABLES: [&str; 17] = [
    "STATE_DIRECTORY",
    "REDIS_URL",
    "REDIS_ADDR",
    "REDIS_USER",
    "REDIS_PASSWORD_FILE",
    "REDIS_CACHE_URL",
    "REDIS_TLS",
    "REDIS_PASSWORD",
    "REDIS_CONNECT_TIMEOUT",
    "REDIS_COMMAND_TIMEOUT",
    "ENV_NAME",
    "MANOMETER_CONFIG",
    "MANOMETER_WEB_LISTEN_ADDRESS",
    "MANOMETER_WEB_CONFIG_FILE",
    "MANOMETER_LOG_LEVEL",
    "MANOMETER_LOG_FORMAT",
    "RUST_LOG",
];

/// The binary, in an empty environment of ours.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_manometer"));
    command.args(arguments).stdin(Stdio::null());
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    command
}

/// Debian's libfaketime, for programs with threads.
pub(crate) fn faketime() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?.flatten();
    folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1")).find(|library| library.is_file())
}

/// `command` as `wrapped` runs it.
fn wrap(mut wrapped: Command, command: &Command) -> Command {
    wrapped.arg(command.get_program()).args(command.get_args()).stdin(Stdio::null());
    for (variable, _) in command.get_envs() {
        wrapped.env_remove(variable);
    }
    wrapped
}

/// `command` in the network of a process.
pub(crate) fn in_network_of(process: u32, command: &Command) -> Command {
    let mut wrapped = Command::new("nsenter");
    wrapped.args(["--net", "--target", &process.to_string()]);
    wrap(wrapped, command)
}

/// Runs the binary to its end.
pub(crate) fn output(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

/// The same, while nobody else computes: for what takes seconds of a processor, beside agents that are scraped each second.
pub(crate) fn patient_output(arguments: &[&str]) -> Output {
    let mut nice = Command::new("nice");
    nice.args(["-n", "10"]);
    wrap(nice, &command(arguments)).output().unwrap()
}

/// What it wrote, as text.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What it wrote to stderr, as text.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn polled(name: &str, url: &str, interval: &str, deadline: &str) -> String {
    format!("[[redis]]\nname = {name:?}\nurl = {url:?}\ninterval = {interval:?}\ndeadline = {deadline:?}\n")
}

/// A `[[redis]]` table with a poll a second.
pub(crate) fn target(name: &str, url: &str) -> String {
    polled(name, url, "1s", "900ms")
}

/// A `[[redis]]` table with one long poll: for what has much to read, on a machine that does much else.
pub(crate) fn patient_target(name: &str, url: &str) -> String {
    polled(name, url, "60s", "50s")
}

/// Writes `config` to a file that lives as long as the folder.
pub(crate) fn config_file(config: &str) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config.toml");
    std::fs::write(&file, config).unwrap();
    (dir, file)
}

/// A running agent. It ends when it is dropped.
pub(crate) struct Agent {
    process: Process,
    log: Transcript,
    dir: TempDir,
    pub(crate) address: SocketAddr,
    tls: Option<Arc<ClientConfig>>,
    /// What leads to it where it is in another network.
    door: Option<Fake>,
}

impl Agent {
    /// Runs it on `config` and waits until every target has been polled once.
    #[track_caller]
    pub(crate) fn run(config: &str) -> Self {
        let agent = Self::spawn(config, &[]);
        agent.wait_until_ready();
        agent
    }

    /// Runs it on `config` and waits until it listens.
    #[track_caller]
    pub(crate) fn spawn(config: &str, arguments: &[&str]) -> Self {
        let (dir, file) = config_file(config);
        let mut command = command(&["run", "--config", file.to_str().unwrap()]);
        command.args(arguments);
        Self::start(&mut command, dir)
    }

    /// Runs it on `config` as `change` has the command, and waits until every target has been polled once.
    #[track_caller]
    pub(crate) fn run_changed(config: &str, change: impl FnOnce(&mut Command)) -> Self {
        let (dir, file) = config_file(config);
        let mut command = command(&["run", "--config", file.to_str().unwrap()]);
        change(&mut command);
        let agent = Self::start(&mut command, dir);
        agent.wait_until_ready();
        agent
    }

    /// The agent's standard input, if it was started with a pipe.
    pub(crate) fn stdin(&mut self) -> std::process::ChildStdin {
        self.process.stdin()
    }

    /// Runs it on the environment alone.
    #[track_caller]
    pub(crate) fn run_on_environment(variables: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut command = command(&["run"]);
        command.envs(variables.iter().copied()).current_dir(dir.path());
        let agent = Self::start(&mut command, dir);
        agent.wait_until_ready();
        agent
    }

    /// Runs it on `config` with its own file of hosts, which it returns: what is written there holds from the next lookup on.
    /// A mount namespace shows the file to this process alone.
    #[track_caller]
    pub(crate) fn run_with_hosts(config: &str, hosts: &str) -> (Self, PathBuf) {
        let (dir, file) = config_file(config);
        let hosts_file = dir.path().join("hosts");
        std::fs::write(&hosts_file, hosts).unwrap();
        let mount = "mount --bind \"$0\" /etc/hosts && exec \"$@\"";
        let mut wrapped = Command::new("unshare");
        wrapped.args(["--user", "--map-root-user", "--mount", "sh", "-c", mount]).arg(&hosts_file);
        let agent = command(&["run", "--config", file.to_str().unwrap()]);
        let agent = Self::start(&mut wrap(wrapped, &agent), dir);
        agent.wait_until_ready();
        (agent, hosts_file)
    }

    /// Runs it on `config` in a control group, and waits until every target has been polled once.
    #[track_caller]
    pub(crate) fn run_in(group: &MemoryGroup, config: &str) -> Self {
        let (dir, file) = config_file(config);
        let mut wrapped = Command::new("sh");
        wrapped.args(["-c", "echo $$ >\"$0\" && exec \"$@\""]).arg(group.processes());
        let agent = command(&["run", "--config", file.to_str().unwrap()]);
        let agent = Self::start(&mut wrap(wrapped, &agent), dir);
        agent.wait_until_ready();
        agent
    }

    /// Runs it on `config` in the network of another process, and waits until it listens.
    #[track_caller]
    pub(crate) fn spawn_in_network_of(process: u32, config: &str) -> Self {
        let (dir, file) = config_file(config);
        let agent = command(&["run", "--config", file.to_str().unwrap()]);
        let mut agent = Self::start(&mut in_network_of(process, &agent), dir);
        let door = door(process, agent.address);
        agent.address = door.address();
        agent.door = Some(door);
        agent
    }

    #[track_caller]
    fn start(command: &mut Command, dir: TempDir) -> Self {
        command
            .args(["--web.listen-address", "127.0.0.1:0", "--web.enable-lifecycle", "--log.level", "debug"])
            .stderr(Stdio::piped());
        let mut process = Process::spawn(command);
        let log = process.collect_stderr();
        let address = until(SOON, "the agent listens", || {
            let text = log.text();
            if let Some(status) = process.ended() {
                panic!("the agent ended with {status}:\n{text}");
            }
            let line = text.lines().find(|line| line.contains("=listening "))?;
            line.split(' ').find_map(|field| field.strip_prefix("address="))?.parse().ok()
        });
        Self { process, log, dir, address, tls: None, door: None }
    }

    /// From now on requests go over TLS.
    pub(crate) fn use_tls(&mut self, config: Arc<ClientConfig>) {
        self.tls = Some(config);
    }

    #[track_caller]
    pub(crate) fn wait_until_ready(&self) {
        until(SOON, "the agent is ready", || (self.get("/-/ready").status == 200).then_some(()));
    }

    #[track_caller]
    pub(crate) fn send(&self, request: Request<'_>) -> Response {
        match &self.tls {
            Some(config) => request.tls(Arc::clone(config)).send(self.address),
            None => request.send(self.address),
        }
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Response {
        self.send(Request::get(path))
    }

    /// `/metrics`, read strictly.
    #[track_caller]
    pub(crate) fn metrics(&self) -> Exposition {
        let response = self.get("/metrics");
        assert_eq!(response.status, 200, "{}", response.text());
        Exposition::of(&response.text())
    }

    /// `/scrape` of one target, read strictly.
    #[track_caller]
    pub(crate) fn scrape(&self, target: &str) -> Exposition {
        let response = self.get(&format!("/scrape?target={target}"));
        assert_eq!(response.status, 200, "{}", response.text());
        Exposition::of(&response.text())
    }

    /// Looks at `/scrape` of `target` until it shows what is waited for.
    #[track_caller]
    pub(crate) fn until<T>(&self, target: &str, what: &str, mut look: impl FnMut(&Exposition) -> Option<T>) -> T {
        until(SOON, format!("{what}; the log:\n{}", self.log()), || look(&self.scrape(target)))
    }

    /// The exposition of a poll of `target` that began after this call.
    #[track_caller]
    pub(crate) fn next_poll(&self, target: &str) -> Exposition {
        let polls = |seen: &Exposition| seen.get("manometer_polls_total", &[]).unwrap_or(0.0);
        // The poll that may be under way now is one too early.
        let enough = polls(&self.scrape(target)) + 2.0;
        until(SOON, "two more polls", || Some(self.scrape(target)).filter(|seen| polls(seen) >= enough))
    }

    /// What `/api/v1/targets` says of one target.
    #[track_caller]
    pub(crate) fn state(&self, target: &str) -> serde_json::Value {
        let all = self.get("/api/v1/targets").json();
        let targets = all["data"]["targets"].as_array().expect("a list of targets");
        targets.iter().find(|state| state["name"] == target).cloned().unwrap_or_default()
    }

    /// Everything logged so far.
    pub(crate) fn log(&self) -> String {
        self.log.text()
    }

    /// Replaces the configuration's file.
    pub(crate) fn write_config(&self, config: &str) {
        std::fs::write(self.dir.path().join("config.toml"), config).unwrap();
    }

    pub(crate) fn reload(&self) -> Response {
        self.send(Request::new("POST", "/-/reload"))
    }

    pub(crate) fn signal(&self, name: &str) {
        self.process.signal(name);
    }

    /// SIGTERM, and the exit status.
    #[track_caller]
    pub(crate) fn terminate(&mut self, within: Duration) -> ExitStatus {
        self.signal("TERM");
        self.process.wait(within)
    }

    /// Bytes of memory that it holds now.
    pub(crate) fn resident_bytes(&self) -> u64 {
        self.memory("VmRSS:")
    }

    /// The most that it ever had in memory.
    pub(crate) fn peak_bytes(&self) -> u64 {
        self.memory("VmHWM:")
    }

    fn memory(&self, field: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// Fails if `secret` shows anywhere that people or machines look.
    #[track_caller]
    pub(crate) fn assert_hidden(&self, secret: &str) {
        for path in ["/", "/metrics", "/api/v1/targets", "/sd"] {
            assert!(!self.get(path).text().contains(secret), "{path} shows a secret");
        }
        assert!(!self.log().contains(secret), "the log shows a secret");
    }
}

/// What leads to an address in the network of another process.
fn door(process: u32, address: SocketAddr) -> Fake {
    Fake::start(move |mut client| {
        let mut nsenter = Command::new("nsenter");
        nsenter.args(["--net", "--target", &process.to_string(), "busybox", "nc"]);
        nsenter.args([address.ip().to_string(), address.port().to_string()]);
        let mut inside = Process::spawn(nsenter.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()));
        let (mut requests, mut replies) = (inside.stdin(), inside.stdout());
        let mut asking = client.try_clone().unwrap();
        std::thread::spawn(move || carry(&mut asking, &mut requests));
        // Either side may go at any time.
        carry(&mut replies, &mut client);
        let _ = client.shutdown(Shutdown::Both);
    })
}

/// Writes `text` to a new file of `dir`.
pub(crate) fn write(dir: &Path, name: &str, text: &str) -> PathBuf {
    let file = dir.join(name);
    std::fs::write(&file, text).unwrap();
    file
}
