//! The accepting task's view: all connections, their deadlines, and room for new ones.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::{Instant, timeout_at};
use tracing::{info, warn};

use super::activity::Activity;
use super::stats::Rejection;
use super::{Handler, Shared, connection};
use crate::net::Backoff;

/// Refusals that may be on their way to clients; beyond it a connection is closed without a word.
const MAX_REFUSALS: usize = 64;
/// Connections that were told to end and have not; beyond it a new one waits.
const MAX_ENDING: usize = 4;
/// The pauses after an error of `accept` that will not go away by itself.
const MIN_PAUSE: Duration = Duration::from_millis(10);
const MAX_PAUSE: Duration = Duration::from_secs(1);
/// How long nothing may fail until it is said that all is well again.
const CALM: Duration = Duration::from_secs(30);
/// How often connections are looked at while the server stops, to close those that have become idle.
const DRAIN_STEP: Duration = Duration::from_millis(20);

/// The open connections of a listener.
pub(super) struct Connections<H> {
    shared: Arc<Shared<H>>,
    open: HashMap<Id, (Arc<Activity>, AbortHandle)>,
    refusals: HashSet<Id>,
    /// The tasks of `open` and `refusals`, and those that were told to end.
    tasks: JoinSet<()>,
    next_sweep: Instant,
}

impl<H: Handler> Connections<H> {
    pub(super) fn new(shared: Arc<Shared<H>>) -> Self {
        Self {
            shared,
            open: HashMap::new(),
            refusals: HashSet::new(),
            tasks: JoinSet::new(),
            next_sweep: Instant::now(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Whether a new connection may be taken: those that were told to end hold their descriptors until they have.
    pub(super) fn is_open(&self) -> bool {
        self.tasks.len() - self.open.len() - self.refusals.len() < MAX_ENDING
    }

    /// Takes a new connection, makes room for it, or refuses it.
    pub(super) fn admit(&mut self, stream: TcpStream) {
        self.shared.stats.accepted();
        if self.open.len() >= self.shared.limits.connections && !self.evict() {
            self.shared.stats.rejected(Rejection::Connections);
            // A client of a TLS port could not read the answer, and a handshake costs what is lacking.
            let refusals = MAX_REFUSALS.min(self.shared.limits.connections);
            if !self.shared.web.load().is_tls() && self.refusals.len() < refusals {
                self.refusals.insert(self.tasks.spawn(connection::refuse(stream)).id());
            }
            return;
        }
        let activity = Arc::new(Activity::new());
        if self.open.is_empty() {
            self.next_sweep = Instant::now() + self.shortest_timeout();
        }
        let handle = self.tasks.spawn(connection::serve(stream, Arc::clone(&self.shared), Arc::clone(&activity)));
        self.open.insert(handle.id(), (activity, handle));
    }

    /// Closes the connection that has been idle longest, or else the one whose client has been reading longest. False if none is
    /// idle and all read quickly.
    pub(super) fn evict(&mut self) -> bool {
        loop {
            let idle = self.open.iter().filter_map(|(id, (activity, _))| Some((activity.idle_since()?, *id)));
            let Some((_, id)) = idle.min_by_key(|(since, _)| *since) else { return self.evict_slowest() };
            // It may have begun a request just now; then another one is looked for.
            if self.close_if_idle(id) {
                self.shared.stats.evicted();
                return true;
            }
        }
    }

    /// Whoever holds all connections by reading nothing keeps nobody else out.
    fn evict_slowest(&mut self) -> bool {
        let limit = self.shared.limits.crowded_write_timeout;
        let sending = self.open.iter().filter_map(|(id, (activity, _))| Some((activity.unsent_since()?, *id)));
        let slowest = sending.min_by_key(|(since, _)| *since).filter(|(since, _)| since.elapsed() >= limit);
        let Some((_, task)) = slowest.and_then(|(_, id)| self.open.remove(&id)) else { return false };
        task.abort();
        self.shared.stats.evicted();
        true
    }

    /// Waits for a connection to end; `None` when there is none.
    pub(super) async fn next_end(&mut self) -> Option<Result<(Id, ()), JoinError>> {
        self.tasks.join_next_with_id().await
    }

    /// Forgets a connection that has ended.
    pub(super) fn remove(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
        self.open.remove(&id);
        self.refusals.remove(&id);
    }

    /// When [`sweep`](Self::sweep) is due.
    pub(super) const fn next_sweep(&self) -> Instant {
        self.next_sweep
    }

    /// Closes the connections whose deadline has passed.
    pub(super) fn sweep(&mut self) {
        let now = Instant::now();
        // No deadline that is set from now on can come earlier than this.
        let mut next = now + self.shortest_timeout();
        self.open.retain(|_, (activity, task)| match activity.deadline(&self.shared.limits) {
            Some(deadline) if deadline <= now => {
                task.abort();
                self.shared.stats.timed_out();
                false
            }
            deadline => {
                next = next.min(deadline.unwrap_or(next));
                true
            }
        });
        self.next_sweep = next;
    }

    /// Closes what is idle, waits for the rest until the drain limit, and then closes all.
    pub(super) async fn drain(mut self) {
        let deadline = Instant::now() + self.shared.limits.drain;
        while !self.open.is_empty() && Instant::now() < deadline {
            let ids: Vec<_> = self.open.keys().copied().collect();
            for id in ids {
                self.close_if_idle(id);
            }
            let step = deadline.min(Instant::now() + DRAIN_STEP);
            if let Ok(Some(ended)) = timeout_at(step, self.tasks.join_next_with_id()).await {
                self.remove(ended);
            }
        }
        if !self.open.is_empty() {
            warn!(connections = self.open.len(), "requests still in flight were cut off");
        }
        self.tasks.shutdown().await;
    }

    fn close_if_idle(&mut self, id: Id) -> bool {
        let Some((activity, task)) = self.open.get(&id) else { return false };
        if !activity.close_if_idle() {
            return false;
        }
        task.abort();
        self.open.remove(&id);
        true
    }

    fn shortest_timeout(&self) -> Duration {
        let limits = &self.shared.limits;
        limits.header_timeout.min(limits.idle_timeout).min(limits.write_timeout)
    }
}

/// What to do about errors of `accept`, which come by the thousand when descriptors run out.
#[derive(Debug)]
pub(super) struct AcceptErrors {
    /// Those since all was well, and when the last one was.
    failures: Option<(u64, Instant)>,
    backoff: Backoff,
}

impl Default for AcceptErrors {
    fn default() -> Self {
        Self { failures: None, backoff: Backoff::new(MIN_PAUSE, MAX_PAUSE) }
    }
}

impl AcceptErrors {
    /// How long to wait; `None` when only the connection failed that was about to be accepted. The first failure is logged.
    pub(super) fn failed(&mut self, error: &io::Error) -> Option<Duration> {
        use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
        if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted) {
            return None;
        }
        let failures = self.failures.map_or(0, |(failures, _)| failures);
        if failures == 0 {
            warn!(%error, "a new HTTP connection could not be accepted, and is tried again; check the limit of open files");
        }
        self.failures = Some((failures + 1, Instant::now()));
        Some(self.backoff.failed())
    }

    /// A connection was accepted. The first after a time of calm is logged.
    pub(super) fn succeeded(&mut self) {
        self.backoff.succeeded();
        if let Some((failures, _)) = self.failures.take_if(|(_, last)| last.elapsed() >= CALM) {
            info!(failures, "HTTP connections are accepted again");
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    /// Linux' number for "too many open files".
    const EMFILE: i32 = 24;

    fn fail(errors: &mut AcceptErrors) -> Option<Duration> {
        errors.failed(&io::Error::from_raw_os_error(EMFILE))
    }

    #[test]
    fn pauses_grow_and_start_again() {
        let mut errors = AcceptErrors::default();
        let pauses: Vec<_> = (0..9).map(|_| fail(&mut errors).unwrap().as_millis()).collect();
        assert_eq!(pauses, [10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
        errors.succeeded();
        assert_eq!(fail(&mut errors), Some(MIN_PAUSE));
    }

    #[test]
    fn an_aborted_connection_is_no_reason_to_wait() {
        let mut errors = AcceptErrors::default();
        assert_eq!(errors.failed(&io::ErrorKind::ConnectionAborted.into()), None);
        assert_eq!(errors.failures, None);
    }

    #[tokio::test(start_paused = true)]
    async fn failures_and_successes_in_turns_are_one_line_and_another_when_it_is_over() {
        let mut errors = AcceptErrors::default();
        for failures in 1..=200 {
            fail(&mut errors);
            assert_eq!(errors.failures.unwrap().0, failures, "only the first is logged");
            advance(Duration::from_secs(1)).await;
            errors.succeeded();
        }
        advance(CALM).await;
        errors.succeeded();
        assert_eq!(errors.failures, None);
    }
}
