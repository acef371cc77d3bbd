//! What outlives a collector: the readers, and what they have counted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};

use parking_lot::Mutex;
use tokio::task::AbortHandle;

use super::board::{Board, Kept};
use super::files::{Files, Shared};
use super::place::FilePlace;
use super::settings::LogTarget;
use super::{journal, stdin};
use crate::logpattern::Patterns;
use crate::state::State;

/// The readers of one target, and what they have counted.
pub struct Memory {
    pub(super) shared: Arc<Shared>,
    pub(super) state: Mutex<Option<Arc<State>>>,
    running: Mutex<Option<Running>>,
}

/// Readers at work. They end when it is dropped.
struct Running {
    stop: Arc<AtomicBool>,
    files: Option<JoinHandle<()>>,
    tasks: Vec<AbortHandle>,
}

impl Memory {
    /// That of an agent that has just started.
    #[must_use]
    pub fn new(target: LogTarget) -> Self {
        let patterns = Patterns::of(&target.patterns);
        let (board, matcher) = (Board::new(&patterns), patterns.matcher(patterns.select("")));
        let shared = Arc::new(Shared { target, board, patterns, matcher });
        Self { shared, state: Mutex::default(), running: Mutex::default() }
    }

    /// The name of its section of the state.
    pub(super) fn section(&self) -> String {
        format!("log:{}", self.shared.target.name)
    }

    /// Sees to it that the readers are at work.
    pub(super) fn ensure(&self) {
        let mut running = self.running.lock();
        match running.as_mut() {
            None => *running = Some(self.start()),
            Some(running) if running.files.as_ref().is_some_and(JoinHandle::is_finished) => {
                // A panic has ended it. What it had counted is on the board.
                tracing::error!(target_name = %self.shared.target.name, "a fault of the agent ended the reader of files; it is started again, report it");
                let places = self.shared.board.with(|board| {
                    let places = board.logs.iter().map(|(name, log)| (name.clone(), log.files.clone()));
                    places.filter(|(_, places)| !places.is_empty()).collect()
                });
                running.files = self.read_files(&running.stop, places);
            }
            Some(_) => {}
        }
    }

    fn start(&self) -> Running {
        let state = self.state.lock().clone();
        let kept = state.and_then(|state| state.section(&self.section()));
        let mut kept: Kept = kept.and_then(|kept| serde_json::from_value(kept).ok()).unwrap_or_default();
        let target = &self.shared.target;
        let stop = Arc::new(AtomicBool::new(false));
        let files = if target.files.is_empty() { None } else { self.read_files(&stop, kept.files) };
        let journals = target.units.iter().map(|unit| {
            let cursor = kept.cursors.remove(unit);
            tokio::spawn(journal::follow(Arc::clone(&self.shared), unit.clone(), cursor)).abort_handle()
        });
        let mut tasks: Vec<AbortHandle> = journals.collect();
        if target.stdin {
            self.shared.board.log(stdin::NAME, |_| {});
            tasks.push(tokio::spawn(stdin::follow(Arc::clone(&self.shared))).abort_handle());
        }
        Running { stop, files, tasks }
    }

    fn read_files(&self, stop: &Arc<AtomicBool>, kept: BTreeMap<String, Vec<FilePlace>>) -> Option<JoinHandle<()>> {
        let (files, stop) = (Files::new(Arc::clone(&self.shared), kept), Arc::clone(stop));
        let thread = thread::Builder::new().name("log-files".to_owned()).spawn(move || files.run(&stop));
        thread.inspect_err(|error| tracing::error!(%error, "no thread for reading files could be started")).ok()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        if let Some(files) = &self.files {
            files.thread().unpark();
        }
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}
