//! docs/ALERTS.md: every alert in words, and who asks for it.

use std::fmt::Write as _;

use super::{File, words};
use crate::{Alert, Level, Policy};

const INTRO: &str = "# Alerts\n\n\
    Rendered from alerts/policy.toml (`make render`); a test proves it fresh.\n\n\
    Each row of a table is one rule. `critical` gets somebody up, `warning` is to be looked at today, `info` is for \
    whoever looks. `escalation` names who is called besides the person on call. An alert fires when its signal has been \
    beyond the number for the time under `for`; with a number under `ends at` it goes on until the signal has passed \
    that one on the way back, so that it does not flap. `source` names the document of the operators that asks for the \
    rule; the sentences below a table give the reasons for what such a document leaves open.\n\n\
    Numbers, durations and targets are changed in `[thresholds]` of config.toml, which documents the keys; then \
    `manometer render` writes the rules anew, and both the agent and Prometheus are reloaded. `ThresholdDrift` fires \
    when one of the two was forgotten. Numbers in brackets are those of `profile = \"cross-region\"`.\n\n\
    A cause silences what follows from it for ten minutes after its condition is over, of which a window that it looks back \
    over is a part, and at least as long as its own alert goes on. A symptom that was told before its cause began is silenced \
    with the others, and Alertmanager tells nothing of a silenced alert, not even that it is over: look whether it still \
    fires when its cause is told as over, and close it if not. It cannot simply be kept alive until then: a rule does not \
    know what was told, and symptoms that were silent all along would page.\n\n\
    Of several conditions by which one alert pages, the first in its table silences the others of the same thing. A symptom that \
    is silenced and has an escalation calls by its cause, as soon as it fires.\n";

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
            words::hold(level),
            level.source.as_deref().unwrap_or_default(),
        );
    }
    let whys: Vec<&str> = alert.levels.iter().filter_map(|level| level.why.as_deref()).collect();
    if !whys.is_empty() {
        out.push('\n');
        for why in whys {
            let _ = writeln!(out, "- {why}");
        }
    }
    let names = alert.inhibits.iter().filter(|name| **name != alert.name).map(|name| format!("`{name}`"));
    let names: Vec<String> = names.collect();
    if !names.is_empty() {
        let _ = write!(out, "\nWhile it fires, of the same target these are silent: {}.\n", names.join(", "));
    }
    if alert.silences_itself() {
        out.push_str("\nOf targets that stand on each other, it is told of the one on which the others stand.\n");
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
    text + &words::scopes(level)
}

#[cfg(test)]
mod tests;
