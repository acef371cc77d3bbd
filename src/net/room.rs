//! Room for large replies: how much of what servers send the process holds at a time, for all targets together.
//!
//! Each target has a [`Share`]. It may grow to four times of what is then still free: one alone may have four fifths of the
//! room, and however many there are that take what they get, there is something left for one more. What does not fit waits
//! until others give back theirs. Small replies pass.

mod limit;

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use tokio::sync::Notify;

/// Bytes for which a share asks nobody: a thousand targets with usual replies need no room.
const FREE: usize = 64 << 10;

/// A share grows by this much.
const STEP: usize = 64 << 10;

/// The most that is ever held.
const MOST: usize = 128 << 20;
/// What is held however little memory there is.
const LEAST: usize = 4 << 20;

/// The part of the process's memory that is for replies.
const PART: u64 = 4;

/// Bytes that may be held.
#[derive(Debug)]
pub struct Room {
    total: usize,
    held: AtomicUsize,
    given_back: Notify,
}

impl Room {
    /// One of so many bytes.
    #[must_use]
    pub fn of(total: usize) -> Arc<Self> {
        Arc::new(Self { total, held: AtomicUsize::new(0), given_back: Notify::new() })
    }

    /// That of this process: a quarter of the memory that it may have, at most 128 MiB.
    #[must_use]
    pub fn of_process() -> Arc<Self> {
        static ROOM: LazyLock<Arc<Room>> = LazyLock::new(|| {
            let part = limit::memory().map_or(MOST, |bytes| usize::try_from(bytes / PART).unwrap_or(MOST));
            Room::of(part.clamp(LEAST, MOST))
        });
        Arc::clone(&ROOM)
    }

    /// The most that one share may hold.
    const fn most(&self) -> usize {
        self.total / 5 * 4
    }
}

/// There will never be room for so much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge {
    /// What one share may hold.
    pub most: usize,
}

/// What one target holds. It is given back when it is dropped.
#[derive(Debug)]
pub struct Share {
    room: Arc<Room>,
    bytes: usize,
}

impl Share {
    /// A share of `room` that holds nothing yet.
    #[must_use]
    pub const fn of(room: Arc<Room>) -> Self {
        Self { room, bytes: 0 }
    }

    /// Whether there can ever be room for so much.
    pub fn may_hold(&self, bytes: usize) -> Result<(), TooLarge> {
        let most = self.room.most();
        if bytes > most { Err(TooLarge { most }) } else { Ok(()) }
    }

    /// Holds at least `bytes` in all from now on. Waits until there is room for them; the caller sets the time limit.
    pub async fn hold(&mut self, bytes: usize) -> Result<(), TooLarge> {
        if bytes <= self.bytes + FREE {
            return Ok(());
        }
        self.may_hold(bytes)?;
        let wanted = (bytes - FREE).next_multiple_of(STEP);
        let room = Arc::clone(&self.room);
        loop {
            let mut given_back = pin!(room.given_back.notified());
            given_back.as_mut().enable();
            if self.grow(wanted) {
                return Ok(());
            }
            given_back.await;
        }
    }

    fn grow(&mut self, wanted: usize) -> bool {
        let Room { total, held, .. } = &*self.room;
        let grown = held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| {
            let others = held - self.bytes;
            let free = total.checked_sub(others + wanted)?;
            (wanted <= free.saturating_mul(4).saturating_add(STEP)).then_some(others + wanted)
        });
        if grown.is_ok() {
            self.bytes = wanted;
        }
        grown.is_ok()
    }

    /// Gives all of it back.
    pub fn give_back(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        if bytes > 0 {
            self.room.held.fetch_sub(bytes, Ordering::Relaxed);
            self.room.given_back.notify_waiters();
        }
    }
}

impl Default for Share {
    /// One of the room of this process.
    fn default() -> Self {
        Self::of(Room::of_process())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.give_back();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    const MIB: usize = 1 << 20;

    /// Whether the share has so much now.
    fn holds(share: &mut Share, bytes: usize) -> bool {
        share.hold(bytes).now_or_never() == Some(Ok(()))
    }

    #[test]
    fn one_alone_gets_most_of_it_and_several_leave_some_for_one_more() {
        let room = Room::of(100 * MIB);
        let share = || Share::of(Arc::clone(&room));
        let mut first = share();
        assert!(holds(&mut first, 80 * MIB));
        assert_eq!(first.hold(80 * MIB + 1).now_or_never(), Some(Err(TooLarge { most: 80 * MIB })));
        let mut second = share();
        assert!(holds(&mut second, 16 * MIB) && !holds(&mut second, 17 * MIB));
        let mut third = share();
        assert!(holds(&mut third, 3 * MIB) && !holds(&mut third, 4 * MIB));
        assert!(holds(&mut second, 16 * MIB), "what is held stays");
        drop(first);
        assert!(holds(&mut second, 70 * MIB));
        drop((second, third));
        assert_eq!(room.held.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn small_replies_pass_whoever_holds_what() {
        let room = Room::of(MIB);
        let mut large = Share::of(Arc::clone(&room));
        assert!(holds(&mut large, 800 << 10));
        let mut small: Vec<Share> = (0..1000).map(|_| Share::of(Arc::clone(&room))).collect();
        assert!(small.iter_mut().all(|share| holds(share, FREE)));
    }

    #[tokio::test]
    async fn who_waits_goes_on_when_something_is_given_back() {
        let room = Room::of(10 * MIB);
        let (mut first, mut second) = (Share::of(Arc::clone(&room)), Share::of(Arc::clone(&room)));
        assert!(holds(&mut first, 7 * MIB));
        let mut waiting = Box::pin(second.hold(4 * MIB));
        assert!((&mut waiting).now_or_never().is_none());
        first.give_back();
        assert_eq!(waiting.await, Ok(()));
        assert_eq!(room.held.load(Ordering::Relaxed), 4 * MIB - FREE);
    }
}
