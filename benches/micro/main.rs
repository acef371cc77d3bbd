//! What the parts of the agent cost by themselves: `make microbench`. As a test it does each of them once.
#![expect(clippy::expect_used, reason = "a bench that cannot be set up has nothing to measure")]

mod client_list;
mod evaluate;
mod exposition;
mod info;
mod kafka;
mod log_patterns;
mod mapping;

use std::path::Path;

use criterion::{criterion_group, criterion_main};
use manometer::collector::KINDS;
use manometer::config::{Config, Target};

/// The first target of its kind in a configuration.
fn target<T: Target + Clone>(text: &str) -> T {
    let config = Config::parse(text, Path::new("bench.toml"), &|_| None, KINDS).expect("a valid configuration");
    config.targets_of::<T>().next().expect("a target").clone()
}

criterion_group!(
    benches,
    client_list::client_list,
    exposition::series,
    info::info,
    log_patterns::log_patterns,
    mapping::mapping,
    evaluate::evaluate,
    kafka::kafka,
);
criterion_main!(benches);
