//! `[host]`: the machine that the agent runs on.

use std::time::Duration;

use clap::ValueEnum;
use serde::Serialize;

use reader::Table;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_hours(24);

/// The name of the target unless the configuration says otherwise: there is one machine.
pub(super) const DEFAULT_NAME: &str = "host";

/// Names of processes: all that run are held against each of them.
const MAX_PROCESSES: usize = 32;

/// A validated `[host]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HostTarget {
    /// The `target` label.
    pub name: String,
    /// Whether it is watched.
    pub when: HostWhen,
    /// Time from the start of one poll to the next.
    #[serde(serialize_with = "reader::duration")]
    pub interval: Duration,
    /// The most that a poll may take.
    #[serde(serialize_with = "reader::duration")]
    pub deadline: Duration,
    /// Names of processes whose limits of open files are shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub processes: Vec<String>,
    /// Samples beyond it are left out and counted.
    pub series_limit: usize,
}

/// When the host is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum HostWhen {
    /// Unless `node_exporter` runs beside the agent: the same series twice help nobody.
    Auto,
    /// In any case.
    Always,
}

/// Reads `[host]`.
pub(super) fn read(mut table: Table<'_>) -> HostTarget {
    let name = if table.has("name") { super::read_name(&mut table) } else { DEFAULT_NAME.to_owned() };
    let when = table.choice("when").unwrap_or(HostWhen::Auto);
    let interval = table.duration("interval", SECOND..=DAY).unwrap_or(15 * SECOND);
    let deadline = super::read_deadline(&mut table, interval, 5 * SECOND);
    let processes = read_processes(&mut table);
    let series_limit = table.integer("series_limit", 100..=10_000_000).unwrap_or(2_000);
    table.finish();
    HostTarget { name, when, interval, deadline, processes, series_limit }
}

fn read_processes(table: &mut Table<'_>) -> Vec<String> {
    let key = "processes";
    let mut processes: Vec<String> = Vec::new();
    for (line, name) in table.strings(key) {
        let problem = if name.is_empty() {
            "must not be empty; write the name of a program"
        } else if name.contains('/') {
            "is a path; write the name of the program alone"
        } else if processes.contains(&name) {
            "stands twice; keep one of the two"
        } else {
            processes.push(name);
            continue;
        };
        table.problem(Some(line), key, Some(format!("{name:?}")), problem);
    }
    if processes.len() > MAX_PROCESSES {
        table.problem(None, key, None, format!("names {} processes; {MAX_PROCESSES} are the most", processes.len()));
    }
    processes
}
