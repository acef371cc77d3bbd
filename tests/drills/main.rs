//! The fault matrix: something real is broken, and exactly the right people are told of exactly that, until it is over.
//!
//! `make drills` runs every row, with all times divided by `SCALE` (10), and prints what arrived when; `make drills
//! ROWS="flapping pool"` those whose names have one of these words. `make test` runs a few of them, as soon as each is told.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "these are tests"
)]

mod beside;
mod chaos;
mod judges;
mod look;
mod relay;
mod row;
mod rows;
mod scale;
mod stack;
#[path = "../it/support/mod.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod support;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::row::{HEAD, Outcome, Row, drill};
use crate::scale::Scale;
use crate::support::alertmanager::missing_alertmanager;
use crate::support::docker;
use crate::support::missing::missing;

/// Rows at a time, each with six processes; most of the time they wait.
const AT_A_TIME: usize = 6;

/// Drills each row that is not held once more, alone: ten times as fast, an agent that waits three seconds for a processor is
/// down.
fn again(rows: &[&'static Row], scale: Scale, outcomes: &mut BTreeMap<usize, Outcome>) {
    for (number, outcome) in outcomes.iter_mut().filter(|(_, outcome)| !outcome.faults.is_empty()) {
        eprintln!("{}, among others; once more, alone:", outcome.row.name);
        *outcome = drill(rows[*number], scale, true);
        eprintln!("{}", outcome.text());
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_chaos = arguments.iter().any(|word| word == "--chaos");
    let is_whole = arguments.iter().any(|word| word == "--whole");
    // Whatever else begins like that is meant for tests of another kind.
    let words: Vec<&String> = arguments.iter().filter(|word| !word.starts_with('-')).collect();
    if missing_alertmanager() || missing(&["redis-server", "prometheus"]) {
        return ExitCode::SUCCESS;
    }
    let no_containers = docker::unavailable();
    let scale = match Scale::of_environment() {
        Ok(scale) => scale,
        Err(error) => {
            eprintln!("drills: {error}");
            return ExitCode::FAILURE;
        }
    };
    if is_chaos {
        return match chaos::Options::of_environment(scale) {
            Ok(options) if chaos::run(options) => ExitCode::SUCCESS,
            Ok(_) => ExitCode::FAILURE,
            Err(error) => {
                eprintln!("chaos: {error}");
                ExitCode::FAILURE
            }
        };
    }
    let is_wanted = |row: &&Row| {
        (is_whole || row.is_quick)
            && (words.is_empty() || words.iter().any(|word| row.name.contains(word.as_str())))
            && !(no_containers && row.parts.containers.is_some())
            && !row.parts.beside.is_some_and(|beside| (beside.is_missing)())
    };
    let rows: Vec<&Row> = rows::all().filter(is_wanted).collect();
    let (next, outcomes) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let chaos = AtomicBool::new(true);
    std::thread::scope(|scope| {
        if !is_whole && (words.is_empty() || words.iter().any(|word| *word == "chaos")) {
            scope.spawn(|| chaos.store(chaos::run(chaos::Options::quick(scale)), Ordering::Relaxed));
        }
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(row) = rows.get(number) else { return };
                    let outcome = drill(row, scale, !is_whole);
                    if is_whole || !outcome.faults.is_empty() {
                        eprintln!("{}", outcome.text());
                    }
                    outcomes.lock().unwrap().insert(number, outcome);
                }
            });
        }
    });
    let mut outcomes = outcomes.into_inner().unwrap();
    if !is_whole {
        again(&rows, scale, &mut outcomes);
    }
    if is_whole {
        println!("{HEAD}");
        for outcome in outcomes.values() {
            println!("{}", outcome.text());
        }
    }
    let is_held = outcomes.values().all(|outcome| outcome.faults.is_empty());
    if is_held && chaos.into_inner() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
