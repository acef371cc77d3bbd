//! What the sweeps have counted since the agent started.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::collector::Reason;
use crate::metric::{Families, metrics};

metrics! {
    pub(super) fn metrics;
    SAMPLES: counter "manometer_docker_stats_samples_total" [] Count,
        "Usage samples of containers received from the engine; a container that lives shorter than the interval may \
         have none.", "agent";
    FILES: counter "manometer_docker_cgroup_reads_total" [] Count,
        "Usage samples of containers that were read from their own files.", "agent";
    VANISHED: counter "manometer_docker_cgroup_vanished_total" [] Count,
        "Containers whose files were gone before all of them were read; the engine is asked for these.", "agent";
    FAILURES: counter "manometer_docker_stats_failures_total" ["reason"] Count,
        "Usage samples of containers that the engine did not give, by reason; a container that has just ended does \
         not count.", "agent";
    SKIPPED: counter "manometer_docker_stats_skipped_total" [] Count,
        "Usage samples of running containers that were not requested: the poll ran out of time, or the endpoint is \
         not allowed.", "agent";
}

/// The counters of one target's sweeps. They outlive the sweeper.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    samples: AtomicU64,
    skipped: AtomicU64,
    files: AtomicU64,
    vanished: AtomicU64,
    failures: [AtomicU64; Reason::ALL.len()],
}

impl Totals {
    pub(super) fn sampled(&self) {
        self.samples.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn looked(&self, files: usize, vanished: u64) {
        self.files.fetch_add(files as u64, Ordering::Relaxed);
        self.vanished.fetch_add(vanished, Ordering::Relaxed);
    }

    pub(super) fn skipped(&self, containers: usize) {
        self.skipped.fetch_add(containers as u64, Ordering::Relaxed);
    }

    pub(super) fn failed(&self, reason: Reason, containers: usize) {
        if let Some(at) = Reason::ALL.iter().position(|known| *known == reason) {
            self.failures[at].fetch_add(containers as u64, Ordering::Relaxed);
        }
    }

    /// Names them; every reason is there from the start.
    pub(super) fn export(&self, out: &mut Families) {
        out.push(&SAMPLES, [], self.samples.load(Ordering::Relaxed) as f64);
        out.push(&SKIPPED, [], self.skipped.load(Ordering::Relaxed) as f64);
        out.push(&FILES, [], self.files.load(Ordering::Relaxed) as f64);
        out.push(&VANISHED, [], self.vanished.load(Ordering::Relaxed) as f64);
        for (reason, failures) in Reason::ALL.iter().zip(&self.failures) {
            out.push(&FAILURES, [reason.as_str()], failures.load(Ordering::Relaxed) as f64);
        }
    }
}
