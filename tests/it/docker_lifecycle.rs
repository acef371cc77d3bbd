//! The lives of containers, on a real engine: what it does to them is what the agent counts.

mod away;
mod counts;
mod lost;
mod odd;
mod states;

use std::collections::BTreeMap;

use super::support::agent::Agent;
use super::support::docker::{Docker, unavailable};
use super::support::exposition::Exposition;

/// The state that the state set of a container shows; it must be exactly one.
#[track_caller]
fn state(seen: &Exposition, name: &str) -> Option<String> {
    let set = seen.series("container_state", &[("name", name)]);
    if set.is_empty() {
        return None;
    }
    let on: Vec<&str> = set.iter().filter(|one| one.value > 0.5).map(|one| one.labels["state"].as_str()).collect();
    assert_eq!((on.len(), set.len()), (1, 9), "{name}: {on:?}");
    Some(on[0].to_owned())
}

/// Waits until each of these containers is shown in that state.
#[track_caller]
fn until_states(agent: &Agent, expected: &[(&str, &str)]) -> Exposition {
    agent.until("engine", &format!("the states are {expected:?}"), |_| {
        let seen = agent.scrape("engine");
        expected.iter().all(|(name, word)| state(&seen, name).as_deref() == Some(*word)).then_some(seen)
    })
}

/// Starts, restarts and OOM kills of a name, and its exits by reason, as far as they are not 0.
fn totals(seen: &Exposition, name: &str) -> (u64, u64, u64, BTreeMap<String, u64>) {
    // A counter that is not there is no 0.
    let total = |metric: &str| seen.get(metric, &[("name", name)]).map_or(u64::MAX, whole);
    let exits = seen.series("container_exits_total", &[("name", name)]);
    let exits = exits.iter().map(|one| (one.labels["reason"].clone(), whole(one.value)));
    (
        total("container_starts_total"),
        total("container_restarts_total"),
        total("container_oom_events_total"),
        exits.filter(|(_, count)| *count > 0).collect(),
    )
}

fn whole(value: f64) -> u64 {
    value.to_string().parse().unwrap()
}

/// Waits until a name has these totals.
#[track_caller]
fn until_totals(agent: &Agent, name: &str, counts: (u64, u64, u64), exits: &[(&str, u64)]) -> Exposition {
    let exits: BTreeMap<String, u64> = exits.iter().map(|(reason, count)| ((*reason).to_owned(), *count)).collect();
    let expected = (counts.0, counts.1, counts.2, exits);
    let what = format!("the totals of {name} are {expected:?}");
    let mut last = None;
    agent.until("engine", &what, |_| {
        let seen = agent.scrape("engine");
        let now = totals(&seen, name);
        if last.as_ref() != Some(&now) {
            // What a failing test shows of the way there.
            eprintln!("{name}: {now:?}");
            last = Some(now.clone());
        }
        (now == expected).then_some(seen)
    })
}

/// Waits until the agent reads the engine's events.
#[track_caller]
fn until_events(agent: &Agent) {
    agent.until("engine", "events are read", |seen| {
        (seen.get("manometer_docker_event_stream_up", &[]) == Some(1.0)).then_some(())
    });
}
