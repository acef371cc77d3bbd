//! What an event counts as: harmless words are left out, and of several causes the last one has its name.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

use super::{Found, LeftOut, Open, Role, Why, add};
use crate::harmless::{is_harmless, scrubbed};
use crate::level::{self, Level};
use crate::matcher::{Candidate, Matcher};
use crate::sets::Kind;

/// An error in a line of level INFO: a client that tries again says so there, with the error behind it.
static SAID_ASIDE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?-u)\b[A-Z]\w*(?:Error|Exception)\b\s*[:(]|\bE[A-Z]{5,}\b|: (?i:connection refused|i/o timeout)|\b[Ee]rrno\b|\berr(?:or)?=")
        .ok()
});

fn matches(regex: &LazyLock<Option<Regex>>, text: &[u8]) -> bool {
    regex.as_ref().is_some_and(|regex| regex.is_match(text))
}

impl Open {
    /// Decides on what may be something else in the light of the whole event.
    pub(super) fn resolve(&mut self, matcher: &Matcher) {
        let mut candidates = std::mem::take(&mut self.candidates);
        let mut left_out = std::mem::take(&mut self.left_out);
        let first = self.first_line();
        let (is_harmless, level) = (is_harmless(first), level::of(first));
        let of_redis = self.is_of_redis();
        // Several candidates stand in one line as a rule.
        let mut rest: (Range<usize>, Cow<'_, [u8]>) = (0..0, Cow::Borrowed(b""));
        candidates.retain(|(_, role, candidate, line)| {
            let text = self.text.get(line.clone()).unwrap_or_default();
            let why = if is_harmless {
                Some(Why::Harmless)
            } else if candidate.kind == Kind::Plain {
                None
            } else if is_quiet(candidate.kind, level, *role, text) {
                Some(Why::Level)
            } else if candidate.needs_redis && !of_redis {
                Some(Why::NotOfRedis)
            } else {
                if rest.0 != *line {
                    rest = (line.clone(), scrubbed(text));
                }
                // A line that has no harmless words matches as it did.
                matches!(&rest.1, Cow::Owned(rest) if !matcher.still_matches(candidate, rest)).then_some(Why::Words)
            };
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
            let is_failed = candidate.kind == Kind::CONNECTION_FAILED && of_redis;
            let pattern = if is_failed { matcher.of_redis(candidate.pattern) } else { candidate.pattern };
            add(&mut self.hits, &Candidate { pattern, ..candidate }, line, at);
        }
        left_out.retain(|left| !self.hits.iter().any(|hit| hit.pattern == left.pattern));
        self.left_out = left_out;
        self.candidates = candidates;
    }

    /// Whether the event names Redis: in its first line, in one that matches, or in a frame.
    fn is_of_redis(&self) -> bool {
        self.names.redis && (!self.names.other || memchr::memmem::find(&self.text, b"6379").is_some())
    }
}

/// Whether the level of an event is too low for a pattern that a line of it matches.
fn is_quiet(kind: Kind, level: Option<Level>, role: Role, line: &[u8]) -> bool {
    match kind {
        Kind::Plain => false,
        Kind::Coarse => level.is_some_and(|level| level <= Level::Info),
        Kind::Trouble | Kind::Cause(_) => match level {
            Some(Level::Debug) => true,
            Some(Level::Info) => role == Role::Header && !matches(&SAID_ASIDE, line),
            _ => false,
        },
    }
}
