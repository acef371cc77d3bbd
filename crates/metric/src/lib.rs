//! What a metric is, and the samples that collectors push.
//!
//! A metric is a documented constant ([`Metric`]) that stands beside the collector which exports it; its number of
//! labels is part of its type, so a push with the wrong number does not compile. What several collectors export stands in
//! [`vocabulary`]; what a configuration names is a [`Definition`]. [`Families`] takes the samples of one poll of one
//! target, and [`Samples`] are what is kept of them. [`text`] writes them in the Prometheus text format.

pub mod catalog;
mod definition;
mod durations;
mod families;
mod family;
mod info;
mod samples;
mod store;
mod table;
pub mod text;
pub mod vocabulary;

pub use definition::Definition;
pub use durations::Durations;
pub use families::{Families, Rejections, Reserved};
pub use family::{Family, Sample, Suffix, part_of};
pub use info::{Kind, Metric, MetricInfo, Unit};
pub use samples::{Iter, Samples};
pub use store::MAX_LABEL_BYTES;

/// The label value of everything beyond the first K of what others can name.
pub const OTHER: &str = "__other__";
