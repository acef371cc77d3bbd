//! One open file that is read.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::Shared;
use crate::collector::lines::{Bucket, Cut};
use crate::collector::log::board::Counts;
use crate::collector::log::counting::Counting;
use crate::collector::log::place::{FilePlace, Print, id};

/// After so long without a line an event is complete: what belongs together is written at once.
const PAUSE: Duration = Duration::from_millis(500);

/// What a piece of reading has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// There may be more.
    More,
    /// There is more, and it may not be read yet.
    Paused,
    Nothing,
    /// The file is shorter than what was read of it, or begins otherwise.
    Rewritten,
}

/// One open file.
pub(super) struct Reading {
    pub(super) file: File,
    pub(super) id: (u64, u64),
    pub(super) print: Print,
    /// Up to where it was read.
    pub(super) offset: u64,
    size: u64,
    modified: Option<SystemTime>,
    is_rotated: bool,
    cut: Cut,
    /// Where the line under way begins.
    line_at: u64,
    counting: Counting<u64>,
    bucket: Bucket,
    paused_until: Option<Instant>,
    paused: Duration,
    last_data: Instant,
}

impl Reading {
    /// From `offset` on.
    pub(super) fn new(shared: &Shared, file: File, offset: u64) -> io::Result<Self> {
        let metadata = file.metadata()?;
        let now = Instant::now();
        Ok(Self {
            id: id(&metadata),
            print: Print::read(&file)?,
            file,
            offset,
            size: metadata.len(),
            modified: None,
            is_rotated: false,
            cut: Cut::new(),
            line_at: offset,
            counting: Counting::new(shared.patterns.events(""), offset),
            bucket: Bucket::new(shared.target.lines_per_second, shared.target.burst, now),
            paused_until: None,
            paused: Duration::ZERO,
            last_data: now,
        })
    }

    /// It has lost its path.
    pub(super) fn rotated(self) -> Self {
        Self { is_rotated: true, last_data: Instant::now(), ..self }
    }

    /// Goes on in a copy of the file.
    pub(super) fn move_to(&mut self, copy: File) -> io::Result<()> {
        let metadata = copy.metadata()?;
        (self.id, self.size, self.file) = (id(&metadata), metadata.len(), copy);
        (self.is_rotated, self.last_data) = (true, Instant::now());
        Ok(())
    }

    /// Up to where its lines count.
    pub(super) fn place(&self) -> FilePlace {
        let (device, inode) = self.id;
        FilePlace { device, inode, offset: self.counting.place(), print: self.print }
    }

    /// Up to where it was read.
    pub(super) fn read_place(&self) -> FilePlace {
        FilePlace { offset: self.offset, ..self.place() }
    }

    /// Bytes that were not read yet.
    pub(super) const fn left(&self) -> u64 {
        self.size.saturating_sub(self.offset)
    }

    pub(super) fn is_quiet_for(&self, time: Duration, now: Instant) -> bool {
        now.duration_since(self.last_data) >= time
    }

    /// What was counted and for how long reading paused, since that was asked for last.
    pub(super) fn take(&mut self) -> (Counts, Duration) {
        (self.counting.take(), std::mem::take(&mut self.paused))
    }

    /// Reads a piece.
    pub(super) fn step(&mut self, shared: &Shared, buffer: &mut [u8], now: Instant) -> io::Result<Step> {
        if self.paused_until.is_some_and(|until| now < until) {
            return Ok(Step::Paused);
        }
        self.paused_until = None;
        let metadata = self.file.metadata()?;
        self.size = metadata.len();
        if !self.is_rotated && self.size < self.offset {
            return Ok(Step::Rewritten);
        }
        let modified = metadata.modified().ok();
        if !self.is_rotated && (modified.is_none() || modified != self.modified) {
            let Some(print) = self.print.renewed(&self.file)? else { return Ok(Step::Rewritten) };
            self.print = print;
            self.modified = modified;
        }
        let read = match self.file.read_at(buffer, self.offset) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(Step::More),
            read => read?,
        };
        if read == 0 {
            if self.counting.is_open() && self.is_quiet_for(PAUSE, now) {
                self.counting.flush(&shared.matcher);
            }
            return Ok(Step::Nothing);
        }
        self.last_data = now;
        let lines = self.feed(shared, &buffer[..read]);
        let pause = self.bucket.take(lines, Instant::now());
        if pause.is_zero() {
            return Ok(Step::More);
        }
        self.paused += pause;
        self.paused_until = Some(Instant::now() + pause);
        Ok(Step::Paused)
    }

    /// The lines that end in `bytes`.
    fn feed(&mut self, shared: &Shared, bytes: &[u8]) -> u64 {
        self.offset += bytes.len() as u64;
        // A program that does not append leaves a hole where a log was cut, which is read as zeros.
        let zeros = if self.cut.is_open() { 0 } else { bytes.iter().take_while(|byte| **byte == 0).count() };
        self.line_at += zeros as u64;
        let mut lines = 0;
        let Self { cut, line_at, counting, .. } = self;
        cut.feed(&bytes[zeros..], &mut |line| {
            lines += 1;
            *line_at += line.bytes;
            counting.line(&shared.matcher, &line, *line_at);
        });
        lines
    }

    /// Nothing more is read: what has no line end is a line too.
    pub(super) fn finish(&mut self, shared: &Shared) {
        let Self { cut, line_at, counting, .. } = self;
        cut.complete(&mut |line| {
            *line_at += line.bytes;
            counting.line(&shared.matcher, &line, *line_at);
        });
        counting.flush(&shared.matcher);
    }
}
