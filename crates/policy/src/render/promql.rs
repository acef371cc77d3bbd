//! PromQL: the one text of each form of signal.

mod causes;
mod expr;

use std::time::Duration;

pub(crate) use self::causes::OWN;
pub use self::causes::{INHIBITOR, REACH, SEEN, STOOD_ON, TOPOLOGY};
use self::expr::{Expr, Grouping, Matcher, Op, Operator};
use super::Catalog;
use crate::{
    Alert, CONTAINER, Compare, Guard, Level, NODE, OF_SCRAPE, OF_TARGET, Origin, Over, Policy, Scope, Series, Severity,
    Signal, Threshold, Unit,
};

/// The labels by which the element of a cause is told apart: a target, or a container of an engine.
const ELEMENT: [&str; 3] = ["site", "target", CONTAINER];

/// The recording rule that keeps the numbers of the policy.
pub const RENDERED_THRESHOLD: &str = "manometer:threshold:rendered";

/// What writes PromQL for one policy.
#[derive(Debug, Clone, Copy)]
pub struct Promql<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// The metrics that there are.
    pub catalog: &'a Catalog,
}

impl Promql<'_> {
    /// The value that the level compares, of all targets: what its panel plots.
    #[must_use]
    pub fn plotted(&self, alert: &Alert, level: &Level) -> String {
        match &level.signal {
            Signal::Firing(severity) => Self::firing(*severity, Some(&alert.name), None).text(),
            _ => self.compared(alert, level, None).text(),
        }
    }

    /// The expression that a recording rule keeps.
    #[must_use]
    pub fn recorded(&self, signal: &Signal) -> String {
        self.signal(signal, None, false).text()
    }

    /// The expression of the rule of a level: of all targets that no scope has, and of those of the scopes `with`.
    #[must_use]
    pub fn rule(&self, alert: &Alert, level: &Level, with: &[&Scope]) -> String {
        self.condition(alert, level, with).text()
    }

    fn condition(&self, alert: &Alert, level: &Level, with: &[&Scope]) -> Expr {
        let scoped: Vec<String> = level.scopes.iter().flat_map(|scope| scope.targets.clone()).collect();
        let others = (!scoped.is_empty()).then(|| none("target", &scoped));
        let general = self.passed(alert, level, others.as_ref(), level.fire, level.resolve);
        let clauses = self.scoped(alert, level, with).fold(general, |all, clause| all.with(Op::Or, clause));
        self.guarded(level, clauses)
    }

    /// The expression of the rule of a level for the targets of `scopes` alone; `None` if it is off for all of them.
    #[must_use]
    pub fn scoped_rule(&self, alert: &Alert, level: &Level, scopes: &[&Scope]) -> Option<String> {
        let clauses = self.scoped(alert, level, scopes).reduce(|all, clause| all.with(Op::Or, clause))?;
        Some(self.guarded(level, clauses).text())
    }

    fn scoped(&self, alert: &Alert, level: &Level, scopes: &[&Scope]) -> impl Iterator<Item = Expr> {
        scopes.iter().filter_map(move |scope| {
            Some(self.passed(alert, level, Some(&any("target", &scope.targets)), scope.fire?, scope.resolve))
        })
    }

    /// The signal beyond its number, or, while the alert fires, still beyond the one that ends it or where it lasts.
    fn passed(&self, alert: &Alert, level: &Level, targets: Option<&Matcher>, fire: f64, resolve: Option<f64>) -> Expr {
        let signal = || self.compared(alert, level, targets);
        if matches!(level.signal, Signal::Absent | Signal::Always | Signal::Drift) {
            // These are not compared: what comes out is the alert.
            return signal();
        }
        let beyond = |value| signal().with(Op::Compare(level.compare), number(value, level.unit));
        let held = resolve.map(beyond);
        let lasting = level.lasts.as_ref().map(|lasts| self.and(level, signal(), lasts));
        let Some(going_on) = held.into_iter().chain(lasting).reduce(|one, other| one.with(Op::Or, other)) else {
            return beyond(fire);
        };
        let mut matchers =
            vec![is("alertname", &alert.name), is("alertstate", "firing"), is("severity", level.severity.as_str())];
        matchers.extend(level.condition.as_deref().map(|condition| is("condition", condition)));
        let targets = targets.filter(|_| level.signal.has_target());
        let alerts = Expr::Selector("ALERTS".to_owned(), targets.cloned().into_iter().chain(matchers).collect());
        beyond(fire).with(Op::Or, going_on.with(Op::And.on(self.on(&level.signal, None)), alerts))
    }

    /// What is compared. An alert on firing alerts does not count itself.
    fn compared(&self, alert: &Alert, level: &Level, targets: Option<&Matcher>) -> Expr {
        match &level.signal {
            Signal::Firing(severity) => Self::firing(*severity, Some(&alert.name), Some(self.policy.times.tail)),
            signal => self.signal(signal, targets, true),
        }
    }

    /// The number of targets and containers with a firing alert of that severity, other than the alert `but`; as a rule counts
    /// them, without those that a cause explains.
    fn firing(severity: Severity, but: Option<&str>, tail: Option<Duration>) -> Expr {
        let mut matchers: Vec<Matcher> = but.map(|name| is_not("alertname", name)).into_iter().collect();
        matchers.extend([is("alertstate", "firing"), is("severity", severity.as_str())]);
        matchers.extend([is("page", ""), is_not("target", "")]);
        let alerts = Expr::Selector("ALERTS".to_owned(), matchers);
        let own = match tail {
            Some(tail) => alerts.with(Op::Unless.on(ELEMENT.to_vec()), causes::explained(severity, tail)),
            None => alerts,
        };
        let elements = Expr::Aggregate("count", Grouping::By(ELEMENT.to_vec()), Box::new(own));
        Expr::Aggregate("count", Grouping::By(vec!["site"]), Box::new(elements))
    }

    fn guarded(&self, level: &Level, expr: Expr) -> Expr {
        level.guards.iter().fold(expr, |expr, guard| self.and(level, expr, guard))
    }

    /// The series of the level for which the guard holds as well.
    fn and(&self, level: &Level, expr: Expr, guard: &Guard) -> Expr {
        // A guard is a number of its own unit; bytes are the ones that are hard to read.
        let is_bytes = guard.signal.series().iter().any(|series| series.metric.ends_with("_bytes"));
        let unit = if is_bytes { Unit::Bytes } else { Unit::Count };
        let signal = self.signal(&guard.signal, None, true);
        let holds = signal.with(Op::Compare(guard.compare), number(guard.number, unit));
        expr.with(Op::And.on(self.on(&level.signal, Some(&guard.signal))), holds)
    }

    /// The signal itself. With `use_record` the series of its recording rule stands for it.
    fn signal(&self, signal: &Signal, targets: Option<&Matcher>, use_record: bool) -> Expr {
        if let Some(record) = self.record(signal).filter(|_| use_record) {
            return Expr::Selector(record.to_owned(), targets.cloned().into_iter().collect());
        }
        let expr = self.scraped(signal, targets);
        if !signal.has_target() {
            return expr;
        }
        let fixed = signal.series().into_iter().flat_map(|series| {
            self.catalog.labels(&series.metric).iter().copied().filter(|label| series.is_fixed(label))
        });
        let node = signal.is_of_all_nodes().then_some(NODE);
        // Of what several agents say of one target the greatest counts.
        Expr::Aggregate(
            "max",
            Grouping::Without(OF_SCRAPE.into_iter().chain(node).chain(fixed).collect()),
            Box::new(expr),
        )
    }

    /// The signal as each agent tells it.
    fn scraped(&self, signal: &Signal, targets: Option<&Matcher>) -> Expr {
        let over = |function, series: &Series, window: Duration| {
            Expr::call(function, Expr::Range(Box::new(self.series(series, targets)), window))
        };
        let of = |series: &Series| over("last_over_time", series, self.policy.times.gap);
        let is_set = |expr: Expr| expr.with(Op::Compare(Compare::Above), Expr::Number(0.0));
        let up = |matchers| self.selector("up", matchers);
        let time = || Expr::Call("time", Vec::new());
        match signal {
            Signal::Down(series) if series.while_watched => {
                let is_not_scraped = up(Vec::new()).with(Op::Compare(Compare::Equal), Expr::Number(0.0));
                let last = of(series).with(Op::And.on(OF_SCRAPE.to_vec()), is_not_scraped);
                self.series(series, targets).with(Op::Or, last)
            }
            Signal::Value(series) | Signal::Down(series) => of(series),
            Signal::Age(series) => time().with(Op::Minus, of(series)),
            Signal::Until(series) => of(series).with(Op::Minus, time()),
            Signal::Ratio { part, whole, window, .. } => {
                let of = |series| window.map_or_else(|| of(series), |window| over("increase", series, window));
                of(part).with(self.matched(Op::Over, part, whole), is_set(of(whole)))
            }
            Signal::Rate { series, window, per } => {
                let rate = over("rate", series, *window);
                if per.as_secs() == 1 { rate } else { rate.with(Op::Times, Expr::Number(per.as_secs_f64())) }
            }
            Signal::Increase { series, window } => over("increase", series, *window),
            Signal::Over { what, series, window, .. } => {
                let function = match what {
                    Over::Mean => "avg_over_time",
                    Over::Max => "max_over_time",
                    Over::Min => "min_over_time",
                    Over::Changes => "changes",
                };
                over(function, series, *window)
            }
            Signal::Growth { series, window } => over("deriv", series, *window),
            Signal::Quantile { part, series, window, .. } => {
                let kept = [&OF_SCRAPE[..], &OF_TARGET, &[NODE], &self.catalog.own_labels(signal), &["le"]].concat();
                let buckets = Expr::Aggregate("sum", Grouping::By(kept), Box::new(over("rate", series, *window)));
                Expr::Call("histogram_quantile", vec![Expr::Number(*part), buckets])
            }
            Signal::Forecast { series, limit, window, .. } => {
                let left = is_set(of(limit)).with(self.matched(Op::Minus, limit, series), of(series));
                let left = Expr::Call("clamp_min", vec![left, Expr::Number(0.0)]);
                left.with(Op::Over, is_set(over("deriv", series, *window)))
            }
            // Where each target is an instance of its own, one of them is the agent itself: it has no target.
            Signal::Unreachable => {
                let window = self.policy.times.gap / 2;
                Expr::call("max_over_time", Expr::Range(Box::new(up(vec![is("target", "")])), window))
            }
            Signal::Absent => Expr::call("absent", up(Vec::new())),
            Signal::Always => Expr::call("vector", Expr::Number(1.0)),
            Signal::Drift => self.drift(),
            Signal::Firing(severity) => Self::firing(*severity, None, None),
        }
    }

    /// Numbers that differ, that only the agent has, and that only the rules have. The severity of the number that is
    /// meant moves to a label of its own: the alert has one itself.
    fn drift(&self) -> Expr {
        let agent = || self.selector(Threshold::METRIC, Vec::new());
        let rules = || self.selector(RENDERED_THRESHOLD, Vec::new());
        let labels = || [&Threshold::OF_AGENT[..], &Threshold::LABELS].concat();
        let differ = agent().with(Op::NotEqual.on(labels()), rules());
        let only = |one: Expr, other| one.with(Op::Unless.on(labels()), other);
        let all = differ.with(Op::Or, only(agent(), rules())).with(Op::Or, only(rules(), agent()));
        all.label_replace(Threshold::SEVERITY_OF, Threshold::SEVERITY, "(.*)")
    }

    /// What the agents say of themselves, times the number: one series for each of them, so that each is compared.
    #[must_use]
    pub fn threshold(&self, value: f64, unit: Unit) -> String {
        let agents = self.selector(Threshold::AGENTS, Vec::new());
        let agents = Expr::Aggregate("max", Grouping::By(Threshold::OF_AGENT.to_vec()), Box::new(agents));
        agents.with(Op::Times, number(value, unit)).text()
    }

    /// The recording rule that keeps the signal, whichever level named it.
    fn record(&self, signal: &Signal) -> Option<&str> {
        let mut levels = self.policy.alerts.iter().flat_map(|alert| &alert.levels);
        levels.find_map(|level| level.signal.record().filter(|_| level.signal.is_same(signal)))
    }

    /// The labels by which a series of the signal is told apart; with `other` only those that both have.
    fn on(&self, signal: &Signal, other: Option<&Signal>) -> Vec<&'static str> {
        if !signal.has_target() {
            return Vec::new();
        }
        let own = self.catalog.own_labels(signal);
        let is_of_all = signal.is_of_all_nodes() || other.is_some_and(Signal::is_of_all_nodes);
        let node = if is_of_all { &[][..] } else { &[NODE] };
        match other {
            Some(other) => shared(&[&OF_TARGET, node], &own, &self.catalog.own_labels(other)),
            None => shared(&[&OF_TARGET, node], &own, &own),
        }
    }

    /// The operator, matching on the labels of `other` where `one` has more.
    fn matched(&self, op: Op, one: &Series, other: &Series) -> Operator {
        let (ones, others) = (self.catalog.labels(&one.metric), self.catalog.labels(&other.metric));
        if ones == others {
            return op.into();
        }
        let group = if ones.len() >= others.len() { "group_left" } else { "group_right" };
        Operator { group: Some(group), ..op.on(shared(&[&OF_SCRAPE, &OF_TARGET, &[NODE]], ones, others)) }
    }

    /// The agent's series of these targets, or of any.
    fn series(&self, series: &Series, targets: Option<&Matcher>) -> Expr {
        let own = series.labels.iter().map(|(label, values)| any(label, values));
        let any_target = match series.origin {
            Origin::Target => targets.is_none_or(|targets| !targets.is_positive).then(|| is_not("target", "")),
            Origin::Agent => Some(is("target", "")),
            Origin::Foreign => return Expr::Selector(series.metric.clone(), own.collect()),
        };
        self.selector(&series.metric, any_target.into_iter().chain(targets.cloned()).chain(own).collect())
    }

    /// `metric{job="...", ...}`.
    fn selector(&self, metric: &str, matchers: Vec<Matcher>) -> Expr {
        let job = is("job", &self.policy.job);
        Expr::Selector(metric.to_owned(), std::iter::once(job).chain(matchers).collect())
    }
}

/// The labels `first`, and of a metric's own those that another one has too.
fn shared(first: &[&[&'static str]], own: &[&'static str], others: &[&'static str]) -> Vec<&'static str> {
    let own = own.iter().filter(|label| others.contains(label));
    first.iter().copied().flatten().chain(own).copied().collect()
}

fn any(label: &str, values: &[String]) -> Matcher {
    Matcher { label: label.to_owned(), is_positive: true, values: values.to_vec() }
}

fn none(label: &str, values: &[String]) -> Matcher {
    Matcher { is_positive: false, ..any(label, values) }
}

fn is(label: &str, value: &str) -> Matcher {
    any(label, &[value.to_owned()])
}

fn is_not(label: &str, value: &str) -> Matcher {
    none(label, &[value.to_owned()])
}

/// A number that can be read: whole powers of 1024 are written as such.
fn number(value: f64, unit: Unit) -> Expr {
    let powers = if unit == Unit::Bytes { &[3, 2][..] } else { &[] };
    let whole = powers.iter().find_map(|power| {
        let times = value / 1024_f64.powi(*power);
        // Hundredths at most: what is longer is not easier to read.
        (times.is_finite() && times >= 1.0 && (times * 100.0).fract() == 0.0).then_some((times, *power))
    });
    let Some((times, power)) = whole else { return Expr::Number(value) };
    Expr::Number(times).with(Op::Times, Expr::Number(1024.0).with(Op::Power, Expr::Number(f64::from(power))))
}

#[cfg(test)]
mod tests;
