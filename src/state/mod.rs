//! What outlives a restart: one small file in `state_dir`, with a section for each part that keeps something.
//!
//! A part takes its section when it starts ([`State::section`]) and hands in a new one as often as it likes
//! ([`State::put`]); the file is written at most every few seconds, and once more when the agent stops. It is written beside
//! its place and renamed, so that it is whole at any moment. Nothing depends on it: a file that cannot be read is said and
//! begun anew, and one that cannot be written is said and tried again.

mod file;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use serde_json::Value;
use tracing::{debug, info, warn};

use self::file::{Folder, Section};

/// Between two writes.
pub const WRITE_INTERVAL: Duration = Duration::from_secs(5);

/// A section that nobody has handed in for so long is given up: its part is not configured any more.
const MAX_AGE: Duration = Duration::from_hours(30 * 24);

/// What is kept of this run and the last one.
#[derive(Debug, Default)]
pub struct State {
    /// `None` where nothing is kept.
    folder: Option<Folder>,
    sections: Mutex<BTreeMap<String, Section>>,
    is_changed: AtomicBool,
    /// One write at a time.
    writing: Mutex<()>,
    stats: Stats,
}

/// What is known of the writes.
#[derive(Debug, Default)]
pub struct Stats {
    failures: AtomicU64,
    /// Whether the last write failed.
    is_failing: AtomicBool,
    /// Seconds since 1970; 0 before the first.
    written_at: AtomicU64,
    bytes: AtomicU64,
}

impl State {
    /// That of the folder, which is created if need be; one that keeps nothing without a folder, or where another agent
    /// has it.
    #[must_use]
    pub fn open(folder: Option<&Path>) -> Self {
        let Some(path) = folder else {
            info!("no state_dir is set and systemd gives no StateDirectory: nothing is kept over a restart");
            return Self::default();
        };
        match Folder::open(path) {
            Ok(folder) => {
                let sections = folder.read(now()).unwrap_or_else(|problem| {
                    warn!(file = %folder.file().display(), %problem, "the kept state cannot be used; beginning without it");
                    BTreeMap::new()
                });
                info!(folder = %path.display(), sections = sections.len(), "state is kept");
                Self { folder: Some(folder), sections: Mutex::new(sections), ..Self::default() }
            }
            Err(problem) => {
                warn!(folder = %path.display(), %problem, "no state is kept over a restart");
                Self::default()
            }
        }
    }

    /// What is kept in the folder, by an agent that may be running; where that cannot be read, nothing. It is never written.
    #[must_use]
    pub fn look(folder: Option<&Path>) -> Self {
        let read = |folder: &Path| {
            file::read(folder, now()).unwrap_or_else(|problem| {
                debug!(folder = %folder.display(), %problem, "the kept state cannot be read; looking without it");
                BTreeMap::new()
            })
        };
        Self { sections: Mutex::new(folder.map(read).unwrap_or_default()), ..Self::default() }
    }

    /// Whether what is handed in outlives the agent.
    #[must_use]
    pub const fn is_kept(&self) -> bool {
        self.folder.is_some()
    }

    /// Where it is kept.
    #[must_use]
    pub fn file(&self) -> Option<PathBuf> {
        self.folder.as_ref().map(Folder::file)
    }

    /// What was handed in last under that name, in this run or the one before.
    #[must_use]
    pub fn section(&self, name: &str) -> Option<Value> {
        self.sections.lock().get(name).map(|section| section.data.clone())
    }

    /// Hands a section in, in place of the one that is there. Without a folder it lasts as long as the agent.
    pub fn put(&self, name: &str, data: Value) {
        let mut sections = self.sections.lock();
        let known = sections.get(name);
        if known.is_none_or(|known| known.data != data || now().saturating_sub(known.written) > MAX_AGE.as_secs() / 30)
        {
            sections.insert(name.to_owned(), Section { written: now(), data });
            self.is_changed.store(true, Relaxed);
        }
    }

    /// Writes the file if anything has changed. It blocks.
    pub fn write(&self) {
        let _one = self.writing.lock();
        let Some(folder) = self.folder.as_ref().filter(|_| self.is_changed.swap(false, Relaxed)) else { return };
        let sections = self.sections.lock().clone();
        match folder.write(&sections) {
            Ok(bytes) => {
                self.stats.bytes.store(bytes, Relaxed);
                self.stats.written_at.store(now(), Relaxed);
                if self.stats.is_failing.swap(false, Relaxed) {
                    info!(file = %folder.file().display(), "the state is written again");
                }
            }
            Err(problem) => {
                // It is tried again with the next change, or the next time.
                self.is_changed.store(true, Relaxed);
                self.stats.failures.fetch_add(1, Relaxed);
                if !self.stats.is_failing.swap(true, Relaxed) {
                    warn!(
                        file = %folder.file().display(), %problem,
                        "the state cannot be written; a restart now would begin with the one before"
                    );
                }
            }
        }
    }

    /// Writes that failed.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.stats.failures.load(Relaxed)
    }

    /// When the file was written last, in seconds since 1970, and its bytes; `None` before the first time.
    #[must_use]
    pub fn written(&self) -> Option<(u64, u64)> {
        let at = self.stats.written_at.load(Relaxed);
        (at > 0).then(|| (at, self.stats.bytes.load(Relaxed)))
    }
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests;
