//! `RabbitMQ`'s management API, by the profile: two virtual hosts with a queue of one name.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::support::agent::{config_file, output, stderr, stdout};
use crate::support::exposition::Exposition;
use crate::support::http::Request;
use crate::support::missing::missing;
use crate::support::process::Process;
use crate::support::wait::until;
use crate::support::{port, pypi};

/// Erlang and the plug-ins have much to load.
const START: Duration = Duration::from_mins(1);
/// What the broker counts it tells some seconds later.
const TOLD: Duration = Duration::from_secs(30);

/// guest:guest.
const GUEST: &str = "Basic Z3Vlc3Q6Z3Vlc3Q=";

/// A broker with a name server of its own. It ends when it is dropped.
struct Broker {
    process: Process,
    name_server: Process,
    dir: TempDir,
    amqp: SocketAddr,
    api: SocketAddr,
    name_port: u16,
}

impl Broker {
    fn start() -> Self {
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
        let names_text = names.to_string();
        let name_server =
            Process::spawn(Command::new("epmd").args(["-address", "127.0.0.1", "-port"]).arg(&names_text));
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

    fn control(&self, arguments: &[&str]) {
        let mut command = Self::command(&self.dir, self.name_port, self.amqp.port(), "rabbitmqctl");
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn ask(&self, method: &'static str, path: &str, body: &str) {
        let request = Request::new(method, path).header("Authorization", GUEST);
        let response = request.header("Content-Type", "application/json").body(body).send(self.api);
        assert!((200..300).contains(&response.status), "{method} {path}: {}", response.text());
    }

    fn publish(&self, vhost: &str, count: usize) {
        let message = r#"{"properties":{},"routing_key":"jobs","payload":"x","payload_encoding":"string"}"#;
        for _ in 0..count {
            self.ask("POST", &format!("/api/exchanges/{vhost}/amq.default/publish"), message);
        }
    }

    fn consumer(&self, vhost: &str, prefetch: usize) -> Process {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/edge/consumer.py");
        let mut python = Command::new(pypi::python());
        python.arg("-B").arg(script).args([&self.amqp.to_string(), vhost, &prefetch.to_string()]);
        Process::spawn(&mut python)
    }

    fn config(&self) -> String {
        format!(
            "[[service]]\nname = \"broker\"\nurl = \"http://{}\"\nprofile = \"rabbitmq\"\n\
             [[service.header]]\nname = \"Authorization\"\nvalue = \"{GUEST}\"\n",
            self.api
        )
    }

    fn poll(&self) -> Exposition {
        let (_dir, file) = config_file(&self.config());
        let output = output(&["poll", "--config", file.to_str().unwrap()]);
        assert!(output.status.success(), "{}", stderr(&output));
        Exposition::of(&stdout(&output))
    }

    fn check(&self) -> String {
        let (_dir, file) = config_file(&self.config());
        stdout(&output(&["check", "--config", file.to_str().unwrap()]))
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // What was started is a script: the broker itself would outlive it.
        if let Ok(pid) = std::fs::read_to_string(self.dir.path().join("pid")) {
            let _ = Command::new("kill").args(["-KILL", pid.trim()]).status();
        }
        self.process.kill();
        self.name_server.kill();
    }
}

#[test]
fn a_broker_has_its_queues_by_virtual_host_what_consumers_may_hold_and_its_alarms() {
    if missing(&["rabbitmq-server"]) || pypi::missing() {
        return;
    }
    let broker = Broker::start();
    broker.ask("PUT", "/api/vhosts/shop", "");
    for vhost in ["%2f", "shop"] {
        broker.ask("PUT", &format!("/api/queues/{vhost}/jobs"), r#"{"durable":true,"arguments":{"x-max-length":10}}"#);
    }
    broker.publish("%2f", 4);
    broker.publish("shop", 7);
    let _consumers = [broker.consumer("/", 1), broker.consumer("/", 2)];
    let of = |vhost| [("vhost", vhost), ("queue", "jobs")];
    let seen = until(TOLD, "the broker has counted", || {
        let seen = broker.poll();
        let unacked = seen.get("queue_unacked", &of("/"));
        let is_told = unacked == Some(3.0) && seen.get("queue_size", &of("shop")) == Some(7.0);
        // What its nodes use comes with the next of their own looks.
        (is_told && seen.get("service_alarm", &[("alarm", "disk")]).is_some()).then_some(seen)
    });
    for (name, default, shop) in [
        ("queue_size", 1.0, 7.0),
        ("queue_unacked", 3.0, 0.0),
        ("queue_workers", 2.0, 0.0),
        ("queue_capacity", 10.0, 10.0),
        ("rabbitmq_queue_messages", 4.0, 7.0),
        ("rabbitmq_queue_messages_ready", 1.0, 7.0),
        ("rabbitmq_queue_messages_unacknowledged", 3.0, 0.0),
        ("rabbitmq_queue_consumers", 2.0, 0.0),
        ("rabbitmq_queue_messages_published_total", 4.0, 7.0),
    ] {
        seen.assert(name, &of("/"), default);
        seen.assert(name, &of("shop"), shop);
    }
    seen.assert("queue_prefetch", &of("/"), 3.0);
    assert_eq!(seen.get("queue_prefetch", &of("shop")), None, "nobody consumes there");
    for alarm in ["memory", "disk"] {
        seen.assert("service_alarm", &[("alarm", alarm)], 0.0);
    }
    let watermark = seen.label_values("rabbitmq_node_mem_limit", "rabbitmq_node");
    assert_eq!(watermark.len(), 1, "{watermark:?}");

    // Over: three are held of three, and one waits; in the other queue seven wait for nobody.
    let text = broker.check();
    for found in [
        "The consumers of jobs of broker hold 100% of what they may hold unacknowledged, and more waits.",
        "7 jobs wait in jobs of broker, and there is no worker to take them.",
    ] {
        assert!(text.contains(found), "{text}");
    }
    assert!(!text.contains("ServiceAlarm critical"), "{text}");

    broker.control(&["set_disk_free_limit", "1000GB"]);
    until(TOLD, "the broker raises its alarm", || {
        broker.check().contains("broker has raised its alarm disk: who publishes to it waits.").then_some(())
    });
    broker.control(&["set_disk_free_limit", "1MB"]);
    until(TOLD, "it is over", || (!broker.check().contains("has raised its alarm")).then_some(()));
}
