//! `[host]`: the machine that the agent runs on.

use std::ops::{Deref, DerefMut};

use clap::ValueEnum;
use serde::Serialize;

use super::HostCollector;
use crate::collector::TargetKind;
use crate::config::{Defaults, TargetSettings};
use crate::topology::Role;
use reader::{Reader, Table};

/// Names of processes: all that run are held against each of them.
const MAX_PROCESSES: usize = 32;

/// A validated `[host]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HostTarget {
    /// What every target has.
    #[serde(flatten)]
    pub common: TargetSettings,
    /// Whether it is watched.
    pub when: HostWhen,
    /// Names of processes whose limits of open files are shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub processes: Vec<String>,
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

impl Deref for HostTarget {
    type Target = TargetSettings;

    fn deref(&self) -> &TargetSettings {
        &self.common
    }
}

impl DerefMut for HostTarget {
    fn deref_mut(&mut self) -> &mut TargetSettings {
        &mut self.common
    }
}

impl TargetKind for HostTarget {
    type Collector = HostCollector;

    const TITLE: &'static str = "Host";
    const INTRO: &'static str = "Of `[host]`, under node_exporter's names for the part of them that there is.";
    // There is one machine.
    const ROLE: Role = Role::Machine;
    const DEFAULTS: Defaults = Defaults { only: Some("host"), may_be_container: false, ..Defaults::USUAL };

    fn read(common: TargetSettings, table: &mut Table<'_>, _reader: &Reader<'_>) -> Option<Self> {
        let when = table.choice("when").unwrap_or(HostWhen::Auto);
        Some(Self { common, when, processes: read_processes(table) })
    }

    fn address(&self) -> String {
        "this machine".to_owned()
    }

    fn collectors(self) -> impl Fn() -> HostCollector + Send + 'static {
        move || HostCollector::new(self.clone())
    }
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
