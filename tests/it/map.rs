//! `manometer map`: what it prints, where, and its exit codes.

mod explain;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::support::agent::{command, output, stderr, stdout, write};
use crate::support::fake::Fake;

/// An endpoint of numbers and one of a service's own series.
const MAPPING: &str = r#"
[[endpoint]]
name = "stats"
path = "/stats"
statuses = [200, 503]
error_at = "/error"

[[endpoint]]
name = "series"
path = "/metrics"
format = "prometheus"
pass_through = ["app_*"]

[[metric]]
name = "shop_orders_total"
endpoint = "stats"
at = "/orders"
type = "counter"

[[metric]]
name = "shop_latency_seconds"
endpoint = "stats"
at = "/latency"
parse = "quantity"

[[metric]]
name = "shop_state"
endpoint = "stats"
each = "/queues/*"
at = "/state"
labels = { queue = "$/name" }
type = "stateset"
states = ["running", "stopped"]
"#;

const BODY: &str = r#"{"orders": 12, "latency": "2.5 ms", "queues": [{"name": "in", "state": "Running"}]}"#;

/// The exposition of BODY.
const EXPOSITION: &str = "\
# HELP shop_latency_seconds Mapped from stats.
# TYPE shop_latency_seconds gauge
shop_latency_seconds 0.0025
# HELP shop_orders_total Mapped from stats.
# TYPE shop_orders_total counter
shop_orders_total 12
# HELP shop_state Mapped from stats.
# TYPE shop_state gauge
shop_state{queue=\"in\",state=\"running\"} 1
shop_state{queue=\"in\",state=\"stopped\"} 0
shop_state{queue=\"in\",state=\"unknown\"} 0
";

/// Runs `map test` on a body with MAPPING and more arguments.
fn test(body: &str, arguments: &[&str]) -> Output {
    let dir = tempfile::tempdir().unwrap();
    let (body, mapping) = (write(dir.path(), "body", body), write(dir.path(), "mapping.toml", MAPPING));
    let files = ["map", "test", "--mapping", mapping.to_str().unwrap(), "--body", body.to_str().unwrap()];
    output(&[&files[..], arguments].concat())
}

#[track_caller]
fn assert_output(output: &Output, code: i32, out: &str, err: &str) {
    assert_eq!((output.status.code(), stdout(output).as_str(), stderr(output).as_str()), (Some(code), out, err));
}

/// Answers each request with `body`, which is given the number of the request; what was asked is kept.
fn service(body: impl Fn(usize) -> String + Send + Sync + 'static) -> (Fake, Arc<Mutex<Vec<String>>>) {
    let (count, heads) = (AtomicUsize::new(0), Arc::new(Mutex::new(Vec::new())));
    let kept = Arc::clone(&heads);
    let fake = Fake::start(move |mut stream| {
        while let Some(head) = read_head(&mut stream) {
            kept.lock().unwrap().push(head);
            let body = body(count.fetch_add(1, Ordering::SeqCst));
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    });
    (fake, heads)
}

/// A request's head; `None` when the peer has gone.
fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.extend(byte);
    }
    String::from_utf8(head).ok()
}

fn http(fake: &Fake) -> String {
    fake.url().replace("redis://", "http://")
}

#[test]
fn show_prints_the_shipped_file() {
    for name in ["cache-api", "health", "load", "nginx", "pool", "rabbitmq", "ticker", "websocket"] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("crates/mapping/src/profiles/{name}.toml"));
        assert_output(&output(&["map", "show", name]), 0, &std::fs::read_to_string(file).unwrap(), "");
    }
    let list = stdout(&output(&["map", "show"]));
    let names: Vec<&str> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, ["cache-api", "health", "load", "nginx", "pool", "rabbitmq", "ticker", "websocket"]);
    let unknown = "manometer: \"tikcer\" is not a profile; there are cache-api, health, load, nginx, pool, rabbitmq, ticker, websocket\n";
    assert_output(&output(&["map", "show", "tikcer"]), 64, "", unknown);
}

#[test]
fn a_body_in_which_everything_is_found() {
    let taken = "manometer: the body is taken for that of endpoint stats\n";
    assert_output(&test(BODY, &[]), 0, EXPOSITION, taken);
    assert_output(&test(BODY, &["--endpoint", "stats", "--status", "503"]), 0, EXPOSITION, "");
}

#[test]
fn each_miss_says_what_to_do() {
    let body = r#"{"oders": 12, "latency": "2.5 hops", "queues": [{"name": "in", "state": "asleep"}]}"#;
    let expected = "\
# HELP shop_state Mapped from stats.
# TYPE shop_state gauge
shop_state{queue=\"in\",state=\"running\"} 0
shop_state{queue=\"in\",state=\"stopped\"} 0
shop_state{queue=\"in\",state=\"unknown\"} 1
";
    let misses = "\
manometer: endpoint stats: shop_orders_total at /orders: missing: the key is not there; correct the pointer, or set missing = \"ignore\" if the key may be absent; did you mean /oders?
manometer: endpoint stats: shop_latency_seconds at /latency: unit: it is \"2.5 hops\"; set unit or suffix to what stands behind the number
manometer: endpoint stats: shop_state at /queues/0/state: state: it is \"asleep\"; add the word to states or aliases
";
    assert_output(&test(body, &["--endpoint", "stats"]), 1, expected, misses);
}

#[test]
fn misses_of_a_kind_are_counted() {
    let queues: Vec<String> = (0..25).map(|number| format!(r#"{{"name": "q{number}"}}"#)).collect();
    let body = format!(r#"{{"orders": 1, "latency": 1, "queues": [{}]}}"#, queues.join(", "));
    let tested = test(&body, &["--endpoint", "stats"]);
    let text = stderr(&tested);
    assert_eq!((tested.status.code(), text.lines().count()), (Some(1), 1), "{text}");
    assert!(text.ends_with("; 24 more like it\n"), "{text}");
}

#[test]
fn a_body_that_a_poll_would_not_read() {
    let of_stats = |body, more: &[&str]| test(body, &[&["--endpoint", "stats"], more].concat());
    assert_output(
        &of_stats(BODY, &["--status", "404"]),
        1,
        "",
        "manometer: endpoint stats: with HTTP status 404 the body is not read; add it to statuses, which are 200, 503\n",
    );
    assert_output(
        &of_stats(r#"{"error": "no database", "orders": 1}"#, &[]),
        1,
        "",
        "manometer: endpoint stats: the body is an error report, for /error is there; nothing of it is exported\n",
    );
    assert_output(
        &of_stats("<html>", &[]),
        1,
        "",
        "manometer: endpoint stats: the body is an HTML page; check format, and whether it is the right body\n",
    );
    assert_output(
        &test(r#"{"unrelated": 1}"#, &[]),
        1,
        "",
        "manometer: no endpoint finds anything in the body; name it with --endpoint: there are stats, series\n",
    );
}

#[test]
fn series_of_the_services_own_pass_through() {
    let body = "# TYPE app_jobs_total counter\napp_jobs_total{kind=\"a\",target=\"x\"} 5\nother 1\n";
    let expected = "\
# HELP app_jobs_total Passed through from the service.\n# TYPE app_jobs_total counter
app_jobs_total{kind=\"a\",exported_target=\"x\"} 5
# HELP service_pass_through_refused Series of the service's own exposition that were left out of the last poll: their names belong to the agent, or their label names are invalid or duplicate.
# TYPE service_pass_through_refused gauge
service_pass_through_refused{endpoint=\"series\"} 0
";
    assert_output(&test(body, &[]), 0, expected, "manometer: the body is taken for that of endpoint series\n");
}

#[test]
fn a_profile_is_extended_by_a_mapping_and_a_body_comes_through_a_pipe() {
    let dir = tempfile::tempdir().unwrap();
    let more = "[[metric]]\nname = \"shop_age_seconds\"\nendpoint = \"load\"\nat = \"/age\"\n";
    let mapping = write(dir.path(), "more.toml", more);
    let mut command =
        command(&["map", "test", "--profile", "load", "--mapping", mapping.to_str().unwrap(), "--body", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let body = br#"{"load": 0.5, "active": 3, "queued": 1, "max_concurrent": 10, "age": 7}"#;
    child.stdin.take().unwrap().write_all(body).unwrap();
    let tested = child.wait_with_output().unwrap();
    assert_eq!((tested.status.code(), stderr(&tested).as_str()), (Some(0), ""));
    let samples: Vec<String> =
        stdout(&tested).lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
    assert_eq!(
        samples,
        [
            "service_load_ratio 0.5",
            "service_max_concurrent_requests 10",
            "service_requests{state=\"active\"} 3",
            "service_requests{state=\"queued\"} 1",
            "shop_age_seconds 7",
        ]
    );
}

#[test]
fn wrong_usage_is_told_from_a_wrong_body() {
    let dir = tempfile::tempdir().unwrap();
    let broken = write(dir.path(), "broken.toml", "[[endpoint]]\nname = \"a\"\n");
    let large = write(dir.path(), "large", &"x".repeat(1024 * 1024 + 1));
    let (broken, large) = (broken.to_str().unwrap(), large.to_str().unwrap());
    for (arguments, expected) in [
        (&["--body", broken][..], "required arguments were not provided"),
        (&["--body", broken, "--profile", "none"], "\"none\" is not a profile; there are"),
        (&["--body", broken, "--mapping", broken], "endpoint[0].path: is missing; write the path"),
        (&["--body", broken, "--mapping", "/nonexistent"], "/nonexistent: cannot be read: No such file"),
        (&["--body", "/nonexistent", "--profile", "load"], "/nonexistent: cannot be read: No such file"),
        (&["--body", large, "--profile", "load"], "is larger than 1048576 bytes, which no answer may be"),
        (&["--body", broken, "--profile", "load", "--endpoint", "b"], "no endpoint is named \"b\"; there are load"),
        (&["--body", broken, "--config", broken, "--target", "a", "--profile", "load"], "cannot be used with"),
        (&["--body", broken, "--config", broken], "required arguments were not provided"),
    ] {
        let tested = output(&[&["map", "test"], arguments].concat());
        let text = stderr(&tested);
        assert_eq!((tested.status.code(), stdout(&tested).as_str()), (Some(64), ""), "{arguments:?}: {text}");
        assert!(text.contains(expected), "{expected:?} is not in {text}");
    }
}

#[test]
fn a_draft_holds_on_what_the_service_says() {
    let body = |number: usize| {
        let size = 9 - number;
        format!(
            r#"{{"orders": {}, "size": {size}, "latency_ms": 2.5, "memory": "512.5 MB", "state": "running",
                "queues": [{{"name": "in", "waiting": {size}}}], "cache": {{"hits": 3}}, "version": "1.2",
                "at": "2025-10-31T12:00:0{number}Z", "note": "swordfish"}}"#,
            10 + number
        )
    };
    let (fake, heads) = service(body);
    let dir = tempfile::tempdir().unwrap();
    let headers = write(dir.path(), "headers", "X-Key: tuna\n");
    let url = format!("{}/stats?all=1", http(&fake));
    let arguments = ["map", "discover", &url, "--interval", "1s", "--header-file", headers.to_str().unwrap()];
    let drafted = output(&arguments);
    let text = stdout(&drafted);
    assert_eq!(drafted.status.code(), Some(0), "{}", stderr(&drafted));
    assert!(stderr(&drafted).starts_with("manometer: 8 drafted, 2 left out;"), "{}", stderr(&drafted));
    assert!(!text.contains("swordfish") && !text.contains("tuna"), "{text}");
    for rule in [
        "# 10, then 11; it rose between the samples; a gauge if it can fall.\n[[metric]]\nname = \"app_orders_total\"\n",
        "# 9, then 8; it fell between the samples.\n[[metric]]\nname = \"app_size\"\n",
        "\nname = \"app_latency_seconds\"\nendpoint = \"stats\"\nat = \"/latency_ms\"\nunit = \"ms\"\n",
        "\nname = \"app_memory_bytes\"\nendpoint = \"stats\"\nat = \"/memory\"\nparse = \"quantity\"\nsuffix = \"MB\"\n",
        "\nname = \"app_queues_waiting\"\nendpoint = \"stats\"\neach = \"/queues/*\"\nat = \"/waiting\"\n\
         labels = { queue = \"$/name\" }\n",
        "\nname = \"redis_cache_hits\"\n",
    ] {
        assert!(text.contains(rule), "{rule} is not in\n{text}");
    }
    {
        let heads = heads.lock().unwrap();
        assert_eq!(heads.len(), 2);
        assert!(heads.iter().all(|head| head.starts_with("GET /stats?all=1 ") && head.contains("x-key: tuna\r\n")));
    }
    let draft = write(dir.path(), "draft.toml", &text);
    for number in 0..2 {
        let sample = write(dir.path(), "sample", &body(number));
        let tested = output(&["map", "test", "--mapping", draft.to_str().unwrap(), "--body", sample.to_str().unwrap()]);
        assert_eq!((tested.status.code(), stderr(&tested).as_str()), (Some(0), ""));
        assert!(stdout(&tested).contains(&format!("\napp_orders_total {}\n", 10 + number)));
    }
}

#[test]
fn a_whole_service_is_drafted_that_the_agent_takes() {
    let (fake, _) = service(|number| format!(r#"{{"orders": {number}}}"#));
    let url = format!("{}/stats", http(&fake));
    let drafted = output(&["map", "discover", &url, "--interval", "1s", "--name", "shop", "--service"]);
    assert_eq!(drafted.status.code(), Some(0), "{}", stderr(&drafted));
    let dir = tempfile::tempdir().unwrap();
    let file = write(dir.path(), "config.toml", &stdout(&drafted));
    let file = file.to_str().unwrap();
    let checked = output(&["config", "check", file]);
    assert_eq!(checked.status.code(), Some(0), "{}", stderr(&checked));
    assert!(stdout(&checked).starts_with(&format!("{file}: valid, 1 target\n")), "{}", stdout(&checked));
    let explained = output(&["map", "explain", "shop_orders_total", "--config", file, "--target", "shop"]);
    assert_output(
        &explained,
        0,
        "shop_orders_total: counter. Mapped from stats.\n\n\
         Rule 1 of 1: endpoint stats, path \"/stats\"\n  at /orders\n  a number\n  /orders: 2 -> 2\n  \
         wins: it is the only rule\n\nExported:\n  shop_orders_total 2\n",
        "",
    );
    let unknown = output(&["map", "explain", "shop_orders_total", "--config", file, "--target", "shpo"]);
    assert_output(&unknown, 64, "", "manometer: no service is named \"shpo\"; there are shop\n");
}

#[test]
fn discover_says_why_there_is_no_draft() {
    let (empty, _) = service(|_| "{}".to_owned());
    let drafted = output(&["map", "discover", &http(&empty), "--interval", "1s"]);
    assert_eq!(drafted.status.code(), Some(1));
    assert_eq!(stderr(&drafted), "manometer: nothing in the body can be mapped; is it the right address?\n");
    let (page, _) = service(|_| "<html>".to_owned());
    let drafted = output(&["map", "discover", &http(&page), "--interval", "1s"]);
    assert_eq!(drafted.status.code(), Some(1));
    assert!(stderr(&drafted).contains("the body is an HTML page; is it the address of an endpoint"));
    let missing = Fake::saying(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", true);
    let drafted = output(&["map", "discover", &format!("{}/a?key=swordfish", http(&missing)), "--interval", "1s"]);
    assert_output(&drafted, 1, "", "manometer: GET /a: HTTP status 404; check the path of the URL\n");
    for (arguments, expected) in [
        (&["http://user:swordfish/x@127.0.0.1"][..], "the URL has an @ where none belongs"),
        (&["http://127.0.0.1", "--interval", "1ms"], "must be from 1s to 1h"),
        (&["http://127.0.0.1", "--name", "redis"], "names that begin with redis_ are the agent's own"),
        (&["http://127.0.0.1", "--header-file", "/nonexistent"], "/nonexistent: cannot be read"),
    ] {
        let drafted = output(&[&["map", "discover"], arguments].concat());
        let text = stderr(&drafted);
        assert_eq!(drafted.status.code(), Some(64), "{text}");
        assert!(text.contains(expected) && !text.contains("swordfish"), "{text}");
    }
}
