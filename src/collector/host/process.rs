//! The processes of the machine: the open files of those that the configuration names, and whether another exporter is
//! among them.

use std::fs;
use std::io;
use std::path::Path;

use procfs::FromBufRead as _;
use procfs::process::{LimitValue, Limits};

use super::read;
use crate::metric::{Families, metrics};

metrics! {
    pub(super) fn metrics;
    COUNT: gauge "manometer_host_processes" ["process"] Count,
        "Running processes of each program in processes.", "/proc/PID/comm and cmdline";
    MAX_FDS: gauge "manometer_host_process_max_fds" ["process"] Count,
        "Open files that a process of this name may have: the lowest limit among them.", "/proc/PID/limits";
    OPEN_FDS: gauge "manometer_host_process_open_fds" ["process"] Count,
        "Open files of a process of this name: the highest number among them.", "/proc/PID/fd";
}

/// What the host's other exporter is called.
const EXPORTERS: [&str; 2] = ["node_exporter", "prometheus-node-exporter"];

/// What was found among the processes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Processes {
    /// Whether another exporter runs.
    pub(super) exporter: bool,
    /// Whether all could be looked at: the system may hide those of other users, and then none seen is none known.
    complete: bool,
    programs: Vec<Program>,
}

/// The processes of one name.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Program {
    name: String,
    count: usize,
    /// The lowest limit, as far as one is known.
    max_fds: Option<u64>,
    /// The highest number.
    open_fds: Option<u64>,
}

/// Looks at every process under `root`.
pub(super) fn scan(root: &Path, names: &[String]) -> Processes {
    let program = |name: &String| Program { name: name.clone(), count: 0, max_fds: None, open_fds: None };
    let mut found = Processes { exporter: false, complete: true, programs: names.iter().map(program).collect() };
    let Ok(folders) = fs::read_dir(root) else { return Processes { complete: false, ..found } };
    let mut first_is_seen = false;
    for folder in folders.flatten() {
        let name = folder.file_name();
        let Some(id) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        first_is_seen |= id == 1;
        let folder = folder.path();
        match called(&folder) {
            Ok(Some((command, program))) => found.note(&folder, &command, &program),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => found.complete = false,
            // It is none, or has ended in between.
            Ok(None) | Err(_) => {}
        }
    }
    // The first process never ends; where it is not seen, others are not either.
    found.complete &= first_is_seen;
    found
}

impl Processes {
    fn note(&mut self, folder: &Path, command: &str, program: &str) {
        let is = |name: &str| name == command || name == program;
        self.exporter |= EXPORTERS.iter().any(|name| is(name));
        for wanted in &mut self.programs {
            if is(&wanted.name) {
                wanted.count += 1;
                wanted.max_fds = smallest(wanted.max_fds, max_fds(folder));
                wanted.open_fds = wanted.open_fds.max(open_fds(folder));
            }
        }
    }
}

fn smallest(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.into_iter().chain(other).min()
}

/// The name that the kernel has of a process, which is cut at 15 bytes, and that of the program as it was called; `None`
/// for a thread of the kernel, and for a process that has ended and is not forgotten yet.
fn called(folder: &Path) -> io::Result<Option<(String, String)>> {
    let command = read::text(&folder.join("comm"))?;
    let line = read::text(&folder.join("cmdline"))?;
    let Some(called) = line.split('\0').next().filter(|called| !called.is_empty()) else { return Ok(None) };
    let program = called.rsplit('/').next().unwrap_or_default();
    Ok(Some((command.trim_end_matches('\n').to_owned(), program.to_owned())))
}

/// The limit that holds now. Every user may read it of every process.
fn max_fds(folder: &Path) -> Option<u64> {
    let text = read::text(&folder.join("limits")).ok()?;
    match Limits::from_buf_read(text.as_bytes()).ok()?.max_open_files.soft_limit {
        LimitValue::Value(limit) => Some(limit),
        LimitValue::Unlimited => Some(u64::MAX),
    }
}

fn open_fds(folder: &Path) -> Option<u64> {
    let folder = folder.join("fd");
    // The size is the number since Linux 6.2, and 0 before; to count costs a call for every few hundred.
    match fs::metadata(&folder).ok()?.len() {
        0 => fs::read_dir(folder).ok().map(|files| files.flatten().count() as u64),
        count => Some(count),
    }
}

pub(super) fn export(processes: &Processes, out: &mut Families) {
    for Program { name, count, max_fds, open_fds } in &processes.programs {
        if *count > 0 || processes.complete {
            out.push(&COUNT, [name], *count as f64);
        }
        for (metric, value) in [(&MAX_FDS, max_fds), (&OPEN_FDS, open_fds)] {
            if let Some(value) = value {
                out.push(metric, [name], *value as f64);
            }
        }
    }
}

#[cfg(test)]
mod tests;
