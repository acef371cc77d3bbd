//! A collector of any kind, as the runner drives it.
//!
//! The runner is compiled once and not for each kind: what a poll is differs, when it is made and what follows does not.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::{Instance, Member};
use crate::collector::{Collector, Health, TargetKind};
use crate::config::TargetSettings;
use crate::hub::{Excerpt, PollError};
use crate::metric::Families;
use crate::state::State;
use crate::topology::Sight;

/// A [`Collector`] that keeps what its last poll saw until it is done with.
pub(super) trait Driven: Send {
    /// See [`Collector::remember`].
    fn remember(&mut self, state: &Arc<State>);

    /// Asks the target once, and keeps what it saw.
    fn poll(&mut self) -> BoxFuture<'_, Result<(), PollError>>;

    /// See [`Collector::pace`].
    fn pace(&mut self, settings: &TargetSettings);

    /// Names what the last poll saw; nothing if it failed.
    fn export(&self, out: &mut Families);

    /// See [`Collector::export_health`].
    fn export_health(&self, health: &Health<'_>, out: &mut Families);

    /// See [`Collector::export_state`].
    fn export_state(&self, out: &mut Families);

    /// Gives back what the last poll saw. Returns what it saw of its surroundings; `None` if it failed.
    fn done(&mut self) -> Option<Sight>;

    /// See [`Collector::excerpts`].
    fn excerpts(&self) -> Vec<Excerpt>;

    /// See [`Collector::notes`].
    fn notes(&self) -> Vec<String>;

    /// See [`Collector::reloaded`].
    fn reloaded(&mut self);
}

/// Makes the collectors of an instance: the first one, and another one after a panic.
pub(super) type Make = Box<dyn Fn() -> Box<dyn Driven> + Send>;

/// What is polled by one task, and what polls it.
pub struct Polled {
    pub(super) instance: Instance,
    pub(super) make: Make,
}

/// A target at one of its addresses; without one, at that of its settings.
pub type At = Box<dyn Fn(Option<&Member>) -> Polled + Send + Sync>;

/// Where `target` can be polled.
pub fn at(target: impl TargetKind) -> At {
    Box::new(move |member| {
        let mut target = target.clone();
        if let Some(member) = member {
            target.node = Some(member.address);
            target.take_place(member);
        }
        Polled::new(Instance::of(&target), target.collectors())
    })
}

impl Polled {
    pub(super) fn new<C: Collector>(instance: Instance, make: impl Fn() -> C + Send + 'static) -> Self {
        Self { instance, make: Box::new(move || Box::new(Keeping { collector: make(), seen: None })) }
    }
}

struct Keeping<C: Collector> {
    collector: C,
    seen: Option<C::Snapshot>,
}

impl<C: Collector> Driven for Keeping<C> {
    fn remember(&mut self, state: &Arc<State>) {
        self.collector.remember(state);
    }

    fn poll(&mut self) -> BoxFuture<'_, Result<(), PollError>> {
        Box::pin(async {
            self.seen = Some(self.collector.poll().await?);
            Ok(())
        })
    }

    fn pace(&mut self, settings: &TargetSettings) {
        self.collector.pace(settings);
    }

    fn export(&self, out: &mut Families) {
        if let Some(seen) = &self.seen {
            C::export(seen, out);
        }
    }

    fn export_health(&self, health: &Health<'_>, out: &mut Families) {
        C::export_health(health, out);
    }

    fn export_state(&self, out: &mut Families) {
        self.collector.export_state(out);
    }

    fn done(&mut self) -> Option<Sight> {
        self.seen.take().map(|seen| self.collector.sight(&seen))
    }

    fn excerpts(&self) -> Vec<Excerpt> {
        self.collector.excerpts()
    }

    fn notes(&self) -> Vec<String> {
        self.collector.notes()
    }

    fn reloaded(&mut self) {
        self.collector.reloaded();
    }
}
