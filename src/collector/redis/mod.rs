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
