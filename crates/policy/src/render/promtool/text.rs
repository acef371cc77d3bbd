//! The text of a test file.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use super::cases::{Case, Check};
use super::course::{simulate, simulate_open};
use super::expect;
use super::world::World;
use crate::evaluate::{Active, Label};
use crate::render::HEADER;
use crate::render::promql::INHIBITOR;
use crate::render::rules::{CAUSES, Rule, RuleFile};
use crate::render::yaml::Yaml;
use crate::{Alert, DEPENDS_ON, Policy, Signal, duration as time};

/// Said of the step before a change.
const NOT_YET: &str = "not yet";
const STILL: &str = "still";

/// The whole file of an alert.
pub(super) fn of_alert(
    policy: &Policy,
    rules: &[RuleFile],
    alert: &Alert,
    interval: Duration,
    cases: impl IntoIterator<Item = Case>,
) -> String {
    let is_about = |signal: fn(&Signal) -> bool| alert.levels.iter().any(|level| signal(&level.signal));
    let cases: Vec<Case> = cases.into_iter().collect();
    let courses: Vec<Vec<Vec<Active>>> = cases.iter().map(|case| simulate(policy, &case.world)).collect();
    let beside = courses.iter().flatten().flatten().filter(|active| !is_background(policy, alert, active));
    let active = beside.map(|active| &*policy.alerts[active.alert].group);
    let files = Files {
        thresholds: is_about(|signal| *signal == Signal::Drift),
        causes: is_about(|signal| matches!(signal, Signal::Firing(_))),
        groups: active.chain([&*alert.group]).collect(),
        metrics: cases.iter().flat_map(|case| case.world.metrics()).collect(),
    };
    let tests = cases.iter().zip(&courses).map(|(case, course)| test(policy, alert, case, course)).collect();
    file(rules, interval, &files, tests)
}

/// The files of rules that a test needs: each is evaluated at each step.
#[derive(Debug, Clone)]
pub(super) struct Files<'w> {
    /// The numbers of the policy.
    pub(super) thresholds: bool,
    /// What follows from what.
    pub(super) causes: bool,
    /// The groups of the alert that is tested, and of all that fires beside it.
    pub(super) groups: BTreeSet<&'w str>,
    /// What the tests have series of: of a group that names none of it nothing can come.
    pub(super) metrics: BTreeSet<&'w str>,
}

impl Files<'_> {
    /// Whether anything can come of these rules.
    fn has(&self, file: &RuleFile) -> bool {
        let mut rules = file.groups.iter().flat_map(|group| &group.rules);
        let is_seen = |rule: &Rule| {
            let mut words = rule.expr.split(|letter: char| !letter.is_ascii_alphanumeric() && !"_:".contains(letter));
            // The target's own series are in every test, and in the conditions of most rules.
            words.any(|word| !matches!(word, "up" | DEPENDS_ON) && self.metrics.contains(word))
        };
        self.groups.contains(&*file.name) || rules.any(is_seen)
    }
}

/// A whole file: those of all rules that are tested, and the tests.
pub(super) fn file(rules: &[RuleFile], interval: Duration, wanted: &Files<'_>, tests: Vec<Yaml>) -> String {
    let is_of_thresholds = |file: &RuleFile| file.groups.iter().all(|group| group.name.contains("thresholds"));
    let is_wanted =
        |file: &&RuleFile| if file.name == CAUSES { wanted.causes } else { is_of_thresholds(file) || wanted.has(file) };
    let mut files: Vec<&RuleFile> = rules.iter().filter(is_wanted).collect();
    if wanted.thresholds {
        // What is compared has to be there when it is.
        files.sort_by_key(|file| !is_of_thresholds(file));
    } else {
        // A rule a number: much work, and nothing that another alert is made from.
        files.retain(|file| !is_of_thresholds(file));
    }
    let paths = files.iter().map(|file| Yaml::plain(format!("../{}.rules.yml", file.name)));
    // What is recorded of targets comes first, and then what follows from it.
    let mut groups: Vec<(u8, &str)> = Vec::new();
    for file in &files {
        let place = |name: &str| match (file.name.as_str(), name.rsplit('.').next() == Some("rules")) {
            (CAUSES, _) => 1,
            (_, is_records) => {
                if is_records {
                    0
                } else {
                    2
                }
            }
        };
        groups.extend(file.groups.iter().map(|group| (place(&group.name), group.name.as_str())));
    }
    groups.sort_by_key(|(place, _)| *place);
    let groups = groups.into_iter().map(|(_, name)| Yaml::plain(name));
    Yaml::map([
        ("rule_files", Yaml::List(paths.collect())),
        // Otherwise their order is not known, and what one makes the other has only at the next evaluation.
        ("group_eval_order", Yaml::List(groups.collect())),
        ("evaluation_interval", Yaml::plain(time(interval))),
        ("tests", Yaml::List(tests)),
    ])
    .document(HEADER)
}

/// The series of a test, with their values.
pub(super) fn input(world: &World) -> Yaml {
    let series = world.input_series().into_iter();
    let series =
        series.map(|(series, values)| Yaml::map([("series", Yaml::Quoted(series)), ("values", Yaml::Quoted(values))]));
    Yaml::List(series.collect())
}

/// When a step is looked at.
pub(super) fn eval_time(world: &World, step: usize) -> Yaml {
    Yaml::plain(time(world.interval * u32::try_from(step).unwrap_or(u32::MAX)))
}

/// One test.
fn test(policy: &Policy, alert: &Alert, case: &Case, course: &[Vec<Active>]) -> Yaml {
    let level = &alert.levels[case.level];
    let mut name = format!("{} {}", alert.name, level.severity.as_str());
    if let Some(condition) = &level.condition {
        let _ = write!(name, " ({condition})");
    }
    if let Some(target) = &case.target {
        let _ = write!(name, " of {target}");
    }
    let steps = on_common_ground(steps(policy, alert, case, course), policy, course, &case.world);
    let at = |step| eval_time(&case.world, step);
    let alerts = steps.iter().map(|(step, word)| {
        let firing = course[*step].iter().filter(|active| active.is_firing && is_of(policy, active, &alert.name));
        let firing = firing.map(|active| expected(policy, active)).collect();
        let name = Yaml::plain(&alert.name);
        Yaml::map([("eval_time", at(*step)), ("alertname", name), ("exp_alerts", Yaml::List(firing))]).commented(*word)
    });
    let samples = steps.iter().map(|(step, _)| {
        let active = course[*step].iter().filter(|active| !is_background(policy, alert, active));
        let labels = active.map(|active| Yaml::Quoted(expect::alerts_series(policy, active)));
        let samples = labels.map(|labels| Yaml::map([("labels", labels), ("value", Yaml::plain("1"))])).collect();
        let expr = Yaml::Quoted(everything(policy, alert));
        Yaml::map([("expr", expr), ("eval_time", at(*step)), ("exp_samples", Yaml::List(samples))])
    });
    Yaml::map([
        ("name", Yaml::Quoted(format!("{name}: {}", case.title))),
        ("interval", Yaml::plain(time(case.world.interval))),
        ("input_series", input(&case.world)),
        ("alert_rule_test", Yaml::List(alerts.collect())),
        ("promql_expr_test", Yaml::List(samples.collect())),
    ])
}

/// The steps that are looked at, each with a word on it.
fn steps(policy: &Policy, alert: &Alert, case: &Case, course: &[Vec<Active>]) -> Vec<(usize, &'static str)> {
    let mut steps: Vec<(usize, &'static str)> =
        case.checks.iter().map(|Check { step, word, .. }| (*step, *word)).collect();
    if case.at_changes {
        let firing = |step: usize| -> BTreeSet<&[Label]> {
            let of_level =
                |active: &&Active| active.is_firing && active.level == case.level && is_of(policy, active, &alert.name);
            course[step].iter().filter(of_level).map(|active| &*active.labels).collect()
        };
        for step in 1..course.len() {
            let (before, now) = (firing(step - 1), firing(step));
            if before != now {
                let begins = now.len() > before.len();
                steps.push((step - 1, if begins { NOT_YET } else { STILL }));
                steps.push((step, if begins { "now it fires" } else { "now it is over" }));
            }
        }
    }
    steps
}

/// The steps moved to the next ones, away from a change, at which all versions of Prometheus see the same.
fn on_common_ground(
    mut steps: Vec<(usize, &'static str)>,
    policy: &Policy,
    course: &[Vec<Active>],
    world: &World,
) -> Vec<(usize, &'static str)> {
    // What is compared with the time itself has no window, and is another number a moment later.
    let levels = || policy.alerts.iter().flat_map(|alert| &alert.levels);
    let is_of_time = |signal: &Signal| {
        matches!(signal, Signal::Age(_) | Signal::Until(_))
            && signal.series().iter().any(|series| world.tracks.iter().any(|track| track.metric == series.metric))
    };
    let is_exact = levels().any(|level| is_of_time(&level.signal));
    let open = if is_exact { simulate(policy, world) } else { simulate_open(policy, world) };
    let told = |active: &Active| {
        (expect::alerts_series(policy, active), active.is_firing.then(|| expect::annotations(policy, active)))
    };
    let is_common =
        |step: &usize| course.get(*step).is_some_and(|active| active.iter().map(told).eq(open[*step].iter().map(told)));
    steps.retain_mut(|(step, word)| {
        let is_before = matches!(*word, NOT_YET | STILL);
        let near = (0..3).filter_map(|far| if is_before { step.checked_sub(far) } else { step.checked_add(far) });
        let common = near.into_iter().find(is_common);
        *step = common.unwrap_or_default();
        common.is_some()
    });
    steps.sort_by_key(|(step, _)| *step);
    steps.dedup_by_key(|(step, _)| *step);
    steps
}

fn is_of(policy: &Policy, active: &Active, name: &str) -> bool {
    policy.alerts[active.alert].name == name
}

/// Everything that is pending or fires, but for what does so always, and for what silences others: that has a file of its own.
fn everything(policy: &Policy, alert: &Alert) -> String {
    let others: Vec<&str> = background(policy, alert).chain([INHIBITOR]).collect();
    format!("ALERTS{{alertname!~{:?}}}", others.join("|"))
}

fn is_background(policy: &Policy, alert: &Alert, active: &Active) -> bool {
    background(policy, alert).any(|name| is_of(policy, active, name))
}

fn background<'p>(policy: &'p Policy, alert: &'p Alert) -> impl Iterator<Item = &'p str> {
    let is_always = |alert: &&Alert| alert.levels.iter().all(|level| level.signal == Signal::Always);
    policy.alerts.iter().filter(is_always).map(|alert| alert.name.as_str()).filter(|name| *name != alert.name)
}

/// An alert with its labels and texts.
fn expected(policy: &Policy, active: &Active) -> Yaml {
    let labels = expect::labels(policy, active).into_iter().map(|(name, value)| (name, Yaml::Quoted(value)));
    let annotations = expect::annotations(policy, active).into_iter().map(|(name, value)| (name, Yaml::Quoted(value)));
    Yaml::map([("exp_labels", Yaml::map(labels).inline()), ("exp_annotations", Yaml::map(annotations))])
}
