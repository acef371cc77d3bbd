//! Signals and levels in words, for documentation.

use crate::{Compare, Guard, Level, Over, Scope, Series, Signal, Unit, duration};

/// What is compared: "`redis_ping_ms`", "increase of `x` in 5m".
#[must_use]
pub fn signal(signal: &Signal) -> String {
    match signal {
        Signal::Value(of) => series(of),
        Signal::Ratio { part, whole, window: None, .. } => format!("{} / {}", series(part), series(whole)),
        Signal::Ratio { part, whole, window: Some(window), .. } => {
            format!("increase of {} / increase of {}, in {}", series(part), series(whole), duration(*window))
        }
        Signal::Rate { series: of, window, per } => {
            let per = if per.as_secs() == 1 { "a second".to_owned() } else { format!("in {}", duration(*per)) };
            format!("rise of {} {per}, over {}", series(of), duration(*window))
        }
        Signal::Increase { series: of, window } => format!("increase of {} in {}", series(of), duration(*window)),
        Signal::Over { what, series: of, window, .. } => {
            let what = match what {
                Over::Mean => "mean",
                Over::Max => "greatest value",
                Over::Min => "smallest value",
                Over::Changes => "number of changes",
            };
            format!("{what} of {} over {}", series(of), duration(*window))
        }
        Signal::Quantile { part, series: of, by, window } => {
            let by = if by.is_empty() { String::new() } else { format!(" by {}", by.join(", ")) };
            format!("quantile {part} of {} over {}{by}", series(of), duration(*window))
        }
        Signal::Age(of) => format!("time since {}", series(of)),
        Signal::Until(of) => format!("time until {}", series(of)),
        Signal::Growth { series: of, window } => {
            format!("growth of {} a second, over {}", series(of), duration(*window))
        }
        Signal::Forecast { series: of, limit, window, .. } => {
            format!(
                "time until {} reaches {}, if it grows as in the last {}",
                series(of),
                series(limit),
                duration(*window)
            )
        }
        Signal::Down(of) => format!("{} is 0", series(of)),
        Signal::Firing(severity) => format!("number of targets with a firing alert of severity {}", severity.as_str()),
        Signal::Unreachable => "Prometheus cannot scrape an agent: `up` is 0".to_owned(),
        Signal::Absent => "Prometheus knows no agent: there is no `up`".to_owned(),
        Signal::Drift => "`manometer_threshold` and the loaded rules differ".to_owned(),
        Signal::Always => "always".to_owned(),
    }
}

/// When the level fires: "`redis_ping_ms` above 100 ms, and ...".
#[must_use]
pub fn fires(level: &Level) -> String {
    let mut text = compared(&level.signal, level.compare, level.fire, level.unit);
    let mut also = |word, Guard { signal, compare, number }: &Guard| {
        text.push_str(word);
        text.push_str(&compared(signal, *compare, *number, unit_of(signal)));
    };
    level.guards.iter().for_each(|guard| also(", and ", guard));
    level.lasts.iter().for_each(|guard| also("; then also while ", guard));
    text
}

/// The unit of a guard's number, which has none of its own.
fn unit_of(signal: &Signal) -> Unit {
    let is_bytes = signal.series().iter().any(|series| series.metric.ends_with("_bytes"));
    match signal {
        Signal::Ratio { .. } => Unit::Ratio,
        Signal::Value(series) if series.metric.ends_with("_ratio") => Unit::Factor,
        _ if is_bytes => Unit::Bytes,
        _ => Unit::Count,
    }
}

fn compared(of: &Signal, compare: Compare, number: f64, unit: Unit) -> String {
    let word = match compare {
        Compare::Above => "above",
        Compare::Below => "below",
        Compare::AtLeast => "at least",
        Compare::AtMost => "at most",
        Compare::Equal => return signal(of),
    };
    format!("{} {word} {}", signal(of), unit.show(number))
}

/// The number that ends it; empty where it is the same.
#[must_use]
pub fn ends(level: &Level) -> String {
    level.resolve.map_or_else(String::new, |resolve| level.unit.show(resolve))
}

/// How long it must hold.
#[must_use]
pub fn hold(level: &Level) -> String {
    if level.hold.is_zero() { "at once".to_owned() } else { duration(level.hold) }
}

/// The numbers of targets that have their own: "; far: 300 ms for 9m".
#[must_use]
pub fn scopes(level: &Level) -> String {
    let scope = |scope: &Scope| {
        let number = scope.fire.map_or_else(|| "never".to_owned(), |fire| level.unit.show(fire));
        format!("; {}: {number} for {}", scope.targets.join(", "), duration(scope.hold))
    };
    level.scopes.iter().map(scope).collect()
}

fn series(series: &Series) -> String {
    let labels: Vec<String> =
        series.labels.iter().map(|(label, values)| format!("{label} {}", values.join(" or "))).collect();
    if labels.is_empty() {
        format!("`{}`", series.metric)
    } else {
        format!("`{}` ({})", series.metric, labels.join(", "))
    }
}

/// A text as a cell of a table.
#[must_use]
pub fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
