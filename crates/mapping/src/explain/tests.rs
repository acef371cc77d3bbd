use super::*;
use crate::BodyFormat;
use crate::profile::find;
use crate::testing::mapping;

/// A service of two endpoints: the second one is a fallback that sends texts.
const MAPPING: &str = r#"
[[endpoint]]
name = "numbers"
path = "/numbers"

[[endpoint]]
name = "texts"
path = "/texts"
fallback_of = "numbers"

[[metric]]
name = "app_latency_seconds"
endpoint = "numbers"
at = ["/latency_ms", "/latency"]
unit = "ms"

[[metric]]
name = "app_latency_seconds"
endpoint = "texts"
at = "/latency"
parse = "quantity"
suffix = "ms"
unit = "ms"

[[metric]]
name = "app_circuit_state"
endpoint = "numbers"
at = "/circuit"
type = "stateset"
states = ["closed", "open"]
aliases = { broken = "open" }
level = "app_circuit_level"

[[metric]]
name = "app_account_orders"
endpoint = "numbers"
each = "/accounts/*"
at = "/orders"
labels = { account = "$key", kind = "all" }
missing = "ignore"

[[metric]]
name = "app_zero"
endpoint = "numbers"
at = "/none"
missing = "zero"
"#;

fn body(format: BodyFormat, text: &str) -> Given {
    Given::Body(Body::read(format, text.as_bytes()).unwrap())
}

#[track_caller]
fn explained(numbers: &str, texts: &str, metric: &str) -> String {
    let given = [body(BodyFormat::Json, numbers), body(BodyFormat::Json, texts)];
    explain(&mapping(MAPPING), &given, metric).unwrap()
}

#[test]
fn the_first_rule_with_a_value_wins() {
    assert_eq!(
        explained(r#"{"latency": 2.5}"#, r#"{"latency": "4 ms"}"#, "app_latency_seconds"),
        "app_latency_seconds: gauge. Mapped from numbers.\n\
         \n\
         Rule 1 of 2: endpoint numbers, path \"/numbers\"\n  \
           at /latency_ms, else /latency\n  \
           a number, in ms, exported in seconds\n  \
           /latency: 2.5 -> 0.0025\n  \
           wins: no rule before it has a value for the same series\n\
         \n\
         Rule 2 of 2: endpoint texts, path \"/texts\", asked only while numbers gives nothing\n  \
           at /latency\n  \
           a number, or a text that begins with one, with the suffix \"ms\", in ms, exported in seconds\n  \
           /latency: \"4 ms\" -> 0.004\n  \
           gives way: rule 1 stands before it and has a value (endpoint numbers)\n"
    );
}

#[test]
fn a_value_that_cannot_be_had_is_explained() {
    let text = explained(r#"{"latncy_ms": 1}"#, r#"{"latency": "4 min"}"#, "app_latency_seconds");
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("  /") || line.starts_with("  gives")).collect();
    assert_eq!(
        lines,
        [
            "  /latency_ms: missing: the key is not there; correct the pointer, or set missing = \"ignore\" if the key may \
             be absent; did you mean /latncy_ms?",
            "  gives nothing",
            "  /latency: \"4 min\" -> 240",
        ]
    );
    let text = explained(r#"{"latency": "2"}"#, r#"{"latency": "4 MB"}"#, "app_latency_seconds");
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("  /")).collect();
    assert_eq!(
        lines,
        [
            "  /latency: \"2\"; string_number: set parse = \"quantity\": the number is in quotes",
            "  /latency: \"4 MB\"; unit: set unit or suffix to what stands behind the number",
        ]
    );
}

#[test]
fn states_and_their_level() {
    let of = |word: &str, metric: &str| {
        let text = explained(&format!(r#"{{"circuit": "{word}"}}"#), "{}", metric);
        text.lines().filter(|line| line.starts_with("  /")).map(str::to_owned).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(of("OPEN: too many", "app_circuit_state"), "  /circuit: \"OPEN: too many\" -> open");
    assert_eq!(of("broken", "app_circuit_state"), "  /circuit: \"broken\" -> open, by an alias");
    assert_eq!(
        of("ajar", "app_circuit_state"),
        "  /circuit: \"ajar\" -> unknown; state: add the word to states or aliases"
    );
    assert_eq!(of("open", "app_circuit_level"), "  /circuit: \"open\" -> 1");
    let text = explained(r#"{"circuit": "open"}"#, "{}", "app_circuit_level");
    assert!(text.contains("  the place of the state of app_circuit_state in closed, open, from 0\n"), "{text}");
}

#[test]
fn of_elements_ten_are_shown() {
    let accounts: Vec<String> = (10..22).map(|number| format!(r#""a{number}": {{"orders": {number}}}"#)).collect();
    let text =
        explained(&format!(r#"{{"accounts": {{{}, "a0": {{}}}}}}"#, accounts.join(", ")), "{}", "app_account_orders");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[3], "  at each of /accounts/*, in it /orders; labels account = the key, kind = \"all\"");
    assert_eq!(lines[5], "  /accounts/a0/orders: not there, and nothing is wrong: missing is \"ignore\"");
    assert_eq!(lines[6], "  /accounts/a10/orders: 10 -> 10 as {account=\"a10\",kind=\"all\"}");
    assert_eq!(
        lines[15..],
        ["  and 3 more", "  of the 13 elements, limit = 10 are series of their own", "  wins: it is the only rule"]
    );
    let none = explained("{}", "{}", "app_account_orders");
    assert!(none.contains("\n  /accounts/*: missing: the key is not there"), "{none}");
}

#[test]
fn a_value_that_is_only_assumed_says_so() {
    let text = explained("{}", "{}", "app_zero");
    assert!(text.contains("\n  /none: not there, so by missing = \"zero\" -> 0\n"), "{text}");
}

#[test]
fn without_a_body_the_rules_alone_are_told() {
    let mapping = mapping(MAPPING);
    let text =
        explain(&mapping, &[Given::Unasked, Given::Nothing("HTTP status 404".to_owned())], "app_latency_seconds");
    let text = text.unwrap();
    let last: Vec<&str> = text.lines().skip(2).collect();
    assert_eq!(
        last,
        [
            "Rule 1 of 2: endpoint numbers, path \"/numbers\"",
            "  at /latency_ms, else /latency",
            "  a number, in ms, exported in seconds",
            "",
            "Rule 2 of 2: endpoint texts, path \"/texts\", asked only while numbers gives nothing",
            "  at /latency",
            "  a number, or a text that begins with one, with the suffix \"ms\", in ms, exported in seconds",
            "  no body: HTTP status 404",
        ]
    );
}

/// A profile with one body at hand.
#[track_caller]
fn of_profile(name: &str, endpoint: &str, text: &str, metric: &str) -> Result<String, String> {
    let mapping = find(name).unwrap().mapping().unwrap();
    let given: Vec<Given> = mapping
        .endpoints
        .iter()
        .map(|of| if of.name == endpoint { body(of.format, text) } else { Given::Unasked })
        .collect();
    explain(&mapping, &given, metric)
}

#[test]
fn a_computed_metric_names_what_it_is_computed_from() {
    let pool = "{'in_use_connections': 40, 'max_connections': 50, 'available_connections': 3}";
    assert_eq!(
        of_profile("pool", "pool", pool, "pool_usage_ratio").unwrap(),
        "pool_usage_ratio: gauge. Connections of a connection pool in use, as a fraction of the maximum, as the pool itself tells them.\n\
         \n\
         Computed: pool_connections with state=\"in_use\" divided by pool_max_connections, for each pool that has both and no rule \
         of its own.\n  \
           pool_connections: {pool=\"redis\",state=\"in_use\"} 40 (pool /in_use_connections); \
           {pool=\"redis\",state=\"idle\"} 3 (pool /available_connections)\n  \
           pool_max_connections: {pool=\"redis\"} 50 (pool /max_connections)\n"
    );
    let stats = r#"{"data": {"cache": {"hits": 90, "misses": 10}}}"#;
    assert_eq!(
        of_profile("cache-api", "redis-stats", stats, "redis_cache_hit_ratio")
            .unwrap()
            .lines()
            .skip(2)
            .collect::<Vec<_>>(),
        [
            "Computed: what redis_cache_hits grew by over the window, divided by what both grew by; absent without lookups in it.",
            "  redis_cache_hits: 90 (redis-stats /data/cache/hits)",
            "  redis_cache_misses: 10 (redis-stats /data/cache/misses)",
            "  A growth takes two polls: one body does not tell it.",
        ]
    );
}

#[test]
fn what_a_computed_metric_lacks_is_named() {
    let text = of_profile("pool", "pool", "{}", "backpressure_rate_ratio").unwrap();
    assert!(text.ends_with("  backpressure_ingest_rate: no rule, but it is computed itself\n"), "{text}");
    let text = of_profile("pool", "pool", "{}", "redis_cache_hit_ratio").unwrap();
    assert!(text.contains("  redis_cache_hits: no rule of this mapping gives it\n"), "{text}");
    let text = of_profile("ticker", "metrics", "{}", "backpressure_drop_ratio").unwrap();
    assert!(text.contains("  backpressure_published_total: 3 rules, no value\n"), "{text}");
}

#[test]
fn a_metric_without_rule_and_one_that_passes_through() {
    let text = of_profile("pool", "pool", "{}", "queue_capacity").unwrap();
    assert_eq!(
        text,
        "queue_capacity: gauge. Items that a queue can hold.\n\nNo rule of this mapping gives it; add a [[metric]] with this \
         name.\n"
    );
    let text =
        of_profile("ticker", "series", "# TYPE ticker_lag gauge\nticker_lag{x=\"1\"} 2\n", "ticker_lag").unwrap();
    assert_eq!(
        text,
        "ticker_lag: a series of the service's own.\n\n\
         Passed through by endpoint series, path \"/metrics\", pattern \"ticker_*\": samples 1 of type gauge\n"
    );
}

#[test]
fn an_unknown_metric_names_the_nearest() {
    assert_eq!(
        of_profile("pool", "pool", "{}", "pool_conections").unwrap_err(),
        "no metric is named \"pool_conections\"; did you mean pool_connections?"
    );
    assert_eq!(
        of_profile("pool", "pool", "{}", "a\nb").unwrap_err(),
        "no metric is named \"a\\nb\"; name one of the mapping, or of docs/METRICS.md"
    );
}

#[test]
fn the_endpoints_of_a_metric_are_those_of_its_sources() {
    let mapping = find("ticker").unwrap().mapping().unwrap();
    let names = |metric: &str| {
        endpoints_of(&mapping, metric).iter().map(|index| mapping.endpoints[*index].name.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(names("backpressure_circuit_successes"), ["circuit-breaker"]);
    assert_eq!(names("backpressure_level"), ["series", "metrics", "status"]);
    assert_eq!(names("ticker_lag"), ["series"]);
    assert_eq!(names("backpressure_rate_ratio"), ["series", "publisher-stats", "metrics", "status"]);
    assert_eq!(names("nothing"), [""; 0]);
}
