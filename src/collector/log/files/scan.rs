//! Which files there are.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use super::Files;
use super::slot::{Begin, Slot};
use crate::collector::log::board::{Fault, Problem, Skipped};
use crate::collector::log::glob::{Found, PathGlob};
use crate::collector::log::place::{find_rotated, id, open};
use crate::collector::log::settings::Beginning;

/// Between two looks, unless one takes long.
const SCAN: Duration = Duration::from_secs(10);

/// How many times as long as it took a look is left alone.
const REST: u32 = 50;

/// Endings of what is compressed.
const COMPRESSED: [&str; 7] = ["gz", "xz", "bz2", "zst", "lz4", "zip", "Z"];

/// A path that may be read, what it is, and whether the configuration names it.
type Candidate = (PathBuf, Result<Metadata, ErrorKind>, bool);

impl Files {
    /// Looks for files that are new.
    pub(super) fn scan(&mut self, now: Instant) {
        let mut found = Found::default();
        for glob in &self.shared.target.files {
            glob.find(&mut found);
        }
        let is_first = self.seen.is_none();
        if is_first {
            self.resume();
        }
        let mut skipped = [0; Skipped::ALL.len()];
        let known: HashSet<PathBuf> = self.slots.iter().map(|slot| slot.path.clone()).collect();
        let taken: HashSet<(u64, u64)> = self.slots.iter().flat_map(Slot::ids).collect();
        let mut candidates = Vec::new();
        for path in &found.paths {
            if self.is_excluded(path) {
                continue;
            }
            if path.extension().is_some_and(|end| COMPRESSED.iter().any(|compressed| end == *compressed)) {
                skipped[Skipped::Compressed as usize] += 1;
                continue;
            }
            if known.contains(path) {
                continue;
            }
            let literal = self.shared.target.files.iter().any(|glob| glob.literal().as_ref() == Some(path));
            match fs::metadata(path) {
                Ok(metadata) if !metadata.is_file() => {
                    skipped[Skipped::Type as usize] += 1;
                    if literal {
                        self.refuse(path);
                    }
                }
                Ok(metadata) if taken.contains(&id(&metadata)) => {}
                Ok(metadata) => candidates.push((path.clone(), Ok(metadata), literal)),
                // A plain path is waited for; what a pattern has found and is gone need not be.
                Err(error) if literal => candidates.push((path.clone(), Err(error.kind()), true)),
                Err(_) => {}
            }
        }
        self.admit(candidates, &mut skipped);
        self.shared.board.with(|board| board.skipped = Some(skipped));
        self.tell(&found, is_first);
        self.forget(now);
        self.blind = found.problems.into_iter().map(|(folder, _)| folder).collect();
        self.seen = Some(found.paths.into_iter().collect());
        self.scan_at = now + SCAN.max(now.elapsed() * REST);
    }

    /// Gives up logs that are gone: those of long ago, and the oldest where files come and go quickly.
    fn forget(&mut self, now: Instant) {
        let mut gone: Vec<Instant> = self.slots.iter().filter_map(Slot::gone_since).collect();
        gone.sort_unstable();
        let surplus = gone.len().saturating_sub(self.shared.target.max_files);
        let last = surplus.checked_sub(1).map(|at| gone[at]);
        let is_over = |slot: &mut Slot| {
            slot.is_over(now) || (last.is_some() && slot.gone_since().is_some_and(|at| Some(at) <= last))
        };
        self.slots.extract_if(.., is_over).for_each(|slot| slot.forget(&self.shared));
    }

    fn is_excluded(&self, path: &Path) -> bool {
        let exclude = &self.shared.target.exclude;
        let matches = |text: Option<&str>| text.is_some_and(|text| exclude.matches(text));
        !exclude.is_empty() && (matches(path.file_name().and_then(|name| name.to_str())) || matches(path.to_str()))
    }

    /// Gives places to those that were written last.
    fn admit(&mut self, mut candidates: Vec<Candidate>, skipped: &mut [usize]) {
        let room =
            self.shared.target.max_files.saturating_sub(self.slots.iter().filter(|slot| slot.is_there()).count());
        let is_full = candidates.len() > room;
        if is_full {
            candidates.sort_by_key(|(path, metadata, literal)| {
                let modified = metadata.as_ref().ok().and_then(|metadata| metadata.modified().ok());
                Reverse((*literal, modified, Reverse(path.clone())))
            });
            skipped[Skipped::Limit as usize] = candidates.len() - room;
            candidates.truncate(room);
        }
        for (path, metadata, literal) in candidates {
            let exists = metadata.map_or_else(|error| error != ErrorKind::NotFound, |_| true);
            let begin = self.begin(&path, exists, is_full);
            self.slots.push(Slot::new(path, literal, begin));
        }
    }

    /// Where reading a file begins that was not known.
    fn begin(&self, path: &Path, exists: bool, is_full: bool) -> Begin {
        if !exists {
            return Begin::Start;
        }
        // Where not all had a place in the last run, one that it did not know need not be new.
        let is_new = match &self.seen {
            None => self.has_kept && !is_full,
            Some(seen) => !seen.contains(path) && !self.blind.iter().any(|folder| path.starts_with(folder)),
        };
        let from_start = is_new || (self.seen.is_none() && self.shared.target.from == Beginning::Start);
        if !from_start {
            return Begin::End;
        }
        // What a rotation has copied has been counted, or will be.
        let is_copy = || {
            let file = open(path).ok().flatten()?;
            let is_one = self.slots.iter().any(|slot| slot.is_copied_to(path, &file));
            is_one.then_some(())
        };
        if is_copy().is_some() { Begin::End } else { Begin::Start }
    }

    /// Goes on where the last run ended.
    fn resume(&mut self) {
        for (name, places) in std::mem::take(&mut self.kept) {
            let path = PathBuf::from(&name);
            let mut globs = self.shared.target.files.iter().filter(|glob| glob.means(&path)).peekable();
            if globs.peek().is_none() || self.is_excluded(&path) {
                self.shared.board.with(|board| board.logs.remove(&name));
                continue;
            }
            let literal = globs.any(|glob| glob.literal().is_some());
            let mut slot = Slot::new(path, literal, Begin::Start);
            for place in places {
                slot.prints.push(place.print);
                let is_here = open(&slot.path).ok().flatten().is_some_and(|file| place.is_of(&file));
                if is_here {
                    slot.begin = Begin::At(place);
                } else if let Some((rotated, file)) = find_rotated(&slot.path, &place) {
                    tracing::info!(log = %name, file = %rotated.display(), "reading the rest of a rotated file");
                    slot.add_rotated(&self.shared, file, &place);
                } else if fs::metadata(&slot.path).is_err_and(|error| Fault::of(&error) == Fault::Permission) {
                    slot.begin = Begin::At(place);
                } else {
                    tracing::warn!(
                        log = %name,
                        "the file that was read before the agent stopped is not there any more under any name; its rest \
                         is not counted"
                    );
                }
            }
            self.slots.push(slot);
        }
    }

    /// A path that is named and is no file.
    fn refuse(&self, path: &Path) {
        let problem = Problem {
            fault: Some(Fault::Io),
            attempt: format!("opening {}", path.display()),
            cause: "it is not a regular file".to_owned(),
            advice: "name a file; a FIFO can be read as standard input",
        };
        self.shared.board.problem(&path.to_string_lossy(), Some(problem));
    }

    /// Says what the look has met.
    fn tell(&self, found: &Found, is_first: bool) {
        let problem = found.problems.first().map(|(folder, error)| Problem {
            fault: Some(Fault::of(error)),
            attempt: format!("looking into {}", folder.display()),
            cause: error.to_string(),
            advice: "let the agent's user list the folder and enter it (r and x), as by its group",
        });
        let nothing = || {
            let globs: Vec<&str> = self.shared.target.files.iter().map(PathGlob::text).collect();
            Problem {
                fault: None,
                attempt: format!("looking for {}", globs.join(", ")),
                cause: "there is no such file".to_owned(),
                advice: "correct files, or wait until the first one is written",
            }
        };
        let problem = problem.or_else(|| self.slots.is_empty().then(nothing));
        let changed = self.shared.board.with(|board| {
            let is_new = problem.is_some() && problem != board.problem;
            board.problem.clone_from(&problem);
            is_new
        });
        if let (true, Some(problem)) = (changed, problem) {
            tracing::warn!(target_name = %self.shared.target.name, "{problem}");
        } else if is_first {
            tracing::info!(target_name = %self.shared.target.name, files = self.slots.len(), "reading files");
        }
    }
}
