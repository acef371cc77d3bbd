//! A `RabbitMQ` with its management API, as it is in Debian.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::http::Request;
use super::process::Process;
use super::wait::until;
use super::{port, pypi};

/// Erlang and the plug-ins have much to load.
const START: Duration = Duration::from_mins(1);

/// guest:guest.
const GUEST: &str = "Basic Z3Vlc3Q6Z3Vlc3Q=";

/// A broker with a name server of its own. It ends when it is dropped.
pub(crate) struct Broker {
    process: Process,
    name_server: Process,
    dir: TempDir,
    pub(crate) amqp: SocketAddr,
    api: SocketAddr,
    name_port: u16,
}

impl Broker {
    pub(crate) fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let [amqp, api, dist, names] = [(); 4].map(|()| port::free());
        let [amqp, api] = [amqp, api].map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        write("enabled_plugins", "[rabbitmq_management].\n");
        write(
            "rabbitmq.conf",
            &format!(
                "listeners.tcp.1 = {amqp}\nmanagement.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {}\n\
                 collect_statistics_interval = 1000\nlog.file = false\nlog.console = true\nlog.console.level = error\n",
                api.port()
            ),
        );
        let mut name_server = Command::new("epmd");
        let name_server = Process::spawn(name_server.args(["-address", "127.0.0.1", "-port", &names.to_string()]));
        let mut server = Self::command(&dir, names, amqp.port(), "rabbitmq-server");
        server
            .env("RABBITMQ_DIST_PORT", dist.to_string())
            .env("RABBITMQ_PID_FILE", dir.path().join("pid"))
            .env("RABBITMQ_MNESIA_BASE", dir.path().join("mnesia"))
            .env("RABBITMQ_LOG_BASE", dir.path().join("log"))
            .env("RABBITMQ_CONFIG_FILE", dir.path().join("rabbitmq.conf"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", dir.path().join("enabled_plugins"))
            .stdout(Stdio::null());
        let process = Process::spawn(&mut server);
        let broker = Self { process, name_server, dir, amqp, api, name_port: names };
        until(START, "the management API answers", || {
            let request = Request::get("/api/overview").header("Authorization", GUEST);
            request.try_send(api).ok().filter(|response| response.status == 200)
        });
        broker
    }

    /// Sends the broker the signal of that name: what was started is a script, and not the broker itself.
    pub(crate) fn signal(&self, name: &str) {
        if let Ok(pid) = std::fs::read_to_string(self.dir.path().join("pid")) {
            let _ = Command::new("kill").args([&format!("-{name}"), pid.trim()]).status();
        }
    }

    /// A command of the broker's, past Debian's wrapper that would change the user.
    fn command(dir: &TempDir, names: u16, amqp: u16, what: &str) -> Command {
        let own = Path::new("/usr/lib/rabbitmq/bin").join(what);
        let mut command = Command::new(if own.exists() { own } else { what.into() });
        command
            .current_dir(dir.path())
            .env("HOME", dir.path())
            .env("ERL_EPMD_PORT", names.to_string())
            .env("RABBITMQ_CONF_ENV_FILE", "/dev/null")
            .env("RABBITMQ_NODENAME", format!("test-{amqp}@localhost"))
            .env("RABBITMQ_NODE_PORT", amqp.to_string());
        command
    }

    pub(crate) fn control(&self, arguments: &[&str]) {
        let mut command = Self::command(&self.dir, self.name_port, self.amqp.port(), "rabbitmqctl");
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    pub(crate) fn ask(&self, method: &'static str, path: &str, body: &str) {
        let request = Request::new(method, path).header("Authorization", GUEST);
        let response = request.header("Content-Type", "application/json").body(body).send(self.api);
        assert!((200..300).contains(&response.status), "{method} {path}: {}", response.text());
    }

    pub(crate) fn publish(&self, vhost: &str, count: usize) {
        let message = r#"{"properties":{},"routing_key":"jobs","payload":"x","payload_encoding":"string"}"#;
        for _ in 0..count {
            self.ask("POST", &format!("/api/exchanges/{vhost}/amq.default/publish"), message);
        }
    }

    pub(crate) fn consumer(&self, vhost: &str, prefetch: usize) -> Process {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/edge/consumer.py");
        let mut python = Command::new(pypi::python());
        python.arg("-B").arg(script).args([&self.amqp.to_string(), vhost, &prefetch.to_string()]);
        Process::spawn(&mut python)
    }

    /// The table of a target; `more` are further keys of it.
    pub(crate) fn table(&self, more: &str) -> String {
        format!(
            "[[service]]\nname = \"broker\"\nurl = \"http://{}\"\nprofile = \"rabbitmq\"\n{more}\
             [[service.header]]\nname = \"Authorization\"\nvalue = \"{GUEST}\"\n",
            self.api
        )
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.signal("KILL");
        self.process.kill();
        self.name_server.kill();
    }
}
