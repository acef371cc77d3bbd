//! Log lines that are counted: the patterns of `[docker.logs]` and `[[log]]`, and all else of `[docker.logs]`.

use std::time::Duration;

use clap::ValueEnum;
use serde::Serialize;

use reader::{Names, Table, set};

use super::check::{check_regex, check_together, known_as};
use super::patterns::Patterns;
use super::{MAX_PATTERNS, MAX_REGEX_BYTES};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_hours(24);

/// Bytes of a pattern's name, which is a label.
const MAX_NAME_BYTES: usize = 64;

/// `[docker.logs]`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FollowSettings {
    /// Of the watched containers, those whose logs are followed, by name; all if empty.
    #[serde(skip_serializing_if = "Names::is_empty")]
    pub containers: Names,
    /// Those whose logs are not followed, by name.
    #[serde(skip_serializing_if = "Names::is_empty")]
    pub exclude: Names,
    /// Ready sets of patterns.
    pub sets: Vec<PatternSet>,
    /// Patterns of the configuration's own.
    #[serde(rename = "pattern", skip_serializing_if = "Vec::is_empty")]
    pub patterns: Vec<LogPattern>,
    /// How the events of some containers' logs begin; by the form of the lines where this says nothing.
    #[serde(rename = "event", skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<LogEvents>,
    /// Whether containers with a terminal are followed too: their output has no frames, and stdout and stderr are one.
    pub tty: bool,
    /// Whether the last matching lines are kept and shown, cut and without what looks like a secret.
    pub samples: bool,
    /// Lines a second that are read of one container in the long run; beyond it reading pauses.
    pub lines_per_second: u32,
    /// Lines that are read at once before that holds.
    pub burst: u32,
    /// Logs followed at the same time.
    pub max_followed: usize,
    /// After a longer interruption following begins at now.
    #[serde(serialize_with = "reader::duration")]
    pub max_gap: Duration,
    /// A log in which nothing was written for so long is opened anew.
    #[serde(serialize_with = "reader::duration")]
    pub idle_refresh: Duration,
}

/// What is looked for in the lines of a log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PatternSettings {
    /// Ready sets of patterns.
    pub sets: Vec<PatternSet>,
    /// Patterns of the configuration's own.
    #[serde(rename = "pattern", skip_serializing_if = "Vec::is_empty")]
    pub patterns: Vec<LogPattern>,
    /// How events begin; by the form of the lines where this says nothing.
    #[serde(rename = "event", skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<LogEvents>,
}

/// A ready set of patterns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum PatternSet {
    /// Redis errors and timeouts as services log them.
    Redis,
    /// What a ticker or broadcast service logs of its own flow.
    Ticker,
    /// Connection pools.
    Pool,
}

/// `[[docker.logs.pattern]]`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogPattern {
    /// The `pattern` label.
    pub name: String,
    /// The regular expression; a group named `value` is captured as a number.
    pub regex: String,
    /// A line that this one matches too does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclude: Option<String>,
    /// The streams that are looked at.
    #[serde(skip_serializing_if = "LogStreams::is_both")]
    pub stream: LogStreams,
    /// Whether case is ignored.
    pub ignore_case: bool,
    /// What is counted.
    pub count: LogCount,
    /// Containers whose lines are looked at, by name; all that are followed if empty.
    #[serde(skip_serializing_if = "Names::is_empty")]
    pub containers: Names,
}

impl LogPattern {
    /// A pattern with every other default.
    #[must_use]
    pub fn new(name: impl Into<String>, regex: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            regex: regex.into(),
            exclude: None,
            stream: LogStreams::Both,
            ignore_case: false,
            count: LogCount::Events,
            containers: Names::default(),
        }
    }
}

/// `[[docker.logs.event]]`: how the events of some logs begin.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogEvents {
    /// A line that this regular expression matches begins an event, all others go on; `line` makes an event of each.
    pub start: String,
    /// Containers whose logs are meant, by name; all that are followed if empty.
    #[serde(skip_serializing_if = "Names::is_empty")]
    pub containers: Names,
}

/// What a pattern counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogCount {
    /// Events, each once however many of its lines match.
    #[default]
    Events,
    /// Lines.
    Lines,
}

/// Streams of a container's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogStreams {
    /// Both.
    #[default]
    Both,
    /// Standard output alone.
    Stdout,
    /// Standard error alone.
    Stderr,
}

impl LogStreams {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's form")]
    fn is_both(&self) -> bool {
        *self == Self::Both
    }
}

impl Default for PatternSettings {
    fn default() -> Self {
        Self { sets: PatternSet::value_variants().to_vec(), patterns: Vec::new(), events: Vec::new() }
    }
}

impl PatternSettings {
    /// Reads the keys of a table. With `of_containers` patterns have the keys that only the logs of containers need.
    pub fn read(table: &mut Table<'_>, of_containers: bool) -> Self {
        let mut settings = Self::default();
        if table.has("sets") {
            settings.sets = table.choices("sets");
        }
        settings.patterns = read_patterns(table, &settings.sets, of_containers);
        settings.events = read_events(table, of_containers);
        if table.line.is_some() && settings.sets.is_empty() && settings.patterns.is_empty() {
            let own = if of_containers { "docker.logs.pattern" } else { "log.pattern" };
            let message = format!("is empty, and there is no [[{own}]]; nothing would be looked for");
            table.problem(None, "sets", None, message);
        }
        if let Err(message) = check_together(&Patterns::of(&settings)) {
            table.problem(None, "pattern", None, message);
        }
        settings
    }
}

impl FollowSettings {
    /// Reads the table; `None` without it.
    #[must_use]
    pub fn read(mut table: Table<'_>) -> Option<Self> {
        let present = table.line.is_some();
        let mut settings = Self {
            containers: Names::read(&mut table, "containers"),
            exclude: Names::read(&mut table, "exclude"),
            ..Self::default()
        };
        let PatternSettings { sets, patterns, events } = PatternSettings::read(&mut table, true);
        (settings.sets, settings.patterns, settings.events) = (sets, patterns, events);
        set(&mut settings.tty, table.boolean("tty"));
        set(&mut settings.samples, table.boolean("samples"));
        set(&mut settings.lines_per_second, table.integer("lines_per_second", 1..=10_000_000));
        set(&mut settings.burst, table.integer("burst", 1..=100_000_000));
        set(&mut settings.max_followed, table.integer("max_followed", 1..=1_000));
        set(&mut settings.max_gap, table.duration("max_gap", SECOND..=DAY));
        set(&mut settings.idle_refresh, table.duration("idle_refresh", SECOND..=DAY));
        table.finish();
        present.then_some(settings)
    }
}

impl Default for FollowSettings {
    fn default() -> Self {
        Self {
            containers: Names::default(),
            exclude: Names::default(),
            sets: PatternSet::value_variants().to_vec(),
            patterns: Vec::new(),
            events: Vec::new(),
            tty: false,
            samples: false,
            lines_per_second: 5_000,
            burst: 20_000,
            max_followed: 50,
            max_gap: 300 * SECOND,
            idle_refresh: 600 * SECOND,
        }
    }
}

fn read_patterns(table: &mut Table<'_>, sets: &[PatternSet], of_containers: bool) -> Vec<LogPattern> {
    let tables = table.tables("pattern");
    if tables.len() > MAX_PATTERNS {
        let message = format!("there are {} patterns; {MAX_PATTERNS} are the most", tables.len());
        table.problem(None, "pattern", None, message);
    }
    let mut patterns: Vec<LogPattern> = Vec::new();
    for mut table in tables {
        let Some(pattern) = read_pattern(&mut table, of_containers) else {
            table.finish();
            continue;
        };
        if patterns.iter().any(|other| other.name == pattern.name) {
            let message = "another pattern has this name; names must differ";
            table.problem(None, "name", Some(format!("{:?}", pattern.name)), message);
        } else if known_as(&pattern.name, sets).is_some() {
            let message = "a pattern of the ready sets has this name; rename this one, or leave that set out of sets";
            table.problem(None, "name", Some(format!("{:?}", pattern.name)), message);
        }
        table.finish();
        patterns.push(pattern);
    }
    patterns
}

fn read_pattern(table: &mut Table<'_>, of_containers: bool) -> Option<LogPattern> {
    let name = read_pattern_name(table);
    let ignore_case = table.boolean("ignore_case").unwrap_or(false);
    if !table.has("regex") {
        table.problem(None, "regex", None, "is missing; write the regular expression that a line must match");
    }
    let regex = read_regex(table, "regex", ignore_case);
    let exclude = read_regex(table, "exclude", ignore_case);
    let stream = if of_containers { table.choice("stream") } else { None }.unwrap_or_default();
    let count = table.choice("count").unwrap_or_default();
    let containers = if of_containers { Names::read(table, "containers") } else { Names::default() };
    Some(LogPattern { name: name?, regex: regex?, exclude, stream, ignore_case, count, containers })
}

fn read_events(table: &mut Table<'_>, of_containers: bool) -> Vec<LogEvents> {
    let tables = table.tables("event");
    if tables.len() > MAX_PATTERNS {
        let message = format!("there are {} entries; {MAX_PATTERNS} are the most", tables.len());
        table.problem(None, "event", None, message);
    }
    tables.into_iter().filter_map(|table| read_event(table, of_containers)).collect()
}

fn read_event(mut table: Table<'_>, of_containers: bool) -> Option<LogEvents> {
    if !table.has("start") {
        let message = "is missing; write the regular expression that the first line of an event matches, or \"line\"";
        table.problem(None, "start", None, message);
    }
    let start = read_regex(&mut table, "start", false);
    let containers = if of_containers { Names::read(&mut table, "containers") } else { Names::default() };
    table.finish();
    Some(LogEvents { start: start?, containers })
}

fn read_pattern_name(table: &mut Table<'_>) -> Option<String> {
    let present = table.has("name");
    let Some((line, name)) = table.string_at("name") else {
        if !present {
            table.problem(None, "name", None, "is missing; name the pattern, it becomes the label pattern");
        }
        return None;
    };
    let mut bytes = name.bytes();
    let is_sane = bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && name.len() <= MAX_NAME_BYTES;
    if !is_sane {
        let message = format!("must be a-z, 0-9 and _, a letter first, {MAX_NAME_BYTES} at most");
        table.problem(Some(line), "name", Some(format!("{name:?}")), message);
    }
    is_sane.then_some(name)
}

fn read_regex(table: &mut Table<'_>, key: &'static str, ignore_case: bool) -> Option<String> {
    let (line, text) = table.string_at(key)?;
    match check_regex(&text, ignore_case) {
        Ok(()) => Some(text),
        Err(message) => {
            let shown = (text.len() <= MAX_REGEX_BYTES).then(|| format!("{text:?}"));
            table.problem(Some(line), key, shown, message);
            None
        }
    }
}
