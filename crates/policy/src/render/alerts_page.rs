//! docs/ALERTS.md: every alert in words, and which row of what is asked it answers.

use std::fmt::Write as _;

use super::promql::duration;
use super::sources::{self, ROWS};
use super::{File, words};
use crate::{Alert, Level, Policy};

const INTRO: &str = "# Alerts\n\n\
    Rendered from alerts/policy.toml (`make render`); a test proves it fresh.\n\n\
    Each row of a table is one rule. `critical` is for who gets up, `warning` for today, `info` for who looks. \
    `escalation` names who is called beside the one on call. An alert fires when its signal has been beyond the number \
    for the time that stands there; where it `ends` at another number, it goes on until that one is passed on the way \
    back, so that it does not flap. `source` are the rows at the end of this page that ask for it. A duration marked \
    *ours* is one that they leave open, and was decided here; the sentences below a table say why.\n\n\
    Numbers, durations and targets are changed in `[thresholds]` of config.toml, which documents the keys; then \
    `manometer render` writes the rules anew, and both the agent and Prometheus are reloaded. `ThresholdDrift` fires \
    when one of the two was forgotten. Numbers in brackets are those of `profile = \"cross-region\"`.\n";

/// The page.
#[must_use]
pub fn file(policy: &Policy) -> File {
    let mut out = INTRO.to_owned();
    let mut groups: Vec<&str> = policy.alerts.iter().map(|alert| alert.group.as_str()).collect();
    groups.dedup();
    for group in groups {
        // Writing to a String cannot fail.
        let _ = write!(out, "\n## Group `{group}`\n\nalerts/{group}.rules.yml\n");
        for alert in policy.alerts.iter().filter(|alert| alert.group == group) {
            write_alert(&mut out, alert);
        }
    }
    write_rows(&mut out, policy);
    File { path: "docs/ALERTS.md".into(), text: out }
}

fn write_alert(out: &mut String, alert: &Alert) {
    let board = alert.panel.split('.').next().unwrap_or_default();
    let _ = write!(
        out,
        "\n### {name}\n\n{summary} [Runbook](runbooks/{name}.md), panel `{panel}` of dashboard \
         [manometer-{board}](../dashboards/{board}.json).\n\n",
        name = alert.name,
        summary = alert.summary,
        panel = alert.panel.split_once('.').map_or("", |(_, panel)| panel),
    );
    out.push_str("| severity | fires when | ends at | for | source |\n|---|---|---|---|---|\n");
    for level in &alert.levels {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            severity(level),
            words::cell(&fires(level)),
            words::ends(level),
            hold(level),
            level.source.join(", "),
        );
    }
    let whys: Vec<&str> = alert.levels.iter().filter_map(|level| level.why.as_deref()).collect();
    if !whys.is_empty() {
        out.push('\n');
        for why in whys {
            let _ = writeln!(out, "- {why}");
        }
    }
    if !alert.inhibits.is_empty() {
        let names: Vec<String> = alert.inhibits.iter().map(|name| format!("`{name}`")).collect();
        let _ = write!(out, "\nWhile it fires, of the same target these are silent: {}.\n", names.join(", "));
    }
}

fn severity(level: &Level) -> String {
    let mut text = level.severity.as_str().to_owned();
    if let Some(condition) = &level.condition {
        let _ = write!(text, ", {condition}");
    }
    if let Some(escalation) = &level.escalation {
        let _ = write!(text, ", escalation {escalation}");
    }
    text
}

fn fires(level: &Level) -> String {
    let mut text = words::fires(level);
    for number in level.profiles.values() {
        let _ = write!(text, " ({})", level.unit.show(*number));
    }
    for scope in &level.scopes {
        let number = scope.fire.map_or_else(|| "never".to_owned(), |fire| level.unit.show(fire));
        let _ = write!(text, "; {}: {number} for {}", scope.targets.join(", "), duration(scope.hold));
    }
    text
}

/// How long, and whether somebody asked for that time.
fn hold(level: &Level) -> String {
    if level.hold.is_zero() {
        return "at once".to_owned();
    }
    let time = duration(level.hold);
    let asked = level.source.iter().find(|name| sources::find(name).is_some_and(|row| row.hold == Some(&time)));
    match asked {
        Some(row) => format!("{time} ({row})"),
        None => format!("{time}, *ours*"),
    }
}

fn write_rows(out: &mut String, policy: &Policy) {
    out.push_str(
        "\n## What is asked\n\nThresholds that the operators' documents name, and the alerts that have them.\n\n\
         | row | threshold | for | alerts |\n|---|---|---|---|\n",
    );
    for row in &ROWS {
        let mut alerts: Vec<String> = Vec::new();
        for alert in &policy.alerts {
            let levels = alert.levels.iter().filter(|level| level.source.iter().any(|source| source == row.name));
            let mut severities: Vec<&str> = levels.map(|level| level.severity.as_str()).collect();
            severities.dedup();
            if !severities.is_empty() {
                alerts.push(format!(
                    "[{0}](#{1}) {2}",
                    alert.name,
                    alert.name.to_lowercase(),
                    severities.join(" and ")
                ));
            }
        }
        let answer = match (alerts.is_empty(), row.left) {
            (false, _) => alerts.join(", "),
            (true, "") => "none: switched off".to_owned(),
            (true, left) => left.to_owned(),
        };
        let _ = writeln!(out, "| {} | {} | {} | {answer} |", row.name, row.text, row.hold.unwrap_or_default());
    }
}

#[cfg(test)]
mod tests;
