//! All patterns of a configuration, and which of them a container's lines are matched with.

use std::borrow::Cow;

use reader::Names;
use regex::bytes::Regex;

use super::check::compile;
use super::matcher::Matcher;
use super::reading::Capture;
use super::sets::{Known, known};
use super::settings::{FollowSettings, LogPattern, LogStreams};

/// The patterns that are looked for in a container's log, as a bit each. Containers with the same ones share a matcher.
pub type Selection = u128;

/// Patterns that a selection has room for.
const MAX_ALL: usize = Selection::BITS as usize;

/// One pattern, ready to be run.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    pub(super) name: Cow<'static, str>,
    pub(super) text: Cow<'static, str>,
    pub(super) ignore_case: bool,
    pub(super) regex: Regex,
    pub(super) exclude: Option<Regex>,
    pub(super) loud: bool,
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
            regex: compile(known.regex, false).ok()?,
            exclude: known.exclude.map(|exclude| compile(exclude, false)).transpose().ok()?,
            loud: known.loud,
            streams: LogStreams::Both,
            capture: known.capture,
            containers: Names::default(),
        })
    }

    fn of_config(pattern: &LogPattern) -> Option<Self> {
        let regex = compile(&pattern.regex, pattern.ignore_case).ok()?;
        let captures = regex.capture_names().flatten().any(|name| name == "value");
        Some(Self {
            name: pattern.name.clone().into(),
            text: pattern.regex.clone().into(),
            ignore_case: pattern.ignore_case,
            exclude: pattern.exclude.as_ref().map(|text| compile(text, pattern.ignore_case)).transpose().ok()?,
            regex,
            loud: false,
            streams: pattern.stream,
            capture: if captures { Capture::Value } else { Capture::None },
            containers: pattern.containers.clone(),
        })
    }
}

/// All patterns of a configuration: those of its sets, then its own.
#[derive(Debug, Clone, Default)]
pub struct Patterns(Vec<Pattern>);

impl Patterns {
    /// The patterns of a configuration. What does not compile is left out: the configuration's check has reported it.
    #[must_use]
    pub fn new(settings: &FollowSettings) -> Self {
        let mut patterns: Vec<Pattern> = Vec::new();
        let of_sets = settings.sets.iter().flat_map(|set| known(*set)).filter_map(Pattern::of_set);
        for pattern in of_sets.chain(settings.patterns.iter().filter_map(Pattern::of_config)) {
            // A set may be named twice.
            if patterns.len() < MAX_ALL && !patterns.iter().any(|other| other.name == pattern.name) {
                patterns.push(pattern);
            }
        }
        Self(patterns)
    }

    /// The patterns that are looked for in the log of the container of that name.
    #[must_use]
    pub fn select(&self, container: &str) -> Selection {
        let wanted = |pattern: &Pattern| pattern.containers.is_empty() || pattern.containers.matches(container);
        self.0.iter().enumerate().filter(|(_, pattern)| wanted(pattern)).fold(0, |all, (at, _)| all | 1 << at)
    }

    /// The index and name of each pattern of a selection.
    pub fn names(&self, selection: Selection) -> impl Iterator<Item = (usize, &str)> {
        self.selected(selection).map(|(index, pattern)| (index, pattern.name.as_ref()))
    }

    /// The name of a pattern.
    #[must_use]
    pub fn name(&self, index: usize) -> &str {
        self.0.get(index).map_or("", |pattern| pattern.name.as_ref())
    }

    /// The number of patterns.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What matches a line with the patterns of a selection. Those that are too large together find nothing:
    /// the configuration's check has reported it.
    #[must_use]
    pub fn matcher(&self, selection: Selection) -> Matcher {
        Matcher::new(self.selected(selection)).unwrap_or_default()
    }

    pub(super) fn try_matcher_of_all(&self) -> Result<Matcher, regex::Error> {
        Matcher::new(self.selected(Selection::MAX))
    }

    fn selected(&self, selection: Selection) -> impl Iterator<Item = (usize, &Pattern)> {
        self.0.iter().enumerate().filter(move |(index, _)| selection >> index & 1 == 1)
    }
}
