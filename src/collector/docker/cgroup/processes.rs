//! The processes of a container, one by one, as /proc shows them.

use std::path::Path;
use std::{fs, io};

use super::text;

/// Processes and threads of one container that are looked at: one with more is not told of, rather than in part.
pub(super) const MOST: usize = 10_000;

/// States of a task by cAdvisor's names, and the letters of /proc.
pub(in super::super) const STATES: [(&str, &str); 4] =
    [("sleeping", "SI"), ("running", "R"), ("stopped", "Tt"), ("uninterruptible", "D")];

/// What the processes of a container are and have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in super::super) struct Processes {
    pub(in super::super) count: u64,
    /// Open files of all of them, and how many of these are sockets; `None` if they may not be looked at.
    pub(in super::super) files: Option<[u64; 2]>,
    /// Tasks by state, in the order of [`STATES`].
    pub(in super::super) states: [u64; STATES.len()],
}

/// Reads them; `None` if none of them can be seen, or there are too many.
pub(super) fn read(proc: &Path, processes: &[u32]) -> Option<Processes> {
    if processes.len() >= MOST {
        return None;
    }
    let mut seen = Processes { files: Some([0; 2]), ..Processes::default() };
    let mut tasks = 0;
    for process in processes {
        let folder = proc.join(process.to_string());
        let mut is_there = false;
        for task in fs::read_dir(folder.join("task")).into_iter().flatten().flatten() {
            tasks += 1;
            if tasks > MOST {
                return None;
            }
            let Some(letter) = text::read(&task.path().join("stat")).and_then(|stat| state_in(&stat)) else { continue };
            is_there = true;
            if let Some(at) = STATES.iter().position(|(_, letters)| letters.contains(letter)) {
                seen.states[at] += 1;
            }
        }
        // One that has just ended has neither.
        if !is_there {
            continue;
        }
        seen.count += 1;
        seen.files = seen
            .files
            .zip(files(&folder))
            .map(|([all, sockets], [more, more_sockets])| [all + more, sockets + more_sockets]);
    }
    (seen.count > 0).then_some(seen)
}

/// The letter behind the name, which is in brackets and may be anything.
fn state_in(stat: &str) -> Option<char> {
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}

/// Open files of a process, and sockets among them; `None` if they may not be looked at.
fn files(process: &Path) -> Option<[u64; 2]> {
    let mut counts = [0; 2];
    let files = match fs::read_dir(process.join("fd")) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return None,
        files => files,
    };
    for file in files.into_iter().flatten().flatten() {
        counts[0] += 1;
        let is_socket = fs::read_link(file.path()).is_ok_and(|to| to.to_string_lossy().starts_with("socket:"));
        counts[1] += u64::from(is_socket);
    }
    Some(counts)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn process(proc: &Path, id: u32, states: &[char], files: &[&str]) {
        let folder = proc.join(id.to_string());
        for (task, state) in states.iter().enumerate() {
            let task = folder.join("task").join((id as usize + task).to_string());
            fs::create_dir_all(&task).unwrap();
            fs::write(task.join("stat"), format!("{id} (a) R (b) {state} 1 2 3\n")).unwrap();
        }
        fs::create_dir_all(folder.join("fd")).unwrap();
        for (number, to) in files.iter().enumerate() {
            symlink(to, folder.join("fd").join(number.to_string())).unwrap();
        }
    }

    #[test]
    fn tasks_are_told_by_state_and_open_files_by_kind() {
        let proc = tempfile::tempdir().unwrap();
        process(proc.path(), 10, &['S', 'R', 'D', 'I'], &["/dev/null", "socket:[7]", "socket:[8]", "pipe:[9]"]);
        process(proc.path(), 20, &['T', 'Z'], &["anon_inode:[eventpoll]"]);
        let seen = read(proc.path(), &[10, 20, 30]).unwrap();
        // A zombie is none of them.
        assert_eq!(seen, Processes { count: 2, files: Some([5, 2]), states: [2, 1, 1, 1] });
        assert_eq!(read(proc.path(), &[30]), None);
        assert_eq!(read(proc.path(), &[]), None);
        assert_eq!(read(proc.path(), &vec![10; MOST]), None);
    }
}
