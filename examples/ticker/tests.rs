//! The whole service, against a redis-server of the test's own.

mod support;

use std::time::Instant;

use bytes::Bytes;
use hyper::{Method, Request, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::routes;
use support::{Redis, SOON, ask, assert_even, free_port, get, service, turn, until};

const BREAKER: &str = "/advanced/backpressure/circuit-breaker";
const STATS: &str = "/advanced/backpressure/publisher-stats";

#[tokio::test]
async fn what_comes_is_published_and_accounted_for() {
    let Some(redis) = Redis::start().await else { return };
    let service = service(redis.port, "--instruments 3 --ticks-per-second 200 --batch 300").await;
    // A subscriber gets what is published.
    let client = redis::Client::open(format!("redis://127.0.0.1:{}", redis.port)).unwrap();
    let mut subscriber = client.get_async_pubsub().await.unwrap();
    subscriber.psubscribe("ticker:*").await.unwrap();
    let message = futures_util::StreamExt::next(&mut subscriber.on_message()).await.unwrap();
    let payload: Value = serde_json::from_slice(message.get_payload_bytes()).unwrap();
    assert_eq!(message.get_channel_name(), format!("ticker:{}", payload["symbol"].as_str().unwrap()));

    // Even at each of many moments, while it flows.
    let started = Instant::now();
    let seen = loop {
        let seen = assert_even(&service);
        if seen.totals.published >= 600 {
            break seen;
        }
        assert!(started.elapsed() < SOON, "{seen:?}");
        tokio::task::yield_now().await;
    };
    assert_eq!((seen.totals.dropped, seen.totals.publish_errors, seen.totals.connection_errors), (0, 0, 0));

    // When no more comes, all of it has been published, and every route tells the same.
    turn(&service, &json!({ "ticks_per_second": 0.0 })).await;
    let stats = until(&service, STATS, |stats| stats["backpressure_metrics"]["pending_publishes"] == 0).await;
    let totals = assert_even(&service).totals;
    assert_eq!(totals.published + totals.sampled_out, totals.received);
    assert_eq!(stats["total_published"], totals.published);
    let page = ask(&service, Method::GET, "/metrics", "").await;
    assert_eq!(page.headers["content-type"], "text/plain; version=0.0.4");
    for (name, value) in [
        ("ticker_ticks_received_total", totals.received),
        ("ticker_ticks_published_total", totals.published),
        ("ticker_publish_latency_seconds_count", totals.published),
        ("ticker_pending_publishes", 0),
    ] {
        assert!(page.text.lines().any(|line| line == format!("{name} {value}")), "{name} {value}: {}", page.text);
    }
    let health = get(&service, "/health").await;
    let instruments = json!({ "status": "ok", "instruments": 3 });
    let expected = json!({
        "status": "ok",
        "environment": "development",
        "ticker": {
            "running": true,
            "ticks_received": totals.received,
            "ticks_published": totals.published,
            "instruments": 3,
        },
        "dependencies": { "redis": "ok", "database": "ok", "instrument_registry": instruments },
    });
    assert_eq!(health, expected);
}

#[tokio::test]
async fn redis_goes_and_comes_back() {
    let Some(mut redis) = Redis::start().await else { return };
    let flags = "--instruments 10 --ticks-per-second 50 --batch-interval 20ms --breaker-open 200ms \
                 --breaker-failures 3 --window 2s --cache-gets-per-second 100";
    let service = service(redis.port, flags).await;
    until(&service, STATS, |stats| stats["total_published"].as_u64() > Some(50)).await;
    until(&service, "/api/redis/stats", |stats| stats["data"]["cache"]["hits"].as_u64() > Some(10)).await;

    redis.kill();
    let opened = until(&service, BREAKER, |breaker| breaker["state"] == "open").await;
    assert!(opened["failure_count"].as_u64() >= Some(3), "{opened}");
    assert!(opened["last_failure_time"].as_f64() > Some(1.7e9), "{opened}");
    until(&service, STATS, |stats| stats["buffer_size"].as_u64() > Some(600)).await;
    let health = ask(&service, Method::GET, "/health", "").await;
    assert_eq!((health.status, &health.json()["status"]), (StatusCode::OK, &json!("degraded")));
    assert!(health.json()["dependencies"]["redis"].as_str().unwrap().starts_with("error: "), "{}", health.text);
    let cache = ask(&service, Method::GET, "/api/redis/health", "").await;
    assert_eq!((cache.status, &cache.json()["status"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("unhealthy")));
    assert_eq!(ask(&service, Method::POST, "/api/redis/reset-stats", "").await.status, StatusCode::OK);
    let down = until(&service, "/api/redis/health", |health| health["cache"]["errors"].as_u64() > Some(0)).await;
    assert_eq!((&down["cache"]["misses"], &down["cache"]["hits"]), (&down["cache"]["errors"], &json!(0)));
    let status = until(&service, "/advanced/backpressure/status", |status| {
        ["critical", "overload"].contains(&status["backpressure_level"].as_str().unwrap_or_default())
    });
    assert_eq!(status.await["health_status"], "degraded");
    assert_even(&service);

    redis.start_again().await;
    until(&service, BREAKER, |breaker| breaker["state"] == "closed").await;
    until(&service, STATS, |stats| stats["buffer_size"].as_u64() < Some(50)).await;
    assert_even(&service);
    assert_eq!(get(&service, "/health").await["status"], "ok");
    let seen = until(&service, "/api/redis/health", |health| health["success"] == true).await;
    assert_eq!((&seen["status"], &seen["available"]), (&json!("healthy"), &json!(true)));
}

#[tokio::test]
async fn without_redis_it_serves_and_stays_bounded() {
    let flags = "--instruments 100 --ticks-per-second 100 --capacity 1000 --shed-at 1 --breaker-failures 1 \
                 --drop-policy random --sampling-step 1h";
    let service = service(free_port(), flags).await;
    until(&service, BREAKER, |breaker| breaker["state"] == "open").await;
    until(&service, STATS, |stats| stats["total_dropped"].as_u64() > Some(1_000)).await;
    let seen = assert_even(&service);
    assert_eq!((seen.pending, seen.capacity, seen.totals.published), (1_000, 1_000, 0));
    assert!(seen.totals.connection_errors >= 1, "{seen:?}");
    assert_eq!(get(&service, "/health").await["status"], "degraded");
}

#[tokio::test]
async fn knobs_subscriptions_and_the_load() {
    let service = service(free_port(), "--instruments 2 --ticks-per-second 0 --max-concurrent 10").await;
    let knobs = r#"{"ticks_per_second":0.0,"instruments":2,"uncounted_loss":0.0,"latch":false,"initialized":true,"cache_gets_per_second":50.0,"active":0,"queued":0,"vanished":0}"#;
    assert_eq!(ask(&service, Method::GET, "/admin/knobs", "").await.text, knobs);
    let unknown = ask(&service, Method::POST, "/admin/knobs", r#"{"active":9,"speed":1}"#).await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(unknown.text.contains("unknown field `speed`"), "{}", unknown.text);
    assert_eq!(get(&service, "/health/load").await["active"], 0, "a refused change changes nothing");

    turn(&service, &json!({ "active": 7, "queued": 2, "initialized": false, "instruments": 1 })).await;
    let load = ask(&service, Method::GET, "/health/load", "").await;
    assert_eq!(
        (load.status, &*load.text),
        (StatusCode::OK, r#"{"active":7,"queued":2,"max_concurrent":10,"load":0.7}"#)
    );
    turn(&service, &json!({ "active": 8 })).await;
    assert_eq!(ask(&service, Method::GET, "/health/load", "").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(get(&service, BREAKER).await["state"], "unknown");
    assert_eq!(get(&service, STATS).await["error"], "Resilient publisher not initialized");

    let new = r#"{"instrument_token":7,"requested_mode":"QUOTE"}"#;
    let added = ask(&service, Method::POST, "/subscriptions", new).await;
    assert_eq!(added.status, StatusCode::CREATED);
    let all = r#"[{"instrument_token":256265,"tradingsymbol":"nifty","requested_mode":"FULL","status":"active"},{"instrument_token":7,"tradingsymbol":"token7","requested_mode":"QUOTE","status":"active"}]"#;
    assert_eq!(ask(&service, Method::GET, "/subscriptions", "").await.text, all);
    let pool = get(&service, "/advanced/websocket-pool/stats").await;
    assert_eq!(pool["accounts"]["primary"]["total_subscribed_tokens"], 2);
    let mut statuses = Vec::new();
    for (method, path, body) in [
        (Method::DELETE, "/subscriptions/7", ""),
        (Method::DELETE, "/subscriptions/7", ""),
        (Method::GET, "/subscriptions?limit=1001", ""),
        (Method::POST, "/subscriptions", r#"{"requested_mode":"FULL"}"#),
        (Method::POST, "/subscriptions", r#"{"instrument_token":8,"requested_mode":"ALL"}"#),
        (Method::POST, "/metrics", ""),
        (Method::GET, "/advanced/backpressure/nothing", ""),
        (Method::POST, "/api/redis/reset-stats", ""),
    ] {
        statuses.push(ask(&service, method, path, body).await.status.as_u16());
    }
    assert_eq!(statuses, [200, 404, 422, 422, 422, 405, 404, 200]);
    let request = Request::builder().uri("/admin/knobs").body(Bytes::new()).unwrap();
    let stranger = routes::answer(&service.shared, [10, 0, 0, 1].into(), &request).await;
    assert_eq!(stranger.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_sixty_first_health_check_of_a_minute_is_refused() {
    let service = service(free_port(), "--ticks-per-second 0").await;
    for call in 0..60 {
        assert_eq!(ask(&service, Method::GET, "/health", "").await.status, StatusCode::OK, "{call}");
    }
    let refused = ask(&service, Method::GET, "/health", "").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.text, r#"{"error":"Rate limit exceeded: 60 per 1 minute"}"#);
    let seconds: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn a_connection_carries_several_requests() {
    let service = service(free_port(), "--ticks-per-second 0").await;
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    for _ in 0..2 {
        stream.write_all(b"GET /health/load HTTP/1.1\r\nHost: ticker\r\n\r\n").await.unwrap();
        let mut reply = Vec::new();
        while !reply.ends_with(b"}") {
            assert!(stream.read_buf(&mut reply).await.unwrap() > 0);
        }
        let reply = String::from_utf8(reply).unwrap();
        assert!(reply.starts_with("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"), "{reply}");
        assert!(reply.ends_with(r#"{"active":0,"queued":0,"max_concurrent":100,"load":0.0}"#), "{reply}");
    }
}
