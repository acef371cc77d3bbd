//! The life of an alert: short of it, pending, firing, held, over.

use super::drive;
use super::guards::{self, add_guards};
use super::numbers::Numbers;
use super::{Case, Check, Context, Tried, forecast};
use crate::render::promtool::world::same;
use crate::{Alert, Scope, Signal};

/// A time in which the signal has one value.
#[derive(Debug, Clone, Copy)]
struct Phase {
    value: f64,
    steps: usize,
    /// Whether the alert fires at its end, and why it is looked at.
    check: Option<(bool, &'static str)>,
}

/// The whole life of the level.
pub(in crate::render::promtool) fn case(context: &Context<'_>, tried: &Tried<'_>) -> Case {
    if matches!(tried.level.signal, Signal::Forecast { .. }) {
        return forecast::case(context, tried);
    }
    let phases = phases(context, tried);
    let profile: Vec<(f64, usize)> = phases.iter().map(|phase| (phase.value, phase.steps)).collect();
    let steps = phases.iter().map(|phase| phase.steps).sum();
    let signal = &tried.level.signal;
    let (target, other) = tried.targets();
    let subject = context.subject(&target);
    let mut tracks = drive::tracks(context, signal, &profile, &subject);
    add_guards(context, &mut tracks, tried.level, &subject, steps, None);

    // One beside it that never gets so far: what one does must not hold the other's alert.
    let mut calm =
        if signal.series().iter().any(|series| context.catalog.labels(&series.metric).len() > series.labels.len()) {
            context.subject(&target)
        } else {
            context.subject(&other)
        };
    calm.number = 2;
    let calm_value = match signal {
        Signal::Increase { .. } => 0.0,
        _ => tried.numbers.held().unwrap_or_else(|| tried.numbers.short()),
    };
    if tried.scope.is_none() {
        let mut beside = drive::tracks(context, signal, &[(calm_value, steps)], &calm);
        add_guards(context, &mut beside, tried.level, &calm, steps, None);
        tracks.extend(beside);
    }

    let mut checks = Vec::new();
    let mut end = 0;
    for phase in &phases {
        end += phase.steps;
        checks.extend(phase.check.map(|(fires, word)| Check { step: end - 1, fires, word }));
    }
    tried.case("from short of it to over again", context.world(steps, tracks), checks, true)
}

/// A target for which the alert is switched off.
pub(super) fn off(context: &Context<'_>, alert: &Alert, at: usize, scope: &Scope) -> Case {
    let level = &alert.levels[at];
    let subject = context.subject(scope.targets.first().map_or("", String::as_str));
    let steps = context.steps(level.hold) + level_window(context, &level.signal) + 3;
    let far = Numbers::of(level, None).map_or(0.0, |numbers| numbers.beyond(&level.signal));
    let mut tracks = drive::tracks(context, &level.signal, &[(0.0, 1), (far, steps)], &subject);
    add_guards(context, &mut tracks, level, &subject, steps + 1, None);
    let checks = vec![Check { step: steps, fires: false, word: "switched off for this target" }];
    let target = scope.targets.first().cloned();
    Case { level: at, target, title: "off", world: context.world(steps + 1, tracks), checks, at_changes: false }
}

fn level_window(context: &Context<'_>, signal: &Signal) -> usize {
    signal.window().map_or(0, |window| context.steps(window))
}

fn phases(context: &Context<'_>, tried: &Tried<'_>) -> Vec<Phase> {
    if let Signal::Increase { window, .. } = tried.level.signal {
        return counted(context, tried, context.steps(window));
    }
    let (level, numbers) = (tried.level, &tried.numbers);
    let hold = context.steps(numbers.hold);
    let window = level_window(context, &level.signal);
    let keep = context.steps(level.keep_firing);
    // Long enough to fire, if it were to.
    let long = window + hold + 2;
    let beyond = numbers.beyond(&level.signal);
    let (slope, grows) = guards::growth(context, level);

    let mut phases = vec![Phase::new(numbers.short(), long, false, "just short of it")];
    if numbers.is_exclusive() && !level.signal.is_inexact() && !same(numbers.fire, numbers.short()) && !grows {
        phases.push(Phase::new(numbers.fire, long, false, "at the number, not beyond it"));
    }
    if hold > 0 {
        phases.push(Phase::new(beyond, hold, false, "beyond it, not for long enough"));
        phases.push(Phase { value: numbers.short(), steps: window + 2, check: None });
    }
    // What must also grow does so by itself once the step to here is out of sight.
    phases.push(Phase::new(beyond, long + 1 + slope, true, "just beyond it"));
    if let Some(held) = numbers.held() {
        phases.push(Phase::new(held, long, true, "held between the two numbers"));
        phases.push(Phase::new(numbers.back(), window + keep + 2, false, "resolved"));
        phases.push(Phase::new(held, long, false, "between the two numbers it does not begin"));
    } else {
        phases.push(Phase::new(numbers.back(), window + keep + 2, false, "resolved"));
    }
    phases
}

/// The value is what a counter rises by at once: it is there until that is out of the window, and over then.
fn counted(context: &Context<'_>, tried: &Tried<'_>, window: usize) -> Vec<Phase> {
    let numbers = &tried.numbers;
    let hold = context.steps(numbers.hold);
    let over = window + context.steps(tried.level.keep_firing) + 2;
    // A window that is not full yet shows more than there was.
    let quiet = |steps| Phase { value: 0.0, steps, check: None };
    let mut phases = vec![quiet(window + 1)];
    let mut event = |value, fires, word| {
        phases.push(Phase::new(value, hold + 2, fires, word));
        phases.push(quiet(over));
    };
    event(numbers.short(), false, "just short of it");
    if numbers.is_exclusive() && !same(numbers.fire, numbers.short()) {
        event(numbers.fire, false, "at the number, not beyond it");
    }
    event(numbers.beyond(&tried.level.signal), true, "just beyond it");
    phases.pop();
    phases.push(Phase::new(0.0, over, false, "resolved"));
    phases
}

impl Phase {
    const fn new(value: f64, steps: usize, fires: bool, word: &'static str) -> Self {
        Self { value, steps, check: Some((fires, word)) }
    }
}
