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
    let of = |source: &str| -> Vec<&[String; 3]> { rules.iter().filter(|rule| rule[0] == source).collect() };
    let down = of("alertname=\"RedisDown\"");
    assert_eq!(down.len(), 1);
    for name in ["RedisPingHigh", "RedisMemoryHigh", "RedisSlowSubscriber", "TargetPollFailing"] {
        assert!(down[0][1].contains(name), "{}", down[0][1]);
    }
    assert!(!down[0][1].contains("RedisDown"));
    assert_eq!(down[0][2], "site, target");
    // A slow subscriber that is no emergency must not keep anybody from being told that the memory is full.
    let slow = of("alertname=\"RedisSlowSubscriber\"");
    assert!(slow.iter().all(|rule| rule[1].ends_with("severity=~\"warning|info\"")), "{slow:?}");
    assert!(slow.iter().any(|rule| rule[1].contains("RedisMemoryHigh")), "{slow:?}");
    let cut_off = of("alertname=\"RedisClientCutOff\"");
    assert!(
        cut_off.iter().any(|rule| rule[1].contains("RedisMemoryHigh") && !rule[1].contains("severity")),
        "{cut_off:?}"
    );
}

#[test]
fn what_has_labels_of_its_own_silences_only_the_same_thing() {
    let rules = inhibition(&rendered().1);
    let find = |source: &str, target: &str| {
        rules.iter().find(|rule| rule[0].contains(source) && rule[1].contains(target)).map(|rule| rule[2].as_str())
    };
    assert_eq!(find("ContainerDown", "ContainerCpuHigh"), Some("site, target, name"));
    assert_eq!(find("PoolNearCapacity", "warning|info"), Some("alertname, site, target, pool"));
    assert_eq!(find("RedisPingHigh", "warning|info"), Some("alertname, site, target"));
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
