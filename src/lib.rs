//! manometer: a Prometheus exporter and alerting agent for Redis-backed real-time services.
//!
//! # Layout
//!
//! In the order in which data flows through the agent:
//!
//! * [`config`]: TOML text or environment in, validated settings out; all problems at once.
//! * [`collector`]: what is watched. One folder a kind of target; the runner drives them all.
//! * [`net`]: how a server is reached: addresses, names, sockets, TLS. Collectors and the HTTP client connect with it.
//! * [`topology`]: who stands on whom, said and seen.
//! * [`hub`]: the latest samples of every target, and their exposition.
//! * [`discover`]: targets that appear by themselves: files, SRV names, labels of containers.
//! * [`state`]: what outlives a restart: one small file, a section for each part that keeps something.
//! * [`queue`]: the bounded queue between two of its tasks, and what it says of itself.
//! * [`http`]: how it is served: the server, its web configuration, the routes; and the client that asks other services.
//! * [`app`]: the wiring of all that, reloads, and the bounded shutdown.
//! * [`cli`]: the command line.
//!
//! Below them are crates that know nothing of the agent:
//!
//! * [`metric`]: what is exported. Tables of metrics, the samples of a poll, the text format, the catalog.
//! * [`mapping`]: which numbers of a service's answers become which metrics: the language, its profiles, its evaluation.
//! * [`logpattern`]: which log lines count, and as what: the ready sets, a configuration's own patterns, the matching.
//! * [`policy`]: the one table of alerts, its evaluation, and all that is rendered from it.

pub mod app;
pub mod cli;
pub mod collector;
pub mod config;
pub mod discover;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod http;
pub mod hub;
pub mod net;
pub mod queue;
pub mod state;
pub mod topology;

pub use logpattern;
pub use mapping;
pub use metric;
pub use policy;
