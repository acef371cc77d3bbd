//! What an event counts as: harmless words are left out, and of several causes the last one has its name.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

use super::{Found, LeftOut, Open, Role, Why, add};
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
        let mut candidates = std::mem::take(&mut self.candidates);
        let first = self.text.get(..self.first).unwrap_or_default();
        let (harmless, level) = (is_harmless(first), level::of(first));
        let mut left_out = std::mem::take(&mut self.left_out);
        candidates.retain(|(_, role, candidate, line)| {
            let why =
                if harmless { Some(Why::Harmless) } else { self.objection(matcher, level, *role, candidate, line) };
            left_out.extend(why.map(|why| LeftOut { pattern: candidate.pattern, why }));
            why.is_none()
        });
        // The line of the last cause; what stands in front of it only where it has no name.
        let rank = |(.., candidate, _): &Found| candidate.kind.rank();
        let last = candidates.iter().rev().find(|found| rank(found).is_some()).map(|(at, ..)| *at);
        let first_rank = candidates.iter().filter(|(at, ..)| Some(*at) == last).filter_map(rank).min();
        for (at, _, candidate, line) in candidates.drain(..) {
            let rank = candidate.kind.rank();
            if rank.is_some() && (Some(at) != last || rank != first_rank) {
                left_out.push(LeftOut { pattern: candidate.pattern, why: Why::OtherCause });
                continue;
            }
            if rank.is_some() {
                self.cause = Some(line.clone());
            }
            let is_failed = candidate.kind == Kind::CONNECTION_FAILED && self.is_of_redis();
            let pattern = if is_failed { matcher.of_redis(candidate.pattern) } else { candidate.pattern };
            add(&mut self.hits, &Candidate { pattern, ..candidate }, line, at);
        }
        left_out.retain(|left| !self.hits.iter().any(|hit| hit.pattern == left.pattern));
        self.left_out = left_out;
        self.candidates = candidates;
    }

    /// Why a candidate does not count.
    fn objection(
        &self,
        matcher: &Matcher,
        level: Option<Level>,
        role: Role,
        candidate: &Candidate,
        line: &Range<usize>,
    ) -> Option<Why> {
        let line = self.text.get(line.clone()).unwrap_or_default();
        let is_quiet = match candidate.kind {
            Kind::Plain => return None,
            Kind::Coarse => level.is_some_and(|level| level <= Level::Info),
            Kind::Trouble | Kind::Cause(_) => match level {
                Some(Level::Debug) => true,
                Some(Level::Info) => role == Role::Header && !matches(&SAID_ASIDE, line),
                _ => false,
            },
        };
        if is_quiet {
            return Some(Why::Level);
        }
        if candidate.needs_redis && !self.is_of_redis() {
            return Some(Why::NotOfRedis);
        }
        match scrubbed(line) {
            Cow::Owned(rest) if !matcher.still_matches(candidate, &rest) => Some(Why::Words),
            // A line that has no harmless words matches as it did.
            _ => None,
        }
    }

    /// Whether the event names Redis: in its first line, in one that matches, or in a frame.
    fn is_of_redis(&self) -> bool {
        let names_other = || matches(&OTHER, &self.text) && memchr::memmem::find(&self.text, b"6379").is_none();
        (self.names_redis || names_redis(&self.text)) && !names_other()
    }
}
