use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use reader::Reader;

use crate::{Mapping, evaluate, testing};

fn source(path: &str) -> DraftOptions {
    DraftOptions {
        url: "http://127.0.0.1:8080".to_owned(),
        path: path.to_owned(),
        status: 200,
        pause: Duration::from_secs(5),
        prefix: "app_".to_owned(),
        service: None,
    }
}

fn of(source: &DraftOptions, first: &Json, second: &Json) -> Draft {
    draft(source, first.to_string().as_bytes(), second.to_string().as_bytes()).unwrap()
}

/// The mapping of a drafted `[[service]]`; its other keys are the configuration's.
fn of_service(draft: &Draft) -> Arc<Mapping> {
    let reader = Reader::new(&draft.text, Path::new("config.toml"), &|_| None);
    let mapping = reader.root().map(|mut root| crate::read(&mut root.tables("service").remove(0), &Arc::default()));
    reader.finish(mapping).unwrap_or_else(|error| panic!("{error}\n{}", draft.text))
}

/// The mapping of a draft, which must hold on both samples.
#[track_caller]
fn checked(draft: &Draft, samples: &[&Json]) -> Arc<Mapping> {
    let mapping = testing::mapping(&draft.text);
    for sample in samples {
        let misses = evaluate(&mapping, 0, sample).misses;
        assert!(misses.is_empty(), "{misses:?}\n{}", draft.text);
    }
    assert_eq!(mapping.rules.len(), draft.rules);
    mapping
}

#[test]
fn a_small_service() {
    let body = |orders: u32, size: u32| {
        json!({
            "timestamp": format!("2025-10-31T12:00:{orders}Z"),
            "orders": orders,
            "version": "1.2.3",
            "memory_mb": 512,
            "queues": [{"name": "a", "size": 1}, {"name": "b", "size": size}],
            "cache": {"hits": orders, "hitRatio": "99.70%"},
            "state": "running",
            "last_error": null,
            "note": "free text",
        })
    };
    let (first, second) = (body(10, 7), body(15, 5));
    let drafted = of(&source("/stats?all=1"), &first, &second);
    assert_eq!((drafted.rules, drafted.left_out), (7, 3));
    checked(&drafted, &[&first, &second]);
    let expected = r#"# A draft for http://127.0.0.1:8080/stats, made of two samples 5s apart.
# It knows what was seen, not what is meant: look at names, types and units.
# In config.toml the tables are [[service.endpoint]] and [[service.metric]], below their [[service]].

[[endpoint]]
name = "stats"
path = "/stats?all=1"
# The body says when it was made; this leaves out what is too old:
# freshness = { at = "/timestamp", max_age = "60s" }

# "99.70%" in both samples.
[[metric]]
name = "app_cache_hit_ratio"
endpoint = "stats"
at = "/cache/hitRatio"
parse = "quantity"

# 10, then 15; a name of the vocabulary.
[[metric]]
name = "redis_cache_hits"
endpoint = "stats"
at = "/cache/hits"

# Left out: /last_error: it was null in both samples.

# 512 in both samples; taken for multiples of 1024, as most services count; else write kB, MB or GB.
[[metric]]
name = "app_memory_bytes"
endpoint = "stats"
at = "/memory_mb"
unit = "MiB"

# Left out: /note: a text, which is not a measurement.

# 10, then 15; it rose between the samples; a gauge if it can fall.
[[metric]]
name = "app_orders_total"
endpoint = "stats"
at = "/orders"
type = "counter"

# 2 elements; of "b" 7, then 5; it fell between the samples.
[[metric]]
name = "app_queues_size"
endpoint = "stats"
each = "/queues/*"
at = "/size"
labels = { queue = "$/name" }

# "running" in both samples; add the states that were not seen.
[[metric]]
name = "app_state"
endpoint = "stats"
at = "/state"
type = "stateset"
states = ["running"]

# "2025-10-31T12:00:10Z", then "2025-10-31T12:00:15Z".
[[metric]]
name = "app_timestamp_seconds"
endpoint = "stats"
at = "/timestamp"
parse = "timestamp"

# Left out: /version: an id or a version, which is not a measurement.
"#;
    assert_eq!(drafted.text, expected);
}

#[test]
fn what_does_not_hold_is_left_out() {
    let body = json!({"big": 9_007_199_254_740_993_u64, "broken": "NaN", "pair": [{"id": 1, "state": "up"}, {"id": 1, "state": "down"}]});
    let drafted = of(&source("/"), &body, &body);
    assert_eq!((drafted.rules, drafted.left_out), (0, 3));
    let left_out: Vec<&str> = drafted.text.lines().filter(|line| line.starts_with("# Left out")).collect();
    assert_eq!(
        left_out,
        [
            "# Left out: /big: precision; nothing is wrong with the mapping: a sample has 53 bits.",
            "# Left out: /broken: a text, which is not a measurement.",
            "# Left out: /pair/*/state: duplicate; add a label that tells the elements apart, or set merge to what they become.",
        ]
    );
}

#[test]
fn values_of_one_name_get_two() {
    let body = json!({"a": {"b_c": 1}, "a_b": {"c": 1}, "uptime": "1h", "uptime_seconds": 5});
    let mapping = checked(&of(&source("/"), &body, &body), &[&body]);
    let names: Vec<&str> = mapping.rules.iter().map(|rule| &*rule.definition.name).collect();
    assert_eq!(names, ["app_a_b_c", "app_a_b_c_2", "app_uptime_seconds", "app_uptime_2_seconds"]);
}

#[test]
fn states_of_many_elements_all_have_a_place() {
    let items: Vec<Json> = (0..30).map(|number| json!({"name": format!("n{number}"), "state": "up"})).collect();
    let body = json!({"workers": items});
    let mapping = checked(&of(&source("/"), &body, &body), &[&body]);
    assert_eq!(mapping.rules[0].limit, 32);
}

#[test]
fn a_draft_is_no_longer_than_people_read() {
    let wide: Json = (0..300).map(|number| ("x".repeat(number + 1), json!(number))).collect();
    let drafted = of(&source("/"), &wide, &wide);
    assert_eq!((drafted.rules, drafted.left_out), (MAX_RULES, 100));
    checked(&drafted, &[&wide]);
}

#[test]
fn an_exposition_is_passed_through() {
    let text =
        "# TYPE ticker_in_total counter\nticker_in_total 5\nticker_in_rate{x=\"y\"} 1\nprocess_cpu 1\npython_gc 3\n";
    let drafted = draft(&source("/metrics"), text.as_bytes(), text.as_bytes()).unwrap();
    let expected = r#"
[[endpoint]]
name = "metrics"
path = "/metrics"
format = "prometheus"
# "process_*" 1 families: left out, such names are the agent's own.
# "python_*" 1 families: left out, they are of the runtime; add the pattern for them.
# "ticker_*" 2 families: passed through.
pass_through = ["ticker_in_*"]
"#;
    assert!(drafted.text.ends_with(expected), "{}", drafted.text);
    let mapping = testing::mapping(&drafted.text);
    assert!(mapping.endpoints[0].pass_through.matches("ticker_in_total"));
    let two = draft(&source("/metrics"), b"a_x 1\nb_x 1\nup 1\n", b"a_x 1\n").unwrap();
    assert!(two.text.ends_with("pass_through = [\"a_*\", \"b_*\"]\n"), "{}", two.text);
}

#[test]
fn a_log_line_is_python() {
    let line = b"pool: {'max_connections': 50, 'in_use': 3, 'retry': True}";
    let drafted = draft(&source("/pool"), line, line).unwrap();
    assert_eq!(drafted.rules, 3);
    assert!(drafted.text.contains("\nformat = \"python\"\n"), "{}", drafted.text);
}

#[test]
fn what_is_no_body_is_refused() {
    let refused = |bytes: &[u8]| draft(&source("/"), bytes, bytes).unwrap_err().to_string();
    assert_eq!(refused(b""), "the body is empty");
    assert_eq!(refused(b"<html>"), "the body is an HTML page");
    assert_eq!(refused(b"hello world"), "the body cannot be read: expected value at line 1 column 1");
}

#[test]
fn names_that_are_the_agents_own_are_refused() {
    assert_eq!(prefix("orderService").as_deref(), Ok("order_service_"));
    assert_eq!(prefix("redis").unwrap_err(), "names that begin with redis_ are the agent's own; choose another name");
    assert_eq!(prefix("9lives").unwrap_err(), "\"9lives\" does not begin with a letter; names of metrics do");
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        "[a-z]{0,8}".prop_map(Json::from),
        "\\PC{0,12}".prop_map(Json::from),
        "[0-9]{1,4}(\\.[0-9])?( ?(ms|MB|%|ticks/sec))?".prop_map(Json::from),
    ];
    let key = prop_oneof![
        "(state|status|level|total|count|hits|cache|accounts|dependencies|by_x|name|time|uptime_ms|a/b|~|\\*|\\$\\{A\\})",
        "\\PC{0,6}",
        "[A-Z0-9]{2,5}",
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
            prop::collection::btree_map(key.clone(), inner, 0..6)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_said_the_draft_holds(first in any_json(), second in any_json()) {
        // A text alone may be read in another format, or not at all.
        let (first, second) = (json!({ "body": first }), json!({ "body": second }));
        for second in [&first, &second] {
            let drafted = of(&source("/x"), &first, second);
            checked(&drafted, &[&first, second]);
            let service = of(&DraftOptions { service: Some("app".to_owned()), ..source("/x") }, &first, second);
            prop_assert_eq!(of_service(&service).rules.len(), drafted.rules);
        }
    }
}

#[test]
fn queues_and_workers_are_labels_and_what_they_have_are_gauges() {
    let counts = json!({"waiting": 7, "active": 1, "completed": 90, "failed": 2});
    let bull = json!({"mail": counts, "img": counts});
    let drafted = of(&source("/counts"), &bull, &bull);
    let mapping = checked(&drafted, &[&bull]);
    let names: Vec<&str> = mapping.rules.iter().map(|rule| &*rule.definition.name).collect();
    assert_eq!(names, ["app_active", "app_completed", "app_failed", "app_waiting"]);
    assert!(
        drafted.text.contains("each = \"/*\"\nat = \"/failed\"\nlabels = { item = \"$key\" }\n"),
        "{}",
        drafted.text
    );
    let flower = json!({"w1@localhost": {"pool": {"max-concurrency": 4}, "pid": 17, "uptime": 60}});
    let drafted = of(&source("/api/workers"), &flower, &flower);
    assert!(!drafted.text.contains("w1_localhost"), "{}", drafted.text);
    let mapping = checked(&drafted, &[&flower]);
    let names: Vec<&str> = mapping.rules.iter().map(|rule| &*rule.definition.name).collect();
    assert_eq!(names, ["app_pool_max_concurrency", "app_uptime"]);
    let mixed = json!({"w1@localhost": {"n": 1}, "all": 3});
    let drafted = of(&source("/"), &mixed, &mixed);
    assert!(
        drafted.text.contains("# Left out: /w1@localhost: its key is a value, which no name of a metric may hold.\n"),
        "{}",
        drafted.text
    );
}

#[test]
fn what_tells_elements_apart_is_the_label() {
    let queue = |name: &str, vhost: &str, messages: u32| json!({"name": name, "vhost": vhost, "messages": messages});
    let rabbit = json!([queue("jobs", "/", 700), queue("jobs", "shop", 400), queue("mail", "/", 1)]);
    let drafted = of(&source("/api/queues"), &rabbit, &rabbit);
    let mapping = checked(&drafted, &[&rabbit]);
    assert_eq!(mapping.rules[0].definition.labels, ["item", "vhost"]);
    let spring = json!({"name": "http", "measurements": [{"statistic": "COUNT", "value": 5}, {"statistic": "MAX", "value": 0.2}]});
    let drafted = of(&source("/metrics/http"), &spring, &spring);
    assert!(drafted.text.contains("labels = { measurement = \"$/statistic\" }"), "{}", drafted.text);
    let caches = json!({"caches": {"a": {"hit_ratio": 0.9, "size": 1}, "b": {"hit_ratio": 0.2, "size": 2}}});
    let drafted = of(&source("/caches"), &caches, &caches);
    let mapping = checked(&drafted, &[&caches]);
    assert_eq!(drafted.text.matches("merge = \"min\"").count(), 1, "{}", drafted.text);
    assert_eq!(mapping.rules.len(), 2);
}

#[test]
fn a_page_of_plain_text_is_drafted_with_patterns() {
    let page = |active: u32, requests: u32| {
        format!(
            "Active connections: {active} \nserver accepts handled requests\n 16 16 {requests} \n\
             Reading: 6 Writing: 179 Waiting: 106 \n"
        )
    };
    let source = DraftOptions { path: "/stub_status".to_owned(), ..source("/") };
    let drafted = draft(&source, page(291, 310).as_bytes(), page(290, 312).as_bytes()).unwrap();
    assert_eq!((drafted.rules, drafted.left_out), (7, 0), "{}", drafted.text);
    assert!(drafted.text.contains("format = \"text\"\npatterns = [\n    '^ *Active\\s+connections:\\s+(?<active_"));
    let mapping = testing::mapping(&drafted.text);
    let body = mapping.endpoints[0].read(page(289, 313).as_bytes()).unwrap();
    let evaluation = evaluate(&mapping, 0, &body.tree);
    assert_eq!(evaluation.misses, []);
    let series = |(rule, points): &(usize, Vec<crate::DataPoint>)| {
        format!("{} {}", mapping.rules[*rule].definition.name, points[0].reading.number().unwrap())
    };
    assert_eq!(
        evaluation.points.iter().map(series).collect::<Vec<_>>(),
        [
            "app_accepts 16",
            "app_active_connections 289",
            "app_handled 16",
            "app_reading 6",
            "app_requests_total 313",
            "app_waiting 106",
            "app_writing 179",
        ]
    );
    // What is a page for people is none for rules.
    assert_eq!(draft(&source, b"<html>1", b"<html>1"), Err(Unreadable::Html));
    assert!(draft(&source, b"Please log in", b"Please log in").is_err());
}

#[test]
fn elements_of_elements_have_the_labels_of_both() {
    let body = |active: u32| {
        json!({"upstreams": {
            "api": {"zone": "z", "peers": [{"server": "a:1", "active": active}, {"server": "b:1", "active": 2}]},
            "web": {"zone": "z", "peers": [{"server": "c:1", "active": 3}]},
        }})
    };
    let drafted = of(&source("/"), &body(1), &body(5));
    let each =
        "each = \"/upstreams/*/peers/*\"\nat = \"/active\"\nlabels = { upstream = \"$1\", peer = \"$/server\" }\n";
    assert!(drafted.text.contains(each), "{}", drafted.text);
}
