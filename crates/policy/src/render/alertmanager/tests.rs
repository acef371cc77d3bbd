use super::*;
use crate::testing;

fn rendered() -> (Policy, String) {
    let policy = crate::shipped().unwrap();
    let catalog = Catalog::new(&testing::metrics());
    let text = config(&policy, &catalog);
    (policy, text)
}

/// The rules of inhibition: sources, targets, equal labels.
fn inhibition(text: &str) -> Vec<[String; 3]> {
    let part = text.split("inhibit_rules:").nth(1).unwrap().split("receivers:").next().unwrap();
    let lines: Vec<&str> =
        part.lines().filter(|line| !line.trim().is_empty() && !line.trim().starts_with('#')).collect();
    lines
        .chunks(3)
        .map(|rule| {
            let value = |at: usize, key: &str| {
                let (name, value) = rule[at].trim().trim_start_matches("- ").split_once(": ").unwrap();
                assert_eq!(name, key);
                value.trim_matches(['[', ']']).to_owned()
            };
            [value(0, "source_matchers"), value(1, "target_matchers"), value(2, "equal")]
        })
        .collect()
}

#[test]
fn every_rule_of_inhibition_needs_a_target_that_both_sides_have() {
    let (policy, text) = rendered();
    let rules = inhibition(&text);
    assert!(rules.len() > 8, "{rules:?}");
    for [sources, targets, equal] in &rules {
        assert!(equal.split(", ").any(|label| label == "target"), "{sources} {targets} {equal}");
        for alert in &policy.alerts {
            let is_named = [sources, targets].iter().any(|matchers| matchers.contains(&alert.name));
            assert!(!is_named || has_target(alert), "{} has no target: {sources} {targets}", alert.name);
        }
    }
}

#[test]
fn a_cause_silences_what_follows_from_it_and_nothing_worse() {
    let rules = inhibition(&rendered().1);
    let of = |alert: &str, severity: &str| -> [String; 3] {
        let source = format!("alertname=\"CauseInhibitor\", alert=\"{alert}\", severity_of=\"{severity}\"");
        let found: Vec<_> = rules.iter().filter(|rule| rule[0] == source).collect();
        assert_eq!(found.len(), 1, "{source}");
        found[0].clone()
    };
    let [_, targets, equal] = of("RedisDown", "critical");
    for name in ["RedisPingHigh", "RedisMemoryHigh", "RedisSlowSubscriber", "TargetPollFailing"] {
        assert!(targets.contains(name), "{targets}");
    }
    assert!(!targets.contains("RedisDown") && !targets.contains("severity"), "{targets}");
    assert_eq!(equal, "site, target, name");
    // A slow subscriber that is no emergency must not keep anybody from being told that the memory is full.
    let [_, targets, _] = of("RedisSlowSubscriber", "warning");
    assert!(targets.contains("RedisMemoryHigh") && targets.ends_with("severity=~\"warning|info\""), "{targets}");
    let [_, targets, _] = of("RedisClientCutOff", "critical");
    assert!(targets.contains("RedisMemoryHigh") && !targets.contains("severity"), "{targets}");
}

#[test]
fn what_has_labels_of_its_own_silences_only_the_same_thing() {
    let rules = inhibition(&rendered().1);
    let find = |source: &str, target: &str| {
        rules.iter().find(|rule| rule[0].contains(source) && rule[1].contains(target)).map(|rule| rule[2].as_str())
    };
    assert_eq!(find("PoolNearCapacity", "warning|info"), Some("alertname, site, target, node, pool"));
    assert_eq!(find("RedisPingHigh", "warning|info"), Some("alertname, site, target, node"));
}

#[test]
fn every_level_has_a_case_and_an_escalation_reaches_both() {
    let policy = crate::shipped().unwrap();
    let cases = cases(&policy);
    for alert in &policy.alerts {
        for level in &alert.levels {
            let line = format!(
                "{}: alertname={} severity={}",
                receivers(level).join(","),
                alert.name,
                level.severity.as_str()
            );
            assert!(cases.contains(&line), "{line}");
        }
    }
    assert!(cases.contains("heartbeat: alertname=Watchdog severity=info\n"));
    assert!(cases.contains(
        "infrastructure,page: alertname=RedisMemoryHigh severity=critical escalation=infrastructure target=main\n"
    ));
}
