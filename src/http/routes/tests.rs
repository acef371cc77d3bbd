use std::time::{Duration, SystemTime};

use http_body_util::BodyExt as _;
use hyper::header::{ACCEPT_ENCODING, CONTENT_TYPE, HOST, HeaderName};

use super::*;
use crate::hub::{PollError, Reason, TargetStatus};
use crate::metric::{Families, Metric};

const UP: Metric<0> = Metric::gauge("redis_up", &[], "Up.");

fn status(name: &str, polled: bool, error: Option<PollError>) -> TargetStatus {
    TargetStatus {
        key: Key::of(name),
        source: None,
        labels: Arc::default(),
        collector: "redis",
        address: "10.0.0.7:6379".to_owned(),
        interval: Duration::from_secs(10),
        polls: 4,
        failures: u64::from(error.is_some()),
        last_duration: Duration::from_micros(1500),
        last_poll: polled.then(|| SystemTime::UNIX_EPOCH + Duration::from_hours(24)),
        error,
        excerpts: Vec::new(),
        notes: Vec::new(),
    }
}

fn routes() -> (Routes, mpsc::Receiver<ReloadRequest>) {
    let hub = Arc::new(Hub::new(|_| {}));
    let mut families = Families::new();
    families.push(&UP, [], 1.0);
    hub.publish(status("main", true, None), families);
    let (sender, receiver) = mpsc::channel(1);
    (Routes::new(hub, sender, Arc::default(), Box::new(|_| None)), receiver)
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

async fn ask(routes: &Routes, method: Method, uri: &str, headers: &[(HeaderName, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let response = routes.handle(request.body(()).unwrap()).await;
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let body = String::from_utf8_lossy(&bytes).into_owned();
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

async fn get(routes: &Routes, uri: &str) -> Answer {
    ask(routes, Method::GET, uri, &[]).await
}

#[tokio::test]
async fn metrics_carry_the_target_and_scrape_does_not() {
    let (routes, _reloads) = routes();
    let metrics = get(&routes, "/metrics").await;
    assert_eq!(metrics.status, 200);
    assert_eq!(metrics.headers[CONTENT_TYPE], "text/plain; version=0.0.4; charset=utf-8");
    assert_eq!(metrics.body, "# HELP redis_up Up.\n# TYPE redis_up gauge\nredis_up{target=\"main\"} 1\n");
    let scrape = get(&routes, "/scrape?target=main").await;
    assert_eq!(scrape.body, "# HELP redis_up Up.\n# TYPE redis_up gauge\nredis_up 1\n");
    let gzip = ask(&routes, Method::GET, "/metrics", &[(ACCEPT_ENCODING, "gzip")]).await;
    assert_eq!(gzip.headers[CONTENT_ENCODING], "gzip");
}

/// A hub in which each rendering waits for its turn, and changes meanwhile: how many have begun, and what lets one go on.
fn slow_routes() -> (Arc<Routes>, Arc<AtomicU64>, std::sync::mpsc::Sender<()>) {
    let (begun, (go_on, turns)) = (Arc::new(AtomicU64::new(0)), std::sync::mpsc::channel());
    let turns = Mutex::new(turns);
    let hub = Hub::new({
        let begun = Arc::clone(&begun);
        move |_| {
            begun.fetch_add(1, Ordering::SeqCst);
            turns.lock().recv().unwrap();
        }
    });
    let (sender, _) = mpsc::channel(1);
    (Arc::new(Routes::new(Arc::new(hub), sender, Arc::default(), Box::new(|_| None))), begun, go_on)
}

#[tokio::test]
async fn scrapers_that_come_meanwhile_share_the_next_rendering() {
    let (routes, begun, go_on) = slow_routes();
    let scrape = || {
        let routes = Arc::clone(&routes);
        tokio::spawn(async move { get(&routes, "/metrics").await.body })
    };
    let first = scrape();
    while begun.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    let waiting: Vec<_> = (0..10).map(|_| scrape()).collect();
    tokio::task::yield_now().await;
    let mut families = Families::new();
    families.push(&UP, [], 1.0);
    routes.hub.publish(status("main", true, None), families);
    // Who goes away costs nobody anything, not even the one that all wait for.
    waiting[0].abort();
    for _ in 0..2 {
        go_on.send(()).unwrap();
    }
    assert_eq!(first.await.unwrap(), "");
    for scrape in waiting.into_iter().skip(1) {
        assert_eq!(scrape.await.unwrap(), "# HELP redis_up Up.\n# TYPE redis_up gauge\nredis_up{target=\"main\"} 1\n");
    }
    assert_eq!(begun.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn an_unknown_target_is_counted_and_never_repeated() {
    let (routes, _reloads) = routes();
    let unknown = get(&routes, "/scrape?target=redis://:hunter2@10.0.0.9:6379").await;
    assert_eq!(unknown.status, 404);
    assert!(!unknown.body.contains("hunter2"), "{}", unknown.body);
    assert_eq!(routes.unknown_targets.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn methods_and_paths_are_checked() {
    let (routes, _reloads) = routes();
    let post = ask(&routes, Method::POST, "/metrics", &[]).await;
    assert_eq!((post.status, post.headers[ALLOW].to_str().unwrap()), (405, "GET, HEAD"));
    let reload = get(&routes, "/-/reload").await;
    assert_eq!((reload.status, reload.headers[ALLOW].to_str().unwrap()), (405, "POST, PUT"));
    assert_eq!(get(&routes, "/nothing").await.status, 404);
    assert_eq!(ask(&routes, Method::HEAD, "/metrics", &[]).await.status, 200);
}

#[tokio::test]
async fn ready_when_every_target_was_polled_once() {
    let (routes, _reloads) = routes();
    assert_eq!(get(&routes, "/-/ready").await.status, 200);
    routes.hub.publish(status("second", false, None), Families::new());
    let waiting = get(&routes, "/-/ready").await;
    assert_eq!((waiting.status, waiting.body.as_str()), (503, "1 targets have not been polled yet\n"));
    assert_eq!(get(&routes, "/-/healthy").await.status, 200);
}

#[tokio::test]
async fn the_state_of_a_failing_target_is_told() {
    let (routes, _reloads) = routes();
    let error = PollError::new(Reason::Refused, "connecting to 10.0.0.7:6379", "<refused>", "start it");
    let notes = vec!["CLIENT LIST is left out: <too many>".to_owned()];
    routes.hub.publish(TargetStatus { notes, ..status("broken & co", true, Some(error)) }, Families::new());
    let json: serde_json::Value = serde_json::from_str(&get(&routes, "/api/v1/targets").await.body).unwrap();
    let target = &json["data"]["targets"][0];
    assert_eq!(target["health"], "down");
    assert_eq!(target["lastErrorReason"], "refused");
    assert_eq!(target["lastError"], "connecting to 10.0.0.7:6379: <refused>; start it");
    assert_eq!(target["lastPoll"], "1970-01-02T00:00:00.000Z");
    assert_eq!(target["lastPollDuration"], 0.0015);
    assert_eq!(target["notes"], serde_json::json!(["CLIENT LIST is left out: <too many>"]));
    assert_eq!(json["data"]["targets"][1]["health"], "up");
    assert_eq!(json["data"]["targets"][1].get("notes"), None);
    let page = get(&routes, "/").await.body;
    assert!(page.contains("1 of 2 targets up"), "{page}");
    assert!(page.contains("<a href=\"/scrape?target=broken+%26+co\">broken &amp; co</a>"), "{page}");
    assert!(page.contains("CLIENT LIST is left out: &lt;too many&gt;"), "{page}");
    assert!(page.contains("connecting to 10.0.0.7:6379: &lt;refused&gt;; start it"), "{page}");
}

#[tokio::test]
async fn service_discovery_leads_back_to_this_agent() {
    let (routes, _reloads) = routes();
    let answer = ask(&routes, Method::GET, "/sd", &[(HOST, "agent:10121")]).await;
    let json: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    let main = serde_json::json!({
        "targets": ["agent:10121"],
        "labels": {
            "__metrics_path__": "/scrape",
            "__param_target": "main",
            "__meta_manometer_collector": "redis",
            "__meta_manometer_address": "10.0.0.7:6379",
            "target": "main",
            "instance": "10.0.0.7:6379",
        },
    });
    let own = serde_json::json!({
        "targets": ["agent:10121"],
        "labels": {
            "__metrics_path__": "/scrape",
            "__meta_manometer_collector": "agent",
            "instance": "agent:10121",
        },
    });
    assert_eq!(json, serde_json::json!([main, own]));
    for (query, expected) in [("redis", vec![main]), ("agent", vec![own]), ("docker", Vec::new())] {
        let answer = ask(&routes, Method::GET, &format!("/sd?collector={query}"), &[(HOST, "agent:10121")]).await;
        let json: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(json, serde_json::json!(expected), "{query}");
    }
}

#[tokio::test]
async fn site_and_labels_of_a_target_are_on_metrics_and_in_the_discovery_and_not_on_its_scrape() {
    let (routes, _reloads) = routes();
    routes.hub.set_site(Some("fra".to_owned()));
    let mut families = Families::new();
    families.push(&UP, [], 1.0);
    let labels = Arc::from([("team".to_owned(), "feeds".to_owned())]);
    routes.hub.publish(TargetStatus { labels, ..status("main", true, None) }, families);
    let metrics = get(&routes, "/metrics").await.body;
    assert!(metrics.contains("redis_up{target=\"main\",site=\"fra\",team=\"feeds\"} 1\n"), "{metrics}");
    let alone = get(&routes, "/scrape?target=main").await.body;
    assert!(alone.contains("redis_up 1\n"), "{alone}");
    let answer = ask(&routes, Method::GET, "/sd", &[(HOST, "agent:10121")]).await;
    let json: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((&json[0]["labels"]["site"], &json[0]["labels"]["team"]), (&"fra".into(), &"feeds".into()));
    assert_eq!((&json[1]["labels"]["site"], json[1]["labels"].get("team")), (&"fra".into(), None));
}

#[tokio::test]
async fn a_reload_answers_with_its_outcome() {
    let (routes, mut reloads) = routes();
    let off = "Lifecycle API is not enabled.\nsend SIGHUP, or start the agent with --web.enable-lifecycle\n";
    for method in [Method::POST, Method::PUT] {
        let answer = ask(&routes, method, "/-/reload", &[]).await;
        assert_eq!((answer.status, answer.body.as_str()), (403, off));
    }
    routes.configure(Settings { enable_lifecycle: true, ..Settings::default() });
    for (name, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        let page = [(HOST, "10.0.0.7:10121"), (HeaderName::from_static(name), value)];
        let answer = ask(&routes, Method::POST, "/-/reload", &page).await;
        let refused = "a page of another site may not reload the agent; ask for it by curl, or send SIGHUP\n";
        assert_eq!((answer.status, answer.body.as_str()), (403, refused), "{name}");
    }
    assert!(reloads.is_empty(), "who may not reload does not");
    let agent = tokio::spawn(async move {
        for outcome in [Ok(()), Ok(()), Err("config.toml:1: bad".to_owned())] {
            reloads.recv().await.unwrap().send(outcome).unwrap();
        }
    });
    assert_eq!(ask(&routes, Method::PUT, "/-/reload", &[]).await.status, 200);
    let ok = ask(&routes, Method::POST, "/-/reload", &[]).await;
    assert_eq!((ok.status, ok.body.as_str()), (200, "configuration reloaded\n"));
    let bad = ask(&routes, Method::POST, "/-/reload", &[]).await;
    assert_eq!((bad.status, bad.body.as_str()), (500, "the old configuration stays:\nconfig.toml:1: bad\n"));
    agent.await.unwrap();
    let gone = ask(&routes, Method::POST, "/-/reload", &[]).await;
    assert_eq!(gone.status, 503);
}
