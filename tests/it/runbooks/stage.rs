//! What the commands of the pages run on: everything that they speak of, for real.

use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::support::agent::{Agent, target};
use crate::support::docker::{self, Docker};
use crate::support::prometheus::Prometheus;
use crate::support::redis::RedisServer;
use crate::support::ticker::Ticker;

/// A container that says everything that the pages look for in a log, and ends when it is asked to.
const SCRIPT: &str = r#"
say() { echo "$1"; echo "$1" >&2; }
say "ERROR Redis publish failed on ticker:nifty: Connection timeout"
say "ERROR Redis publish timeout on ticker:nifty"
say "ERROR redis error: Too many connections"
say "WARNING Backpressure level changed: healthy -> critical"
say "WARNING Circuit breaker threshold reached"
say "WARNING Batch publish timeout - dropping 100 messages"
say "INFO Published 100 mock ticks"
trap 'exit 0' TERM
while :; do sleep 0.1; done
"#;

const QUEUES: &str = "[[redis.queue]]\nkind = \"rq\"\nname = \"mail\"\n\
                      [[redis.queue]]\nkind = \"asgi\"\ngroups = \"lobby\"\n";

/// The containers, each with the placeholder that stands for it.
const CONTAINERS: [(&str, &str); 3] =
    [("<redis-container>", "redis"), ("<service-container>", "ticker-service"), ("<container>", "worker")];

pub(super) struct Stage {
    pub(super) redis: RedisServer,
    ticker: Ticker,
    agent: Agent,
    prometheus: Prometheus,
    pub(super) docker: Option<Docker>,
    _subscriber: redis::Connection,
    _lists: TempDir,
}

impl Stage {
    pub(super) fn start() -> Self {
        let redis = RedisServer::start();
        for key in ["asgi:group:a", "price:1", "price:2"] {
            redis.command::<()>(&["SET", key, "1", "EX", "1000"]);
        }
        redis.command::<()>(&["RPUSH", "rq:queue:mail", "job"]);
        redis.command::<()>(&["RPUSH", "celery", "job"]);
        redis.command::<()>(&["ZADD", "asgi:group:lobby", "1", "specific.a!b"]);
        redis.command::<()>(&["ZADD", "asgispecific.a!", "1", "message"]);
        redis.command::<()>(&["XGROUP", "CREATE", "events", "workers", "0", "MKSTREAM"]);
        let mut subscriber = redis.connect();
        redis::cmd("SUBSCRIBE").arg("ticker:underlying:NIFTY").query::<redis::Value>(&mut subscriber).unwrap();
        let ticker = Ticker::start(&redis, &[]);
        let docker = (!docker::unavailable()).then(Docker::start);
        for (_, name) in CONTAINERS {
            if let Some(docker) = &docker {
                docker.run_script(name, &[], SCRIPT);
            }
        }
        let lists = tempfile::tempdir().unwrap();
        let list = lists.path().join("targets.json");
        std::fs::write(&list, "[]").unwrap();
        let agent = Agent::run(&format!(
            "targets_files = [\"{}\"]\n{}canary = true\npubsub_patterns = [\"ticker:*\"]\n[[redis.pool]]\nname = \"web\"\nmatch = \"ticker-*\"\nmax = 20\n{QUEUES}{}{}{}\n[[discover]]\nmatch = [\"127.0.0.1\"]\n",
            list.display(),
            target("main", &redis.url()),
            ticker.table("ticker", "ticker", ""),
            ticker.table("cache", "cache-api", ""),
            docker.as_ref().map(|docker| docker.target("engine", "[docker.logs]")).unwrap_or_default(),
        ));
        let address = agent.address;
        let prometheus = Prometheus::start(&format!(
            "  - job_name: manometer\n    static_configs: [{{ targets: [\"{address}\"] }}]\n"
        ));
        Self { redis, ticker, agent, prometheus, docker, _subscriber: subscriber, _lists: lists }
    }

    /// The command with this stage's addresses and names in it; `more` are further placeholders.
    pub(super) fn fill(&self, command: &str, more: &[(&str, &str)]) -> String {
        let ticker = self.ticker.address.to_string();
        let (agent, prometheus) = (self.agent.address.to_string(), self.prometheus.address.to_string());
        let addresses = [
            ("127.0.0.1:10121", agent.as_str()),
            ("localhost:8080", &ticker),
            ("localhost:3002", &ticker),
            ("localhost:9090", &prometheus),
            // An answer that is none is an error here.
            ("curl -s ", "curl -sf "),
            ("<channel>", "ticker:underlying:NIFTY"),
            ("<key>", "price:1"),
            ("<queue>", "mail"),
            ("<group>", "lobby"),
            ("<stream>", "events"),
            ("<consumer-group>", "workers"),
        ];
        let places = addresses.iter().chain(&CONTAINERS).chain(more);
        places.fold(command.to_owned(), |command, (from, to)| command.replace(from, to))
    }

    /// Runs a filled-in command in a shell; the exit code is that of the first part of a pipe that failed.
    pub(super) fn shell(&self, command: &str) -> Output {
        let mut shell = Command::new("bash");
        shell.args(["-o", "pipefail", "-c", command]).env("REDIS_URL", self.redis.url()).stdin(Stdio::null());
        if let Some(docker) = &self.docker {
            shell.env("DOCKER_HOST", docker.url());
        }
        shell.output().unwrap()
    }
}

/// What is wrong with how a command ended.
pub(super) fn failure(output: &Output) -> Option<String> {
    let said = String::from_utf8_lossy(&output.stdout);
    let wrong = String::from_utf8_lossy(&output.stderr);
    // redis-cli exits with 0 after an error reply.
    let error = said.lines().next().is_some_and(|line| {
        let first = line.split(' ').next().unwrap_or_default();
        ["ERR", "NOAUTH", "NOPERM", "WRONGTYPE", "(error)"].contains(&first)
    });
    (!output.status.success() || error).then(|| format!("{}\n{said}{wrong}", output.status))
}
