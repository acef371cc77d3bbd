//! One pass over a line for many patterns.

use std::sync::Arc;

use regex::bytes::Regex;

use super::Stream;
use super::literals::{self, Needs};
use super::patterns::Pattern;
use super::reading::{Capture, Reading};
use super::sets::Kind;
use super::settings::LogStreams;
use super::texts::Texts;

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

/// Names of servers that speak Redis's protocol, of clients of them alone, and the ports that they have by default.
const REDIS: &str = r"(?i-u)redis|valkey|keydb|dragonfly|lettuce|jedis|predis|sidekiq|resque|bullmq|\bbull\b|rueidis|sentinel|\b[0-9]?6379\b|\b6380\b|\b[0-9]?26379\b|maxretriesperrequest|client (?:is )?(?:closed|offline)";

/// What else a service connects to.
const OTHER: &str = r"(?i-u)postgres|psycopg|mysql|mariadb|mongo|amqps?:|rabbitmq|kafka|elasticsearch|opensearch|memcached|smtp|clickhouse|nats://|https?://|:(?:5432|3306|27017|5672|9092|9200|11211|80|443|25)\b";

/// Whom a line names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Names {
    pub(super) redis: bool,
    pub(super) other: bool,
}

/// Matches lines with some of the patterns of a configuration.
#[derive(Debug, Clone, Default)]
pub struct Matcher {
    rules: Vec<Rule>,
    texts: Texts,
    /// Of each text the expressions that match wherever it is, and those that may.
    means: Vec<[Rules; 2]>,
    /// Of each byte the expressions that may match a line which begins with it: those that need no text.
    firsts: Vec<Rules>,
    /// The patterns for a connection that failed: of nobody in particular, and of Redis.
    connection_failed: Option<(usize, usize)>,
    /// [`REDIS`] and [`OTHER`], whose numbers follow those of the rules.
    names: Option<[Regex; 2]>,
}

/// Some of a matcher's expressions, as a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Rules([u128; 2]);

impl Rules {
    const fn insert(&mut self, rule: usize) {
        self.0[rule / 128] |= 1 << (rule % 128);
    }

    const fn remove_first(&mut self) -> Option<usize> {
        let [low, high] = &mut self.0;
        let (word, base) = if *low == 0 { (high, 128) } else { (low, 0) };
        if *word == 0 {
            return None;
        }
        let at = word.trailing_zeros() as usize;
        *word &= *word - 1;
        Some(base + at)
    }

    const fn contains(&self, rule: usize) -> bool {
        self.0[rule / 128] >> (rule % 128) & 1 == 1
    }

    fn join(&mut self, other: &Self) {
        self.0[0] |= other.0[0];
        self.0[1] |= other.0[1];
    }
}

/// Expressions that a matcher has room for: a pattern may have two.
const MAX_RULES: usize = 256;

/// What is looked at once an expression matches.
#[derive(Debug, Clone)]
struct Rule {
    candidate: Candidate,
    regex: Arc<Regex>,
    exclude: Option<Arc<Regex>>,
    streams: LogStreams,
    capture: Capture,
}

impl Matcher {
    /// The patterns with their indices among those of the configuration.
    pub(super) fn new<'a>(patterns: impl Iterator<Item = (usize, &'a Pattern)>) -> Self {
        let mut matcher = Self { firsts: vec![Rules::default(); 256], ..Self::default() };
        let mut texts = Vec::new();
        let (mut of_nobody, mut of_redis) = (None, None);
        for (index, pattern) in patterns {
            match pattern.name.as_ref() {
                "connection_failed" if pattern.is_ready => of_nobody = Some(index),
                "redis_connection_failed" if pattern.is_ready => of_redis = Some(index),
                _ => {}
            }
            for (text, regex, needs_redis) in pattern.expressions().take(MAX_RULES - 2 - matcher.rules.len()) {
                matcher.look_for(matcher.rules.len(), text, pattern.ignore_case, &mut texts);
                let candidate = Candidate {
                    pattern: index,
                    reading: None,
                    kind: pattern.kind,
                    is_ready: pattern.is_ready,
                    counts_lines: pattern.counts_lines,
                    needs_redis,
                    rule: matcher.rules.len(),
                };
                matcher.rules.push(Rule {
                    candidate,
                    regex: Arc::clone(regex),
                    exclude: pattern.exclude.clone(),
                    streams: pattern.streams,
                    capture: pattern.capture,
                });
            }
        }
        matcher.connection_failed = of_nobody.zip(of_redis);
        for (at, names) in [REDIS, OTHER].into_iter().enumerate() {
            matcher.look_for(matcher.rules.len() + at, names, false, &mut texts);
        }
        matcher.names = Regex::new(REDIS).ok().zip(Regex::new(OTHER).ok()).map(<[Regex; 2]>::from);
        matcher.texts = Texts::new(texts);
        matcher
    }

    /// Makes what an expression needs that which it is looked for by. Its texts go behind all others'.
    fn look_for(&mut self, rule: usize, expression: &str, ignore_case: bool, texts: &mut Vec<Vec<u8>>) {
        let Some(Needs { texts: own, firsts }) = literals::of(expression, ignore_case) else {
            return self.try_always(rule);
        };
        for first in firsts {
            self.firsts[usize::from(first)].insert(rule);
        }
        for text in own {
            let at = texts.iter().position(|known| *known == text.bytes).unwrap_or_else(|| {
                texts.push(text.bytes);
                self.means.push(<[Rules; 2]>::default());
                texts.len() - 1
            });
            self.means[at][usize::from(!text.is_enough)].insert(rule);
        }
    }

    fn try_always(&mut self, rule: usize) {
        self.firsts.iter_mut().for_each(|rules| rules.insert(rule));
    }

    /// The expressions that match a line, which has neither its line end nor escape sequences, and whom it names.
    pub(super) fn candidates(&self, stream: Stream, line: &[u8], each: impl FnMut(Candidate)) -> Names {
        let first = line.first().copied().unwrap_or_default();
        let (mut matching, mut maybe) =
            (Rules::default(), self.firsts.get(usize::from(first)).copied().unwrap_or_default());
        self.texts.find(line, |text| {
            let [sure, possible] = &self.means[text];
            matching.join(sure);
            maybe.join(possible);
        });
        // Of a thousand lines nearly all end here.
        maybe.join(&matching);
        if maybe == Rules::default() {
            return Names::default();
        }
        let is_match = |rule: usize, regex: &Regex| matching.contains(rule) || regex.is_match(line);
        let [redis, other] = [0, 1].map(|at| {
            let rule = self.rules.len() + at;
            maybe.contains(rule) && self.names.as_ref().is_some_and(|names| is_match(rule, &names[at]))
        });
        let rules = std::iter::from_fn(|| maybe.remove_first()).filter_map(|at| self.rules.get(at));
        let matching = rules.filter(|rule| is_match(rule.candidate.rule, &rule.regex));
        matching.filter_map(|rule| rule.candidate(stream, line)).for_each(each);
        Names { redis, other }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FollowSettings, Patterns};

    const EVENTS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/logs/events.jsonl"));

    #[test]
    fn what_is_looked_for_first_leaves_no_match_out() {
        let patterns = Patterns::new(&FollowSettings::default());
        let matcher = patterns.matcher(patterns.select("web"));
        let mut lines = 0;
        // The text of an event stands in JSON: its lines are as good, and as bad, as any.
        for line in EVENTS.split("\\n").step_by(3).map(str::as_bytes).filter(|line| line.len() < 500) {
            let mut found = Vec::new();
            matcher.candidates(Stream::Stderr, line, |candidate| found.push(candidate.rule));
            let is_match = |rule: &&Rule| rule.regex.is_match(line) && rule.candidate(Stream::Stderr, line).is_some();
            let expected: Vec<usize> = matcher.rules.iter().filter(is_match).map(|rule| rule.candidate.rule).collect();
            assert_eq!(found, expected, "{}", String::from_utf8_lossy(line));
            lines += 1;
        }
        assert!(lines > 500, "{lines}");
    }
}
