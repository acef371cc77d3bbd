//! The rules of what follows from what: which causes are seen, what they reach, and the alerts that silence it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Rule, RuleFile, RuleGroup, RuleKind, annotation, chunks};
use crate::render::promql::{INHIBITOR, Promql, REACH, SEEN, STOOD_ON, TOPOLOGY};
use crate::{Alert, Cause, Level, Severity, Threshold, duration};

/// The name of the file.
pub(crate) const CAUSES: &str = "causes";

/// The label with the `for` of the causes that an alert stands for.
pub(crate) const CAUSE_FOR: &str = "cause_for";

/// The label with how long they silence when they are over.
pub(crate) const CAUSE_TAIL: &str = "cause_tail";

/// The file. Causes come first, so that a symptom that begins with its cause finds it there.
pub(super) fn file(promql: &Promql<'_>) -> RuleFile {
    let topology =
        vec![record(TOPOLOGY, promql.topology(), Vec::new()), record(STOOD_ON, promql.stood_on(), Vec::new())];
    let records: Vec<Rule> = promql.policy.causes().flat_map(|cause| seen(promql, cause)).collect();
    let mut groups = vec![RuleGroup { name: "manometer-topology.rules".to_owned(), rules: topology }];
    // Each record of a pair is made from the other: they stay together.
    groups.extend(chunks("manometer-causes", "rules", &records));
    groups.extend(chunks("manometer-causes", "alerts", &[inhibitors(promql), relays(promql)].concat()));
    RuleFile { name: CAUSES.to_owned(), groups }
}

fn seen(promql: &Promql<'_>, cause: Cause<'_>) -> [Rule; 2] {
    let own = named(cause.alert, cause.level);
    [record(SEEN, promql.seen(cause), own.clone()), record(REACH, promql.reach(cause), own)]
}

/// The labels of a level.
fn named(alert: &Alert, level: &Level) -> Vec<(String, String)> {
    let mut own = labels([("alert", &*alert.name), (Threshold::SEVERITY_OF, level.severity.as_str())]);
    own.extend(level.condition.iter().map(|condition| ("condition".to_owned(), condition.clone())));
    own
}

/// The alerts that silence what follows: from when a cause is seen, and while it fires and for some time after that.
fn inhibitors(promql: &Promql<'_>) -> Vec<Rule> {
    let times = promql.policy.times;
    let by = |key: &dyn Fn(&Level) -> (Duration, Duration)| {
        let mut groups: BTreeMap<_, Vec<Cause<'_>>> = BTreeMap::new();
        promql.policy.causes().for_each(|cause| groups.entry(key(cause.level)).or_default().push(cause));
        groups
    };
    let early = by(&|level| (level.hold, Duration::ZERO)).into_iter().filter_map(|((hold, _), causes)| {
        let time = times.early(causes.first()?.level)?;
        Some(inhibitor("seen", (hold, Duration::ZERO), promql.early(&causes, time), Duration::ZERO))
    });
    let late = by(&|level| (level.hold, times.tail(level)))
        .into_iter()
        .map(|((hold, tail), causes)| inhibitor("firing", (hold, tail), promql.late(&causes), hold));
    early.chain(late).collect()
}

fn inhibitor(stage: &str, (of, tail): (Duration, Duration), expr: String, hold: Duration) -> Rule {
    let description =
        "{{ $labels.alert }} of {{ $labels.cause }}: what follows from it on {{ $labels.target }} is silenced.";
    let annotations =
        vec![("summary", "What follows from a cause is silenced.".to_owned()), ("description", description.to_owned())];
    let kind = RuleKind::Alert { name: INHIBITOR.to_owned(), hold, keep_firing: tail, annotations };
    // Two rules of one name and the same labels would be taken for a mistake.
    let own = [("severity", "none"), ("stage", stage), (CAUSE_FOR, &duration(of)), (CAUSE_TAIL, &duration(tail))];
    Rule { kind, expr, labels: labels(own), comment: None }
}

/// The alerts by which the call for help of what is silenced passes to its cause.
fn relays(promql: &Promql<'_>) -> Vec<Rule> {
    let policy = promql.policy;
    let relay = |alert: &Alert| {
        let own = policy.causes().filter(|cause| cause.alert.name == alert.name);
        let causes: Vec<Cause<'_>> = own.filter(|cause| cause.callers(policy).next().is_some()).collect();
        let first = *causes.first()?;
        let escalation = first.callers(policy).find_map(|(_, level)| level.escalation.as_deref())?;
        let mut names: Vec<String> = first.callers(policy).map(|(alert, _)| alert.name.clone()).collect();
        names.dedup();
        let texts = annotation::all(policy, alert, first.level, first.level.hold);
        let kind = RuleKind::Alert {
            name: alert.name.clone(),
            hold: Duration::ZERO,
            keep_firing: Duration::ZERO,
            annotations: texts.into_iter().map(|(key, text)| (key, relayed(key, text, alert))).collect(),
        };
        let own = [("severity", Severity::Critical.as_str()), ("escalation", escalation), ("page", "no")];
        Some(Rule { kind, expr: promql.relayed(&causes, &names, escalation), labels: labels(own), comment: None })
    };
    policy.alerts.iter().filter_map(relay).collect()
}

/// The value of the rule is not that of the alert: what the description says of it would be wrong.
fn relayed(key: &str, text: String, alert: &Alert) -> String {
    if key != "description" {
        return text;
    }
    let element = if alert.description.contains("{label:name}") { "name" } else { "target" };
    let summary = alert.summary.trim_end_matches('.');
    format!("{summary}: {{{{ $labels.{element} }}}}. What stands on it asks for the infrastructure team.")
}

fn record(name: &str, expr: String, labels: Vec<(String, String)>) -> Rule {
    Rule { kind: RuleKind::Record(name.to_owned()), expr, labels, comment: None }
}

fn labels<const N: usize>(all: [(&str, &str); N]) -> Vec<(String, String)> {
    all.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}
