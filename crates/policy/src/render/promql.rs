//! PromQL: the one text of each form of signal.

mod expr;

use std::time::Duration;

use self::expr::Expr;
use super::Catalog;
use crate::{Alert, Level, Policy, Scope, Series, Severity, Signal, Unit};

/// The labels that every series of a target has.
const OF_TARGET: [&str; 3] = ["job", "instance", "target"];

/// The recording rule that keeps the numbers of the policy.
pub const RENDERED_THRESHOLD: &str = "manometer:threshold:rendered";

/// The metric in which the agent says its numbers, and the labels by which the two are matched.
const THRESHOLD: &str = "manometer_threshold";
const OF_THRESHOLD: &str = "job, instance, alert, severity, condition, scope";

/// Targets that an expression is about.
#[derive(Debug, Clone, Copy)]
pub enum Targets<'a> {
    /// All.
    All,
    /// These.
    Only(&'a [String]),
    /// All but these.
    Except(&'a [String]),
}

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
        self.compared(alert, level, Targets::All).text()
    }

    /// The expression that a recording rule keeps.
    #[must_use]
    pub fn recorded(&self, signal: &Signal) -> String {
        self.signal(signal, Targets::All, false).text()
    }

    /// The expression of the rule of a level: of all targets that no scope has, and of those of the scopes `with`.
    #[must_use]
    pub fn rule(&self, alert: &Alert, level: &Level, with: &[&Scope]) -> String {
        let scoped: Vec<String> = level.scopes.iter().flat_map(|scope| scope.targets.clone()).collect();
        let others = if scoped.is_empty() { Targets::All } else { Targets::Except(&scoped) };
        let general = self.passed(alert, level, others, level.fire, level.resolve);
        let clauses = self.scoped(alert, level, with).fold(general, |all, clause| all.with("or", clause));
        self.guarded(level, clauses).text()
    }

    /// The expression of the rule of a level for the targets of `scopes` alone; `None` if it is off for all of them.
    #[must_use]
    pub fn scoped_rule(&self, alert: &Alert, level: &Level, scopes: &[&Scope]) -> Option<String> {
        let clauses = self.scoped(alert, level, scopes).reduce(|all, clause| all.with("or", clause))?;
        Some(self.guarded(level, clauses).text())
    }

    fn scoped(&self, alert: &Alert, level: &Level, scopes: &[&Scope]) -> impl Iterator<Item = Expr> {
        scopes.iter().filter_map(move |scope| {
            Some(self.passed(alert, level, Targets::Only(&scope.targets), scope.fire?, scope.resolve))
        })
    }

    /// The signal beyond its number, or still beyond the one that ends it while the alert fires.
    fn passed(&self, alert: &Alert, level: &Level, targets: Targets<'_>, fire: f64, resolve: Option<f64>) -> Expr {
        let signal = || self.compared(alert, level, targets);
        match &level.signal {
            // Neither is compared: what comes out is the alert.
            Signal::Absent | Signal::Always | Signal::Drift => return signal(),
            _ => {}
        }
        let fires = signal().with(level.compare.as_str(), number(fire, level.unit));
        let Some(resolve) = resolve else { return fires };
        let holds = signal().with(level.compare.as_str(), number(resolve, level.unit));
        let mut alerts = vec![
            ("alertname", alert.name.clone()),
            ("alertstate", "firing".to_owned()),
            ("severity", level.severity.as_str().to_owned()),
        ];
        if let Some(condition) = &level.condition {
            alerts.push(("condition", condition.clone()));
        }
        let alerts: Vec<String> = alerts.iter().map(|(label, value)| format!("{label}={}", quoted(value))).collect();
        let alerts = self.selector("ALERTS", &alerts, targets, level.signal.has_target());
        let labels = self.on(&level.signal, None);
        fires.with("or", holds.with(format!("and on ({labels})"), Expr::Atom(alerts)))
    }

    /// What is compared. An alert on firing alerts does not count itself.
    fn compared(&self, alert: &Alert, level: &Level, targets: Targets<'_>) -> Expr {
        match &level.signal {
            Signal::Firing(severity) => self.firing(*severity, &[format!("alertname!={}", quoted(&alert.name))]),
            signal => self.signal(signal, targets, true),
        }
    }

    fn firing(&self, severity: Severity, labels: &[String]) -> Expr {
        let mut labels = labels.to_vec();
        labels.push("alertstate=\"firing\"".to_owned());
        labels.push(format!("severity={}", quoted(severity.as_str())));
        labels.push("target!=\"\"".to_owned());
        let alerts = self.selector("ALERTS", &labels, Targets::All, false);
        Expr::Atom(format!("count(count by (target) ({alerts}))"))
    }

    fn guarded(&self, level: &Level, mut expr: Expr) -> Expr {
        for guard in &level.guards {
            let labels = self.on(&level.signal, Some(&guard.signal));
            // A guard is a number of its own unit; bytes are the ones that are hard to read.
            let unit = if guard.signal.series().iter().any(|series| series.metric.ends_with("_bytes")) {
                Unit::Bytes
            } else {
                Unit::Count
            };
            let holds = self.signal(&guard.signal, Targets::All, true);
            let holds = holds.with(guard.compare.as_str(), number(guard.number, unit));
            expr = expr.with(format!("and on ({labels})"), holds);
        }
        expr
    }

    /// The signal itself. With `use_record` the series of its recording rule stands for it.
    fn signal(&self, signal: &Signal, targets: Targets<'_>, use_record: bool) -> Expr {
        if let Some(record) = self.record(signal).filter(|_| use_record) {
            return Expr::Atom(self.selector(record, &[], targets, true));
        }
        let of = |series: &Series| self.series(series, targets);
        let ranged = |function: &str, series: &Series, window: Duration| {
            Expr::Atom(format!("{function}({}[{}])", of(series), duration(window)))
        };
        match signal {
            Signal::Value(series) | Signal::Down(series) => Expr::Atom(of(series)),
            Signal::Ratio { part, whole, .. } => {
                let divisor = Expr::Atom(of(whole)).with(">", Expr::atom("0"));
                Expr::Atom(of(part)).with(self.matched("/", part, whole), divisor)
            }
            Signal::Rate { series, window, per } => {
                let rate = ranged("rate", series, *window);
                if per.as_secs() == 1 { rate } else { rate.with("*", Expr::Atom(per.as_secs().to_string())) }
            }
            Signal::Increase { series, window } => ranged("increase", series, *window),
            Signal::Mean { series, window, .. } => ranged("avg_over_time", series, *window),
            Signal::Growth { series, window } => ranged("deriv", series, *window),
            Signal::Forecast { series, limit, window, .. } => {
                let limit_is_set = Expr::Atom(of(limit)).with(">", Expr::atom("0"));
                let left = limit_is_set.with(self.matched("-", limit, series), Expr::Atom(of(series)));
                let left = Expr::Call("clamp_min", vec![left, Expr::atom("0")]);
                left.with("/", ranged("deriv", series, *window).with(">", Expr::atom("0")))
            }
            Signal::Unreachable => Expr::Atom(self.selector("up", &[], Targets::All, false)),
            Signal::Absent => Expr::Atom(format!("absent({})", self.selector("up", &[], Targets::All, false))),
            Signal::Always => Expr::atom("vector(1)"),
            Signal::Drift => self.drift(),
            Signal::Firing(severity) => self.firing(*severity, &[]),
        }
    }

    /// Numbers that differ, that only the agent has, and that only the rules have. The severity of the number that is
    /// meant moves to a label of its own: the alert has one itself.
    fn drift(&self) -> Expr {
        let agent = || Expr::Atom(self.selector(THRESHOLD, &[], Targets::All, false));
        let rules = || Expr::Atom(self.selector(RENDERED_THRESHOLD, &[], Targets::All, false));
        let differ = agent().with(format!("!= on ({OF_THRESHOLD})"), rules());
        let unless = format!("unless on ({OF_THRESHOLD})");
        let all = differ.with("or", agent().with(&unless, rules())).with("or", rules().with(&unless, agent()));
        let texts = ["\"severity_of\"", "\"$1\"", "\"severity\"", "\"(.*)\""];
        Expr::Call("label_replace", std::iter::once(all).chain(texts.map(Expr::atom)).collect())
    }

    /// What the agents say of themselves, times the number: one series for each of them, so that each is compared.
    #[must_use]
    pub fn threshold(&self, value: f64, unit: Unit) -> String {
        let agents = self.selector("manometer_build_info", &[], Targets::All, false);
        Expr::Atom(format!("max by (job, instance) ({agents})")).with("*", number(value, unit)).text()
    }

    /// The recording rule that keeps the signal, whichever level named it.
    fn record(&self, signal: &Signal) -> Option<&str> {
        let mut levels = self.policy.alerts.iter().flat_map(|alert| &alert.levels);
        levels.find_map(|level| level.signal.record().filter(|_| level.signal.is_same(signal)))
    }

    /// The labels by which a series of the signal is told apart; with `other` only those that both have.
    fn on(&self, signal: &Signal, other: Option<&Signal>) -> String {
        if !signal.has_target() {
            return String::new();
        }
        let labels =
            |signal: &Signal| signal.series().first().map_or(&[][..], |series| self.catalog.labels(&series.metric));
        let others = other.map(labels);
        let own = labels(signal).iter().filter(|label| others.is_none_or(|others| others.contains(label)));
        OF_TARGET.iter().chain(own).copied().collect::<Vec<_>>().join(", ")
    }

    /// The operator, matching on the labels of `other` where `one` has more.
    fn matched(&self, op: &str, one: &Series, other: &Series) -> String {
        let (ones, others) = (self.catalog.labels(&one.metric), self.catalog.labels(&other.metric));
        if ones == others {
            return op.to_owned();
        }
        let labels: Vec<&str> =
            OF_TARGET.iter().chain(ones.iter().filter(|label| others.contains(label))).copied().collect();
        let side = if ones.len() >= others.len() { "group_left" } else { "group_right" };
        format!("{op} on ({}) {side} ()", labels.join(", "))
    }

    fn series(&self, series: &Series, targets: Targets<'_>) -> String {
        let labels: Vec<String> = series.labels.iter().map(|(label, values)| matcher(label, values, true)).collect();
        self.selector(&series.metric, &labels, targets, true)
    }

    /// `metric{job="...", ...}`.
    fn selector(&self, metric: &str, labels: &[String], targets: Targets<'_>, has_target: bool) -> String {
        let job = format!("job={}", quoted(&self.policy.job));
        let targets = match targets {
            Targets::Only(names) if has_target => Some(matcher("target", names, true)),
            Targets::Except(names) if has_target => Some(matcher("target", names, false)),
            _ => None,
        };
        let labels: Vec<String> = std::iter::once(job).chain(targets).chain(labels.iter().cloned()).collect();
        format!("{metric}{{{}}}", labels.join(", "))
    }
}

/// One value is compared as it is, several as a pattern.
fn matcher(label: &str, values: &[String], positive: bool) -> String {
    match (values, positive) {
        ([value], true) => format!("{label}={}", quoted(value)),
        ([value], false) => format!("{label}!={}", quoted(value)),
        (values, positive) => {
            let pattern: Vec<String> = values.iter().map(|value| regex::escape(value)).collect();
            format!("{label}{}{}", if positive { "=~" } else { "!~" }, quoted(&pattern.join("|")))
        }
    }
}

/// A text of PromQL.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for char in text.chars() {
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            '\n' => out.push_str("\\n"),
            char => out.push(char),
        }
    }
    out.push('"');
    out
}

/// A number that can be read: whole powers of 1024 are written as such.
fn number(value: f64, unit: Unit) -> Expr {
    if value.is_infinite() {
        return Expr::atom(if value > 0.0 { "Inf" } else { "-Inf" });
    }
    if unit == Unit::Bytes {
        for power in [3, 2] {
            let times = value / 1024_f64.powi(power);
            // Hundredths at most: what is longer is not easier to read.
            if times >= 1.0 && (times * 100.0).fract() == 0.0 {
                return Expr::Atom(format!("{times} * 1024^{power}"));
            }
        }
    }
    Expr::Atom(value.to_string())
}

/// A duration as Prometheus writes it: `1h30m`.
#[must_use]
pub fn duration(duration: Duration) -> String {
    let mut text = String::new();
    let mut rest = duration.as_secs();
    for (letter, seconds) in [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] {
        if rest >= seconds {
            text.push_str(&(rest / seconds).to_string());
            text.push_str(letter);
            rest %= seconds;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests;
