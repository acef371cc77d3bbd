//! What is fuzzed: a function for each thing that somebody else writes and the agent reads.
//!
//! Each asserts what holds whatever the bytes are: what comes out is bounded, no series is exported twice, what was written is
//! read as it was meant. `make fuzz` drives them with inputs that reach ever more of the code (fuzz/); the inputs that did, and
//! those that once showed a fault, are in fuzz/corpus and fuzz/regressions and run with all other tests.
//!
//! A function stands beside what it calls (`fuzz.rs`) where that is private, and here otherwise.

mod exposition;
mod lines;
mod replies;
mod texts;

#[cfg(test)]
mod tests;

pub(crate) use self::exposition::assert_exposable;
use crate::collector::{docker, kafka, redis};
use crate::http::{client, server};
use crate::{discover, state};

/// One thing that is fuzzed.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, and that of its folders in fuzz/corpus and fuzz/regressions.
    pub name: &'static str,
    /// Panics where something does not hold.
    pub run: fn(&[u8]),
    /// Files, and folders of files, with real ones, to begin with.
    pub seeds: &'static [&'static str],
}

macro_rules! targets {
    ($($name:literal, $run:path, [$($seeds:literal),*];)*) => {
        /// All of them.
        pub const TARGETS: &[Target] = &[$(Target { name: $name, run: $run, seeds: &[$($seeds),*] }),*];
    };
}

targets! {
    "client_list", replies::client_list, ["tests/fixtures/client_list"];
    "config", texts::config, ["config.toml", "deploy/manometer.toml", "tests/config/bad"];
    "docker_engine", docker::fuzz::engine, ["tests/fixtures/docker/list", "tests/fixtures/docker/events", "tests/fixtures/docker/inspect"];
    "docker_lives", docker::fuzz::lives, ["tests/fixtures/docker/events"];
    "docker_log", lines::docker_log, ["tests/fixtures/docker/logs_multiplexed.bin", "tests/fixtures/docker/logs_tty.bin"];
    "docker_stats", docker::fuzz::stats, ["tests/fixtures/docker/stats"];
    "exposition", exposition::hostile_names, [];
    "http_answer", client::fuzz::answer, [];
    "http_request", server::fuzz::request, [];
    "info", replies::info, ["tests/fixtures/info"];
    "kafka", kafka::fuzz::replies, [];
    "log_events", lines::events, ["tests/fixtures/logs/quotes.log"];
    "log_patterns", lines::patterns, [];
    "mapping", replies::mapping, ["tests/fixtures/service"];
    "mapping_draft", replies::mapping_draft, ["tests/fixtures/service"];
    "mapping_text", replies::mapping_text, [];
    "name_server", discover::fuzz::name_server, [];
    "redis_replies", redis::resp::fuzz::replies, [];
    "state", state::fuzz::file, [];
    "targets_file", discover::fuzz::targets_file, [];
    "web_config", texts::web_config, [];
}
