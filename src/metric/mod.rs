//! What a metric is, and the samples that collectors push.
//!
//! A metric is a documented constant ([`Metric`]) that stands beside the collector which exports it; its number of
//! labels is part of its type, so a push with the wrong number does not compile. [`Families`] holds the samples of one
//! poll of one target. [`text`] writes them in the Prometheus text format.

pub mod catalog;
mod families;
mod info;
pub mod text;

pub use families::{Families, Family, Rejections};
pub use info::{Kind, Metric, MetricInfo, Unit};
