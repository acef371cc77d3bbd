//! What a drill breaks: Redis, services on it, agents that watch them; and who scrapes, judges and tells.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::beside::{Beside, Neighbour};
use crate::judges::Judges;
use crate::relay::{Refusal, Relay};
use crate::scale::Scale;
use crate::support::agent::Agent;
use crate::support::cluster::{Cluster, Group};
use crate::support::containers::Containers;
use crate::support::docker::Docker;
use crate::support::line::Line;
use crate::support::redis::RedisServer;
use crate::support::ticker::Ticker;
use crate::support::wait::SOON;

/// What stands behind the target of Redis.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    One,
    /// A master with two replicas, and three Sentinels, which are targets too.
    Sentinels,
    /// Three primaries, each with a replica.
    Cluster,
}

/// What a stack is made of.
#[derive(Clone, Copy)]
pub(crate) struct Parts {
    pub(crate) kind: Kind,
    /// Redis and the service are containers, with these options of `docker run`.
    pub(crate) containers: Option<[&'static [&'static str]; 2]>,
    pub(crate) services: usize,
    pub(crate) agents: usize,
    /// One of everything for each.
    pub(crate) sites: &'static [&'static str],
    /// Prometheus scrapes each target by itself, as `/sd` lists them.
    pub(crate) by_target: bool,
    /// Scrapes that fail.
    pub(crate) lost: Refusal,
    /// Lines of redis.conf.
    pub(crate) redis: &'static [&'static str],
    /// Between the agent and Redis there is a line that can be slow.
    pub(crate) has_line: bool,
    /// Arguments of the service.
    pub(crate) ticker: &'static [&'static str],
    /// Further lines of the table of Redis, and tables; `{folder}` is the stack's own, `{redis log}` that of its Redis.
    pub(crate) tables: &'static str,
    /// What the agent watches beside Redis and the services.
    pub(crate) beside: Option<Beside>,
}

/// Nothing special.
pub(crate) const PLAIN: Parts = Parts {
    kind: Kind::One,
    containers: None,
    services: 1,
    agents: 1,
    sites: &[""],
    by_target: false,
    lost: |_, _| false,
    redis: &[],
    has_line: false,
    ticker: &[],
    tables: "",
    beside: None,
};

/// An agent, and the address under which it is scraped, whatever becomes of it.
pub(crate) struct Watch {
    pub(crate) agent: Agent,
    pub(crate) config: String,
    relay: Relay,
}

impl Watch {
    fn start(config: String, network: Option<u32>, lost: Refusal) -> Self {
        let agent = match network {
            Some(process) => Agent::spawn_in_network_of(process, &config),
            None => Agent::spawn(&config, &[]),
        };
        let relay = Relay::start(agent.address, |_, _| false);
        let mut watch = Self { agent, config, relay };
        watch.agent.address = watch.relay.address();
        watch.agent.wait_until_ready();
        watch.relay.refuse(lost);
        watch
    }

    /// Ends it and starts it again at once, with what it has kept.
    pub(crate) fn restart(&mut self) {
        self.agent.terminate(SOON);
        self.start_again();
    }

    /// Starts it again after it was killed.
    pub(crate) fn start_again(&mut self) {
        let mut agent = Agent::spawn(&self.config, &[]);
        self.relay.lead(agent.address);
        agent.address = self.relay.address();
        self.agent = agent;
    }
}

/// On a busy machine a command takes 10 ms now and then, which the slow log of Redis would have by default: no row is about that.
const QUICK_ENOUGH: &str = "slowlog-log-slower-than 1000000";

/// A service, and the address under which the agents ask it.
struct Service {
    ticker: Option<Ticker>,
    door: Relay,
}

/// A Redis, who uses it and who watches it.
// What watches ends before what is watched.
pub(crate) struct Site {
    pub(crate) agents: Vec<Watch>,
    services: Vec<Service>,
    arguments: Vec<String>,
    line: Option<Line>,
    pub(crate) containers: Option<Containers>,
    redis: Option<RedisServer>,
    neighbour: Option<Box<dyn Neighbour>>,
    /// Servers that stand in for each other; the first is a primary in the beginning.
    pub(crate) nodes: Vec<RedisServer>,
    sentinels: Vec<RedisServer>,
    folder: TempDir,
}

/// Has a Sentinel look and act as much faster as everything else is.
fn hurry(sentinel: &RedisServer, scale: Scale) {
    let shorter = |milliseconds: u32| (milliseconds / scale.factor()).to_string();
    let timeout = shorter(10_000);
    sentinel.command::<()>(&["SENTINEL", "SET", "main", "failover-timeout", &timeout]);
    for (period, usual) in [("info", 10_000), ("publish", 2_000), ("ping", 1_000), ("ask", 1_000)] {
        sentinel.command::<()>(&["SENTINEL", "DEBUG", &format!("{period}-period"), &shorter(usual)]);
    }
}

impl Site {
    fn start(name: &str, parts: &Parts, scale: Scale) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("web.log"), "").unwrap();
        let mut arguments =
            vec!["--window".to_owned(), scale.text(60, 1), "--breaker-open".to_owned(), scale.text(30, 1)];
        arguments.extend(["--sampling-step".to_owned(), format!("{}ms", scale.clock(1).as_millis())]);
        arguments.extend(parts.ticker.iter().map(|word| (*word).to_owned()));
        let redis_lines = [&[QUICK_ENOUGH], parts.redis].concat();
        let containers = parts.containers.map(|options| Containers::start(options, &redis_lines, &arguments));
        let native = containers.is_none();
        let redis = (native && parts.kind == Kind::One).then(|| {
            let lines = redis_lines.iter().fold(RedisServer::builder(), |builder, line| builder.line(*line));
            lines.start()
        });
        let (nodes, sentinels) = match parts.kind {
            Kind::One => (Vec::new(), Vec::new()),
            Kind::Cluster => (Cluster::start(true).nodes, Vec::new()),
            Kind::Sentinels => {
                let group = Group::start(2);
                group.sentinels.iter().for_each(|sentinel| hurry(sentinel, scale));
                (group.servers, group.sentinels)
            }
        };
        let neighbour = parts.beside.map(|beside| (beside.start)());
        let (agents, services) = (Vec::new(), Vec::new());
        let line = None;
        let mut site =
            Self { agents, services, arguments, line, containers, redis, neighbour, nodes, sentinels, folder };
        for _ in 0..if native { parts.services } else { 0 } {
            let ticker = site.ticker();
            let door = Relay::start(ticker.address, |_, _| false);
            site.services.push(Service { ticker: Some(ticker), door });
        }
        let one = site.redis.as_ref().or(site.nodes.first());
        let mut at = one.map_or(Containers::REDIS_PORT, |redis| redis.address().parse().unwrap());
        if parts.has_line {
            at = site.line.insert(Line::start(at)).address();
        }
        let network = site.containers.as_ref().map(|containers| containers.docker.host());
        for number in 0..parts.agents {
            let config = site.config(name, number, at, parts, scale);
            site.agents.push(Watch::start(config, network, parts.lost));
        }
        site
    }

    /// The configuration of an agent: as it is shipped, but for the times.
    fn config(&self, name: &str, number: usize, redis: SocketAddr, parts: &Parts, scale: Scale) -> String {
        let folder = self.folder.path().join(format!("state-{number}"));
        std::fs::create_dir(&folder).unwrap();
        let mut config = format!("state_dir = \"{}\"\n", folder.display());
        if !name.is_empty() {
            writeln!(config, "site = {name:?}").unwrap();
        }
        // A poll over a slow line takes more than a second.
        let least = if parts.has_line { 5 } else { 1 };
        let (every, window) = (scale.whole(15, least), scale.whole(300, 10));
        let pace = format!("interval = \"{every}s\"\ndeadline = \"{}ms\"\n", (every * 900).min(5000));
        for (number, sentinel) in self.sentinels.iter().enumerate() {
            let url = sentinel.url();
            write!(config, "[[redis]]\nname = \"sentinel-{number}\"\nurl = {url:?}\n{pace}").unwrap();
        }
        let sentinels: Vec<String> = self.sentinels.iter().map(RedisServer::address).collect();
        let found = match parts.kind {
            Kind::One => format!("url = \"redis://{redis}\""),
            Kind::Sentinels => format!("sentinel = {sentinels:?}\nmaster = \"main\""),
            Kind::Cluster => {
                format!("url = \"redis://{redis}\"\ncluster = true\nseeds = [{:?}]", self.nodes[1].address())
            }
        };
        writeln!(config, "[[redis]]\nname = \"redis\"\n{found}\n{pace}canary = true").unwrap();
        writeln!(config, "hit_ratio_window = \"{window}s\"").unwrap();
        let log = self.redis.as_ref().map_or_else(String::new, |redis| redis.file("log").display().to_string());
        config += &parts.tables.replace("{folder}", self.folder.path().to_str().unwrap()).replace("{redis log}", &log);
        let doors = self.services.iter().map(|service| service.door.address());
        let services: Vec<SocketAddr> =
            doors.chain(self.containers.as_ref().map(|_| Containers::TICKER_PORT)).collect();
        for (number, address) in services.iter().enumerate() {
            let name = if number == 0 { "ticker".to_owned() } else { format!("ticker-{}", number + 1) };
            write!(config, "\n[[service]]\nname = {name:?}\nprofile = \"ticker\"\nurl = \"http://{address}\"\n")
                .unwrap();
            writeln!(config, "interval = \"{}\"\nwindow = \"{window}s\"", scale.text(15, 5)).unwrap();
            // Of one it is seen; of two on one machine it is not known whose connections are whose.
            if services.len() > 1 {
                writeln!(config, "uses = [\"redis\"]").unwrap();
            }
            // Of polls each five seconds the next would be every other one.
            let every = scale.whole(60, 5) / 5 * 5;
            write!(config, "[[service.endpoint]]\nname = \"health\"\nevery = \"{every}s\"\n").unwrap();
        }
        if let Some(containers) = &self.containers {
            let every = scale.whole(15, 2);
            write!(config, "\n[[docker]]\nname = \"engine\"\nurl = {:?}\n", containers.docker.url()).unwrap();
            writeln!(config, "interval = \"{every}s\"\ndeadline = \"{}ms\"", (every * 950).min(5000)).unwrap();
            writeln!(config, "containers = [\"redis\", \"ticker\"]").unwrap();
        }
        if let Some(neighbour) = &self.neighbour {
            config += "\n";
            config += &neighbour.tables(scale);
        }
        config + &scale.thresholds()
    }

    fn ticker(&self) -> Ticker {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        Ticker::start(self.redis.as_ref().expect("Redis is no container"), &arguments)
    }

    /// `kill -9` of the first service.
    pub(crate) fn kill_service(&mut self) {
        self.services[0].ticker = None;
    }

    pub(crate) fn start_service_again(&mut self) {
        let ticker = self.ticker();
        self.services[0].door.lead(ticker.address);
        self.services[0].ticker = Some(ticker);
    }

    /// Turns the knobs of the first service.
    pub(crate) fn turn(&self, knobs: &str) {
        self.services[0].ticker.as_ref().expect("the service runs").turn(knobs);
    }

    /// What of the agent's requests does not reach the first service.
    pub(crate) fn refuse(&self, refusal: Refusal) {
        self.services[0].door.refuse(refusal);
    }

    /// Its Redis, which is no container.
    pub(crate) fn redis(&mut self) -> &mut RedisServer {
        self.redis.as_mut().expect("Redis is no container")
    }

    /// What stands beside its Redis.
    pub(crate) fn neighbour(&mut self) -> &mut dyn Neighbour {
        self.neighbour.as_deref_mut().expect("something stands there")
    }

    /// The line between the agent and Redis.
    pub(crate) fn line(&self) -> &Line {
        self.line.as_ref().expect("there is a line")
    }

    pub(crate) fn docker(&self) -> &Docker {
        &self.containers.as_ref().expect("Redis is a container").docker
    }

    /// Kills the main process of the service's container, as a crash does: the engine thinks that nobody wanted it.
    pub(crate) fn crash(&self) {
        let pid = self.docker().inspect("ticker")["State"]["Pid"].as_u64().unwrap();
        // It may be between two lives.
        if pid > 0 {
            self.docker().within(&["sh", "-c", &format!("kill -9 {pid} || true")]);
        }
    }

    /// The log of whoever uses Redis beside the service.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.path().join("web.log")
    }
}

/// Everything, and what has come of it.
// Ends in this order, so that none misses another.
pub(crate) struct Stack {
    pub(crate) judges: Judges,
    pub(crate) sites: Vec<Site>,
    pub(crate) scale: Scale,
}

impl Stack {
    /// Starts it, and waits until it is watched.
    pub(crate) fn start(parts: &Parts, scale: Scale) -> Self {
        let sites: Vec<Site> = parts.sites.iter().map(|name| Site::start(name, parts, scale)).collect();
        let agents: Vec<String> =
            sites.iter().flat_map(|site| &site.agents).map(|watch| watch.relay.address().to_string()).collect();
        Self { judges: Judges::start(scale, &agents, parts.by_target), sites, scale }
    }

    pub(crate) fn site(&mut self) -> &mut Site {
        &mut self.sites[0]
    }
}
