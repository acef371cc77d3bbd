//! What an alert compares.

use std::time::Duration;

use super::Severity;

/// The labels that every series of a target has, beside its metric's own.
pub const OF_TARGET: [&str; 3] = ["job", "instance", "target"];

/// The series of one metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// The metric's name.
    pub metric: String,
    /// Labels that a series must have, each with the values of which it must have one.
    pub labels: Vec<(String, Vec<String>)>,
}

/// A number that an alert compares, for each series that there is.
#[derive(Debug, Clone, PartialEq)]
pub enum Signal {
    /// A gauge.
    Value(Series),
    /// One gauge by another; absent where the other is 0 or absent.
    Ratio {
        /// What is divided.
        part: Series,
        /// By what.
        whole: Series,
        /// The recording rule that keeps it.
        record: Option<String>,
    },
    /// How fast a counter rises.
    Rate {
        /// The counter.
        series: Series,
        /// What is looked back.
        window: Duration,
        /// The time in which it rises by the value.
        per: Duration,
    },
    /// By how much a counter rose.
    Increase {
        /// The counter.
        series: Series,
        /// What is looked back.
        window: Duration,
    },
    /// The mean of a gauge.
    Mean {
        /// The gauge.
        series: Series,
        /// What is looked back.
        window: Duration,
        /// The recording rule that keeps it.
        record: Option<String>,
    },
    /// By how much a gauge grows, a second.
    Growth {
        /// The gauge.
        series: Series,
        /// What is looked back.
        window: Duration,
    },
    /// Seconds until a gauge reaches another one, if it goes on as it did; absent while it does not grow.
    Forecast {
        /// What grows.
        series: Series,
        /// What it must not reach; 0 means that there is no limit.
        limit: Series,
        /// What is looked back.
        window: Duration,
        /// The recording rule that keeps it.
        record: Option<String>,
    },
    /// A gauge of 0 and 1 that should be 1.
    Down(Series),
    /// The number of targets with a firing alert of a severity.
    Firing(Severity),
    /// The agent as Prometheus sees it cannot be scraped.
    Unreachable,
    /// No agent is configured in Prometheus at all.
    Absent,
    /// The loaded rules and the agent have different thresholds.
    Drift,
    /// Holds always.
    Always,
}

metric::words! {
    /// How a signal is compared with a number.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum Compare {
        /// Greater than.
        Above = ">",
        /// Less than.
        Below = "<",
        /// Greater or equal.
        AtLeast = ">=",
        /// Less or equal.
        AtMost = "<=",
        /// Equal: of signals that are down or not.
        Equal = "==",
    }
}

impl Compare {
    /// Whether `value` compares so with `number`.
    #[must_use]
    pub fn holds(self, value: f64, number: f64) -> bool {
        match self {
            Self::Above => value > number,
            Self::Below => value < number,
            Self::AtLeast => value >= number,
            Self::AtMost => value <= number,
            #[expect(clippy::float_cmp, reason = "a state is exactly 0 or 1")]
            Self::Equal => value == number,
        }
    }
}

/// A further condition on the same target.
#[derive(Debug, Clone, PartialEq)]
pub struct Guard {
    /// What is compared.
    pub signal: Signal,
    /// How.
    pub compare: Compare,
    /// With what.
    pub number: f64,
}

impl Signal {
    /// How a signal that is a state is compared; `None` where it is a number, which the level gives.
    #[must_use]
    pub const fn state(&self) -> Option<(Compare, f64)> {
        match self {
            Self::Down(_) | Self::Unreachable => Some((Compare::Equal, 0.0)),
            Self::Absent | Self::Drift | Self::Always => Some((Compare::Equal, 1.0)),
            _ => None,
        }
    }

    /// Whether it is of one target: its series have the label `target`.
    #[must_use]
    pub fn has_target(&self) -> bool {
        !self.series().is_empty()
    }

    /// Whether it is the same number, whoever keeps it.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Ratio { part, whole, .. }, Self::Ratio { part: other, whole: others, .. }) => {
                (part, whole) == (other, others)
            }
            (Self::Mean { series, window, .. }, Self::Mean { series: other, window: others, .. }) => {
                (series, window) == (other, others)
            }
            (
                Self::Forecast { series, limit, window, .. },
                Self::Forecast { series: other, limit: limits, window: windows, .. },
            ) => (series, limit, window) == (other, limits, windows),
            _ => self == other,
        }
    }

    /// The recording rule that keeps it, if one does.
    #[must_use]
    pub fn record(&self) -> Option<&str> {
        match self {
            Self::Ratio { record, .. } | Self::Mean { record, .. } | Self::Forecast { record, .. } => record.as_deref(),
            _ => None,
        }
    }

    /// What it looks back on.
    #[must_use]
    pub const fn window(&self) -> Option<Duration> {
        match self {
            Self::Rate { window, .. }
            | Self::Increase { window, .. }
            | Self::Mean { window, .. }
            | Self::Growth { window, .. }
            | Self::Forecast { window, .. } => Some(*window),
            _ => None,
        }
    }

    /// The series that it is computed from, of the catalog's metrics.
    #[must_use]
    pub fn series(&self) -> Vec<&Series> {
        match self {
            Self::Value(series)
            | Self::Rate { series, .. }
            | Self::Increase { series, .. }
            | Self::Mean { series, .. }
            | Self::Growth { series, .. }
            | Self::Down(series) => vec![series],
            Self::Ratio { part: series, whole: other, .. } | Self::Forecast { series, limit: other, .. } => {
                vec![series, other]
            }
            Self::Firing(_) | Self::Unreachable | Self::Absent | Self::Drift | Self::Always => Vec::new(),
        }
    }
}
