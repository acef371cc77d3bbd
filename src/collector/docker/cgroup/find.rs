//! Where the folder of a container is. Each engine, driver and `--cgroup-parent` puts it elsewhere, but always under a name
//! that has the container's id in it.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{text, v1};

/// Between two searches of the whole tree for containers that are not where others were.
const PAUSE: Duration = Duration::from_mins(1);

/// Folders of one search, and how deep they may lie.
const MOST_FOLDERS: usize = 20_000;
const MOST_DEPTH: usize = 8;

/// Letters of an engine's id.
const ID: usize = 64;

/// Places of folders that are remembered.
const MOST_PLACES: usize = 64;

/// Folders that are remembered.
const MOST_KNOWN: usize = 10_000;

/// The two kinds of control groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hierarchy {
    V1,
    V2,
}

/// What stands before and behind the id in the path of a folder.
type Place = (String, String);

/// Finds folders, and remembers where they were.
#[derive(Debug)]
pub(super) struct Finder {
    root: PathBuf,
    known: HashMap<String, PathBuf>,
    places: BTreeSet<Place>,
    searched: Option<Instant>,
}

impl Finder {
    /// One that looks below `root`, usually /sys/fs/cgroup.
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root, known: HashMap::new(), places: BTreeSet::new(), searched: None }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// What is mounted there; `None` if it is none of the two.
    pub(super) fn hierarchy(&self) -> Option<Hierarchy> {
        if self.root.join("cgroup.controllers").is_file() {
            return Some(Hierarchy::V2);
        }
        self.root.join("memory").is_dir().then_some(Hierarchy::V1)
    }

    /// The tree in which folders are looked for; they have the same path in those of the other controllers.
    fn tree(&self) -> PathBuf {
        if self.hierarchy() == Some(Hierarchy::V2) { self.root.clone() } else { v1::tree(&self.root, "memory") }
    }

    /// The folders of those ids, relative to the tree: where they were, where others are, or by a search.
    pub(super) fn find(&mut self, ids: &[&str]) -> Vec<Option<PathBuf>> {
        let tree = self.tree();
        for id in ids {
            if id.len() != ID || self.known.contains_key(*id) || self.known.len() >= MOST_KNOWN {
                continue;
            }
            let at = |(before, behind): &Place| PathBuf::from(format!("{before}{id}{behind}"));
            if let Some(folder) = self.places.iter().map(at).find(|folder| tree.join(folder).is_dir()) {
                self.known.insert((*id).to_owned(), folder);
            }
        }
        let is_missing = |id: &&str| id.len() == ID && !self.known.contains_key(*id);
        if ids.iter().any(is_missing) && self.searched.is_none_or(|at| at.elapsed() >= PAUSE) {
            self.search(&tree, ids);
            self.searched = Some(Instant::now());
        }
        // Those of containers that are gone.
        self.known.retain(|id, _| ids.contains(&id.as_str()));
        ids.iter().map(|id| self.known.get(*id).cloned()).collect()
    }

    /// The folder of that id is not where it was.
    pub(super) fn forget(&mut self, id: &str) {
        self.known.remove(id);
    }

    /// The processes in a container's folder, and then those in folders below it, where engines put a container's own tree: so
    /// many at most.
    pub(super) fn processes(&self, hierarchy: Hierarchy, folder: &Path, most: usize) -> Vec<u32> {
        let folder = match hierarchy {
            Hierarchy::V1 => v1::tree(&self.root, "memory").join(folder),
            Hierarchy::V2 => self.root.join(folder),
        };
        let (mut seen, mut level) = (Vec::new(), vec![folder]);
        for _ in 0..MOST_DEPTH {
            for folder in &level {
                let text = text::read(&folder.join("cgroup.procs")).unwrap_or_default();
                // Those of another PID namespace are shown as 0.
                let own = text.lines().filter_map(|line| line.parse::<u32>().ok()).filter(|process| *process > 0);
                seen.extend(own.take(most - seen.len()));
            }
            if seen.len() >= most {
                break;
            }
            level = level.iter().flat_map(|folder| folders(folder)).collect();
        }
        seen
    }

    /// Goes through the tree, level by level, as long as one of them is missing.
    fn search(&mut self, tree: &Path, ids: &[&str]) {
        let mut level = vec![tree.to_owned()];
        let mut left = MOST_FOLDERS;
        for _ in 0..MOST_DEPTH {
            let mut next = Vec::new();
            for folder in level.iter().flat_map(|folder| folders(folder)) {
                left = left.saturating_sub(1);
                if left == 0 {
                    return;
                }
                self.learn(tree, &folder, ids);
                next.push(folder);
            }
            level = next;
        }
    }

    fn learn(&mut self, tree: &Path, folder: &Path, ids: &[&str]) {
        let Some(name) = folder.file_name().and_then(|name| name.to_str()) else { return };
        // Podman's monitor and systemd's mounts of a container have its id in their names too.
        if name.len() < ID || ["conmon", ".mount"].iter().any(|other| name.contains(other)) {
            return;
        }
        let Some(id) = ids.iter().find(|id| id.len() == ID && name.contains(**id)) else { return };
        let Some(path) = folder.strip_prefix(tree).ok().and_then(Path::to_str) else { return };
        if self.known.len() < MOST_KNOWN && !self.known.contains_key(*id) {
            self.known.insert((*id).to_owned(), path.into());
        }
        if let Some((before, behind)) = path.split_once(*id)
            && self.places.len() < MOST_PLACES
        {
            self.places.insert((before.to_owned(), behind.to_owned()));
        }
    }
}

/// The folders in a folder.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()).collect()
}
