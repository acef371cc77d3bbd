//! The Redis collector.

pub mod clients;
pub mod cluster;
pub mod hit_ratio;
pub mod info;
pub mod latency;
pub mod pubsub;
pub mod reply;
pub mod server_config;
pub mod slowlog;

/// The label value under which everything beyond a bounded set of names is added up.
const OTHER: &str = "__other__";
