//! The sweep: one sample of each container that runs, a few at a time, in what is left of the poll's time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::time::{Instant, timeout_at};

use super::derive::{Derived, Previous, Whole};
use super::device::Devices;
use super::dialect::Dialect;
use super::sample::Sample;
use super::totals::Totals;
use super::usage::{Measured, Stages, Usage};
use crate::collector::Reason;
use crate::collector::docker::DockerTarget;
use crate::collector::docker::container::Container;
use crate::collector::docker::engine::{Endpoint, Engine, EngineError};
use crate::metric::Families;
use reader::Names;

/// Samples that are asked for at the same time of an engine that answers at once.
const WIDTH: usize = 16;

/// The same of an engine that answers at the next tick of its own collector, up to a second later, and all that wait for
/// it together: a hundred containers must not wait for a second tick.
const WIDTH_OF_TICKING: usize = 128;

/// The first Docker Engine that answers at once.
const AT_ONCE: [u32; 3] = [24, 0, 7];

/// The least of the poll's time that is left for what follows the sweep.
const MARGIN: Duration = Duration::from_millis(200);

/// Asks one sample of each container that runs, a few at a time.
pub(crate) struct Sweeper {
    pub(crate) deadline: Duration,
    concurrency: Option<usize>,
    bits_per_second: Option<u64>,
    single_threaded: Names,
    totals: Arc<Totals>,
    devices: Devices,
    previous: HashMap<String, Previous>,
    /// Containers that gave nothing last time, and why.
    unanswered: HashMap<String, Unanswered>,
}

/// Why a container gave nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unanswered {
    /// It was not its turn yet when the time was up.
    NotAsked,
    /// It took too long.
    Late,
}

/// What came of one container.
enum Answer {
    Sample(Box<Sample>),
    /// It does not run any more.
    Ended,
    Failed(Reason),
}

/// What came of all of them.
struct Round<'a> {
    samples: Vec<(&'a Container, Sample)>,
    unanswered: HashMap<String, Unanswered>,
    stages: Stages,
}

impl Sweeper {
    /// One that has no earlier samples yet, and goes on counting in `totals`.
    pub(crate) fn new(target: &DockerTarget, totals: Arc<Totals>) -> Self {
        Self {
            deadline: target.deadline,
            concurrency: target.concurrency,
            bits_per_second: target.bandwidth_bits_per_second,
            single_threaded: target.single_threaded.clone(),
            totals,
            devices: Devices::of(target),
            previous: HashMap::new(),
            unanswered: HashMap::new(),
        }
    }

    /// One sweep. It ends, with what it has, before the deadline of the poll that began at `begun`.
    pub(crate) async fn sweep(&mut self, engine: &Engine, containers: &[Container], begun: Instant) -> Usage {
        let swept = Instant::now();
        let round = self.ask_all(engine, containers, begun + within(self.deadline)).await;
        let has_limits = engine.may(Endpoint::Inspect);
        let mut measured = HashMap::new();
        for (container, sample) in round.samples {
            measured.insert(container.id.clone(), self.measure(container, sample, has_limits));
        }
        self.unanswered = round.unanswered;
        self.forget(containers);
        Usage::new(measured, self.devices.clone(), round.stages, swept.elapsed())
    }

    /// Names what it counted.
    pub(crate) fn export(&self, out: &mut Families) {
        self.totals.export(out);
    }

    /// Asks all that run until they have answered or the time is up. What is counted stays counted should the poll be given
    /// up meanwhile.
    async fn ask_all<'a>(&self, engine: &Engine, containers: &'a [Container], end: Instant) -> Round<'a> {
        let mut waiting = self.in_turn(containers).into_iter();
        let mut stages = Stages { seen: containers.len(), idle: containers.len() - waiting.len(), ..Stages::default() };
        let (mut samples, mut unanswered) = (Vec::new(), HashMap::new());
        let (mut asked, width) = (FuturesUnordered::new(), self.width(engine));
        loop {
            // A proxy may have refused the ones before.
            while asked.len() < width && engine.may(Endpoint::Stats) && Instant::now() < end {
                let Some(container) = waiting.next() else { break };
                unanswered.insert(container.id.clone(), Unanswered::Late);
                asked.push(ask(engine, container));
            }
            let Ok(Some((container, answer))) = timeout_at(end, asked.next()).await else { break };
            if !matches!(answer, Answer::Failed(Reason::Timeout)) {
                unanswered.remove(&container.id);
            }
            match answer {
                Answer::Sample(sample) => {
                    self.totals.sampled();
                    samples.push((container, *sample));
                }
                Answer::Ended => stages.idle += 1,
                Answer::Failed(reason) => {
                    self.totals.failed(reason, 1);
                    stages.failed += 1;
                }
            }
        }
        self.totals.failed(Reason::Timeout, asked.len());
        self.totals.skipped(waiting.len());
        stages.sampled = samples.len();
        stages.failed += asked.len();
        stages.skipped = waiting.len();
        unanswered.extend(waiting.map(|container| (container.id.clone(), Unanswered::NotAsked)));
        Round { samples, unanswered, stages }
    }

    /// The containers that run, in the order in which they are asked: first those whose turn did not come last time, last
    /// those that took too long, so that these cost themselves alone.
    fn in_turn<'a>(&self, containers: &'a [Container]) -> Vec<&'a Container> {
        let mut running: Vec<&Container> = containers.iter().filter(|container| container.state.has_usage()).collect();
        running.sort_by_key(|container| match self.unanswered.get(&container.id) {
            Some(Unanswered::NotAsked) => 0,
            None => 1,
            Some(Unanswered::Late) => 2,
        });
        running
    }

    /// How many are asked at the same time.
    fn width(&self, engine: &Engine) -> usize {
        if let Some(concurrency) = self.concurrency {
            return concurrency.max(1);
        }
        let ticks = engine.negotiated().is_some_and(|negotiated| {
            // Its API is known even where the version is the name of a branch.
            negotiated.engine == "Docker" && negotiated.api < (1, 44) && negotiated.numbers() < AT_ONCE
        });
        if ticks { WIDTH_OF_TICKING } else { WIDTH }
    }

    /// Adds to a sample what it says together with the one before it, and keeps it for the next one.
    fn measure(&mut self, container: &Container, sample: Sample, has_limits: bool) -> Measured {
        let current = Previous::of(&sample, container.started);
        let previous = self.previous.insert(container.id.clone(), current);
        let limits = container.inspected.as_ref().map(|inspected| &inspected.limits);
        let one_core = self.single_threaded.matches(&container.name);
        let whole = Whole { limits, has_limits, bits_per_second: self.bits_per_second, one_core };
        self.devices.learn(&sample.block);
        Measured { derived: Derived::of(&sample, previous.as_ref(), &current, whole), sample }
    }

    /// Forgets the samples of containers that do not run any more.
    fn forget(&mut self, containers: &[Container]) {
        let running =
            |id: &String| containers.iter().any(|container| container.id == *id && container.state.has_usage());
        self.previous.retain(|id, _| running(id));
    }
}

/// Asks one container.
async fn ask<'a>(engine: &Engine, container: &'a Container) -> (&'a Container, Answer) {
    let answer = match engine.stats(&container.id).await {
        Ok(body) => {
            let sample = Sample::read(&body, Dialect::of_engine(engine));
            sample.map_or(Answer::Ended, |sample| Answer::Sample(Box::new(traffic_of_its_own(sample, container))))
        }
        Err(error) if has_ended(&error) => Answer::Ended,
        Err(error) => Answer::Failed(error.reason()),
    };
    (container, answer)
}

/// A sample without the traffic that another container's sample has too.
fn traffic_of_its_own(mut sample: Sample, container: &Container) -> Sample {
    if container.shares_network {
        sample.network = super::network::Network::default();
    }
    sample
}

/// Whether the engine says that the container is gone, or about to.
fn has_ended(error: &EngineError) -> bool {
    matches!(error.status, Some(404 | 409))
}

/// The part of a poll's time in which the sweep has to end.
fn within(deadline: Duration) -> Duration {
    deadline.saturating_sub(MARGIN.max(deadline / 10).min(deadline / 2))
}

#[cfg(test)]
mod tests;
