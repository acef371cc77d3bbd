//! alerts/policy.toml: text in, a [`Policy`] out whose parts fit together.
//!
//! Whether its metrics exist is not known here: [`policy::check`](crate::check) compares it with the catalog.

mod level;
mod signal;

use std::path::Path;

use crate::{Alert, Field, Policy, SHIPPED, Signal, Times, Unit, faults};
use reader::file;
use reader::{ConfigError, Problem};
use reader::{Reader, Table};

use level::Place;

/// The job under which Prometheus scrapes the agent, unless `[thresholds]` says otherwise.
const DEFAULT_JOB: &str = "manometer";

/// The size of a policy in KiB beyond which it is refused.
const FILE_LIMIT: u64 = 1024;

/// Names beyond it do not fit into the lists of Grafana and Alertmanager.
const LONGEST_GROUP: usize = 20;

/// Reads and validates a file.
pub fn load(path: &Path) -> Result<Policy, ConfigError> {
    let text = file::read(path, FILE_LIMIT)
        .map_err(|message| ConfigError::one(path.display().to_string(), Problem::of_file(message)))?;
    parse(&text, path)
}

/// The policy that the agent was built with.
pub fn shipped() -> Result<Policy, ConfigError> {
    parse(SHIPPED, Path::new("alerts/policy.toml"))
}

/// Validates the text of `path`.
pub fn parse(text: &str, path: &Path) -> Result<Policy, ConfigError> {
    // A policy is the same everywhere: it knows no variables.
    let reader = Reader::new(text, path, &|_| None);
    let policy = reader.root().map(|root| read(root, &reader));
    reader.finish(policy)
}

fn read(mut root: Table<'_>, reader: &Reader<'_>) -> Policy {
    let runbooks = read_base(&mut root, "runbooks").unwrap_or_default();
    let dashboards = read_base(&mut root, "dashboards").unwrap_or_default();
    let tables = root.tables("alert");
    if tables.is_empty() {
        root.problem(None, "alert", None, "is missing; write an [[alert]] with name, signal and levels");
    }
    let places: Vec<(Option<usize>, String)> = tables.iter().map(|table| (table.line, table.key(""))).collect();
    let alerts: Vec<Alert> = tables.into_iter().map(read_alert).collect();
    for (at, alert) in alerts.iter().enumerate() {
        let (line, path) = &places[at];
        let problem = |key: &str, value: &str, message: String| {
            reader.problem(Problem::of_key(*line, format!("{path}.{key}"), Some(format!("{value:?}")), message));
        };
        if !alert.name.is_empty() && alerts[..at].iter().any(|other| other.name == alert.name) {
            problem("name", &alert.name, "another alert has this name; names must differ".to_owned());
        }
        for pattern in &alert.inhibits {
            let mut alone = alert.clone();
            alone.inhibits = vec![pattern.clone()];
            if !alone.silences_itself() && !alerts.iter().any(|other| alone.silences(&other.name)) {
                problem("inhibits", pattern, unknown(pattern, alerts.iter().map(|alert| alert.name.as_str())));
            }
        }
    }
    root.finish();
    Policy {
        job: DEFAULT_JOB.to_owned(),
        runbooks,
        external_url: String::new(),
        dashboards,
        times: Times::default(),
        alerts,
    }
}

/// Where links begin: `https://...`, or nothing.
pub(super) fn read_base(table: &mut Table<'_>, key: &'static str) -> Option<String> {
    let (line, base) = table.string_at(key)?;
    if base.is_empty() || base.starts_with("https://") || base.starts_with("http://") {
        return Some(base);
    }
    table.wrong(line, key, &base, "is not an address; write one like \"https://example.org/\"");
    None
}

/// What to say of a name that no alert has, with the one that was meant.
pub(super) fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    match reader::nearest(known, name) {
        Some(nearest) => format!("no alert has this name; did you mean {nearest}?"),
        None => "no alert has this name; docs/ALERTS.md lists them".to_owned(),
    }
}

fn read_alert(mut table: Table<'_>) -> Alert {
    let name = required(&mut table, "name", "name the alert like \"RedisMemoryHigh\"");
    let group = required(&mut table, "group", "name the group of rules that it is in");
    if group.len() > LONGEST_GROUP || !(group.is_empty() || is_slug(&group)) {
        let message =
            format!("is not a valid name for a group; use small letters, digits and -, at most {LONGEST_GROUP}");
        table.problem(None, "group", Some(format!("{group:?}")), message);
    }
    let summary = required(&mut table, "summary", "say in one sentence what is wrong");
    let description = required(&mut table, "description", "say with the numbers what is wrong");
    let panel = required(&mut table, "panel", "name the panel that plots what it compares, like \"redis.memory\"");
    if !(panel.is_empty() || panel.split_once('.').is_some_and(|(board, panel)| is_slug(board) && is_slug(panel))) {
        let message = "is not a panel; write dashboard.panel in small letters, like \"redis.memory\"";
        table.problem(None, "panel", Some(format!("{panel:?}")), message);
    }
    let unit = read_unit(&mut table);
    let signal = read_signal(&mut table);
    let inhibits = table.strings("inhibits").into_iter().map(|(_, pattern)| pattern).collect();
    let tables = table.tables("level");
    if tables.is_empty() {
        table.problem(None, "level", None, "is missing; write an [[alert.level]] with severity and number");
    }
    let (levels, places): (Vec<_>, Vec<Place>) =
        tables.into_iter().filter_map(|table| level::read(table, signal.as_ref(), unit)).unzip();
    let alert = Alert { name, group, summary, description, panel, inhibits, levels };
    report_levels(&table, &alert, &places);
    table.finish();
    alert
}

/// Reports what does not fit among the levels of one alert.
fn report_levels(table: &Table<'_>, alert: &Alert, places: &[Place]) {
    for (at, level) in alert.levels.iter().enumerate() {
        let same = |other: &&crate::Level| (other.severity, &other.condition) == (level.severity, &level.condition);
        if alert.levels[..at].iter().any(|other| same(&other)) {
            let message = "another level has this severity and condition; set condition to tell them apart";
            places[at].problem(table, "severity", Some(format!("{:?}", level.severity.as_str())), message);
        }
    }
    for fault in faults(alert) {
        let place = &places[fault.level];
        let key = if fault.field == Field::Fire { place.fire } else { "resolve" };
        place.problem(table, key, Some(fault.value.to_string()), fault.message);
    }
}

fn read_unit(table: &mut Table<'_>) -> Option<Unit> {
    let (line, name) = table.string_at("unit")?;
    let unit = Unit::ALL.into_iter().find(|unit| unit.as_str() == name);
    if unit.is_none() {
        let names = Unit::ALL.map(Unit::as_str).join(", ");
        table.wrong(line, "unit", &name, format!("is not a unit; there are {names}"));
    }
    // The problem is reported: with some unit the level is read, and no other problem follows from this one.
    Some(unit.unwrap_or(Unit::Count))
}

fn read_signal(table: &mut Table<'_>) -> Option<Signal> {
    if !table.has("signal") {
        return None;
    }
    let problems = table.problem_count();
    let mut table = table.table("signal");
    // That it is not a table has been reported.
    if table.problem_count() > problems {
        return None;
    }
    let signal = signal::read(&mut table);
    table.finish();
    signal
}

/// A text that must be there.
fn required(table: &mut Table<'_>, key: &'static str, fix: &str) -> String {
    let is_there = table.has(key);
    let text = table.string(key).unwrap_or_default();
    if !is_there {
        table.problem(None, key, None, format!("is missing; {fix}"));
    }
    text
}

fn is_slug(text: &str) -> bool {
    text.starts_with(|char: char| char.is_ascii_lowercase())
        && !text.ends_with('-')
        && text.chars().all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-')
}

#[cfg(test)]
mod tests;
