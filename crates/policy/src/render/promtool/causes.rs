//! alerts/tests/CauseInhibitor.test.yml: what each cause silences, and when.
//!
//! The life of each level from which something follows, with a target and a container that stand on it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::cases::{Context, INSTANCE, Tried, timeline};
use super::course::Recorded;
use super::interval;
use super::text::{self, Files};
use super::world::{Labels, Track, World, series};
use crate::evaluate::{Evaluator, Silence};
use crate::render::promql::INHIBITOR;
use crate::render::rules::{CAUSE_FOR, CAUSE_TAIL, RuleFile};
use crate::render::yaml::Yaml;
use crate::render::{Catalog, File};
use crate::{CONTAINER, Cause, DEPENDS_ON, Policy, Threshold, duration};

/// Causes in one test: each evaluates all the rules, whatever is in it.
const AT_A_TIME: usize = 8;

/// The file.
pub(super) fn file(policy: &Policy, catalog: &Catalog, rules: &[RuleFile]) -> File {
    let causes: Vec<Cause<'_>> = policy.causes().collect();
    let shortest = causes.iter().map(|cause| interval(policy, cause.alert)).min().unwrap_or_default();
    let context = Context { policy, catalog, interval: shortest };
    let mut lives: Vec<Life> = causes.into_iter().filter_map(|cause| life(&context, cause)).collect();
    // A test is as long as its longest life.
    lives.sort_by_key(|life| life.world.steps);
    let tests = lives.chunks(AT_A_TIME).map(|lives| test(policy, lives)).collect();
    let metrics = lives.iter().flat_map(|life| life.world.metrics()).collect();
    let files = Files { thresholds: false, causes: true, groups: BTreeSet::new(), metrics };
    let text = text::file(rules, shortest, &files, tests);
    File { path: format!("alerts/tests/{INHIBITOR}.test.yml").into(), text }
}

/// The life of a cause, and what stands on it.
struct Life {
    name: String,
    world: World,
}

fn life(context: &Context<'_>, cause: Cause<'_>) -> Option<Life> {
    let at = cause.alert.levels.iter().position(|level| std::ptr::eq(level, cause.level))?;
    let tried = Tried::of(cause.level, at)?;
    let mut world = timeline::case(context, &tried).world;
    let mut name = format!("{} {}", cause.alert.name, cause.level.severity.as_str());
    name.extend(cause.level.condition.iter().map(|condition| format!(" ({condition})")));
    let element = world.tracks.iter().find(|track| track.labels.contains_key("target"))?;
    let own = |label: &str| element.labels.get(label).cloned().unwrap_or_default();
    let is_container = context.catalog.own_labels(&cause.level.signal).contains(&CONTAINER);
    let of = if is_container { format!("{}/{}", own("target"), own(CONTAINER)) } else { own("target") };
    let job = &context.policy.job;
    world.tracks.extend([("service", ""), ("engine", "service-1")].map(|on| stands_on(job, on, &of)));
    world.steps += World::steps_in(world.interval, context.policy.times.tail) + 3;
    Some(Life { name, world })
}

/// Several lives at the same time, each with targets of its own.
fn test(policy: &Policy, lives: &[Life]) -> Yaml {
    let names: Vec<&str> = lives.iter().map(|life| life.name.as_str()).collect();
    let mut world = World { tracks: Vec::new(), ..lives[0].world.clone() };
    world.steps = lives.iter().map(|life| life.world.steps).max().unwrap_or_default();
    for (number, life) in lives.iter().enumerate() {
        for track in life.world.tracks.iter().map(|track| apart(track, number + 1)) {
            // What is not of a target is the same in all of them.
            if !world.tracks.contains(&track) {
                world.tracks.push(track);
            }
        }
    }
    let samples = Recorded::of(policy, &world);
    let mut evaluator = Evaluator::new(policy);
    let mut courses: BTreeMap<&str, Vec<Vec<String>>> = BTreeMap::new();
    for step in 0..world.steps {
        evaluator.tick(&samples, world.time(step));
        for silence in evaluator.silences() {
            let course = courses.entry(&policy.alerts[silence.cause.0].name);
            course.or_insert_with(|| vec![Vec::new(); world.steps])[step].push(alerts_series(policy, &silence));
        }
    }
    let looks = courses.iter().flat_map(|(alert, course)| changes(course).into_iter().map(move |step| (step, alert)));
    let looks: BTreeSet<(usize, &&str)> = looks.collect();
    let expected = looks.into_iter().map(|(step, alert)| {
        let samples = courses[*alert][step]
            .iter()
            .map(|labels| Yaml::map([("labels", Yaml::Quoted(labels.clone())), ("value", Yaml::plain("1"))]));
        let expr = format!("ALERTS{{alertname={INHIBITOR:?}, alertstate=\"firing\", alert={alert:?}}}");
        Yaml::map([
            ("expr", Yaml::Quoted(expr)),
            ("eval_time", text::eval_time(&world, step)),
            ("exp_samples", Yaml::List(samples.collect())),
        ])
    });
    Yaml::map([
        ("name", Yaml::Quoted(format!("what they silence: {}", names.join(", ")))),
        ("interval", Yaml::plain(duration(world.interval))),
        ("input_series", text::input(&world)),
        ("promql_expr_test", Yaml::List(expected.collect())),
    ])
}

/// The track, of a target with that number.
fn apart(track: &Track, number: usize) -> Track {
    let mut track = track.clone();
    for (label, value) in &mut track.labels {
        if matches!(label.as_str(), "target" | "cause") {
            let (target, container) = value.find('/').map_or((value.as_str(), ""), |slash| value.split_at(slash));
            *value = format!("{target}-{number}{container}");
        }
    }
    track
}

/// The agent says that the element stands on the cause.
fn stands_on(job: &str, (target, container): (&str, &str), cause: &str) -> Track {
    let labels = [("job", job), ("instance", INSTANCE), ("target", target), (CONTAINER, container), ("cause", cause)];
    let labels = labels.into_iter().filter(|(_, value)| !value.is_empty());
    let labels: Labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Track { metric: DEPENDS_ON.to_owned(), labels, values: vec![1.0] }
}

/// The steps before and at which something else is silenced than before.
fn changes(course: &[Vec<String>]) -> Vec<usize> {
    let changes = (1..course.len()).filter(|step| course[*step] != course[step - 1]);
    let mut steps: Vec<usize> = changes.flat_map(|step| [step - 1, step]).collect();
    steps.dedup();
    steps
}

/// The series that Prometheus makes of it.
fn alerts_series(policy: &Policy, silence: &Silence) -> String {
    let (alert, level) = silence.cause;
    let (alert, level) = (&policy.alerts[alert], &policy.alerts[alert].levels[level]);
    let (stage, tail) = if silence.is_firing { ("firing", policy.times.tail(level)) } else { ("seen", Duration::ZERO) };
    let mut labels: Labels =
        silence.element.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let own = [
        ("alertname", INHIBITOR),
        ("alertstate", "firing"),
        ("alert", &alert.name),
        (Threshold::SEVERITY, "none"),
        (Threshold::SEVERITY_OF, level.severity.as_str()),
        ("stage", stage),
        (CAUSE_FOR, &duration(level.hold)),
        (CAUSE_TAIL, &duration(tail)),
    ];
    let condition = level.condition.as_deref().map(|condition| ("condition", condition));
    labels.extend(own.into_iter().chain(condition).map(|(name, value)| (name.to_owned(), value.to_owned())));
    series("ALERTS", &labels)
}
