//! One pass over a line for many patterns.

use regex::bytes::{Regex, RegexSet, RegexSetBuilder};

use super::Stream;
use super::patterns::Pattern;
use super::reading::{Capture, Reading};
use super::sets::Kind;
use super::settings::LogStreams;

/// Bytes that the patterns of a container may take together when they are compiled.
pub(super) const SIZE_LIMIT: usize = 8 << 20;

/// Bytes that the automaton may keep of what it has met, for each thread that matches.
const CACHE_LIMIT: usize = 4 << 20;

/// A pattern that a line matches, before the event as a whole is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    /// The pattern's index among those of the configuration.
    pub(super) pattern: usize,
    /// The number that the line names.
    pub(super) reading: Option<Reading>,
    pub(super) kind: Kind,
    /// Whether it is one of a ready set.
    pub(super) is_ready: bool,
    pub(super) counts_lines: bool,
    /// Whether it counts only in an event that names Redis.
    pub(super) needs_redis: bool,
    /// Which of the matcher's expressions it is.
    pub(super) rule: usize,
}

/// Matches lines with some of the patterns of a configuration.
#[derive(Debug, Clone, Default)]
pub struct Matcher {
    set: RegexSet,
    rules: Vec<Rule>,
    /// The patterns for a connection that failed: of nobody in particular, and of Redis.
    connection_failed: Option<(usize, usize)>,
}

/// What is looked at once an expression matches.
#[derive(Debug, Clone)]
struct Rule {
    candidate: Candidate,
    regex: Regex,
    exclude: Option<Regex>,
    streams: LogStreams,
    capture: Capture,
}

impl Matcher {
    /// The patterns with their indices among those of the configuration.
    pub(super) fn new<'a>(patterns: impl Iterator<Item = (usize, &'a Pattern)>) -> Result<Self, regex::Error> {
        let (mut texts, mut rules) = (Vec::new(), Vec::new());
        let (mut of_nobody, mut of_redis) = (None, None);
        for (index, pattern) in patterns {
            match pattern.name.as_ref() {
                "connection_failed" if pattern.is_ready => of_nobody = Some(index),
                "redis_connection_failed" if pattern.is_ready => of_redis = Some(index),
                _ => {}
            }
            for (text, regex, needs_redis) in pattern.expressions() {
                // The set has one flag for all; at the start of an expression it holds to its end.
                let flag = if pattern.ignore_case { "(?i)" } else { "" };
                texts.push(format!("{flag}{text}"));
                let candidate = Candidate {
                    pattern: index,
                    reading: None,
                    kind: pattern.kind,
                    is_ready: pattern.is_ready,
                    counts_lines: pattern.counts_lines,
                    needs_redis,
                    rule: rules.len(),
                };
                rules.push(Rule {
                    candidate,
                    regex: regex.clone(),
                    exclude: pattern.exclude.clone(),
                    streams: pattern.streams,
                    capture: pattern.capture,
                });
            }
        }
        let mut builder = RegexSetBuilder::new(texts);
        let set = builder.size_limit(SIZE_LIMIT).dfa_size_limit(CACHE_LIMIT).build()?;
        Ok(Self { set, rules, connection_failed: of_nobody.zip(of_redis) })
    }

    /// The expressions that match a line, which has neither its line end nor escape sequences.
    pub(super) fn candidates(&self, stream: Stream, line: &[u8], mut each: impl FnMut(Candidate)) {
        // Of a thousand lines nearly all match nothing; the set is asked for one bit an expression only where one does.
        if self.rules.is_empty() {
            return;
        }
        let matched = self.set.matches(line);
        if matched.matched_any() {
            matched.into_iter().filter_map(|at| self.rules.get(at)?.candidate(stream, line)).for_each(&mut each);
        }
    }

    /// Whether the line still matches without the words that mean nothing.
    pub(super) fn still_matches(&self, candidate: &Candidate, line: &[u8]) -> bool {
        self.rules.get(candidate.rule).is_some_and(|rule| rule.regex.is_match(line))
    }

    /// The pattern that a failed connection counts as where it is one to Redis.
    pub(super) fn of_redis(&self, pattern: usize) -> usize {
        self.connection_failed.filter(|(of_nobody, _)| *of_nobody == pattern).map_or(pattern, |(_, of_redis)| of_redis)
    }
}

impl Rule {
    fn candidate(&self, stream: Stream, line: &[u8]) -> Option<Candidate> {
        let of_stream = match self.streams {
            LogStreams::Both => true,
            LogStreams::Stdout => stream == Stream::Stdout,
            LogStreams::Stderr => stream == Stream::Stderr,
        };
        let excluded = || self.exclude.as_ref().is_some_and(|exclude| exclude.is_match(line));
        (of_stream && !excluded())
            .then(|| Candidate { reading: self.capture.read(&self.regex, line), ..self.candidate })
    }
}
