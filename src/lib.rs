//! manometer: a Prometheus exporter and alerting agent for Redis-backed real-time services.
//!
//! # Layout
//!
//! In the order in which data flows through the agent:
//!
//! * [`config`]: TOML text or environment in, validated settings out.
//! * [`collector`]: what is watched. One folder a kind of target; the runner drives them all.
//! * [`metric`]: what is exported. Documented constants, the samples of a poll, the text format.
//! * [`hub`]: the latest samples of every target, and their exposition.
//! * [`http`]: how it is served.

pub mod collector;
pub mod config;
pub mod http;
pub mod hub;
pub mod metric;
