//! What a connection is doing, and since when.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::Limits;

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub(super) enum Phase {
    /// The handshake, or a request, is being received.
    Receiving = 0,
    /// Nothing: the last response is out.
    Idle = 1,
    /// A request is in the handler.
    Handling = 2,
    /// A response is being sent.
    Sending = 3,
    /// It was chosen to be closed; no request may begin.
    Closing = 4,
}

impl Phase {
    const fn from_bits(bits: u64) -> Self {
        match bits & PHASE_MASK {
            0 => Self::Receiving,
            1 => Self::Idle,
            2 => Self::Handling,
            3 => Self::Sending,
            _ => Self::Closing,
        }
    }
}

const PHASE_BITS: u32 = 3;
const PHASE_MASK: u64 = (1 << PHASE_BITS) - 1;

/// The phase of one connection, written by its own task and read by the accepting one.
///
/// Phase and time lie in one word, so that "close it if it is still idle" is one compare-and-swap and never hits a
/// request that has just begun.
#[derive(Debug)]
pub(super) struct Activity {
    start: Instant,
    /// Microseconds since `start` when the phase began, above the bits of the phase.
    word: AtomicU64,
    /// Microseconds since `start`, plus 1, when the oldest response began that is not all out; 0 when all are.
    ///
    /// Apart from the phase, because a client may send its next request before it has read the last response.
    unsent: AtomicU64,
}

impl Activity {
    /// A connection that begins now.
    pub(super) fn new() -> Self {
        Self { start: Instant::now(), word: AtomicU64::new(Phase::Receiving as u64), unsent: AtomicU64::new(0) }
    }

    pub(super) fn phase(&self) -> Phase {
        Phase::from_bits(self.word.load(Ordering::Relaxed))
    }

    /// A request is complete. False if the connection was chosen to be closed.
    pub(super) fn begin(&self) -> bool {
        self.enter(Phase::Handling)
    }

    /// The handler's response is on its way.
    pub(super) fn responded(&self) {
        let _ = self.unsent.compare_exchange(0, self.now() + 1, Ordering::Relaxed, Ordering::Relaxed);
        self.enter(Phase::Sending);
    }

    /// All that was written is out.
    pub(super) fn flushed(&self) {
        if self.unsent.load(Ordering::Relaxed) != 0 {
            self.unsent.store(0, Ordering::Relaxed);
            if self.phase() == Phase::Sending {
                self.enter(Phase::Idle);
            }
        }
    }

    /// Bytes came in.
    pub(super) fn received(&self) {
        if self.phase() == Phase::Idle {
            self.enter(Phase::Receiving);
        }
    }

    /// Marks the connection for closing, unless a request or response is under way. True if it did.
    pub(super) fn close_if_idle(&self) -> bool {
        let word = self.word.load(Ordering::Relaxed);
        matches!(Phase::from_bits(word), Phase::Idle | Phase::Receiving)
            && self.unsent.load(Ordering::Relaxed) == 0
            && self.word.compare_exchange(word, Phase::Closing as u64, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Since when nothing is under way; `None` if something is.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let word = self.word.load(Ordering::Relaxed);
        (matches!(Phase::from_bits(word), Phase::Idle | Phase::Receiving) && self.unsent.load(Ordering::Relaxed) == 0)
            .then(|| self.instant(word >> PHASE_BITS))
    }

    /// Since when a response is on its way; `None` if none is.
    pub(super) fn unsent_since(&self) -> Option<Instant> {
        let unsent = self.unsent.load(Ordering::Relaxed);
        (unsent != 0).then(|| self.instant(unsent - 1))
    }

    /// When it will have taken too long; `None` while the handler has it.
    pub(super) fn deadline(&self, limits: &Limits) -> Option<Instant> {
        let word = self.word.load(Ordering::Relaxed);
        let since = self.instant(word >> PHASE_BITS);
        let phase = match Phase::from_bits(word) {
            Phase::Receiving => Some(since + limits.header_timeout),
            Phase::Idle => Some(since + limits.idle_timeout),
            Phase::Handling | Phase::Sending | Phase::Closing => None,
        };
        let response = self.unsent_since().map(|since| since + limits.write_timeout);
        match (phase, response) {
            (Some(phase), Some(response)) => Some(phase.min(response)),
            (phase, response) => phase.or(response),
        }
    }

    /// Changes the phase, unless it is `Closing`. True if it did.
    fn enter(&self, phase: Phase) -> bool {
        let next = self.now() << PHASE_BITS | phase as u64;
        self.word
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| {
                (Phase::from_bits(word) != Phase::Closing).then_some(next)
            })
            .is_ok()
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX >> PHASE_BITS)
    }

    fn instant(&self, micros: u64) -> Instant {
        self.start + Duration::from_micros(micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits {
            header_timeout: Duration::from_secs(1),
            idle_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(5),
            ..Limits::default()
        }
    }

    /// Seconds from the start of the connection to its deadline, to the nearest.
    fn deadline(activity: &Activity) -> Option<u64> {
        activity.deadline(&limits()).map(|at| (at - activity.start + Duration::from_millis(500)).as_secs())
    }

    #[test]
    fn a_request_and_its_response() {
        let activity = Activity::new();
        assert_eq!((activity.phase(), deadline(&activity)), (Phase::Receiving, Some(1)));
        assert!(activity.begin());
        assert_eq!((activity.phase(), deadline(&activity)), (Phase::Handling, None));
        activity.flushed();
        assert_eq!(activity.phase(), Phase::Handling, "there was nothing to send");
        activity.responded();
        assert_eq!((activity.phase(), deadline(&activity)), (Phase::Sending, Some(5)));
        assert_eq!(activity.idle_since(), None);
        activity.flushed();
        assert_eq!((activity.phase(), deadline(&activity)), (Phase::Idle, Some(10)));
        activity.received();
        assert_eq!((activity.phase(), deadline(&activity)), (Phase::Receiving, Some(1)));
    }

    #[test]
    fn a_second_request_before_the_first_response_is_out() {
        let activity = Activity::new();
        assert!(activity.begin());
        activity.responded();
        assert!(activity.begin());
        assert_eq!((activity.phase(), deadline(&activity)), (Phase::Handling, Some(5)));
        activity.flushed();
        assert_eq!((activity.phase(), deadline(&activity)), (Phase::Handling, None));
        assert!(!activity.close_if_idle());
    }

    #[test]
    fn closing_is_final_and_only_for_the_idle() {
        let activity = Activity::new();
        assert!(activity.begin());
        assert!(!activity.close_if_idle());
        activity.responded();
        assert!(!activity.close_if_idle());
        activity.flushed();
        assert!(activity.close_if_idle());
        assert!(!activity.close_if_idle());
        assert!(!activity.begin());
        activity.received();
        activity.responded();
        activity.flushed();
        assert_eq!(activity.phase(), Phase::Closing);
    }
}
