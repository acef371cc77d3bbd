use std::path::Path;

use super::*;
use crate::testing::{self, policy_with};

/// The expressions of an alert of the shipped policy.
fn rules(policy: &Policy, alert: &str) -> Vec<String> {
    let catalog = Catalog::new(&testing::metrics());
    let promql = Promql { policy, catalog: &catalog };
    let alert = policy.alert(alert).unwrap();
    alert.levels.iter().map(|level| promql.rule(alert, level, &level.scopes.iter().collect::<Vec<_>>())).collect()
}

/// The expression of one level with that signal, above 1.
fn of_signal(signal: &str, compare: &str) -> Vec<String> {
    let text = format!(
        "[[alert]]\nname = \"Test\"\ngroup = \"test\"\nsummary = \"Test.\"\ndescription = \"{{target}}\"\n\
         panel = \"test.test\"\nunit = \"count\"\nsignal = {{ {signal} }}\n\
         [[alert.level]]\nseverity = \"warning\"\n{compare}\n"
    );
    rules(&crate::parse(&text, Path::new("policy.toml")).unwrap_or_else(|error| panic!("{error}")), "Test")
}

/// What a gauge was last, as the agents tell it; `more` are matchers.
fn last_of(metric: &str, more: &str) -> String {
    format!("max without (job, instance) (last_over_time({metric}{{job=\"manometer\", {more}}}[2m]))")
}

fn last(metric: &str) -> String {
    last_of(metric, "target!=\"\"")
}

#[test]
fn what_is_of_no_target_is_read_of_whom_it_is_and_keeps_its_labels() {
    let of = |signal: &str| of_signal(signal, "above = 1").remove(0);
    assert_eq!(
        of("value = \"manometer_http_connections\", agent = true"),
        "last_over_time(manometer_http_connections{job=\"manometer\", target=\"\"}[2m]) > 1"
    );
    assert_eq!(
        of("increase = \"alertmanager_notifications_failed_total\", window = \"5m\", foreign = true"),
        "increase(alertmanager_notifications_failed_total[5m]) > 1"
    );
    assert_eq!(of("value = \"x\", where = { a = \"b\" }, foreign = true"), "last_over_time(x{a=\"b\"}[2m]) > 1");
}

#[test]
fn each_form_has_one_text() {
    let last = |metric: &str| format!("last_over_time({metric}{{job=\"manometer\", target!=\"\"}}[2m])");
    let of_agents = |expr: &str| format!("max without (job, instance) ({expr})");
    let range = |metric: &str, range: &str| format!("{metric}{{job=\"manometer\", target!=\"\"}}[{range}]");
    let over =
        |function: &str, metric: &str, window: &str| of_agents(&format!("{function}({})", range(metric, window)));
    let (ping, evicted) = ("redis_ping_ms", "redis_evicted_keys_total");
    let expected = [
        ("value = \"redis_ping_ms\"", of_agents(&last(ping))),
        (
            "ratio = \"redis_memory_used_bytes\", of = \"redis_memory_max_bytes\", record = \"target:a_per_b:ratio\"",
            "target:a_per_b:ratio".to_owned(),
        ),
        (
            "ratio = \"redis_ping_ms\", of = \"redis_up\"",
            format!("max without (job, instance) (\n  {}\n  /\n  ({} > 0)\n)\n", last(ping), last("redis_up")),
        ),
        (
            "ratio = \"redis_evicted_keys_total\", of = \"redis_keys_total\", window = \"5m\"",
            format!(
                "max without (job, instance) (\n  increase({})\n  /\n  (increase({}) > 0)\n)\n",
                range(evicted, "5m"),
                range("redis_keys_total", "5m")
            ),
        ),
        ("rate = \"redis_evicted_keys_total\", window = \"5m\"", over("rate", evicted, "5m")),
        (
            "rate = \"redis_evicted_keys_total\", window = \"90s\", per = \"1h\"",
            of_agents(&format!("rate({}) * 3600", range(evicted, "1m30s"))),
        ),
        (
            "increase = \"redis_slowlog_entries_total\", window = \"5m\", where = { cmd = \"publish\" }",
            "max without (job, instance, cmd) \
             (increase(redis_slowlog_entries_total{job=\"manometer\", target!=\"\", cmd=\"publish\"}[5m]))"
                .to_owned(),
        ),
        (
            "value = \"redis_db_keys\", where = { db = [\"db0\", \"d.1\"] }",
            of_agents("last_over_time(redis_db_keys{job=\"manometer\", target!=\"\", db=~\"db0|d\\\\.1\"}[2m])"),
        ),
        ("mean = \"redis_ping_ms\", window = \"1h\"", over("avg_over_time", ping, "1h")),
        ("max = \"redis_ping_ms\", window = \"1h\"", over("max_over_time", ping, "1h")),
        ("min = \"redis_ping_ms\", window = \"1h\"", over("min_over_time", ping, "1h")),
        ("changes = \"redis_ping_ms\", window = \"10m\"", over("changes", ping, "10m")),
        ("growth = \"redis_ping_ms\", window = \"2h30m\"", over("deriv", ping, "2h30m")),
        (
            "quantile = \"redis_commands_latencies_usec_bucket\", part = 0.95, window = \"5m\", by = [\"cmd\"]",
            format!(
                "max without (job, instance) (\n  histogram_quantile(\n    0.95,\n    sum by (job, instance, site, target, \
                 node, cmd, le) (rate({}))\n  )\n)\n",
                range("redis_commands_latencies_usec_bucket", "5m")
            ),
        ),
        ("age = \"redis_ping_ms\"", format!("max without (job, instance) (\n  time() - {}\n)\n", last(ping))),
        ("until = \"redis_ping_ms\"", format!("max without (job, instance) (\n  {} - time()\n)\n", last(ping))),
        (
            "forecast = \"redis_ping_ms\", limit = \"redis_up\", window = \"1h\"",
            format!(
                "max without (job, instance) (\n  clamp_min(\n    ({} > 0)\n    -\n    {},\n    0\n  )\n  /\n  (deriv({}) > 0)\n)\n",
                last("redis_up"),
                last(ping),
                range(ping, "1h")
            ),
        ),
        (
            "firing = \"critical\"",
            "count by (site) (\n  count by (site, target, name) (\n    ALERTS{alertname!=\"Test\", \
             alertstate=\"firing\", severity=\"critical\", page=\"\", target!=\"\"}\n    \
             unless on (site, target, name)\n    (\n      manometer:depends_on\n      and on (site, cause)\n      \
             present_over_time(manometer:cause:seen{severity_of=\"critical\"}[10m])\n    )\n  )\n)\n"
                .to_owned(),
        ),
    ];
    for (signal, expr) in expected {
        let found = of_signal(signal, "above = 1");
        let compared = if expr.ends_with('\n') { format!("{expr}>\n1") } else { format!("{expr} > 1") };
        assert_eq!(found, [compared], "{signal}");
    }
    let states = [
        (
            "down = \"redis_up\"",
            "max without (job, instance) (last_over_time(redis_up{job=\"manometer\", target!=\"\"}[2m])) == 0",
        ),
        ("scrape = \"down\"", "max_over_time(up{job=\"manometer\", target=\"\"}[1m]) == 0"),
        ("scrape = \"absent\"", "absent(up{job=\"manometer\"})"),
        ("always = true", "vector(1)"),
    ];
    for (signal, expr) in states {
        assert_eq!(of_signal(signal, ""), [expr], "{signal}");
    }
}

#[test]
fn each_comparison_has_its_operator() {
    for (key, operator) in [("above", ">"), ("below", "<"), ("at_least", ">="), ("at_most", "<=")] {
        let expr = of_signal("value = \"redis_ping_ms\"", &format!("{key} = 0.5"));
        assert_eq!(expr, [format!("{} {operator} 0.5", last("redis_ping_ms"))]);
    }
}

#[test]
fn it_goes_on_until_the_other_number() {
    let ratio = last("redis_client_output_buffer_top_cutoff_ratio");
    let policy = policy_with("");
    let mut policy = policy.clone();
    let slow = policy.alerts.iter_mut().find(|alert| alert.name == "RedisSlowSubscriber").unwrap();
    slow.levels.truncate(1);
    (slow.levels[0].fire, slow.levels[0].resolve) = (0.5, Some(0.4));
    slow.levels[0].condition = Some("full".to_owned());
    let expected = format!(
        "{ratio} > 0.5\nor\n(\n  {ratio} > 0.4\n  and on (site, target, node, client, class)\n  \
         ALERTS{{alertname=\"RedisSlowSubscriber\", alertstate=\"firing\", severity=\"warning\", condition=\"full\"}}\n)"
    );
    assert_eq!(rules(&policy, "RedisSlowSubscriber"), [expected]);
}

#[test]
fn it_goes_on_while_something_else_holds() {
    let (killed, up) = ("max without (job, instance) (increase(container_oom_events_total", last("container_up"));
    let policy = policy_with("");
    let [rule] = &rules(&policy, "ContainerOomKilled")[..] else { panic!("one level") };
    let (first, then) = rule.split_once("\nor\n").unwrap();
    assert!(first.starts_with(killed) && first.ends_with("[10m])) > 0"), "{first}");
    // Whatever the counter says by then; it still says something.
    assert!(then.contains(&format!("[10m]))\n    and on (site, target, node, name)\n    {up} <= 0\n")), "{then}");
    let alerts = "ALERTS{alertname=\"ContainerOomKilled\", alertstate=\"firing\", severity=\"critical\"}";
    assert!(then.ends_with(&format!("and on (site, target, node, name, image)\n  {alerts}\n)")), "{then}");
}

#[test]
fn guards_match_on_the_labels_that_both_have() {
    let of = |signal: &str, guard: &str| of_signal(signal, &format!("above = 1\nwhen = [{{ {guard} }}]"));
    assert_eq!(
        of("value = \"pool_waiting\"", "value = \"pool_usage_ratio\", at_least = 1"),
        [format!("{} > 1\nand on (site, target, node, pool)\n{} >= 1", last("pool_waiting"), last("pool_usage_ratio"))]
    );
    assert_eq!(
        of("value = \"redis_db_keys\"", "value = \"redis_ping_ms\", at_most = 5"),
        [format!("{} > 1\nand on (site, target, node)\n{} <= 5", last("redis_db_keys"), last("redis_ping_ms"))]
    );
}

#[test]
fn operands_of_other_labels_are_matched() {
    let inner = |metric: &str| format!("last_over_time({metric}{{job=\"manometer\", target!=\"\"}}[2m])");
    assert_eq!(
        of_signal("ratio = \"redis_db_keys\", of = \"redis_memory_max_bytes\"", "above = 1"),
        [format!(
            "max without (job, instance) (\n  {}\n  / on (job, instance, site, target, node) group_left ()\n  ({} > 0)\n)\n>\n1",
            inner("redis_db_keys"),
            inner("redis_memory_max_bytes")
        )]
    );
}

#[test]
fn the_job_and_the_profile_are_in_every_rule() {
    let policy = policy_with("[thresholds]\njob = \"agents\"\nprofile = \"cross-region\"\n");
    let ping = &rules(&policy, "RedisPingHigh")[1];
    assert!(ping.contains("redis_ping_ms{job=\"agents\", target!=\"\"}[2m])) > 200"), "{ping}");
    let down = ["max_over_time(up{job=\"agents\", target=\"\"}[1m]) == 0", "absent(up{job=\"agents\"})"];
    assert_eq!(rules(&policy, "ManometerDown"), down);
}

#[test]
fn targets_with_numbers_of_their_own_are_clauses() {
    let policy = policy_with(
        "[[thresholds.redis_ping_high]]\ntarget = \"far\"\ninfo = 60\n\
         [[thresholds.redis_ping_high]]\ntarget = [\"main\", \"a.b|c\"]\ninfo = 7\n",
    );
    let ping = |targets: &str| last_of("redis_ping_ms", targets);
    assert_eq!(
        rules(&policy, "RedisPingHigh")[0],
        format!(
            "{} > 5\nor\n{} > 60\nor\n{} > 7",
            ping("target!=\"\", target!~\"far|main|a\\\\.b\\\\|c\""),
            ping("target=\"far\""),
            ping("target=~\"main|a\\\\.b\\\\|c\"")
        )
    );
}

#[test]
fn a_target_for_which_it_is_off_is_left_out() {
    let policy = policy_with("[thresholds.redis_down]\ntarget = \"far\"\nenabled = false\n");
    let far = "job=\"manometer\", target!=\"\", target!=\"far\"";
    let expected = format!(
        "max without (job, instance, node) (\n  redis_up{{{far}}}\n  or\n  (\n    last_over_time(redis_up{{{far}}}[2m])\n    \
         and on (job, instance)\n    up{{job=\"manometer\"}} == 0\n  )\n)\n==\n0"
    );
    assert_eq!(rules(&policy, "RedisDown"), [expected]);
}

#[test]
fn numbers_can_be_read() {
    let text = |value, unit| number(value, unit).text();
    assert_eq!(text(2_147_483_648.0, Unit::Bytes), "2 * 1024^3");
    assert_eq!(text(1_610_612_736.0, Unit::Bytes), "1.5 * 1024^3");
    assert_eq!(text(104_857_600.0, Unit::Bytes), "100 * 1024^2");
    assert_eq!(text(104_857_601.0, Unit::Bytes), "104857601");
    assert_eq!(text(2_147_483_648.0, Unit::Count), "2147483648");
    assert_eq!(text(0.05, Unit::Ratio), "0.05");
    assert_eq!(text(f64::INFINITY, Unit::Count), "Inf");
    assert_eq!(text(f64::NEG_INFINITY, Unit::Ratio), "-Inf");
}

#[test]
fn texts_are_quoted() {
    let selector = Expr::Selector("up".to_owned(), vec![is("job", "a\"b\\c\nd")]);
    assert_eq!(selector.text(), r#"up{job="a\"b\\c\nd"}"#);
}

#[test]
fn nodes_are_told_apart_unless_the_signal_is_of_all_of_them() {
    let of = |signal: &str, when: &str| of_signal(signal, &format!("above = 1\nwhen = [{{ {when} }}]")).remove(0);
    let last = |metric: &str, without: &str| {
        format!("max without ({without}) (last_over_time({metric}{{job=\"manometer\", target!=\"\"}}[2m])) > 1")
    };
    let (one, all) = ("job, instance", "job, instance, node");
    let clients = "value = \"redis_connected_clients\", above = 1";
    for (signal, guard, on) in [
        ("value = \"redis_ping_ms\"", clients.to_owned(), "site, target, node"),
        ("value = \"redis_ping_ms\", all_nodes = true", clients.to_owned(), "site, target"),
        ("value = \"redis_ping_ms\"", format!("{clients}, all_nodes = true"), "site, target"),
    ] {
        let without = |text: &str| if text.contains("all_nodes") { all } else { one };
        let expected = format!(
            "{}\nand on ({on})\n{}",
            last("redis_ping_ms", without(signal)),
            last("redis_connected_clients", without(&guard))
        );
        let text = of(signal, &guard);
        let flat =
            |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").replace("( ", "(").replace(" )", ")");
        let (text, expected) = (flat(&text), flat(&expected));
        assert_eq!(text, expected);
    }
}
