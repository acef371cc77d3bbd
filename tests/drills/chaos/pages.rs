//! Whether exactly those were called who had to be: each page has an act that explains it, and each act that lasts long enough a
//! page.

use std::time::{Duration, Instant};

use manometer::policy::{Policy, Severity, Signal};

use super::Done;
use super::parts::service::Example;
use crate::scale::Scale;
use crate::support::alertmanager::Told;

/// Until the agent knows, Prometheus has scraped and evaluated, and Alertmanager has told: beside two intervals of the target.
const TELLING: Duration = Duration::from_secs(6);

/// `group_interval` of the rendered routes, in seconds.
const GROUP_INTERVAL: u64 = 300;

/// Prometheus says of an alert for so long that it is over, whatever its intervals are, and Alertmanager keeps its group.
const KEPT: Duration = Duration::from_mins(15);

/// An alert that the receiver of pages heard of, from when it was told that it fires until it was told that it is over.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) alert: String,
    pub(crate) name: String,
    target: String,
    pub(crate) from: Instant,
    pub(crate) until: Option<Instant>,
}

/// What the receiver of pages was told.
pub(crate) fn pages(told: &[Told]) -> Vec<Page> {
    let mut pages: Vec<Page> = Vec::new();
    for told in told.iter().filter(|told| told.receiver == "page") {
        let name = told.name();
        let open = pages.iter_mut().find(|page| page.name == name && page.until.is_none());
        match (open, told.is_firing) {
            (None, true) => {
                let label = |label: &str| told.labels.get(label).cloned().unwrap_or_default();
                let (alert, target) = (label("alertname"), label("target"));
                pages.push(Page { alert, name, target, from: told.at, until: None });
            }
            (Some(page), false) => page.until = Some(told.at),
            _ => {}
        }
    }
    pages
}

/// What came of the acts that last long enough for a page, and what contradicts the policy.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    pub(crate) due: usize,
    pub(crate) silenced: usize,
    pub(crate) wrong: Vec<(Instant, String)>,
}

pub(crate) fn judge(pages: &[Page], done: &[Done], scale: Scale, ended: Instant) -> Judged {
    let policy = scale.policy();
    let mut judged = Judged::default();
    for page in pages {
        if !done.iter().any(|done| explains(done, page, &policy)) {
            judged.wrong.push((page.from, format!("a page that nothing explains: {}", page.name)));
        }
    }
    for act in done {
        let Some(alert) = act.about.pages else { continue };
        let (_, hold, _) = times(&policy, alert);
        let lasted = act.healed.saturating_duration_since(act.begun);
        let needed = hold + act.interval * 2 + TELLING;
        if lasted < needed || act.begun + needed > ended {
            continue;
        }
        if is_silenced(act, alert, pages, done, &policy, scale.clock(GROUP_INTERVAL)) {
            judged.silenced += 1;
            continue;
        }
        judged.due += 1;
        let of_it = |page: &&Page| act.about.may.iter().any(|may| fits(may, &page.alert)) && concerns(act, page);
        let heard: Vec<&Page> = pages.iter().filter(of_it).collect();
        let while_it_lasted = heard
            .iter()
            .filter(|page| page.from < act.healed + TELLING && page.until.is_none_or(|until| until > act.begun));
        if while_it_lasted.count() == 0 {
            judged.wrong.push((
                act.begun,
                format!("no page by {alert}, of {} {} for {} s", act.part, act.about.name, lasted.as_secs()),
            ));
        }
        let begun = heard
            .iter()
            .filter(|page| page.alert == alert && page.from > act.begun && page.from < act.healed + TELLING);
        let begun = begun.count();
        if begun > 1 {
            judged
                .wrong
                .push((act.begun, format!("{begun} pages by {alert}, of one act: {} {}", act.part, act.about.name)));
        }
    }
    judged
}

/// Whether the act is what the page is about.
fn explains(act: &Done, page: &Page, policy: &Policy) -> bool {
    let Some(may) = act.about.may.iter().find(|may| fits(may, &page.alert)) else { return false };
    let (least, most, after) = times(policy, &page.alert);
    let detected = act.interval * 2 + TELLING;
    let lasted = act.healed.saturating_duration_since(act.begun);
    // What is only its consequence has a time of its own.
    let is_long = act.about.pages != Some(*may) || lasted + detected >= least;
    concerns(act, page) && is_long && page.from >= act.begun && page.from <= act.healed + after + most + detected
}

fn concerns(act: &Done, page: &Page) -> bool {
    page.target == act.part || (act.part == super::MAIN && page.target == Example::NAME) || page.target.is_empty()
}

/// Whether a cause that somebody was called for silences what the act would page by, or has not yet ceased to.
fn is_silenced(act: &Done, alert: &str, pages: &[Page], done: &[Done], policy: &Policy, grouped: Duration) -> bool {
    let silences = |page: &Page| {
        let cause = policy.alert(&page.alert).filter(|cause| cause.silences(alert));
        let tail = cause.and_then(|cause| cause.levels.iter().map(|level| policy.times.tail(level)).max());
        let goes_on = |tail| page.until.is_none_or(|until| until + tail + TELLING > act.begun);
        tail.is_some_and(goes_on) && concerns(act, page) && page.from < act.healed + TELLING
    };
    // Of an alert that was there before, Alertmanager tells with the next message of its group. What is over by then is not told.
    let is_short = act.healed < act.begun + times(policy, alert).0 + act.interval * 2 + TELLING + grouped;
    let is_grouped = |page: &Page| {
        let was_over = |until: Instant| until + KEPT > act.begun && until < act.healed + TELLING;
        page.alert == alert && concerns(act, page) && page.from < act.begun && page.until.is_some_and(was_over)
    };
    // A cause silences from when it is seen, whether it lasts long enough for a page or not. What that leaves is told with the
    // group's next message, if it is still so.
    let is_early = |other: &Done| {
        let cause = other.about.pages.and_then(|page| policy.alert(page)).filter(|cause| cause.silences(alert));
        let early = cause.and_then(|cause| cause.levels.iter().filter_map(|level| policy.times.early(level)).max());
        early.is_some_and(|early| {
            let silent = other.begun + early + TELLING;
            other.part == act.part && other.begun < act.healed && silent > act.begun && silent + grouped > act.healed
        })
    };
    // Of what the service stands on, a trouble that was too short for a page silences as well.
    let is_beneath = |other: &Done| {
        act.part == Example::NAME
            && other.part == super::MAIN
            && other.begun < act.healed
            && other.healed + policy.times.tail + TELLING > act.begun
    };
    pages.iter().any(|page| silences(page) || (is_short && is_grouped(page)))
        || done.iter().any(|other| is_beneath(other) || is_early(other))
}

fn fits(pattern: &str, alert: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == alert, |beginning| alert.starts_with(beginning))
}

/// How long an alert waits before it fires, at least and at most, and how long what it is about may lie back while it does.
fn times(policy: &Policy, alert: &str) -> (Duration, Duration, Duration) {
    let levels = policy.alert(alert).into_iter().flat_map(|alert| &alert.levels);
    let critical: Vec<_> = levels.filter(|level| level.severity == Severity::Critical).collect();
    let after = critical
        .iter()
        .map(|level| level.keep_firing + level.signals().filter_map(Signal::window).max().unwrap_or_default());
    let holds = || critical.iter().map(|level| level.hold);
    (holds().min().unwrap_or_default(), holds().max().unwrap_or_default(), after.max().unwrap_or_default())
}
