//! How hard the service is pressed.

use std::cmp::Ordering;

/// The levels, the calmest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Healthy,
    Warning,
    Critical,
    Overload,
}

/// What a level is told by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pressure {
    /// Publish rate by ingest rate; 1.0 without ingestion.
    pub(crate) ratio: f64,
    /// The average publish latency in milliseconds.
    pub(crate) latency: f64,
    /// Messages that were accepted and neither published nor dropped yet.
    pub(crate) pending: usize,
}

/// Beyond any of these it is that level: the ratio below, the latency or the number pending above.
const BOUNDS: [(Level, Pressure); 3] = [
    (Level::Overload, Pressure { ratio: 0.5, latency: 200.0, pending: 2_000 }),
    (Level::Critical, Pressure { ratio: 0.8, latency: 50.0, pending: 500 }),
    (Level::Warning, Pressure { ratio: 0.95, latency: 10.0, pending: 100 }),
];

impl Level {
    /// The level at that pressure.
    pub(crate) fn of(pressure: Pressure) -> Self {
        let exceeds = |bound: &Pressure| {
            pressure.ratio < bound.ratio || pressure.latency > bound.latency || pressure.pending > bound.pending
        };
        BOUNDS.iter().find(|(_, bound)| exceeds(bound)).map_or(Self::Healthy, |(level, _)| *level)
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Warning => "warning",
            Self::Critical => "critical",
            Self::Overload => "overload",
        }
    }

    /// 0 for healthy to 3 for overload.
    pub(crate) const fn as_number(self) -> u8 {
        self as u8
    }

    /// The share of the messages that is let in, 0 to 1.
    pub(crate) const fn sampling_rate(self) -> f64 {
        match self {
            Self::Healthy => 1.0,
            Self::Warning => 0.8,
            Self::Critical => 0.5,
            Self::Overload => 0.2,
        }
    }

    /// The next level on the way to `other`.
    pub(crate) fn towards(self, other: Self) -> Self {
        match (self.cmp(&other), self) {
            (Ordering::Equal, _) => self,
            (Ordering::Less, Self::Healthy) | (Ordering::Greater, Self::Critical) => Self::Warning,
            (Ordering::Less, Self::Warning) | (Ordering::Greater, Self::Overload) => Self::Critical,
            (Ordering::Less, Self::Critical | Self::Overload) => Self::Overload,
            (Ordering::Greater, Self::Warning | Self::Healthy) => Self::Healthy,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Level::{Critical, Healthy, Overload, Warning};
    use super::*;

    const LEVELS: [Level; 4] = [Healthy, Warning, Critical, Overload];

    fn level(ratio: f64, latency: f64, pending: usize) -> Level {
        Level::of(Pressure { ratio, latency, pending })
    }

    #[test]
    fn each_bound_alone_makes_the_level() {
        assert_eq!(level(1.0, 0.0, 0), Healthy);
        assert_eq!(
            [0.95, 0.949, 0.8, 0.799, 0.5, 0.499, 0.0].map(|ratio| level(ratio, 0.0, 0)),
            [Healthy, Warning, Warning, Critical, Critical, Overload, Overload]
        );
        assert_eq!(
            [10.0, 10.1, 50.0, 50.1, 200.0, 200.1].map(|latency| level(1.0, latency, 0)),
            [Healthy, Warning, Warning, Critical, Critical, Overload]
        );
        assert_eq!(
            [100, 101, 500, 501, 2_000, 2_001].map(|pending| level(1.0, 0.0, pending)),
            [Healthy, Warning, Warning, Critical, Critical, Overload]
        );
    }

    #[test]
    fn the_worst_bound_counts() {
        assert_eq!(level(0.9, 60.0, 0), Critical);
        assert_eq!(level(0.9, 0.0, 5_000), Overload);
    }

    #[test]
    fn names_numbers_and_rates() {
        assert_eq!(LEVELS.map(Level::as_str), ["healthy", "warning", "critical", "overload"]);
        assert_eq!(LEVELS.map(Level::as_number), [0, 1, 2, 3]);
        assert_eq!(LEVELS.map(Level::sampling_rate).map(|rate| format!("{rate}")), ["1", "0.8", "0.5", "0.2"]);
    }

    #[test]
    fn towards_another_level_is_one_step() {
        assert_eq!(LEVELS.map(|level| level.towards(Overload)), [Warning, Critical, Overload, Overload]);
        assert_eq!(LEVELS.map(|level| level.towards(Healthy)), [Healthy, Healthy, Warning, Critical]);
        assert_eq!(LEVELS.map(|level| level.towards(level)), LEVELS);
    }
}
