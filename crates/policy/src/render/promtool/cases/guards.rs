//! Conditions that must hold as well, and those that let an alert go on.

use super::drive;
use super::numbers::{beyond, closest};
use super::{Case, Check, Context, Subject, Tried, forecast};
use crate::render::promtool::world::Track;
use crate::{Guard, Level, Series, Signal};

/// Adds the series of the level's guards. All hold, but for the one at the place `fails`, which just does not.
pub(super) fn add_guards(
    context: &Context<'_>,
    tracks: &mut Vec<Track>,
    level: &Level,
    subject: &Subject,
    steps: usize,
    fails: Option<usize>,
) {
    for (at, guard) in level.guards.iter().enumerate() {
        let value = value(guard, fails == Some(at));
        let is_of = |track: &Track, series: &Series| {
            let has = |(label, values): &(String, Vec<String>)| {
                track.labels.get(label).is_none_or(|value| values.contains(value))
            };
            track.metric == series.metric && series.labels.iter().all(has)
        };
        let is_there = |series: &Series| tracks.iter().any(|track| is_of(track, series));
        match (&guard.signal, guard.signal.series().first()) {
            // What the signal compares must also grow: a slope that is nothing to its size.
            (Signal::Growth { series, .. }, _) if is_there(series) => {
                if let Some(track) = tracks.iter_mut().find(|track| is_of(track, series)) {
                    incline(track, value * context.interval.as_secs_f64(), steps);
                }
            }
            // Whoever made the signal's series has seen to it.
            (_, Some(series)) if is_there(series) => {}
            _ => tracks.extend(drive::tracks(context, &lasting(&guard.signal), &[(value, steps)], subject)),
        }
    }
}

/// The signal of a counter that rises evenly, where it would rise once: it must be so as long as the test lasts.
fn lasting(signal: &Signal) -> Signal {
    match signal {
        Signal::Increase { series, window } => Signal::Rate { series: series.clone(), window: *window, per: *window },
        other => other.clone(),
    }
}

/// A value with which the guard just holds, or just does not.
pub(super) fn value(guard: &Guard, fails: bool) -> f64 {
    if fails {
        closest(guard.compare, guard.number, &guard.signal)
    } else {
        beyond(guard.compare, guard.number, &guard.signal)
    }
}

/// For how many steps a slope that is asked for looks back, and whether one is.
pub(super) fn growth(context: &Context<'_>, level: &Level) -> (usize, bool) {
    let windows = level.guards.iter().filter_map(|guard| match &guard.signal {
        Signal::Growth { series, window } if level.signal.series().contains(&series) => Some(*window),
        _ => None,
    });
    let longest = windows.max();
    (longest.map_or(0, |window| context.steps(window)), longest.is_some())
}

fn incline(track: &mut Track, rise: f64, steps: usize) {
    let mut values: Vec<f64> = Vec::with_capacity(steps);
    for step in 0..steps {
        // Added up, as promtool does it.
        let value = match values.last() {
            Some(last) if track.at(step).to_bits() == track.at(step - 1).to_bits() => last + rise,
            // Never above what it was meant to be.
            _ => track.at(step) - rise * (steps - step) as f64,
        };
        values.push(value);
    }
    track.values = values;
}

/// For each guard: the signal is far enough and the guard is not; another target has the guard without the signal.
pub(super) fn cases(context: &Context<'_>, tried: &Tried<'_>) -> Vec<Case> {
    (0..tried.level.guards.len()).map(|at| case(context, tried, at)).collect()
}

fn case(context: &Context<'_>, tried: &Tried<'_>, fails: usize) -> Case {
    let level = tried.level;
    if matches!(level.signal, Signal::Forecast { .. }) {
        return forecast::guard_case(context, tried, fails);
    }
    let longest = [level.signal.window(), level.guards[fails].signal.window()].into_iter().flatten().max();
    let steps = longest.map_or(0, |window| context.steps(window)) + context.steps(tried.numbers.hold) + 3;
    let (target, other) = tried.targets();
    let mut tracks = Vec::new();
    for (target, value, fails) in
        [(target, tried.numbers.beyond(&level.signal), Some(fails)), (other, tried.numbers.short(), None)]
    {
        let subject = context.subject(&target);
        let mut own = drive::tracks(context, &lasting(&level.signal), &[(value, steps)], &subject);
        add_guards(context, &mut own, level, &subject, steps, fails);
        tracks.extend(own);
    }
    let checks =
        vec![Check { step: steps - 1, fires: false, word: "what must hold as well does not, and does so elsewhere" }];
    tried.case("its condition does not hold", context.world(steps, tracks), checks, false)
}

/// What lets it go on does not make it begin, keeps it when it is back, and ends it.
pub(super) fn lasting_case(context: &Context<'_>, tried: &Tried<'_>, lasts: &Guard) -> Case {
    let level = tried.level;
    let window = level.signal.window().map_or(0, |window| context.steps(window));
    let (hold, keep) = (context.steps(tried.numbers.hold), context.steps(level.keep_firing));
    let back = if matches!(level.signal, Signal::Increase { .. }) { 0.0 } else { tried.numbers.back() };
    let (quiet, trouble, over) = (window + hold + 2, hold + 2, window + keep + 2);
    let profile = [(back, quiet), (tried.numbers.beyond(&level.signal), trouble), (back, over), (back, keep + 2)];
    let fired = quiet + trouble;
    let steps = fired + over + keep + 2;
    let subject = context.subject(&tried.targets().0);
    let mut tracks = drive::tracks(context, &level.signal, &profile, &subject);
    add_guards(context, &mut tracks, level, &subject, steps, None);
    let course = [(value(lasts, false), fired + over), (value(lasts, true), keep + 2)];
    tracks.extend(drive::tracks(context, &lasts.signal, &course, &subject));
    let checks = vec![
        Check { step: quiet - 1, fires: false, word: "what would let it go on does not make it begin" },
        Check { step: fired - 1, fires: true, word: "just beyond it" },
        Check { step: fired + over - 1, fires: true, word: "it goes on" },
        Check { step: steps - 1, fires: false, word: "what let it go on is over" },
    ];
    tried.case("it goes on", context.world(steps, tracks), checks, true)
}
