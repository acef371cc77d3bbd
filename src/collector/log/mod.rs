//! The log collector: files, systemd units and standard input, whose lines are counted by the patterns of containers' logs.
//!
//! Readers go on between the polls (`files`, `journal`, `stdin`) and write what they have counted on a `board`; a poll
//! takes it from there. With the counts it takes the places up to which they go and hands them to the agent's state, so that
//! after a restart reading goes on behind what was exported. Nothing of a log is counted before its zeros were exported: a
//! counter that begins at 3 has risen for nobody.

mod board;
mod counting;
mod files;
mod glob;
mod journal;
mod memory;
mod metrics;
mod place;
mod settings;
mod stdin;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use self::board::{Fault, Problem};
pub use self::memory::Memory;
pub use self::settings::LogTarget;
use super::{Collector, Health, PollError, Reason, TargetKind as _};
use crate::config::TargetSettings;
use crate::metric::{Families, MetricInfo};
use crate::state::State;

/// When the reader of files was not seen at work for so long, a file or a folder hangs.
const STUCK: Duration = Duration::from_secs(30);

/// Problems of single logs that are shown.
const MAX_NOTES: usize = 10;

/// Watches the logs of one target.
pub struct LogCollector {
    memory: Arc<Memory>,
    deadline: Duration,
}

impl LogCollector {
    /// A collector whose readers are not at work yet.
    #[must_use]
    pub fn new(memory: Arc<Memory>) -> Self {
        let deadline = memory.shared.target.deadline;
        Self { memory, deadline }
    }

    /// Waits for the first look at the files.
    async fn looked(&self) -> Option<Instant> {
        let until = Instant::now() + self.deadline.mul_f64(0.8);
        loop {
            let worked_at = self.memory.shared.board.with(|board| board.worked_at);
            if worked_at.is_some() || Instant::now() >= until {
                return worked_at;
            }
            sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Collector for LogCollector {
    const NAME: &'static str = "log";
    type Snapshot = ();

    fn metrics() -> Vec<MetricInfo> {
        metrics::metrics()
    }

    fn remember(&mut self, state: &Arc<State>) {
        *self.memory.state.lock() = Some(Arc::clone(state));
    }

    async fn poll(&mut self) -> Result<(), PollError> {
        self.memory.ensure();
        let target = &self.memory.shared.target;
        if !target.files.is_empty() && self.looked().await.is_none_or(|at| at.elapsed() > STUCK) {
            return Err(PollError::new(
                Reason::Timeout,
                format!("looking at the files of {}", target.address()),
                "a file or a folder does not answer",
                "does a disk or a share hang?",
            ));
        }
        // One log that can be read is enough: what is wrong with the others is said in the notes.
        let problem = self.memory.shared.board.with(|board| {
            let is_any_open = board.logs.values().any(|log| log.is_open);
            let mut problems = board.logs.values().filter_map(|log| log.problem.as_ref()).chain(&board.problem);
            problems.next().filter(|_| !is_any_open).cloned()
        });
        problem.map_or(Ok(()), |problem| Err(error(problem)))
    }

    fn pace(&mut self, settings: &TargetSettings) {
        self.deadline = settings.deadline;
    }

    fn export((): &(), _out: &mut Families) {}

    fn export_health(health: &Health<'_>, out: &mut Families) {
        out.push_bool(&metrics::UP, [], health.error.is_none());
    }

    fn export_state(&self, out: &mut Families) {
        let Memory { shared, state, .. } = self.memory.as_ref();
        let kept = shared.board.with(|board| {
            metrics::export(board, &shared.patterns, out);
            board.to_state()
        });
        if let Some(state) = state.lock().as_ref() {
            state.put(&self.memory.section(), kept);
        }
    }

    fn notes(&self) -> Vec<String> {
        self.memory.shared.board.with(|board| {
            let problems = board.problem.iter().chain(board.logs.values().filter_map(|log| log.problem.as_ref()));
            problems.take(MAX_NOTES).map(Problem::to_string).collect()
        })
    }
}

fn error(problem: Problem) -> PollError {
    let reason = match problem.fault {
        Some(Fault::Permission) => Reason::Acl,
        Some(Fault::Format) => Reason::Decode,
        Some(Fault::Io) | None => Reason::Connect,
    };
    PollError::new(reason, problem.attempt, problem.cause, problem.advice)
}
