//! What the containers have written to their own file systems. The engine goes through their files to tell it, so it is asked
//! seldom, beside the polls, and only where the configuration wants it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sysinfo::{DiskRefreshKind, Disks};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::DockerTarget;
use super::container::Container;
use super::engine::Engine;
use crate::metric::{Families, metrics};
use crate::net::{Blocking, Endpoint};
use parking_lot::Mutex;

/// The most that the engine may take, and the machine to tell its file systems.
const LIMIT: Duration = Duration::from_mins(10);
const FILE_SYSTEMS_LIMIT: Duration = Duration::from_secs(10);

/// Before the first question: an agent that starts again and again must not keep the engine busy with it.
const FIRST: Duration = Duration::from_secs(3);

/// After a question that was not answered.
const AGAIN: Duration = Duration::from_mins(5);

metrics! {
    pub(super) fn metrics;
    USAGE: gauge "container_fs_usage_bytes" ["name", "image", "device"] Bytes,
        "Bytes that the container has written to its own file system, without volumes and its log; as it was at \
         manometer_docker_disk_usage_timestamp_seconds. Only with disk_usage_interval.",
        "GET /containers/json?size=1: SizeRw";
    CAPACITY: gauge "container_fs_limit_bytes" ["name", "image", "device"] Bytes,
        "Size of the file system that the container writes to, which it shares with others; only with \
         disk_usage_interval and an engine on this machine.", "statvfs";
    TIMESTAMP: gauge "manometer_docker_disk_usage_timestamp_seconds" [] UnixSeconds,
        "When the engine last told what the containers have written; absent until it has.", "agent";
    FAILURES: counter "manometer_docker_disk_usage_failures_total" [] Count,
        "Questions for what the containers have written that the engine did not answer.", "agent";
}

/// What is known of the containers' file systems.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Seen {
    /// By the engine's id.
    written: HashMap<String, Written>,
    at: Option<SystemTime>,
}

/// What one container has written.
#[derive(Debug, Clone, PartialEq)]
struct Written {
    bytes: u64,
    /// Where to, if that is on this machine.
    to: Option<FileSystem>,
}

/// A file system of this machine.
#[derive(Debug, Clone, PartialEq)]
struct FileSystem {
    mounted: PathBuf,
    device: String,
    bytes: u64,
}

/// The question that is asked beside the polls.
#[derive(Debug)]
pub(super) struct DiskUsage {
    interval: Duration,
    is_local: bool,
    /// Where the containers keep what they write, by id.
    storage: Mutex<HashMap<String, PathBuf>>,
    seen: Mutex<Seen>,
    failures: AtomicU64,
}

impl DiskUsage {
    pub(super) fn new(target: &DockerTarget) -> Self {
        Self {
            interval: target.disk_usage_interval,
            is_local: matches!(target.url.endpoint(), Endpoint::Unix(_)),
            storage: Mutex::default(),
            seen: Mutex::default(),
            failures: AtomicU64::new(0),
        }
    }

    /// What was told last; `containers` are those of the next question.
    pub(super) fn of(&self, containers: &[Container]) -> Seen {
        let storage = |container: &Container| {
            let storage = &container.inspected.as_ref()?.storage;
            (!storage.is_empty()).then(|| (container.id.clone(), storage.into()))
        };
        if self.is_local && !self.interval.is_zero() {
            *self.storage.lock() = containers.iter().filter_map(storage).collect();
        }
        self.seen.lock().clone()
    }

    /// Asks for ever, at the configured interval.
    pub(super) async fn ask(&self, engine: &Engine) {
        if self.interval.is_zero() {
            return;
        }
        let mut has_failed = false;
        let mut thread = Blocking::new("docker-file-systems");
        let mut due = interval_at(Instant::now() + FIRST.min(self.interval), self.interval);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            due.tick().await;
            let list = match engine.sizes(LIMIT).await {
                Ok(list) => list,
                Err(error) => {
                    self.failures.fetch_add(1, Ordering::Relaxed);
                    // Once until it does again; that the engine is away the polls say.
                    if !std::mem::replace(&mut has_failed, true) && !error.is_unreachable() {
                        tracing::warn!(%error, "the Docker engine did not tell what the containers have written");
                    }
                    *self.seen.lock() = Seen::default();
                    due.reset_after(AGAIN.min(self.interval));
                    continue;
                }
            };
            has_failed = false;
            let storage = self.storage.lock().clone();
            let found = thread.run(move || located(&storage, &file_systems()));
            let mut found = timeout(FILE_SYSTEMS_LIMIT, found).await.ok().and_then(Result::ok).unwrap_or_default();
            let written = list.containers.into_iter().filter_map(|listed| {
                let to = found.remove(&listed.id);
                Some((listed.id, Written { bytes: listed.written?, to }))
            });
            *self.seen.lock() = Seen { written: written.collect(), at: Some(SystemTime::now()) };
        }
    }

    /// Names what it counted.
    pub(super) fn export(&self, out: &mut Families) {
        if !self.interval.is_zero() {
            out.push(&FAILURES, [], self.failures.load(Ordering::Relaxed) as f64);
        }
    }
}

/// The file systems that are mounted here.
fn file_systems() -> Vec<FileSystem> {
    let disks = Disks::new_with_refreshed_list_specifics(DiskRefreshKind::nothing().with_storage());
    let file_system = |disk: &sysinfo::Disk| FileSystem {
        mounted: disk.mount_point().to_owned(),
        device: disk.name().to_string_lossy().into_owned(),
        bytes: disk.total_space(),
    };
    disks.iter().flatten().map(file_system).collect()
}

/// The file systems in which the paths are; none of one that is not a path of this machine.
fn located(storage: &HashMap<String, PathBuf>, file_systems: &[FileSystem]) -> HashMap<String, FileSystem> {
    let of = |path: &Path| {
        let holds = |file_system: &&FileSystem| path.starts_with(&file_system.mounted);
        let depth = |file_system: &&FileSystem| file_system.mounted.components().count();
        file_systems.iter().filter(holds).max_by_key(depth).filter(|_| path.exists())
    };
    storage.iter().filter_map(|(id, path)| Some((id.clone(), of(path)?.clone()))).collect()
}

/// Names it.
pub(super) fn export(containers: &[Container], seen: &Seen, out: &mut Families) {
    for container in containers {
        let Some(Written { bytes, to }) = seen.written.get(&container.id) else { continue };
        let device = to.as_ref().map_or("", |to| to.device.as_str());
        let own = [container.name.as_str(), &container.image, device];
        out.push_with(&USAGE, own, &container.labels, *bytes as f64);
        if let Some(to) = to {
            out.push_with(&CAPACITY, own, &container.labels, to.bytes as f64);
        }
    }
    if let Some(at) = seen.at.and_then(|at| at.duration_since(UNIX_EPOCH).ok()) {
        out.push(&TIMESTAMP, [], at.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_in_the_deepest_file_system_above_it_if_it_is_there_at_all() {
        let root = tempfile::tempdir().unwrap();
        let file_system =
            |mounted: &Path, bytes| FileSystem { mounted: mounted.to_owned(), device: format!("/dev/{bytes}"), bytes };
        let (data, beside) = (root.path().join("data"), root.path().join("data2"));
        for folder in [data.join("overlay2/a/diff"), beside.clone()] {
            std::fs::create_dir_all(folder).unwrap();
        }
        let all = [file_system(Path::new("/"), 1), file_system(&data, 2), file_system(&data.join("overlay2/b"), 3)];
        let storage = HashMap::from([
            ("a".to_owned(), data.join("overlay2/a/diff")),
            ("b".to_owned(), beside),
            ("c".to_owned(), data.join("overlay2/c/diff")),
        ]);
        let found = located(&storage, &all);
        assert_eq!([found["a"].bytes, found["b"].bytes], [2, 1]);
        assert_eq!(found.len(), 2, "one is a path of another machine");
        assert!(located(&storage, &[]).is_empty());
    }
}
