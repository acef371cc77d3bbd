//! Reading the files of a configuration: neither their content and kind are trusted, nor the disk that they are on.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, TryRecvError, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

/// How long a file is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// Linux' number; the standard library has no word for it.
pub const O_NONBLOCK: i32 = 0o4000;

/// The folders in which something was waited for in vain and still goes on, and since when.
static HANGING: Mutex<BTreeMap<PathBuf, Instant>> = Mutex::new(BTreeMap::new());

/// The text of a regular file of at most `limit` KiB; the error says what is wrong and how to mend it.
///
/// Links are followed: mounted secrets are links. A pipe or a terminal could keep the reader waiting for ever, and gives
/// its text only once, while every reload reads again.
pub fn read(path: &Path, limit: u64) -> Result<String, String> {
    text(read_bytes(path, limit)?)
}

/// What was read, as text.
pub fn text(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|_| "is not UTF-8; save it as UTF-8 text".to_owned())
}

/// The same for a file in an encoding of its own.
pub fn read_bytes(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    let own = path.to_owned();
    bounded(path, move || read_here(&own, limit).map_err(|error| unreadable(&error)))??
}

/// The same for a file that need not be there.
pub fn read_if_there(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, String> {
    let own = path.to_owned();
    match bounded(path, move || read_here(&own, limit))? {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        read => read.map_err(|error| unreadable(&error))?.map(Some),
    }
}

fn unreadable(error: &io::Error) -> String {
    let advice = match error.kind() {
        ErrorKind::PermissionDenied => "let the agent's user read it",
        ErrorKind::NotFound => "create the file, readable by the agent",
        _ => "is the path right, and the disk well?",
    };
    format!("cannot be read: {error}; {advice}")
}

fn read_here(path: &Path, limit: u64) -> io::Result<Result<Vec<u8>, String>> {
    let Some(file) = open(path)? else {
        let message = "is not a regular file; give the path of one, not of a folder, a pipe or a device";
        return Ok(Err(message.to_owned()));
    };
    let limit_bytes = limit.saturating_mul(1024);
    // In one piece where the file does not grow: a secret that moves in memory leaves a copy behind.
    let length = file.metadata()?.len().min(limit_bytes) + 1;
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    let mut file = file.take(limit_bytes.saturating_add(1));
    file.read_to_end(&mut bytes)?;
    Ok(if file.limit() == 0 { Err(format!("is larger than {limit} KiB; is it the right file?")) } else { Ok(bytes) })
}

/// Opens a regular file; `None` if it is anything else. Nothing is opened that could wait for somebody, or that opening does
/// something to.
pub fn open(path: &Path) -> io::Result<Option<File>> {
    if !std::fs::metadata(path)?.is_file() {
        return Ok(None);
    }
    // It may have been replaced since.
    let file = OpenOptions::new().read(true).custom_flags(O_NONBLOCK).open(path)?;
    Ok(file.metadata()?.is_file().then_some(file))
}

/// The result of `work` on `path`, which is done on a thread and waited for a few seconds: a disk or a share that hangs
/// cannot be interrupted. Where one hangs, nothing else in that folder is begun until it goes on.
pub fn bounded<T: Send + 'static>(path: &Path, work: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    within(PATIENCE, path, work)
}

fn within<T: Send + 'static>(
    patience: Duration,
    path: &Path,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    let folder = path.parent().unwrap_or(path).to_owned();
    let since = hanging().get(&folder).map(|since| since.elapsed().as_secs());
    if let Some(seconds) = since {
        return Err(format!(
            "was not looked at: its folder has not answered for {seconds} s; does a disk or a share hang?"
        ));
    }
    let (done, outcome) = channel();
    let goes_on = GoesOn(folder.clone());
    let task = move || {
        // The first is dropped last, also where the work panics.
        let (_goes_on, done) = (goes_on, done);
        // Nobody may wait for it any more.
        let _ = done.send(work());
    };
    let spawned = thread::Builder::new().name("file".to_owned()).spawn(task);
    spawned.map_err(|error| format!("cannot be read: starting a thread: {error}; raise the limit of threads"))?;
    let fault = || "cannot be read: a fault of the agent ended the thread; see the log, report it".to_owned();
    match outcome.recv_timeout(patience) {
        Ok(outcome) => Ok(outcome),
        Err(RecvTimeoutError::Disconnected) => Err(fault()),
        Err(RecvTimeoutError::Timeout) => {
            // Held while it is entered: the thread strikes it out when it ends.
            let mut hanging = hanging();
            match outcome.try_recv() {
                Ok(outcome) => Ok(outcome),
                Err(TryRecvError::Disconnected) => Err(fault()),
                Err(TryRecvError::Empty) => {
                    hanging.entry(folder).or_insert_with(Instant::now);
                    Err(format!("did not answer within {patience:?}; does a disk or a share hang?"))
                }
            }
        }
    }
}

/// Work that, when it ends at last, lets others look into its folder again.
struct GoesOn(PathBuf);

impl Drop for GoesOn {
    fn drop(&mut self) {
        hanging().remove(&self.0);
    }
}

fn hanging() -> MutexGuard<'static, BTreeMap<PathBuf, Instant>> {
    HANGING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What changes when a file does, also when another is renamed or linked to its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    inode: u64,
}

impl Stamp {
    /// That of a file as it is now; `None` where it cannot be looked at. For a thread that may hang.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self { modified: metadata.modified().ok(), length: metadata.len(), inode: metadata.ino() })
    }

    /// The same for any thread.
    #[must_use]
    pub fn bounded(path: &Path) -> Option<Self> {
        let own = path.to_owned();
        bounded(path, move || Self::of(&own)).ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const NOT_REGULAR: &str = "is not a regular file; give the path of one, not of a folder, a pipe or a device";

    #[test]
    fn a_file_is_read_up_to_the_limit_through_links() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("file"), dir.path().join("link"));
        std::os::unix::fs::symlink(&file, &link).unwrap();
        std::fs::write(&file, "x".repeat(1024)).unwrap();
        assert_eq!(read(&link, 1).unwrap(), "x".repeat(1024));
        std::fs::write(&file, "x".repeat(1025)).unwrap();
        assert_eq!(read(&link, 1).unwrap_err(), "is larger than 1 KiB; is it the right file?");
        std::fs::write(&file, b"\xff").unwrap();
        assert_eq!(read(&file, 1).unwrap_err(), "is not UTF-8; save it as UTF-8 text");
    }

    #[test]
    fn what_is_no_file_is_refused_unopened() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [&pipe, dir.path(), Path::new("/dev/zero")] {
            assert_eq!(read(path, 1).unwrap_err(), NOT_REGULAR, "{}", path.display());
        }
        let none = dir.path().join("none");
        assert_eq!(
            read(&none, 1).unwrap_err(),
            "cannot be read: No such file or directory (os error 2); create the file, readable by the agent"
        );
        assert_eq!(read_if_there(&none, 1), Ok(None));
        assert_eq!(read_if_there(&pipe, 1).unwrap_err(), NOT_REGULAR);
    }

    #[test]
    fn what_hangs_costs_its_folder_until_it_goes_on_and_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let (file, other) = (dir.path().join("file"), tempfile::NamedTempFile::new().unwrap());
        std::fs::write(&file, "text").unwrap();
        let (release, released) = channel::<()>();
        let hangs = within(Duration::ZERO, &file, move || released.recv().is_ok());
        assert_eq!(hangs.unwrap_err(), "did not answer within 0ns; does a disk or a share hang?");
        let refused = "was not looked at: its folder has not answered for ";
        for _ in 0..3 {
            assert!(read(&file, 1).unwrap_err().starts_with(refused));
        }
        assert_eq!(Stamp::bounded(&file), None);
        assert_eq!(read(other.path(), 1).unwrap(), "");
        release.send(()).unwrap();
        while read(&file, 1).is_err() {
            thread::yield_now();
        }
        assert_eq!(read(&file, 1).unwrap(), "text");
    }

    #[test]
    fn work_that_ends_by_a_panic_is_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        let outcome = within::<()>(PATIENCE, &file, || panic!("as this test wants it"));
        let fault = "cannot be read: a fault of the agent ended the thread; see the log, report it";
        assert_eq!(outcome.unwrap_err(), fault);
        assert_eq!(read_if_there(&file, 1), Ok(None));
    }
}
