//! The kinds of queues: where each keeps its jobs, and what its keys mean.
//!
//! A kind is a row of [`KINDS`]. In its keys `{prefix}` and `{name}` stand for what the configuration says, `{level}` for the
//! list of each priority, and `{job}` for the id that was found first.

use std::str::FromStr;
use std::time::{Duration, UNIX_EPOCH};

use serde::{Serialize, Serializer};

use crate::metric::Metric;
use crate::metric::vocabulary::resources::CELERY_QUEUE_LENGTH;

/// A kind of queue.
#[derive(Debug)]
pub struct Kind {
    /// What `kind` in the configuration says.
    pub name: &'static str,
    /// What keys begin with, unless the configuration says otherwise.
    pub(super) prefix: &'static str,
    /// Whether there is a list for each priority.
    pub(super) has_levels: bool,
    /// Whether a queue holds no more than so much, and so the configuration says how much that is.
    pub(super) has_capacity: bool,
    pub(super) parts: &'static [Part],
    pub(super) workers: Workers,
    /// What another exporter calls its size, which dashboards and rules know.
    pub(super) size_too: Option<&'static Metric<1>>,
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// What is told of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    Size,
    Unacked,
    Failed,
    Workers,
    Oldest,
}

impl Number {
    pub(super) const COUNT: usize = 5;
}

/// A key, and what is made of it. Parts of one number are added up; of ages the greatest counts.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A command that counts what is in the key.
    Count(Number, &'static str, &'static str),
    /// The job that is next: the words around the key that give its id, and the field of its hash with the time at which it
    /// was put there.
    Next { command: &'static str, key: &'static str, place: &'static [&'static str], job: &'static str, put: Put },
    /// A set of keys, of which those count that are still there.
    Living(Number, &'static str),
}

/// The field of a job that says when it was put into its queue, and how.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Put {
    /// `2026-11-27T17:25:55.123456Z`.
    Date(&'static str),
    /// Milliseconds since 1970.
    Millis(&'static str),
}

impl Put {
    pub(super) const fn field(&self) -> &'static str {
        match self {
            Self::Date(field) | Self::Millis(field) => field,
        }
    }

    /// The time since 1970 that the field's text says.
    pub(super) fn read(&self, text: &str) -> Option<Duration> {
        match self {
            Self::Date(_) => humantime::parse_rfc3339(text).ok()?.duration_since(UNIX_EPOCH).ok(),
            Self::Millis(_) => text.parse().map(Duration::from_millis).ok(),
        }
    }
}

/// By what CLIENT LIST shows who works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Workers {
    /// By nothing.
    Unseen,
    /// A worker's last command is this one, which does not say of which queue; and it listens to a pattern in the same
    /// database, whatever it does.
    LastCommand(&'static str),
    /// By its name: `{prefix}:` and the queue's in base64, and `:w:` with its own if it has one.
    Name,
}

/// Every kind.
pub(super) const KINDS: [Kind; 5] = [
    Kind {
        name: "celery",
        prefix: "",
        has_levels: true,
        has_capacity: false,
        parts: &[
            Part::Count(Number::Size, "LLEN", "{prefix}{name}{level}"),
            Part::Count(Number::Unacked, "HLEN", "{prefix}unacked"),
        ],
        workers: Workers::LastCommand("brpop"),
        size_too: Some(&CELERY_QUEUE_LENGTH),
    },
    Kind {
        name: "asgi",
        prefix: "asgi",
        has_levels: false,
        has_capacity: true,
        parts: &[Part::Count(Number::Size, "ZCARD", "{prefix}{name}")],
        workers: Workers::Unseen,
        size_too: None,
    },
    Kind {
        name: "list",
        prefix: "",
        has_levels: false,
        has_capacity: false,
        parts: &[Part::Count(Number::Size, "LLEN", "{prefix}{name}")],
        workers: Workers::Unseen,
        size_too: None,
    },
    Kind {
        name: "rq",
        prefix: "rq",
        has_levels: false,
        has_capacity: false,
        parts: &[
            Part::Count(Number::Size, "LLEN", "{prefix}:queue:{name}"),
            Part::Count(Number::Unacked, "ZCARD", "{prefix}:wip:{name}"),
            Part::Count(Number::Failed, "ZCARD", "{prefix}:failed:{name}"),
            Part::Living(Number::Workers, "{prefix}:workers:{name}"),
            Part::Next {
                command: "LINDEX",
                key: "{prefix}:queue:{name}",
                place: &["0"],
                job: "{prefix}:job:{job}",
                put: Put::Date("enqueued_at"),
            },
        ],
        workers: Workers::Unseen,
        size_too: None,
    },
    Kind {
        name: "bullmq",
        prefix: "bull",
        has_levels: false,
        has_capacity: false,
        parts: &[
            Part::Count(Number::Size, "LLEN", "{prefix}:{name}:wait"),
            Part::Count(Number::Size, "LLEN", "{prefix}:{name}:paused"),
            Part::Count(Number::Size, "ZCARD", "{prefix}:{name}:prioritized"),
            Part::Count(Number::Unacked, "LLEN", "{prefix}:{name}:active"),
            Part::Count(Number::Failed, "ZCARD", "{prefix}:{name}:failed"),
            bull_next("LINDEX", "{prefix}:{name}:wait", &["-1"]),
            bull_next("LINDEX", "{prefix}:{name}:paused", &["-1"]),
            bull_next("ZRANGE", "{prefix}:{name}:prioritized", &["0", "0"]),
        ],
        workers: Workers::Name,
        size_too: None,
    },
];

const fn bull_next(command: &'static str, key: &'static str, place: &'static [&'static str]) -> Part {
    Part::Next { command, key, place, job: "{prefix}:{name}:{job}", put: Put::Millis("timestamp") }
}

impl FromStr for &'static Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        KINDS.iter().find(|kind| kind.name == text).ok_or_else(|| {
            let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
            format!("is not one of {}", names.join(", "))
        })
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}

/// The key of a template. What is put in is not read again: a name may have braces.
pub(super) fn fill(template: &str, words: &[(&str, &str)]) -> String {
    let mut key = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(start) = rest.find('{') {
        key.push_str(&rest[..start]);
        rest = &rest[start..];
        let Some((mark, value)) = words.iter().find(|(mark, _)| rest.starts_with(mark)) else { break };
        key.push_str(value);
        rest = &rest[mark.len()..];
    }
    key + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_braces_stays_what_it_is() {
        let words = [("{prefix}", "{app}:"), ("{name}", "a{prefix}b"), ("{level}", "")];
        assert_eq!(fill("{prefix}{name}{level}:wait", &words), "{app}:a{prefix}b:wait");
        assert_eq!(fill("{prefix}unacked", &words), "{app}:unacked");
        assert_eq!(fill("{prefix}:job:{job}", &[("{job}", "{name}")]), "{prefix}:job:{job}", "what is not given stays");
    }

    #[test]
    fn the_kinds_that_there_are() {
        assert_eq!("rq".parse::<&'static Kind>().unwrap().prefix, "rq");
        let wrong = "sidekiq".parse::<&'static Kind>().unwrap_err();
        assert_eq!(wrong, "is not one of celery, asgi, list, rq, bullmq");
    }

    #[test]
    fn times_as_the_libraries_write_them() {
        let date = |text| Put::Date("enqueued_at").read(text);
        assert_eq!(date("2025-01-02T03:04:05.678901Z"), Some(Duration::new(1_735_787_045, 678_901_000)));
        assert_eq!(date("2025-01-02T03:04:05Z"), Some(Duration::from_secs(1_735_787_045)));
        assert_eq!((date(""), date("yesterday"), date("1900-01-01T00:00:00Z")), (None, None, None));
        let millis = |text| Put::Millis("timestamp").read(text);
        assert_eq!(millis("1735787045678"), Some(Duration::from_millis(1_735_787_045_678)));
        assert_eq!((millis(""), millis("-1"), millis("1e3"), millis("99999999999999999999")), (None, None, None, None));
    }
}
