//! One run of a container, and its end.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::reason::{Evidence, Kill, Nanos};

/// How long an end waits, from when it was first seen, for what may still tell why: its code, its own event, and the event of
/// an OOM kill, which a busy engine sends seconds after the end.
const LATEST: Duration = Duration::from_secs(10);

/// How long a run that a list or an inspection was the first to tell of can still have its start event.
const START_LATEST: Duration = Duration::from_mins(1);

/// An event of an OOM kill that comes so shortly after another one tells of the same kill: engines tell some of them twice.
const AGAIN: Nanos = 1_000_000_000;

/// When something is told, and whether events come at that time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamp {
    pub(super) wall: SystemTime,
    pub(super) at: Instant,
    /// What is told later has a greater one.
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
    /// When the agent learnt of it.
    pub(super) learnt: Stamp,
    /// Whether it was there before the agent looked: what happened in it until then is not counted.
    pub(super) is_old: bool,
    pub(super) ooms: Ooms,
    pub(super) last_oom: Option<Nanos>,
    pub(super) kill: Option<Kill>,
    pub(super) end: Option<End>,
}

/// The OOM kills of a run. Each source tells of the same ones, so the one that tells of most is right.
#[derive(Debug, Default)]
pub(super) struct Ooms {
    /// Events, but for those that say again what the one before said.
    events: u64,
    last_event: Option<Nanos>,
    /// What the run's control group had counted when it was first read, and what it has counted since.
    kills: Option<(u64, u64)>,
    /// Whether the kernel's log or an inspection tells of one.
    is_known: bool,
    /// Whether there was one before the agent looked.
    is_old: bool,
    counted: u64,
}

impl Ooms {
    /// An event.
    pub(super) fn event(&mut self, at: Nanos) {
        let says_again = self.last_event.is_some_and(|last| (last..last + AGAIN).contains(&at));
        self.events += u64::from(!says_again);
        self.last_event = self.last_event.max(Some(at));
    }

    /// The control group has counted so many; `first` of them were there when the agent looked first.
    pub(super) fn kills(&mut self, count: u64, first: u64) {
        let (first, _) = self.kills.unwrap_or((first, 0));
        self.kills = Some((first, count.saturating_sub(first)));
    }

    /// There was one; `is_old` if that may have been before the agent looked.
    pub(super) fn known(&mut self, is_old: bool) {
        self.is_old |= is_old;
        self.is_known |= !self.is_old;
    }

    /// How many of them are not counted yet: they are now.
    pub(super) fn count(&mut self) -> u64 {
        let (_, kills) = self.kills.unwrap_or_default();
        let all = self.events.max(kills).max(u64::from(self.is_known));
        let more = all.saturating_sub(self.counted);
        self.counted += more;
        more
    }
}

/// The end of a run.
#[derive(Debug, Default)]
pub(super) struct End {
    /// The time of the die event.
    pub(super) announced: Option<Nanos>,
    /// Whether it was over before the agent looked.
    pub(super) is_old: bool,
    /// When it was first seen, in the order of stamps.
    pub(super) seen: u64,
    /// The same, as long as it is not counted.
    pub(super) uncounted: Option<Stamp>,
    /// The exit code by the inspection, by the event and by the list, in the order of trust.
    pub(super) inspected: Option<i64>,
    pub(super) told: Option<i64>,
    pub(super) listed: Option<i64>,
    /// Whether no inspection will tell the exit code.
    pub(super) lost: bool,
}

impl Run {
    pub(super) fn new(learnt: Stamp) -> Self {
        Self {
            started: None,
            announced: None,
            learnt,
            is_old: false,
            ooms: Ooms::default(),
            last_oom: None,
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

    /// How many OOM kills are not counted yet, of which one at that time tells: they are now.
    pub(super) fn count_ooms(&mut self, at: Nanos) -> u64 {
        let more = self.ooms.count();
        if more > 0 {
            self.last_oom = self.last_oom.or(Some(at));
        }
        more
    }

    /// The latest time at which it is known to have been there.
    pub(super) fn last_known(&self) -> Option<Nanos> {
        self.ended_at().max(self.begin())
    }

    /// Whether a start event of that time is the one of this run, which began before it. What an engine repeats after a new
    /// subscription happened while nobody listened, as the start of a run may have that a list showed.
    pub(super) fn awaits_start(&self, at: Nanos, is_repeated: bool, stamp: Stamp) -> bool {
        let is_on_its_way = |since| self.learnt.at >= since && stamp.at < self.learnt.at + START_LATEST;
        let may_come = is_repeated || stamp.live_since.is_some_and(is_on_its_way);
        !self.is_old && self.announced.is_none() && may_come && self.ended_at().is_none_or(|end| at < end)
    }

    /// Its end, of which no event need have told.
    pub(super) fn end_seen(&mut self, stamp: Stamp) -> &mut End {
        self.end.get_or_insert_with(|| End { seen: stamp.seq, uncounted: Some(stamp), ..End::default() })
    }

    /// Whether its end is counted.
    pub(super) fn is_over(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.uncounted.is_none())
    }

    /// Whether its end, which may yet turn out to be none, was seen before `asked`.
    pub(super) fn had_ended(&self, asked: u64) -> bool {
        self.end.as_ref().is_some_and(|end| end.seen <= asked)
    }

    /// Whether its end is counted and was seen before `asked`: whatever ran then is another run.
    pub(super) fn was_over(&self, asked: u64) -> bool {
        self.is_over() && self.had_ended(asked)
    }

    /// Whether its end, which may yet turn out to be none, was seen before `asked`: a list alone told of it.
    pub(super) fn may_go_on(&self, asked: u64) -> bool {
        let is_seen = |end: &End| end.announced.is_none() && end.uncounted.is_some_and(|seen| seen.seq <= asked);
        self.end.as_ref().is_some_and(is_seen)
    }

    /// What is known of why it ended, if it has.
    pub(super) fn evidence(&self) -> Option<Evidence> {
        let end = self.end.as_ref()?;
        let code = end.inspected.or(end.told).or(end.listed);
        Some(Evidence { code, oom: self.last_oom, kill: self.kill, ended: end.announced })
    }

    /// Why it ended, if that is to be counted now: as soon as nothing that may still come would change it, and at the latest
    /// [`LATEST`] after the end was seen, for a counter cannot be taken back. Without a stamp nothing more is waited for.
    pub(super) fn settle(&mut self, stamp: Option<Stamp>) -> Option<Evidence> {
        let evidence = self.evidence()?;
        let end = self.end.as_mut()?;
        let (seen, code) = (end.uncounted?, evidence.code);
        if let Some(stamp) = stamp.filter(|stamp| stamp.at < seen.at + LATEST) {
            let has_code = end.inspected.is_some() || (end.lost && (code.is_some() || !stamp.awaits_events));
            // The inspection's flag and the OOM event come from one place in the engine. The flag is believed unless the
            // code speaks against it: something sent SIGKILL, and nobody asked for that.
            let is_clear = evidence.is_conclusive() || end.inspected.is_some_and(|code| code != 137);
            // The die event comes after the kill event, which tells who wanted it.
            let is_told = !stamp.awaits_events || (end.announced.is_some() && is_clear);
            if !has_code || !is_told {
                return None;
            }
        }
        end.uncounted = None;
        Some(evidence)
    }
}

impl End {
    /// Whether an inspection should tell the exit code.
    pub(super) const fn needs_inspection(&self) -> bool {
        self.uncounted.is_some() && !self.lost && self.inspected.is_none()
    }
}
