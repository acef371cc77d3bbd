//! The texts of an alert, with the templates of Prometheus for what is known only when it fires.

use std::fmt::Write as _;

use crate::{Alert, Level, Policy, Signal};

/// Every annotation of a rule.
pub(super) fn all(policy: &Policy, alert: &Alert, level: &Level) -> Vec<(&'static str, String)> {
    vec![
        ("summary", alert.summary.clone()),
        ("description", description(policy, alert, level)),
        ("runbook_url", format!("{}{}.md", policy.runbooks, alert.name)),
        ("dashboard_url", dashboard(policy, alert, level)),
    ]
}

/// The description with a template, or the words, for each of its placeholders.
fn description(policy: &Policy, alert: &Alert, level: &Level) -> String {
    // Writing to a String cannot fail, here and below.
    let mut out = String::new();
    let mut rest = alert.description.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((placeholder, tail)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        match placeholder {
            "target" => out.push_str("{{ $labels.target }}"),
            "value" => out.push_str(level.unit.template()),
            "threshold" => out.push_str(&threshold(level)),
            "condition" => out.push_str(level.condition.as_deref().unwrap_or_default()),
            // A template too: a description without one looks forgotten to a linter.
            "job" => {
                let _ = write!(out, "{{{{ {:?} }}}}", policy.job);
            }
            label => {
                let label = label.strip_prefix("label:").unwrap_or(label);
                let _ = write!(out, "{{{{ $labels.{label} }}}}");
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// The number in words; where some targets have another one, the one of the target that it is about.
fn threshold(level: &Level) -> String {
    let general = level.unit.show(level.fire);
    let mut out = String::new();
    for scope in &level.scopes {
        let Some(fire) = scope.fire else { continue };
        let targets: Vec<String> = scope.targets.iter().map(|target| format!("{target:?}")).collect();
        let word = if out.is_empty() { "if" } else { "else if" };
        let number = level.unit.show(fire);
        let _ = write!(out, "{{{{ {word} eq $labels.target {} }}}}{number}", targets.join(" "));
    }
    if out.is_empty() { general } else { format!("{out}{{{{ else }}}}{general}{{{{ end }}}}") }
}

/// The dashboard of the alert's panel, of its target where it has one.
fn dashboard(policy: &Policy, alert: &Alert, level: &Level) -> String {
    let board = alert.panel.split('.').next().unwrap_or_default();
    let base = policy.dashboards.trim_end_matches('/');
    let has_target = level.signal.has_target() && !matches!(level.signal, Signal::Firing(_));
    let target = if has_target { "?var-target={{ $labels.target }}" } else { "" };
    format!("{base}/d/manometer-{board}{target}")
}
