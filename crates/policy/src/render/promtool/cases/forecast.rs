//! What grows towards a limit. At a steady pace the time that is left passes the number by itself, and exactly.

use super::drive::whole_of;
use super::guards::{add_guards, value};
use super::numbers::readable;
use super::{Case, Check, Context, Subject, Tried};
use crate::render::promtool::world::Track;
use crate::{Guard, Series, Signal};

/// The time that is left at the beginning, by the number.
const SHORT: f64 = 1.04;
const BEYOND: f64 = 0.9;

/// The whole life: it grows, and at last it stops.
pub(super) fn case(context: &Context<'_>, tried: &Tried<'_>) -> Case {
    let Some((series, limit, window)) = parts(tried) else {
        return tried.case("", context.world(0, Vec::new()), Vec::new(), false);
    };
    let interval = context.interval.as_secs_f64();
    let before = steps((SHORT - 1.0) * tried.numbers.fire / interval);
    let growing = before + context.steps(tried.numbers.hold) + 3;
    let after = context.steps(window) + context.steps(tried.level.keep_firing) + 2;
    let subject = context.subject(&tried.targets().0);
    let mut values = ramp(context, tried, SHORT, growing);
    values.extend(std::iter::repeat_n(values.last().copied().unwrap_or_default(), after));
    let mut tracks = pair(context, (series, limit), &subject, values);
    add_guards(context, &mut tracks, tried.level, &subject, growing + after, None);
    let checks = vec![
        Check { step: before.saturating_sub(2), fires: false, word: "just short of it" },
        Check { step: growing - 1, fires: true, word: "just beyond it" },
        Check { step: growing + after - 1, fires: false, word: "it grows no more" },
    ];
    tried.case("from short of it to over again", context.world(growing + after, tracks), checks, true)
}

/// What makes it fire, for so many steps.
pub(super) fn tracks(context: &Context<'_>, tried: &Tried<'_>, subject: &Subject, steps: usize) -> Vec<Track> {
    let Some((series, limit, _)) = parts(tried) else { return Vec::new() };
    let mut tracks = pair(context, (series, limit), subject, ramp(context, tried, BEYOND, steps));
    add_guards(context, &mut tracks, tried.level, subject, steps, None);
    tracks
}

/// It grew fast, and has come to just short of what the guard asks for; another target has that much and does not grow.
pub(super) fn guard_case(context: &Context<'_>, tried: &Tried<'_>, fails: usize) -> Case {
    let (target, other) = tried.targets();
    let guard = &tried.level.guards[fails];
    let mut tracks = Vec::new();
    let mut steps = context.steps(tried.numbers.hold) + 3;
    if let (Some((series, limit, window)), true) = (parts(tried), is_of_same(tried, guard)) {
        let growing = context.steps(window);
        let (size, subject) = (whole_of(series), context.subject(&target));
        let rise = readable(value(guard, true) * size / growing as f64);
        let mut values = cumulate(0.0, rise, growing + 1);
        values.extend(std::iter::repeat_n(readable(value(guard, true) * size), steps));
        steps += growing + 1;
        tracks.extend(pair(context, (series, limit), &subject, values));
        add_guards(context, &mut tracks, tried.level, &subject, steps, Some(fails));
        let flat = vec![readable(value(guard, false) * size)];
        tracks.extend(pair(context, (series, limit), &context.subject(&other), flat));
    } else {
        let subject = context.subject(&target);
        let mut own = self::tracks(context, tried, &subject, steps);
        let of_guard: Vec<&str> = guard.signal.series().iter().map(|series| series.metric.as_str()).collect();
        own.retain(|track| !of_guard.contains(&track.metric.as_str()));
        add_guards(context, &mut own, tried.level, &subject, steps, Some(fails));
        tracks.extend(own);
    }
    let checks =
        vec![Check { step: steps - 1, fires: false, word: "what must hold as well does not, and does so elsewhere" }];
    tried.case("its condition does not hold", context.world(steps, tracks), checks, false)
}

fn parts<'t>(tried: &'t Tried<'_>) -> Option<(&'t Series, &'t Series, std::time::Duration)> {
    match &tried.level.signal {
        Signal::Forecast { series, limit, window, .. } => Some((series, limit, *window)),
        _ => None,
    }
}

fn pair(context: &Context<'_>, (series, limit): (&Series, &Series), subject: &Subject, values: Vec<f64>) -> Vec<Track> {
    vec![context.track(series, subject, values), context.track(limit, subject, vec![whole_of(series)])]
}

/// Grows so that the time that is left is at first so much of the number.
fn ramp(context: &Context<'_>, tried: &Tried<'_>, left: f64, steps: usize) -> Vec<f64> {
    let Some((series, ..)) = parts(tried) else { return Vec::new() };
    let size = whole_of(series);
    let guard = tried.level.guards.iter().find(|guard| is_of_same(tried, guard));
    let first = readable(guard.map_or(0.5, |guard| value(guard, false)) * size);
    let rise = (size - first) / (left * tried.numbers.fire) * context.interval.as_secs_f64();
    cumulate(first, readable(rise), steps)
}

fn cumulate(first: f64, rise: f64, steps: usize) -> Vec<f64> {
    std::iter::successors(Some(first), |value| Some(value + rise)).take(steps).collect()
}

/// Whether the guard is the part of the limit that what grows fills already.
fn is_of_same(tried: &Tried<'_>, guard: &Guard) -> bool {
    matches!((&guard.signal, parts(tried)), (Signal::Ratio { part, .. }, Some((series, ..))) if part == series)
}

fn steps(count: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some hundred steps, rounded up")]
    let steps = count.ceil().max(1.0) as usize;
    steps
}
