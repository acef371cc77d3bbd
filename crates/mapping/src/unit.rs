//! Units of foreign numbers, and their factors to the base units in which everything is exported.

use std::fmt;
use std::str::FromStr;

/// A unit that a service's number may have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SourceUnit {
    name: &'static str,
    dimension: Dimension,
    factor: f64,
}

/// What a unit measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension {
    /// Exported in seconds.
    Time,
    /// Exported in bytes.
    Size,
    /// Exported as a ratio, 1 being all of it.
    Share,
}

const fn unit(name: &'static str, dimension: Dimension, factor: f64) -> SourceUnit {
    SourceUnit { name, dimension, factor }
}

/// Every unit under every name that it goes by. `MB` is a million bytes as the SI has it; a service that divides by 1024
/// and writes `MB` is mapped with `unit = "MiB"`.
const UNITS: [SourceUnit; 26] = [
    unit("s", Dimension::Time, 1.0),
    unit("ms", Dimension::Time, 1e-3),
    unit("us", Dimension::Time, 1e-6),
    unit("\u{b5}s", Dimension::Time, 1e-6),
    unit("\u{3bc}s", Dimension::Time, 1e-6),
    unit("ns", Dimension::Time, 1e-9),
    unit("sec", Dimension::Time, 1.0),
    unit("seconds", Dimension::Time, 1.0),
    unit("min", Dimension::Time, 60.0),
    unit("minutes", Dimension::Time, 60.0),
    unit("h", Dimension::Time, 3600.0),
    unit("hours", Dimension::Time, 3600.0),
    unit("d", Dimension::Time, 86_400.0),
    unit("B", Dimension::Size, 1.0),
    unit("bytes", Dimension::Size, 1.0),
    unit("kB", Dimension::Size, 1e3),
    unit("KB", Dimension::Size, 1e3),
    unit("MB", Dimension::Size, 1e6),
    unit("GB", Dimension::Size, 1e9),
    unit("TB", Dimension::Size, 1e12),
    unit("KiB", Dimension::Size, 1024.0),
    unit("MiB", Dimension::Size, 1_048_576.0),
    unit("GiB", Dimension::Size, 1_073_741_824.0),
    unit("TiB", Dimension::Size, 1_099_511_627_776.0),
    unit("%", Dimension::Share, 0.01),
    unit("percent", Dimension::Share, 0.01),
];

impl SourceUnit {
    /// `value` of this unit in the base unit.
    #[must_use]
    pub fn to_base(self, value: f64) -> f64 {
        match self.dimension {
            // There is no part of a byte, whatever the rounding of "512.3 MB" leaves.
            Dimension::Size => (value * self.factor).round(),
            // Division by a power of ten is exact where multiplication by its inverse is not: 2 ms are 0.002 s.
            _ if self.factor < 1.0 => value / (1.0 / self.factor).round(),
            _ => value * self.factor,
        }
    }

    /// What it measures.
    #[must_use]
    pub const fn dimension(self) -> Dimension {
        self.dimension
    }

    /// The names, for an error.
    #[must_use]
    pub fn names() -> String {
        let mut names = UNITS.map(|unit| unit.name).to_vec();
        names.dedup();
        names.join(", ")
    }
}

impl FromStr for SourceUnit {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        UNITS.into_iter().find(|unit| unit.name == text).ok_or(())
    }
}

impl fmt::Display for SourceUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "the conversions are exact")]
    fn values_in_base_units_are_exact() {
        let base = |value: f64, unit: &str| unit.parse::<SourceUnit>().unwrap().to_base(value);
        assert_eq!(base(2.31, "ms"), 0.00231);
        assert_eq!(base(2.0, "ms"), 0.002);
        assert_eq!(base(7.0, "us"), 0.000_007);
        assert_eq!(base(99.7, "%"), 0.997);
        assert_eq!(base(512.5, "MiB"), 537_395_200.0);
        assert_eq!(base(1.5, "MB"), 1_500_000.0);
        assert_eq!(base(3.0, "min"), 180.0);
        assert_eq!("mb".parse::<SourceUnit>(), Err(()));
        assert_eq!("%".parse::<SourceUnit>().unwrap().dimension(), Dimension::Share);
    }
}
