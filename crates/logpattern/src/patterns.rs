//! All patterns of a configuration, and which of them a container's lines are matched with.

use std::borrow::Cow;
use std::sync::Arc;

use reader::Names;
use regex::bytes::Regex;

use super::check::compile;
use super::event::{Events, Start};
use super::matcher::Matcher;
use super::reading::Capture;
use super::sets::{Kind, Known, known};
use super::settings::{FollowSettings, LogCount, LogEvents, LogPattern, LogStreams, PatternSet, PatternSettings};

/// The patterns that are looked for in a container's log, as a bit each. Containers with the same ones share a matcher.
pub type Selection = u128;

/// How a configuration says that each line is an event.
const EACH_LINE: &str = "line";

/// Patterns that a selection has room for.
const MAX_ALL: usize = Selection::BITS as usize;

/// One pattern, ready to be run.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    pub(super) name: Cow<'static, str>,
    pub(super) text: Cow<'static, str>,
    pub(super) ignore_case: bool,
    /// All matchers share it with what it has met, which is larger than itself.
    pub(super) regex: Arc<Regex>,
    pub(super) exclude: Option<Arc<Regex>>,
    /// The second expression, which counts in an event that names Redis.
    of_redis: Option<(&'static str, Arc<Regex>)>,
    pub(super) kind: Kind,
    /// Whether it is one of a ready set.
    pub(super) is_ready: bool,
    pub(super) counts_lines: bool,
    pub(super) streams: LogStreams,
    pub(super) capture: Capture,
    containers: Names,
}

impl Pattern {
    fn of_set(known: &'static Known) -> Option<Self> {
        Some(Self {
            name: known.name.into(),
            text: known.regex.into(),
            ignore_case: false,
            regex: compile(known.regex, false).ok()?.into(),
            exclude: known.exclude.map(|exclude| compile(exclude, false)).transpose().ok()?.map(Arc::new),
            of_redis: match known.of_redis {
                Some(text) => Some((text, compile(text, false).ok()?.into())),
                None => None,
            },
            kind: known.kind,
            is_ready: true,
            counts_lines: false,
            streams: LogStreams::Both,
            capture: known.capture,
            containers: Names::default(),
        })
    }

    fn of_config(pattern: &LogPattern) -> Option<Self> {
        let regex = Arc::new(compile(&pattern.regex, pattern.ignore_case).ok()?);
        let captures = regex.capture_names().flatten().any(|name| name == "value");
        Some(Self {
            name: pattern.name.clone().into(),
            text: pattern.regex.clone().into(),
            ignore_case: pattern.ignore_case,
            exclude: pattern
                .exclude
                .as_ref()
                .map(|text| compile(text, pattern.ignore_case))
                .transpose()
                .ok()?
                .map(Arc::new),
            regex,
            of_redis: None,
            kind: Kind::Plain,
            is_ready: false,
            counts_lines: pattern.count == LogCount::Lines,
            streams: pattern.stream,
            capture: if captures { Capture::Value } else { Capture::None },
            containers: pattern.containers.clone(),
        })
    }
}

impl Pattern {
    /// What is looked for, and whether it counts only in an event that names Redis.
    pub(super) fn expressions(&self) -> impl Iterator<Item = (&str, &Arc<Regex>, bool)> {
        let of_redis = self.of_redis.as_ref().map(|(text, regex)| (*text, regex, true));
        std::iter::once((self.text.as_ref(), &self.regex, false)).chain(of_redis)
    }
}

/// All patterns of a configuration: those of its sets, then its own.
#[derive(Debug, Clone, Default)]
pub struct Patterns {
    all: Vec<Pattern>,
    starts: Vec<(Start, Names)>,
}

impl Patterns {
    /// The patterns of a configuration. What does not compile is left out: the configuration's check has reported it.
    #[must_use]
    pub fn new(settings: &FollowSettings) -> Self {
        Self::from(&settings.sets, &settings.patterns, &settings.events)
    }

    /// The same of a log that is no container's.
    #[must_use]
    pub fn of(settings: &PatternSettings) -> Self {
        Self::from(&settings.sets, &settings.patterns, &settings.events)
    }

    fn from(sets: &[PatternSet], own: &[LogPattern], events: &[LogEvents]) -> Self {
        let mut patterns: Vec<Pattern> = Vec::new();
        let of_sets = sets.iter().flat_map(|set| known(*set)).filter_map(Pattern::of_set);
        for pattern in of_sets.chain(own.iter().filter_map(Pattern::of_config)) {
            // A set may be named twice.
            if patterns.len() < MAX_ALL && !patterns.iter().any(|other| other.name == pattern.name) {
                patterns.push(pattern);
            }
        }
        let start = |text: &str| match text {
            EACH_LINE => Some(Start::Line),
            text => compile(text, false).ok().map(Start::Matching),
        };
        let starts = events.iter().filter_map(|of| Some((start(&of.start)?, of.containers.clone())));
        Self { all: patterns, starts: starts.collect() }
    }

    /// The patterns that are looked for in the log of the container of that name.
    #[must_use]
    pub fn select(&self, container: &str) -> Selection {
        let wanted = |pattern: &Pattern| pattern.containers.is_empty() || pattern.containers.matches(container);
        self.all.iter().enumerate().filter(|(_, pattern)| wanted(pattern)).fold(0, |all, (at, _)| all | 1 << at)
    }

    /// What puts the lines of the container of that name together: the first entry that means it decides.
    #[must_use]
    pub fn events(&self, container: &str) -> Events {
        let found = self.starts.iter().find(|(_, names)| names.is_empty() || names.matches(container));
        Events::new(found.map(|(start, _)| start.clone()).unwrap_or_default())
    }

    /// The part of a line that a pattern matches; `None` if only the whole event makes it match.
    #[must_use]
    pub fn found<'a>(&self, index: usize, line: &'a [u8]) -> Option<&'a [u8]> {
        let pattern = self.all.get(index)?;
        pattern.expressions().find_map(|(_, regex, _)| regex.find(line)).map(|found| found.as_bytes())
    }

    /// The index and name of each pattern of a selection.
    pub fn names(&self, selection: Selection) -> impl Iterator<Item = (usize, &str)> {
        self.selected(selection).map(|(index, pattern)| (index, pattern.name.as_ref()))
    }

    /// The name of a pattern.
    #[must_use]
    pub fn name(&self, index: usize) -> &str {
        self.all.get(index).map_or("", |pattern| pattern.name.as_ref())
    }

    /// The number of patterns.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// What matches a line with the patterns of a selection.
    #[must_use]
    pub fn matcher(&self, selection: Selection) -> Matcher {
        Matcher::new(self.selected(selection))
    }

    /// Every expression with its flags.
    pub(super) fn texts(&self) -> impl Iterator<Item = String> {
        let flag = |pattern: &Pattern| if pattern.ignore_case { "(?i)" } else { "" };
        self.all
            .iter()
            .flat_map(move |pattern| pattern.expressions().map(move |(text, ..)| format!("{}{text}", flag(pattern))))
    }

    fn selected(&self, selection: Selection) -> impl Iterator<Item = (usize, &Pattern)> {
        self.all.iter().enumerate().filter(move |(index, _)| selection >> index & 1 == 1)
    }
}
