//! Names what all logs add up to.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;

use tokio::time::Instant;

use super::Registry;
use super::state::Stage;
use crate::collector::docker::logs::metrics::{self, Counts};
use crate::collector::docker::logs::source::Source;
use crate::metric::Families;

impl<S: Source> Registry<S> {
    /// Names everything.
    pub(in crate::collector::docker::logs) fn export(&self, answers: bool, out: &mut Families) {
        let state = self.state.lock();
        let mut counts = Counts::default();
        let mut open: BTreeMap<&str, bool> = BTreeMap::new();
        for entry in state.runs.values().filter(|entry| entry.is_alive) {
            match &entry.stage {
                Stage::Following(_, is_open) => {
                    counts.followed += 1;
                    *open.entry(&entry.name).or_default() |= is_open.load(Relaxed);
                }
                Stage::Skipped(reason) => counts.skipped[*reason as usize] += 1,
                Stage::Idle => {}
            }
        }
        for (count, reopened) in counts.reopened.iter_mut().zip(&self.shared.reopened) {
            *count = reopened.load(Relaxed);
        }
        metrics::export_counts(&counts, out);
        let now = Instant::now();
        for (name, totals) in &state.totals {
            let patterns = (self.patterns.as_ref(), self.patterns.select(name));
            metrics::export_totals(name, totals, patterns, now, out);
        }
        for (name, is_open) in open {
            if state.totals.get(name).is_some_and(|totals| totals.readable.load(Relaxed)) {
                metrics::export_follow_up(name, is_open && answers, out);
            }
        }
        drop(state);
        if let Some(excerpts) = &self.excerpts {
            excerpts.export(out);
        }
    }
}
