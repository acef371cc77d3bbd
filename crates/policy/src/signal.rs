//! What an alert compares.

use std::time::Duration;

use super::Severity;

/// The labels that tell targets apart, in rules: of which site, which target. Who scraped which agent is not among them.
pub const OF_TARGET: [&str; 2] = ["site", "target"];

/// The labels that tell who scraped which agent. Rules aggregate them away: two agents, or two jobs, are one series.
pub const OF_SCRAPE: [&str; 2] = ["job", "instance"];

/// The label that tells the nodes of one target apart, where it has several.
pub const NODE: &str = "node";

/// Whose a series is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Origin {
    /// A target's, as an agent tells it.
    #[default]
    Target,
    /// An agent's own: each agent speaks for itself.
    Agent,
    /// Somebody else's, such as Prometheus or Alertmanager, under whatever job that is scraped.
    Foreign,
}

/// The series of one metric.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Series {
    /// Whose it is.
    pub origin: Origin,
    /// The metric's name.
    pub metric: String,
    /// Labels that a series must have, each with the values of which it must have one.
    pub labels: Vec<(String, Vec<String>)>,
    /// Of the nodes of one target the greatest value counts: what is compared is about the target.
    pub all_nodes: bool,
    /// An agent exports it as long as it watches the target: once it has ended although the agent can be scraped, nobody is
    /// concerned any more, and its last value does not count.
    pub while_watched: bool,
}

/// A number that an alert compares, for each series that there is.
#[derive(Debug, Clone, PartialEq)]
pub enum Signal {
    /// A gauge.
    Value(Series),
    /// One gauge by another, or the increase of one counter by that of another; absent where the other is 0 or absent.
    Ratio {
        /// What is divided.
        part: Series,
        /// By what.
        whole: Series,
        /// What is looked back; of counters only.
        window: Option<Duration>,
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
    /// What a gauge was over a time.
    Over {
        /// Its mean, its greatest value and so on.
        what: Over,
        /// The gauge.
        series: Series,
        /// What is looked back.
        window: Duration,
        /// The recording rule that keeps it.
        record: Option<String>,
    },
    /// The value that a part of what a histogram counted lately did not exceed.
    Quantile {
        /// The part: 0.95 for the 95th percentile.
        part: f64,
        /// Its buckets.
        series: Series,
        /// The labels that are told apart, beside those of the target; over all others it is added up.
        by: Vec<String>,
        /// What is looked back.
        window: Duration,
    },
    /// Seconds since the time that a gauge tells.
    Age(Series),
    /// Seconds until the time that a gauge tells.
    Until(Series),
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
    /// What is taken of the values of a gauge in a window.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum Over {
        /// Their mean.
        Mean = "mean",
        /// The greatest.
        Max = "max",
        /// The smallest.
        Min = "min",
        /// How often one differs from the one before.
        Changes = "changes",
    }
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

impl Series {
    /// The labels that it has in a rule beside those of its target: of the metric's own those that are not fixed to one value,
    /// since what is the same everywhere tells nothing apart, and reads like a contradiction: `status="ok"` of what is not.
    pub fn own_labels<'l>(&self, of_metric: &'l [&'static str]) -> impl Iterator<Item = &'static str> + use<'l, '_> {
        of_metric.iter().copied().filter(|label| !self.is_fixed(label))
    }

    /// Whether that label can have one value only.
    #[must_use]
    pub fn is_fixed(&self, label: &str) -> bool {
        self.labels.iter().any(|(name, values)| name == label && values.len() == 1)
    }
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
        let series = self.series();
        !series.is_empty() && series.iter().all(|series| series.origin == Origin::Target)
    }

    /// Whether it tells series with other values of that label apart.
    #[must_use]
    pub fn keeps(&self, label: &str) -> bool {
        match self {
            Self::Quantile { by, .. } => by.iter().any(|kept| kept == label),
            _ => true,
        }
    }

    /// Whether it is one number for all nodes of a target.
    #[must_use]
    pub fn is_of_all_nodes(&self) -> bool {
        self.series().iter().any(|series| series.all_nodes)
    }

    /// Whether it is of series that are there as long as their target is watched.
    #[must_use]
    pub fn is_while_watched(&self) -> bool {
        self.series().iter().any(|series| series.while_watched)
    }

    /// Changes each of its series.
    pub(crate) fn each_series(&mut self, change: impl Fn(&mut Series)) {
        match self {
            Self::Value(series)
            | Self::Age(series)
            | Self::Until(series)
            | Self::Rate { series, .. }
            | Self::Increase { series, .. }
            | Self::Over { series, .. }
            | Self::Growth { series, .. }
            | Self::Quantile { series, .. }
            | Self::Down(series) => change(series),
            Self::Ratio { part: series, whole: other, .. } | Self::Forecast { series, limit: other, .. } => {
                change(series);
                change(other);
            }
            Self::Firing(_) | Self::Unreachable | Self::Absent | Self::Drift | Self::Always => {}
        }
    }

    /// Whether it is computed such that no series makes it the very number that it is compared with.
    #[must_use]
    pub const fn is_inexact(&self) -> bool {
        matches!(
            self,
            Self::Rate { .. }
                | Self::Growth { .. }
                | Self::Forecast { .. }
                | Self::Quantile { .. }
                | Self::Age(_)
                | Self::Until(_)
                | Self::Ratio { window: Some(_), .. }
        )
    }

    /// Whether it is the same number, whoever keeps it.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Ratio { part, whole, window, .. },
                Self::Ratio { part: other, whole: others, window: windows, .. },
            ) => (part, whole, window) == (other, others, windows),
            (
                Self::Over { what, series, window, .. },
                Self::Over { what: other, series: others, window: windows, .. },
            ) => (what, series, window) == (other, others, windows),
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
            Self::Ratio { record, .. } | Self::Over { record, .. } | Self::Forecast { record, .. } => record.as_deref(),
            _ => None,
        }
    }

    /// The same with every window another one.
    pub fn set_window(&mut self, change: impl Fn(Duration) -> Duration) {
        match self {
            Self::Rate { window, .. }
            | Self::Increase { window, .. }
            | Self::Over { window, .. }
            | Self::Growth { window, .. }
            | Self::Forecast { window, .. }
            | Self::Quantile { window, .. }
            | Self::Ratio { window: Some(window), .. } => *window = change(*window),
            _ => {}
        }
    }

    /// What it looks back on.
    #[must_use]
    pub const fn window(&self) -> Option<Duration> {
        match self {
            Self::Rate { window, .. }
            | Self::Increase { window, .. }
            | Self::Over { window, .. }
            | Self::Growth { window, .. }
            | Self::Forecast { window, .. }
            | Self::Quantile { window, .. } => Some(*window),
            Self::Ratio { window, .. } => *window,
            _ => None,
        }
    }

    /// The series that it is computed from, of the catalog's metrics.
    #[must_use]
    pub fn series(&self) -> Vec<&Series> {
        match self {
            Self::Value(series)
            | Self::Age(series)
            | Self::Until(series)
            | Self::Rate { series, .. }
            | Self::Increase { series, .. }
            | Self::Over { series, .. }
            | Self::Growth { series, .. }
            | Self::Quantile { series, .. }
            | Self::Down(series) => vec![series],
            Self::Ratio { part: series, whole: other, .. } | Self::Forecast { series, limit: other, .. } => {
                vec![series, other]
            }
            Self::Firing(_) | Self::Unreachable | Self::Absent | Self::Drift | Self::Always => Vec::new(),
        }
    }
}
