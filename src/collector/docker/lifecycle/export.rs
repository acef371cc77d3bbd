//! The names of what is known of the containers.

use std::time::{SystemTime, UNIX_EPOCH};

use super::action::Action;
use super::book::{Book, ExitReason};
use crate::collector::docker::container::{Container, Health, RunState};
use crate::metric::{Families, Metric, MetricInfo, Unit};

const STATE: Metric<3> = Metric::gauge(
    "container_state",
    &["name", "image", "state"],
    "The container's state as a state set; removed ones stay for keep_removed.",
)
.unit(Unit::Bool)
.source("list, events and inspection");
const HEALTH_STATE: Metric<2> = Metric::gauge(
    "container_health_state",
    &["name", "image"],
    "What the health check of a running container says: 1 healthy, 0 starting or unhealthy; absent without a check.",
)
.unit(Unit::Bool)
.source("list, events and inspection");
const HEALTH_STATUS: Metric<3> = Metric::gauge(
    "container_health_status",
    &["name", "image", "status"],
    "What the health check of a running container says, as a state set; absent without a check.",
)
.unit(Unit::Bool)
.source("list, events and inspection");
const START_TIME: Metric<2> =
    Metric::gauge("container_start_time_seconds", &["name", "image"], "When the current or last run began.")
        .unit(Unit::UnixSeconds)
        .source("inspection; the start event without it");
const CREATION_TIME: Metric<2> =
    Metric::gauge("container_creation_time_seconds", &["name", "image"], "When the container was created.")
        .unit(Unit::UnixSeconds)
        .source("inspection; the list without it");
const LAST_SEEN: Metric<2> = Metric::gauge(
    "container_last_seen",
    &["name", "image"],
    "When the container was last seen to run; it stays as it is when the container ends.",
)
.unit(Unit::UnixSeconds)
.source("list and events, by the agent's clock");
const RESTART_COUNT: Metric<2> = Metric::gauge(
    "container_restart_count",
    &["name", "image"],
    "Restarts by the restart policy, as the engine counts them; a start by hand sets it back to 0.",
)
.source("inspection");
const STARTS: Metric<1> =
    Metric::counter("container_starts_total", &["name"], "Starts of containers of that name since the agent started.")
        .source("events; lists and inspections for what they missed");
const RESTARTS: Metric<1> = Metric::counter(
    "container_restarts_total",
    &["name"],
    "Those of the starts that were not the first one of their container, by the restart policy or by hand.",
)
.source("events; lists and inspections for what they missed");
const EXITS: Metric<2> = Metric::counter(
    "container_exits_total",
    &["name", "reason"],
    "Ends of runs since the agent started: ok (exit code 0), error, oom (after an OOM kill in the run), killed (SIGKILL, SIGTERM, or asked for), unknown (no exit code to be had).",
)
.source("events, and the exit code of the inspection");
const OOMS: Metric<1> = Metric::counter(
    "container_oom_events_total",
    &["name"],
    "OOM kills in containers of that name since the agent started, also of processes that the container survived.",
)
.source("events; the flag of the inspection for what they missed");
const EXIT_CODE: Metric<1> = Metric::gauge(
    "container_last_exit_code",
    &["name"],
    "Exit code of the last run of a container of that name that ended.",
)
.source("inspection; the event or the list without it");
const EVENTS: Metric<1> = Metric::counter(
    "manometer_docker_events_total",
    &["action"],
    "Events that the engine sent, of all containers; exec_* are one action, those of no use to the agent are other.",
)
.source("events");
const STREAM_UP: Metric<0> =
    Metric::gauge("manometer_docker_event_stream_up", &[], "Whether the engine sends its events now.")
        .unit(Unit::Bool)
        .source("events");
const RECONNECTS: Metric<0> = Metric::counter(
    "manometer_docker_event_stream_reconnects_total",
    &[],
    "Subscriptions to the engine's events after the first one.",
)
.source("events");
const UNDECODABLE_EVENTS: Metric<0> = Metric::counter(
    "manometer_docker_events_undecodable_total",
    &[],
    "Events that could not be read, or were longer than 1 MiB.",
)
.source("events");
const UNDECODABLE_ITEMS: Metric<0> = Metric::counter(
    "manometer_docker_list_items_undecodable_total",
    &[],
    "Items of the engine's list of containers that could not be read.",
)
.source("list");
const FAILED_INSPECTIONS: Metric<0> = Metric::counter(
    "manometer_docker_inspect_failures_total",
    &[],
    "Inspections that failed; one of a container that was gone by then is none of them.",
)
.source("inspection");
const WATCHED: Metric<0> =
    Metric::gauge("manometer_docker_containers_watched", &[], "Containers that are there and watched.")
        .source("list and events");
const IGNORED: Metric<1> = Metric::gauge(
    "manometer_docker_containers_ignored",
    &["reason"],
    "Wanted containers that are not watched: limit (more than max_containers).",
)
.source("list and events");
const FORGOTTEN: Metric<0> = Metric::counter(
    "manometer_docker_containers_forgotten_total",
    &[],
    "Removed containers, and names, that were given up before keep_removed because there were too many.",
)
.source("list and events");

/// Names the states of the containers that a poll saw.
pub(super) fn containers(containers: &[Container], out: &mut Families) {
    for container in containers {
        let own = [container.name.as_str(), container.image.as_str()];
        let more = &container.labels[..];
        for state in RunState::ALL {
            let is = f64::from(state == container.state);
            out.push_with(&STATE, [own[0], own[1], state.as_str()], more, is);
        }
        if container.state.has_usage() && container.health != Health::None {
            out.push_with(&HEALTH_STATE, own, more, f64::from(container.health == Health::Healthy));
            for (health, word) in
                [(Health::Starting, "starting"), (Health::Healthy, "healthy"), (Health::Unhealthy, "unhealthy")]
            {
                let is = f64::from(health == container.health);
                out.push_with(&HEALTH_STATUS, [own[0], own[1], word], more, is);
            }
        }
        let mut time = |metric, time: Option<SystemTime>| {
            if let Some(since) = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok()) {
                out.push_with(metric, own, more, since.as_secs_f64());
            }
        };
        time(&START_TIME, container.started);
        time(&CREATION_TIME, container.created);
        time(&LAST_SEEN, Some(container.seen).filter(|_| container.state != RunState::Created));
        if let Some(inspected) = &container.inspected {
            out.push_with(&RESTART_COUNT, own, more, inspected.restarts as f64);
        }
    }
}

/// Names what was counted since the agent started, and what the agent says of itself.
pub(super) fn totals(book: &Book, out: &mut Families) {
    for (name, totals) in book.totals() {
        out.push(&STARTS, [name], totals.starts as f64);
        out.push(&RESTARTS, [name], totals.restarts as f64);
        out.push(&OOMS, [name], totals.ooms as f64);
        for (reason, count) in ExitReason::ALL.iter().zip(totals.exits) {
            out.push(&EXITS, [name, reason.as_str()], count as f64);
        }
        if let Some(code) = totals.exit_code {
            out.push(&EXIT_CODE, [name], code as f64);
        }
    }
    let counters = &book.counters;
    for ((_, action), count) in Action::ALL.iter().zip(counters.events) {
        out.push(&EVENTS, [action], count as f64);
    }
    out.push_bool(&STREAM_UP, [], book.is_live());
    out.push(&RECONNECTS, [], counters.subscriptions.saturating_sub(1) as f64);
    out.push(&UNDECODABLE_EVENTS, [], counters.undecodable_events as f64);
    out.push(&UNDECODABLE_ITEMS, [], counters.undecodable_items as f64);
    out.push(&FAILED_INSPECTIONS, [], counters.failed_inspections as f64);
    let (watched, ignored) = book.sizes();
    out.push(&WATCHED, [], watched as f64);
    out.push(&IGNORED, ["limit"], ignored as f64);
    out.push(&FORGOTTEN, [], counters.forgotten as f64);
}

/// Every metric of the lifecycle.
pub(super) fn metrics() -> Vec<MetricInfo> {
    [
        STATE.info(),
        HEALTH_STATE.info(),
        HEALTH_STATUS.info(),
        START_TIME.info(),
        CREATION_TIME.info(),
        LAST_SEEN.info(),
        RESTART_COUNT.info(),
        STARTS.info(),
        RESTARTS.info(),
        EXITS.info(),
        OOMS.info(),
        EXIT_CODE.info(),
        EVENTS.info(),
        STREAM_UP.info(),
        RECONNECTS.info(),
        UNDECODABLE_EVENTS.info(),
        UNDECODABLE_ITEMS.info(),
        FAILED_INSPECTIONS.info(),
        WATCHED.info(),
        IGNORED.info(),
        FORGOTTEN.info(),
    ]
    .map(|info| *info)
    .to_vec()
}

#[cfg(test)]
mod tests;
