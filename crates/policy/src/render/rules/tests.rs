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
    // Without those that pass a call for help on.
    let is_relay = |rule: &Rule| rule.labels.contains(&("page".to_owned(), "no".to_owned()));
    rules.retain(|rule| matches!(&rule.kind, RuleKind::Alert { name, .. } if name == alert) && !is_relay(rule));
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
    let mut files = rule_files(&policy, &catalog());
    // What follows from what has rules of its own.
    files.retain(|file| file.name != "causes");
    let rules = files.iter().flat_map(|file| &file.groups).flat_map(|group| &group.rules);
    let alerts = rules.filter(|rule| matches!(rule.kind, RuleKind::Alert { .. })).count();
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
    assert_eq!(names[..2], ["manometer-topology.rules", "manometer-causes.rules"]);
    assert!(names.last().unwrap().starts_with("manometer-thresholds-"));
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
        ("(2 * 1024^3)", "alert=ContainerMemoryLarge,severity=warning,condition=and growing"),
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
        "{{ $labels.target }}{{ with $labels.node }} ({{ . }}){{ end }} uses {{ $value | humanizePercentage }} of its memory (maxmemory, or the machine's without it), more \
         than 90 %; at the limit writes fail, or what must not be lost is evicted. What to do: /runbooks/RedisMemoryHigh at the agent."
    );
    assert_eq!(
        annotation(rule, "dashboard_url"),
        "https://grafana.example.org/d/manometer-redis?var-target={{ $labels.target }}"
    );
    let watchdog = &of_alert(&policy, "Watchdog")[0];
    assert!(annotation(watchdog, "description").contains("is broken; job {{ \"manometer\" }}. What"));
    assert_eq!(annotation(watchdog, "dashboard_url"), "https://grafana.example.org/d/manometer-overview");
    let unhealthy = of_alert(&policy, "ServiceUnhealthy");
    assert_eq!(
        annotation(&unhealthy[0], "description"),
        "{{ $labels.target }}{{ with $labels.node }} ({{ . }}){{ end }} is not reachable{{ with printf \"max by (reason) (last_over_time(manometer_target_failing{job=%q, \
         site=%q, target=%q, node=%q}[2m]))\" \"manometer\" $labels.site $labels.target $labels.node | query }}: {{ range $at, \
         $of := . }}{{ if $at }}, {{ end }}{{ $of.Labels.reason }}{{ end }}{{ end }}. What to do: /runbooks/ServiceUnhealthy at \
         the agent."
    );
    assert_eq!(
        unhealthy[1].labels[1],
        ("condition".to_owned(), "not healthy, or its health cannot be read".to_owned())
    );
    let pool = &of_alert(&policy, "PoolNearCapacity")[0];
    assert!(
        annotation(pool, "description")
            .starts_with("Pool {{ $labels.pool }} of {{ $labels.target }}{{ with $labels.node }} ({{ . }}){{ end }}: ")
    );
}

#[test]
fn links_lead_to_where_people_are_said_to_find_them() {
    let linked = |policy: &Policy| {
        let rule = of_alert(policy, "RedisDown").swap_remove(0);
        let RuleKind::Alert { annotations, .. } = &rule.kind else { panic!("{rule:?}") };
        let names: Vec<&str> = annotations.iter().map(|(name, _)| *name).collect();
        (names.join(" "), policy.runbook("RedisDown").unwrap_or_default(), policy.missing_links().len())
    };
    let mut policy = policy("");
    assert_eq!(linked(&policy), ("summary description".to_owned(), String::new(), 2));
    policy.external_url = "https://agent.example.org/".to_owned();
    let page = "https://agent.example.org/runbooks/RedisDown".to_owned();
    assert_eq!(linked(&policy), ("summary description runbook_url".to_owned(), page, 1));
    // A folder of one's own is preferred to the agent's pages.
    policy.runbooks = "https://git.example.org/runbooks/".to_owned();
    let page = "https://git.example.org/runbooks/RedisDown.md".to_owned();
    assert_eq!(linked(&policy), ("summary description runbook_url".to_owned(), page, 1));
    let texts: String = of_alert(&policy, "RedisDown").iter().map(|rule| annotation(rule, "description")).collect();
    assert!(!texts.contains("What to do"), "{texts}");
}

#[test]
fn times_in_texts_are_those_that_hold() {
    let policy = policy("[thresholds.backpressure_overload]\ncritical_for = \"90s\"\n");
    let text = annotation(&of_alert(&policy, "BackpressureOverload")[0], "description");
    assert!(text.contains("overload, for 1 minute 30 seconds."), "{text}");
    let scoped = self::policy(
        "[[thresholds.backpressure_overload]]\ncritical_for = \"5m\"\n\
         [[thresholds.backpressure_overload]]\ntarget = \"far\"\ncritical_for = \"0s\"\n",
    );
    let texts: Vec<String> =
        of_alert(&scoped, "BackpressureOverload").iter().map(|rule| annotation(rule, "description")).collect();
    assert!(texts[0].contains("for 5 minutes.") && texts[1].contains("for a moment."), "{texts:?}");
}

#[test]
fn a_target_is_told_its_own_number() {
    let policy = policy("[thresholds.redis_ping_high]\ntarget = [\"far\", \"main\"]\nwarning = 300\n");
    assert_eq!(
        annotation(&of_alert(&policy, "RedisPingHigh")[1], "description"),
        "The mean round trip to {{ $labels.target }}{{ with $labels.node }} ({{ . }}){{ end }} is {{ printf \"%.1f\" $value }} ms, \
         {{ if eq $labels.target \"far\" \"main\" }}{{ if gt $value 300.0 }}more than 300 ms{{ else }}not yet below 240 ms{{ end }}\
         {{ else }}{{ if gt $value 100.0 }}more than 100 ms{{ else }}not yet below 80 ms{{ end }}{{ end }}. What to do: \
         /runbooks/RedisPingHigh at the agent."
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
        format!(
            "max without (job, instance, node) (\n  redis_up{{job=\"manometer\", {targets}}}\n  or\n  (\n    \
             last_over_time(redis_up{{job=\"manometer\", {targets}}}[2m])\n    and on (job, instance)\n    \
             up{{job=\"manometer\"}} == 0\n  )\n)\n==\n0"
        )
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
