//! The sweep: one sample of each container that runs, in what is left of the poll's time. It is read from the container's own
//! files where they are at hand, and the engine is asked for the rest, a few at a time.

use std::collections::{HashMap, HashSet};
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
use crate::collector::docker::cgroup::{Files, Machine, Wanted};
use crate::collector::docker::container::Container;
use crate::collector::docker::engine::{self, Endpoint, Engine, EngineError};
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
    network: bool,
    per_cpu: bool,
    files: Option<Files>,
    /// Whether the last sweep could read files, and the networks of processes.
    could_read: Option<(bool, Option<bool>)>,
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

/// What the files of the containers told, by id.
#[derive(Default)]
struct Own {
    samples: HashMap<String, Sample>,
    /// Those whose traffic is still to be asked for.
    partial: HashSet<String>,
    machine: Option<Machine>,
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
            network: target.network,
            per_cpu: target.cadvisor_labels,
            files: Files::of(target),
            could_read: None,
            totals,
            devices: Devices::of(target),
            previous: HashMap::new(),
            unanswered: HashMap::new(),
        }
    }

    /// One sweep. It ends, with what it has, before the deadline of the poll that began at `begun`.
    pub(crate) async fn sweep(&mut self, engine: &Engine, containers: &[Container], begun: Instant) -> Usage {
        let swept = Instant::now();
        let mut own = self.read_files(containers).await;
        let round = self.ask_all(engine, containers, &own, begun + within(self.deadline)).await;
        let has_limits = engine.may(Endpoint::Inspect);
        let mut of_engine: HashMap<&str, Sample> =
            round.samples.into_iter().map(|(container, sample)| (container.id.as_str(), sample)).collect();
        let mut measured = HashMap::new();
        for container in containers {
            let asked = of_engine.remove(container.id.as_str());
            let sample = match (own.samples.remove(&container.id), asked) {
                (Some(own), Some(asked)) => Sample { network: asked.network, ..own },
                (Some(sample), None) | (None, Some(sample)) => sample,
                (None, None) => continue,
            };
            measured.insert(container.id.clone(), self.measure(container, sample, has_limits));
        }
        self.unanswered = round.unanswered;
        self.forget(containers);
        Usage::new(measured, self.devices.clone(), round.stages, swept.elapsed()).on(own.machine)
    }

    /// Names what it counted.
    pub(crate) fn export(&self, out: &mut Families) {
        self.totals.export(out);
        if let Some((files, networks)) = self.could_read {
            engine::export_machine("cgroup_files", files, out);
            if let Some(networks) = networks {
                engine::export_machine("proc_net", networks, out);
            }
        }
    }

    /// What the containers' own files tell. What takes longer than a quarter of the poll's time is given up.
    async fn read_files(&mut self, containers: &[Container]) -> Own {
        let running = containers.iter().filter(|container| container.state.has_usage());
        let wanted: Vec<Wanted> = running
            .map(|container| Wanted { id: container.id.clone(), network: self.network && !container.shares_network })
            .collect();
        let Some(files) = self.files.as_mut().filter(|_| !wanted.is_empty()) else { return Own::default() };
        let look = files.look(wanted.clone(), self.deadline / 4).await;
        self.could_read = Some((!look.readings.is_empty(), look.sees_networks));
        self.totals.looked(look.readings.len(), look.vanished);
        let mut own = Own { machine: Some(look.machine), ..Own::default() };
        let needs: HashSet<&str> =
            wanted.iter().filter(|wanted| wanted.network).map(|wanted| wanted.id.as_str()).collect();
        for (id, reading) in look.readings {
            if reading.body.networks.is_none() && needs.contains(id.as_str()) {
                own.partial.insert(id.clone());
            }
            own.samples.extend(Sample::of_files(reading).map(|sample| (id, sample)));
        }
        own
    }

    /// Asks all that run until they have answered or the time is up. What is counted stays counted should the poll be given
    /// up meanwhile.
    async fn ask_all<'a>(&self, engine: &Engine, containers: &'a [Container], own: &Own, end: Instant) -> Round<'a> {
        let mut waiting = self.in_turn(containers, own).into_iter();
        let idle = containers.iter().filter(|container| !container.state.has_usage()).count();
        let mut stages = Stages { seen: containers.len(), idle, ..Stages::default() };
        // One whose files were read is sampled, whatever comes of the question for its traffic.
        let is_sampled = |container: &Container| own.samples.contains_key(&container.id);
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
                Answer::Ended => stages.idle += usize::from(!is_sampled(container)),
                Answer::Failed(reason) => {
                    self.totals.failed(reason, 1);
                    stages.failed += usize::from(!is_sampled(container));
                }
            }
        }
        self.totals.failed(Reason::Timeout, asked.len());
        self.totals.skipped(waiting.len());
        stages.sampled = own.samples.len() + samples.iter().filter(|(container, _)| !is_sampled(container)).count();
        stages.skipped = waiting.clone().filter(|container| !is_sampled(container)).count();
        stages.failed = stages.seen - stages.sampled - stages.idle - stages.skipped;
        unanswered.extend(waiting.map(|container| (container.id.clone(), Unanswered::NotAsked)));
        Round { samples, unanswered, stages }
    }

    /// The containers that run, in the order in which they are asked: first those whose turn did not come last time, last
    /// those that took too long, so that these cost themselves alone.
    fn in_turn<'a>(&self, containers: &'a [Container], own: &Own) -> Vec<&'a Container> {
        let is_asked = |container: &&Container| {
            let is_whole = own.samples.contains_key(&container.id) && !own.partial.contains(&container.id);
            container.state.has_usage() && !is_whole
        };
        let mut running: Vec<&Container> = containers.iter().filter(is_asked).collect();
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
    fn measure(&mut self, container: &Container, mut sample: Sample, has_limits: bool) -> Measured {
        if !self.network {
            sample.network = super::network::Network::default();
        }
        if !self.per_cpu {
            sample.per_cpu = Vec::new();
        }
        let previous = self.previous.get(&container.id).copied();
        let current = Previous::of(&sample, container.started).after(previous.as_ref());
        self.previous.insert(container.id.clone(), current);
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
