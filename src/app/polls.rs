//! The threads on which targets are polled.

use std::io;
use std::thread::available_parallelism;

use tokio::runtime::{Builder, Handle, Runtime};

/// Threads that poll at most: polling is waiting, and what computes for long is done elsewhere.
const MAX_THREADS: usize = 4;
/// Threads at most for what blocks, like reading the configuration from a disk that is slow.
const MAX_BLOCKING: usize = 8;

/// A runtime of the targets' own: however busy its threads are, those who scrape are served by another one.
pub(super) struct Polls(Option<Runtime>);

impl Polls {
    pub(super) fn start() -> io::Result<Self> {
        let threads = available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
        let mut runtime = Builder::new_multi_thread();
        runtime.worker_threads(threads).max_blocking_threads(MAX_BLOCKING).thread_name("polls").enable_all();
        runtime.build().map(|runtime| Self(Some(runtime)))
    }

    /// What spawns there.
    pub(super) fn handle(&self) -> Handle {
        self.0.as_ref().map_or_else(Handle::current, |runtime| runtime.handle().clone())
    }
}

impl Drop for Polls {
    /// Waits for nobody: what still computes or blocks a thread is left behind.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
