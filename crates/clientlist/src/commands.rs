//! Which connections ran a command since the poll before.

use std::time::{Duration, Instant};

/// How far the age of a connection may lag behind the time between two polls; see [`growth`](super::growth).
const AGE_SLACK_SECONDS: u64 = 2;

/// How many commands each connection of a pool had run at the previous poll of one server. As many as CLIENT LIST has
/// lines, at most.
#[derive(Debug, Default)]
pub(super) struct CommandTracker {
    /// Connections by id.
    previous: Vec<(u64, u64)>,
    taken: Option<Instant>,
    current: Vec<(u64, u64)>,
    /// How long ago the previous poll was; `None` while there was none.
    elapsed: Option<Duration>,
    /// Where in `previous` the next connection should stand.
    next: usize,
}

impl CommandTracker {
    /// Begins to read a poll.
    pub(super) fn begin(&mut self, now: Instant) {
        self.elapsed = self.taken.map(|taken| now.saturating_duration_since(taken));
        self.current.clear();
        self.next = 0;
    }

    /// Whether the connection ran a command since the previous poll; `None` when there was none.
    pub(super) fn ran(&mut self, id: u64, age: Option<u64>, commands: u64) -> Option<bool> {
        self.current.push((id, commands));
        let elapsed = self.elapsed?.as_secs();
        // A connection that is younger than the previous poll has only the id of one that was there.
        let was_there = age.is_none_or(|age| age.saturating_add(AGE_SLACK_SECONDS) >= elapsed);
        let before = self.before(id).filter(|_| was_there).unwrap_or(0);
        Some(commands != before)
    }

    /// The commands of a connection at the previous poll.
    fn before(&mut self, id: u64) -> Option<u64> {
        // Servers list connections by id: mostly the next one is the one.
        let at = match self.previous.get(self.next) {
            Some((known, _)) if *known == id => self.next,
            _ => self.previous.binary_search_by_key(&id, |(known, _)| *known).ok()?,
        };
        self.next = at + 1;
        Some(self.previous[at].1)
    }

    /// Makes the poll that was read the previous one.
    pub(super) fn advance(&mut self, now: Instant) {
        self.current.sort_unstable();
        std::mem::swap(&mut self.previous, &mut self.current);
        self.taken = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each connection (id, age, commands) did at a poll so many seconds after the first.
    fn poll(tracker: &mut CommandTracker, start: Instant, at: u64, list: &[(u64, u64, u64)]) -> Vec<Option<bool>> {
        let now = start + Duration::from_secs(at);
        tracker.begin(now);
        let ran = list.iter().map(|&(id, age, commands)| tracker.ran(id, Some(age), commands)).collect();
        tracker.advance(now);
        ran
    }

    #[test]
    fn commands_are_compared_with_the_poll_before() {
        let (mut tracker, start) = (CommandTracker::default(), Instant::now());
        let mut poll = |at, list: &[_]| poll(&mut tracker, start, at, list);
        assert_eq!(poll(0, &[(1, 90, 5), (2, 90, 7), (4, 90, 1)]), [None; 3]);
        // 1 is silent, 2 ran one, 3 is new and did nothing, 4 is out of order.
        assert_eq!(
            poll(10, &[(4, 100, 1), (1, 100, 5), (2, 100, 8), (3, 2, 0)]),
            [false, false, true, false].map(Some)
        );
        // 2 was closed; what is new ran something; 1 is another connection with as many commands.
        assert_eq!(poll(20, &[(1, 3, 5), (3, 12, 0), (4, 110, 2), (9, 1, 3)]), [true, false, true, true].map(Some));
        // Whatever was not there at the poll before is not remembered from earlier ones.
        assert_eq!(poll(30, &[(2, 120, 8)]), [Some(true)]);
        assert_eq!(poll(40, &[]), []);
    }
}
