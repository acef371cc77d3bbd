//! What files hold, read again when they change.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use parking_lot::Mutex;
use reader::file::Stamp;
use tokio::time::{Instant, timeout};
use tracing::{info, warn};

use super::blocking::Blocking;

/// How often at most the files are looked at; a poll is not more frequent.
const RECHECK: Duration = Duration::from_secs(1);

/// How long a value that is there waits for a look at its files: a share that hangs must not cost what was read before.
const PATIENCE: Duration = Duration::from_secs(1);

/// A value that files hold. Clones share it; two are always equal, for what they are made of is compared elsewhere.
pub struct Kept<T>(Arc<Inner<T>>);

struct Inner<T> {
    value: ArcSwapOption<T>,
    looked: Mutex<Option<Instant>>,
    /// What the files looked like when they were last read.
    seen: Mutex<Vec<Option<Stamp>>>,
    /// Why they could not be used then. They are read again at each look: what was in the way may be no part of them.
    error: Mutex<Option<String>>,
    thread: tokio::sync::Mutex<Blocking<Result<(), String>>>,
}

impl<T: Send + Sync + 'static> Kept<T> {
    /// A value that was read already, when its files looked so.
    pub fn holding(value: impl Into<Arc<T>>, seen: Vec<Option<Stamp>>) -> Self {
        let kept = Self::default();
        kept.0.value.store(Some(value.into()));
        *kept.0.seen.lock() = seen;
        kept
    }

    /// The value as it was read last, without a look at its files.
    #[must_use]
    pub fn last(&self) -> Option<Arc<T>> {
        self.0.value.load_full()
    }

    /// The value as `read` makes it of `files`, which are looked at once a second at most, on a thread of their own, and
    /// read where one of them has changed. What can no longer be read is said once for each reason and tried again, and the value
    /// read before stays; the error is that of the first reading.
    pub async fn current(
        &self,
        files: Vec<PathBuf>,
        read: impl FnOnce() -> Result<T, String> + Send + 'static,
    ) -> Result<Arc<T>, String> {
        let known = self.0.value.load_full();
        if let Some(value) = known.as_ref().filter(|_| files.is_empty() || !self.0.is_time()) {
            return Ok(Arc::clone(value));
        }
        let inner = Arc::clone(&self.0);
        let looking = async {
            let mut thread = self.0.thread.lock().await;
            thread.run(move || inner.look(&files, read)).await.map_err(|error| error.to_string())
        };
        let looked = match &known {
            // Who has a value goes on with it; what is wrong with the look has been said.
            Some(value) => {
                return Ok(timeout(PATIENCE, looking)
                    .await
                    .ok()
                    .and_then(|_| self.0.value.load_full())
                    .unwrap_or_else(|| Arc::clone(value)));
            }
            None => looking.await,
        };
        looked.and_then(|outcome| outcome)?;
        self.0.value.load_full().ok_or_else(|| "was not read; a fault of the agent".to_owned())
    }
}

#[cfg(test)]
impl<T> Kept<T> {
    /// A look is due.
    pub(crate) fn expire(&self) {
        *self.0.looked.lock() = None;
    }
}

impl<T> Inner<T> {
    /// True for one caller each time that a look is due.
    fn is_time(&self) -> bool {
        let mut looked = self.looked.lock();
        let due = looked.is_none_or(|looked| looked.elapsed() >= RECHECK);
        if due {
            *looked = Some(Instant::now());
        }
        due
    }

    fn look(&self, files: &[PathBuf], read: impl FnOnce() -> Result<T, String>) -> Result<(), String> {
        let mut seen = self.seen.lock();
        // Before the files are read, so that a change in between is seen the next time.
        let now: Vec<Option<Stamp>> = files.iter().map(|file| Stamp::of(file)).collect();
        let is_first = self.value.load().is_none();
        let mut last = self.error.lock();
        if !is_first && *seen == now && last.is_none() {
            return Ok(());
        }
        *seen = now;
        let names = || files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ");
        match read() {
            Ok(value) => {
                self.value.store(Some(Arc::new(value)));
                *last = None;
                if !is_first {
                    info!(files = names(), "changed files were read again");
                }
                Ok(())
            }
            Err(error) => {
                if !is_first && last.as_ref() != Some(&error) {
                    warn!(files = names(), %error, "changed files cannot be used; what was read before stays in use");
                }
                *last = Some(error.clone());
                Err(error)
            }
        }
    }
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Arc::new(Inner {
            value: ArcSwapOption::empty(),
            looked: Mutex::default(),
            seen: Mutex::default(),
            error: Mutex::default(),
            thread: tokio::sync::Mutex::new(Blocking::new("files")),
        }))
    }
}

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> PartialEq for Kept<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for Kept<T> {}

impl<T> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept")
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    struct Counted {
        kept: Kept<String>,
        file: PathBuf,
        reads: Arc<AtomicUsize>,
    }

    impl Counted {
        fn new(dir: &Path) -> Self {
            Self { kept: Kept::default(), file: dir.join("secret"), reads: Arc::default() }
        }

        async fn look(&self) -> Result<Arc<String>, String> {
            self.kept.expire();
            self.current().await
        }

        async fn current(&self) -> Result<Arc<String>, String> {
            let (file, reads) = (self.file.clone(), Arc::clone(&self.reads));
            let read = move || {
                reads.fetch_add(1, Ordering::SeqCst);
                std::fs::read_to_string(&file).map_err(|error| error.to_string())
            };
            self.kept.current(vec![self.file.clone()], read).await
        }
    }

    #[tokio::test]
    async fn files_are_read_once_a_change_and_kept_when_they_are_gone() {
        let dir = tempfile::tempdir().unwrap();
        let counted = Counted::new(dir.path());
        let replace = |text: &str| {
            let new = dir.path().join("new");
            std::fs::write(&new, text).unwrap();
            std::fs::rename(new, &counted.file).unwrap();
        };
        assert!(counted.look().await.unwrap_err().contains("No such file"));
        replace("first");
        for _ in 0..3 {
            assert_eq!(*counted.look().await.unwrap(), "first");
        }
        assert_eq!(counted.reads.load(Ordering::SeqCst), 2);
        replace("second");
        assert_eq!(*counted.current().await.unwrap(), "first", "no look is due");
        assert_eq!(*counted.look().await.unwrap(), "second");
        std::fs::remove_file(&counted.file).unwrap();
        for _ in 0..3 {
            assert_eq!(*counted.look().await.unwrap(), "second");
        }
        assert_eq!(counted.reads.load(Ordering::SeqCst), 6, "what cannot be read is tried at each look");
        replace("third");
        assert_eq!(*counted.look().await.unwrap(), "third");
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_that_hangs_costs_neither_the_value_nor_a_second_thread() {
        let kept: Kept<u32> = Kept::default();
        let file = vec![PathBuf::from("/dev/null")];
        assert_eq!(*kept.current(file.clone(), || Ok(1)).await.unwrap(), 1);
        let (release, released) = std::sync::mpsc::channel::<()>();
        kept.expire();
        kept.0.seen.lock().clear();
        let hanging = move || {
            let _ = released.recv();
            Ok(2)
        };
        assert_eq!(*kept.current(file.clone(), hanging).await.unwrap(), 1);
        kept.expire();
        assert_eq!(*kept.current(file.clone(), || Ok(3)).await.unwrap(), 1);
        release.send(()).unwrap();
    }
}
