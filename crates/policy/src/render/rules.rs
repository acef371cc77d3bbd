//! Rules of Prometheus: what is recorded, what is alerted on.

mod annotation;
mod causes;

pub(crate) use self::causes::{CAUSE_FOR, CAUSE_TAIL, CAUSES};

use std::collections::BTreeMap;
use std::time::Duration;

use super::promql::{Promql, RENDERED_THRESHOLD};
use super::yaml::Yaml;
use super::{Catalog, File, HEADER};
use crate::{Alert, Level, Policy, Scope, duration};

/// Rules of a group at most; mixtool's limit, and what can be looked through.
const GROUP_LIMIT: usize = 20;

/// A file of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFile {
    /// `redis` of `redis.rules.yml`.
    pub name: String,
    /// Its groups.
    pub groups: Vec<RuleGroup>,
}

/// Rules that are evaluated one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleGroup {
    /// `manometer-redis.alerts`.
    pub name: String,
    /// Its rules.
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What it makes.
    pub kind: RuleKind,
    /// Its PromQL.
    pub expr: String,
    /// Labels that it sets.
    pub labels: Vec<(String, String)>,
    /// Why it is as it is.
    pub comment: Option<String>,
}

/// What a rule makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleKind {
    /// A series of that name.
    Record(String),
    /// Alerts.
    Alert {
        /// The alert's name.
        name: String,
        /// How long it must hold; 0 for at once.
        hold: Duration,
        /// How long it goes on; 0 for not at all.
        keep_firing: Duration,
        /// Texts with templates.
        annotations: Vec<(&'static str, String)>,
    },
}

/// alerts/*.rules.yml.
#[must_use]
pub fn files(policy: &Policy, catalog: &Catalog) -> Vec<File> {
    let write = |file: RuleFile| File {
        path: format!("alerts/{}.rules.yml", file.name).into(),
        text: Yaml::map([("groups", groups_yaml(&file.groups))]).document(HEADER),
    };
    rule_files(policy, catalog).into_iter().map(write).collect()
}

/// The rules, a file for each group of the policy and one for its numbers.
#[must_use]
pub fn rule_files(policy: &Policy, catalog: &Catalog) -> Vec<RuleFile> {
    let promql = Promql { policy, catalog };
    let mut files = vec![causes::file(&promql)];
    files.extend(policy.groups().into_iter().map(|name| {
        let alerts: Vec<&Alert> = policy.alerts.iter().filter(|alert| alert.group == name).collect();
        let records = alerts.iter().flat_map(|alert| records(&promql, alert));
        let mut unique: Vec<Rule> = Vec::new();
        for record in records {
            if !unique.iter().any(|other| other.kind == record.kind) {
                unique.push(record);
            }
        }
        let rules: Vec<Rule> = alerts.iter().flat_map(|alert| alert_rules(&promql, alert)).collect();
        let mut groups = chunks(&format!("manometer-{name}"), "rules", &unique);
        groups.extend(chunks(&format!("manometer-{name}"), "alerts", &rules));
        RuleFile { name: name.to_owned(), groups }
    }));
    let groups = chunks("manometer-thresholds", "rules", &thresholds(&promql));
    files.push(RuleFile { name: "thresholds".to_owned(), groups });
    files
}

/// Groups that are not too large: `manometer-redis.rules`, `manometer-redis-2.rules`.
fn chunks(name: &str, kind: &str, rules: &[Rule]) -> Vec<RuleGroup> {
    let groups = rules.chunks(GROUP_LIMIT).enumerate();
    groups
        .map(|(at, rules)| RuleGroup {
            name: if at == 0 { format!("{name}.{kind}") } else { format!("{name}-{}.{kind}", at + 1) },
            rules: rules.to_vec(),
        })
        .collect()
}

fn records(promql: &Promql<'_>, alert: &Alert) -> Vec<Rule> {
    let record = |level: &Level| {
        let name = level.signal.record()?.to_owned();
        let expr = promql.recorded(&level.signal);
        Some(Rule { kind: RuleKind::Record(name), expr, labels: Vec::new(), comment: None })
    };
    alert.levels.iter().filter_map(record).collect()
}

/// The rules of an alert: one for each level, and one more for targets for which it must hold for another time.
fn alert_rules(promql: &Promql<'_>, alert: &Alert) -> Vec<Rule> {
    let mut rules = Vec::new();
    for level in &alert.levels {
        let mut by_hold: BTreeMap<Duration, Vec<&Scope>> = BTreeMap::new();
        for scope in &level.scopes {
            by_hold.entry(scope.hold).or_default().push(scope);
        }
        let same = by_hold.remove(&level.hold).unwrap_or_default();
        let expr = promql.rule(alert, level, &same);
        rules.push(alert_rule(promql, (alert, level), expr, level.hold, None));
        for (hold, scopes) in by_hold {
            if let Some(expr) = promql.scoped_rule(alert, level, &scopes) {
                let targets: Vec<&str> = scopes.iter().flat_map(|scope| &scope.targets).map(String::as_str).collect();
                rules.push(alert_rule(promql, (alert, level), expr, hold, Some(&targets.join(", "))));
            }
        }
    }
    rules
}

fn alert_rule(
    promql: &Promql<'_>,
    (alert, level): (&Alert, &Level),
    expr: String,
    hold: Duration,
    scope: Option<&str>,
) -> Rule {
    let label = |name: &str, value: Option<&str>| value.map(|value| (name.to_owned(), value.to_owned()));
    let labels = [
        label("severity", Some(level.severity.as_str())),
        label("escalation", level.escalation.as_deref()),
        label("page", (!level.page).then_some("no")),
        label("condition", level.condition.as_deref()),
        // Two rules of one name and the same labels would be taken for a mistake.
        label("scope", scope),
    ];
    let kind = RuleKind::Alert {
        name: alert.name.clone(),
        hold,
        keep_firing: level.keep_firing,
        annotations: annotation::all(promql.policy, alert, level, hold),
    };
    Rule { kind, expr, labels: labels.into_iter().flatten().collect(), comment: level.why.clone() }
}

/// The numbers of the policy as series, for what the agent says to be compared with.
fn thresholds(promql: &Promql<'_>) -> Vec<Rule> {
    let unit = |name: &str, severity, condition: &str| {
        let levels = promql.policy.alert(name).map_or(&[][..], |alert| &alert.levels);
        levels
            .iter()
            .find(|level| level.severity == severity && level.condition.as_deref().unwrap_or_default() == condition)
            .map_or(crate::Unit::Count, |level| level.unit)
    };
    let rule = |threshold: crate::Threshold<'_>| {
        let labels = threshold.labels().into_iter().filter(|(_, value)| !value.is_empty());
        Rule {
            kind: RuleKind::Record(RENDERED_THRESHOLD.to_owned()),
            expr: promql.threshold(threshold.value, unit(threshold.alert, threshold.severity, threshold.condition)),
            labels: labels.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            comment: None,
        }
    };
    promql.policy.thresholds().map(rule).collect()
}

/// The value of `groups`, as rule files and `PrometheusRule` have it.
pub(super) fn groups_yaml(groups: &[RuleGroup]) -> Yaml {
    let group = |group: &RuleGroup| {
        let rules = group.rules.iter().map(rule_yaml).collect();
        Yaml::map([("name", Yaml::text(&group.name)), ("rules", Yaml::List(rules))])
    };
    Yaml::List(groups.iter().map(group).collect())
}

fn rule_yaml(rule: &Rule) -> Yaml {
    let (kind, name) = match &rule.kind {
        RuleKind::Record(name) => ("record", name),
        RuleKind::Alert { name, .. } => ("alert", name),
    };
    let mut entries = vec![(kind, Yaml::text(name)), ("expr", Yaml::text(&rule.expr))];
    if let RuleKind::Alert { hold, keep_firing, .. } = &rule.kind {
        // What is not set is 0; to say so would be taken for a mistake.
        let times = [("for", hold), ("keep_firing_for", keep_firing)].into_iter().filter(|(_, time)| !time.is_zero());
        entries.extend(times.map(|(key, time)| (key, Yaml::plain(duration(*time)))));
    }
    if !rule.labels.is_empty() {
        let labels = rule.labels.iter().map(|(name, value)| (name.clone(), Yaml::text(value)));
        entries.push(("labels", Yaml::map(labels)));
    }
    if let RuleKind::Alert { annotations, .. } = &rule.kind {
        entries.push(("annotations", Yaml::map(annotations.iter().map(|(key, text)| (*key, Yaml::text(text))))));
    }
    let yaml = Yaml::map(entries);
    match &rule.comment {
        Some(comment) => yaml.commented(comment),
        None => yaml,
    }
}

#[cfg(test)]
mod tests;
