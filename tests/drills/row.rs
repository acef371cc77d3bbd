//! A row of the matrix, how it is drilled, and whether it holds.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crate::judges::RECEIVERS;
use crate::look::Look;
use crate::scale::Scale;
use crate::stack::{Parts, Stack};
use crate::support::alertmanager::Told;
use crate::support::wait::{SOON, pause};

/// Seconds of the policy before the fault, and the most that it takes after healing until nobody is told of it any more.
const BEFORE: u64 = 150;
const AFTER: u64 = 1800;
/// When a fault of which nobody is told is looked at.
const SILENT: u64 = 300;
/// Longer than what is told is too late anyway.
const QUICK: Duration = Duration::from_mins(2);

/// One fault.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// Whether `make test` drills it.
    pub(crate) is_quick: bool,
    pub(crate) parts: Parts,
    /// Distinct alerts that reach each of [`RECEIVERS`] as firing.
    pub(crate) told: [usize; 3],
    /// How the alert begins that names the cause, and words of its text.
    pub(crate) cause: &'static str,
    pub(crate) says: &'static str,
    /// Seconds of the policy after the fault until somebody is paged (or told at all, where there is no page), at most.
    pub(crate) within: u64,
    /// Whether `manometer check` says the same while it lasts. A failed scrape, a past loss or a change now and then is not to be
    /// seen in one look.
    pub(crate) is_seen: bool,
    /// How many times as fast it may be drilled. A service is polled every five seconds at most, and what comes and goes between
    /// two polls is seen by chance.
    pub(crate) fastest: u32,
    /// Breaks and heals.
    pub(crate) drill: fn(&mut Drill),
}

/// A row that is being drilled.
pub(crate) struct Drill {
    pub(crate) stack: Stack,
    row: &'static Row,
    is_quick: bool,
    broken_at: Instant,
    healed_at: Option<Instant>,
    look: Option<Look>,
}

impl Drill {
    /// Lets so many seconds of the policy pass. A quick drill goes on when everything that is wanted was told, and a minute of
    /// the policy longer, in which more may come.
    pub(crate) fn wait(&mut self, seconds: u64) {
        let until = Instant::now() + if self.is_quick { QUICK } else { self.stack.scale.clock(seconds) };
        while Instant::now() < until && !(self.is_quick && self.is_told()) {
            self.look();
            pause(Duration::from_millis(20));
        }
    }

    /// What was done so far was no fault; it begins now.
    pub(crate) fn begins(&mut self) {
        self.broken_at = Instant::now();
    }

    /// Does it every so many seconds of the policy, for so long.
    pub(crate) fn each(&mut self, seconds: u64, for_seconds: u64, mut step: impl FnMut(&mut Stack)) {
        let (every, started) = (self.stack.scale.clock(seconds), Instant::now());
        let mut next = started;
        while started.elapsed() < self.stack.scale.clock(for_seconds) {
            step(&mut self.stack);
            self.look();
            next += every;
            pause(next.saturating_duration_since(Instant::now()));
        }
    }

    /// The fault is over.
    pub(crate) fn healed(&mut self) {
        self.healed_at = Some(Instant::now());
    }

    /// Lets `manometer check` look, once: as soon as the one is told who has to be, or, where nobody is, in the midst of it.
    fn look(&mut self) {
        if self.is_quick || !self.row.is_seen || self.look.is_some() {
            return;
        }
        let is_due = match self.row.told.iter().position(|wanted| *wanted > 0) {
            Some(first) => counts(&self.stack.judges.receivers.told())[first] > 0,
            None => self.broken_at.elapsed() > self.stack.scale.clock(SILENT),
        };
        if is_due {
            self.look = Some(Look::begin(self.stack.site()));
        }
    }

    fn is_told(&self) -> bool {
        let mut told = self.stack.judges.receivers.told();
        // Not the heartbeat, which never ceases.
        told.retain(|told| RECEIVERS.contains(&told.receiver.as_str()));
        let last = told.iter().map(|told| told.at).max().unwrap_or(self.broken_at).max(self.broken_at);
        let are_all = counts(&told).iter().zip(self.row.told).all(|(told, wanted)| *told >= wanted);
        are_all && last.elapsed() > self.stack.scale.clock(60)
    }
}

impl Row {
    /// A row of `make test`, too.
    pub(crate) const fn quick(mut self) -> Self {
        self.is_quick = true;
        self
    }

    /// A row that is drilled no more than so many times as fast.
    pub(crate) const fn at_most(mut self, times: u32) -> Self {
        self.fastest = times;
        self
    }

    /// What one look does not show.
    pub(crate) const fn unseen(mut self) -> Self {
        self.is_seen = false;
        self
    }
}

/// What came of a row.
pub(crate) struct Outcome {
    pub(crate) row: &'static Row,
    scale: Scale,
    told: [usize; 3],
    /// What arrived first of each alert at each receiver.
    arrivals: Vec<String>,
    /// Why the row is not held.
    pub(crate) faults: Vec<String>,
}

impl Outcome {
    /// A row of a table in Markdown.
    pub(crate) fn text(&self) -> String {
        let counts = |counts: [usize; 3]| counts.map(|count| count.to_string()).join("/");
        let verdict = if self.faults.is_empty() {
            "held".to_owned()
        } else {
            format!("**NOT HELD**: {}", self.faults.join("; "))
        };
        let (wanted, told) = (counts(self.row.told), counts(self.told));
        let (name, times, arrivals) = (self.row.name, self.scale.factor(), self.arrivals.join(", "));
        format!("| {name} | {times} | {wanted} | {told} | {arrivals} | {verdict} |")
    }
}

/// The head of the table that [`Outcome::text`] has rows of.
pub(crate) const HEAD: &str = "Seconds after the fault, in the time of the policy, which runs so many times as fast. page/infrastructure/chat.\n\n\
     | fault | times | wanted | told | what arrived | verdict |\n|---|---|---|---|---|---|";

/// Drills a row.
pub(crate) fn drill(row: &'static Row, scale: Scale, is_quick: bool) -> Outcome {
    let scale = scale.at_most(row.fastest);
    let mut outcome = Outcome { row, scale, told: [0; 3], arrivals: Vec::new(), faults: Vec::new() };
    let drilled = catch_unwind(AssertUnwindSafe(|| run(row, scale, is_quick, &mut outcome)));
    if let Err(panic) = drilled {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        outcome.faults.push(text.unwrap_or_default().replace('\n', " "));
    }
    outcome
}

fn run(row: &'static Row, scale: Scale, is_quick: bool, outcome: &mut Outcome) {
    let stack = Stack::start(&row.parts, scale);
    pause(if is_quick { scale.clock(BEFORE / 3) } else { scale.clock(BEFORE) });
    let mut drill = Drill { stack, row, is_quick, broken_at: Instant::now(), healed_at: None, look: None };
    (row.drill)(&mut drill);
    let healed_at = drill.healed_at.unwrap_or_else(Instant::now);
    let most = if is_quick { scale.clock(AFTER).max(SOON) } else { scale.clock(AFTER) };
    let is_over = drill.stack.judges.ends_within(most);
    let told = drill.stack.judges.receivers.told();
    judge(&drill, &told, outcome);
    let seconds = |at: Instant| scale.seconds(at.saturating_duration_since(drill.broken_at));
    let mut end = format!("healed +{}", seconds(healed_at));
    if is_over {
        let last = told.iter().filter(|told| RECEIVERS.contains(&told.receiver.as_str()) && !told.is_firing);
        if let Some(last) = last.map(|told| told.at).max() {
            write!(end, ", all resolved +{}", seconds(last)).unwrap();
        }
    } else {
        outcome.faults.push(format!("it does not end: {:?} fire", drill.stack.judges.firing()));
    }
    outcome.arrivals.push(end);
    if row.is_seen && !is_quick {
        let looked = drill.look.map_or_else(|| Err("it was not looked at".to_owned()), |look| look.end(row));
        match looked {
            Ok(text) => outcome.arrivals.push(text),
            Err(fault) => outcome.faults.push(fault),
        }
    }
}

/// The first time that each alert reached each receiver as firing.
fn firsts(told: &[Told]) -> Vec<&Told> {
    let mut seen = BTreeSet::new();
    let of_us = |told: &&Told| told.is_firing && RECEIVERS.contains(&told.receiver.as_str());
    told.iter().filter(of_us).filter(|told| seen.insert((&told.receiver, &told.labels))).collect()
}

fn counts(told: &[Told]) -> [usize; 3] {
    let firsts = firsts(told);
    RECEIVERS.map(|receiver| firsts.iter().filter(|told| told.receiver == receiver).count())
}

fn judge(drill: &Drill, told: &[Told], outcome: &mut Outcome) {
    let (row, scale) = (drill.row, drill.stack.scale);
    let seconds = |told: &Told| scale.seconds(told.at.saturating_duration_since(drill.broken_at));
    let firsts = firsts(told);
    outcome.told = counts(told);
    outcome.arrivals =
        firsts.iter().map(|told| format!("{} {} +{}", told.receiver, told.name(), seconds(told))).collect();
    let mut fault = |text: String| outcome.faults.push(text);
    if outcome.told != row.told {
        fault("counts".to_owned());
    }
    if firsts.iter().any(|told| told.at < drill.broken_at) {
        fault("told before the fault".to_owned());
    }
    let to = |receiver: &str| firsts.iter().find(|told| told.receiver == receiver).copied();
    let (page, chat) = (to("page"), to("chat"));
    let Some(first) = (if row.told[0] > 0 { page } else { chat }) else { return };
    if !first.name().starts_with(row.cause) || row.told == [0; 3] {
        fault(format!("{} does not name the cause, {}", first.name(), row.cause));
    }
    if !first.annotations.values().any(|text| text.contains(row.says)) {
        fault(format!("{:?} does not say {:?}", first.annotations, row.says));
    }
    if row.told[0] > 0 && row.told[2] > 0 && chat.is_some_and(|chat| chat.at > first.at) {
        fault("the page comes before the chat".to_owned());
    }
    if !drill.is_quick && seconds(first) > row.within {
        fault(format!("later than +{}", row.within));
    }
}
