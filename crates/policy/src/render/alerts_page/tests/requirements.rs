//! Thresholds that the operators' documents ask for, and the rules that have them.
//!
//! A row has its number, what it asks, for how long, and either the rules that answer it or the reason why none does.

use std::collections::BTreeSet;

use crate::duration;

const BASELINE: Answer = Answer::None("says what is usual, not what is wrong");
const UNSEEN: Answer = Answer::None("what expires leaves no trace in Redis");
const LOAD_TEST: Answer = Answer::None("belongs to a load test");
const QUESTION: Answer = Answer::None("a question for the dashboards");
const OWN: Answer = Answer::None("how a service is to behave by itself; its level and its drops are watched");

enum Answer {
    /// `Alert.severity`, and for how long it must hold where the row says so.
    Rules(&'static [&'static str], Option<&'static str>),
    None(&'static str),
}
use Answer::Rules;

#[rustfmt::skip]
const ROWS: [(&str, &str, Answer); 62] = [
    ("T1", "clients that are connected for longer than 300 s: stale connections",
        Rules(&["RedisStaleConnections.info"], None)),
    ("T2", "used memory above 80 % of maxmemory", Rules(&["RedisMemoryHigh.warning"], None)),
    ("T3", "memory fragmentation ratio above 1.5", Rules(&["RedisMemoryFragmented.warning"], None)),
    ("T4", "a PUBLISH in the slow log (10 ms)", Rules(&["RedisSlowPublish.warning"], None)),
    ("T5", "`Redis publish failed` in the logs", Rules(&["ServiceLogErrors.warning", "LogErrors.warning"], None)),
    ("T6", "`Connection timeout` in the logs", Rules(&["ServiceLogErrors.warning", "LogErrors.warning"], None)),
    ("T7", "publish latency above 100 ms, consistently",
        Rules(&["RedisPublishStalled.warning", "PublishLatencyHigh.warning"], None)),
    ("T8", "CPU above 80 %, sustained", Rules(&["ContainerCpuHigh.warning", "RedisCpuHigh.warning"], None)),
    ("T9", "memory that grows over time", Rules(&["RedisMemoryGrowing.warning", "ContainerMemoryGrowing.warning"], None)),
    ("T10", "network saturated", Rules(&["ContainerNetworkSaturated.critical"], None)),
    ("T11", "the service's health is not ok", Rules(&["ServiceUnhealthy.critical"], Some("1m"))),
    ("T12", "more than 100 pending publishes",
        Rules(&["PendingPublishesHigh.warning"], Some("1m"))),
    ("T13", "emergency: breaker open, publishes fail, latency above 500 ms",
        Rules(&["RedisPingHigh.critical", "RedisPublishStalled.critical", "PublishLatencyHigh.critical"], None)),
    ("T14", "emergency: memory above 2 GiB and growing",
        Rules(&["ContainerMemoryLarge.warning", "ContainerMemoryHigh.warning"], None)),
    ("T15", "memory above 3 GiB: restart",
        Rules(&["ContainerMemoryLarge.critical", "ContainerMemoryHigh.critical"], None)),
    ("T16", "out of memory errors", Rules(&["ContainerOomKilled.critical"], None)),
    ("T17", "emergency: CPU above 80 % sustained, slow answers, high latency",
        Rules(&["ContainerCpuHigh.warning"], None)),
    ("T18", "emergency: Redis memory grows while a consumer does not read",
        Rules(&["RedisSlowSubscriber.warning", "RedisClientCutOff.critical"], None)),
    ("T19", "slow consumers by their output buffer", Rules(&["RedisSlowSubscriber.warning"], None)),
    ("T20", "success: more than 95 % of what comes in is published", Rules(&["PublishRatioLow.warning"], None)),
    ("T21", "success: p99 of the publish latency below 100 ms", Rules(&["PublishLatencyHigh.warning"], None)),
    ("T22", "success: level healthy, warning only briefly", Rules(&["BackpressureCritical.warning"], None)),
    ("T23", "success: nothing is dropped, less than 1 % under critical load", Rules(&["DropRateHigh.warning"], None)),
    ("T24", "success: circuit breaker closed", Rules(&["CircuitNotClosed.critical"], None)),
    ("T25", "success: Redis memory does not grow", Rules(&["RedisMemoryGrowing.warning"], None)),
    ("T26", "success: CPU below 60 % on the average", Rules(&["ContainerCpuHigh.info"], None)),
    ("T27", "success: no Redis timeouts in the logs", Rules(&["ServiceLogErrors.warning", "LogErrors.warning"], None)),
    ("T28", "escalate: overload for more than 5 minutes", Rules(&["BackpressureOverload.critical"], Some("5m"))),
    ("T29", "escalate: circuit breaker open for more than 2 minutes",
        Rules(&["CircuitNotClosed.critical"], Some("2m"))),
    ("T30", "escalate: more than 50 % dropped, consistently", Rules(&["DropRateHigh.critical"], None)),
    ("T31", "escalate: Redis memory above 90 %", Rules(&["RedisMemoryHigh.critical"], None)),
    ("T32", "escalate: crashes for want of memory", Rules(&["ContainerOomKilled.critical"], None)),
    ("T33", "escalate: network above 80 % of the bandwidth", Rules(&["ContainerNetworkSaturated.critical"], None)),
    ("T34", "escalate: two or more services in trouble", Rules(&["CascadingFailure.critical"], None)),
    ("T35", "Redis is not healthy for more than a minute",
        Rules(&["RedisDown.critical", "ServiceUnhealthy.critical"], Some("1m"))),
    ("T36", "PING above 100 ms for more than 5 minutes", Rules(&["RedisPingHigh.warning"], Some("5m"))),
    ("T37", "more than 10 cache errors a minute for more than 5 minutes", Rules(&["CacheErrors.warning"], Some("5m"))),
    ("T38", "cache hit ratio below 30 % for more than 15 minutes", Rules(&["CacheHitRatioLow.warning"], Some("15m"))),
    ("T39", "Redis memory above 80 % of maxmemory", Rules(&["RedisMemoryHigh.warning"], None)),
    ("T40", "cache hit ratio below 50 %", Rules(&["CacheHitRatioLow.info"], None)),
    ("T41", "memory close to maxmemory, evictions", Rules(&["RedisMemoryHigh.warning", "RedisEvicting.warning"], None)),
    ("T42", "more than 90 % of a pool in use",
        Rules(&["PoolNearCapacity.info", "PoolNearCapacity.warning", "PoolNearCapacity.critical"], Some("5m"))),
    ("T43", "rejected connections: none are wanted",
        Rules(&["RedisRejectedConnections.critical", "RedisClientsNearLimit.warning", "RedisClientsNearLimit.critical"], None)),
    ("T44", "round trip below 5 ms in one datacentre, below 50 ms across regions",
        Rules(&["RedisPingHigh.info"], None)),
    ("T45", "an operation through a pool takes 1-5 ms, a new connection 50-100 ms", BASELINE),
    ("T46", "capacity of channels: 1500, 2000 for chat, 500 for notifications",
        Rules(&["QueueNearCapacity.warning", "QueueNearCapacity.critical"], None)),
    ("T47", "messages of a channel expire after 10 s", UNSEEN),
    ("T48", "memory grows all the time", Rules(&["RedisMemoryGrowing.warning"], None)),
    ("T49", "nginx: active connections above 80 % of the most", Rules(&["ServiceConnectionsHigh.warning"], None)),
    ("T50", "p95 of the API's response time above 1 s", Rules(&["ServiceLatencyHigh.warning"], None)),
    ("T51", "Celery: more than 1000 tasks in a queue", Rules(&["QueueBacklog.warning"], None)),
    ("T52", "MongoDB: connections above 80 % of the most", Rules(&["MongoConnectionsHigh.warning"], None)),
    ("T53", "Redis memory above 90 %", Rules(&["RedisMemoryHigh.critical"], None)),
    ("T54", "load test: no request fails", LOAD_TEST),
    ("T55", "which resource is used up under load", QUESTION),
    ("T56", "limits of a task's run time", Answer::None("Celery keeps them itself; what it ended failed, which its log tells")),
    ("T57", "load of 0.8: not ready; 0.9 with a queue: shed", Rules(&["ServiceLoadHigh.warning"], None)),
    ("T58", "adaptive sampling from a load of 0.8", OWN),
    ("T59", "Kafka: time of a batch against the poll interval, and a backlog that grows",
        Rules(&["KafkaConsumerSlow.warning", "KafkaLagGrowing.warning"], None)),
    ("T60", "sampling by level: 80 %, 50 %, 20 %", OWN),
    ("T61", "publish timeout 1 s, at most 100 ticks a call", OWN),
    ("T62", "RabbitMQ: consumers hold as much as their prefetch allows", Rules(&["QueueAtPrefetch.warning"], None)),
];

#[test]
fn every_row_has_a_rule_or_a_reason_and_every_source_a_row() {
    let policy = crate::shipped().unwrap();
    let mut sourced: BTreeSet<String> = BTreeSet::new();
    for alert in &policy.alerts {
        let levels = alert.levels.iter().filter(|level| level.source.is_some());
        sourced.extend(levels.map(|level| format!("{}.{}", alert.name, level.severity.as_str())));
    }
    let mut answering = BTreeSet::new();
    for (at, (row, asked, answer)) in ROWS.iter().enumerate() {
        assert_eq!(*row, format!("T{}", at + 1));
        let (rules, hold) = match answer {
            Answer::None(reason) => {
                assert!(!reason.is_empty(), "{row}");
                continue;
            }
            Rules(rules, hold) => (rules, hold),
        };
        let mut holds = BTreeSet::new();
        for rule in *rules {
            assert!(sourced.contains(*rule), "{row}, {asked}: there is no rule {rule} with a source");
            answering.insert((*rule).to_owned());
            let (alert, severity) = rule.split_once('.').unwrap();
            let levels = policy.alert(alert).unwrap().levels.iter();
            holds.extend(levels.filter(|level| level.severity.as_str() == severity).map(|level| duration(level.hold)));
        }
        assert!(hold.is_none_or(|hold| holds.contains(hold)), "{row}, {asked}: holds for {holds:?}");
    }
    assert_eq!(sourced, answering, "a rule has a source, and no row asks for it");
}
