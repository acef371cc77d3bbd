//! Drills: something real is broken, and exactly the right people are told of exactly that, until it is over.

mod containers;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use manometer::app;
use manometer::policy;
use manometer::policy::render::{Catalog, alertmanager, rules};
use manometer::policy::{Alert, Guard, Policy, Signal};
use serde_json::json;

use crate::support::agent::{Agent, target};
use crate::support::alertmanager::{Alertmanager, Receivers, missing_alertmanager, quick};
use crate::support::missing::missing;
use crate::support::prometheus::Prometheus;
use crate::support::redis::RedisServer;
use crate::support::service::Service;
use crate::support::ticker::Ticker;
use crate::support::wait::{SOON, until};

/// Long enough for what must hold for some seconds, on a slow machine.
const DRILL: Duration = Duration::from_mins(2);

/// Who may be told, beside the heartbeat.
const RECEIVERS: [&str; 3] = ["page", "infrastructure", "chat"];

/// The shipped policy, faster: its numbers are the same, a minute is three seconds, a window fifteen at most.
fn fast() -> Policy {
    let short = |time: &mut Duration, most: u64| {
        *time = (*time / 20).min(Duration::from_secs(most));
    };
    let window = |signal: &mut Signal| signal.set_window(|window| (window / 20).min(Duration::from_secs(15)));
    let mut policy = policy::shipped().unwrap();
    short(&mut policy.times.gap, 15);
    for level in policy.alerts.iter_mut().flat_map(|alert: &mut Alert| &mut alert.levels) {
        short(&mut level.hold, 15);
        short(&mut level.keep_firing, 15);
        window(&mut level.signal);
        level.guards.iter_mut().for_each(|guard: &mut Guard| window(&mut guard.signal));
    }
    policy
}

/// The agent, a Prometheus with the rules, an Alertmanager with the routes, and its receivers.
// They end in this order, so that none misses another.
struct Drill {
    prometheus: Prometheus,
    agent: Agent,
    _alertmanager: Alertmanager,
    receivers: Receivers,
}

impl Drill {
    /// Waits until alerts arrive at all, and nothing is wrong.
    #[track_caller]
    fn start(config: &str) -> Self {
        let (policy, catalog) = (fast(), Catalog::new(&app::metrics()));
        let files = alertmanager::files(&policy, &catalog);
        let routes = files.iter().find(|file| file.path.ends_with("alertmanager.yml")).unwrap();
        let receivers = Receivers::start();
        let alertmanager = Alertmanager::start(&quick(&routes.text, &receivers));
        let agent = Agent::run(config);
        let job = format!("- job_name: {}\n  static_configs:\n  - targets: ['{}']\n", policy.job, agent.address);
        let prometheus = Prometheus::with_rules(&job, &rules::files(&policy, &catalog), Some(alertmanager.address));
        prometheus.wait_until_up(&policy.job, 1);
        let drill = Self { prometheus, agent, _alertmanager: alertmanager, receivers };
        until(SOON, "the heart beats", || drill.receivers.ever("heartbeat").contains("Watchdog info").then_some(()));
        until(DRILL, "nothing is wrong", || drill.active().is_empty().then_some(()));
        drill
    }

    /// What is pending or fires, in Prometheus, with what is inhibited.
    fn active(&self) -> BTreeSet<String> {
        let alerts = self.prometheus.query("ALERTS{alertname!=\"Watchdog\"}");
        alerts.iter().map(|alert| format!("{} {}", alert.labels["alertname"], alert.labels["alertstate"])).collect()
    }

    /// Waits until somebody is told of the alert.
    #[track_caller]
    fn until_told(&self, receiver: &str, name: &str) {
        until(DRILL, &format!("{receiver} is told of {name}; {:?}", self.active()), || {
            self.receivers.firing(receiver).contains(name).then_some(())
        });
    }

    /// Waits until everybody knows that all is well, and asserts of what they were told meanwhile: each of `told`, and
    /// beside it only what `may` be told as well, depending on how fast it all went.
    #[track_caller]
    fn ends_after(&self, told: &[(&str, &[&str])], may: &[&str]) {
        until(DRILL, &format!("all is well again; {:?}", self.active()), || self.active().is_empty().then_some(()));
        for receiver in RECEIVERS {
            self.receivers.until_firing(DRILL, receiver, &[]);
            let mut ever = self.receivers.ever(receiver);
            let expected = told.iter().find(|(name, _)| *name == receiver).map_or(&[][..], |(_, names)| names);
            for name in expected {
                assert!(ever.remove(*name), "{receiver} was never told of {name}");
            }
            ever.retain(|name| !may.contains(&name.as_str()));
            assert!(ever.is_empty(), "{receiver} was told of {ever:?}; the agent:\n{}", self.agent.log());
        }
    }
}

fn unavailable() -> bool {
    missing_alertmanager() || missing(&["redis-server", "prometheus"])
}

/// Redis is killed: whoever is on call is told of that, and not of what follows from it.
#[test]
fn a_dead_redis_is_one_page() {
    if unavailable() {
        return;
    }
    let (mut redis, other) = (RedisServer::start(), RedisServer::start());
    let canary = "canary = true\n";
    let drill = Drill::start(&format!("{}{canary}{}", target("redis", &redis.url()), target("cache", &other.url())));
    redis.kill();
    drill.until_told("page", "RedisDown critical redis");
    // What follows from it fires as well, for those who look.
    until(DRILL, "the failing poll fires in Prometheus", || {
        drill.active().contains("TargetPollFailing firing").then_some(())
    });
    redis.start_again();
    drill.ends_after(&[("page", &["RedisDown critical redis"])], &[]);
    let told = drill.receivers.told();
    let page = told.iter().find(|told| told.receiver == "page").unwrap();
    assert_eq!(page.annotations["summary"], "Redis is down.");
    let description = "Redis redis does not serve the agent: refused. What to do: /runbooks/RedisDown at the agent.";
    assert_eq!(page.annotations["description"], description);
}

/// A subscriber that does not read: its buffer fills, and that is the cause, whatever else it brings.
#[test]
fn a_slow_subscriber_is_named() {
    if unavailable() {
        return;
    }
    let redis = RedisServer::builder().line("client-output-buffer-limit pubsub 4mb 4mb 60").start();
    let drill = Drill::start(&target("redis", &redis.url()));
    let address: SocketAddr = redis.address().parse().unwrap();
    let mut slow = TcpStream::connect(address).unwrap();
    slow.write_all(b"CLIENT SETNAME board\r\nSUBSCRIBE ticks\r\n").unwrap();
    let payload = "x".repeat(100_000);
    // What the kernel takes on the way comes before what Redis keeps: until that is six tenths of what it may be.
    until(DRILL, "the subscriber's buffer fills", || {
        let clients: String = redis.command(&["CLIENT", "LIST"]);
        let board = clients.lines().find(|client| client.contains("name=board"))?;
        let kept: f64 = board.split(' ').find_map(|field| field.strip_prefix("omem="))?.parse().unwrap();
        if kept > 0.6 * 4_194_304.0 {
            return Some(());
        }
        redis.command::<i64>(&["PUBLISH", "ticks", &payload]);
        None
    });
    drill.until_told("chat", "RedisSlowSubscriber warning redis board");
    drop(slow);
    drill.ends_after(&[("chat", &["RedisSlowSubscriber warning redis board"])], &[]);
}

/// Nine of ten lookups miss.
#[test]
fn a_cache_that_misses_is_told_in_the_channel() {
    if unavailable() {
        return;
    }
    let redis = RedisServer::start();
    redis.command::<()>(&["SET", "there", "1"]);
    let more = "hit_ratio_window = \"10s\"\n";
    let drill = Drill::start(&format!("{}{more}", target("redis", &redis.url())));
    let ask = |key: &str| redis.command::<Option<String>>(&["GET", key]);
    until(DRILL, "the channel is told", || {
        (0..9).for_each(|_| drop(ask("not there")));
        ask("there");
        drill.receivers.firing("chat").contains("CacheHitRatioLow warning redis").then_some(())
    });
    until(DRILL, "all is well again", || {
        (0..10).for_each(|_| drop(ask("there")));
        drill.receivers.firing("chat").is_empty().then_some(())
    });
    drill.ends_after(&[("chat", &["CacheHitRatioLow warning redis"])], &[]);
}

/// All connections of a pool are in use, as the pool itself tells.
#[test]
fn a_full_pool_is_told_in_the_channel() {
    if unavailable() {
        return;
    }
    let service = Service::start();
    let tell = |in_use: u64| {
        service
            .json("/pool", &json!({"max_connections": 10, "in_use_connections": in_use, "available_connections": 0}));
    };
    tell(2);
    let table = "[[service]]\nname = \"web\"\nprofile = \"pool\"\ninterval = \"5s\"\n";
    let drill = Drill::start(&format!("{table}url = \"{}/pool\"\n", service.url()));
    tell(10);
    drill.until_told("chat", "PoolNearCapacity warning web");
    let told = drill.receivers.told();
    let full = told.iter().find(|told| told.receiver == "chat").unwrap();
    assert_eq!(full.annotations["description"], "Pool redis of web: 100% (threshold 90 %).");
    tell(2);
    drill.ends_after(&[("chat", &["PoolNearCapacity warning web"])], &[]);
}

/// What comes of messages that cannot be published, as far as it comes to it.
const CONGESTION: [&str; 8] = [
    "BackpressureCritical warning ticker",
    "BackpressureOverload critical ticker",
    "DropRateHigh warning ticker",
    "PendingPublishesHigh critical ticker",
    "PendingPublishesHigh warning ticker",
    "PublishLatencyHigh critical ticker",
    "PublishLatencyHigh warning ticker",
    "PublishRatioLow warning ticker",
];

/// Redis stands still under a running service: both are in trouble, and the breaker opens.
#[test]
fn a_redis_that_stands_still_opens_the_breaker() {
    if unavailable() {
        return;
    }
    let redis = RedisServer::start();
    let ticker = Ticker::start(&redis, &["--breaker-failures", "2", "--breaker-open", "4s", "--window", "5s"]);
    let service = ticker.table("ticker", "ticker", "window = \"10s\"");
    let drill = Drill::start(&(target("redis", &redis.url()) + &service));
    redis.freeze();
    drill.until_told("page", "RedisDown critical redis");
    drill.until_told("infrastructure", "CircuitNotClosed critical ticker");
    redis.thaw();
    let page = ["RedisDown critical redis", "CircuitNotClosed critical ticker"];
    let may = [&CONGESTION[..], &["CascadingFailure critical"]].concat();
    drill.ends_after(&[("page", &page), ("infrastructure", &page[1..])], &may);
}

/// A thousand instruments instead of a hundred: twice what the publisher can publish.
#[test]
fn more_than_can_be_published_is_told_level_by_level() {
    if unavailable() {
        return;
    }
    let redis = RedisServer::start();
    let ticker = Ticker::start(&redis, &["--window", "5s", "--sampling-step", "13s", "--instruments", "100"]);
    let service = ticker.table("ticker", "ticker", "window = \"10s\"");
    let drill = Drill::start(&(target("redis", &redis.url()) + &service));
    ticker.turn(r#"{"instruments": 1000}"#);
    drill.until_told("chat", CONGESTION[0]);
    drill.until_told("page", CONGESTION[1]);
    ticker.turn(r#"{"instruments": 100}"#);
    let overload = [CONGESTION[1]];
    let told = [("chat", &CONGESTION[..1]), ("page", &overload), ("infrastructure", &overload)];
    drill.ends_after(&told, &CONGESTION);
}
