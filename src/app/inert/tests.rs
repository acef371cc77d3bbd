use std::path::Path;
use std::time::{Duration, SystemTime};

use super::*;
use crate::hub::{Key, TargetStatus};
use crate::metric::{Kind, Suffix};

/// An agent that watches these targets.
struct Agent {
    inert: Inert,
    hub: Arc<Hub>,
}

impl Agent {
    fn new(config: &str) -> Self {
        let (inert, hub) = (Inert::default(), Arc::new(Hub::new(|_| {})));
        inert.look_at(&hub);
        watch(&inert, config);
        Self { inert, hub }
    }

    /// A target shows these gauges after so many good polls.
    fn polled(&self, target: &str, polls: u64, shows: &[(&str, f64)]) {
        let mut families = Families::new();
        for (name, value) in shows {
            families.push_foreign((name, Kind::Gauge, ""), Suffix::None, &[], *value);
        }
        let status = TargetStatus {
            key: Key::of(target),
            source: None,
            labels: [].into(),
            collector: "redis",
            address: String::new(),
            interval: Duration::from_secs(15),
            polls,
            failures: 0,
            last_duration: Duration::ZERO,
            last_poll: Some(SystemTime::now()),
            error: None,
            excerpts: Vec::new(),
            notes: Vec::new(),
        };
        self.hub.publish(status, families);
    }

    /// The reason of an alert.
    fn reason(&self, alert: &str) -> Option<&'static str> {
        let mut out = Families::new();
        self.inert.export(&mut out);
        let family = out.get("manometer_rule_inert")?;
        Reason::ALL
            .into_iter()
            .map(Reason::as_str)
            .find(|reason| family.value(&[("alert", alert), ("reason", reason)]).is_some())
    }
}

/// `config` is read, and its targets are watched.
fn watch(inert: &Inert, config: &str) {
    let config = parsed(config);
    inert.forget();
    inert.watching(&config.policy, &config.targets);
}

fn parsed(config: &str) -> Config {
    Config::parse(config, Path::new("config.toml"), &|_| None, KINDS).unwrap_or_else(|error| panic!("{error}"))
}

const TWO: &str = "[[redis]]\nname = \"main\"\nurl = \"redis://a\"\n[[redis]]\nname = \"far\"\nurl = \"redis://b\"\n";

/// What every Redis shows, and a limit of its memory that is none.
const USUAL: [(&str, f64); 4] =
    [("redis_up", 1.0), ("redis_memory_used_bytes", 1e6), ("redis_memory_limit_bytes", 0.0), ("redis_ping_ms", 1.0)];

#[test]
fn what_no_target_has_shown_after_all_have_shown_what_they_have_is_not_reported() {
    let agent = Agent::new(TWO);
    assert_eq!(agent.reason("RedisPublishStalled"), Some("not_configured"));
    assert_eq!(agent.reason("ContainerDown"), Some("no_target"));
    agent.polled("main", GOOD_POLLS, &USUAL);
    assert_eq!(agent.reason("RedisMemoryGrowing"), None, "the other one has not answered yet");
    agent.polled("far", GOOD_POLLS - 1, &USUAL);
    assert_eq!(agent.reason("RedisMemoryGrowing"), None, "nor is one poll enough for what several tell");
    agent.polled("far", GOOD_POLLS, &USUAL);
    assert_eq!(agent.reason("RedisMemoryGrowing"), Some("not_reported"), "a limit of 0 is none");
    assert_eq!(agent.reason("RedisPingHigh"), None);
    assert_eq!(agent.reason("TargetPollFailing"), None);
}

#[test]
fn what_was_seen_once_is_not_missed_while_its_targets_are_down() {
    let agent = Agent::new(TWO);
    let growing = ["redis_memory_used_bytes", "redis_memory_limit_bytes", "redis_evicted_keys_total"];
    agent.polled("main", 1, &growing.map(|metric| (metric, 1e6)));
    assert_eq!(agent.reason("RedisMemoryGrowing"), None);
    for target in ["main", "far"] {
        agent.polled(target, GOOD_POLLS, &[("redis_up", 0.0)]);
    }
    assert_eq!(agent.reason("RedisMemoryGrowing"), None);
    assert_eq!(agent.reason("RedisPingHigh"), Some("not_reported"));
    watch(&agent.inert, &(TWO.to_owned() + "canary = true\n"));
    assert_eq!(agent.reason("RedisPublishStalled"), Some("not_reported"), "another configuration, another look");
}
