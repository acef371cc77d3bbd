//! The names of what is known of the containers.

use std::time::{SystemTime, UNIX_EPOCH};

use super::action::Action;
use super::book::{Book, ExitReason};
use crate::collector::docker::container::{Container, Health, RunState};
use crate::metric::{Families, metrics};

metrics! {
    pub(super) fn metrics;
    STATE: gauge "container_state" ["name", "image", "state"] Bool,
        "State of the container as a state set; removed containers stay for keep_removed.",
        "list, events and inspection";
    FAILED: gauge "container_failed" ["name", "image"] Bool,
        "Whether the last run of the container ended with an error, an OOM kill or an unexplained SIGKILL, and it has \
         stayed down since; absent while it is not known why it ended. Of a run that was over before the agent \
         started the exit code alone tells, and 137 and 143 are no errors.", "list, events and inspection";
    OOM_KILLED: gauge "container_oom_killed" ["name", "image"] Bool,
        "Whether the last run of a container that is down ended after an OOM kill; absent while it is up, and while it \
         is not known why it ended.", "list, events and inspection";
    HEALTH_STATE: gauge "container_health_state" ["name", "image"] Bool,
        "What the health check of a running container says: 1 healthy; 0 starting, unhealthy, or without a check.",
        "list, events and inspection";
    HEALTH_STATUS: gauge "container_health_status" ["name", "image", "status"] Bool,
        "What the health check of a running container says, as a state set; absent without a check.",
        "list, events and inspection";
    START_TIME: gauge "container_start_time_seconds" ["name", "image"] UnixSeconds,
        "When the current or last run began.", "inspection; the start event without it";
    CREATION_TIME: gauge "container_creation_time_seconds" ["name", "image"] UnixSeconds,
        "When the container was created.", "inspection; the list without it";
    LAST_SEEN: gauge "container_last_seen" ["name", "image"] UnixSeconds,
        "When the container was last seen to run; it stays as it is when the container ends.",
        "list and events, by the agent's clock";
    RESTART_COUNT: gauge "container_restart_count" ["name", "image"] Count,
        "Restarts by the restart policy, as the engine counts them; a start by hand resets it to 0.", "inspection";
    STARTS: counter "container_starts_total" ["name"] Count,
        "Starts of containers of that name since the agent started.",
        "events; lists and inspections for what they missed";
    RESTARTS: counter "container_restarts_total" ["name"] Count,
        "Starts of a container after its first one, by the restart policy or by hand.",
        "events; lists and inspections for what they missed";
    EXITS: counter "container_exits_total" ["name", "reason"] Count,
        "Ended runs since the agent started: ok (exit code 0), error, oom (after an OOM kill during the run), killed \
         (SIGTERM, or requested), unknown (no exit code available), sigkill_unexplained (SIGKILL, and neither an OOM \
         kill nor a request is known: a process of the host, or an OOM kill of which the engine lost the event and \
         nothing else tells).",
        "events, and the exit code of the inspection";
    OOMS: counter "container_oom_events_total" ["name", "image"] Count,
        "OOM kills in containers of that name since the agent started, including those of processes that the \
         container survived. image is that of the latest one.",
        "events; the inspection, the control group and the kernel's log for what they missed";
    EXIT_CODE: gauge "container_last_exit_code" ["name"] Count,
        "Exit code of the last finished run of a container of that name.",
        "inspection; the event or the list without it";
    EVENTS: counter "manometer_docker_events_total" ["action"] Count,
        "Events received from the engine, of all containers; exec_* are one action, and actions that the agent does \
         not use are other.", "events";
    STREAM_UP: gauge "manometer_docker_event_stream_up" [] Bool,
        "Whether the engine sends its events now; 0 also while it does not answer.", "events; poll";
    RECONNECTS: counter "manometer_docker_event_stream_reconnects_total" [] Count,
        "Subscriptions to the engine's events after the first one.", "events";
    UNDECODABLE_EVENTS: counter "manometer_docker_events_undecodable_total" [] Count,
        "Events that could not be read, or were longer than 1 MiB.", "events";
    UNDECODABLE_ITEMS: counter "manometer_docker_list_items_undecodable_total" [] Count,
        "Items of the engine's list of containers that could not be read.", "list";
    FAILED_INSPECTIONS: counter "manometer_docker_inspect_failures_total" [] Count,
        "Failed inspections; an inspection of a container that was gone by then does not count.", "inspection";
    WATCHED: gauge "manometer_docker_containers_watched" [] Count,
        "Containers that exist and are watched.", "list and events";
    IGNORED: gauge "manometer_docker_containers_ignored" ["reason"] Count,
        "Wanted containers that are not watched: limit (more than max_containers).", "list and events";
    FORGOTTEN: counter "manometer_docker_containers_forgotten_total" [] Count,
        "Removed containers and names that were dropped before keep_removed because there were too many.",
        "list and events";
}

/// Names the states of the containers that a poll saw.
pub(super) fn containers(containers: &[Container], out: &mut Families) {
    for container in containers {
        let own = [container.name.as_str(), container.image.as_str()];
        let more = &container.labels[..];
        for state in RunState::ALL {
            let is = f64::from(state == container.state);
            out.push_with(&STATE, [own[0], own[1], state.as_str()], more, is);
        }
        if let Some(has_failed) = container.has_failed() {
            out.push_with(&FAILED, own, more, f64::from(has_failed));
        }
        if let Some(is_oom_killed) = container.is_oom_killed() {
            out.push_with(&OOM_KILLED, own, more, f64::from(is_oom_killed));
        }
        if container.state.has_usage() {
            out.push_with(&HEALTH_STATE, own, more, f64::from(container.health == Health::Healthy));
        }
        if container.state.has_usage() && container.health != Health::None {
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

/// Names what was counted since the agent started, and what the agent says of itself. While the engine does not answer, no
/// event can be on its way.
pub(super) fn totals(book: &Book, answers: bool, out: &mut Families) {
    for (name, totals) in book.totals() {
        out.push(&STARTS, [name], totals.starts as f64);
        out.push(&RESTARTS, [name], totals.restarts as f64);
        out.push(&OOMS, [name, &totals.image], totals.ooms as f64);
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
    out.push_bool(&STREAM_UP, [], book.is_live() && answers);
    out.push(&RECONNECTS, [], counters.subscriptions.saturating_sub(1) as f64);
    out.push(&UNDECODABLE_EVENTS, [], counters.undecodable_events as f64);
    out.push(&UNDECODABLE_ITEMS, [], counters.undecodable_items as f64);
    out.push(&FAILED_INSPECTIONS, [], counters.failed_inspections as f64);
    let (watched, ignored) = book.sizes();
    out.push(&WATCHED, [], watched as f64);
    out.push(&IGNORED, ["limit"], ignored as f64);
    out.push(&FORGOTTEN, [], counters.forgotten as f64);
}

#[cfg(test)]
mod tests;
