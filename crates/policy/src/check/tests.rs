use std::path::Path;

use super::*;
use crate::testing;

fn problems(alert: &str) -> Vec<String> {
    let policy = crate::parse(alert, Path::new("policy.toml")).unwrap_or_else(|error| panic!("{error}"));
    check(&policy, &testing::metrics())
}

/// An alert with that name, summary, description and signal, above 1.
fn alert(name: &str, summary: &str, description: &str, signal: &str) -> String {
    format!(
        "[[alert]]\nname = \"{name}\"\ngroup = \"test\"\nsummary = \"{summary}\"\ndescription = \"{description}\"\n\
         panel = \"a.b\"\nunit = \"count\"\nsignal = {{ {signal} }}\n[[alert.level]]\nseverity = \"warning\"\nabove = 1\n"
    )
}

fn of_signal(signal: &str) -> Vec<String> {
    problems(&alert("Test", "Test.", "{target}", signal))
}

fn of_description(description: &str) -> Vec<String> {
    problems(&alert("Test", "Test.", description, "value = \"redis_db_keys\""))
}

#[test]
fn the_shipped_policy_speaks_of_what_there_is() {
    let policy = crate::shipped().unwrap();
    assert_eq!(check(&policy, &testing::metrics()), Vec::<String>::new());
    let nothing = check(&policy, &[]);
    assert!(nothing.contains(&"RedisDown: nothing exports redis_up; docs/METRICS.md lists what there is".to_owned()));
}

#[test]
fn an_alert_of_containers_does_not_silence_itself() {
    let itself = |signal: &str| {
        problems(&alert("Test", "Test.", "{target}", signal).replace("unit", "inhibits = [\"Te*\"]\nunit"))
    };
    assert_eq!(itself("value = \"redis_ping_ms\""), [""; 0]);
    let [problem] = &*itself("value = \"container_memory_usage_bytes\"") else { panic!("another number of problems") };
    assert!(problem.starts_with("Test: inhibits itself, and is about containers"), "{problem}");
}

#[test]
fn metrics_and_labels_are_those_of_the_catalog() {
    let of = |signal: &str, problem: &str| assert_eq!(of_signal(signal), [format!("Test: {problem}")]);
    of("value = \"redis_pin_ms\"", "nothing exports redis_pin_ms; did you mean redis_ping_ms?");
    of("value = \"celery_queue\"", "nothing exports celery_queue; docs/METRICS.md lists what there is");
    of(
        "ratio = \"redis_memory_used_bytes\", of = \"redis_arena_kib\"",
        "nothing exports redis_arena_kib; docs/METRICS.md lists what there is",
    );
    of(
        "value = \"redis_evicted_keys_total\"",
        "redis_evicted_keys_total is a counter; use rate, increase or a ratio with a window",
    );
    of(
        "increase = \"redis_ping_ms\", window = \"5m\"",
        "redis_ping_ms is a gauge; rate and increase are for counters: use growth or mean",
    );
    of("value = \"redis_db_keys\", where = { dv = \"0\" }", "redis_db_keys has no label dv; did you mean db?");
    of(
        "value = \"redis_ping_ms\", where = { cmd = \"get\" }",
        "redis_ping_ms has no label cmd; it has none of its own",
    );
    of("value = \"redis_db_keys\", where = { command = \"get\" }", "redis_db_keys has no label command; it has db");
}

#[test]
fn of_a_histogram_its_series_are_compared() {
    let of = |signal: &str, problem: &str| assert_eq!(of_signal(signal), [format!("Test: {problem}")]);
    let quantile = |metric: &str, by: &str| {
        format!("quantile = \"{metric}\", part = 0.95, window = \"5m\", by = [{by}], where = {{ cmd = \"get\" }}")
    };
    let usec = "redis_commands_latencies_usec";
    assert_eq!(of_signal(&quantile(&format!("{usec}_bucket"), "\"cmd\"")), Vec::<String>::new());
    assert_eq!(of_signal(&format!("rate = \"{usec}_count\", window = \"5m\"")), Vec::<String>::new());
    of(
        &quantile(&format!("{usec}_sum"), ""),
        "redis_commands_latencies_usec_sum is not the buckets of a histogram; a quantile is of x_bucket",
    );
    of(&quantile(&format!("{usec}_bucket"), "\"le\""), &format!("{usec}_bucket has no label le; it has cmd"));
    of(
        &format!("value = \"{usec}_count\""),
        &format!("{usec}_count is a counter; use rate, increase or a ratio with a window"),
    );
    of(
        &format!("value = \"{usec}\""),
        &format!("{usec} is a histogram; use its series: a rate of {usec}_count, or a quantile"),
    );
    let kept = |by: &str, label: &str| {
        let signal = format!("quantile = \"{usec}_bucket\", part = 0.5, window = \"5m\", by = [{by}]");
        problems(&alert("Test", "Test.", &format!("{{label:{label}}}"), &signal))
    };
    assert_eq!(kept("\"cmd\"", "cmd"), Vec::<String>::new());
    assert_eq!(kept("", "cmd"), ["Test: what it compares has no label cmd; there are site, target, node"]);
}

#[test]
fn guards_are_looked_at_as_well() {
    let mut text = alert("Test", "Test.", "{target}", "value = \"redis_ping_ms\"");
    text.push_str("when = [{ growth = \"redis_evicted_keys_total\", window = \"5m\", above = 0 }]\n");
    assert_eq!(
        problems(&text),
        ["Test: redis_evicted_keys_total is a counter; use rate, increase or a ratio with a window"]
    );
}

#[test]
fn recording_rules_have_names_of_their_own() {
    let of = |record: &str| of_signal(&format!("mean = \"redis_ping_ms\", window = \"1h\", record = \"{record}\""));
    assert_eq!(of("target:redis_ping_ms:avg1h"), Vec::<String>::new());
    for record in ["ping", "target:ping", "a:b:c:d", "a::c", "a:B:c"] {
        let expected = format!(
            "Test: record {record:?} is not a valid name; write level:metric:operation, like target:redis_x_per_y:ratio"
        );
        assert_eq!(of(record), [expected]);
    }
    let signal = |window: &str| format!("mean = \"redis_ping_ms\", window = \"{window}\", record = \"a:b:c\"");
    let text = alert("One", "One.", "{target}", &signal("1h")) + &alert("Two", "Two.", "{target}", &signal("2h"));
    let expected =
        |name: &str| format!("{name}: record \"a:b:c\" is the name of another signal too; give each its own");
    assert_eq!(problems(&text), [expected("One"), expected("Two")]);
}

#[test]
fn names_and_summaries_can_be_read() {
    let of = |name: &str, summary: &str| problems(&alert(name, summary, "{target}", "value = \"redis_ping_ms\""));
    for name in ["redis_slow", "redisSlow", "Redis Slow", "REDIS"] {
        let expected = format!(
            "{name}: is not a valid name for an alert; write words without spaces, each with a capital: RedisMemoryHigh"
        );
        assert_eq!(of(name, "Slow."), [expected]);
    }
    let long = format!("R{}", "e".repeat(40));
    assert_eq!(of(&long, "Slow."), [format!("{long}: its name has 41 characters; 40 are the most")]);
    assert_eq!(
        of("Slow", "redis is slow"),
        ["Slow: summary \"redis is slow\" is not a sentence; begin with a capital and end with a full stop"]
    );
    assert_eq!(
        of("Slow", "Redis {target} is slow."),
        ["Slow: summary \"Redis {target} is slow.\" has a placeholder; values belong in the description"]
    );
}

#[test]
fn placeholders_are_known_and_filled() {
    let of = |description: &str, problem: &str| assert_eq!(of_description(description), [format!("Test: {problem}")]);
    assert_eq!(of_description("{target} {value} {threshold} {label:db} {label:site} {job}"), Vec::<String>::new());
    of("It is slow.", "description has no placeholder; say of which target, like {target}");
    of(
        "{taget}",
        "description has {taget}; known are {target}, {value}, {threshold}, {beyond}, {for}, {window}, {reason}, \
         {condition}, {job} and {label:name}",
    );
    of("{for}", "a level fires at once; remove {for}");
    of("{window}", "a level looks back on nothing; remove {window}");
    of("{target", "description has a { without }; write both");
    of("{label:dv}", "what it compares has no label dv; did you mean db?");
    of("{label:command}", "what it compares has no label command; there are site, target, db, node");
    of("{condition}", "a level has no condition; remove {condition}");
    let firing = problems(&alert("Test", "Test.", "{target} {label:job}", "firing = \"critical\""));
    assert_eq!(
        firing,
        [
            "Test: a level is not about a target; remove {target}",
            "Test: what it compares has no label job; there are none"
        ]
    );
    let firing = problems(&alert("Test", "Test.", "{job}{reason}", "firing = \"critical\""));
    assert_eq!(firing, ["Test: a level is not about a target; remove {reason}"]);
    let down = alert("Test", "Test.", "{threshold}", "down = \"redis_up\"").replace("above = 1\n", "");
    assert_eq!(problems(&down), ["Test: a level has no number for {threshold}; say it in words"]);
}
