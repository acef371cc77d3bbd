//! `[[alert.level]]`: a number, and how long it must be passed.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::ValueEnum as _;

use super::signal;
use crate::{Compare, Guard, Level, Profile, Severity, Signal, Unit};
use reader::Table;

/// The ways to compare, by their keys.
const COMPARES: [(&str, Compare); 4] = [
    ("above", Compare::Above),
    ("below", Compare::Below),
    ("at_least", Compare::AtLeast),
    ("at_most", Compare::AtMost),
];

/// Where a level stands in the file, for what turns out to be wrong when all are read.
pub(super) struct Place {
    path: String,
    line: Option<usize>,
    /// The key of its number.
    pub(super) fire: &'static str,
}

impl Place {
    /// Reports a problem of the level's `key`.
    pub(super) fn problem(&self, table: &Table<'_>, key: &str, value: Option<String>, message: impl Into<String>) {
        table.problem_at(self.line, format!("{}.{key}", self.path), value, message);
    }
}

/// Reads one level; `None` if it is of no use.
pub(super) fn read(
    mut table: Table<'_>,
    signal_of_alert: Option<&Signal>,
    unit_of_alert: Option<Unit>,
) -> Option<(Level, Place)> {
    let severity = read_severity(&mut table);
    let escalation = table.string("escalation");
    let page = table.boolean("page").unwrap_or(true);
    if !page && escalation.is_none() {
        table.problem(
            table.line_of("page"),
            "page",
            Some("false".to_owned()),
            "nobody would be told; set escalation as well",
        );
    }
    let condition = table.string("condition");
    let has_own = table.has("signal");
    let signal = super::read_signal(&mut table).or_else(|| signal_of_alert.filter(|_| !has_own).cloned());
    if signal.is_none() && !has_own {
        table.problem(None, "signal", None, "is missing, here and at the alert; write what is compared");
    }
    let unit = super::read_unit(&mut table).or(unit_of_alert);
    if unit.is_none() {
        table.problem(None, "unit", None, "is missing, here and at the alert; write the unit of the number");
    }
    let compared = read_compare(&mut table, signal.as_ref());
    let resolve = read_resolve(&mut table, signal.as_ref());
    let guards = table.tables("when").into_iter().filter_map(read_guard).collect();
    let lasts = table.has("lasts_while").then(|| table.table("lasts_while")).and_then(read_guard);
    let hold = table.hold("for").unwrap_or(Duration::ZERO);
    let keep_firing = table.hold("keep_firing_for").unwrap_or(Duration::ZERO);
    let source = table.string("source");
    let why = table.string("why");
    let profiles = read_profiles(&mut table, signal.as_ref());
    let (path, line) = (table.key(""), table.line);
    table.finish();
    let (fire_key, compare, fire) = compared?;
    let level = Level {
        severity: severity?,
        escalation,
        page,
        condition,
        signal: signal?,
        unit: unit?,
        compare,
        fire,
        resolve,
        scopes: Vec::new(),
        guards,
        lasts,
        hold,
        keep_firing,
        source,
        why,
        profiles,
    };
    Some((level, Place { path, line, fire: fire_key }))
}

fn read_severity(table: &mut Table<'_>) -> Option<Severity> {
    let Some((line, name)) = table.string_at("severity") else {
        table.problem(None, "severity", None, "is missing; write info, warning or critical");
        return None;
    };
    let severity = Severity::ALL.into_iter().find(|severity| severity.as_str() == name);
    if severity.is_none() {
        let message = "is not a severity; there are info, warning and critical";
        table.wrong(line, "severity", &name, message);
    }
    severity
}

/// How a level or guard compares its signal, and with what.
fn read_compare(table: &mut Table<'_>, signal: Option<&Signal>) -> Option<(&'static str, Compare, f64)> {
    let mut found = Vec::new();
    for (key, compare) in COMPARES {
        let is_there = table.has(key);
        let number = table.number(key);
        if is_there {
            found.push((key, compare, number));
        }
    }
    let state = signal.and_then(Signal::state);
    match (found.as_slice(), state) {
        ([], Some((compare, number))) => Some(("signal", compare, number)),
        ([], None) => {
            // Whether a signal that could not be read needs a number is not known.
            if signal.is_some() {
                table.problem(None, "above", None, "is missing; write above, below, at_least or at_most");
            }
            None
        }
        ([(key, _, number), ..], Some(_)) => {
            table.problem(number.map(|(line, _)| line), key, None, "compares a signal that is not a number; remove it");
            None
        }
        ([(key, compare, number)], None) => Some((key, *compare, (*number)?.1)),
        ([(first, ..), (key, _, number), ..], None) => {
            let message = format!("{first} is set too; keep one of the two");
            table.problem(number.map(|(line, _)| line), key, None, message);
            None
        }
    }
}

fn read_resolve(table: &mut Table<'_>, signal: Option<&Signal>) -> Option<f64> {
    let (line, resolve) = table.number("resolve")?;
    if signal.is_some_and(|signal| signal.state().is_some()) {
        table.problem(Some(line), "resolve", None, "ends a signal that is not a number; remove it");
    }
    Some(resolve)
}

fn read_guard(mut table: Table<'_>) -> Option<Guard> {
    let signal = signal::read(&mut table);
    let compared = read_compare(&mut table, signal.as_ref());
    table.finish();
    let (_, compare, number) = compared?;
    Some(Guard { signal: signal?, compare, number })
}

fn read_profiles(table: &mut Table<'_>, signal: Option<&Signal>) -> BTreeMap<String, f64> {
    let mut profiles = BTreeMap::new();
    for named in table.numbers("profiles") {
        let profile = named.name.as_deref().and_then(|name| Profile::from_str(name, false).ok());
        if profile != Some(Profile::CrossRegion) {
            let message = "is a table of other profiles' numbers; write profiles = { cross-region = 200 }";
            table.problem(Some(named.line), "profiles", named.name.map(|name| format!("{name:?}")), message);
        } else if signal.is_some_and(|signal| signal.state().is_some()) {
            table.problem(
                Some(named.line),
                "profiles",
                None,
                "belongs to a number, which this signal is not; remove it",
            );
        } else {
            profiles.insert(Profile::CrossRegion.as_str().to_owned(), named.value);
        }
    }
    profiles
}
