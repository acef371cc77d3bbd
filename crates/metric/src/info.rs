//! The description of a metric: name, type, unit, labels, help and source.

crate::words! {
    /// The Prometheus type of a family.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum Kind {
        /// A value that only rises, and restarts at 0.
        Counter = "counter",
        /// A value that goes up and down.
        Gauge = "gauge",
        /// Cumulative buckets with `le`, and `_sum` and `_count`.
        Histogram = "histogram",
        /// Values by `quantile`, and `_sum` and `_count`.
        Summary = "summary",
        /// What another exporter, whose name it has, gives no type.
        Untyped = "untyped",
    }
}

crate::words! {
    /// The unit of a sample's value, for the documentation.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Unit {
        /// A number of things.
        Count = "count",
        /// Seconds.
        Seconds = "seconds",
        /// Milliseconds: only where a name that others rely on demands it.
        Milliseconds = "milliseconds",
        /// Microseconds: only where a name that others rely on demands it.
        Microseconds = "microseconds",
        /// Bytes.
        Bytes = "bytes",
        /// Kibibytes per second, as Redis computes its `instantaneous_*_kbps`.
        KibibytesPerSecond = "KiB/s",
        /// Bytes per second.
        BytesPerSecond = "bytes/s",
        /// Events per second.
        PerSecond = "1/s",
        /// A part of a whole; 1 is all of it.
        Ratio = "ratio",
        /// A part of a whole in hundredths: only where a name that others rely on demands it.
        Percent = "percent",
        /// Seconds since 1970-01-01 UTC.
        UnixSeconds = "unix time",
        /// 1 for yes, 0 for no.
        Bool = "0 or 1",
        /// Always 1; the labels carry the information.
        Info = "always 1",
    }
}

/// Everything that is known of a metric before a sample exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricInfo {
    /// The whole name, as it is exported.
    pub name: &'static str,
    /// The Prometheus type.
    pub kind: Kind,
    /// The unit of the value.
    pub unit: Unit,
    /// Label names in the order in which values are pushed; `target`, `le` and `quantile` are not listed.
    pub labels: &'static [&'static str],
    /// One sentence for `# HELP`.
    pub help: &'static str,
    /// Where the value comes from, with the first server version that sends it: `INFO memory, Redis >= 4`.
    pub source: &'static str,
}

/// A metric with `N` labels.
///
/// ```
/// use metric::{Families, Metric, Unit};
///
/// const KEYS: Metric<1> = Metric::gauge("redis_db_keys", &["db"], "Keys in the database.")
///     .unit(Unit::Count)
///     .source("INFO keyspace");
///
/// let mut families = Families::new();
/// families.push(&KEYS, ["db0"], 3.0);
/// assert_eq!(families.series(), 1);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric<const N: usize>(MetricInfo);

impl<const N: usize> Metric<N> {
    const fn new(name: &'static str, kind: Kind, labels: &'static [&'static str; N], help: &'static str) -> Self {
        Self(MetricInfo { name, kind, unit: Unit::Count, labels, help, source: "" })
    }

    /// A counter; the unit is a count unless [`unit`](Self::unit) says otherwise.
    #[must_use]
    pub const fn counter(name: &'static str, labels: &'static [&'static str; N], help: &'static str) -> Self {
        Self::new(name, Kind::Counter, labels, help)
    }

    /// A gauge; the unit is a count unless [`unit`](Self::unit) says otherwise.
    #[must_use]
    pub const fn gauge(name: &'static str, labels: &'static [&'static str; N], help: &'static str) -> Self {
        Self::new(name, Kind::Gauge, labels, help)
    }

    /// A histogram.
    #[must_use]
    pub const fn histogram(name: &'static str, labels: &'static [&'static str; N], help: &'static str) -> Self {
        Self::new(name, Kind::Histogram, labels, help)
    }

    /// A summary.
    #[must_use]
    pub const fn summary(name: &'static str, labels: &'static [&'static str; N], help: &'static str) -> Self {
        Self::new(name, Kind::Summary, labels, help)
    }

    /// One without a type, as another exporter has it.
    #[must_use]
    pub const fn untyped(name: &'static str, labels: &'static [&'static str; N], help: &'static str) -> Self {
        Self::new(name, Kind::Untyped, labels, help)
    }

    /// The same metric with its unit.
    #[must_use]
    pub const fn unit(mut self, unit: Unit) -> Self {
        self.0.unit = unit;
        self
    }

    /// The same metric with the place that its value comes from.
    #[must_use]
    pub const fn source(mut self, source: &'static str) -> Self {
        self.0.source = source;
        self
    }

    /// What the catalog lists.
    #[must_use]
    pub const fn info(&self) -> &MetricInfo {
        &self.0
    }
}
