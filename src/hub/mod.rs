//! The latest samples of every target, and their exposition.
//!
//! A poll hands its samples over. The first scrape after it writes those of all targets, under one header a family; the text is
//! kept until a target changes (or for a second), and shared by all scrapers. A scrape never waits for a poll.

mod excerpt;
mod flapping;
mod gzip;
mod last_error;
mod poll_error;
mod render;
mod rhythm;
mod status;

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use arc_swap::ArcSwapOption;
use parking_lot::{Mutex, RwLock, RwLockReadGuard};
use tracing::warn;

use crate::metric::text::Format;
use crate::metric::text::Origin;
use crate::metric::{Families, Samples, text};
use crate::state::State;
use crate::topology::{self, Topology};

pub use excerpt::Excerpt;
pub use flapping::Flapping;
pub use last_error::LastError;
pub use poll_error::{PollError, Reason};
pub(crate) use poll_error::{unconnected, unconnected_within};
pub use render::Exposition;
pub use rhythm::{Beat, Rhythm, scraper};
pub use status::{Key, TargetStatus};

/// Pushes what the agent knows of itself; called at each rendering.
type SelfMetrics = Box<dyn Fn(&mut Families) + Send + Sync>;

/// Families newly left out of `/metrics` that are logged one by one.
const MOST_LINES: usize = 10;

/// Bytes of an exposition for which no thread is woken: it takes less than a millisecond to write, and to compress.
const SHORT: usize = 128 << 10;

/// The latest samples of all targets.
pub struct Hub {
    targets: RwLock<BTreeMap<Key, Arc<TargetSamples>>>,
    /// Counts changes; a rendering of an older generation is stale.
    generation: AtomicU64,
    /// Counts the reloads of the configuration.
    reloads: AtomicU64,
    rendered: [ArcSwapOption<Rendered>; 2],
    /// One rendering at a time. Holds what is remembered of the last one.
    rendering: Mutex<Last>,
    self_metrics: SelfMetrics,
    rhythm: Rhythm,
    topology: Topology,
    site: ArcSwapOption<String>,
    /// What is wrong with what the agent was told beside its configuration, a line each.
    notices: ArcSwapOption<Vec<String>>,
    /// What collectors keep over a restart.
    state: Arc<State>,
    /// A rendering that is older is stale although no target has changed: the agent's own metrics change by themselves.
    max_age: Duration,
}

/// What is kept of one target: its state and its samples.
struct TargetSamples {
    status: TargetStatus,
    /// The labels that say whose samples they are.
    origin: Origin,
    samples: Samples,
    /// The whole exposition without the `target` label, made at the first `/scrape` of it.
    alone: [OnceLock<Arc<Exposition>>; 2],
}

/// What is remembered of the last rendering.
#[derive(Default)]
struct Last {
    /// How long it was, of each format.
    lengths: [usize; 2],
    /// What it left out: family and target.
    left_out: HashSet<(String, String)>,
}

/// The exposition of all targets, and what says whether it is stale.
struct Rendered {
    generation: u64,
    at: Instant,
    exposition: Arc<Exposition>,
}

impl Hub {
    /// A hub without targets; `self_metrics` is called at each rendering.
    #[must_use]
    pub fn new(self_metrics: impl Fn(&mut Families) + Send + Sync + 'static) -> Self {
        Self {
            targets: RwLock::default(),
            generation: AtomicU64::new(0),
            reloads: AtomicU64::new(0),
            rendered: [ArcSwapOption::empty(), ArcSwapOption::empty()],
            rendering: Mutex::default(),
            self_metrics: Box::new(self_metrics),
            rhythm: Rhythm::default(),
            topology: Topology::default(),
            site: ArcSwapOption::empty(),
            notices: ArcSwapOption::empty(),
            state: Arc::default(),
            max_age: Duration::from_secs(1),
        }
    }

    /// The same hub, for collectors whose memory outlives a restart.
    #[must_use]
    pub fn with_state(self, state: Arc<State>) -> Self {
        Self { state, ..self }
    }

    /// What collectors keep over a restart.
    #[must_use]
    pub const fn state(&self) -> &Arc<State> {
        &self.state
    }

    /// Makes the target known before its first poll. Samples that it already has stay until then. Returns how many others are
    /// known.
    pub fn announce(&self, status: TargetStatus) -> usize {
        let (known, others) = {
            let targets = self.read();
            let known = targets.contains_key(&status.key);
            (known, targets.len() - usize::from(known))
        };
        if !known {
            self.publish(status, Families::new());
        }
        others
    }

    /// Replaces everything that is known of `status.key`.
    pub fn publish(&self, status: TargetStatus, families: Families) {
        let site = self.site();
        let origin = Origin::new(&status.origin(site.as_ref().map(|site| site.as_str())));
        let (key, alone) = (status.key.clone(), [OnceLock::new(), OnceLock::new()]);
        let samples = TargetSamples { status, origin, samples: families.into_sorted(), alone };
        self.targets.write().insert(key, Arc::new(samples));
        self.changed();
    }

    /// Takes the label `site` that all series have: those of a target from its next poll on.
    pub fn set_site(&self, site: Option<String>) {
        self.site.store(site.map(Arc::new));
    }

    /// The label `site` of all series.
    #[must_use]
    pub fn site(&self) -> Option<Arc<String>> {
        self.site.load_full()
    }

    /// Takes what is wrong with what the agent was told beside its configuration, for people.
    pub fn set_notices(&self, lines: Vec<String>) {
        self.notices.store(Some(Arc::new(lines)));
    }

    /// The same.
    #[must_use]
    pub fn notices(&self) -> Arc<Vec<String>> {
        self.notices.load_full().unwrap_or_default()
    }

    /// Forgets a target with all its instances.
    pub fn remove(&self, target: &str) {
        let mut targets = self.targets.write();
        targets.extract_if(.., |key, _| key.target == target).for_each(|(key, _)| self.rhythm.forget(&key));
        drop(targets);
        self.changed();
    }

    /// Forgets one instance of a target.
    pub fn remove_one(&self, key: &Key) {
        if self.targets.write().remove(key).is_some() {
            self.rhythm.forget(key);
            self.topology.forget(&key.target, key.node.as_deref());
            self.changed();
        }
    }

    /// Forgets the instances of a target but those that `is_there`, by their `node` label.
    pub fn retain_nodes(&self, target: &str, is_there: impl Fn(&str) -> bool) {
        for node in self.nodes(target).into_iter().filter(|node| !is_there(node)) {
            self.remove_one(&Key { target: target.to_owned(), node: Some(node) });
        }
    }

    /// The configuration was applied again.
    pub fn reloaded(&self) {
        self.reloads.fetch_add(1, Ordering::Release);
    }

    /// How often the configuration was applied.
    #[must_use]
    pub fn reloads(&self) -> u64 {
        self.reloads.load(Ordering::Acquire)
    }

    /// The state of every target, by name.
    #[must_use]
    pub fn statuses(&self) -> Vec<TargetStatus> {
        self.read().values().map(|samples| samples.status.clone()).collect()
    }

    /// Shows the state and the samples of every target, by name.
    pub fn each(&self, mut show: impl FnMut(&TargetStatus, &Samples)) {
        let targets: Vec<Arc<TargetSamples>> = self.read().values().map(Arc::clone).collect();
        for samples in targets {
            show(&samples.status, &samples.samples);
        }
    }

    /// The exposition of all targets if it is at hand, fresh, and no target has changed since.
    #[must_use]
    pub fn current(&self, format: Format) -> Option<Arc<Exposition>> {
        let rendered = self.rendered[slot(format)].load();
        let rendered = rendered.as_ref()?;
        let current = rendered.generation == self.generation.load(Ordering::Acquire);
        (current && rendered.at.elapsed() <= self.max_age).then(|| Arc::clone(&rendered.exposition))
    }

    /// The exposition of all targets. Takes milliseconds where there are many: call it off the runtime's threads.
    #[must_use]
    pub fn render(&self, format: Format) -> Arc<Exposition> {
        self.render_after(&mut self.rendering.lock(), format)
    }

    /// The same on the caller's thread, for which it is a matter of a millisecond: the last one was short, and none is being
    /// rendered.
    #[must_use]
    pub fn render_if_short(&self, format: Format) -> Option<Arc<Exposition>> {
        let mut last = self.rendering.try_lock()?;
        let is_short = (1..=SHORT).contains(&last.lengths[slot(format)]);
        is_short.then(|| self.render_after(&mut last, format))
    }

    fn render_after(&self, known: &mut Last, format: Format) -> Arc<Exposition> {
        if let Some(current) = self.current(format) {
            return current;
        }
        // Read before the samples: a change in between makes this rendering stale at once, never fresh by mistake.
        let generation = self.generation.load(Ordering::Acquire);
        let targets: Vec<Arc<TargetSamples>> = self.read().values().map(Arc::clone).collect();
        let (site, own) = (self.site(), self.own());
        let of_site: Vec<(&str, &str)> = site.iter().map(|site| ("site", site.as_str())).collect();
        let own = own.into_sorted();
        let mut of_all = render::Joined::default();
        let of_site = Origin::new(&of_site);
        of_all.add("", &of_site, &own);
        for target in &targets {
            of_all.add(&target.status.key.target, &target.origin, &target.samples);
        }
        // As long as the last one, and a bit: the text of a thousand targets is not moved while it grows.
        let last = known.lengths[slot(format)];
        let (body, left_out) = of_all.write(format, last + last / 16);
        let mut new = left_out.difference(&known.left_out);
        for (family, target) in new.by_ref().take(MOST_LINES) {
            warn!(%family, target_name = %target, "left out of /metrics: another target exports it with another type; rename one");
        }
        if let more @ 1.. = new.count() {
            warn!(more, "and more families are left out of /metrics for their type");
        }
        known.lengths[slot(format)] = body.len();
        known.left_out = left_out;
        let exposition = Arc::new(Exposition::new(body));
        let rendered = Rendered { generation, at: Instant::now(), exposition: Arc::clone(&exposition) };
        self.rendered[slot(format)].store(Some(Arc::new(rendered)));
        exposition
    }

    /// Whether the last poll of an instance succeeded.
    #[must_use]
    pub fn is_up(&self, key: &Key) -> bool {
        self.read().get(key).is_some_and(|samples| samples.status.up())
    }

    /// The time from poll to poll of an instance.
    #[must_use]
    pub fn interval(&self, key: &Key) -> Option<Duration> {
        self.read().get(key).map(|samples| samples.status.interval)
    }

    /// When scrapers come.
    #[must_use]
    pub const fn rhythm(&self) -> &Rhythm {
        &self.rhythm
    }

    /// Who stands on whom.
    #[must_use]
    pub const fn topology(&self) -> &Topology {
        &self.topology
    }

    /// The instances of a target that has several, by their `node` label.
    #[must_use]
    pub fn nodes(&self, target: &str) -> Vec<String> {
        let of_it = |key: &&Key| key.target == target;
        let targets = self.read();
        targets
            .range(Key::of(target)..)
            .map(|(key, _)| key)
            .take_while(of_it)
            .filter_map(|key| key.node.clone())
            .collect()
    }

    /// What the agent says of itself.
    fn own(&self) -> Families {
        let mut own = Families::new();
        (self.self_metrics)(&mut own);
        let view = self.topology.view(SystemTime::now());
        topology::export(&view, &mut own);
        let targets = self.read();
        let samples: Vec<_> = targets.iter().map(|(key, samples)| (key.target.as_str(), &samples.samples)).collect();
        topology::export_events(&view, &samples, &mut own);
        own
    }

    /// The exposition of what the agent says of itself, its site left out. What it says under a neighbour's name about the
    /// neighbour's business is of `/metrics` alone.
    #[must_use]
    pub fn render_own(&self, format: Format) -> Exposition {
        let is_own = |name: &str| name.starts_with("manometer_") || name.starts_with("process_");
        let own = self.own().into_sorted();
        Exposition::new(text::exposition(own.iter().filter(|family| is_own(family.name())), format))
    }

    /// The exposition of one target, or of one instance of it, without the labels that say so; `None` if there is none.
    #[must_use]
    pub fn render_target(&self, key: &Key, format: Format) -> Option<Arc<Exposition>> {
        let samples = self.read().get(key).map(Arc::clone)?;
        let alone = samples.alone[slot(format)]
            .get_or_init(|| Arc::new(Exposition::new(text::exposition(&samples.samples, format))));
        Some(Arc::clone(alone))
    }

    /// What was rendered before is stale, and is not kept: that of a thousand targets is tens of megabytes.
    fn changed(&self) {
        self.generation.fetch_add(1, Ordering::Release);
        self.rendered.iter().for_each(|rendered| rendered.store(None));
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<Key, Arc<TargetSamples>>> {
        self.targets.read()
    }
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").field("targets", &self.read().len()).finish_non_exhaustive()
    }
}

/// The place of a format among two.
pub(crate) const fn slot(format: Format) -> usize {
    match format {
        Format::Prometheus => 0,
        Format::OpenMetrics => 1,
    }
}

#[cfg(test)]
mod tests;
