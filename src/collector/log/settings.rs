//! `[[log]]`: logs that are not a container's.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use clap::ValueEnum;
use serde::Serialize;

use super::LogCollector;
use super::glob::PathGlob;
use super::memory::Memory;
use crate::collector::TargetKind;
use crate::config::{Defaults, TargetSettings};
use crate::logpattern::PatternSettings;
use reader::{Names, Problem, Reader, Table};

/// Paths and patterns of paths of one target.
const MAX_PATHS: usize = 64;

/// Units of one target: each has a journalctl of its own.
const MAX_UNITS: usize = 16;

/// A validated `[[log]]`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogTarget {
    /// What every target has.
    #[serde(flatten)]
    pub common: TargetSettings,
    /// Files, by their paths or patterns of paths.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<PathGlob>,
    /// Of those, the ones that are not read, by the name of the file or the whole path.
    #[serde(skip_serializing_if = "Names::is_empty")]
    pub exclude: Names,
    /// systemd units whose part of the journal is read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<String>,
    /// Whether the agent's standard input is read.
    pub stdin: bool,
    /// Where a log begins of which nothing is known.
    pub from: Beginning,
    /// Files that are read at the same time.
    pub max_files: usize,
    /// Lines a second that are read of one log in the long run; beyond it reading pauses.
    pub lines_per_second: u32,
    /// Lines that are read at once before that holds.
    pub burst: u32,
    /// What is looked for.
    #[serde(flatten)]
    pub patterns: PatternSettings,
}

/// Where a log begins of which nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Beginning {
    /// At its end: what was written before the agent came alarms nobody now.
    End,
    /// At its beginning.
    Start,
}

impl Deref for LogTarget {
    type Target = TargetSettings;

    fn deref(&self) -> &TargetSettings {
        &self.common
    }
}

impl DerefMut for LogTarget {
    fn deref_mut(&mut self) -> &mut TargetSettings {
        &mut self.common
    }
}

impl TargetKind for LogTarget {
    type Collector = LogCollector;

    const TITLE: &'static str = "Logs";
    const INTRO: &'static str = "Of each `[[log]]` target: files, systemd units, standard input. `log` is the path, the \
        unit, or `stdin`. The logs of containers are under Containers.";
    // A hundred files with all ready patterns.
    const DEFAULTS: Defaults = Defaults { series_limit: 10_000, ..Defaults::USUAL };

    fn read(common: TargetSettings, table: &mut Table<'_>, _reader: &Reader<'_>) -> Option<Self> {
        let said = table.problem_count();
        let (files, units) = (read_files(table), read_units(table));
        let stdin = table.boolean("stdin").unwrap_or(false);
        if files.is_empty() && units.is_empty() && !stdin && table.problem_count() == said {
            let message = "is missing, and so are units and stdin; write the paths of the files that are to be read";
            table.problem(None, "files", None, message);
        }
        Some(Self {
            common,
            files,
            exclude: Names::read(table, "exclude"),
            units,
            stdin,
            from: table.choice("from").unwrap_or(Beginning::End),
            max_files: table.integer("max_files", 1..=1_000).unwrap_or(100),
            lines_per_second: table.integer("lines_per_second", 1..=10_000_000).unwrap_or(5_000),
            burst: table.integer("burst", 1..=100_000_000).unwrap_or(20_000),
            patterns: PatternSettings::read(table, false),
        })
    }

    fn check_together(targets: &[(Option<usize>, Self)], reader: &Reader<'_>) {
        let mut with_stdin = targets.iter().filter(|(_, target)| target.stdin);
        let first = with_stdin.next().map(|(_, target)| target.name.as_str()).unwrap_or_default();
        for (line, _) in with_stdin {
            let message = format!("{first:?} reads standard input already; there is only one");
            reader.problem(Problem::of_key(*line, "log.stdin", Some("true".to_owned()), message));
        }
    }

    fn address(&self) -> String {
        let files = self.files.iter().map(PathGlob::text);
        let units = self.units.iter().map(String::as_str);
        files.chain(units).chain(self.stdin.then_some("stdin")).collect::<Vec<_>>().join(", ")
    }

    fn collectors(self) -> impl Fn() -> LogCollector + Send + 'static {
        let memory = Arc::new(Memory::new(self));
        move || LogCollector::new(Arc::clone(&memory))
    }
}

fn read_files(table: &mut Table<'_>) -> Vec<PathGlob> {
    let key = "files";
    let mut files: Vec<PathGlob> = Vec::new();
    for (line, text) in table.strings(key) {
        match PathGlob::parse(&text) {
            Ok(glob) if files.contains(&glob) => {
                table.problem(Some(line), key, Some(format!("{text:?}")), "stands twice; keep one of the two");
            }
            Ok(glob) => files.push(glob),
            Err(message) => table.problem(Some(line), key, Some(format!("{text:?}")), message),
        }
    }
    if files.len() > MAX_PATHS {
        table.problem(None, key, None, format!("names {} paths; {MAX_PATHS} are the most", files.len()));
    }
    files
}

fn read_units(table: &mut Table<'_>) -> Vec<String> {
    let key = "units";
    let mut units: Vec<String> = Vec::new();
    for (line, text) in table.strings(key) {
        let is_sane = !text.is_empty()
            && !text.starts_with('-')
            && text.len() <= 255
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":_.\\@-".contains(&byte));
        // As systemctl completes it.
        let unit = if text.contains('.') { text.clone() } else { format!("{text}.service") };
        let problem = if !is_sane {
            "is not the name of a systemd unit; write it like \"redis-server.service\""
        } else if units.contains(&unit) {
            "stands twice; keep one of the two"
        } else {
            units.push(unit);
            continue;
        };
        table.problem(Some(line), key, Some(format!("{text:?}")), problem);
    }
    if units.len() > MAX_UNITS {
        table.problem(None, key, None, format!("names {} units; {MAX_UNITS} are the most", units.len()));
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collector::parsed;

    fn log(keys: &str) -> LogTarget {
        let [target] = parsed::<LogTarget>(&format!("[[log]]\nname = \"a\"\n{keys}")).try_into().unwrap();
        target
    }

    #[test]
    fn the_least_and_the_most() {
        let least = log("files = \"/var/log/redis/*.log\"\n");
        assert_eq!((least.files.len(), least.stdin, least.from, least.max_files), (1, false, Beginning::End, 100));
        assert_eq!(least.patterns, PatternSettings::default());
        assert_eq!(least.address(), "/var/log/redis/*.log");
        let most = log(
            "files = [\"/a\", \"/b\"]\nexclude = \"*.old\"\nunits = [\"redis\", \"valkey.service\"]\nstdin = true\nfrom = \"start\"\n\
             sets = [\"pool\"]\n[[log.pattern]]\nname = \"p\"\nregex = \"x\"\ncount = \"lines\"\n[[log.event]]\nstart = \"line\"\n",
        );
        assert_eq!(most.units, ["redis.service", "valkey.service"]);
        assert_eq!(most.address(), "/a, /b, redis.service, valkey.service, stdin");
        assert_eq!((most.patterns.patterns.len(), most.patterns.events.len(), most.from), (1, 1, Beginning::Start));
    }
}
