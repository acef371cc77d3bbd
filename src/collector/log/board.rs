//! What readers have counted, and what a poll takes of it. Counts and places change together, under one lock.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::place::FilePlace;
use crate::collector::lines::Readings;
use crate::logpattern::{Patterns, Reading};

/// What lines add up to, until the board has it.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) lines: u64,
    pub(super) events: u64,
    pub(super) bytes: u64,
    pub(super) truncated: u64,
    /// By the pattern's index.
    pub(super) matches: BTreeMap<usize, u64>,
    pub(super) readings: Vec<(usize, Reading, Instant)>,
}

/// Why something of a log could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It may not be read.
    Permission,
    /// It is not there, or reading failed.
    Io,
    /// It is not in the form that it should have.
    Format,
}

impl Fault {
    pub(super) const ALL: [(Self, &'static str); 3] =
        [(Self::Permission, "permission"), (Self::Io, "io"), (Self::Format, "format")];

    pub(super) fn of(error: &std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::PermissionDenied { Self::Permission } else { Self::Io }
    }
}

/// What is wrong with a log, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    /// Whether it counts as a failed read, and which; what is only waited for does not.
    pub(super) fault: Option<Fault>,
    /// `opening /var/log/redis/redis.log`
    pub(super) attempt: String,
    pub(super) cause: String,
    pub(super) advice: &'static str,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}; {}", self.attempt, self.cause, self.advice)
    }
}

/// How a file was rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rotation {
    Rename,
    Truncate,
}

impl Rotation {
    pub(super) const ALL: [(Self, &'static str); 2] = [(Self::Rename, "rename"), (Self::Truncate, "truncate")];
}

/// Why a path that was found is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Skipped {
    Limit,
    Type,
    Compressed,
}

impl Skipped {
    pub(super) const ALL: [(Self, &'static str); 3] =
        [(Self::Limit, "limit"), (Self::Type, "type"), (Self::Compressed, "compressed")];
}

/// What is known of one log.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) lines: u64,
    pub(super) events: u64,
    pub(super) bytes: u64,
    pub(super) truncated: u64,
    pub(super) matches: Box<[u64]>,
    pub(super) readings: Readings,
    /// By [`Fault`].
    pub(super) faults: [u64; Fault::ALL.len()],
    /// By [`Rotation`]; of files alone.
    pub(super) rotations: Option<[u64; Rotation::ALL.len()]>,
    pub(super) paused: Duration,
    /// Whether it is being read.
    pub(super) is_open: bool,
    /// When the last line was read, in seconds since 1970.
    pub(super) last_line: Option<f64>,
    /// How far the file is read, and what is left.
    pub(super) position: Option<(u64, u64)>,
    /// What is wrong with it now, and what to do.
    pub(super) problem: Option<Problem>,
    /// Whether its zeros were exported: nothing is counted before, as nobody would see it rise.
    pub(super) is_shown: bool,
    /// Up to where the counts go.
    pub(super) files: Vec<FilePlace>,
    pub(super) cursor: Option<String>,
}

/// The logs of one target.
#[derive(Debug)]
pub(super) struct Board {
    patterns: usize,
    inner: Mutex<Inner>,
}

/// What is under the lock.
#[derive(Debug, Default)]
pub(super) struct Inner {
    /// By the label `log`.
    pub(super) logs: BTreeMap<String, Log>,
    /// By [`Skipped`]; `None` without files.
    pub(super) skipped: Option<[usize; Skipped::ALL.len()]>,
    /// When the reader of files was last seen at work.
    pub(super) worked_at: Option<Instant>,
    /// What is wrong with none of them in particular.
    pub(super) problem: Option<Problem>,
}

impl Board {
    pub(super) fn new(patterns: &Patterns) -> Self {
        Self { patterns: patterns.len(), inner: Mutex::default() }
    }

    /// Does something with all of it.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        work(&mut self.inner.lock())
    }

    /// Does something with one log, which is known from now on.
    pub(super) fn log<T>(&self, name: &str, work: impl FnOnce(&mut Log) -> T) -> T {
        let mut inner = self.inner.lock();
        if let Some(log) = inner.logs.get_mut(name) {
            return work(log);
        }
        let new = || Log { matches: vec![0; self.patterns].into(), ..Log::default() };
        work(inner.logs.entry(name.to_owned()).or_insert_with(new))
    }

    /// Whether counting may begin.
    pub(super) fn is_shown(&self, name: &str) -> bool {
        self.log(name, |log| log.is_shown)
    }

    /// A problem of one log, or none any more; what is new is logged.
    pub(super) fn problem(&self, name: &str, problem: Option<Problem>) {
        let is_new = self.log(name, |log| {
            if let Some(fault) = problem.as_ref().and_then(|problem| problem.fault) {
                log.faults[fault as usize] += 1;
            }
            let is_new = problem != log.problem;
            log.problem.clone_from(&problem);
            is_new
        });
        match problem.filter(|_| is_new) {
            Some(problem) => tracing::warn!(log = name, "{problem}"),
            None if is_new => tracing::info!(log = name, "the log is read again"),
            None => {}
        }
    }
}

impl Log {
    /// Adds what was counted.
    pub(super) fn add(&mut self, counts: Counts) {
        if counts.events == 0 {
            return;
        }
        self.lines += counts.lines;
        self.events += counts.events;
        self.bytes += counts.bytes;
        self.truncated += counts.truncated;
        for (pattern, count) in counts.matches {
            if let Some(sum) = self.matches.get_mut(pattern) {
                *sum += count;
            }
        }
        for (pattern, reading, at) in counts.readings {
            self.readings.read(pattern, reading, at);
        }
        self.last_line = SystemTime::now().duration_since(UNIX_EPOCH).ok().map(|time| time.as_secs_f64());
    }

    pub(super) fn rotated(&mut self, rotation: Rotation) {
        self.rotations.get_or_insert_default()[rotation as usize] += 1;
    }
}

impl Inner {
    /// What is kept over a restart: the places that belong to the counts as they are.
    pub(super) fn to_state(&self) -> Value {
        let files: BTreeMap<&String, &Vec<FilePlace>> =
            self.logs.iter().filter(|(_, log)| !log.files.is_empty()).map(|(name, log)| (name, &log.files)).collect();
        let cursors: BTreeMap<&String, &String> =
            self.logs.iter().filter_map(|(name, log)| Some((name, log.cursor.as_ref()?))).collect();
        json!({ "files": files, "cursors": cursors })
    }
}

/// What the last run has kept.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct Kept {
    #[serde(default)]
    pub(super) files: BTreeMap<String, Vec<FilePlace>>,
    #[serde(default)]
    pub(super) cursors: BTreeMap<String, String>,
}
