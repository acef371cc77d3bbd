//! What came of it, as tables in Markdown.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::parts::agent::Agent;
use super::watch::{SLOW, Sampled, Seeing, Violation};
use super::{Done, Options, Show, pages};
use crate::judges::Judges;

/// Memory and files are judged from here on: until then most kinds of acts have come once, and buffers and caches are full.
const WARM: Duration = Duration::from_mins(10);
/// Over so long they are taken together.
const SPAN: Duration = Duration::from_mins(5);
/// By so much memory may grow.
const GROWTH: f64 = 1.05;
/// Scrapers come and go, and a connection more to a target is open now and then.
const FILES: f64 = 3.0;

pub(crate) struct Report {
    options: Options,
    started: Instant,
    done: Vec<Done>,
    seeing: Seeing,
    violations: Vec<Violation>,
    pages: Vec<pages::Page>,
    due: usize,
    silenced: usize,
    told: [usize; 3],
    ends: Vec<String>,
}

impl Report {
    pub(crate) fn new(show: &Show, seeing: Seeing, judges: &Judges, agent: &Agent, ended: Instant) -> Self {
        let told = judges.receivers.told();
        let mut report = Self {
            options: show.options,
            started: show.started,
            done: show.done.lock().unwrap().clone(),
            violations: show.violations.lock().unwrap().clone(),
            pages: pages::pages(&told),
            due: 0,
            silenced: 0,
            told: crate::judges::RECEIVERS.map(|receiver| judges.receivers.ever(receiver).len()),
            ends: agent.ends.clone(),
            seeing,
        };
        let seen = std::mem::take(&mut report.seeing.violations);
        report.violations.extend(seen);
        let verdict = pages::judge(&report.pages, &report.done, show.options.scale, ended);
        (report.due, report.silenced) = (verdict.due, verdict.silenced);
        for (at, text) in verdict.wrong {
            // A page that is missing after half a minute may be on its way.
            let is_late = show.options.is_quick && text.starts_with("no page");
            report.violations.push(Violation { at, text, is_late });
        }
        for end in report.ends.clone().iter().filter(|end| *end != "exit status: 0") {
            report.violation(format!("SIGTERM ends the agent with {end}"));
        }
        // A configuration that is refused is an error, and one of the acts.
        let is_wrong = |line: &&str| {
            line.contains("panicked") || (line.contains("level=error") && !line.contains("reload failed"))
        };
        for line in agent.log().lines().filter(is_wrong) {
            report.violation(format!("the agent's log: {line}"));
        }
        report.judge_growth();
        report.judge_moments();
        report.violations.sort_by_key(|violation| violation.at);
        report
    }

    pub(crate) fn violation(&mut self, text: String) {
        self.violations.push(Violation { at: Instant::now(), text, is_late: false });
    }

    pub(crate) fn holds(&self) -> bool {
        self.violations.iter().all(|violation| violation.is_late)
    }

    /// Of the last process: is there a leak?
    fn judge_growth(&mut self) {
        let Some(last) = self.seeing.samples.last().copied() else {
            return self.violation("nothing was seen".to_owned());
        };
        let of_life: Vec<Sampled> =
            self.seeing.samples.iter().filter(|sample| sample.life == last.life).copied().collect();
        let born = of_life[0].at;
        let between = |from: Instant, until: Instant| {
            of_life.iter().filter(move |sample| sample.at >= from && sample.at <= until).copied()
        };
        let end = last.at;
        if end < born + WARM + 2 * SPAN {
            return;
        }
        let resident = |from, until| median(between(from, until).map(|sample| sample.resident).collect());
        let late = |span: Duration| end.checked_sub(span).unwrap_or(born);
        let (before, after) = (resident(born + WARM, born + WARM + SPAN), resident(late(SPAN), end));
        if after > before * GROWTH {
            self.violation(format!("resident memory grew from {} to {} kB", before / 1024.0, after / 1024.0));
        }
        let files = |from, until| median(between(from, until).map(|sample| sample.files).collect());
        let (before, after) = (files(born, born + WARM), files(late(SPAN / 10), end));
        if after > before + FILES {
            self.violation(format!("open files went from {before} to {after}"));
        }
    }

    /// Of moments the 99th percentile counts, and each that is over it is named.
    fn judge_moments(&mut self) {
        if self.options.is_quick {
            return;
        }
        let took = self.seeing.scrapes.iter().map(|(_, took)| took.as_secs_f64()).collect();
        let slow = quantile(took, 0.99);
        if slow > SLOW.as_secs_f64() {
            self.violation(format!("the 99th percentile of /metrics is {:.0} ms", slow * 1e3));
        }
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let failed = self.violations.iter().filter(|violation| !violation.is_late).count();
        if self.options.is_quick && failed == 0 {
            return text;
        }
        self.acts(&mut text);
        self.seen(&mut text);
        writeln!(text, "\nViolations: {failed}; moments that were late: {}", self.violations.len() - failed).unwrap();
        for violation in &self.violations {
            let at = violation.at.saturating_duration_since(self.started).as_secs_f64();
            let kind = if violation.is_late { "late" } else { "VIOLATION" };
            writeln!(text, "  {kind} at {at:.1} s: {}; {}", violation.text, self.near(violation.at)).unwrap();
        }
        if failed > 0 {
            let (time, seed) = (self.options.time.as_secs(), self.options.seed);
            writeln!(text, "chaos: again by: make chaos TIME={time} SEED={seed}").unwrap();
        }
        text
    }

    /// What went on at a moment, or just had.
    fn near(&self, at: Instant) -> String {
        let slack = Duration::from_secs(10);
        let near = self.done.iter().filter(|act| act.begun <= at && act.healed + slack > at);
        let near: Vec<String> = near
            .map(|act| {
                let since = at.saturating_duration_since(act.begun).as_secs_f64();
                let is_over = if act.healed <= at { ", over" } else { "" };
                format!("{} {} (since {since:.1} s{is_over})", act.part, act.about.name)
            })
            .collect();
        if near.is_empty() { "nothing was going on".to_owned() } else { near.join(", ") }
    }

    fn acts(&self, text: &mut String) {
        text.push_str("\n| act | times | seconds in all | longest | may page by |\n|---|---|---|---|---|\n");
        let mut kinds: BTreeMap<(&str, &str), Vec<&Done>> = BTreeMap::new();
        for act in &self.done {
            kinds.entry((act.part, act.about.name)).or_default().push(act);
        }
        for ((part, name), acts) in kinds {
            let lasted: Vec<u64> =
                acts.iter().map(|act| act.healed.saturating_duration_since(act.begun).as_secs()).collect();
            let (all, longest) = (lasted.iter().sum::<u64>(), lasted.iter().max().unwrap());
            let may = acts[0].about.pages.unwrap_or("-");
            writeln!(text, "| {part}: {name} | {} | {all} | {longest} | {may} |", acts.len()).unwrap();
        }
        writeln!(text, "\n{} acts.", self.done.len()).unwrap();
    }

    fn seen(&self, text: &mut String) {
        let took: Vec<f64> = self.seeing.scrapes.iter().map(|(_, took)| took.as_secs_f64() * 1e3).collect();
        let slow = took.iter().filter(|took| **took > 100.0).count();
        let [p50, p99, most] = [0.5, 0.99, 1.0].map(|part| quantile(took.clone(), part));
        writeln!(
            text,
            "\n/metrics: {} scrapes, p50 {p50:.1} ms, p99 {p99:.1} ms, longest {most:.1} ms, {slow} over 100 ms",
            took.len()
        )
        .unwrap();
        text.push_str("\n| shown as it is after | changes | p50 s | p99 s | longest s |\n|---|---|---|---|---|\n");
        for (name, times) in &self.seeing.reactions {
            let times: Vec<f64> = times.iter().map(Duration::as_secs_f64).collect();
            let [p50, p99, most] = [0.5, 0.99, 1.0].map(|part| quantile(times.clone(), part));
            writeln!(text, "| {name} | {} | {p50:.1} | {p99:.1} | {most:.1} |", times.len()).unwrap();
        }
        text.push_str("\n| quarter | resident kB, p50 | highest | open files, p50 | highest | series |\n|---|---|---|---|---|---|\n");
        for quarter in 0..4 {
            let from = self.started + self.options.time / 4 * quarter;
            let of_it: Vec<&Sampled> = self
                .seeing
                .samples
                .iter()
                .filter(|sample| sample.at >= from && sample.at < from + self.options.time / 4)
                .collect();
            let resident: Vec<f64> = of_it.iter().map(|sample| sample.resident / 1024.0).collect();
            let files: Vec<f64> = of_it.iter().map(|sample| sample.files).collect();
            writeln!(
                text,
                "| {} | {:.0} | {:.0} | {} | {} | {} |",
                quarter + 1,
                median(resident.clone()),
                quantile(resident, 1.0),
                median(files.clone()),
                quantile(files, 1.0),
                of_it.last().map_or(0, |sample| sample.series)
            )
            .unwrap();
        }
        let [page, infrastructure, chat] = self.told;
        writeln!(
            text,
            "\nOf {} acts that last long enough for a page {} are silenced by a cause that is out. {} pages; different alerts told: page {page}, infrastructure {infrastructure}, chat {chat}. SIGTERM: {:?}",
            self.due + self.silenced,
            self.silenced,
            self.pages.len(),
            self.ends
        )
        .unwrap();
        for page in &self.pages {
            let at = page.from.saturating_duration_since(self.started).as_secs_f64();
            let over = page.until.map_or(0.0, |until| until.saturating_duration_since(page.from).as_secs_f64());
            writeln!(text, "  page at {at:.1} s for {over:.0} s: {}; {}", page.name, self.near(page.from)).unwrap();
        }
    }
}

fn median(values: Vec<f64>) -> f64 {
    quantile(values, 0.5)
}

/// The value that so large a part of them does not exceed.
fn quantile(mut values: Vec<f64>, part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a length")]
    let at = (part * last as f64).ceil() as usize;
    values.get(at).copied().unwrap_or_default()
}
