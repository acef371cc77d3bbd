//! One log: a path, the file that has it now, and those that had it before.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use super::Shared;
use super::reading::{Reading, Step};
use crate::collector::log::board::{Fault, Problem, Rotation};
use crate::collector::log::place::{self, FilePlace, Print, id};

/// How long a file that has lost its path is watched after its last line: a program may write on in it until it is told.
const LINGER: Duration = Duration::from_mins(1);

/// Files of one path that are read beside the one that has it.
const MAX_ROTATED: usize = 4;

/// Prints of files that had the path, by which copies are recognised.
const MAX_PRINTS: usize = 4;

/// Until a file that could not be read is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// How long what was counted in a file stays that a pattern has found and that is gone.
const KEEP: Duration = Duration::from_mins(15);

/// Where reading the next file of a path begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    End,
    Start,
    At(FilePlace),
}

/// One log.
pub(super) struct Slot {
    /// The label `log`.
    name: String,
    pub(super) path: PathBuf,
    /// Whether the configuration names the path itself.
    literal: bool,
    pub(super) begin: Begin,
    current: Option<Reading>,
    rotated: Vec<Reading>,
    pub(super) prints: Vec<Print>,
    retry_at: Option<Instant>,
    gone_since: Option<Instant>,
}

impl Slot {
    pub(super) fn new(path: PathBuf, literal: bool, begin: Begin) -> Self {
        Self {
            name: path.to_string_lossy().into_owned(),
            path,
            literal,
            begin,
            current: None,
            rotated: Vec::new(),
            prints: Vec::new(),
            retry_at: None,
            gone_since: None,
        }
    }

    /// Device and inode of all files that are open.
    pub(super) fn ids(&self) -> impl Iterator<Item = (u64, u64)> {
        self.rotated.iter().chain(&self.current).map(|reading| reading.id)
    }

    /// Whether it has a place among the files that are read.
    pub(super) const fn is_there(&self) -> bool {
        self.gone_since.is_none() || self.literal
    }

    /// Whether `file` begins as one does that has the path or had it.
    pub(super) fn is_copied_to(&self, path: &Path, file: &File) -> bool {
        let prints = self.prints.iter().chain(self.current.as_ref().map(|reading| &reading.print));
        let mut prints = prints.filter(|print| print.tells());
        path.parent() == self.path.parent() && prints.any(|print| print.renewed(file).is_ok_and(|same| same.is_some()))
    }

    /// Since when there is no file, of a path that a pattern has found.
    pub(super) fn gone_since(&self) -> Option<Instant> {
        self.gone_since.filter(|_| !self.literal)
    }

    /// Whether what was counted of it is of no use any more.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.gone_since().is_some_and(|since| now.duration_since(since) > KEEP)
    }

    /// Gives up what was counted of it.
    pub(super) fn forget(self, shared: &Shared) {
        shared.board.with(|board| board.logs.remove(&self.name));
    }

    /// Reads on in a file that has lost the path.
    pub(super) fn add_rotated(&mut self, shared: &Shared, file: File, place: &FilePlace) {
        match Reading::new(shared, file, place.offset) {
            Ok(reading) => self.rotated.push(reading.rotated()),
            Err(error) => self.fail(shared, "reading a rotated file of", &error),
        }
    }

    /// Looks which file has the path.
    pub(super) fn look(&mut self, shared: &Shared, taken: &mut HashSet<(u64, u64)>, now: Instant) {
        if self.retry_at.is_some_and(|at| now < at) {
            return;
        }
        self.retry_at = None;
        let metadata = match fs::metadata(&self.path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == ErrorKind::NotFound => return self.is_gone(shared, now),
            // An open file is read on.
            Err(_) if self.current.is_some() => return,
            Err(error) => return self.fail(shared, "looking at", &error),
        };
        self.gone_since = None;
        let is_same = self.current.as_ref().is_some_and(|reading| reading.id == id(&metadata));
        if is_same {
            return;
        }
        self.rotate(shared);
        // It is read under the name that it had.
        if taken.contains(&id(&metadata)) {
            self.begin = Begin::End;
            return;
        }
        match place::open(&self.path) {
            Ok(Some(file)) => self.open(shared, file, taken),
            Ok(None) => self.fail(shared, "opening", &io::Error::other("it is not a regular file")),
            Err(error) => self.fail(shared, "opening", &error),
        }
    }

    fn open(&mut self, shared: &Shared, file: File, taken: &mut HashSet<(u64, u64)>) {
        let offset = match self.begin {
            Begin::Start => Ok(0),
            Begin::End => place::end(&file),
            // It may be another one by now.
            Begin::At(place) => Ok(if place.is_of(&file) { place.offset } else { 0 }),
        };
        match offset.and_then(|offset| Reading::new(shared, file, offset)) {
            Ok(reading) => {
                taken.insert(reading.id);
                self.begin = Begin::Start;
                self.current = Some(reading);
                shared.board.problem(&self.name, None);
                self.publish(shared);
            }
            Err(error) => self.fail(shared, "reading", &error),
        }
    }

    fn is_gone(&mut self, shared: &Shared, now: Instant) {
        self.rotate(shared);
        // What comes there is new.
        self.begin = Begin::Start;
        if self.gone_since.is_none() {
            self.gone_since = Some(now);
            self.publish(shared);
        }
        if self.literal && self.rotated.is_empty() {
            let problem = Problem {
                fault: None,
                attempt: format!("opening {}", self.path.display()),
                cause: "there is no such file".to_owned(),
                advice: "correct files, or wait until it is written",
            };
            shared.board.problem(&self.name, Some(problem));
        }
    }

    /// The file has lost the path to another one, or to none.
    fn rotate(&mut self, shared: &Shared) {
        let Some(reading) = self.current.take() else { return };
        self.remember(reading.print);
        self.push_rotated(shared, reading.rotated());
        self.begin = Begin::Start;
        shared.board.log(&self.name, |log| log.rotated(Rotation::Rename));
    }

    fn remember(&mut self, print: Print) {
        self.prints.push(print);
        let surplus = self.prints.len().saturating_sub(MAX_PRINTS);
        self.prints.drain(..surplus);
    }

    fn push_rotated(&mut self, shared: &Shared, reading: Reading) {
        if self.rotated.len() >= MAX_ROTATED {
            let mut oldest = self.rotated.remove(0);
            tracing::warn!(log = %self.name, "rotated faster than it can be read; the rest of one file is not counted");
            oldest.finish(shared);
            self.add(shared, &mut oldest);
        }
        self.rotated.push(reading);
    }

    /// Reads a piece of each file; whether there is more.
    pub(super) fn read(&mut self, shared: &Shared, buffer: &mut [u8], now: Instant) -> bool {
        if !shared.board.is_shown(&self.name) {
            return false;
        }
        let mut is_more = false;
        for mut reading in std::mem::take(&mut self.rotated) {
            let step = reading.step(shared, buffer, now);
            let is_over = match &step {
                Ok(Step::Nothing) => reading.is_quiet_for(LINGER, now),
                Ok(_) => false,
                Err(_) => true,
            };
            is_more |= matches!(step, Ok(Step::More));
            if is_over {
                reading.finish(shared);
            }
            self.add(shared, &mut reading);
            if !is_over {
                self.rotated.push(reading);
            }
        }
        if let Some(mut reading) = self.current.take() {
            match reading.step(shared, buffer, now) {
                Ok(Step::Rewritten) => {
                    is_more = true;
                    self.rewritten(shared, reading);
                }
                Ok(step) => {
                    is_more |= matches!(step, Step::More);
                    self.add(shared, &mut reading);
                    self.current = Some(reading);
                }
                Err(error) => {
                    self.begin = Begin::At(reading.place());
                    self.fail(shared, "reading", &error);
                }
            }
        }
        self.publish(shared);
        is_more
    }

    /// The file was cut and written anew. What had not been read of it may stand in a copy.
    fn rewritten(&mut self, shared: &Shared, mut old: Reading) {
        shared.board.log(&self.name, |log| log.rotated(Rotation::Truncate));
        self.remember(old.print);
        let copy = place::find_rotated(&self.path, &old.read_place());
        let file = match old.file.try_clone() {
            Ok(file) => file,
            Err(error) => return self.fail(shared, "reading", &error),
        };
        if copy.is_some_and(|(_, copy)| old.move_to(copy).is_ok()) {
            self.push_rotated(shared, old);
        } else {
            old.finish(shared);
            self.add(shared, &mut old);
        }
        match Reading::new(shared, file, 0) {
            Ok(reading) => self.current = Some(reading),
            Err(error) => self.fail(shared, "reading", &error),
        }
    }

    /// Adds what a file's lines count for.
    fn add(&self, shared: &Shared, reading: &mut Reading) {
        let (counts, paused) = reading.take();
        let place = reading.place();
        shared.board.log(&self.name, |log| {
            log.add(counts);
            log.paused += paused;
            // The others' places are as they were.
            match log.files.iter_mut().find(|other| (other.device, other.inode) == reading.id) {
                Some(known) => *known = place,
                None => log.files.push(place),
            }
        });
    }

    /// Takes note of which files are read, and how far.
    fn publish(&self, shared: &Shared) {
        let all = || self.rotated.iter().chain(&self.current);
        let ids: Vec<(u64, u64)> = self.ids().collect();
        let begin = self.begin;
        shared.board.log(&self.name, |log| {
            log.is_open = all().next().is_some();
            log.rotations.get_or_insert_default();
            let left = all().map(Reading::left).sum();
            log.position = self.current.as_ref().map(|reading| (reading.offset, left));
            log.files.retain(|place| ids.contains(&(place.device, place.inode)) || begin == Begin::At(*place));
            for reading in all() {
                if !log.files.iter().any(|place| (place.device, place.inode) == reading.id) {
                    log.files.push(reading.place());
                }
            }
        });
    }

    fn fail(&mut self, shared: &Shared, what: &str, error: &io::Error) {
        let fault = Fault::of(error);
        let advice = match fault {
            Fault::Permission => {
                "the agent's user needs r on the file and x on its folders: add it to the file's group, or use setfacl"
            }
            _ => "look at the file and its disk",
        };
        let attempt = format!("{what} {}", self.path.display());
        let problem = Problem { fault: Some(fault), attempt, cause: error.to_string(), advice };
        shared.board.problem(&self.name, Some(problem));
        self.retry_at = Some(Instant::now() + RETRY);
        self.publish(shared);
    }
}
