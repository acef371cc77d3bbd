//! The runs of one container: each start, end and OOM kill is counted once, whoever tells it first.
//!
//! Three sources tell of a run. Events tell everything and may be late, lost, or told again after a new subscription. An
//! inspection tells of the newest run alone, with the exact time of its start, which is its identity: a start event comes a
//! little later than that time and earlier than anything else of the run. The list tells only that there is or was one. So
//! runs are kept in the order of their times, and what a source tells is matched with what is known before it is counted.

use std::collections::VecDeque;
use std::ops::Range;

use super::reason::{ExitReason, Kill, Nanos};
use super::run::{End, Note, Run};

/// Runs that are remembered, for what is told late.
const REMEMBERED: usize = 16;

/// What there is to count.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) starts: u64,
    /// Those of them that were not the container's first one.
    pub(super) restarts: u64,
    pub(super) ooms: u64,
    pub(super) exits: Vec<ExitReason>,
    /// The exit code of the last of them, or of a run that ended before it was watched.
    pub(super) exit_code: Option<i64>,
}

/// What an inspection tells of the newest run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) started: Nanos,
    /// Whether it has ended, if that is clear.
    pub(super) ended: Option<bool>,
    pub(super) exit_code: i64,
    pub(super) oom_killed: bool,
    /// Runs so far that the restart policy began.
    pub(super) by_policy: u64,
}

/// The runs of one container.
#[derive(Debug, Default)]
pub(super) struct Runs {
    /// The oldest first.
    known: VecDeque<Run>,
    /// Whether it ran before those.
    ran_before: bool,
    /// What happened before is counted already: runs of which nothing but their number was learnt.
    counted_until: Option<Nanos>,
    by_policy: Option<u64>,
    /// Starts since `by_policy` was learnt.
    starts_since: u64,
}

impl Runs {
    /// Whether the newest run goes on, as far as is known.
    pub(super) fn is_live(&self) -> bool {
        self.known.back().is_some_and(|run| run.end.is_none())
    }

    /// Whether the run that goes on is the one which was announced at that time.
    pub(super) fn began_at(&self, at: Nanos) -> bool {
        self.known.back().is_some_and(|run| run.end.is_none() && run.announced == Some(at))
    }

    /// Whether the exact time of the newest start is known.
    pub(super) fn knows_start(&self) -> bool {
        self.known.back().is_some_and(|run| run.started.is_some())
    }

    /// Whether an end waits for its exit code.
    pub(super) fn is_waiting(&self) -> bool {
        self.known.iter().filter_map(|run| run.end.as_ref()).any(End::is_waiting)
    }

    /// A run that was there before the agent looked.
    pub(super) fn found(&mut self, ended: bool, exit_code: Option<i64>, note: Note) -> Counted {
        let end = ended.then(End::default);
        self.known.push_back(Run { is_old: true, end, ..Run::new(note) });
        Counted { exit_code: exit_code.filter(|_| ended), ..Counted::default() }
    }

    /// A start event; `is_repeated` if it is older than the subscription.
    pub(super) fn start(&mut self, at: Nanos, is_repeated: bool, note: Note) -> Counted {
        let begun = self.begun_by(at);
        if let Some(run) = self.known.range_mut(begun.clone()).find(|run| run.awaits_start(at, is_repeated, note)) {
            run.announced = Some(at);
            return Counted::default();
        }
        if self.is_settled(at) {
            return Counted::default();
        }
        self.insert(begun.end, Run { announced: Some(at), ..Run::new(note) }, note)
    }

    /// A die event; `told` is the exit code in it. `is_known` says that the container was watched before, so that a start
    /// must have been missed if this is not the end of a known run.
    pub(super) fn die(&mut self, at: Nanos, told: Option<i64>, is_known: bool, note: Note) -> Counted {
        let begun = self.begun_by(at);
        let end = End { announced: Some(at), told, uncounted: Some(note), ..End::default() };
        if let Some(run) = self.known.range_mut(begun.clone()).find(|run| run.ended_at().is_none()) {
            match &mut run.end {
                Some(known) => (known.announced, known.told) = (Some(at), told),
                None => run.end = Some(end),
            }
            return Counted::default();
        }
        if self.is_settled(at) {
            return Counted::default();
        }
        let counted = self.insert(begun.end, Run { end: Some(end), ..Run::new(note) }, note);
        if is_known { counted } else { Counted::default() }
    }

    /// An oom event.
    pub(super) fn oom(&mut self, at: Nanos) -> Counted {
        let Some(run) = self.run_at(at) else { return Counted { ooms: 1, ..Counted::default() } };
        run.last_oom = run.last_oom.max(Some(at));
        if std::mem::take(&mut run.owes_event) {
            return Counted::default();
        }
        run.ooms += 1;
        Counted { ooms: 1, ..Counted::default() }
    }

    /// A kill event.
    pub(super) fn kill(&mut self, at: Nanos, signal: Option<i64>) {
        if let Some(run) = self.run_at(at) {
            run.kill = Some(Kill { at, signal });
        }
    }

    /// The list shows a run where none was known to go on.
    pub(super) fn listed_live(&mut self, note: Note) -> Counted {
        if self.is_live() { Counted::default() } else { self.push(Run::new(note), note) }
    }

    /// The list shows that no run goes on, and that there was one.
    pub(super) fn listed_ended(&mut self, exit_code: Option<i64>, note: Note) -> Counted {
        let is_first = self.known.is_empty() && !self.ran_before;
        let counted = if is_first { self.push(Run::new(note), note) } else { Counted::default() };
        if let Some(run) = self.known.back_mut() {
            run.end_untold(note).listed = exit_code;
        }
        counted
    }

    /// The container is not there any more.
    pub(super) fn gone(&mut self, note: Note) {
        if let Some(run) = self.known.back_mut() {
            run.end_untold(note);
        }
        self.lose_inspections();
    }

    /// The list shows another run than the known one, which began and, if it is `ended`, ended unseen.
    pub(super) fn listed_another(&mut self, ended: bool, exit_code: Option<i64>, note: Note) -> Counted {
        let mut counted = self.push(Run::new(note), note);
        if ended {
            counted.add(self.listed_ended(exit_code, note));
        }
        counted
    }

    /// An inspection, which was asked when `asked` was the newest note. `is_late` says that events have come since then.
    /// `is_blind` says that events may have been missed since the last one.
    pub(super) fn inspected(&mut self, seen: Seen, asked: u64, is_late: bool, is_blind: bool, note: Note) -> Counted {
        let mut counted = Counted::default();
        let known = self.known.iter().position(|run| run.started == Some(seen.started));
        let index = match known.or_else(|| self.candidate(seen, asked)) {
            Some(index) => index,
            None if self.is_newest(seen) => {
                counted = self.push(Run { started: Some(seen.started), ..Run::new(note) }, note);
                self.known.len() - 1
            }
            None => return counted,
        };
        let is_last = index + 1 == self.known.len();
        for run in self.known.iter_mut().take(index) {
            // The inspection tells of a later run; of one that ended after it was asked another one may.
            let is_asked = |end: &&mut End| end.announced.is_none() || end.uncounted.is_some_and(|at| at.seq <= asked);
            if let Some(end) = run.end.as_mut().filter(is_asked) {
                end.lost = true;
            }
        }
        let Some(run) = self.known.get_mut(index) else { return counted };
        let is_first_look = run.started.replace(seen.started).is_none();
        if seen.oom_killed && run.ooms == 0 {
            run.ooms = 1;
            // A run that is older than the agent may have had it before.
            if !(run.is_old && is_first_look) {
                counted.ooms += 1;
                run.owes_event = true;
                run.last_oom = run.begin();
            }
        }
        match seen.ended {
            Some(true) => {
                let end = run.end_untold(note);
                end.inspected = Some(seen.exit_code);
                if end.uncounted.is_none() && is_last {
                    counted.exit_code = Some(seen.exit_code);
                }
            }
            // The list was wrong, or older than the run.
            Some(false) if !is_late && run.is_known_to_end(asked) => run.end = None,
            _ => {}
        }
        if is_last {
            self.reconcile(seen, is_blind, &mut counted);
        }
        counted
    }

    /// No inspection will tell the exit codes that are waited for.
    pub(super) fn lose_inspections(&mut self) {
        for end in self.known.iter_mut().filter_map(|run| run.end.as_mut()) {
            end.lost = true;
        }
    }

    /// Counts the ends whose reason is as clear as it will become.
    pub(super) fn settle(&mut self, note: Note) -> Counted {
        let mut counted = Counted::default();
        for (reason, code) in self.known.iter_mut().filter_map(|run| run.settle(note)) {
            counted.exits.push(reason);
            counted.exit_code = code.or(counted.exit_code);
        }
        while self.known.len() > REMEMBERED
            && let Some(run) = self.known.pop_front()
        {
            self.ran_before = true;
            counted.add(run.settle_anyhow());
        }
        counted
    }

    /// Counts what is left: nobody will tell more of this container.
    pub(super) fn settle_all(&mut self) -> Counted {
        let mut counted = Counted::default();
        for run in self.known.drain(..) {
            counted.add(run.settle_anyhow());
        }
        counted
    }

    /// Counts the runs by policy that neither events nor lists have shown.
    fn reconcile(&mut self, seen: Seen, is_blind: bool, counted: &mut Counted) {
        let known = self.by_policy.replace(seen.by_policy);
        let starts = std::mem::take(&mut self.starts_since);
        let missed = known.map_or(0, |known| seen.by_policy.saturating_sub(known).saturating_sub(starts));
        if !is_blind || missed == 0 {
            return;
        }
        counted.starts += missed;
        counted.restarts += missed;
        // The engine that starts a container a million times while nobody looks is not worth a million entries.
        counted
            .exits
            .extend(std::iter::repeat_n(ExitReason::Unknown, usize::try_from(missed.min(10_000)).unwrap_or(0)));
        self.counted_until = Some(seen.started);
    }

    /// The runs to which something that happened then may belong: the last one of which it is known that it had begun, and
    /// those without times behind it. What is found first is what happened first.
    fn begun_by(&self, at: Nanos) -> Range<usize> {
        let (mut range, mut latest) = (0..0, None);
        for (index, run) in self.known.iter().enumerate() {
            match run.begin() {
                Some(begin) if begin <= at => range = index..index + 1,
                None if latest.is_none_or(|latest| latest <= at) => range.end = index + 1,
                _ => {}
            }
            latest = latest.max(run.begin()).max(run.ended_at());
        }
        range
    }

    /// The run in which something happened then.
    fn run_at(&mut self, at: Nanos) -> Option<&mut Run> {
        let begun = self.begun_by(at);
        let goes_on = |index: &usize| self.known[*index].ended_at().is_none_or(|end| at <= end);
        let index = begun.clone().find(goes_on).or_else(|| begun.last())?;
        self.known.get_mut(index)
    }

    fn is_settled(&self, at: Nanos) -> bool {
        self.counted_until.is_some_and(|until| at <= until)
    }

    /// The run without exact time that began at that one. One that was noted after the inspection was asked may not be the
    /// one that the inspection saw.
    fn candidate(&self, seen: Seen, asked: u64) -> Option<usize> {
        let started = seen.started;
        (0..self.known.len()).rev().find(|index| {
            let run = &self.known[*index];
            let previous = index.checked_sub(1).and_then(|index| self.known.get(index));
            let earliest = previous.and_then(|run| run.ended_at().or(run.begin()));
            let latest = run.announced.or(run.ended_at());
            run.started.is_none()
                && !(seen.ended == Some(false) && run.is_over())
                && run.noted.seq <= asked
                && earliest.is_none_or(|earliest| earliest < started)
                && latest.is_none_or(|latest| started <= latest)
                && self.known.range(index + 1..).filter_map(Run::begin).all(|later| started < later)
        })
    }

    /// Whether a run that began at that time is newer than all that are known.
    fn is_newest(&self, seen: Seen) -> bool {
        let is_another = |run: &Run| run.begin().is_some() || (seen.ended == Some(false) && run.is_over());
        let mut times = self.known.iter().filter_map(|run| run.ended_at().max(run.begin()));
        self.known.back().is_none_or(is_another) && times.all(|known| known < seen.started)
    }

    fn push(&mut self, run: Run, note: Note) -> Counted {
        self.insert(self.known.len(), run, note)
    }

    /// Adds a run at that place, and counts its start. Whatever is not the last one has ended.
    fn insert(&mut self, index: usize, mut run: Run, note: Note) -> Counted {
        let is_first = self.known.is_empty() && !self.ran_before;
        if let Some(before) = index.checked_sub(1).and_then(|index| self.known.get_mut(index)) {
            before.end_untold(note);
        }
        if index < self.known.len() {
            run.end_untold(note);
        }
        self.known.insert(index, run);
        self.starts_since += 1;
        Counted { starts: 1, restarts: u64::from(!is_first), ..Counted::default() }
    }
}

impl Counted {
    /// Adds what another one counted after it.
    pub(super) fn add(&mut self, later: Self) {
        self.starts += later.starts;
        self.restarts += later.restarts;
        self.ooms += later.ooms;
        self.exits.extend(later.exits);
        self.exit_code = later.exit_code.or(self.exit_code);
    }
}
