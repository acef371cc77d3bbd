//! Work that may hang in the kernel.

use std::io;
use std::thread;

use tokio::sync::oneshot;

/// A thread for work that may hang, one at a time: what hangs in the kernel cannot be ended, and must not get company.
///
/// The threads are not those of the runtime, which waits for its own when the agent stops.
#[derive(Debug)]
pub struct Blocking<T> {
    name: &'static str,
    running: Option<oneshot::Receiver<T>>,
}

impl<T: Send + 'static> Blocking<T> {
    /// Without a thread yet; `name` is for who looks at the threads of the process.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, running: None }
    }

    /// The result of `work`. When the future is dropped the work goes on, and the next call waits for its end first.
    pub async fn run(&mut self, work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
        if let Some(earlier) = &mut self.running {
            // The answer to a question of long ago: of no use any more.
            let _ = earlier.await;
            self.running = None;
        }
        self.join(work).await
    }

    /// The result of the work that goes on since an earlier call whose future was dropped; `None` if there is none.
    pub async fn finish(&mut self) -> Option<io::Result<T>> {
        let result = self.running.as_mut()?.await;
        self.running = None;
        Some(result.map_err(|_| ended()))
    }

    /// The result of the work that goes on since an earlier call whose future was dropped, and of `work` if there is none.
    pub async fn join(&mut self, work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
        let running = match &mut self.running {
            Some(running) => running,
            none => none.insert(start(self.name, work)?),
        };
        let result = running.await;
        self.running = None;
        result.map_err(|_| ended())
    }
}

fn ended() -> io::Error {
    io::Error::other("a fault of the agent ended the thread; see the log, report it")
}

#[cfg(test)]
impl<T> Blocking<T> {
    /// One with work that goes on as long as the sender lives.
    pub(super) fn running() -> (oneshot::Sender<T>, Self) {
        let (sender, receiver) = oneshot::channel();
        (sender, Self { name: "test", running: Some(receiver) })
    }

    pub(super) const fn is_idle(&self) -> bool {
        self.running.is_none()
    }
}

fn start<T: Send + 'static>(name: &str, work: impl FnOnce() -> T + Send + 'static) -> io::Result<oneshot::Receiver<T>> {
    let (send, receive) = oneshot::channel();
    let task = move || {
        // Nobody may wait for it any more.
        let _ = send.send(work());
    };
    thread::Builder::new().name(name.to_owned()).spawn(task)?;
    Ok(receive)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn what_hangs_gets_no_company_and_its_late_answer_is_thrown_away() {
        let mut blocking = Blocking::new("test");
        let (release, released) = mpsc::channel::<()>();
        let begun = Arc::new(AtomicUsize::new(0));
        let work = |answer: u32, wait: Option<mpsc::Receiver<()>>| {
            let begun = Arc::clone(&begun);
            move || {
                begun.fetch_add(1, Ordering::SeqCst);
                wait.map(|wait| wait.recv());
                answer
            }
        };
        // The deadline passes: the future is dropped.
        assert!(blocking.run(work(1, Some(released))).now_or_never().is_none());
        for _ in 0..10 {
            assert!(blocking.run(work(2, None)).now_or_never().is_none());
        }
        release.send(()).unwrap();
        assert_eq!(blocking.run(work(3, None)).await.unwrap(), 3);
        assert_eq!(begun.load(Ordering::SeqCst), 2, "the first and the last alone had a thread");
        assert_eq!(blocking.run(work(4, None)).await.unwrap(), 4);
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_the_next_call_works() {
        let mut blocking = Blocking::new("test");
        let error = blocking.run(|| panic!("a bug")).await.unwrap_err();
        assert_eq!(error.to_string(), "a fault of the agent ended the thread; see the log, report it");
        assert_eq!(blocking.run(|| 5).await.unwrap(), 5);
    }
}
