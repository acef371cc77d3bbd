//! Samples that are missing: for a while, for too long, for good; and a counter that begins anew while it rises.

use super::drive;
use super::guards::{self, add_guards};
use super::numbers::readable;
use super::{Case, Check, Context, Tried, forecast};
use crate::Signal;
use crate::evaluate::Sample;
use crate::render::promtool::world::Track;

/// What is seen of the signal's series for some steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Samples,
    Nothing,
    /// That they end, and nothing more.
    End,
}

/// Some steps, and whether the alert fires at the last one.
type Phase = (Seen, usize, Option<(bool, &'static str)>);

pub(super) fn cases(context: &Context<'_>, tried: &Tried<'_>) -> Vec<Case> {
    match &tried.level.signal {
        Signal::Down(series) if series.while_watched => vec![unscraped(context, tried)],
        Signal::Increase { .. } => vec![counted(context, tried), restarted(context, tried)],
        Signal::Rate { .. } => vec![interrupted(context, tried), restarted(context, tried)],
        _ => vec![interrupted(context, tried)],
    }
}

/// The number of steps until it fires, if it is beyond its number all the time.
fn until_firing(context: &Context<'_>, tried: &Tried<'_>) -> usize {
    let window = tried.level.signal.window().map_or(0, |window| context.steps(window));
    window + guards::growth(context, tried.level).0 + context.steps(tried.numbers.hold) + 3
}

/// It fires all the time, but for its samples.
fn interrupted(context: &Context<'_>, tried: &Tried<'_>) -> Case {
    let (level, signal) = (tried.level, &tried.level.signal);
    let (hold, keep) = (context.steps(tried.numbers.hold), context.steps(level.keep_firing));
    // What has a window and no value of its own is what the samples in the window make it.
    let window = signal.window().filter(|_| !matches!(signal, Signal::Forecast { .. }));
    let of_window = window.map(|window| context.steps(window));
    let has_value = of_window.is_none();
    // Not exactly as long as a sample counts: versions of Prometheus differ in that.
    let gap = context.steps(context.policy.times.gap);
    let (still, gone) = (gap - 1, gap + 1);
    let firing = until_firing(context, tried);
    let anew = if hold == 0 && has_value { (true, "seen again") } else { (false, "seen again, not for long enough") };
    let phases: [Phase; 7] = [
        (Seen::Samples, firing, Some((true, "just beyond it"))),
        (Seen::Nothing, if has_value { still } else { 2 }, has_value.then_some((true, "nothing seen for a while"))),
        (Seen::Samples, 2, has_value.then_some((true, "seen again in time"))),
        (Seen::Nothing, gone + keep + of_window.unwrap_or_default(), Some((false, "nothing seen for too long"))),
        (Seen::Samples, 1, Some(anew)),
        (Seen::Samples, firing, Some((true, "seen for long enough"))),
        (Seen::End, 1 + keep + of_window.unwrap_or_default() + gone, Some((false, "its series has ended"))),
    ];
    let steps = phases.iter().map(|(_, steps, _)| steps).sum();
    let subject = context.subject(&tried.targets().0);
    let mut tracks = if let Signal::Forecast { .. } = signal {
        forecast::tracks(context, tried, &subject, steps)
    } else {
        let profile = [(tried.numbers.short(), 1), (tried.numbers.beyond(signal), steps - 1)];
        let mut tracks = drive::tracks(context, signal, &profile, &subject);
        add_guards(context, &mut tracks, level, &subject, steps, None);
        tracks
    };
    let checks = see(&mut tracks, signal, &phases);
    tried.case("its samples are missing", context.world(steps, tracks), checks, !has_value)
}

/// Scrapes fail, and end its series: it goes on. Then its target is watched no more: it ends, also where it was about to fire.
fn unscraped(context: &Context<'_>, tried: &Tried<'_>) -> Case {
    let (hold, keep) = (context.steps(tried.numbers.hold), context.steps(tried.level.keep_firing));
    let (firing, still) = (until_firing(context, tried), context.steps(context.policy.times.gap) - 1);
    let begun = (hold / 2).max(1);
    let phases: [Phase; 7] = [
        (Seen::Samples, begun, Some((false, "not for long enough"))),
        (Seen::End, firing, Some((false, "watched no more before it fires"))),
        (Seen::Samples, firing, Some((true, "down again"))),
        (Seen::End, still, Some((true, "scrapes fail for a while"))),
        (Seen::Samples, 2, Some((true, "seen again in time"))),
        (Seen::End, still + keep + 3, Some((false, "scrapes fail for too long"))),
        (Seen::Samples, firing, Some((true, "seen for long enough"))),
    ];
    let steps: Vec<usize> = phases.iter().map(|(_, steps, _)| *steps).collect();
    let all = steps.iter().sum();
    let profile = [(tried.numbers.beyond(&tried.level.signal), all)];
    let subject = context.subject(&tried.targets().0);
    let mut tracks = drive::tracks(context, &tried.level.signal, &profile, &subject);
    add_guards(context, &mut tracks, tried.level, &subject, all, None);
    let checks = see(&mut tracks, &tried.level.signal, &phases);
    let scrapes = [(1.0, steps[..3].iter().sum()), (0.0, steps[3]), (1.0, steps[4]), (0.0, steps[5]), (1.0, steps[6])];
    let scrapes = scrapes.into_iter().flat_map(|(up, steps): (f64, usize)| std::iter::repeat_n(up, steps));
    let mut world = context.world(all, tracks);
    world.tracks[0].values = scrapes.collect();
    tried.case("scrapes fail, and its target is watched no more", world, checks, false)
}

/// A counter rises while nothing is seen of it, and again before its series ends.
fn counted(context: &Context<'_>, tried: &Tried<'_>) -> Case {
    let signal = &tried.level.signal;
    let window = signal.window().map_or(1, |window| context.steps(window));
    let (hold, keep) = (context.steps(tried.numbers.hold), context.steps(tried.level.keep_firing));
    let (quiet, over) = (window + 1, window + keep + 2);
    let is_in_sight = hold + 3 < window;
    let phases: [Phase; 7] = [
        (Seen::Samples, quiet, Some((false, "nothing has happened"))),
        (Seen::Nothing, 2, None),
        (Seen::Samples, hold + 2, Some((true, "it rose while nothing was seen"))),
        (Seen::Samples, over, Some((false, "resolved"))),
        (Seen::Samples, hold + 2, Some((true, "just beyond it"))),
        (Seen::End, 1, is_in_sight.then_some((true, "its series has ended, after it rose"))),
        (Seen::Nothing, over, Some((false, "nothing is left in the window"))),
    ];
    let steps = phases.iter().map(|(_, steps, _)| steps).sum();
    let beyond = tried.numbers.beyond(signal);
    let profile = [(0.0, quiet), (beyond, hold + 4), (0.0, over), (beyond, hold + 3 + over)];
    let subject = context.subject(&tried.targets().0);
    let mut tracks = drive::tracks(context, signal, &profile, &subject);
    add_guards(context, &mut tracks, tried.level, &subject, steps, None);
    let checks = see(&mut tracks, signal, &phases);
    tried.case("its samples are missing", context.world(steps, tracks), checks, false)
}

/// What a counter rose by before it began anew counts as well as what it rose by since.
fn restarted(context: &Context<'_>, tried: &Tried<'_>) -> Case {
    let signal = &tried.level.signal;
    let beyond = tried.numbers.beyond(signal);
    let (firing, hold) = (until_firing(context, tried), context.steps(tried.numbers.hold));
    let subject = context.subject(&tried.targets().0);
    let is_rate = matches!(signal, Signal::Rate { .. });
    // It rises all the time; or once, by one half before and by the other half after.
    let profile = if is_rate { vec![(beyond, 2 * firing)] } else { vec![(0.0, firing), (beyond / 2.0, 1 + hold)] };
    let steps = profile.iter().map(|(_, steps)| steps).sum::<usize>() + 1;
    let mut tracks = drive::tracks(context, signal, &profile, &subject);
    let begins = firing + 1;
    for track in &mut tracks {
        let rise = readable(track.at(firing) - track.at(if is_rate { firing - 1 } else { 0 }));
        let rest = if is_rate { rise } else { 0.0 };
        track.values.truncate(begins);
        track.values.extend(std::iter::successors(Some(rise), |value| Some(value + rest)).take(steps - begins));
    }
    add_guards(context, &mut tracks, tried.level, &subject, steps, None);
    let mut checks = vec![
        Check { step: begins + hold, fires: true, word: "it rose before and after it began anew" },
        Check { step: steps - 1, fires: true, word: "and goes on" },
    ];
    checks.truncate(if is_rate { 2 } else { 1 });
    tried.case("its counter restarts while it rises", context.world(steps, tracks), checks, false)
}

/// Takes out of the signal's series what is not seen of them, and returns what is to be looked at.
fn see(tracks: &mut [Track], signal: &Signal, phases: &[Phase]) -> Vec<Check> {
    let (mut checks, mut end) = (Vec::new(), 0);
    let is_own = |track: &&mut Track| signal.series().iter().any(|series| series.metric == track.metric);
    let steps: usize = phases.iter().map(|(_, steps, _)| steps).sum();
    for track in tracks.iter_mut().filter(is_own) {
        track.values = (0..steps).map(|step| track.at(step)).collect();
    }
    for &(seen, steps, check) in phases {
        let begin = end;
        end += steps;
        checks.extend(check.map(|(fires, word)| Check { step: end - 1, fires, word }));
        for track in tracks.iter_mut().filter(is_own).filter(|_| seen != Seen::Samples) {
            track.values[begin..end].fill(f64::NAN);
            if seen == Seen::End {
                track.values[begin] = Sample::STALE;
            }
        }
    }
    checks
}
