//! What an event counts as: harmless words are left out, and of several causes the last one has its name.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

use super::{Open, Role, add};
use crate::logpattern::harmless::{is_harmless, scrubbed};
use crate::logpattern::level::{self, Level};
use crate::logpattern::matcher::{Candidate, Matcher};
use crate::logpattern::sets::Kind;

/// Names of servers that speak Redis's protocol, of clients of them alone, and the ports that they have by default.
static REDIS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i-u)redis|valkey|keydb|dragonfly|lettuce|jedis|predis|sidekiq|resque|bullmq|\bbull\b|rueidis|sentinel|\b[0-9]?6379\b|\b6380\b|\b[0-9]?26379\b|maxretriesperrequest|client (?:is )?(?:closed|offline)",
    )
    .ok()
});

/// What else a service connects to.
static OTHER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i-u)postgres|psycopg|mysql|mariadb|mongo|amqps?:|rabbitmq|kafka|elasticsearch|opensearch|memcached|smtp|clickhouse|nats://|https?://|:(?:5432|3306|27017|5672|9092|9200|11211|80|443|25)\b",
    )
    .ok()
});

/// An error in a line of level INFO: a client that tries again says so there, with the error behind it.
static SAID_ASIDE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?-u)\b[A-Z]\w*(?:Error|Exception)\b\s*[:(]|\bE[A-Z]{5,}\b|: (?i:connection refused|i/o timeout)|\b[Ee]rrno\b|\berr(?:or)?=")
        .ok()
});

fn matches(regex: &LazyLock<Option<Regex>>, text: &[u8]) -> bool {
    regex.as_ref().is_some_and(|regex| regex.is_match(text))
}

/// Whether a frame or another line names a client of Redis.
pub(super) fn names_redis(line: &[u8]) -> bool {
    matches(&REDIS, line)
}

impl Open {
    /// Decides on what may be something else in the light of the whole event.
    pub(super) fn resolve(&mut self, matcher: &Matcher) {
        let candidates = std::mem::take(&mut self.candidates);
        let first = self.text.get(..self.first).unwrap_or_default();
        if !is_harmless(first) {
            let level = level::of(first);
            let counted: Vec<_> = candidates
                .iter()
                .filter(|(_, role, candidate, line)| self.counts(matcher, level, *role, candidate, line))
                .collect();
            // The line of the last cause; what stands in front of it only where it has no name.
            let cause = |(.., candidate, _): &&&(u32, Role, Candidate, Range<usize>)| candidate.kind.rank().is_some();
            let last = counted.iter().rev().find(cause).map(|(at, ..)| *at);
            let rank = counted
                .iter()
                .filter(|(at, ..)| Some(*at) == last)
                .filter_map(|(_, _, candidate, _)| candidate.kind.rank())
                .min();
            for (at, _, candidate, line) in &counted {
                match candidate.kind.rank() {
                    Some(of) if Some(*at) != last || Some(of) != rank => {}
                    Some(_) if candidate.kind == Kind::CONNECTION_FAILED && self.is_of_redis() => {
                        let pattern = matcher.of_redis(candidate.pattern);
                        add(&mut self.hits, &Candidate { pattern, ..*candidate }, line.clone(), *at);
                    }
                    _ => add(&mut self.hits, candidate, line.clone(), *at),
                }
            }
        }
        self.candidates = candidates;
    }

    fn counts(
        &self,
        matcher: &Matcher,
        level: Option<Level>,
        role: Role,
        candidate: &Candidate,
        line: &Range<usize>,
    ) -> bool {
        let line = self.text.get(line.clone()).unwrap_or_default();
        let is_loud = match candidate.kind {
            Kind::Plain => return true,
            Kind::Coarse => level.is_none_or(|level| level > Level::Info),
            Kind::Trouble | Kind::Cause(_) => match level {
                Some(Level::Debug) => false,
                Some(Level::Info) => role != Role::Header || matches(&SAID_ASIDE, line),
                _ => true,
            },
        };
        // A line that has no harmless words matches as it did.
        let is_meant = || match scrubbed(line) {
            Cow::Borrowed(_) => true,
            Cow::Owned(rest) => matcher.still_matches(candidate, &rest),
        };
        is_loud && (!candidate.needs_redis || self.is_of_redis()) && is_meant()
    }

    /// Whether the event names Redis: in its first line, in one that matches, or in a frame.
    fn is_of_redis(&self) -> bool {
        let names_other = || matches(&OTHER, &self.text) && memchr::memmem::find(&self.text, b"6379").is_none();
        (self.names_redis || names_redis(&self.text)) && !names_other()
    }
}
