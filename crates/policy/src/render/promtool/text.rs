//! The text of a test file.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use super::cases::{Case, Check};
use super::course::simulate;
use super::expect;
use crate::evaluate::{Active, Label};
use crate::render::rules::{RuleFile, rule_files};
use crate::render::{Catalog, HEADER};
use crate::{Alert, Policy, Signal, duration as time};

/// What comes before the tests.
pub(super) fn head(policy: &Policy, catalog: &Catalog, alert: &Alert, interval: Duration) -> String {
    let mut text = String::new();
    comment(&mut text, HEADER);
    let mut files = rule_files(policy, catalog);
    let is_of_thresholds = |file: &RuleFile| file.groups.iter().all(|group| group.name.contains("thresholds"));
    if alert.levels.iter().any(|level| level.signal == Signal::Drift) {
        // What is compared has to be there when it is.
        files.sort_by_key(|file| !is_of_thresholds(file));
    } else {
        // A rule a number: much work, and nothing that another alert is made from.
        files.retain(|file| !is_of_thresholds(file));
    }
    let _ = writeln!(text, "rule_files:");
    for file in &files {
        let _ = writeln!(text, "  - ../{}.rules.yml", file.name);
    }
    // Otherwise their order is not known, and what one makes the other has only at the next evaluation.
    let _ = writeln!(text, "group_eval_order:");
    for group in files.iter().flat_map(|file| &file.groups) {
        let _ = writeln!(text, "  - {}", group.name);
    }
    let _ = writeln!(text, "evaluation_interval: {}\ntests:", time(interval));
    text
}

fn comment(text: &mut String, words: &str) {
    let mut line = "#".to_owned();
    for word in words.split(' ') {
        if line.len() + 1 + word.len() > 118 {
            let _ = writeln!(text, "{line}");
            "#".clone_into(&mut line);
        }
        let _ = write!(line, " {word}");
    }
    let _ = writeln!(text, "{line}");
}

/// One test.
pub(super) fn case(policy: &Policy, alert: &Alert, case: &Case) -> String {
    let level = &alert.levels[case.level];
    let mut name = format!("{} {}", alert.name, level.severity.as_str());
    if let Some(condition) = &level.condition {
        let _ = write!(name, " ({condition})");
    }
    if let Some(target) = &case.target {
        let _ = write!(name, " of {target}");
    }
    let mut text = String::new();
    let interval = time(case.world.interval);
    let _ = writeln!(text, "  - name: {}\n    interval: {interval}", quoted(&format!("{name}: {}", case.title)));
    let _ = writeln!(text, "    input_series:");
    for (series, values) in case.world.input_series() {
        let _ = writeln!(text, "      - series: {}\n        values: {}", quoted(&series), quoted(&values));
    }
    let course = simulate(policy, &case.world);
    let steps = steps(policy, alert, case, &course);
    let _ = writeln!(text, "    alert_rule_test:");
    for (step, word) in &steps {
        let _ = writeln!(text, "      # {word}");
        let at = time(case.world.interval * u32::try_from(*step).unwrap_or(u32::MAX));
        let _ = writeln!(text, "      - eval_time: {at}\n        alertname: {}", alert.name);
        let firing = course[*step].iter().filter(|active| active.is_firing && is_of(policy, active, &alert.name));
        let firing: Vec<&Active> = firing.collect();
        let _ = writeln!(text, "        exp_alerts:{}", if firing.is_empty() { " []" } else { "" });
        for active in firing {
            write_alert(&mut text, policy, active);
        }
    }
    let _ = writeln!(text, "    promql_expr_test:");
    for (step, _) in &steps {
        let at = time(case.world.interval * u32::try_from(*step).unwrap_or(u32::MAX));
        let _ = writeln!(text, "      - expr: {}\n        eval_time: {at}", quoted(&everything(policy, alert)));
        let active: Vec<&Active> =
            course[*step].iter().filter(|active| !is_background(policy, alert, active)).collect();
        let _ = writeln!(text, "        exp_samples:{}", if active.is_empty() { " []" } else { "" });
        for active in active {
            let series = expect::alerts_series(policy, active);
            let _ = writeln!(text, "          - labels: {}\n            value: 1", quoted(&series));
        }
    }
    text
}

/// The steps that are looked at, each with a word on it.
fn steps(policy: &Policy, alert: &Alert, case: &Case, course: &[Vec<Active>]) -> Vec<(usize, &'static str)> {
    let mut steps: Vec<(usize, &'static str)> =
        case.checks.iter().map(|Check { step, word, .. }| (*step, *word)).collect();
    if case.at_changes {
        let firing = |step: usize| -> BTreeSet<&[Label]> {
            let of_level =
                |active: &&Active| active.is_firing && active.level == case.level && is_of(policy, active, &alert.name);
            course[step].iter().filter(of_level).map(|active| &*active.labels).collect()
        };
        for step in 1..course.len() {
            let (before, now) = (firing(step - 1), firing(step));
            if before != now {
                let begins = now.len() > before.len();
                steps.push((step - 1, if begins { "not yet" } else { "still" }));
                steps.push((step, if begins { "now it fires" } else { "now it is over" }));
            }
        }
    }
    steps.sort_by_key(|(step, _)| *step);
    steps.dedup_by_key(|(step, _)| *step);
    steps
}

fn is_of(policy: &Policy, active: &Active, name: &str) -> bool {
    policy.alerts[active.alert].name == name
}

/// Everything that is pending or fires, but for what does so always.
fn everything(policy: &Policy, alert: &Alert) -> String {
    let always: Vec<&str> = background(policy, alert).collect();
    if always.is_empty() { "ALERTS".to_owned() } else { format!("ALERTS{{alertname!~{:?}}}", always.join("|")) }
}

fn is_background(policy: &Policy, alert: &Alert, active: &Active) -> bool {
    background(policy, alert).any(|name| is_of(policy, active, name))
}

fn background<'p>(policy: &'p Policy, alert: &'p Alert) -> impl Iterator<Item = &'p str> {
    let is_always = |alert: &&Alert| alert.levels.iter().all(|level| level.signal == Signal::Always);
    policy.alerts.iter().filter(is_always).map(|alert| alert.name.as_str()).filter(|name| *name != alert.name)
}

fn write_alert(text: &mut String, policy: &Policy, active: &Active) {
    let labels: Vec<String> =
        expect::labels(policy, active).iter().map(|(name, value)| format!("{name}: {}", quoted(value))).collect();
    let _ = writeln!(text, "          - exp_labels: {{{}}}", labels.join(", "));
    let _ = writeln!(text, "            exp_annotations:");
    for (name, value) in expect::annotations(policy, active) {
        let _ = writeln!(text, "              {name}: {}", quoted(&value));
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
