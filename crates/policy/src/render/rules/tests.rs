use super::*;
use crate::render::{Format, render};
use crate::testing::{self, policy_with as policy};

fn catalog() -> Catalog {
    Catalog::new(&testing::metrics())
}

fn rules(policy: &Policy) -> Vec<Rule> {
    let files = rule_files(policy, &catalog());
    files.into_iter().flat_map(|file| file.groups).flat_map(|group| group.rules).collect()
}

/// The rules of one alert.
fn of_alert(policy: &Policy, alert: &str) -> Vec<Rule> {
    let mut rules = rules(policy);
    rules.retain(|rule| matches!(&rule.kind, RuleKind::Alert { name, .. } if name == alert));
    rules
}

fn annotation(rule: &Rule, wanted: &str) -> String {
    let RuleKind::Alert { annotations, .. } = &rule.kind else { panic!("{rule:?}") };
    annotations.iter().find(|(name, _)| *name == wanted).unwrap().1.clone()
}

#[test]
fn every_level_is_a_rule_and_no_group_is_too_large() {
    let policy = policy("");
    let levels = policy.alerts.iter().flat_map(|alert| &alert.levels).count();
    let alerts = rules(&policy).into_iter().filter(|rule| matches!(rule.kind, RuleKind::Alert { .. })).count();
    assert_eq!(alerts, levels);
    let mut names = Vec::new();
    for group in rule_files(&policy, &catalog()).into_iter().flat_map(|file| file.groups) {
        assert!((1..=20).contains(&group.rules.len()), "{}", group.name);
        assert!(group.name.len() <= 40 && !names.contains(&group.name), "{}", group.name);
        let is_records = group.rules.iter().all(|rule| matches!(rule.kind, RuleKind::Record(_)));
        let is_alerts = group.rules.iter().all(|rule| matches!(rule.kind, RuleKind::Alert { .. }));
        let kind = group.name.rsplit('.').next().unwrap();
        assert_eq!((is_records, is_alerts), (kind == "rules", kind == "alerts"));
        names.push(group.name);
    }
    assert_eq!(names[..2], ["manometer-redis.rules", "manometer-redis.alerts"]);
    assert_eq!(names.last().unwrap(), "manometer-thresholds-5.rules");
}

#[test]
fn every_number_is_recorded_for_each_agent() {
    let policy = policy("[thresholds.redis_ping_high]\ntarget = \"far\"\nwarning = 300\n");
    let recorded: Vec<(String, String)> = rules(&policy)
        .into_iter()
        .filter(|rule| rule.kind == RuleKind::Record(RENDERED_THRESHOLD.to_owned()))
        .map(|rule| {
            let labels: Vec<String> = rule.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
            (rule.expr, labels.join(","))
        })
        .collect();
    assert_eq!(recorded.len(), policy.thresholds().count());
    let number = |text: &str| format!("max by (job, instance) (manometer_build_info{{job=\"manometer\"}}) * {text}");
    for (value, labels) in [
        ("100", "alert=RedisPingHigh,severity=warning"),
        ("300", "alert=RedisPingHigh,severity=warning,scope=far"),
        ("3", "alert=RedisSaveFailing,severity=warning,condition=late"),
        ("(2 * 1024^3)", "alert=ContainerMemoryHigh,severity=warning,condition=and growing"),
    ] {
        assert!(recorded.contains(&(number(value), labels.to_owned())), "{labels}");
    }
}

#[test]
fn texts_have_templates_for_what_is_known_when_it_fires() {
    let policy = policy("[thresholds]\ndashboards = \"https://grafana.example.org/\"\n");
    let rule = &of_alert(&policy, "RedisMemoryHigh")[1];
    assert_eq!(
        rule.labels,
        [("severity", "critical"), ("escalation", "infrastructure")].map(|(a, b)| (a.into(), b.into()))
    );
    assert_eq!(annotation(rule, "summary"), "Redis memory is close to its limit.");
    assert_eq!(
        annotation(rule, "description"),
        "{{ $labels.target }} uses {{ $value | humanizePercentage }} of its memory (maxmemory, or the \
         machine's without it), more than 90 %; at the limit writes fail, or what must not be lost is evicted."
    );
    assert_eq!(
        annotation(rule, "runbook_url"),
        "https://github.com/manometer/manometer/blob/main/docs/runbooks/RedisMemoryHigh.md"
    );
    assert_eq!(
        annotation(rule, "dashboard_url"),
        "https://grafana.example.org/d/manometer-redis?var-target={{ $labels.target }}"
    );
    let watchdog = &of_alert(&policy, "Watchdog")[0];
    assert!(annotation(watchdog, "description").ends_with("is broken; job {{ \"manometer\" }}."));
    assert_eq!(annotation(watchdog, "dashboard_url"), "https://grafana.example.org/d/manometer-overview");
    let unhealthy = of_alert(&policy, "ServiceUnhealthy");
    assert_eq!(annotation(&unhealthy[0], "description"), "{{ $labels.target }}: not reachable.");
    assert_eq!(
        unhealthy[1].labels[1],
        ("condition".to_owned(), "not healthy, or its health cannot be read".to_owned())
    );
    let pool = &of_alert(&policy, "PoolNearCapacity")[0];
    assert!(annotation(pool, "description").starts_with("Pool {{ $labels.pool }} of {{ $labels.target }}: "));
}

#[test]
fn a_target_is_told_its_own_number() {
    let policy = policy("[thresholds.redis_ping_high]\ntarget = [\"far\", \"main\"]\nwarning = 300\n");
    assert_eq!(
        annotation(&of_alert(&policy, "RedisPingHigh")[1], "description"),
        "The mean round trip to {{ $labels.target }} is {{ printf \"%.1f\" $value }} ms, above \
         {{ if eq $labels.target \"far\" \"main\" }}300 ms{{ else }}100 ms{{ end }}."
    );
}

#[test]
fn a_target_with_another_duration_has_a_rule_of_its_own() {
    let policy = policy("[thresholds.redis_down]\ntarget = \"far\"\ncritical_for = \"10m\"\n");
    let found: Vec<_> = of_alert(&policy, "RedisDown")
        .into_iter()
        .map(|rule| {
            let RuleKind::Alert { hold, .. } = rule.kind else { panic!() };
            (rule.expr, hold.as_secs(), rule.labels.last().unwrap().clone())
        })
        .collect();
    let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let down = |targets: &str| {
        format!("max without (job, instance) (last_over_time(redis_up{{job=\"manometer\", {targets}}}[2m])) == 0")
    };
    assert_eq!(
        found,
        [
            (down("target!=\"\", target!=\"far\""), 60, label("severity", "critical")),
            (down("target=\"far\""), 600, label("scope", "far")),
        ]
    );
}

#[test]
fn manifests_have_the_same_groups() {
    let policy = policy("");
    let plain = files(&policy, &catalog());
    let manifests = render(&policy, &testing::metrics(), Format::PrometheusRule, &BTreeMap::new());
    assert_eq!(plain.len(), manifests.len());
    for (plain, manifest) in plain.iter().zip(&manifests) {
        let (_, groups) = plain.text.split_once("groups:\n").unwrap();
        let (head, inner) = manifest.text.split_once("  groups:\n").unwrap();
        assert!(
            head.contains("apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: manometer-")
        );
        let inner: String = inner.lines().flat_map(|line| [line.strip_prefix("  ").unwrap_or(line), "\n"]).collect();
        // Comments may be broken elsewhere, as they stand further to the right.
        let bare = |text: &str| text.lines().filter(|line| !line.trim().starts_with('#')).map(str::to_owned).collect();
        let (groups, inner): (Vec<String>, Vec<String>) = (bare(groups), bare(&inner));
        assert_eq!(groups, inner);
    }
}
