//! The way of log lines to stderr: a bounded queue, and a thread that alone waits for whoever reads.
//!
//! A pipe that nobody reads holds up a write for as long as that lasts. So no thread that polls or serves writes: it leaves its
//! line here, and when there is no room, the line is dropped and counted.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use rustix::event::{PollFd, PollFlags, poll};
use tracing::warn;

/// Bytes that wait at most; some two thousand lines.
const CAPACITY: usize = 256 * 1024;
/// Bytes whose room is kept between two bursts.
const KEPT: usize = 4 * 1024;

/// What holds the lines until they are written.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    emptied: Condvar,
    /// All lines that were dropped, for the metric.
    dropped: &'static AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    /// Whole lines.
    waiting: Vec<u8>,
    is_writing: bool,
    /// Lost lines of which the log does not tell yet.
    untold: u64,
}

impl Queue {
    pub(super) fn new(dropped: &'static AtomicU64) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), filled: Condvar::new(), emptied: Condvar::new(), dropped })
    }

    /// Takes one line, or drops it. Never waits for a reader.
    pub(super) fn push(&self, line: &[u8]) {
        let mut state = self.state.lock();
        if state.waiting.len() + line.len() > CAPACITY {
            state.untold += 1;
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        state.waiting.extend_from_slice(line);
        self.filled.notify_one();
    }

    /// Waits until all lines are written, `limit` at most.
    pub(super) fn flush(&self, limit: Duration) {
        let deadline = Instant::now() + limit;
        let mut state = self.state.lock();
        while state.is_writing || !state.waiting.is_empty() {
            if self.emptied.wait_until(&mut state, deadline).timed_out() {
                return;
            }
        }
    }

    /// Writes what comes, for ever. How many lines were dropped is told behind the last one before the gap, as soon as lines get
    /// through again.
    pub(super) fn write_to(&self, mut out: impl Write + AsFd) {
        let (mut lines, mut works) = (Vec::new(), true);
        loop {
            let dropped = self.take(&mut lines, works);
            if dropped > 0 {
                warn!(
                    lines = dropped,
                    "log lines were dropped, because nobody read the log or it could not be written"
                );
            }
            for line in lines.split_inclusive(|byte| *byte == b'\n') {
                // One write a line: other processes may write to the same pipe.
                works = write(&mut out, line).is_ok();
                if !works {
                    self.state.lock().untold += 1;
                    self.dropped.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }

    /// Waits for lines and moves them to `lines`. Returns how many were dropped behind them, if `works` and there are any.
    fn take(&self, lines: &mut Vec<u8>, works: bool) -> u64 {
        lines.clear();
        lines.shrink_to(KEPT);
        let mut state = self.state.lock();
        state.is_writing = false;
        while state.waiting.is_empty() && !(works && state.untold > 0) {
            self.emptied.notify_all();
            self.filled.wait(&mut state);
        }
        state.is_writing = true;
        std::mem::swap(&mut state.waiting, lines);
        if works { std::mem::take(&mut state.untold) } else { 0 }
    }
}

impl Write for &Queue {
    /// The subscriber hands over one whole line.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes all of `line`, also where somebody else made the pipe one that does not wait.
fn write(out: &mut (impl Write + AsFd), mut line: &[u8]) -> io::Result<()> {
    while !line.is_empty() {
        match out.write(line) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(length) => line = &line[length..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                poll(&mut [PollFd::new(&*out, PollFlags::OUT)], None)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
