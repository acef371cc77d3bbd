//! Status pages as real servers print them, and what it takes to map them: 25 lines at most.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::testing::mapping;
use crate::{Evaluation, Mapping, MissReason, Reading, Unreadable, evaluate};

/// The series of one body, in the order of the rules.
#[track_caller]
fn series(text: &str, endpoint: usize, body: &[u8]) -> Vec<String> {
    assert!(text.lines().count() <= 25, "{} lines", text.lines().count());
    let mapping = mapping(text);
    let tree = mapping.endpoints[endpoint].read(body).unwrap().tree;
    let evaluation = evaluate(&mapping, endpoint, &tree);
    assert_eq!(evaluation.misses, []);
    shown(&mapping, &evaluation)
}

fn shown(mapping: &Arc<Mapping>, evaluation: &Evaluation) -> Vec<String> {
    let all = evaluation.points.iter().flat_map(|(rule, points)| points.iter().map(|point| (*rule, point)));
    let text = all.map(|(rule, point)| {
        let definition = &mapping.rules[rule].definition;
        let labels: Vec<String> =
            definition.labels.iter().zip(&point.labels).map(|(name, value)| format!("{name}={value}")).collect();
        let value = match point.reading {
            Reading::Number(number) => number.to_string(),
            state => format!("{state:?}"),
        };
        format!("{}{{{}}} {value}", definition.name, labels.join(","))
    });
    text.collect()
}

const NGINX: &str = r#"
[[endpoint]]
name = "status"
path = "/stub_status"
format = "text"
patterns = [
    '^Active connections: (?<active>\d+)',
    '^ *(?<accepted>\d+) (?<handled>\d+) (?<requests>\d+)',
    '^Reading: (?<reading>\d+) Writing: (?<writing>\d+) Waiting: (?<waiting>\d+)',
]
"#;

const NGINX_METRICS: &str = r#"
metric = [
    { name = "nginx_connections_active", at = "/active" },
    { name = "nginx_connections_reading", at = "/reading" },
    { name = "nginx_connections_writing", at = "/writing" },
    { name = "nginx_connections_waiting", at = "/waiting" },
    { name = "nginx_http_requests_total", type = "counter", at = "/requests" },
]
"#;

const STUB_STATUS: &[u8] = b"Active connections: 291 \nserver accepts handled requests\n 16630948 16630946 31070465 \n\
                             Reading: 6 Writing: 179 Waiting: 106 \n";

#[test]
fn nginx_stub_status() {
    assert_eq!(
        series(&format!("{NGINX_METRICS}{NGINX}"), 0, STUB_STATUS),
        [
            "nginx_connections_active{} 291",
            "nginx_connections_reading{} 6",
            "nginx_connections_writing{} 179",
            "nginx_connections_waiting{} 106",
            "nginx_http_requests_total{} 31070465",
        ]
    );
}

#[test]
fn a_part_of_a_text_that_no_pattern_matches_is_counted() {
    let mapping = mapping(&format!("{NGINX_METRICS}{NGINX}"));
    let read = |body: &[u8]| mapping.endpoints[0].read(body);
    let cut = read(b"Active connections: 291 \nserver accepts handled requests\n").unwrap();
    let evaluation = evaluate(&mapping, 0, &cut.tree);
    assert_eq!(shown(&mapping, &evaluation), ["nginx_connections_active{} 291"]);
    let misses: Vec<_> = evaluation.misses.iter().map(|miss| (miss.rule, miss.reason, miss.at.to_string())).collect();
    let unmatched = |rule, at: &str| (rule, MissReason::Unmatched, at.to_owned());
    assert_eq!(
        misses,
        [unmatched(1, "/reading"), unmatched(2, "/writing"), unmatched(3, "/waiting"), unmatched(4, "/requests")]
    );
    assert_eq!(read(b"<html><title>Log in</title>"), Err(Unreadable::Html));
    assert_eq!(read(b"Please log in first\n"), Err(Unreadable::Unmatched));
    assert_eq!(read(b" \n"), Err(Unreadable::Empty));
}

#[test]
fn apache_server_status() {
    let text = r#"
metric = [
    { name = "apache_workers", at = "/BusyWorkers", labels = { state = "busy" } },
    { name = "apache_workers", at = "/IdleWorkers", labels = { state = "idle" } },
    { name = "apache_accesses_total", type = "counter", at = "/Total Accesses" },
    { name = "apache_sent_bytes_total", type = "counter", at = "/Total kBytes", unit = "KiB" },
    { name = "apache_uptime_seconds", at = "/ServerUptimeSeconds" },
    { name = "apache_cpu_ratio", at = "/CPULoad", unit = "percent" },
    { name = "apache_version", type = "info", labels = { version = "$/version" } },
    { name = "apache_scoreboard", each = "/slots/*", parse = "count", labels = { state = "$/state" }, limit = 11 },
]

[[endpoint]]
name = "status"
path = "/server-status?auto"
format = "text"
patterns = ['^(?<key>[^:\n]+): (?<value>.*)$', '^ServerVersion: (?<version>\S+)']
lists = { slots = ['^Scoreboard: (?<slots>.*)$', '(?<state>.)'] }
"#;
    let body = b"localhost\nServerVersion: Apache/2.4.57 (Debian)\nServerMPM: event\nServerUptimeSeconds: 3661\n\
        Load1: 0.12\nTotal Accesses: 4096\nTotal kBytes: 12\nTotal Duration: 33\nCPUUser: .01\nCPULoad: .0201\n\
        Uptime: 3661\nReqPerSec: 1.11882\nBytesPerReq: 3\nBusyWorkers: 1\nIdleWorkers: 49\nScoreboard: W__K_.\n";
    assert_eq!(
        series(text, 0, body),
        [
            "apache_workers{state=busy} 1",
            "apache_workers{state=idle} 49",
            "apache_accesses_total{} 4096",
            "apache_sent_bytes_total{} 12288",
            "apache_uptime_seconds{} 3661",
            "apache_cpu_ratio{} 0.000201",
            "apache_version{version=Apache/2.4.57} 1",
            "apache_scoreboard{state=.} 1",
            "apache_scoreboard{state=K} 1",
            "apache_scoreboard{state=W} 1",
            "apache_scoreboard{state=_} 3",
        ]
    );
}

/// A queue of `RabbitMQ`'s management API, as far as it matters.
fn queue(vhost: &str, name: &str, ready: u32, unacked: u32) -> Json {
    serde_json::json!({
        "vhost": vhost, "name": name, "messages_ready": ready, "messages_unacknowledged": unacked,
        "message_stats": {"publish": ready + unacked}, "state": "running",
    })
}

#[test]
fn rabbitmq_with_two_vhosts() {
    let text = r#"
endpoint = [
    { name = "queues", path = "/api/queues" },
    { name = "consumers", path = "/api/consumers" },
    { name = "nodes", path = "/api/nodes" },
]
[[metric]]
name = "rabbitmq_queue_messages_ready"
endpoint = "queues"
each = "/*"
at = "/messages_ready"
labels = { vhost = "$/vhost", queue = "$/name" }
[[metric]]
name = "rabbitmq_queue_consumers"
endpoint = "consumers"
each = "/*"
parse = "count"
labels = { vhost = "$/queue/vhost", queue = "$/queue/name" }
[[metric]]
name = "rabbitmq_node_mem_ratio"
endpoint = "nodes"
each = "/[running=true]"
at = "/mem_used"
divided_by = "/mem_limit"
labels = { node = "$/name" }
"#
    .trim();
    let queues = Json::from(vec![queue("/", "orders", 1460, 40), queue("shop", "orders", 7, 0)]);
    let consumer = |vhost: &str| serde_json::json!({"queue": {"vhost": vhost, "name": "orders"}, "prefetch_count": 40});
    let consumers = Json::from(vec![consumer("/"), consumer("shop"), consumer("/")]);
    let nodes = serde_json::json!([
        {"name": "rabbit@a", "running": true, "mem_used": 250, "mem_limit": 1000},
        {"name": "rabbit@b", "running": false},
    ]);
    let of = |endpoint, body: &Json| series(text, endpoint, body.to_string().as_bytes());
    assert_eq!(
        of(0, &queues),
        [
            "rabbitmq_queue_messages_ready{queue=orders,vhost=/} 1460",
            "rabbitmq_queue_messages_ready{queue=orders,vhost=shop} 7",
        ]
    );
    assert_eq!(
        of(1, &consumers),
        ["rabbitmq_queue_consumers{queue=orders,vhost=/} 2", "rabbitmq_queue_consumers{queue=orders,vhost=shop} 1"]
    );
    assert_eq!(of(2, &nodes), ["rabbitmq_node_mem_ratio{node=rabbit@a} 0.25"]);
}
