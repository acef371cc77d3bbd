//! One run of a container, and its end.

use std::time::Duration;

use tokio::time::Instant;

use super::reason::{Evidence, ExitReason, Kill, Nanos};
use super::runs::Counted;

/// How long an end waits, from when it was first seen, for what may still tell why: its code, its own event, and the event of
/// an OOM kill, which a busy engine sends seconds after the end.
const LATEST: Duration = Duration::from_secs(10);

/// How long a run that only a list or an inspection told can still have its start announced.
const IN_FLIGHT: Duration = Duration::from_mins(1);

/// When and how something is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Note {
    pub(super) now: Instant,
    /// What is noted later has a greater one.
    pub(super) seq: u64,
    /// Since when events come; `None` while they do not.
    pub(super) live_since: Option<Instant>,
    /// Whether events may still tell of what has happened: they come, or are repeated after the next subscription.
    pub(super) awaits_events: bool,
}

/// One run.
#[derive(Debug)]
pub(super) struct Run {
    /// The exact time of the start, once an inspection has told it.
    pub(super) started: Option<Nanos>,
    /// The time of the start event.
    pub(super) announced: Option<Nanos>,
    pub(super) noted: Note,
    /// Whether it was there before the agent looked: what happened in it until then is not counted.
    pub(super) is_old: bool,
    pub(super) ooms: u64,
    pub(super) last_oom: Option<Nanos>,
    /// Whether one of them was counted before its event came.
    pub(super) owes_event: bool,
    pub(super) kill: Option<Kill>,
    pub(super) end: Option<End>,
}

/// The end of a run.
#[derive(Debug, Default)]
pub(super) struct End {
    pub(super) announced: Option<Nanos>,
    /// When it was noted, of one that is not yet counted.
    pub(super) uncounted: Option<Note>,
    /// The exit code by the inspection, by the event and by the list, in the order of trust.
    pub(super) inspected: Option<i64>,
    pub(super) told: Option<i64>,
    pub(super) listed: Option<i64>,
    /// Whether an inspection cannot tell it any more.
    pub(super) lost: bool,
}

impl Run {
    pub(super) fn new(noted: Note) -> Self {
        Self {
            started: None,
            announced: None,
            noted,
            is_old: false,
            ooms: 0,
            last_oom: None,
            owes_event: false,
            kill: None,
            end: None,
        }
    }

    pub(super) fn begin(&self) -> Option<Nanos> {
        self.started.or(self.announced)
    }

    pub(super) fn ended_at(&self) -> Option<Nanos> {
        self.end.as_ref().and_then(|end| end.announced)
    }

    /// Whether a start event of that time is the one of this run, which began before it. What an engine repeats after a new
    /// subscription happened while nobody listened, as the start of a run may have that a list showed.
    pub(super) fn awaits_start(&self, at: Nanos, is_repeated: bool, note: Note) -> bool {
        let is_in_flight = |since| self.noted.now >= since && note.now < self.noted.now + IN_FLIGHT;
        let may_come = is_repeated || note.live_since.is_some_and(is_in_flight);
        !self.is_old && self.announced.is_none() && may_come && self.ended_at().is_none_or(|end| at < end)
    }

    /// Notes an end that no event has told, unless there is one.
    pub(super) fn end_untold(&mut self, note: Note) -> &mut End {
        self.end.get_or_insert_with(|| End { uncounted: Some(note), ..End::default() })
    }

    /// Counts its end, if it is not counted yet, by what is known of it.
    pub(super) fn settle_anyhow(self) -> Counted {
        if self.end.as_ref().is_none_or(|end| end.uncounted.is_none()) {
            return Counted::default();
        }
        let evidence = self.evidence();
        Counted { exits: vec![evidence.reason()], exit_code: evidence.code, ..Counted::default() }
    }

    fn evidence(&self) -> Evidence {
        let end = self.end.as_ref();
        Evidence {
            code: end.and_then(|end| end.inspected.or(end.told).or(end.listed)),
            oom: self.last_oom,
            kill: self.kill,
            ended: self.ended_at(),
        }
    }

    /// Whether its end is counted: whatever runs now is another run.
    pub(super) fn is_over(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.uncounted.is_none())
    }

    /// Whether its end is not counted yet, told by no event, and was known when `asked` was the newest note.
    pub(super) fn is_known_to_end(&self, asked: u64) -> bool {
        let is_known = |end: &End| end.announced.is_none() && end.uncounted.is_some_and(|noted| noted.seq <= asked);
        self.end.as_ref().is_some_and(is_known)
    }

    /// The reason and the code of an end that is not counted yet, as soon as nothing that may still come would change them,
    /// and at the latest [`LATEST`] after it was seen: a counter cannot be taken back.
    pub(super) fn settle(&mut self, note: Note) -> Option<(ExitReason, Option<i64>)> {
        let evidence = self.evidence();
        let end = self.end.as_mut()?;
        let seen = end.uncounted?;
        let has_code = match end.inspected {
            Some(_) => true,
            None => end.lost && (evidence.code.is_some() || !note.awaits_events),
        };
        // The inspection's flag and the OOM event come from one place in the engine. It is believed but where the code
        // speaks against it: something sent SIGKILL, and nobody asked for that.
        let is_clear = evidence.is_conclusive() || end.inspected.is_some_and(|code| code != 137);
        let is_complete = has_code && (!note.awaits_events || (end.announced.is_some() && is_clear));
        if !is_complete && note.now < seen.now + LATEST {
            return None;
        }
        end.uncounted = None;
        Some((evidence.reason(), evidence.code))
    }
}

impl End {
    /// Whether it waits for an inspection to tell the exit code.
    pub(super) const fn is_waiting(&self) -> bool {
        self.uncounted.is_some() && !self.lost && self.inspected.is_none()
    }
}
