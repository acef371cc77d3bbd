//! What a look knows although no counter moves while it looks: what has happened and still is so counts as happening now.

use crate::hub::{PollError, Reason, TargetStatus};

/// Whether a container is down since it was killed for want of memory, and what counts such kills.
pub(super) const OOM_KILLED: &str = "container_oom_killed";
pub(super) const OOM_KILLS: &str = "container_oom_events_total";

/// Whether a Redis answers, and what counts the connections that it turned away.
pub(super) const REDIS_UP: &str = "redis_up";
pub(super) const REJECTED: &str = "redis_rejected_connections_total";

/// Whether a server turned the connection of the look itself away, for it has as many as it takes: then it is up, and has
/// rejected one more. An agent that runs keeps the connection that it has, and sees that.
pub(super) fn is_turned_away(status: &TargetStatus) -> bool {
    let is =
        |error: &PollError| error.reason == Reason::Refused && error.cause.contains("max number of clients reached");
    status.error.as_ref().is_some_and(is)
}
