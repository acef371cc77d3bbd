//! The texts of an alert, with the templates of Prometheus for what is known only when it fires.

use std::fmt::Write as _;
use std::time::Duration;

use crate::{Alert, Compare, Level, Policy, RUNBOOK, Signal, in_words};

/// How far back a reason is looked for: as long as a gap of scrapes changes nothing.
const REASON_WINDOW: &str = "2m";

/// Every annotation of a rule that fires after `hold`.
pub(super) fn all(policy: &Policy, alert: &Alert, level: &Level, hold: Duration) -> Vec<(&'static str, String)> {
    let mut description = description(policy, alert, level, hold);
    let runbook = policy.runbook(&alert.name);
    if runbook.is_none() {
        // Writing to a String cannot fail, here and below.
        let _ = write!(description, " What to do: {RUNBOOK}{} at the agent.", alert.name);
    }
    let texts = [("summary", Some(alert.summary.clone())), ("description", Some(description))];
    let links = [("runbook_url", runbook), ("dashboard_url", dashboard(policy, alert, level))];
    texts.into_iter().chain(links).filter_map(|(name, text)| Some((name, text?))).collect()
}

/// The description with a template, or the words, for each of its placeholders.
fn description(policy: &Policy, alert: &Alert, level: &Level, hold: Duration) -> String {
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
            "target" => out.push_str(target(level)),
            "value" => out.push_str(level.unit.template()),
            "threshold" => out.push_str(&of_target(level, |fire, _| level.unit.show(fire))),
            "beyond" => out.push_str(&of_target(level, |fire, resolve| beyond(level, fire, resolve))),
            "condition" => out.push_str(level.condition.as_deref().unwrap_or_default()),
            "for" => out.push_str(&in_words(hold)),
            "window" => out.push_str(&level.signal.window().map(in_words).unwrap_or_default()),
            "reason" => out.push_str(&reason(policy, level)),
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

/// Which target, and which of its nodes where it has several and is not meant as a whole.
fn target(level: &Level) -> &'static str {
    if level.signal.has_target() && !level.signal.is_of_all_nodes() {
        "{{ $labels.target }}{{ with $labels.node }} ({{ . }}){{ end }}"
    } else {
        "{{ $labels.target }}"
    }
}

/// What is said of the number at which it fires and of the one that ends it; where some targets have others, of the target that
/// it is about.
fn of_target(level: &Level, say: impl Fn(f64, Option<f64>) -> String) -> String {
    let general = say(level.fire, level.resolve);
    let mut out = String::new();
    for scope in &level.scopes {
        let Some(fire) = scope.fire else { continue };
        let targets: Vec<String> = scope.targets.iter().map(|target| format!("{target:?}")).collect();
        let word = if out.is_empty() { "if" } else { "else if" };
        let _ = write!(out, "{{{{ {word} eq $labels.target {} }}}}{}", targets.join(" "), say(fire, scope.resolve));
    }
    if out.is_empty() { general } else { format!("{out}{{{{ else }}}}{general}{{{{ end }}}}") }
}

/// On which side of its number the value is. While another one is awaited that ends it, it need not be beyond the first.
fn beyond(level: &Level, fire: f64, resolve: Option<f64>) -> String {
    let (word, back, is_beyond) = match level.compare {
        Compare::Above => ("more than", "below", "gt"),
        Compare::AtLeast => ("at least", "below", "ge"),
        Compare::Below => ("less than", "above", "lt"),
        Compare::AtMost | Compare::Equal => ("at most", "above", "le"),
    };
    let beyond = format!("{word} {}", level.unit.show(fire));
    let Some(resolve) = resolve else { return beyond };
    // A number with a point is one that Go compares with others that have one.
    let held = format!("not yet {back} {}", level.unit.show(resolve));
    format!("{{{{ if {is_beyond} $value {fire:?} }}}}{beyond}{{{{ else }}}}{held}{{{{ end }}}}")
}

/// Why polls of the target fail, as the agent knows it while they do.
fn reason(policy: &Policy, level: &Level) -> String {
    let (node, of_node) = if level.signal.is_of_all_nodes() { ("", "") } else { (", node=%q", " $labels.node") };
    let selector = format!("manometer_target_failing{{job=%q, site=%q, target=%q{node}}}");
    let query = format!("max by (reason) (last_over_time({selector}[{REASON_WINDOW}]))");
    format!(
        "{{{{ with printf {query:?} {:?} $labels.site $labels.target{of_node} | query }}}}: {{{{ range $at, $of := . }}}}\
         {{{{ if $at }}}}, {{{{ end }}}}{{{{ $of.Labels.reason }}}}{{{{ end }}}}{{{{ end }}}}",
        policy.job
    )
}

/// The dashboard of the alert's panel, of its target where it has one; `None` where nobody said where Grafana is.
fn dashboard(policy: &Policy, alert: &Alert, level: &Level) -> Option<String> {
    let board = alert.panel.split('.').next().unwrap_or_default();
    let base = Some(policy.dashboards.trim_end_matches('/')).filter(|base| !base.is_empty())?;
    let has_target = level.signal.has_target() && !matches!(level.signal, Signal::Firing(_));
    let target = if has_target { "?var-target={{ $labels.target }}" } else { "" };
    Some(format!("{base}/d/manometer-{board}{target}"))
}
