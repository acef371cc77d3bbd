//! alerts/alertmanager.yml: who is told, and what says nothing new; and the cases by which that is tested.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::yaml::Yaml;
use super::{Catalog, File, HEADER};
use crate::{Alert, Level, Policy, Severity, Signal};

/// What makes two alerts be of one target. Agents are not told apart: what one of two says of a target holds for the other.
const OF_TARGET: [&str; 2] = ["job", "target"];

/// Above the routes: what the file is, and what is left to do.
const TOP: &str = "\
An example: put the addresses of your own receivers below, or take the routes and the inhibition into your own file.";

const ROUTE: &str = r"
route:
  # What no route below has: alerts that are not manometer's.
  receiver: chat
  # One message for each trouble of each target, whichever of its clients, pools or containers have it.
  group_by: [alertname, target]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 4h
  routes:
";

/// The file and the cases for `amtool config routes test`.
#[must_use]
pub fn files(policy: &Policy, catalog: &Catalog) -> Vec<File> {
    vec![
        File { path: "alerts/alertmanager.yml".into(), text: config(policy, catalog) },
        File { path: "alerts/tests/routes.txt".into(), text: cases(policy) },
    ]
}

/// The receivers that an alert of that level reaches, in the order of the routes.
#[must_use]
pub fn receivers(level: &Level) -> Vec<&str> {
    if level.signal == Signal::Always {
        return vec!["heartbeat"];
    }
    let by_severity = match level.severity {
        Severity::Critical => "page",
        Severity::Warning => "chat",
        Severity::Info => "null",
    };
    level.escalation.as_deref().into_iter().chain([by_severity]).collect()
}

fn config(policy: &Policy, catalog: &Catalog) -> String {
    let header = format!("{HEADER}\n{TOP}");
    let mut text = Yaml::Map(Vec::new()).document(&header);
    text.push_str(ROUTE);
    let always: Vec<&str> = policy.alerts.iter().filter(|alert| is_always(alert)).map(|alert| &*alert.name).collect();
    if !always.is_empty() {
        let _ = write!(
            text,
            "    # It fires always and is sent every minute: where it stops arriving, somebody has to be told by other means.\n    \
             - matchers: [{}]\n      receiver: heartbeat\n      group_wait: 0s\n      group_interval: 1m\n      repeat_interval: 50s\n",
            matcher("alertname", &always)
        );
    }
    for escalation in escalations(policy) {
        let _ = write!(
            text,
            "    # Beside whoever is on call.\n    - matchers: [{}]\n      receiver: {escalation}\n      group_wait: 10s\n      \
             repeat_interval: 1h\n      continue: true\n",
            matcher("escalation", &[escalation])
        );
    }
    text.push_str(
        "    - matchers: [severity=\"critical\"]\n      receiver: page\n      group_wait: 10s\n      repeat_interval: 1h\n    \
         - matchers: [severity=\"warning\"]\n      receiver: chat\n      repeat_interval: 12h\n    \
         # For who looks at the dashboards.\n    - matchers: [severity=\"info\"]\n      receiver: 'null'\n\ninhibit_rules:\n",
    );
    text.push_str(&same_alert(policy, catalog));
    for alert in &policy.alerts {
        text.push_str(&causes(policy, catalog, alert));
    }
    text.push_str(&receivers_text(policy));
    text
}

fn receivers_text(policy: &Policy) -> String {
    let mut text = "\nreceivers:\n  - name: 'null'\n".to_owned();
    let names = ["heartbeat"].into_iter().chain(escalations(policy)).chain(["page", "chat"]);
    for name in names {
        let _ = write!(text, "  - name: {name}\n    webhook_configs:\n      - url: http://hooks.example.org/{name}\n");
        if name == "heartbeat" {
            text.push_str("        send_resolved: false\n");
        }
    }
    text
}

fn escalations(policy: &Policy) -> BTreeSet<&str> {
    policy.alerts.iter().flat_map(|alert| &alert.levels).filter_map(|level| level.escalation.as_deref()).collect()
}

fn is_always(alert: &Alert) -> bool {
    alert.levels.iter().all(|level| level.signal == Signal::Always)
}

/// `severity="critical"`; of several values any.
fn matcher(label: &str, values: &[&str]) -> String {
    if let [value] = values { format!("{label}=\"{value}\"") } else { format!("{label}=~\"{}\"", values.join("|")) }
}

/// The worse level of an alert silences the milder ones.
fn same_alert(policy: &Policy, catalog: &Catalog) -> String {
    // Alerts whose series have the same labels share a rule.
    let mut groups: Vec<(Vec<&str>, Vec<&Alert>)> = Vec::new();
    for alert in policy.alerts.iter().filter(|alert| has_target(alert) && severities(alert).len() > 1) {
        let labels = labels(catalog, alert);
        match groups.iter_mut().find(|(of_group, _)| *of_group == labels) {
            Some((_, alerts)) => alerts.push(alert),
            None => groups.push((labels, vec![alert])),
        }
    }
    let mut text = "  # The worse level of an alert silences the milder ones of the same thing.\n".to_owned();
    for (labels, alerts) in groups {
        for source in [Severity::Critical, Severity::Warning] {
            let with = |wanted: &dyn Fn(Severity) -> bool| -> Vec<&&Alert> {
                alerts.iter().filter(|alert| severities(alert).into_iter().any(wanted)).collect()
            };
            let sources = with(&|severity| severity == source);
            let names: Vec<&str> = sources
                .iter()
                .filter(|alert| severities(alert).iter().any(|severity| *severity < source))
                .map(|alert| &*alert.name)
                .collect();
            if names.is_empty() {
                continue;
            }
            let source_matchers = [matcher("alertname", &names), matcher("severity", &[source.as_str()])];
            let equal: Vec<&str> = ["alertname"].into_iter().chain(labels.iter().copied()).collect();
            text.push_str(&rule(&source_matchers, &[matcher("severity", &below(source, false))], &equal));
        }
    }
    text
}

/// An alert silences what follows from it, unless that is worse than itself.
fn causes(policy: &Policy, catalog: &Catalog, cause: &Alert) -> String {
    let mut text = String::new();
    let followers =
        policy.alerts.iter().filter(|alert| cause.silences(&alert.name) && has_target(alert) && has_target(cause));
    let mut groups: Vec<(Vec<&str>, Vec<&Alert>)> = Vec::new();
    let own = labels(catalog, cause);
    for follower in followers {
        let mut shared = labels(catalog, follower);
        shared.retain(|label| own.contains(label));
        match groups.iter_mut().find(|(of_group, _)| *of_group == shared) {
            Some((_, alerts)) => alerts.push(follower),
            None => groups.push((shared, vec![follower])),
        }
    }
    if !groups.is_empty() {
        let _ = writeln!(text, "  # What follows from {}.", cause.name);
    }
    for (shared, followers) in groups {
        for source in severities(cause) {
            let milder = |alert: &&&Alert| severities(alert).iter().any(|severity| *severity <= source);
            let names: Vec<&str> = followers.iter().filter(milder).map(|alert| &*alert.name).collect();
            if names.is_empty() {
                continue;
            }
            let mut sources = vec![matcher("alertname", &[&cause.name])];
            let mut targets = vec![matcher("alertname", &names)];
            if source != Severity::Critical {
                targets.push(matcher("severity", &below(source, true)));
            }
            if severities(cause).len() > 1 {
                sources.push(matcher("severity", &[source.as_str()]));
            }
            text.push_str(&rule(&sources, &targets, &shared));
        }
    }
    text
}

fn rule(sources: &[String], targets: &[String], equal: &[&str]) -> String {
    format!(
        "  - source_matchers: [{}]\n    target_matchers: [{}]\n    equal: [{}]\n",
        sources.join(", "),
        targets.join(", "),
        equal.join(", ")
    )
}

/// The severities milder than one, or no worse.
fn below(severity: Severity, or_same: bool) -> Vec<&'static str> {
    let all = Severity::ALL.into_iter().rev();
    all.filter(|other| *other < severity || (or_same && *other == severity)).map(Severity::as_str).collect()
}

fn severities(alert: &Alert) -> BTreeSet<Severity> {
    alert.levels.iter().map(|level| level.severity).collect()
}

/// Whether every level is of a target: labels that are absent on both sides are equal, and would silence everything.
fn has_target(alert: &Alert) -> bool {
    alert.levels.iter().all(|level| level.signal.has_target())
}

/// The labels that every level of the alert has, those of the target first.
fn labels<'a>(catalog: &'a Catalog, alert: &Alert) -> Vec<&'a str> {
    let of = |level: &Level| level.signal.series().first().map_or(&[][..], |series| catalog.labels(&series.metric));
    let mut own = alert.levels.first().map(of).unwrap_or_default().to_vec();
    own.retain(|label| alert.levels.iter().all(|level| of(level).contains(label)));
    OF_TARGET.into_iter().chain(own).collect()
}

/// One case a line: the receivers, and the labels of an alert that must reach them and no others.
fn cases(policy: &Policy) -> String {
    let mut text = Yaml::Map(Vec::new()).document(HEADER);
    text.push_str("# receivers: the labels of an alert, for `amtool config routes test --verify.receivers`\n");
    for alert in &policy.alerts {
        for level in &alert.levels {
            let mut labels = format!("alertname={} severity={}", alert.name, level.severity.as_str());
            if let Some(escalation) = &level.escalation {
                let _ = write!(labels, " escalation={escalation}");
            }
            if level.signal.has_target() {
                let _ = write!(labels, " job={} target=main", policy.job);
            }
            let line = format!("{}: {labels}\n", receivers(level).join(","));
            if !text.contains(&line) {
                text.push_str(&line);
            }
        }
    }
    text.push_str("chat: alertname=OfSomebodyElse job=other\n");
    text
}
