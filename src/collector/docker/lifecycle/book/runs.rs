//! The runs of one container: each start, end and OOM kill is counted once, whoever tells it first.
//!
//! Three sources tell of a run. Events tell everything and may be late, lost, or told again after a new subscription. An
//! inspection tells of the newest run alone, with the exact time of its start, which is its identity: a start event comes a
//! little later than that time and earlier than anything else of the run. The list tells only that there is or was one. So
//! runs are kept in the order of their times, and what a source tells is matched with what is known before it is counted.
//! Each source has its methods here; what they count is added up until [`Runs::take_counted`].

use std::collections::VecDeque;
use std::ops::Range;

use super::names::Totals;
use super::reason::{ExitReason, Kill, Nanos};
use super::run::{End, Run, Stamp};

/// Runs that are remembered, for what is told late.
const REMEMBERED: usize = 16;

/// By so much the kernel's clock, as it is read, may be behind the engine's: less than lies between two runs.
const CLOCKS: Nanos = 50_000_000;

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
    /// When the inspection was asked, in the order of stamps.
    pub(super) asked: u64,
    /// Whether events have come since then, which are newer.
    pub(super) is_late: bool,
    /// Whether events may have been missed since the last inspection.
    pub(super) is_after_gap: bool,
}

/// So much later than what happens in a run its start may be stamped: a busy engine does so when it hears that the run has begun.
const STAMPED_LATE: Nanos = 5_000_000_000;

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
    counted: Totals,
}

impl Runs {
    /// Whether the newest run goes on, as far as is known.
    pub(super) fn is_live(&self) -> bool {
        self.known.back().is_some_and(|run| run.end.is_none())
    }

    /// Whether the run that goes on is the one which was announced at that time.
    pub(super) fn is_live_since(&self, at: Nanos) -> bool {
        self.known.back().is_some_and(|run| run.end.is_none() && run.announced == Some(at))
    }

    /// Why the newest run ended, if it has and that is settled, and whether that was before the agent looked.
    pub(super) fn last_end(&self) -> Option<(ExitReason, bool)> {
        let run = self.known.back().filter(|run| run.is_over())?;
        let evidence = run.evidence()?;
        let is_old = run.end.as_ref().is_some_and(|end| end.is_old);
        Some((if is_old { evidence.reason_of_old() } else { evidence.reason() }, is_old))
    }

    /// Whether the exact time of the newest start is known.
    pub(super) fn knows_start(&self) -> bool {
        self.known.back().is_some_and(|run| run.started.is_some())
    }

    /// Whether a run has begun that is not counted yet.
    pub(super) const fn has_begun(&self) -> bool {
        self.counted.starts > 0
    }

    /// Whether an inspection should tell the exit code of an end.
    pub(super) fn needs_inspection(&self) -> bool {
        self.known.iter().filter_map(|run| run.end.as_ref()).any(End::needs_inspection)
    }

    /// What there is to count since this was called last.
    pub(super) fn take_counted(&mut self) -> Totals {
        std::mem::take(&mut self.counted)
    }

    /// A run that was there before the agent looked.
    pub(super) fn existed(&mut self, ended: bool, exit_code: Option<i64>, stamp: Stamp) {
        let end = ended.then(|| End { listed: exit_code, is_old: true, ..End::default() });
        self.known.push_back(Run { is_old: true, end, ..Run::new(stamp) });
        self.counted.exit_code = exit_code.filter(|_| ended);
    }

    /// A start event; `is_repeated` if it is older than the subscription.
    pub(super) fn start(&mut self, at: Nanos, is_repeated: bool, stamp: Stamp) {
        let begun = self.begun_by(at);
        if let Some(run) = self.known.range_mut(begun.clone()).find(|run| run.awaits_start(at, is_repeated, stamp)) {
            run.announced = Some(at);
        } else if !self.is_counted(at) {
            self.insert(begun.end, Run { announced: Some(at), ..Run::new(stamp) }, stamp);
        }
    }

    /// A die event; `told` is the exit code in it. `is_known` says that the container was watched before, so that a start
    /// must have been missed if this is not the end of a known run.
    pub(super) fn die(&mut self, at: Nanos, told: Option<i64>, is_known: bool, stamp: Stamp) {
        let begun = self.begun_by(at);
        if let Some(run) = self.known.range_mut(begun.clone()).find(|run| run.ended_at().is_none()) {
            let end = run.end_seen(stamp);
            (end.announced, end.told) = (Some(at), told);
        } else if !self.is_counted(at) {
            let mut run = Run::new(stamp);
            let end = run.end_seen(stamp);
            (end.announced, end.told) = (Some(at), told);
            if is_known {
                self.insert(begun.end, run, stamp);
            } else {
                self.place(begun.end, run, stamp);
            }
        }
    }

    /// An oom event.
    pub(super) fn oom(&mut self, at: Nanos) {
        let Some(run) = self.run_at(at).and_then(|run| self.known.get_mut(run)) else {
            self.counted.ooms += 1;
            return;
        };
        run.last_oom = run.last_oom.max(Some(at));
        run.ooms.event(at);
        self.counted.ooms += run.ooms.count();
    }

    /// The control group of the run that goes on then has counted so many kills. Those of an old one may be from before the
    /// agent looked.
    pub(super) fn oom_kills(&mut self, at: Nanos, count: u64) {
        let Some(run) = self.run_that_goes_on(at).and_then(|run| self.known.get_mut(run)) else { return };
        run.ooms.kills(count, if run.is_old { count } else { 0 });
        self.counted.ooms += run.count_ooms(at);
    }

    /// Something was killed for want of memory then, whether or not the engine tells; whether the run in which it was is known.
    pub(super) fn oom_known(&mut self, at: Nanos) -> bool {
        let run = self.run_that_goes_on(at).or_else(|| self.starts_late(at));
        let Some(run) = run.and_then(|run| self.known.get_mut(run)) else { return false };
        run.ooms.known(false);
        self.counted.ooms += run.count_ooms(at);
        true
    }

    /// A kill event.
    pub(super) fn kill(&mut self, at: Nanos, signal: Option<i64>) {
        if let Some(run) = self.run_at(at).and_then(|run| self.known.get_mut(run)) {
            run.kill = Some(Kill { at, signal });
        }
    }

    /// The list shows a run that goes on or has ended. `is_another` says that it is not the newest one that is known.
    pub(super) fn listed(&mut self, is_live: bool, exit_code: Option<i64>, is_another: bool, stamp: Stamp) {
        let is_unknown = if is_live { !self.is_live() } else { self.known.is_empty() && !self.ran_before };
        if is_another || is_unknown {
            self.insert(self.known.len(), Run::new(stamp), stamp);
        }
        if let Some(run) = self.known.back_mut().filter(|_| !is_live) {
            run.end_seen(stamp).listed = exit_code;
        }
    }

    /// The container is not there any more.
    pub(super) fn removed(&mut self, stamp: Stamp) {
        if let Some(run) = self.known.back_mut() {
            run.end_seen(stamp);
        }
        self.lose_inspections();
    }

    /// No inspection will tell the exit codes that are waited for.
    pub(super) fn lose_inspections(&mut self) {
        for end in self.known.iter_mut().filter_map(|run| run.end.as_mut()) {
            end.lost = true;
        }
    }

    /// An inspection.
    pub(super) fn inspected(&mut self, seen: Seen, stamp: Stamp) {
        let known = self.known.iter().position(|run| run.started == Some(seen.started));
        let index = match known.or_else(|| self.candidate(seen)) {
            Some(index) => index,
            None if self.is_newest(seen) => {
                let run = Run { started: Some(seen.started), ..Run::new(stamp) };
                self.insert(self.known.len(), run, stamp);
                self.known.len() - 1
            }
            // It may be any of several runs, or one that is forgotten: the next inspection tells more.
            None => return,
        };
        for end in self.known.iter_mut().take(index).filter_map(|run| run.end.as_mut()) {
            // The inspection tells of a later run; of an end that was announced after it was asked another one may.
            end.lost |= end.announced.is_none() || end.uncounted.is_some_and(|at| at.seq <= seen.asked);
        }
        let is_last = index + 1 == self.known.len();
        let Some(run) = self.known.get_mut(index) else { return };
        let is_first_look = run.started.replace(seen.started).is_none();
        if seen.oom_killed {
            // A run that is older than the agent may have had it before. That it is why it ended is true all the same.
            let is_before = run.is_old && is_first_look;
            run.ooms.known(is_before);
            let more = run.ooms.count();
            if more > 0 || (is_before && seen.ended == Some(true)) {
                run.last_oom = run.last_oom.or(run.begin());
            }
            self.counted.ooms += more;
        }
        match seen.ended {
            Some(true) => {
                let end = run.end_seen(stamp);
                end.inspected = Some(seen.exit_code);
                if end.uncounted.is_none() && is_last {
                    self.counted.exit_code = Some(seen.exit_code);
                }
            }
            // The list was wrong, or older than the run.
            Some(false) if !seen.is_late && run.may_go_on(seen.asked) => run.end = None,
            _ => {}
        }
        if is_last {
            self.count_unseen(seen);
        }
    }

    /// Counts the ends whose reason is as clear as it will become.
    pub(super) fn settle(&mut self, stamp: Stamp) {
        for evidence in self.known.iter_mut().filter_map(|run| run.settle(Some(stamp))) {
            self.counted.add_exit(evidence);
        }
        while self.known.len() > REMEMBERED {
            self.settle_oldest();
        }
    }

    /// Counts what is left: nobody will tell more of this container.
    pub(super) fn settle_all(&mut self) {
        while !self.known.is_empty() {
            self.settle_oldest();
        }
    }

    fn settle_oldest(&mut self) {
        let evidence = self.known.pop_front().and_then(|mut run| run.settle(None));
        self.ran_before = true;
        if let Some(evidence) = evidence {
            self.counted.add_exit(evidence);
        }
    }

    /// Counts the runs by policy that neither events nor lists have shown.
    fn count_unseen(&mut self, seen: Seen) {
        let known = self.by_policy.replace(seen.by_policy);
        let starts = std::mem::take(&mut self.starts_since);
        let missed = known.map_or(0, |known| seen.by_policy.saturating_sub(known).saturating_sub(starts));
        // While events come they are only late.
        if seen.is_after_gap && missed > 0 {
            self.counted.starts += missed;
            self.counted.restarts += missed;
            self.counted.exits[ExitReason::Unknown as usize] += missed;
            self.counted_until = Some(seen.started);
        }
    }

    /// Whether what happened then is counted already, with the runs of which only the number was learnt.
    fn is_counted(&self, at: Nanos) -> bool {
        self.counted_until.is_some_and(|until| at <= until)
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
            latest = latest.max(run.last_known());
        }
        range
    }

    /// The run in which something happened then. What comes after the end of the last one, and before another has begun,
    /// is of that one.
    fn run_at(&self, at: Nanos) -> Option<usize> {
        let begun = self.begun_by(at);
        let goes_on = |index: &usize| self.known[*index].ended_at().is_none_or(|end| at <= end);
        begun.clone().find(goes_on).or_else(|| begun.last())
    }

    /// The run that had begun then and had not ended: what is known faster than events may be of a later one.
    fn run_that_goes_on(&self, at: Nanos) -> Option<usize> {
        self.run_at(at).filter(|run| self.known[*run].ended_at().is_none_or(|end| at <= end + CLOCKS))
    }

    /// The first run of those that began then, if its start was stamped only later.
    fn starts_late(&self, at: Nanos) -> Option<usize> {
        let is_later = |run: &Run| run.begin().is_some_and(|begin| (at..at + STAMPED_LATE).contains(&begin));
        self.known.iter().position(is_later)
    }

    /// The run without exact time that the inspection may have seen: it was known when the inspection was asked, its times
    /// and those of its neighbours leave room for that start, and it was not over if what was seen goes on. What goes on after
    /// an end that was known then may be a run that a list was asked for only later, and had shown before the inspection did.
    fn candidate(&self, seen: Seen) -> Option<usize> {
        (0..self.known.len()).rev().find(|index| {
            let run = &self.known[*index];
            let previous = index.checked_sub(1).and_then(|index| self.known.get(index));
            let earliest = previous.and_then(|run| run.ended_at().or(run.begin()));
            let latest = run.announced.or(run.ended_at());
            let is_next = || run.begin().is_none() && previous.is_some_and(|run| run.had_ended(seen.asked));
            run.started.is_none()
                && (run.learnt.seq <= seen.asked || (seen.ended == Some(false) && is_next()))
                && !(seen.ended == Some(false) && run.was_over(seen.asked))
                && earliest.is_none_or(|earliest| earliest < seen.started)
                && latest.is_none_or(|latest| seen.started <= latest)
                && self.known.range(index + 1..).filter_map(Run::begin).all(|later| seen.started < later)
        })
    }

    /// Whether what the inspection saw is newer than all that is known. A run without times may be the same one, unless it was
    /// over and the other was not.
    fn is_newest(&self, seen: Seen) -> bool {
        let is_another = |run: &Run| run.begin().is_some() || (seen.ended == Some(false) && run.was_over(seen.asked));
        let mut times = self.known.iter().filter_map(Run::last_known);
        self.known.back().is_none_or(is_another) && times.all(|known| known < seen.started)
    }

    /// Adds a run at that place, and counts its start.
    fn insert(&mut self, index: usize, run: Run, stamp: Stamp) {
        self.counted.starts += 1;
        self.counted.restarts += u64::from(!self.known.is_empty() || self.ran_before);
        self.place(index, run, stamp);
    }

    /// Adds a run at that place. Whatever is not the last one has ended.
    fn place(&mut self, index: usize, mut run: Run, stamp: Stamp) {
        if let Some(before) = index.checked_sub(1).and_then(|index| self.known.get_mut(index)) {
            before.end_seen(stamp);
        }
        if index < self.known.len() {
            run.end_seen(stamp);
        }
        self.known.insert(index, run);
        self.starts_since += 1;
    }
}
