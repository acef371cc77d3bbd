//! alerts/alertmanager.yml: who is told, and what says nothing new; and the cases by which that is tested.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::promql::{INHIBITOR, OWN};
use super::yaml::Yaml;
use super::{Catalog, File, HEADER};
use crate::{Alert, CONTAINER, Cause, Level, NODE, OF_TARGET, Policy, Severity, Signal, Threshold};

/// Above the routes: what the file is, and what is left to do.
const TOP: &str = "\
An example: put the addresses of your own receivers below, or take the routes and the inhibition into your own file.";

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
        Severity::Info => "quiet",
    };
    level.escalation.as_deref().into_iter().chain(level.page.then_some(by_severity)).collect()
}

fn config(policy: &Policy, catalog: &Catalog) -> String {
    let rules = [same_alert(policy, catalog), same_severity(policy, catalog), causes(policy)].concat();
    [
        Yaml::map([("route", route(policy))]),
        Yaml::map([("inhibit_rules", Yaml::List(rules))]),
        Yaml::map([("receivers", receivers_yaml(policy))]),
    ]
    .iter()
    .fold(Yaml::Map(Vec::new()).document(&format!("{HEADER}\n{TOP}")), |text, part| text + "\n" + &part.document(""))
}

fn route(policy: &Policy) -> Yaml {
    let route = |matcher: String, receiver: &str, times: &[(&'static str, &str)]| {
        let times = times.iter().map(|(key, time)| (*key, Yaml::plain(*time)));
        let head = [("matchers", inline([matcher])), ("receiver", Yaml::text(receiver))];
        Yaml::map(head.into_iter().chain(times))
    };
    let always: Vec<&str> = policy.alerts.iter().filter(|alert| is_always(alert)).map(|alert| &*alert.name).collect();
    let silent =
        Yaml::map([("matchers", inline([matcher("alertname", &[INHIBITOR])])), ("receiver", Yaml::text("null"))]);
    let mut routes = vec![silent.commented("It silences others, and tells nobody anything.")];
    if !always.is_empty() {
        let often = [("group_wait", "0s"), ("group_interval", "1m"), ("repeat_interval", "50s")];
        routes.push(route(matcher("alertname", &always), "heartbeat", &often).commented(
            "It fires always and is sent every minute: where it stops arriving, somebody has to be told by other means.",
        ));
    }
    let soon = [("group_wait", "10s"), ("repeat_interval", "1h"), ("continue", "true")];
    for escalation in escalations(policy) {
        let of = matcher("escalation", &[escalation]);
        let alone = Yaml::map([
            ("matchers", inline([of.clone(), matcher("page", &["no"])])),
            ("receiver", Yaml::text(escalation)),
            ("group_wait", Yaml::plain("10s")),
            ("repeat_interval", Yaml::plain("1h")),
        ]);
        routes.push(alone.commented("Nobody else has to do anything."));
        routes.push(route(of, escalation, &soon).commented("Beside whoever is on call."));
    }
    let severity = |severity: Severity| matcher("severity", &[severity.as_str()]);
    routes.extend([
        route(severity(Severity::Critical), "page", &soon[..2]),
        route(severity(Severity::Warning), "chat", &[("repeat_interval", "12h")]),
        route(severity(Severity::Info), "quiet", &[("repeat_interval", "1d")])
            .commented("For whoever reads it by day."),
    ]);
    Yaml::map([
        ("receiver", Yaml::text("chat").commented("What no route below has: alerts that are not manometer's.")),
        (
            "group_by",
            inline(["alertname", "site", "target"]).commented(
                "One message for each trouble of each target, whichever of its clients, pools or containers have it.",
            ),
        ),
        ("group_wait", Yaml::plain("30s")),
        ("group_interval", Yaml::plain("5m")),
        ("repeat_interval", Yaml::plain("4h")),
        ("routes", Yaml::List(routes)),
    ])
}

fn receivers_yaml(policy: &Policy) -> Yaml {
    let names = ["heartbeat"].into_iter().chain(escalations(policy)).chain(["page", "chat", "quiet"]);
    let receivers = names.map(|name| {
        let mut hook = vec![("url", Yaml::text(format!("http://hooks.example.org/{name}")))];
        if name == "heartbeat" {
            hook.push(("send_resolved", Yaml::plain("false")));
        }
        Yaml::map([("name", Yaml::text(name)), ("webhook_configs", Yaml::List(vec![Yaml::map(hook)]))])
    });
    Yaml::List(std::iter::once(Yaml::map([("name", Yaml::text("null"))])).chain(receivers).collect())
}

/// A list on one line.
fn inline<T: Into<String>>(items: impl IntoIterator<Item = T>) -> Yaml {
    Yaml::List(items.into_iter().map(Yaml::plain).collect()).inline()
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
fn same_alert(policy: &Policy, catalog: &Catalog) -> Vec<Yaml> {
    // Alerts whose series have the same labels share a rule.
    let mut groups: Vec<(Vec<&str>, Vec<&Alert>)> = Vec::new();
    for alert in policy.alerts.iter().filter(|alert| has_target(alert) && severities(alert).len() > 1) {
        let labels = labels(catalog, alert);
        match groups.iter_mut().find(|(of_group, _)| *of_group == labels) {
            Some((_, alerts)) => alerts.push(alert),
            None => groups.push((labels, vec![alert])),
        }
    }
    let mut rules = Vec::new();
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
            rules.push(rule(source_matchers, [matcher("severity", &below(source, false))], equal));
        }
    }
    below_comment(rules, "The worse level of an alert silences the milder ones of the same thing.")
}

/// Of several conditions by which an alert pages the first of the table silences the others: it is one incident.
fn same_severity(policy: &Policy, catalog: &Catalog) -> Vec<Yaml> {
    let of_alert = |alert: &Alert| {
        let paging = alert.levels.iter().filter(|level| level.severity == Severity::Critical);
        let conditions: Vec<&str> = paging.filter_map(|level| level.condition.as_deref()).collect();
        let equal: Vec<&str> = ["alertname", "severity"].into_iter().chain(labels(catalog, alert)).collect();
        // A condition is free text: it needs quotes.
        let of = |condition: &str| {
            let plain = [matcher("alertname", &[&alert.name]), matcher("severity", &[Severity::Critical.as_str()])];
            let all = plain.into_iter().map(Yaml::plain).chain([Yaml::Quoted(matcher("condition", &[condition]))]);
            Yaml::List(all.collect()).inline()
        };
        let pair = |(first, other): (&str, &str)| {
            let equal = inline(equal.iter().copied());
            Yaml::map([("source_matchers", of(first)), ("target_matchers", of(other)), ("equal", equal)])
        };
        let pairs = conditions
            .iter()
            .enumerate()
            .flat_map(|(at, first)| conditions[at + 1..].iter().map(move |other| (*first, *other)));
        pairs.map(pair).collect::<Vec<Yaml>>()
    };
    let rules = policy.alerts.iter().filter(|alert| has_target(alert)).flat_map(of_alert).collect();
    below_comment(
        rules,
        "Of several conditions by which an alert pages the first silences the others of the same thing.",
    )
}

/// What follows from a cause is silenced by an alert of the element that it is on (rules/causes.rs), unless it is worse.
fn causes(policy: &Policy) -> Vec<Yaml> {
    let silences = |cause: Cause<'_>| {
        let mut names: Vec<&str> = cause.followers(policy).map(|(alert, _)| &*alert.name).collect();
        names.dedup();
        let name = cause.alert.name.as_str();
        let severity = cause.level.severity;
        let rule = |names: &[&str], elsewhere: Option<String>| {
            let sources = [
                matcher("alertname", &[INHIBITOR]),
                matcher("alert", &[name]),
                matcher(Threshold::SEVERITY_OF, &[severity.as_str()]),
            ];
            let milder = (severity != Severity::Critical).then(|| matcher("severity", &below(severity, true)));
            let targets = std::iter::once(matcher("alertname", names)).chain(milder);
            rule(sources.into_iter().chain(elsewhere), targets, OF_TARGET.into_iter().chain([CONTAINER]))
        };
        let others = (!names.is_empty()).then(|| rule(&names, None));
        let itself = cause.alert.silences_itself().then(|| rule(&[name], Some(matcher(OWN.0, &[""]))));
        others.into_iter().chain(itself)
    };
    let mut unique: Vec<Yaml> = Vec::new();
    for rule in policy.causes().flat_map(silences) {
        if !unique.contains(&rule) {
            unique.push(rule);
        }
    }
    below_comment(unique, "What follows from a cause, on its own element and on all that stands on it.")
}

fn rule<'l>(
    sources: impl IntoIterator<Item = String>,
    targets: impl IntoIterator<Item = String>,
    equal: impl IntoIterator<Item = &'l str>,
) -> Yaml {
    Yaml::map([("source_matchers", inline(sources)), ("target_matchers", inline(targets)), ("equal", inline(equal))])
}

/// The items of a list, the first with a comment that is about all of them.
fn below_comment(items: Vec<Yaml>, comment: &str) -> Vec<Yaml> {
    let comments = std::iter::once(Some(comment)).chain(std::iter::repeat(None));
    let with = |(item, comment): (Yaml, Option<&str>)| match comment {
        Some(comment) => item.commented(comment),
        None => item,
    };
    items.into_iter().zip(comments).map(with).collect()
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
    let mut levels = alert.levels.iter().map(|level| catalog.own_labels(&level.signal));
    let mut own = levels.next().unwrap_or_default();
    levels.for_each(|others| own.retain(|label| others.contains(label)));
    let node = alert.levels.iter().all(|level| !level.signal.is_of_all_nodes()).then_some(NODE);
    OF_TARGET.into_iter().chain(node).chain(own).collect()
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
            if !level.page {
                labels.push_str(" page=no");
            }
            if level.signal.has_target() {
                labels.push_str(" target=main");
            }
            let line = format!("{}: {labels}\n", receivers(level).join(","));
            if !text.contains(&line) {
                text.push_str(&line);
            }
        }
    }
    let _ = writeln!(text, "null: alertname={INHIBITOR} severity=none target=main");
    text.push_str("chat: alertname=OfSomebodyElse job=other\n");
    text
}
