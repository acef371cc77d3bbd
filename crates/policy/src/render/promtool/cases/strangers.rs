//! Series that are not meant: of another job, with other labels, without a limit, of a process that began anew.

use super::drive;
use super::guards::add_guards;
use super::{Case, Check, Context, Subject, Tried, forecast};
use crate::render::promtool::world::Track;
use crate::{Origin, Signal};

/// The cases in which nothing fires whatever the numbers are.
pub(super) fn cases(context: &Context<'_>, tried: &Tried<'_>) -> Vec<Case> {
    let is_foreign = tried.level.signal.series().iter().any(|series| series.origin == Origin::Foreign);
    // Nobody's job is a stranger's where any will do.
    let mut cases = if is_foreign { Vec::new() } else { vec![absent(context, tried)] };
    match tried.level.signal {
        Signal::Ratio { .. } | Signal::Forecast { .. } => cases.push(without_limit(context, tried)),
        Signal::Rate { .. } | Signal::Increase { .. } => cases.push(restart(context, tried)),
        _ => {}
    }
    cases
}

/// Everything that would make it fire, for a subject: the series, and for how many steps.
fn trouble(context: &Context<'_>, tried: &Tried<'_>, subject: &Subject) -> (Vec<Track>, usize) {
    let level = tried.level;
    let steps = level.signal.window().map_or(0, |window| context.steps(window)) + context.steps(tried.numbers.hold) + 3;
    if let Signal::Forecast { .. } = level.signal {
        return (forecast::tracks(context, tried, subject, steps), steps);
    }
    let short = if matches!(level.signal, Signal::Increase { .. }) { 0.0 } else { tried.numbers.short() };
    let profile = [(short, 1), (tried.numbers.beyond(&level.signal), steps - 1)];
    let mut tracks = drive::tracks(context, &level.signal, &profile, subject);
    add_guards(context, &mut tracks, level, subject, steps, None);
    (tracks, steps)
}

/// Its series are absent; those of another job are there, and those of other labels.
fn absent(context: &Context<'_>, tried: &Tried<'_>) -> Case {
    let (target, other) = tried.targets();
    let mut subject = context.subject(&target);
    subject.job = format!("not-{}", context.policy.job);
    let (mut tracks, steps) = trouble(context, tried, &subject);
    if tried.level.signal.series().iter().any(|series| !series.labels.is_empty()) {
        let mut subject = context.subject(&other);
        subject.is_meant = false;
        tracks.extend(trouble(context, tried, &subject).0);
    }
    let checks = vec![Check { step: steps - 1, fires: false, word: "only series that are not meant" }];
    tried.case("its series are absent", context.world(steps, tracks), checks, false)
}

/// No limit is no ratio: neither where it is 0 nor where it is absent.
fn without_limit(context: &Context<'_>, tried: &Tried<'_>) -> Case {
    let (target, other) = tried.targets();
    let (mut tracks, steps) = trouble(context, tried, &context.subject(&target));
    let (more, _) = trouble(context, tried, &context.subject(&other));
    if let [_, limit] = tried.level.signal.series()[..] {
        for track in &mut tracks {
            if track.metric == limit.metric {
                track.values = vec![0.0];
            }
        }
        tracks.extend(more.into_iter().filter(|track| track.metric != limit.metric));
    }
    let checks = vec![Check { step: steps - 1, fires: false, word: "a limit of 0, and none at all" }];
    tried.case("there is no limit", context.world(steps, tracks), checks, false)
}

/// A counter that falls to 0 has not risen.
fn restart(context: &Context<'_>, tried: &Tried<'_>) -> Case {
    let window = tried.level.signal.window().map_or(1, |window| context.steps(window));
    let steps = 2 * window + context.steps(tried.numbers.hold) + 3;
    let subject = context.subject(&tried.targets().0);
    let values = [vec![1000.0; window], vec![0.0; steps - window]].concat();
    let mut tracks: Vec<Track> =
        tried.level.signal.series().first().map(|series| context.track(series, &subject, values)).into_iter().collect();
    add_guards(context, &mut tracks, tried.level, &subject, steps, None);
    let checks = vec![
        Check { step: window + 1, fires: false, word: "the counter began anew" },
        Check { step: steps - 1, fires: false, word: "and stays at 0" },
    ];
    tried.case("its counter restarts", context.world(steps, tracks), checks, false)
}
