//! What the policy makes of a look.

use std::collections::{BTreeMap, BTreeSet};

use super::report::{Count, Finding, Report, Row, TargetState, Verdict};
use super::seen::Seen;
use crate::app::Concerned;
use crate::hub::TargetStatus;
use crate::policy::evaluate::{Active, Element, Evaluator, description, elements, label};
use crate::policy::explain::{Standing, explain, thing};
use crate::policy::one_look::OneLook;
use crate::policy::render::words;
use crate::policy::{Alert, Compare, Level, Policy, Signal};

/// Judges what was seen, of all targets or of those that concern one.
pub(super) fn judge(policy: &Policy, seen: &Seen, standing: &Standing, only: Option<&Concerned>) -> Report {
    let look = OneLook::new(policy, seen.gap);
    let mut evaluator = Evaluator::new(&look.policy);
    evaluator.tick(seen, seen.now);
    let concerns = |element: &Active| only.is_none_or(|only| only.contains(&thing(&element.labels)));
    let active = worst(&look.policy, evaluator.active().filter(concerns));
    let explained = explain(&look.policy, &active, standing);
    let statuses = seen.statuses.iter().filter(|status| only.is_none_or(|only| only.contains(&status.key.target)));
    let targets: Vec<TargetState> = statuses.clone().map(TargetState::new).collect();
    let finding = |at: usize| finding(policy, &look.whole(active[at].clone()), &seen.statuses);
    let mut causes: Vec<Finding> = Vec::new();
    for root in (0..active.len()).filter(|at| explained[*at].is_none()) {
        let cause = finding(root);
        let follows = (0..active.len()).filter(|at| explained[*at] == Some(root)).map(finding);
        // The cause has said why.
        let follows =
            follows.map(|other| Finding { error: other.error.filter(|it| Some(it) != cause.error.as_ref()), ..other });
        causes.push(Finding { follows: sorted(follows.collect()), ..cause });
    }
    let (mut rows, mut without_series) = (Vec::new(), Vec::new());
    for (at, alert) in look.policy.alerts.iter().enumerate().filter(|(_, alert)| !alert.levels.is_empty()) {
        let of_alert: Vec<&Active> = active.iter().filter(|active| active.alert == at).collect();
        let before = rows.len();
        rows.extend(rows_of(&look.policy, alert, &of_alert, seen, only));
        if rows.len() == before {
            without_series.push(alert.name.clone());
        }
    }
    // A target that failed, and of which no alert says so.
    let told: BTreeSet<&str> = active.iter().filter_map(|active| label(&active.labels, "target")).collect();
    let unknown = statuses.filter(|status| status.error.is_some() && !told.contains(status.key.target.as_str()));
    Report {
        causes: sorted(causes),
        rows,
        unknown: unknown.filter_map(|status| Some(format!("{}: {}", status.key, status.error.as_ref()?))).collect(),
        targets,
        left_out: look.left_out.iter().filter(|name| !without_series.contains(name)).cloned().collect(),
        without_series,
        once: seen.once.iter().filter(|name| only.is_none_or(|only| only.contains(*name))).cloned().collect(),
        seconds: 0.0,
    }
}

/// Of several levels of an alert that hold for one thing, the worst.
fn worst(policy: &Policy, active: impl Iterator<Item = Active>) -> Vec<Active> {
    let mut worst: BTreeMap<(usize, Vec<(String, String)>), Active> = BTreeMap::new();
    let severity = |active: &Active| policy.alerts[active.alert].levels[active.level].severity;
    for active in active {
        let labels = active.labels.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let known = worst.entry((active.alert, labels)).or_insert_with(|| active.clone());
        if severity(&active) > severity(known) {
            *known = active;
        }
    }
    worst.into_values().collect()
}

/// The worst first, and what explains most.
fn sorted(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by_key(|finding| std::cmp::Reverse((finding.verdict, finding.follows.len())));
    findings
}

fn finding(policy: &Policy, active: &Active, statuses: &[TargetStatus]) -> Finding {
    let alert = &policy.alerts[active.alert];
    let level = &alert.levels[active.level];
    let target = label(&active.labels, "target");
    // Why it is down, where that is what it says.
    let of_target = statuses.iter().filter(|status| {
        Some(status.key.target.as_str()) == target
            && label(&active.labels, "node").is_none_or(|node| Some(node) == status.key.node.as_deref())
    });
    let is_down = matches!(level.signal, Signal::Down(_));
    let error = of_target.filter(|_| is_down).find_map(|status| status.error.as_ref());
    Finding {
        verdict: Verdict::of(level),
        alert: alert.name.clone(),
        severity: level.severity.as_str(),
        condition: level.condition.clone(),
        thing: thing(&active.labels),
        labels: active.labels.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect(),
        value: active.value,
        number: level.unit.rendered(active.value),
        signal: signal(level),
        fires: clause(level),
        text: description(policy, active),
        error: error.map(ToString::to_string),
        follows: Vec::new(),
    }
}

/// What a level compares.
fn signal(level: &Level) -> String {
    let signal = words::signal(&level.signal).replace('`', "");
    // Of a state the words say that it holds.
    if level.compare == Compare::Equal { signal.trim_end_matches(" is 0").to_owned() } else { signal }
}

/// When a level fires, without what it compares: "above 80 %, and ...".
fn clause(level: &Level) -> String {
    let (all, signal) = (words::fires(level), words::signal(&level.signal));
    let clause = all.strip_prefix(&signal).unwrap_or(&all).trim_start().replace('`', "");
    match level.compare {
        Compare::Equal => format!("at {}{clause}", level.unit.show(level.fire)),
        _ => clause,
    }
}

/// A row for each number that the levels of an alert compare: the worst of all things that have it.
fn rows_of(policy: &Policy, alert: &Alert, active: &[&Active], seen: &Seen, only: Option<&Concerned>) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for (at, level) in alert.levels.iter().enumerate() {
        let is_first = alert.levels[..at].iter().all(|other| !is_one_number(other, level));
        if !is_first {
            continue;
        }
        let all = elements(policy, &level.signal, seen, seen.now);
        let all: Vec<&Element<'_>> =
            all.iter().filter(|element| only.is_none_or(|only| only.contains(&thing(&element.labels)))).collect();
        let is_low = matches!(level.compare, Compare::Below | Compare::AtMost | Compare::Equal);
        let order = |one: f64, other: f64| if is_low { one.total_cmp(&other) } else { other.total_cmp(&one) };
        let numbers = all.iter().copied().filter(|element| !element.value.is_nan());
        let Some(worst) = numbers.min_by(|one, other| order(one.value, other.value)) else { continue };
        let levels = || alert.levels.iter().enumerate().filter(|(_, other)| is_one_number(other, level));
        let holds = levels().filter(|(place, _)| active.iter().any(|active| active.level == *place));
        rows.push(Row {
            alert: alert.name.clone(),
            signal: signal(level),
            thing: thing(&worst.labels),
            labels: worst.labels.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect(),
            value: worst.value,
            number: level.unit.rendered(worst.value),
            thresholds: levels().map(|(_, level)| format!("{} {}", level.severity.as_str(), clause(level))).collect(),
            verdict: holds.map(|(_, level)| Verdict::of(level)).max().unwrap_or(Verdict::Ok),
            of: Count(all.len()),
        });
    }
    rows
}

fn is_one_number(one: &Level, other: &Level) -> bool {
    one.signal.is_same(&other.signal) && one.compare == other.compare && one.unit == other.unit
}
