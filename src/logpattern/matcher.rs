//! One pass over a line for many patterns.

use regex::bytes::{Regex, RegexSet, RegexSetBuilder};

use super::patterns::Pattern;
use super::reading::{Capture, Reading};
use super::settings::LogStreams;
use super::{Stream, level};

/// Bytes that the patterns of a container may take together when they are compiled.
pub(super) const SIZE_LIMIT: usize = 8 << 20;

/// Bytes that the automaton may keep of what it has met, for each thread that matches.
const CACHE_LIMIT: usize = 2 << 20;

/// A match.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// The pattern's index among those of the configuration.
    pub pattern: usize,
    /// The number that the line names.
    pub reading: Option<Reading>,
}

/// Matches lines with some of the patterns of a configuration.
#[derive(Debug, Clone, Default)]
pub struct Matcher {
    set: RegexSet,
    rules: Vec<Rule>,
}

/// What is looked at once a pattern's expression matches.
#[derive(Debug, Clone)]
struct Rule {
    index: usize,
    regex: Regex,
    exclude: Option<Regex>,
    loud: bool,
    streams: LogStreams,
    capture: Capture,
}

impl Matcher {
    /// The patterns with their indices among those of the configuration.
    pub(super) fn new<'a>(patterns: impl Iterator<Item = (usize, &'a Pattern)>) -> Result<Self, regex::Error> {
        let (mut texts, mut rules) = (Vec::new(), Vec::new());
        for (index, pattern) in patterns {
            // The set has one flag for all; at the start of an expression it holds to its end.
            let flag = if pattern.ignore_case { "(?i)" } else { "" };
            texts.push(format!("{flag}{}", pattern.text));
            rules.push(Rule {
                index,
                regex: pattern.regex.clone(),
                exclude: pattern.exclude.clone(),
                loud: pattern.loud,
                streams: pattern.streams,
                capture: pattern.capture,
            });
        }
        let mut builder = RegexSetBuilder::new(texts);
        let set = builder.size_limit(SIZE_LIMIT).dfa_size_limit(CACHE_LIMIT).build()?;
        Ok(Self { set, rules })
    }

    /// The patterns that match a line, which has neither its line end nor escape sequences.
    pub fn hits(&self, stream: Stream, line: &[u8]) -> impl Iterator<Item = Hit> {
        // Of a thousand lines nearly all match nothing; the set is asked for one bit a pattern only where one does.
        let matched =
            (!self.rules.is_empty()).then(|| self.set.matches(line)).filter(regex::bytes::SetMatches::matched_any);
        let rules = matched.into_iter().flat_map(|matched| matched.into_iter().filter_map(|at| self.rules.get(at)));
        rules.filter_map(move |rule| rule.hit(stream, line))
    }
}

impl Rule {
    fn hit(&self, stream: Stream, line: &[u8]) -> Option<Hit> {
        let of_stream = match self.streams {
            LogStreams::Both => true,
            LogStreams::Stdout => stream == Stream::Stdout,
            LogStreams::Stderr => stream == Stream::Stderr,
        };
        let excluded = || self.exclude.as_ref().is_some_and(|exclude| exclude.is_match(line));
        let quiet = || self.loud && level::is_quiet(line);
        (of_stream && !excluded() && !quiet())
            .then(|| Hit { pattern: self.index, reading: self.capture.read(&self.regex, line) })
    }
}
