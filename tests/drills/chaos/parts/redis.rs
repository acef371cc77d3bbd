//! Redis servers.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::super::Scene;
use super::super::plan::{About, Kind, Needs};
use super::super::truth::Is;
use crate::support::process::Process;
use crate::support::redis::RedisServer;
use crate::support::ticker::program;
use crate::support::wait::{SOON, until};

/// A server, and those who only hold connections to it.
pub(crate) struct Redis {
    pub(crate) name: &'static str,
    pub(crate) server: RedisServer,
    clients: u32,
    holder: Option<Process>,
    /// A connection that was made before there were no more.
    kept: Option<redis::Connection>,
    flood: Vec<TcpStream>,
}

impl Redis {
    pub(crate) fn start(name: &'static str, clients: u32) -> Self {
        let server = RedisServer::start();
        let mut redis = Self { name, server, clients, holder: None, kept: None, flood: Vec::new() };
        redis.hold();
        redis
    }

    /// Those who hold connections come, and come again where they were cut off.
    fn hold(&mut self) {
        self.holder = None;
        if self.clients == 0 {
            return;
        }
        let mut command = Command::new(program("hold_clients"));
        command.args(["--port", &self.server.port.to_string(), "--clients", &self.clients.to_string()]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut holder = Process::spawn(&mut command);
        let mut line = String::new();
        BufReader::new(holder.stdout()).read_line(&mut line).unwrap();
        assert!(line.starts_with("holding "), "hold_clients says {line:?}");
        self.holder = Some(holder);
    }

    fn begin_anew(&mut self, scene: &Scene<'_>) {
        self.server.start_again();
        self.hold();
        scene.truth.set(self.name, Is::Up);
    }
}

const fn about(name: &'static str, longest: u64, pages: Option<&'static str>, may: &'static [&'static str]) -> About {
    About { name, longest, pages, may, needs: Needs::Nothing }
}

/// What may page where Redis is away: of it, and of the service that stands on it, by what an outage that was too short for an
/// alert of its own has left behind.
const AWAY: &[&str] =
    &["RedisDown", "RedisFlapping", "Service*", "Circuit*", "Backpressure*", "DropRateHigh", "MessagesLost"];

/// What is done to every server.
pub(crate) const KINDS: &[Kind<Redis>] = &[
    Kind {
        about: about("SIGSTOP", 40, Some("RedisDown"), AWAY),
        begin: |redis, scene| scene.truth.make(redis.name, Is::Down, || redis.server.freeze()),
        heal: |redis, scene| scene.truth.make(redis.name, Is::Up, || redis.server.thaw()),
    },
    Kind {
        about: about("kill -9, and started again", 40, Some("RedisDown"), AWAY),
        begin: |redis, scene| {
            scene.truth.ended(redis.name);
            redis.server.kill();
            scene.truth.set(redis.name, Is::Down);
        },
        heal: |redis, scene| {
            scene.truth.set(redis.name, Is::Unknown);
            redis.begin_anew(scene);
        },
    },
    Kind {
        about: about("restart", 0, None, AWAY),
        begin: |redis, scene| {
            scene.truth.ended(redis.name);
            redis.server.kill();
            redis.begin_anew(scene);
        },
        heal: |_, _| {},
    },
    Kind {
        about: about("CLIENT PAUSE ALL", 15, Some("RedisDown"), AWAY),
        begin: |redis, scene| {
            let time = scene.lasts.as_millis().to_string();
            scene.truth.make(redis.name, Is::Down, || redis.server.command(&["CLIENT", "PAUSE", &time, "ALL"]));
        },
        // It ends by itself.
        heal: |redis, scene| {
            scene.truth.make(redis.name, Is::Up, || {
                until(SOON, "Redis answers after its pause", || redis.server.try_command::<String>(&["PING"]).ok());
            });
        },
    },
    Kind {
        about: about("CLIENT KILL TYPE normal", 0, None, AWAY),
        begin: |redis, scene| {
            scene.truth.make(redis.name, Is::Up, || {
                redis.server.command::<i64>(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
            });
            redis.hold();
        },
        heal: |_, _| {},
    },
    Kind {
        about: about(
            "maxclients reached",
            40,
            Some("RedisRejectedConnections"),
            &["RedisRejectedConnections", "RedisClientsNearLimit"],
        ),
        begin: |redis, _| {
            let mut kept = redis.server.connect();
            let info: String = ::redis::cmd("INFO").arg("clients").query(&mut kept).unwrap();
            let connected = info.lines().find_map(|line| line.strip_prefix("connected_clients:")).unwrap().trim();
            ::redis::cmd("CONFIG").arg("SET").arg("maxclients").arg(connected).exec(&mut kept).unwrap();
            redis.kept = Some(kept);
            for _ in 0..5 {
                let mut refused = TcpStream::connect(("127.0.0.1", redis.server.port)).unwrap();
                refused.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
                // Who was refused has read so, or will not.
                let _ = refused.read(&mut [0; 64]);
                redis.flood.push(refused);
            }
        },
        heal: |redis, _| {
            let mut kept = redis.kept.take().expect("it has begun");
            ::redis::cmd("CONFIG").arg("SET").arg("maxclients").arg("10000").exec(&mut kept).unwrap();
            redis.flood.clear();
        },
    },
];

/// What is done to the one that a canary watches, and nothing else.
pub(crate) const WRITES_PAUSED: &[Kind<Redis>] = &[Kind {
    about: about(
        "CLIENT PAUSE WRITE",
        40,
        Some("RedisPublishStalled"),
        &["RedisPublishStalled", "Circuit*", "Backpressure*", "DropRateHigh", "MessagesLost", "Publish*"],
    ),
    begin: |redis, _| redis.server.command(&["CLIENT", "PAUSE", "1000000", "WRITE"]),
    heal: |redis, _| redis.server.command(&["CLIENT", "UNPAUSE"]),
}];
