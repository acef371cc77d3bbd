//! One table of `[thresholds]`, and what it makes of its alert.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Override, Setting, keys};
use crate::{
    Alert, Compare, Fault, Field, Level, Over, Policy, Profile, Scope, Severity, Signal, Unit, duration, faults,
};
use reader::{Named, Table};

/// What is looked back at least.
const SHORTEST_WINDOW: Duration = Duration::from_mins(1);

/// What a table says of one level.
#[derive(Debug, Clone, Copy, Default)]
struct Change {
    fire: Option<f64>,
    resolve: Option<f64>,
    hold: Option<Duration>,
    window: Option<Duration>,
}

/// A table that has been read.
pub(super) struct Read {
    shown: Override,
    /// Whether it is for some targets, also where none of the names is one.
    is_scoped: bool,
    /// For each level of the alert.
    changes: Vec<Change>,
    path: String,
    line: Option<usize>,
    /// The line of each key.
    lines: BTreeMap<&'static str, usize>,
}

/// Gives the levels the numbers of a latency profile.
pub(super) fn profile(policy: &mut Policy, profile: Profile) {
    for level in policy.alerts.iter_mut().flat_map(|alert| &mut alert.levels) {
        if let Some(&fire) = level.profiles.get(profile.as_str()) {
            level.resolve = moved(level, fire);
            level.fire = fire;
        }
    }
}

/// Reads one table of an alert.
pub(super) fn read(mut table: Table<'_>, alert: &Alert, targets: &[String]) -> Read {
    let is_scoped = table.has("target");
    let target = read_targets(&mut table, alert, targets);
    let enabled = table.boolean("enabled").unwrap_or(true);
    let mut read = Read {
        shown: Override { target, enabled, settings: BTreeMap::new() },
        is_scoped,
        changes: vec![Change::default(); alert.levels.len()],
        path: table.key(""),
        line: table.line,
        lines: BTreeMap::new(),
    };
    for severity in Severity::ALL {
        let [fire, resolve, hold, window] = keys(severity);
        for key in [fire, resolve, hold, window] {
            if let Some(line) = table.line_of(key) {
                read.lines.insert(key, line);
            }
        }
        let (fires, resolves, holds) = (table.numbers(fire), table.numbers(resolve), table.holds(hold));
        let windows = read_windows(&mut table, window, is_scoped);
        read.take(&table, alert, (severity, fire), fires, Setting::Number, |change, value| change.fire = Some(value));
        let of_resolve = |change: &mut Change, value| change.resolve = Some(value);
        read.take(&table, alert, (severity, resolve), resolves, Setting::Number, of_resolve);
        read.take(&table, alert, (severity, hold), holds, Setting::Time, |change, value| change.hold = Some(value));
        let of_window = |change: &mut Change, value| change.window = Some(value);
        read.take(&table, alert, (severity, window), windows, Setting::Time, of_window);
    }
    table.finish();
    read
}

/// How far levels look back, as far as that can be.
fn read_windows(table: &mut Table<'_>, key: &'static str, is_scoped: bool) -> Vec<Named<Duration>> {
    let mut windows = table.holds(key);
    windows.retain(|Named { line, name, value }| {
        let message = if is_scoped {
            "is one for all targets; write it in the table without target"
        } else if *value < SHORTEST_WINDOW {
            "is too short for a rate over several scrapes; write at least \"1m\""
        } else {
            return true;
        };
        table.problem(Some(*line), key, name.as_ref().map(|name| format!("{name:?}")), message);
        false
    });
    windows
}

fn read_targets(table: &mut Table<'_>, alert: &Alert, targets: &[String]) -> Vec<String> {
    let mut names = Vec::new();
    for (line, name) in table.strings("target") {
        let problem = if !alert.levels.iter().all(|level| level.signal.has_target()) {
            Some(format!("{} is not about one target; remove the key", alert.name))
        } else if !targets.contains(&name) {
            let known = if targets.is_empty() { "none".to_owned() } else { targets.join(", ") };
            Some(format!("no target has this name; there are {known}"))
        } else if names.contains(&name) {
            Some("stands twice; keep one of the two".to_owned())
        } else {
            None
        };
        match problem {
            Some(message) => table.wrong(line, "target", &name, message),
            None => names.push(name),
        }
    }
    names
}

impl Read {
    /// Keeps the values of one key for the levels that they are for.
    fn take<T: Copy>(
        &mut self,
        table: &Table<'_>,
        alert: &Alert,
        (severity, key): (Severity, &'static str),
        values: Vec<Named<T>>,
        setting: impl Fn(T) -> Setting,
        change: impl Fn(&mut Change, T),
    ) {
        let is_window = key.ends_with("_window");
        let is_time = is_window || key.ends_with("_for");
        for Named { name, line, value } in values {
            let mut wanted = match places(alert, severity, name.as_deref(), key, is_time) {
                Ok(wanted) => wanted,
                Err(message) => {
                    table.problem(Some(line), key, name.map(|name| format!("{name:?}")), message);
                    continue;
                }
            };
            wanted.retain(|at| !is_window || alert.levels[*at].signal.window().is_some());
            if wanted.is_empty() {
                table.problem(
                    Some(line),
                    key,
                    None,
                    "compares what is so now and looks back on nothing; remove the key",
                );
                continue;
            }
            if !is_time && wanted.iter().any(|at| alert.levels[*at].compare == Compare::Equal) {
                table.problem(Some(line), key, None, "is a state and has no number; remove the key");
                continue;
            }
            for at in wanted {
                change(&mut self.changes[at], value);
            }
            let shown = &mut self.shown.settings;
            let value = setting(value);
            match (name, shown.get_mut(key)) {
                (None, _) => {
                    shown.insert(key.to_owned(), value);
                }
                (Some(name), Some(Setting::Each(each))) => {
                    each.insert(name, value);
                }
                (Some(name), _) => {
                    shown.insert(key.to_owned(), Setting::Each(BTreeMap::from([(name, value)])));
                }
            }
        }
    }
}

/// The levels that a value is for.
fn places(
    alert: &Alert,
    severity: Severity,
    name: Option<&str>,
    key: &str,
    is_time: bool,
) -> Result<Vec<usize>, String> {
    let levels = || alert.levels.iter().enumerate().filter(|(_, level)| level.severity == severity);
    let all: Vec<usize> = levels().map(|(at, _)| at).collect();
    let conditions: Vec<String> =
        levels().filter_map(|(_, level)| level.condition.as_ref()).map(|condition| format!("{condition:?}")).collect();
    if all.is_empty() {
        let mut words: Vec<&str> = alert.levels.iter().map(|level| level.severity.as_str()).collect();
        words.dedup();
        return Err(format!("{} has no such level; there are {}", alert.name, words.join(", ")));
    }
    match name {
        None if all.len() > 1 && !is_time => Err(format!(
            "has a number for each of {}; write {key} = {{ {} = ... }}",
            conditions.join(", "),
            conditions[0]
        )),
        None => Ok(all),
        Some(_) if conditions.is_empty() => Err(format!("has no conditions; write {key} = ... alone")),
        Some(name) => {
            let found: Vec<usize> =
                levels().filter(|(_, level)| level.condition.as_deref() == Some(name)).map(|(at, _)| at).collect();
            let known = conditions.join(", ");
            if found.is_empty() {
                Err(format!("is not a condition of this alert; there are {known}"))
            } else {
                Ok(found)
            }
        }
    }
}

/// Applies the tables of one alert, reports what does not fit then, and returns what was overridden.
pub(super) fn apply(root: &Table<'_>, alert: &mut Alert, tables: Vec<Read>) -> Vec<Override> {
    let (scoped, general): (Vec<Read>, Vec<Read>) = tables.into_iter().partition(|read| read.is_scoped);
    for second in general.iter().skip(1) {
        let message = "another table has no target either; name the targets, or make one of the two";
        root.problem_at(second.line, second.path.clone(), None, message);
    }
    if let Some(general) = general.first() {
        for (level, change) in alert.levels.iter_mut().zip(&general.changes) {
            (level.fire, level.resolve) = numbers(level, *change);
            level.hold = change.hold.unwrap_or(level.hold);
            if let Some(window) = change.window {
                level.signal.set_window(|_| window);
            }
            report_times(root, general, (level, level.hold), *change);
        }
        if let Some(second) = scoped.first().filter(|_| !general.shown.enabled) {
            let message = format!("{} is off everywhere; remove this table, or enabled = false", alert.name);
            root.problem_at(second.line, second.path.clone(), None, message);
        }
    }
    let mut seen: Vec<&String> = Vec::new();
    for read in &scoped {
        for target in &read.shown.target {
            if seen.contains(&target) {
                let message = "another table of this alert is for this target; keep one of the two";
                root.problem_at(read.line, format!("{}.target", read.path), Some(format!("{target:?}")), message);
            }
            seen.push(target);
        }
        for (level, change) in alert.levels.iter_mut().zip(&read.changes) {
            let (fire, resolve) = numbers(level, *change);
            let hold = change.hold.unwrap_or(level.hold);
            report_times(root, read, (level, hold), *change);
            let fire = read.shown.enabled.then_some(fire);
            level.scopes.push(Scope { targets: read.shown.target.clone(), fire, resolve, hold });
        }
    }
    let faults = faults(alert);
    let has_general = faults.iter().any(|fault| fault.scope.is_none());
    // What is wrong for all is wrong for each, and need not be said again.
    for fault in faults.iter().filter(|fault| fault.scope.is_none() || !has_general) {
        let read = fault.scope.map_or_else(|| general.first(), |scope| scoped.get(scope));
        if let Some(read) = read {
            report(root, read, &alert.levels[fault.level], fault);
        }
    }
    for level in &mut alert.levels {
        let (fire, resolve, hold) = (Some(level.fire), level.resolve, level.hold);
        level.scopes.retain(|scope| (scope.fire, scope.resolve, scope.hold) != (fire, resolve, hold));
    }
    general.into_iter().chain(scoped).map(|read| read.shown).collect()
}

/// Reports a time that leaves a level nothing to fire for: what is short is out of the window before it has held for so long.
fn report_times(root: &Table<'_>, read: &Read, (level, hold): (&Level, Duration), change: Change) {
    let is_of_events = match &level.signal {
        Signal::Rate { .. } | Signal::Increase { .. } | Signal::Ratio { .. } | Signal::Quantile { .. } => true,
        Signal::Over { what, .. } => *what != Over::Mean,
        _ => false,
    };
    let Some(window) = level.signal.window().filter(|window| is_of_events && hold >= *window) else { return };
    let [_, _, of_hold, of_window] = keys(level.severity);
    let (key, value, message) = match (change.window, change.hold) {
        (Some(window), _) => {
            (of_window, window, format!("must be longer than {}, for which it must hold", duration(hold)))
        }
        (None, Some(hold)) => (of_hold, hold, format!("must be less than {}, which it looks back", duration(window))),
        (None, None) => return,
    };
    let message = format!("{message}: what is short would never fire");
    let line = read.lines.get(key).copied().or(read.line);
    root.problem_at(line, format!("{}.{key}", read.path), Some(format!("{:?}", duration(value))), message);
}

fn report(root: &Table<'_>, read: &Read, level: &Level, fault: &Fault) {
    let [fire, resolve, ..] = keys(level.severity);
    let key = if fault.field == Field::Fire { fire } else { resolve };
    let line = read.lines.get(key).copied().or(read.line);
    let mut path = format!("{}.{key}", read.path);
    if let Some(condition) = &level.condition {
        path = format!("{path}.{condition}");
    }
    root.problem_at(line, path, Some(fault.value.to_string()), fault.message.clone());
}

/// The numbers of a level after a change.
fn numbers(level: &Level, change: Change) -> (f64, Option<f64>) {
    let fire = change.fire.unwrap_or(level.fire);
    (fire, change.resolve.or_else(|| moved(level, fire)))
}

/// The number that ends it when it fires at another one: in the same proportion, which is what keeps it from flapping.
#[expect(clippy::float_cmp, reason = "a number that was not changed is the same one")]
fn moved(level: &Level, fire: f64) -> Option<f64> {
    let resolve = level.resolve?;
    if fire == level.fire || level.fire == 0.0 {
        return Some(resolve);
    }
    let exact = resolve / level.fire * fire;
    // Of a part of a whole nothing is above 1: the half of what is left has to do.
    let exact = if level.unit == Unit::Ratio && exact >= 1.0 && fire < 1.0 { f64::midpoint(fire, 1.0) } else { exact };
    let short = format!("{exact:.2e}").parse().unwrap_or(exact);
    Some(if (short < fire) == (exact < fire) && short != fire { short } else { exact })
}
