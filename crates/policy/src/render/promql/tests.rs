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

fn shipped(alert: &str) -> Vec<String> {
    rules(&policy_with(""), alert)
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

#[test]
fn each_form_has_one_text() {
    let expected = [
        ("value = \"redis_ping_ms\"", "redis_ping_ms{job=\"manometer\"} > 1"),
        (
            "ratio = \"redis_memory_used_bytes\", of = \"redis_memory_max_bytes\"",
            "redis_memory_used_bytes{job=\"manometer\"} / (redis_memory_max_bytes{job=\"manometer\"} > 0) > 1",
        ),
        (
            "ratio = \"redis_memory_used_bytes\", of = \"redis_memory_max_bytes\", record = \"target:a_per_b:ratio\"",
            "target:a_per_b:ratio{job=\"manometer\"} > 1",
        ),
        (
            "rate = \"redis_evicted_keys_total\", window = \"5m\"",
            "rate(redis_evicted_keys_total{job=\"manometer\"}[5m]) > 1",
        ),
        (
            "rate = \"redis_evicted_keys_total\", window = \"90s\", per = \"1h\"",
            "rate(redis_evicted_keys_total{job=\"manometer\"}[1m30s]) * 3600 > 1",
        ),
        (
            "increase = \"redis_slowlog_entries_total\", window = \"5m\", where = { cmd = \"publish\" }",
            "increase(redis_slowlog_entries_total{job=\"manometer\", cmd=\"publish\"}[5m]) > 1",
        ),
        (
            "value = \"redis_db_keys\", where = { db = [\"db0\", \"d.1\"] }",
            "redis_db_keys{job=\"manometer\", db=~\"db0|d\\\\.1\"} > 1",
        ),
        ("mean = \"redis_ping_ms\", window = \"1h\"", "avg_over_time(redis_ping_ms{job=\"manometer\"}[1h]) > 1"),
        ("growth = \"redis_ping_ms\", window = \"2h30m\"", "deriv(redis_ping_ms{job=\"manometer\"}[2h30m]) > 1"),
        (
            "forecast = \"redis_memory_used_bytes\", limit = \"redis_memory_max_bytes\", window = \"1h\"",
            "(\n  clamp_min(\n    (redis_memory_max_bytes{job=\"manometer\"} > 0) - redis_memory_used_bytes{job=\"manometer\"},\n    \
             0\n  )\n  /\n  (deriv(redis_memory_used_bytes{job=\"manometer\"}[1h]) > 0)\n)\n>\n1",
        ),
        (
            "firing = \"critical\"",
            "count(count by (target) (ALERTS{job=\"manometer\", alertname!=\"Test\", alertstate=\"firing\", \
             severity=\"critical\", target!=\"\"})) > 1",
        ),
    ];
    for (signal, expr) in expected {
        assert_eq!(of_signal(signal, "above = 1"), [expr], "{signal}");
    }
    let states = [
        ("down = \"redis_up\"", "redis_up{job=\"manometer\"} == 0"),
        ("scrape = \"down\"", "up{job=\"manometer\"} == 0"),
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
        assert_eq!(expr, [format!("redis_ping_ms{{job=\"manometer\"}} {operator} 0.5")]);
    }
}

#[test]
fn it_goes_on_until_the_other_number() {
    let expected = "redis_client_output_buffer_top_limit_ratio{job=\"manometer\"} > 0.5\nor\n(\n  \
                    redis_client_output_buffer_top_limit_ratio{job=\"manometer\"} > 0.4\n  \
                    and on (job, instance, target, client, class)\n  \
                    ALERTS{job=\"manometer\", alertname=\"RedisSlowSubscriber\", alertstate=\"firing\", severity=\"warning\"}\n)";
    assert_eq!(shipped("RedisSlowSubscriber")[0], expected);
    let late = &shipped("RedisPublishStalled")[1];
    assert!(late.contains("severity=\"critical\", condition=\"late\"}"), "{late}");
    assert_eq!(
        shipped("CacheHitRatioLow")[0].lines().next().unwrap(),
        "redis_cache_hit_ratio{job=\"manometer\"} < 0.5"
    );
}

#[test]
fn guards_match_on_the_labels_that_both_have() {
    assert_eq!(
        shipped("PoolNearCapacity")[2],
        "pool_waiting{job=\"manometer\"} > 0\nand on (job, instance, target, pool)\npool_usage_ratio{job=\"manometer\"} >= 1"
    );
    assert_eq!(
        shipped("PublishRatioLow"),
        ["backpressure_rate_ratio{job=\"manometer\"} < 0.95\nand on (job, instance, target)\n\
          backpressure_ingest_rate{job=\"manometer\"} > 0"]
    );
    let expr = of_signal("value = \"redis_db_keys\"", "above = 1\nwhen = [{ value = \"redis_ping_ms\", at_most = 5 }]");
    assert_eq!(
        expr,
        ["redis_db_keys{job=\"manometer\"} > 1\nand on (job, instance, target)\nredis_ping_ms{job=\"manometer\"} <= 5"]
    );
}

#[test]
fn operands_of_other_labels_are_matched() {
    assert_eq!(
        of_signal("ratio = \"redis_db_keys\", of = \"redis_memory_max_bytes\"", "above = 1"),
        ["redis_db_keys{job=\"manometer\"}\n/ on (job, instance, target) group_left ()\n\
          (redis_memory_max_bytes{job=\"manometer\"} > 0)\n>\n1"]
        .map(|text| format!("(\n  {}\n)\n>\n1", text.trim_end_matches("\n>\n1").replace('\n', "\n  ")))
    );
}

#[test]
fn the_job_and_the_profile_are_in_every_rule() {
    let policy = policy_with("[thresholds]\njob = \"agents\"\nprofile = \"cross-region\"\n");
    assert_eq!(
        rules(&policy, "RedisPingHigh")[1],
        "redis_ping_ms{job=\"agents\"} > 200\nor\n(\n  redis_ping_ms{job=\"agents\"} > 160\n  \
         and on (job, instance, target)\n  \
         ALERTS{job=\"agents\", alertname=\"RedisPingHigh\", alertstate=\"firing\", severity=\"warning\"}\n)"
    );
    assert_eq!(rules(&policy, "ManometerDown"), ["up{job=\"agents\"} == 0", "absent(up{job=\"agents\"})"]);
}

#[test]
fn targets_with_numbers_of_their_own_are_clauses() {
    let policy = policy_with(
        "[[thresholds.redis_ping_high]]\ntarget = \"far\"\ninfo = 60\n\
         [[thresholds.redis_ping_high]]\ntarget = [\"main\", \"a.b|c\"]\ninfo = 7\n",
    );
    assert_eq!(
        rules(&policy, "RedisPingHigh")[0],
        "redis_ping_ms{job=\"manometer\", target!~\"far|main|a\\\\.b\\\\|c\"} > 5\nor\n\
         redis_ping_ms{job=\"manometer\", target=\"far\"} > 60\nor\n\
         redis_ping_ms{job=\"manometer\", target=~\"main|a\\\\.b\\\\|c\"} > 7"
    );
    // With the number that ends it each clause has its own pair.
    let policy = policy_with("[[thresholds.redis_memory_high]]\ntarget = \"far\"\ncritical = 0.95\n");
    let expr = &rules(&policy, "RedisMemoryHigh")[1];
    let numbers: Vec<&str> = expr.lines().filter(|line| line.contains("ratio{")).map(str::trim).collect();
    assert_eq!(
        numbers,
        [
            "target:redis_memory_used_per_max:ratio{job=\"manometer\", target!=\"far\"} > 0.9",
            "target:redis_memory_used_per_max:ratio{job=\"manometer\", target!=\"far\"} > 0.85",
            "target:redis_memory_used_per_max:ratio{job=\"manometer\", target=\"far\"} > 0.95",
            "target:redis_memory_used_per_max:ratio{job=\"manometer\", target=\"far\"} > 0.897",
        ]
    );
}

#[test]
fn a_target_for_which_it_is_off_is_left_out() {
    let policy = policy_with("[thresholds.redis_down]\ntarget = \"far\"\nenabled = false\n");
    assert_eq!(rules(&policy, "RedisDown"), ["redis_up{job=\"manometer\", target!=\"far\"} == 0"]);
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
