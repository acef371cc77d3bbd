//! Services that answer badly, late, or not at all: what is lost is theirs alone, and says so.

use std::fmt::Write as _;
use std::process::Output;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::support::agent::{Agent, config_file, output, stderr, stdout, write};
use crate::support::exposition::Exposition;
use crate::support::missing::missing;
use crate::support::promtool;
use crate::support::service::{Answer, Service};
use crate::support::tls::Certificates;
use crate::support::wait::{SOON, until};

/// The numbers of a ticker that is well, and the path of each endpoint that the tests let fail.
const METRICS: &str = "/advanced/backpressure/metrics";
const PUBLISHER: &str = "/advanced/backpressure/publisher-stats";
const STATUS: &str = "/advanced/backpressure/status";

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn metrics() -> serde_json::Value {
    json!({
        "ticks_received_per_sec": 1200.5, "ticks_published_per_sec": 1100.25, "avg_publish_latency_ms": 1.5,
        "p95_publish_latency_ms": 4.0, "p99_publish_latency_ms": 7.5, "pending_publishes": 42, "dropped_messages": 3,
        "redis_publish_errors": 2, "redis_connection_errors": 1, "memory_usage_mb": 256.5, "cpu_usage_percent": 12.5,
        "backpressure_level": "warning", "ingestion_rate_ratio": 0.9165, "timestamp": now()
    })
}

fn publisher() -> serde_json::Value {
    json!({
        "total_published": 1000, "total_dropped": 3, "total_sampled_out": 17, "buffer_size": 40, "buffer_capacity": 10000,
        "circuit_breaker_state": "half_open", "circuit_breaker_failures": 5
    })
}

fn ticker() -> Service {
    let service = Service::start();
    service.json(METRICS, &metrics()).json(PUBLISHER, &publisher());
    service.json("/health", &json!({"status": "ok", "dependencies": {"redis": "error: hunter2", "database": "ok"}}));
    service.json("/subscriptions", &json!([{"instrument_token": 1}, {"instrument_token": 2}]));
    service
}

/// A `[[service]]` table; `more` are further lines of it.
fn table(profile: &str, url: &str, more: &str) -> String {
    format!("[[service]]\nname = \"svc\"\nprofile = {profile:?}\nurl = {url:?}\ninterval = \"5s\"\n{more}\n")
}

/// One poll of everything: the exposition, and what the command said.
#[track_caller]
fn poll(config: &str) -> (Exposition, Output) {
    let (_dir, file) = config_file(config);
    let output = output(&["poll", "--target", "svc", "--config", file.to_str().unwrap()]);
    (Exposition::of(&stdout(&output)), output)
}

#[track_caller]
fn poll_ticker(service: &Service) -> Exposition {
    poll(&table("ticker", &service.url(), "deadline = \"4s\"")).0
}

#[test]
fn a_ticker_is_read_without_a_mapping() {
    let service = ticker();
    let (seen, output) = poll(&table("ticker", &service.url(), ""));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let expected = [
        ("service_up", 1.0),
        ("backpressure_level", 1.0),
        ("backpressure_pending_publishes", 42.0),
        ("backpressure_ingest_rate", 1200.5),
        ("backpressure_publish_rate", 1100.25),
        ("backpressure_rate_ratio", 1100.25 / 1200.5),
        ("backpressure_dropped_total", 3.0),
        ("backpressure_published_total", 1000.0),
        ("backpressure_sampled_out_total", 17.0),
        ("backpressure_buffer_size", 40.0),
        ("backpressure_buffer_capacity", 10_000.0),
        ("backpressure_circuit_failures", 5.0),
        ("service_subscriptions", 2.0),
        ("service_memory_bytes", 268_959_744.0),
        ("service_cpu_usage_ratio", 0.125),
    ];
    for (name, value) in expected {
        assert_eq!(seen.get(name, &[]), Some(value), "{name}");
    }
    assert_eq!(seen.get("backpressure_publish_latency_seconds", &[("stat", "p99")]), Some(0.0075));
    assert_eq!(seen.get("backpressure_circuit_state", &[("state", "half_open")]), Some(1.0));
    assert_eq!(seen.get("service_health", &[("status", "ok")]), Some(1.0));
    let redis = [("dependency", "redis"), ("status", "unhealthy")];
    assert_eq!(seen.get("service_dependency_health", &redis), Some(1.0));
    assert!(!stdout(&output).contains("hunter2"), "free text of a service is exported");
    // Neither the endpoint of texts nor that of the breaker is asked where the better ones answer; one connection does.
    let paths: Vec<String> = service.seen().into_iter().map(|seen| seen.path).collect();
    let asked =
        ["/metrics", PUBLISHER, METRICS, "/health", "/subscriptions?limit=1000", "/advanced/websocket-pool/stats"];
    assert_eq!(paths, asked);
    assert_eq!(service.connections(), 1);
}

#[test]
fn promtool_finds_nothing_in_the_names_of_services() {
    if missing(&["promtool"]) {
        return;
    }
    let service = ticker();
    let load = json!({"active": 7, "queued": 2, "max_concurrent": 50, "load": 0.18});
    service.json("/health/load", &load);
    service.json("/pool", &json!({"max_connections": 50, "in_use_connections": 45, "available_connections": 3}));
    service.json(
        "/ws",
        &json!({
            "connections": {"total": 9, "by_channel": {"nifty": 9}, "created": 20, "closed": 11},
            "messages": {"rate_1m": 5.0, "rate_5m": 4.0, "rate_15m": 3.0,
                         "latency": {"avg": 4.0, "p50": 3.0, "p95": 9.0, "p99": 12.0, "max": 40.0}},
            "errors": {"total": 2}, "timestamp": now()
        }),
    );
    let url = service.url();
    let of = |name: &str, profile: &str, path: &str| {
        format!("[[service]]\nname = {name:?}\nprofile = {profile:?}\nurl = \"{url}{path}\"\n")
    };
    let config =
        [of("a", "ticker", ""), of("b", "load", ""), of("c", "pool", "/pool"), of("d", "websocket", "/ws")].concat();
    let (_dir, file) = config_file(&config);
    let output = output(&["poll", "--config", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let seen = Exposition::of(&stdout(&output));
    assert_eq!(seen.get("service_load_ratio", &[("target", "b")]), Some(0.18));
    assert_eq!(seen.get("pool_usage_ratio", &[("target", "c"), ("pool", "redis")]), Some(0.9));
    assert_eq!(seen.get("service_websocket_message_latency_seconds", &[("target", "d"), ("stat", "p99")]), Some(0.012));
    promtool::check_metrics(&stdout(&output));
}

/// Every way in which one endpoint can fail, with the status that is shown of it.
fn broken() -> Vec<(&'static str, Answer, Option<f64>)> {
    let json = metrics().to_string();
    let head = |length: usize| format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
    let many = (0..100_000).fold("{".to_owned(), |mut text, key| {
        let _ = write!(text, "\"key_of_no_use_{key}\":{key},");
        text
    }) + "\"end\":1}";
    vec![
        ("500", Answer::Body(500, json.clone()), Some(500.0)),
        ("404", Answer::Body(404, String::new()), Some(404.0)),
        ("403", Answer::Body(403, json.clone()), Some(403.0)),
        ("HTML", Answer::Body(200, "<!doctype html><h1>hunter2</h1>".to_owned()), Some(200.0)),
        ("empty", Answer::Body(200, String::new()), Some(200.0)),
        ("no JSON", Answer::Body(200, "hunter2".to_owned()), Some(200.0)),
        ("half a body", Answer::Body(200, json[..json.len() / 2].to_owned()), Some(200.0)),
        ("depth", Answer::Body(200, "[".repeat(10_000)), Some(200.0)),
        ("too large", Answer::Body(200, many), None),
        ("a length that is too long", Answer::Raw(format!("{}{json}", head(json.len() + 10)).into_bytes()), None),
        ("a length that is too short", Answer::Raw(format!("{}{json}", head(20)).into_bytes()), Some(200.0)),
        (
            "bad chunks",
            Answer::Raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhunter2\r\n{}\r\n".to_vec()),
            None,
        ),
        ("no HTTP", Answer::Raw(b"-ERR hunter2\r\n".to_vec()), None),
        (
            "a redirect elsewhere",
            Answer::With(302, vec!["Location: http://127.0.0.2:1/".to_owned()], String::new()),
            None,
        ),
        ("a hang", Answer::Hang(Vec::new()), None),
        ("a hang after the head", Answer::Hang(head(json.len()).into_bytes()), None),
        ("an endless body", Answer::Endless(b"HTTP/1.1 200 OK\r\n\r\n{\"a\":[".to_vec(), b"0,".repeat(4096)), None),
    ]
}

#[test]
fn whatever_one_endpoint_does_the_others_stay() {
    for (what, answer, status) in broken() {
        let service = ticker();
        service.answer(METRICS, answer);
        let seen = poll_ticker(&service);
        let of_endpoint = |name: &str| seen.get(name, &[("endpoint", "metrics")]);
        assert_eq!(seen.get("service_up", &[]), Some(1.0), "{what}");
        assert_eq!(of_endpoint("service_endpoint_up"), Some(0.0), "{what}");
        assert_eq!(of_endpoint("service_endpoint_http_status"), status, "{what}");
        assert_eq!(seen.get("backpressure_published_total", &[]), Some(1000.0), "{what}");
        assert_eq!(seen.get("backpressure_pending_publishes", &[]), None, "{what}: only that endpoint says it");
        // The publisher says it too.
        assert_eq!(seen.get("backpressure_dropped_total", &[]), Some(3.0), "{what}");
    }
}

#[test]
fn the_endpoint_of_texts_stands_in_for_that_of_numbers() {
    let service = ticker();
    service.answer(METRICS, Answer::Body(500, String::new()));
    service.json(
        STATUS,
        &json!({
            "backpressure_level": "overload", "health_status": "degraded", "ingestion_rate": "1234.5 ticks/sec",
            "publish_rate": "617.25 ticks/sec", "rate_ratio": "50.00%", "avg_latency": "1.25 ms", "p99_latency": "5.5 ms",
            "pending_publishes": 2123, "dropped_messages": 9, "redis_errors": 4, "memory_usage": "512.5 MB",
            "cpu_usage": "45.6%", "timestamp": now()
        }),
    );
    let seen = poll_ticker(&service);
    let expected = [
        ("backpressure_level", 3.0),
        ("backpressure_pending_publishes", 2123.0),
        ("backpressure_ingest_rate", 1234.5),
        ("backpressure_publish_rate", 617.25),
        ("backpressure_rate_ratio", 0.5),
        ("backpressure_publish_errors_total", 4.0),
        ("service_memory_bytes", 537_395_200.0),
        ("service_cpu_usage_ratio", 0.456),
    ];
    for (name, value) in expected {
        assert_eq!(seen.get(name, &[]), Some(value), "{name}");
    }
    assert_eq!(seen.get("backpressure_publish_latency_seconds", &[("stat", "avg")]), Some(0.00125));
}

#[test]
fn one_field_of_the_wrong_type_costs_its_own_metric() {
    let service = ticker();
    let mut body = metrics();
    body["pending_publishes"] = json!("42");
    body["ticks_received_per_sec"] = json!({"a": 1});
    body["backpressure_level"] = json!("apocalyptic");
    service.answer(METRICS, Answer::Body(200, body.to_string().replace("12.5", "NaN")));
    let seen = poll_ticker(&service);
    let misses = |metric: &str, reason: &str| {
        let labels = [("endpoint", "metrics"), ("metric", metric), ("reason", reason)];
        seen.get("service_mapping_errors_total", &labels)
    };
    assert_eq!(misses("backpressure_pending_publishes", "string_number"), Some(1.0));
    assert_eq!(misses("backpressure_ingest_rate", "type"), Some(1.0));
    assert_eq!(misses("service_cpu_usage_ratio", "not_finite"), Some(1.0));
    assert_eq!(misses("backpressure_level_state", "state"), Some(1.0));
    assert_eq!(seen.get("backpressure_level_state", &[("level", "unknown")]), Some(1.0));
    assert_eq!(seen.get("backpressure_level", &[]), None);
    assert_eq!(seen.get("backpressure_pending_publishes", &[]), None);
    assert_eq!(seen.get("backpressure_rate_ratio", &[]), None);
    assert_eq!(seen.get("backpressure_publish_rate", &[]), Some(1100.25));
    assert_eq!(seen.get("service_endpoint_up", &[("endpoint", "metrics")]), Some(1.0));
}

#[test]
fn reports_of_an_error_with_status_200_are_no_numbers() {
    let service = ticker();
    service.json(PUBLISHER, &json!({"error": "Resilient publisher not initialized", "message": "hunter2"}));
    service.json("/advanced/backpressure/circuit-breaker", &json!({"state": "unknown", "message": "hunter2"}));
    let (seen, output) = poll(&table("ticker", &service.url(), ""));
    assert_eq!(seen.get("service_endpoint_up", &[("endpoint", "publisher-stats")]), Some(0.0));
    assert_eq!(seen.get("backpressure_circuit_state", &[("state", "unknown")]), Some(1.0));
    assert_eq!(seen.get("backpressure_circuit_state", &[("state", "closed")]), Some(0.0));
    assert_eq!(seen.get("backpressure_published_total", &[]), None);
    let misses: Vec<_> = seen.series("service_mapping_errors_total", &[]);
    assert!(misses.is_empty(), "a service that says that it does not know is no mistake of the mapping: {misses:?}");
    assert!(!format!("{}{}", stdout(&output), stderr(&output)).contains("hunter2"));
}

#[test]
fn what_is_old_by_its_own_timestamp_is_not_shown() {
    let service = ticker();
    let mut body = metrics();
    body["timestamp"] = json!("2025-10-31T12:00:00+00:00");
    service.json(METRICS, &body);
    let seen = poll_ticker(&service);
    assert_eq!(seen.get("service_endpoint_stale", &[("endpoint", "metrics")]), Some(1.0));
    assert_eq!(seen.get("backpressure_pending_publishes", &[]), None);
    let age = seen.get("service_endpoint_age_seconds", &[("endpoint", "metrics")]).unwrap();
    assert!(age > 86_400.0, "{age}");
    // A clock in another time zone is told from a fresh report, too.
    body["timestamp"] = json!(now() + 19_800);
    service.json(METRICS, &body);
    let (seen, output) = poll(&table("ticker", &service.url(), ""));
    assert_eq!(seen.get("service_endpoint_stale", &[("endpoint", "metrics")]), Some(1.0));
    assert!(stderr(&output).is_empty(), "the poll itself succeeds: {}", stderr(&output));
}

#[test]
fn a_service_without_any_endpoint_of_the_profile_is_down_and_the_error_says_what_to_check() {
    let service = Service::start();
    let (seen, output) = poll(&table("cache-api", &service.url(), ""));
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(seen.get("service_up", &[]), Some(0.0));
    assert_eq!(seen.get("service_endpoint_http_status", &[("endpoint", "redis-stats")]), Some(404.0));
    let expected = format!(
        "manometer: svc: GET {}/api/redis/stats: HTTP status 404; check url and path; skip the endpoint if the service \
         does not have it\n",
        service.url()
    );
    assert!(stderr(&output).ends_with(&expected), "{}", stderr(&output));
}

#[test]
fn headers_come_from_files_and_go_nowhere_else() {
    let service = ticker();
    let (dir, _file) = config_file("");
    let key = write(dir.path(), "key", "hunter2\n");
    let more = format!("[[service.header]]\nname = \"X-API-Key\"\nvalue_file = {key:?}\n");
    let agent = Agent::run(&table("ticker", &service.url(), &more));
    for seen in service.seen() {
        assert!(seen.headers.contains(&"x-api-key: hunter2".to_owned()), "{seen:?}");
    }
    agent.assert_hidden("hunter2");
}

#[test]
fn https_needs_a_certificate_that_is_trusted() {
    let certificates = Certificates::new();
    let (dir, _file) = config_file("");
    let (cert, key) = (certificates.file("server.crt"), certificates.file("server.key"));
    let web = format!("tls_server_config:\n  cert_file: {}\n  key_file: {}\n", cert.display(), key.display());
    let web = write(dir.path(), "web.yml", &web);
    // The agent itself is the service here: it speaks TLS, and JSON.
    let watched = "[[redis]]\nname = \"nobody\"\nurl = \"redis://127.0.0.1:1\"\n";
    let agent = Agent::spawn(watched, &["--web.config.file", web.to_str().unwrap()]);
    let url = format!("https://localhost:{}", agent.address.port());
    let mapping = "[[service.endpoint]]\nname = \"targets\"\npath = \"/api/v1/targets\"\n\
                   [[service.metric]]\nname = \"agent_targets\"\nat = \"/data/targets\"\nparse = \"length\"\n";
    let table = |tls: &str| format!("[[service]]\nname = \"svc\"\nurl = {url:?}\n{tls}\n{mapping}");
    let (seen, output) = poll(&table(&format!("[service.tls]\nca_file = {:?}", certificates.file("ca.crt"))));
    assert_eq!(seen.get("agent_targets", &[]), Some(1.0), "{}", stderr(&output));
    let end = seen.get("tls_certificate_not_after_seconds", &[("endpoint", "localhost")]);
    assert!(end.is_some_and(|end| end > 4e9), "rcgen's certificates are good for long: {end:?}");
    // An engine behind TLS is no different, also where it is none.
    let engine = "[[docker]]\nname = \"svc\"\nurl = \"URL\"\n[docker.tls]\nca_file = \"CA\"\n";
    let (seen, _) = poll(&engine.replace("URL", &url).replace("CA", certificates.file("ca.crt").to_str().unwrap()));
    assert_eq!(seen.get("docker_up", &[]), Some(0.0));
    assert_eq!(seen.get("tls_certificate_not_after_seconds", &[("endpoint", "localhost")]), end);
    let (seen, output) = poll(&table(""));
    assert_eq!(seen.get("service_up", &[]), Some(0.0));
    assert!(
        stderr(&output).contains(
            "TLS handshake: the server's certificate is signed by an authority that is not trusted; set ca_file to"
        ),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_service_that_asks_to_be_left_alone_is() {
    let service = ticker();
    let busy =
        |after: &str| Answer::With(429, vec![format!("Retry-After: {after}")], "{\"error\":\"slow down\"}".to_owned());
    service.answer(METRICS, busy("8"));
    let agent = Agent::run(&table("ticker", &service.url(), ""));
    let asked = || service.seen().iter().filter(|seen| seen.path == METRICS).map(|seen| seen.at).collect::<Vec<_>>();
    let second = until(3 * SOON, "it is asked again", || asked().get(1).copied());
    // The polls in between, one each five seconds, left it out.
    let pause = second - asked()[0];
    assert!(pause >= Duration::from_secs(8), "{pause:?}");
    let seen = agent.scrape("svc");
    assert_eq!(seen.get("backpressure_published_total", &[]), Some(1000.0));
    let throttled = seen.get("service_endpoint_throttled_total", &[("endpoint", "metrics")]).unwrap();
    assert!(throttled >= 1.0, "{throttled}");
    let others = service.seen().iter().filter(|seen| seen.path == PUBLISHER).count();
    assert!(others >= 2, "the other endpoints go on: {others}");
}

#[test]
fn a_service_that_goes_away_takes_its_numbers_with_it() {
    let service = ticker();
    let agent = Agent::run(&table("ticker", &service.url(), "deadline = \"1s\""));
    agent
        .until("svc", "it is up", |seen| (seen.get("backpressure_published_total", &[]) == Some(1000.0)).then_some(()));
    for path in [METRICS, PUBLISHER, "/metrics", "/health", "/subscriptions", "/advanced/websocket-pool/stats"] {
        service.answer(path, Answer::Hang(Vec::new()));
    }
    let seen = until(2 * SOON, "it is down", || {
        Some(agent.scrape("svc")).filter(|seen| seen.get("service_up", &[]) == Some(0.0))
    });
    for name in ["backpressure_published_total", "service_health", "backpressure_level", "service_subscriptions"] {
        assert!(seen.series(name, &[]).is_empty(), "{name} is of a service that does not answer");
    }
    assert_eq!(seen.get("service_endpoint_up", &[("endpoint", "publisher-stats")]), Some(0.0));
    assert_eq!(seen.get("manometer_target_up", &[("collector", "service")]), Some(0.0));
    service.json(METRICS, &metrics()).json(PUBLISHER, &publisher());
    until(3 * SOON, "it is back", || {
        let seen = agent.scrape("svc");
        (seen.get("service_up", &[]) == Some(1.0) && seen.get("backpressure_level", &[]) == Some(1.0)).then_some(())
    });
}
