//! A control group with a limit of memory.

use std::path::{Path, PathBuf};

/// It is removed when it is dropped, when no process is in it any more.
pub(crate) struct MemoryGroup(PathBuf);

impl MemoryGroup {
    /// A group of so many bytes; `None` where this process may not make one.
    pub(crate) fn of(bytes: u64) -> Option<Self> {
        let name = format!("manometer-memory-{}", std::process::id());
        // Version 1, and version 2.
        [("memory", "memory.limit_in_bytes"), ("", "memory.max")].into_iter().find_map(|(folder, file)| {
            let group = Path::new("/sys/fs/cgroup").join(folder).join(&name);
            std::fs::create_dir(&group).ok()?;
            let group = Self(group);
            group.0.join(file).is_file().then_some(())?;
            std::fs::write(group.0.join(file), bytes.to_string()).ok()?;
            Some(group)
        })
    }

    /// The file into which the processes of the group are written.
    pub(crate) fn processes(&self) -> PathBuf {
        self.0.join("cgroup.procs")
    }
}

impl Drop for MemoryGroup {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(&self.0);
    }
}
