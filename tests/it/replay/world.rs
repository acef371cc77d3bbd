//! A small world in which everything that a dashboard can show happens: load, loss, waiting, slowness, a server that is
//! gone.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{SystemTime, UNIX_EPOCH};

use manometer::app;
use manometer::policy;
use manometer::policy::render::{Catalog, File, rules};
use redis::Connection;
use serde_json::json;
use tempfile::NamedTempFile;

use crate::support::agent::{Agent, target};
use crate::support::docker::{self, Docker};
use crate::support::port;
use crate::support::prometheus::Prometheus;
use crate::support::redis::{RedisServer, command};
use crate::support::service::Service;
use crate::support::ticker::Ticker;
use crate::support::wait::{SOON, until};

/// Alerts that Prometheus makes by itself: those of the policy wait for minutes.
const RULES: &str = "groups:\n- name: quick\n  interval: 1s\n  rules:\n  - alert: RedisDown\n    \
                     expr: redis_up{job=\"manometer\"} == 0\n    labels: {severity: critical}\n";

/// All of it. It ends when it is dropped.
pub(super) struct World {
    pub(super) prometheus: Prometheus,
    services: Vec<Service>,
    connection: Connection,
    _clients: (Vec<Connection>, [TcpStream; 2]),
    _agent: Agent,
    _ticker: Ticker,
    _redis: [RedisServer; 2],
    docker: Option<Docker>,
    log: NamedTempFile,
}

/// A service that works, logs, writes and complains.
const APP: &str = "while :; do echo 'Redis publish failed'; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; \
                   dd if=/dev/zero of=/tmp/f bs=64k count=4 conv=fsync 2>/dev/null; sleep 0.5; done";

impl World {
    #[track_caller]
    pub(super) fn start() -> Self {
        let lines =
            ["maxmemory 200mb", "appendonly yes", "save 3600 1", "slowlog-log-slower-than 0", "maxclients 1000"];
        let main = lines.into_iter().fold(RedisServer::builder(), crate::support::redis::Builder::line).start();
        let replica = RedisServer::builder().replica_of(&main).start();
        until(SOON, "the replica is in sync", || (replica.info("master_link_status")? == "up").then_some(()));
        let clients = (pool(&main), [subscriber(&main, "ticker:reader"), subscriber(&main, "flood")]);
        let ticker = Ticker::start(&main, &[]);
        let services = vec![Service::start(), Service::start(), Service::start(), Service::start()];
        answer(&services, 0);

        let docker = (!docker::unavailable()).then(Docker::start);
        if let Some(docker) = &docker {
            let limits = ["--memory", "64m", "--cpus", "0.1", "--health-cmd", "true", "--health-interval", "1s"];
            docker.run_script("app", &limits, APP);
            docker.run_script("crashes", &["--restart", "always"], "sleep 1; exit 1");
            docker.run("grows", &["--restart", "always", "--memory", "16m"], &["tail", "/dev/zero"]);
        }
        let engine = "containers = [\"app\", \"*\"]\nbandwidth_bits_per_second = 10000000\n\
                      [docker.logs]\nsamples = true\n";
        let more = "canary = true\npubsub_patterns = [\"ticker:*\"]\n\
                    [[redis.pool]]\nname = \"web\"\nmatch = \"web-*\"\nmax = 5\n\
                    [[redis.queue]]\nkind = \"rq\"\nname = \"mail\"\n\
                    [[redis.queue]]\nkind = \"asgi\"\ngroups = \"lobby\"\n\
                    [[redis.key]]\nname = \"events\"\nmemory = true\n\
                    [[redis.key]]\nmatch = \"*\"\ngroups = [\"^(.)\"]\n";
        put_jobs(&mut main.connect());
        let config = [
            target("main", &main.url()) + more,
            target("replica", &replica.url()),
            target("dead", &format!("redis://127.0.0.1:{}", port::free())),
            ticker.table("ticker", "ticker", ""),
            service("cache", "cache-api", &services[0], ""),
            service("sockets", "websocket", &services[1], ""),
            service("load", "load", &services[2], ""),
            service("pool", "pool", &services[3], QUEUE_AND_WAITING),
            docker.as_ref().map(|docker| docker.target("engine", engine)).unwrap_or_default(),
            "[host]\nwhen = \"always\"\ninterval = \"2s\"\n".to_owned(),
        ];
        let log = NamedTempFile::new().unwrap();
        let logs = format!("[[log]]\nname = \"log\"\nfiles = [\"{}\"]\ninterval = \"2s\"\n", log.path().display());
        let agent = Agent::run(&(config.concat() + &logs));
        // The shipped rules with what they record, and the quick one.
        let (policy, catalog) = (policy::shipped().unwrap(), Catalog::new(&app::metrics()));
        let mut rules = rules::files(&policy, &catalog);
        rules.push(File { path: "alerts/quick.rules.yml".into(), text: RULES.to_owned() });
        let job = format!("- job_name: manometer\n  static_configs:\n  - targets: ['{}']\n", agent.address);
        let prometheus = Prometheus::with_rules(&job, &rules, None);
        prometheus.wait_until_up("manometer", 1);
        Self {
            prometheus,
            services,
            connection: main.connect(),
            _clients: clients,
            _agent: agent,
            _ticker: ticker,
            _redis: [main, replica],
            docker,
            log,
        }
    }

    /// Whether there are containers to see.
    pub(super) const fn has_engine(&self) -> bool {
        self.docker.is_some()
    }

    /// Something of everything happens.
    pub(super) fn go_on(&mut self) {
        writeln!(self.log, "Redis publish failed").unwrap();
        let grown = "x".repeat(64 * 1024);
        let large = "f".repeat(1024 * 1024);
        for words in [
            &["SET", "a", "1"][..],
            &["SET", "b", "1", "EX", "1000"],
            &["GET", "a"],
            &["GET", "none"],
            &["LPUSH", "a", "wrong type"],
            &["APPEND", "log", &grown],
            &["PUBLISH", "flood", &large],
            // There is one replica.
            &["CONFIG", "SET", "min-replicas-to-write", "2"],
            &["SET", "a", "1"],
            &["CONFIG", "SET", "min-replicas-to-write", "0"],
        ] {
            // What fails happens as well.
            let _ = command(words).query::<redis::Value>(&mut self.connection);
        }
        answer(&self.services, seconds());
    }
}

/// What the profile of a pool has not.
const QUEUE_AND_WAITING: &str = "\
    [[service.endpoint]]\nname = \"queue\"\npath = \"/queue\"\n\
    [[service.metric]]\nendpoint = \"queue\"\nname = \"queue_size\"\nat = \"/size\"\nlabels = { queue = \"orders\" }\n\
    [[service.metric]]\nendpoint = \"queue\"\nname = \"queue_capacity\"\nat = \"/capacity\"\nlabels = { queue = \"orders\" }\n\
    [[service.metric]]\nendpoint = \"queue\"\nname = \"pool_waiting\"\nat = \"/waiting\"\nlabels = { pool = \"redis\" }\n";

fn service(name: &str, profile: &str, service: &Service, more: &str) -> String {
    format!("[[service]]\nname = {name:?}\nprofile = {profile:?}\nurl = {:?}\ninterval = \"5s\"\n{more}", service.url())
}

fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// What the services say; their counters are `count`.
fn answer(services: &[Service], count: u64) {
    let [cache, sockets, load, pool] = services else { panic!("four services") };
    let cached = json!({"hits": 7 * count, "misses": count, "errors": count, "sets": count, "hitRatio": "87.50"});
    cache
        .json("/api/redis/health", &json!({"success": true, "status": "healthy", "latency": 3, "available": true}))
        .json("/api/redis/stats", &json!({"success": true, "data": {"cache": cached, "redis": {"status": "healthy"}}}));
    sockets.json(
        "/",
        &json!({
            "timestamp": seconds(),
            "connections": {"total": 9, "by_channel": {"nifty": 9}, "created": 20, "closed": 11},
            "messages": {"rate_1m": 5.0, "rate_5m": 4.0, "rate_15m": 3.0,
                         "latency": {"avg": 4.0, "p50": 3.0, "p95": 9.0, "p99": 12.0, "max": 40.0}},
            "errors": {"total": 2}
        }),
    );
    load.json("/health/load", &json!({"active": 7, "queued": 2, "max_concurrent": 50, "load": 0.18}));
    pool.json("/", &json!({"max_connections": 50, "in_use_connections": 45, "available_connections": 3}))
        .json("/queue", &json!({"size": 40, "capacity": 100, "waiting": 2}));
}

/// A job that waits for a worker of RQ, and a message to a channel of a group.
fn put_jobs(connection: &mut Connection) {
    for words in [
        &["RPUSH", "rq:queue:mail", "job"][..],
        &["HSET", "rq:job:job", "enqueued_at", "2025-01-02T03:04:05.678901Z"],
        &["ZADD", "asgi:group:lobby", "1", "specific.a!b"],
        &["ZADD", "asgispecific.a!", "1", "message"],
        &["XADD", "events", "*", "n", "1"],
        &["XADD", "events", "*", "n", "2"],
        &["XGROUP", "CREATE", "events", "workers", "0"],
        &["XREADGROUP", "GROUP", "workers", "worker", "COUNT", "1", "STREAMS", "events", ">"],
    ] {
        command(words).query::<redis::Value>(connection).unwrap();
    }
}

/// The connections of a pool.
fn pool(redis: &RedisServer) -> Vec<Connection> {
    let connect = |at: usize| {
        let mut connection = redis.connect();
        command(&["CLIENT", "SETNAME", &format!("web-{at}")]).query::<()>(&mut connection).unwrap();
        connection
    };
    (0..3).map(connect).collect()
}

/// A subscriber that never reads.
fn subscriber(redis: &RedisServer, channel: &str) -> TcpStream {
    let mut stream = TcpStream::connect(redis.address()).unwrap();
    write!(stream, "CLIENT SETNAME reader\r\nSUBSCRIBE {channel}\r\n").unwrap();
    stream
}
