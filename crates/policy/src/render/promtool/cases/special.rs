//! Alerts that are not about the numbers of a target: about the agent, and about other alerts.

use super::drive::{self, Profile};
use super::numbers::beyond;
use super::{Case, Check, Context, Tried, scraped};
use crate::render::promtool::world::{Labels, Track, World};
use crate::{Level, Severity, Signal, Threshold};

pub(super) fn cases<'p>(context: &Context<'p>, tried: &Tried<'p>) -> Vec<Case> {
    match tried.level.signal {
        Signal::Unreachable => vec![unreachable(context, tried), other_job(context, tried)],
        Signal::Absent => vec![absent(context, tried)],
        Signal::Drift => vec![drifts(context, tried), one_side(context, tried)],
        Signal::Always => {
            let checks = [0, 1].map(|step| Check { step, fires: true, word: "always" });
            vec![tried.case("always", context.world(2, Vec::new()), checks.to_vec(), false)]
        }
        Signal::Firing(severity) => several(context, tried, severity),
        _ => Vec::new(),
    }
}

/// Well, in trouble for too short a time, well, in trouble, well again; and what to look at. `lead` is for how many steps trouble
/// is not seen.
fn course(
    context: &Context<'_>,
    tried: &Tried<'_>,
    (well, trouble): (f64, f64),
    lead: usize,
) -> (Vec<(f64, usize)>, Vec<Check>) {
    let hold = context.steps(tried.numbers.hold) + lead;
    let profile = vec![(well, 2), (trouble, hold), (well, 2), (trouble, hold + 2), (well, 2)];
    let checks = vec![
        Check { step: 1, fires: false, word: "well" },
        Check { step: 1 + hold, fires: false, word: "not for long enough" },
        Check { step: 5 + 2 * hold, fires: true, word: "for long enough" },
        Check { step: 7 + 2 * hold, fires: false, word: "well again" },
    ];
    (profile, checks)
}

fn values(profile: &Profile) -> Vec<f64> {
    profile.iter().flat_map(|(value, steps)| std::iter::repeat_n(*value, *steps)).collect()
}

fn length(profile: &Profile) -> usize {
    profile.iter().map(|(_, steps)| steps).sum()
}

fn unreachable(context: &Context<'_>, tried: &Tried<'_>) -> Case {
    let lead = context.steps(context.policy.times.gap / 2).saturating_sub(1);
    let (profile, checks) = course(context, tried, (1.0, 0.0), lead);
    let tracks = vec![scraped(&context.policy.job, values(&profile))];
    let world = World { interval: context.interval, steps: length(&profile), tracks };
    tried.case("from well to well again", world, checks, true)
}

fn other_job(context: &Context<'_>, tried: &Tried<'_>) -> Case {
    let steps = context.steps(tried.numbers.hold) + 2;
    let other = scraped(&format!("not-{}", context.policy.job), vec![0.0]);
    let checks = vec![Check { step: steps - 1, fires: false, word: "only what is not meant is down" }];
    tried.case("its series are absent", context.world(steps, vec![other]), checks, false)
}

/// There is nothing, then something that cannot be scraped, which is not the same.
fn absent(context: &Context<'_>, tried: &Tried<'_>) -> Case {
    let hold = context.steps(tried.numbers.hold);
    let own = values(&[(f64::NAN, hold + 2), (0.0, 2)]);
    let tracks = [(context.policy.job.clone(), own), (format!("not-{}", context.policy.job), vec![1.0])];
    let tracks = tracks.map(|(job, values)| scraped(&job, values)).to_vec();
    let checks = vec![
        Check { step: hold + 1, fires: true, word: "no agent is configured" },
        Check { step: hold + 3, fires: false, word: "one is, and cannot be scraped" },
    ];
    tried.case("from nothing to something", World { interval: context.interval, steps: hold + 4, tracks }, checks, true)
}

/// An agent with the very numbers of the rules.
fn agent(context: &Context<'_>) -> Vec<Track> {
    let own: Labels = context.up().labels;
    let track = |metric: &str, labels, value| Track { metric: metric.to_owned(), labels, values: vec![value] };
    let number = |threshold: Threshold<'_>| {
        let labels = threshold.labels().into_iter().filter(|(_, value)| !value.is_empty());
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
        track(Threshold::METRIC, own.clone().into_iter().chain(labels).collect(), threshold.value)
    };
    let numbers = context.policy.thresholds().map(number);
    std::iter::once(track(Threshold::AGENTS, own.clone(), 1.0)).chain(numbers).collect()
}

fn drifts(context: &Context<'_>, tried: &Tried<'_>) -> Case {
    let mut tracks = agent(context);
    let is_number = |track: &&mut Track| track.metric == Threshold::METRIC && track.at(0).is_finite();
    let number = tracks.iter().find(|track| is_number(&&mut (*track).clone())).map_or(0.0, |track| track.at(0));
    let (profile, checks) = course(context, tried, (number, number + 1.0), 0);
    tracks.iter_mut().filter(is_number).take(1).for_each(|track| track.values = values(&profile));
    tried.case("from the same number to the same again", context.world(length(&profile), tracks), checks, true)
}

/// A number that only the agent has, and one that only the rules have.
fn one_side(context: &Context<'_>, tried: &Tried<'_>) -> Case {
    let mut tracks = agent(context);
    if let Some(track) = tracks.last_mut() {
        track.labels.insert("alert".to_owned(), "NotInTheRules".to_owned());
    }
    let steps = context.steps(tried.numbers.hold) + 2;
    let checks = vec![Check { step: steps - 1, fires: true, word: "a number on one side only" }];
    tried.case("a number is missing", context.world(steps, tracks), checks, true)
}

/// One target after the other is in trouble of that severity; and as many of another severity.
fn several<'p>(context: &Context<'p>, tried: &Tried<'p>, severity: Severity) -> Vec<Case> {
    let mut cases = Vec::new();
    if let Some(other) = simplest(context, |level| level.severity == severity) {
        cases.push(one_more(context, tried, other));
    }
    if let Some(other) = simplest(context, |level| level.severity != severity) {
        let steps = context.steps(other.hold) + context.steps(tried.numbers.hold) + 3;
        let tracks = (1..=enough(tried)).flat_map(|at| down(context, other, at, &[(0.0, steps)])).collect();
        let checks = vec![Check { step: steps - 1, fires: false, word: "only trouble that does not count" }];
        cases.push(tried.case("its series are absent", context.world(steps, tracks), checks, false));
    }
    cases
}

fn one_more(context: &Context<'_>, tried: &Tried<'_>, other: &Level) -> Case {
    let (enough, first) = (enough(tried), context.steps(other.hold));
    let hold = context.steps(tried.numbers.hold);
    let (quiet, trouble) = (first + hold + 2, first + hold + 2);
    let well = 2 + context.steps(other.keep_firing);
    let steps = quiet + trouble + well;
    let mut tracks: Vec<Track> = (1..enough).flat_map(|at| down(context, other, at, &[(0.0, steps)])).collect();
    tracks.extend(down(context, other, enough, &[(1.0, quiet), (0.0, trouble), (1.0, well)]));
    let checks = vec![
        Check { step: quiet - 1, fires: false, word: "one target too few" },
        Check { step: quiet + trouble - 1, fires: true, word: "enough of them" },
        Check { step: steps - 1, fires: false, word: "one is well again" },
    ];
    tried.case("one target more, one less", context.world(steps, tracks), checks, true)
}

fn enough(tried: &Tried<'_>) -> usize {
    let number = beyond(tried.numbers.compare, tried.numbers.fire, &tried.level.signal).ceil();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number of targets")]
    let number = number.max(1.0) as usize;
    number
}

fn down(context: &Context<'_>, level: &Level, at: usize, profile: &Profile) -> Vec<Track> {
    drive::tracks(context, &level.signal, profile, &context.subject(&format!("target-{at}")))
}

/// A level of a kind that one series makes fire.
fn simplest<'p>(context: &Context<'p>, wanted: impl Fn(&Level) -> bool) -> Option<&'p Level> {
    let mut levels = context.policy.alerts.iter().flat_map(|alert| &alert.levels);
    levels.find(|level| {
        matches!(level.signal, Signal::Down(_)) && level.guards.is_empty() && level.scopes.is_empty() && wanted(level)
    })
}
