//! A child process with its log file, ended on every way out.

use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::time::Instant;

use crate::Result;

/// From SIGTERM to SIGKILL.
const STOP_DEADLINE: Duration = Duration::from_secs(5);
const STOP_CHECK_INTERVAL: Duration = Duration::from_millis(20);
/// How much of a log is shown when its process failed.
const TAIL_LINES: usize = 15;

/// Where cargo has built this program, and the others.
pub(crate) fn own_folder() -> Result<PathBuf> {
    let this = std::env::current_exe()?;
    Ok(this.parent().ok_or("the playground's own folder is unknown")?.to_owned())
}

/// The path of a binary that is there. Absolute, because it is started in the temporary folder.
pub(crate) fn absolute(binary: &Path, name: &str) -> Result<PathBuf> {
    binary
        .canonicalize()
        .map_err(|error| format!("the {name} {}: {error}; `make run` builds it first", binary.display()).into())
}

/// A running child. Dropped without [`Process::stop`] (a panic), it is killed.
pub(crate) struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command` with its output in `NAME.log` of the folder.
    ///
    /// The child gets a process group of its own: a Ctrl-C at the terminal reaches the playground alone, which then
    /// ends its children in order.
    pub(crate) fn start(name: &'static str, command: &mut Command, folder: &Path) -> io::Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let output = File::create(&log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .current_dir(folder)
            .process_group(0)
            .spawn()?;
        Ok(Self { name, child, log })
    }

    /// An error with the end of its log, if it ended by itself.
    pub(crate) fn check(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => Err(format!("{} ended by itself: {status}{}", self.name, self.log_tail()).into()),
        }
    }

    /// The last lines of its log, introduced and indented; empty if there are none.
    pub(crate) fn log_tail(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        let mut tail = String::new();
        for (index, line) in lines.iter().skip(lines.len().saturating_sub(TAIL_LINES)).enumerate() {
            let lead = if index == 0 { "; its last log lines:\n  " } else { "\n  " };
            tail.push_str(lead);
            tail.push_str(line);
        }
        tail
    }

    /// Asks it to end, and kills it when it has not after the deadline.
    pub(crate) async fn stop(mut self) {
        // The standard library has no signal but SIGKILL, and a shell's own kill is everywhere. In a process group of
        // its own: a terminal that closes, or a second Ctrl-C, must not end the shell before it has asked.
        let asked = Command::new("sh")
            .args(["-c", "kill -TERM \"$1\"", "sh", &self.child.id().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .status()
            .is_ok_and(|status| status.success());
        let end = Instant::now() + STOP_DEADLINE;
        while asked && Instant::now() < end && matches!(self.child.try_wait(), Ok(None)) {
            tokio::time::sleep(STOP_CHECK_INTERVAL).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Without effect on a child that ended and was waited for. Nothing is left to do if it fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
