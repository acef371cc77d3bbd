//! The expressions of what follows from what.
//!
//! A cause is seen as soon as its condition holds: series of [`SEEN`], by the thing that it is about. It reaches what stands on
//! that thing, and the thing itself: series of [`REACH`], by element. What is silenced, and when, follows from those.

use std::collections::BTreeMap;
use std::time::Duration;

use super::expr::{Expr, Grouping, Matcher, Op};
use super::{ELEMENT, Promql, any, is};
use crate::{Alert, CONTAINER, Cause, DEPENDS_ON, Level, Scope, Severity, Threshold};

/// What stands on what, by the agent that knows it.
pub const TOPOLOGY: &str = "manometer:depends_on";

/// The same from its other end: what is stood on, with what stands on it as its cause.
pub const STOOD_ON: &str = "manometer:stood_on";

/// The causes whose condition holds.
pub const SEEN: &str = "manometer:cause:seen";

/// The elements on which alerts follow from a cause whose condition holds.
pub const REACH: &str = "manometer:cause:reach";

/// The alert that silences others, in Alertmanager.
pub const INHIBITOR: &str = "CauseInhibitor";

/// The label with what a cause is about: a target, or a container as `engine/name`.
const CAUSE: &str = "cause";

/// The label, of what a cause reaches, of its own element, on which it does not silence itself.
pub(crate) const OWN: (&str, &str) = ("own", "yes");

/// What stands on a cause whose condition holds, or did so a short time ago; a cause itself is explained by none.
pub(super) fn explained(severity: Severity, tail: Duration) -> Expr {
    let seen = named(SEEN, vec![is(Threshold::SEVERITY_OF, severity.as_str())]);
    let seen = Expr::call("present_over_time", Expr::Range(Box::new(seen), tail));
    named(TOPOLOGY, Vec::new()).with(Op::And.on(vec!["site", CAUSE]), seen)
}

impl Promql<'_> {
    /// What stands on what, once.
    #[must_use]
    pub fn topology(&self) -> String {
        let any_target = Matcher { is_positive: false, ..is("target", "") };
        let told = self.selector(DEPENDS_ON, vec![any_target]);
        let told = Expr::call("last_over_time", Expr::Range(Box::new(told), self.policy.times.gap));
        Expr::Aggregate("max", Grouping::By([&ELEMENT[..], &[CAUSE]].concat()), Box::new(told)).text()
    }

    /// The topology of targets from its other end.
    #[must_use]
    pub fn stood_on(&self) -> String {
        let of_targets = named(TOPOLOGY, vec![is(CONTAINER, "")]);
        // One takes the place of the other by way of a third label.
        let moved = [(ASIDE, "target"), ("target", CAUSE), (CAUSE, ASIDE)];
        let turned = moved.into_iter().fold(of_targets, |expr, (to, from)| Expr::label_replace(expr, to, from, "(.+)"));
        group(vec!["site", "target", CAUSE], turned).text()
    }

    /// The things of which the condition of a cause holds.
    #[must_use]
    pub fn seen(&self, cause: Cause<'_>) -> String {
        let holds = self.holds(cause.alert, cause.level);
        let named = if self.is_of_container(cause.level) {
            label_join(holds, CAUSE, "/", &["target", CONTAINER])
        } else {
            Expr::label_replace(holds, CAUSE, "target", "(.+)")
        };
        group(vec!["site", CAUSE], named).text()
    }

    /// The elements on which alerts follow from a cause.
    #[must_use]
    pub fn reach(&self, cause: Cause<'_>) -> String {
        let seen = || named(SEEN, of(cause));
        let on = |topology: Expr| topology.with(Op::And.on(vec!["site", CAUSE]), seen());
        let (topology, itself) = (named(TOPOLOGY, Vec::new()), self.itself(cause, seen()));
        if !cause.alert.silences_itself() {
            return on(topology).with(Op::Or, itself).text();
        }
        // Where one agent says this and another that, each would silence the other, and nobody would be told.
        let one_way = topology.with(Op::Unless.on([&ELEMENT[..], &[CAUSE]].concat()), named(STOOD_ON, Vec::new()));
        let (own, yes) = OWN;
        let itself =
            Expr::Call("label_replace", vec![itself, Expr::Text(own), Expr::Text(yes), Expr::Text(""), Expr::Text("")]);
        on(one_way).with(Op::Or, itself).text()
    }

    /// The elements that a cause silences before its alert can fire: for so long from when it is first seen, whether it is seen
    /// all that time or not, and not if it was there a short time before.
    #[must_use]
    pub fn early(&self, causes: &[Cause<'_>], time: Duration) -> String {
        let present = |range| Expr::call("present_over_time", range);
        let early = |reach: Expr| {
            let before = Expr::Range(Box::new(reach.clone()), self.policy.times.memory);
            let now = present(Expr::Range(Box::new(reach), time));
            now.with(Op::Unless, present(Expr::Ago(Box::new(before), time)))
        };
        any_of(reached(causes).map(early))
    }

    /// The elements that a cause reaches.
    #[must_use]
    pub fn late(&self, causes: &[Cause<'_>]) -> String {
        any_of(reached(causes))
    }

    /// The causes themselves, where one of these alerts fires on an element that they reach and calls for help.
    #[must_use]
    pub fn relayed(&self, causes: &[Cause<'_>], callers: &[String], escalation: &str) -> String {
        let relayed = |cause: &Cause<'_>| {
            let own = [is("alertstate", "firing"), is("escalation", escalation), is("page", "")];
            let calls = named("ALERTS", std::iter::once(any("alertname", callers)).chain(own).collect());
            let reached = named(REACH, of(*cause)).with(Op::And.on(ELEMENT.to_vec()), calls);
            let once = group(vec!["site", CAUSE], reached);
            group(ELEMENT.to_vec(), self.itself(*cause, once))
        };
        any_of(causes.iter().map(relayed))
    }

    /// Whether the level is of a container, by its engine and name.
    fn is_of_container(&self, level: &Level) -> bool {
        self.catalog.own_labels(&level.signal).contains(&CONTAINER)
    }

    /// The whole condition of a level. Targets for which it must hold for another time are left out: what silences on their
    /// behalf would do so at the wrong time, and a page too many is better than none.
    fn holds(&self, alert: &Alert, level: &Level) -> Expr {
        let same = level.scopes.iter().filter(|scope| scope.hold == level.hold);
        self.condition(alert, level, &same.collect::<Vec<&Scope>>())
    }

    /// The element that a cause is about, with its labels.
    fn itself(&self, cause: Cause<'_>, seen: Expr) -> Expr {
        if self.is_of_container(cause.level) {
            let engine = Expr::label_replace(seen, "target", CAUSE, "(.+)/.+");
            Expr::label_replace(engine, CONTAINER, CAUSE, ".+/(.+)")
        } else {
            Expr::label_replace(seen, "target", CAUSE, "(.+)")
        }
    }
}

/// A label that no rule writes.
const ASIDE: &str = "aside";

fn of(cause: Cause<'_>) -> Vec<Matcher> {
    let own = [is("alert", &cause.alert.name), is(Threshold::SEVERITY_OF, cause.level.severity.as_str())];
    own.into_iter().chain([is("condition", cause.level.condition.as_deref().unwrap_or_default())]).collect()
}

/// What any of these causes reaches. One selector for each severity and condition: an alert may ask for another time at each.
fn reached(causes: &[Cause<'_>]) -> impl Iterator<Item = Expr> {
    let mut groups: BTreeMap<(Severity, &str), Vec<String>> = BTreeMap::new();
    for cause in causes {
        let condition = cause.level.condition.as_deref().unwrap_or_default();
        groups.entry((cause.level.severity, condition)).or_default().push(cause.alert.name.clone());
    }
    groups.into_iter().rev().map(|((severity, condition), names)| {
        let of = [is(Threshold::SEVERITY_OF, severity.as_str()), is("condition", condition), any("alert", &names)];
        named(REACH, of.to_vec())
    })
}

fn any_of(all: impl Iterator<Item = Expr>) -> String {
    all.reduce(|all, more| all.with(Op::Or, more)).map_or_else(String::new, |expr| expr.text())
}

fn named(metric: &str, matchers: Vec<Matcher>) -> Expr {
    Expr::Selector(metric.to_owned(), matchers)
}

fn group(by: Vec<&'static str>, expr: Expr) -> Expr {
    Expr::Aggregate("group", Grouping::By(by), Box::new(expr))
}

fn label_join(expr: Expr, label: &'static str, by: &'static str, from: &[&'static str]) -> Expr {
    let texts = [label, by].into_iter().chain(from.iter().copied()).map(Expr::Text);
    Expr::Call("label_join", std::iter::once(expr).chain(texts).collect())
}
