//! The service: what its tasks and its routes share, and the tasks.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use redis::Client;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::Result;
use crate::arguments::{Arguments, Publisher};
use crate::cache::{ANSWER_DEADLINE, Cache};
use crate::exposition::{self, latency_histogram};
use crate::flow::{Flow, Snapshot};
use crate::knobs::{KnobChange, Knobs, KnobsShown};
use crate::limit::CallLimit;
use crate::link::Link;
use crate::shapes::{Clock, View};
use crate::source::{Pacer, Registry, Tick};
use crate::usage::{Usage, UsageMeter};
use crate::{publisher, server};

/// From one slice of ticks to the next.
const SLICE: Duration = Duration::from_millis(10);
/// From one look at the process to the next.
const WATCH: Duration = Duration::from_secs(1);
/// From one use of the cache to the next; several GETs at once where the pace asks for more than ten a second.
const CACHE_SLICE: Duration = Duration::from_millis(100);
/// Before Redis is asked again after it has not answered.
const CACHE_RETRY: Duration = Duration::from_secs(1);

/// What all tasks and connections share. No lock is held across an await, and no two at once.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) arguments: Arguments,
    pub(crate) clock: Clock,
    flow: Mutex<Flow<Tick>>,
    registry: Mutex<Registry>,
    /// What a publisher says that does nothing, and the monitor of it.
    unused: Snapshot,
    /// The publisher's next pause.
    stall: Mutex<Option<Duration>>,
    usage: Mutex<Usage>,
    pub(crate) cache: Cache,
    pub(crate) calls: CallLimit,
    /// For `/health`, and for the cache's health.
    pub(crate) health_link: Link,
    pub(crate) cache_link: Link,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn new(arguments: Arguments, client: &Client) -> Result<Self> {
        arguments.knobs.check()?;
        let new = |histogram| Flow::new(Instant::now(), arguments.flow, arguments.knobs, histogram);
        let flow = new(latency_histogram()?);
        let unused = new(latency_histogram()?).snapshot(Instant::now());
        Ok(Self {
            clock: Clock::new(),
            flow: Mutex::new(flow),
            registry: Mutex::new(Registry::new(arguments.knobs.instruments, arguments.flow.seed)),
            unused,
            stall: Mutex::default(),
            usage: Mutex::default(),
            cache: Cache::default(),
            calls: CallLimit::default(),
            health_link: Link::new(client, "ticker-health", ANSWER_DEADLINE),
            cache_link: Link::new(client, "ticker-cache", ANSWER_DEADLINE),
            arguments,
        })
    }

    pub(crate) fn flow(&self) -> MutexGuard<'_, Flow<Tick>> {
        lock(&self.flow)
    }

    pub(crate) fn registry(&self) -> MutexGuard<'_, Registry> {
        lock(&self.registry)
    }

    pub(crate) fn knobs(&self) -> Knobs {
        self.flow().knobs
    }

    pub(crate) fn take_stall(&self) -> Option<Duration> {
        lock(&self.stall).take()
    }

    /// This moment, as the newer publisher sees it.
    pub(crate) fn view(&self) -> View {
        let seen = match self.arguments.publisher {
            Some(Publisher::Older) => self.unused.clone(),
            Some(Publisher::Newer) | None => self.flow().snapshot(Instant::now()),
        };
        View { seen, usage: *lock(&self.usage), at: SystemTime::now() }
    }

    /// The metrics page, of one moment.
    pub(crate) fn exposition(&self) -> prometheus::Result<String> {
        let mut flow = self.flow();
        let seen = flow.snapshot(Instant::now());
        match self.arguments.publisher {
            None => exposition::render(&seen, None, flow.histogram()),
            Some(Publisher::Newer) => exposition::render(&seen, Some(&self.unused), flow.histogram()),
            Some(Publisher::Older) => exposition::render(&self.unused, Some(&seen), flow.histogram()),
        }
    }

    /// Turns the knobs that the change names.
    pub(crate) fn apply(&self, change: &KnobChange) -> Result<()> {
        let histogram = latency_histogram()?;
        if let Some(instruments) = change.instruments {
            self.registry().resize(instruments);
        }
        if let Some(stall) = change.stall_ms {
            *lock(&self.stall) = Some(Duration::from_millis(stall));
        }
        let mut flow = self.flow();
        flow.knobs.apply(change);
        if change.reset_counters {
            flow.reset(histogram);
        }
        Ok(())
    }

    pub(crate) fn knobs_shown(&self) -> KnobsShown {
        let instruments = self.registry().len();
        KnobsShown { knobs: Knobs { instruments, ..self.knobs() }, vanished: self.view().seen.totals.vanished }
    }
}

/// A running service; it ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Service {
    /// Where it serves.
    pub(crate) address: SocketAddr,
    /// What the tests look into.
    #[cfg(test)]
    pub(crate) shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

impl Service {
    /// Listens, and starts everything. Whether Redis is there does not matter.
    pub(crate) async fn start(arguments: Arguments) -> Result<Self> {
        let client = Client::open(arguments.redis.as_str()).map_err(|error| format!("--redis: {error}"))?;
        let listener = TcpListener::bind(arguments.listen)
            .await
            .map_err(|error| io::Error::new(error.kind(), format!("listening on {}: {error}", arguments.listen)))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new(arguments, &client)?);
        let link = Link::new(&client, "ticker-publisher", shared.arguments.publish_timeout);
        let mut tasks = JoinSet::new();
        tasks.spawn(make_ticks(Arc::clone(&shared)));
        tasks.spawn(publisher::run(Arc::clone(&shared), link));
        tasks.spawn(use_cache(Arc::clone(&shared), Link::new(&client, "ticker-cache-user", ANSWER_DEADLINE)));
        tasks.spawn(watch(Arc::clone(&shared)));
        tasks.spawn(server::run(listener, Arc::clone(&shared)));
        Ok(Self {
            address,
            #[cfg(test)]
            shared,
            _tasks: tasks,
        })
    }
}

async fn make_ticks(shared: Arc<Shared>) {
    let mut slices = interval(SLICE);
    slices.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut pacer = Pacer::new(Instant::now());
    loop {
        slices.tick().await;
        let per_second = shared.knobs().ticks_per_second;
        let ticks = {
            let mut registry = shared.registry();
            let rate = per_second * registry.len() as f64;
            registry.ticks(pacer.due(Instant::now(), rate))
        };
        shared.flow().offer(Instant::now(), ticks);
    }
}

async fn use_cache(shared: Arc<Shared>, link: Link) {
    let mut slices = interval(CACHE_SLICE);
    slices.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut pacer = Pacer::new(Instant::now());
    loop {
        slices.tick().await;
        let gets = pacer.due(Instant::now(), shared.knobs().cache_gets_per_second);
        if gets > 0 && !shared.cache.use_once(&link, gets).await {
            tokio::time::sleep(CACHE_RETRY).await;
        }
    }
}

/// Looks at the process, and logs what has changed of the level and the breaker.
async fn watch(shared: Arc<Shared>) {
    let mut meter = UsageMeter::new(Instant::now());
    let mut looks = interval(WATCH);
    let mut before = None;
    loop {
        looks.tick().await;
        if let Some(usage) = meter.look(Instant::now()) {
            *lock(&shared.usage) = usage;
        }
        let seen = shared.view().seen;
        let (level, breaker) = (seen.level.as_str(), seen.breaker.as_str());
        if before.replace((level, breaker)).is_some_and(|before| before != (level, breaker)) {
            tracing::info!(level, breaker, pending = seen.pending, "state changed");
        }
    }
}
