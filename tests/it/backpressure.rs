//! Drills on a real ticker and a real Redis: what the agent shows while something goes wrong, and after.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;

use crate::support::agent::{Agent, output, stderr, stdout, target, write};
use crate::support::exposition::Exposition;
use crate::support::http::Request;
use crate::support::missing::missing;
use crate::support::redis::RedisServer;
use crate::support::ticker::Ticker;
use crate::support::wait::until;

/// Long enough for any drill: many polls of five seconds.
const DRILL: Duration = Duration::from_secs(90);

/// An unlabelled gauge of the ticker.
fn gauge(seen: &Exposition, name: &str) -> Option<f64> {
    seen.get(&format!("backpressure_{name}"), &[])
}

#[track_caller]
fn seen(agent: &Agent, what: &str, look: impl Fn(&Exposition) -> bool) -> Exposition {
    until(DRILL, format!("{what}; the log:\n{}", agent.log()), || Some(agent.scrape("ticker")).filter(&look))
}

/// A ticker whose circuit breaker is quick to open and to try again, and the agent on it and on its Redis.
#[track_caller]
fn with_a_quick_breaker(redis: &RedisServer) -> (Ticker, Agent) {
    let ticker = Ticker::start(redis, &["--breaker-failures", "2", "--breaker-open", "4s", "--window", "5s"]);
    let redis_table = format!("{}canary = true\n", target("redis", &redis.url()));
    let agent = Agent::run(&format!("{redis_table}{}", ticker.table("ticker", "ticker", "")));
    (ticker, agent)
}

/// The series of a circuit breaker that is closed: 1 while it is, 0 while it is not.
fn closed(seen: &Exposition) -> Option<f64> {
    seen.get("backpressure_circuit_state", &[("state", "closed")])
}

/// Redis stands still for ten seconds.
#[test]
fn a_redis_that_stands_still_is_seen_on_both_sides_and_so_is_its_recovery() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let (_ticker, agent) = with_a_quick_breaker(&redis);
    let calm = seen(&agent, "all is well", |seen| {
        closed(seen) == Some(1.0)
            && gauge(seen, "published_total").is_some_and(|published| published > 100.0)
            && gauge(seen, "level") == Some(0.0)
    });
    agent.until("redis", "the canary flies", |seen| {
        (seen.get("redis_publish_canaries_total", &[]) >= Some(2.0)).then_some(())
    });
    let pending = gauge(&calm, "pending_publishes").unwrap();

    redis.freeze();
    let frozen = seen(&agent, "the breaker leaves closed", |seen| closed(seen) == Some(0.0));
    agent.until("redis", "Redis does not answer", |seen| (seen.get("redis_up", &[]) == Some(0.0)).then_some(()));
    assert!(gauge(&frozen, "circuit_failures").is_some_and(|failures| failures >= 1.0));
    let stalled = seen(&agent, "messages wait", |seen| gauge(seen, "pending_publishes") > Some(pending + 200.0));
    let errors: f64 =
        ["publish_errors_total", "connection_errors_total"].map(|name| gauge(&stalled, name).unwrap()).iter().sum();
    assert!(errors >= 2.0, "{errors}");

    redis.thaw();
    let well = seen(&agent, "all is well again", |seen| {
        closed(seen) == Some(1.0) && gauge(seen, "level") == Some(0.0) && gauge(seen, "pending_publishes") < Some(100.0)
    });
    assert!(gauge(&well, "published_total") > gauge(&calm, "published_total"));
    agent.until("redis", "Redis answers", |seen| (seen.get("redis_up", &[]) == Some(1.0)).then_some(()));
}

/// Redis answers, but publishes nothing for ten seconds: what PING cannot see.
#[test]
fn a_redis_that_publishes_nothing_loses_the_canary_and_opens_the_breaker() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let (_ticker, agent) = with_a_quick_breaker(&redis);
    let lost = |seen: &Exposition| seen.get("redis_publish_canaries_lost_total", &[]);
    agent.until("redis", "the canary flies", |seen| (lost(seen) == Some(0.0)).then_some(()));
    seen(&agent, "messages are published", |seen| gauge(seen, "published_total") > Some(100.0));
    redis.command::<()>(&["CLIENT", "PAUSE", "10000", "WRITE"]);
    let canary =
        until(DRILL, "the canary is lost", || Some(agent.scrape("redis")).filter(|seen| lost(seen) >= Some(1.0)));
    assert_eq!(canary.get("redis_up", &[]), Some(1.0));
    assert!(canary.get("redis_ping_ms", &[]).is_some_and(|ping| ping < 900.0), "PING is answered all the while");
    let stalled = seen(&agent, "the breaker leaves closed", |seen| closed(seen) == Some(0.0));
    assert!(gauge(&stalled, "pending_publishes") > Some(100.0));
    seen(&agent, "all is well again", |seen| {
        closed(seen) == Some(1.0) && gauge(seen, "pending_publishes") < Some(100.0)
    });
}

/// Two publishers, of which one carries the traffic; its breaker opens and it loses messages.
fn losses_of(publisher: &str) -> Exposition {
    let redis = RedisServer::start();
    let flags = ["--publisher", publisher, "--capacity", "200", "--breaker-failures", "2", "--breaker-open", "60s"];
    let ticker = Ticker::start(&redis, &[&flags[..], &["--publish-timeout", "200ms"]].concat());
    let agent = Agent::run(&ticker.table("ticker", "ticker", ""));
    seen(&agent, "messages are published", |seen| {
        closed(seen) == Some(1.0) && gauge(seen, "published_total").is_some_and(|published| published > 100.0)
    });
    redis.freeze();
    let lost = seen(&agent, "the breaker is open and messages are lost", |seen| {
        seen.get("backpressure_circuit_state", &[("state", "open")]) == Some(1.0)
            && gauge(seen, "dropped_total").is_some_and(|dropped| dropped > 100.0)
    });
    redis.thaw();
    assert!(gauge(&lost, "publish_errors_total").is_some_and(|errors| errors >= 1.0));
    lost
}

#[test]
fn of_two_publishers_the_breaker_and_the_losses_are_those_of_the_one_in_use() {
    if missing(&["redis-server"]) {
        return;
    }
    let older = losses_of("older");
    assert_eq!(older.get("redis_circuit_state", &[]), Some(1.0));
    assert_eq!(gauge(&older, "level"), None, "nothing passes through what tells it");
    let newer = losses_of("newer");
    assert_eq!(newer.get("redis_circuit_state", &[]), Some(0.0));
    assert!(gauge(&newer, "level").is_some());
}

/// A thousand instruments instead of a hundred: twice what the publisher can publish.
#[test]
fn more_than_can_be_published_climbs_the_levels_and_is_sampled() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let ticker = Ticker::start(&redis, &["--window", "5s", "--sampling-step", "13s", "--instruments", "100"]);
    let agent = Agent::run(&ticker.table("ticker", "ticker", ""));
    seen(&agent, "all is let through", |seen| {
        gauge(seen, "sampling_ratio") == Some(1.0) && gauge(seen, "level") == Some(0.0)
    });
    ticker.turn(r#"{"instruments": 1000}"#);
    // Drawn by lot, of at least 5,000 ticks: a tenth beside the rate would be a wonder.
    for rate in [0.8, 0.5, 0.2] {
        let sampled = seen(&agent, "the rate of the level", |seen| {
            gauge(seen, "sampling_ratio").is_some_and(|ratio| (ratio - rate).abs() < 0.04)
        });
        assert!(gauge(&sampled, "level") >= Some(1.0), "sampling without pressure");
        let ingest = gauge(&sampled, "ingest_rate").unwrap();
        assert!((1_500.0..2_500.0).contains(&ingest), "{ingest}");
    }
    let after = agent.scrape("ticker");
    assert!(gauge(&after, "sampled_out_total") > Some(1_000.0));
    assert!(gauge(&after, "unaccounted_ratio").unwrap().abs() < 0.01, "{:?}", gauge(&after, "unaccounted_ratio"));
}

/// A subscriber of everything that never reads.
#[test]
fn a_subscriber_that_does_not_read_is_named_while_redis_grows() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let ticker = Ticker::start(&redis, &["--depth", "20", "--instruments", "400"]);
    let agent = Agent::run(&target("redis", &redis.url()));
    let before: f64 = redis.info("used_memory").unwrap().parse().unwrap();
    let mut stuck = TcpStream::connect(redis.address()).unwrap();
    stuck.write_all(b"CLIENT SETNAME stuck-dashboard\r\nPSUBSCRIBE ticker:*\r\n").unwrap();
    let grown = until(DRILL, "its buffer grows", || {
        let seen = agent.scrape("redis");
        let named = [("client", "stuck-dashboard")];
        let held = seen.series("redis_client_output_buffer_top_bytes", &named).first().map(|sample| sample.value);
        held.filter(|held| *held > 2_000_000.0).map(|held| (held, seen.get("redis_memory_used_bytes", &[]).unwrap()))
    });
    assert!(grown.1 > before + 2_000_000.0, "{grown:?}, before {before}");
    drop(ticker);
}

/// Redis is gone, and the API in front of it says so with 503.
#[test]
fn a_cache_without_redis_is_unhealthy_by_its_own_word() {
    if missing(&["redis-server"]) {
        return;
    }
    let mut redis = RedisServer::start();
    let ticker = Ticker::start(&redis, &["--cache-gets-per-second", "100"]);
    let agent = Agent::run(&ticker.table("ticker", "cache-api", ""));
    let well = seen(&agent, "the cache is used", |seen| seen.get("redis_cache_hit_ratio", &[]).is_some());
    assert_eq!(well.get("service_health", &[("status", "ok")]), Some(1.0));
    assert_eq!(well.get("redis_connection_status", &[]), Some(1.0));
    assert!(well.get("redis_ping_ms", &[]).is_some_and(|ping| (0.0..1000.0).contains(&ping)));
    let ratio = well.get("redis_cache_hit_ratio", &[]).unwrap();
    assert!((0.0..=1.0).contains(&ratio), "{ratio}");

    redis.kill();
    let gone = seen(&agent, "the cache is unhealthy", |seen| {
        seen.get("service_health", &[("status", "unhealthy")]) == Some(1.0)
    });
    assert_eq!(gone.get("service_endpoint_http_status", &[("endpoint", "redis-health")]), Some(503.0));
    assert_eq!(gone.get("service_endpoint_up", &[("endpoint", "redis-health")]), Some(1.0), "503 carries the body");
    assert_eq!(gone.get("service_up", &[]), Some(1.0), "the service is up, its Redis is not");
    assert_eq!(gone.get("redis_connection_status", &[]), Some(0.0));
    // Every get is a miss now, and hits stand still.
    let misses = gone.get("redis_cache_misses", &[]).unwrap();
    let hits = gone.get("redis_cache_hits", &[]).unwrap();
    let later = seen(&agent, "misses rise", |seen| seen.get("redis_cache_misses", &[]) > Some(misses + 100.0));
    assert!(later.get("redis_cache_hits", &[]).unwrap() - hits < 50.0);

    redis.start_again();
    seen(&agent, "the cache is well again", |seen| seen.get("service_health", &[("status", "ok")]) == Some(1.0));
    // Its counters start anew, which is no collapse of the ratio.
    let before = ticker.send(Request::get("/api/redis/stats")).json()["data"]["cache"]["hits"].as_f64().unwrap();
    assert_eq!(ticker.send(Request::new("POST", "/api/redis/reset-stats").body("{}")).status, 200);
    let reset = seen(&agent, "a reset is seen", |seen| {
        let labels = [("endpoint", "redis-stats"), ("metric", "redis_cache_hits"), ("reason", "reset")];
        seen.get("service_mapping_errors_total", &labels) == Some(1.0)
    });
    assert!(reset.get("redis_cache_hits", &[]).unwrap() < before);
    assert!(reset.get("redis_cache_hit_ratio", &[]).is_none_or(|ratio| (0.0..=1.0).contains(&ratio)));
}

/// A minute at 1,500 ticks a second: one ticker that counts whatever it loses, and one that loses a twentieth in silence.
#[test]
fn every_message_is_accounted_for_and_silent_loss_is_seen() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let load = ["--instruments", "100", "--ticks-per-second", "15", "--batch", "300", "--window", "10s"];
    let honest = Ticker::start(&redis, &load);
    let leaky = Ticker::start(&redis, &[&load[..], &["--uncounted-loss", "0.05"]].concat());
    let tables = [honest.table("ticker", "ticker", ""), leaky.table("leaky", "ticker", "")].concat();
    let agent = Agent::run(&tables);
    let received = |target: &str| gauge(&agent.scrape(target), "received_total").unwrap_or(0.0);
    until(3 * DRILL, "a minute's ticks of both", || {
        (received("ticker") > 90_000.0 && received("leaky") > 90_000.0).then_some(())
    });
    let seen = agent.scrape("ticker");
    let known = ["published_total", "dropped_total", "sampled_out_total", "pending_publishes", "unaccounted_messages"];
    let sum: f64 = known.iter().map(|name| gauge(&seen, name).unwrap()).sum();
    let received = gauge(&seen, "received_total").unwrap();
    assert!((sum / received - 1.0).abs() < 0.01, "{sum} of {received} are accounted for");
    assert!(gauge(&seen, "unaccounted_ratio").unwrap().abs() < 0.01, "{:?}", gauge(&seen, "unaccounted_ratio"));
    let lost = gauge(&seen, "unaccounted_total").unwrap();
    // On a busy machine a part of a batch (300) may be on its way at two readings.
    assert!(lost < 0.005 * received, "{lost} of {received} messages were on their way, and none was lost");
    // What passes through is what the rules read.
    assert_eq!(seen.get("ticker_ticks_received_total", &[]), Some(received));
    let timed = seen.get("ticker_publish_latency_seconds_bucket", &[("le", "+Inf")]).unwrap();
    assert!((timed / gauge(&seen, "published_total").unwrap() - 1.0).abs() < 0.01, "{timed} latencies");

    // On a busy machine the ticker may sample; what it lost is a part of what it let in.
    let leaky = agent.scrape("leaky");
    let [received, sampled_out, dropped, lost] =
        ["received_total", "sampled_out_total", "dropped_total", "unaccounted_messages"]
            .map(|name| gauge(&leaky, name).unwrap());
    let leak = lost / (received - sampled_out - dropped);
    assert!((leak - 0.05).abs() < 0.01, "{leak} of the messages are unaccounted for, 0.05 were lost");
    // What is missing now is counted when it is still missing at the next reading.
    let counted = gauge(&leaky, "unaccounted_total").unwrap() / lost;
    assert!((0.6..1.05).contains(&counted), "{counted} of the lost messages are counted");

    // So much asking costs the ticker no more than three requests a poll.
    let requests: f64 = seen.series("service_endpoint_requests_total", &[]).iter().map(|sample| sample.value).sum();
    let polls = seen.get("manometer_polls_total", &[("collector", "service")]).unwrap();
    assert!(requests <= 3.0 * polls && requests >= 2.0 * polls, "{requests} requests in {polls} polls");
    assert!(seen.get("service_subscriptions", &[]) == Some(100.0));
    assert_eq!(seen.get("service_websocket_pool_capacity", &[("account", "primary")]), Some(1000.0));
    assert_eq!(seen.get("service_dependency_health", &[("dependency", "redis"), ("status", "ok")]), Some(1.0));
}

/// What is drafted from the live service is a mapping without a miss.
#[test]
fn a_mapping_drafted_from_the_ticker_is_accepted() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let ticker = Ticker::start(&redis, &[]);
    let dir = tempfile::tempdir().unwrap();
    let paths = [
        ("/advanced/backpressure/metrics", "backpressure_pending_publishes"),
        ("/advanced/backpressure/status", "backpressure_pending_publishes"),
        ("/advanced/backpressure/publisher-stats", "backpressure_published_total"),
        ("/advanced/backpressure/circuit-breaker", "app_state{state=\"closed\"} 1"),
        ("/health", "service_health"),
        ("/advanced/websocket-pool/stats", "subscribed_tokens"),
        ("/api/redis/stats", "redis_cache_hits"),
        ("/metrics", "ticker_ticks_received_total"),
    ];
    for (path, metric) in paths {
        let drafted = output(&["map", "discover", &format!("http://{}{path}", ticker.address), "--interval", "1s"]);
        assert_eq!(drafted.status.code(), Some(0), "{path}: {}", stderr(&drafted));
        let mapping = write(dir.path(), "draft.toml", &stdout(&drafted));
        let body = write(dir.path(), "body", &ticker.send(Request::get(path)).text());
        let (mapping, body) = (mapping.to_str().unwrap(), body.to_str().unwrap());
        let tested = output(&["map", "test", "--mapping", mapping, "--body", body]);
        assert_eq!(tested.status.code(), Some(0), "{path}: {}\n{}", stderr(&tested), stdout(&drafted));
        assert!(stdout(&tested).contains(metric), "{path}: {}", stdout(&tested));
    }
}
