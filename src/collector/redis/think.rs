//! Long replies are read on a thread: on the runtime they would keep scrapes and the polls of other targets waiting.
//!
//! A target has one thread at most, and no more of them run than there are processors. They are not those on which names are
//! looked up and files are read: those may hang.

use std::sync::LazyLock;
use std::thread::available_parallelism;

use tokio::sync::{Semaphore, oneshot};

use super::RedisCollector;
use super::asked::Asked;
use super::facts::Facts;

/// Bytes of replies that are read on the runtime: 1,500 clients, a millisecond or two.
const INLINE: usize = 512 << 10;

static SLOTS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(available_parallelism().map_or(1, std::num::NonZero::get)));

/// The questions, and what was told of the server.
pub(super) type Mind = (Vec<Box<dyn Asked>>, Facts);

impl RedisCollector {
    /// What `work` makes of the questions, with so many bytes of replies to read. When the future is dropped the work goes on,
    /// and [`recollect`](Self::recollect) waits for its end.
    pub(super) async fn think<T: Send + 'static>(
        &mut self,
        bytes: usize,
        work: impl FnOnce(&mut Mind) -> T + Send + 'static,
    ) -> T {
        if bytes <= INLINE {
            let mut mind = (std::mem::take(&mut self.questions), std::mem::take(&mut self.facts));
            let made = work(&mut mind);
            (self.questions, self.facts) = mind;
            return made;
        }
        let slot = SLOTS.acquire().await;
        let mut mind = (std::mem::take(&mut self.questions), std::mem::take(&mut self.facts));
        let (send, made) = oneshot::channel();
        let thinking = self.thread.run(move || {
            let made = work(&mut mind);
            drop(slot);
            // Nobody may wait for it any more.
            let _ = send.send(made);
            mind
        });
        (self.questions, self.facts) = thinking.await.unwrap_or_else(|error| lost(&error));
        made.await.unwrap_or_else(|_| lost(&"its result is gone"))
    }

    /// Takes back what an earlier poll, which was given up, has left to its thread.
    pub(super) async fn recollect(&mut self) {
        if let Some(left) = self.thread.finish().await {
            (self.questions, self.facts) = left.unwrap_or_else(|error| lost(&error));
        }
        if std::mem::take(&mut self.is_reloaded) {
            self.questions.iter_mut().for_each(|question| question.renew());
        }
    }
}

/// The questions are gone with their thread. That is a panic of this collector, which the runner replaces.
fn lost(why: &dyn std::fmt::Display) -> ! {
    tracing::error!(error = %why, "the thread that read a long reply is lost");
    std::panic::resume_unwind(Box::new("the questions are lost"))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use futures_util::FutureExt as _;

    use super::*;
    use crate::collector::parsed;
    use crate::collector::redis::RedisTarget;
    use crate::collector::redis::question::QUESTIONS;

    fn collector() -> RedisCollector {
        let mut targets: Vec<RedisTarget> = parsed("[[redis]]\nname = \"main\"\nurl = \"redis://127.0.0.1:1\"\n");
        RedisCollector::new(targets.remove(0))
    }

    #[tokio::test]
    async fn a_long_reply_does_not_keep_the_runtime() {
        let mut collector = collector();
        let here = thread::current().id();
        assert_eq!(collector.think(INLINE, |_| thread::current().id()).await, here);
        let (release, released) = mpsc::channel();
        // The one thread of this runtime has to go on, or the work will never end.
        let reading = collector.think(INLINE + 1, move |(questions, _)| {
            released.recv().unwrap();
            (thread::current().id(), questions.len())
        });
        let ((there, questions), ()) = tokio::join!(reading, async { release.send(()).unwrap() });
        assert_ne!(there, here);
        assert_eq!(questions, QUESTIONS.len());
        assert_eq!(collector.questions.len(), QUESTIONS.len());
    }

    #[tokio::test]
    async fn a_poll_that_is_given_up_leaves_the_questions_to_the_next_one() {
        let mut collector = collector();
        let (release, released) = mpsc::channel::<()>();
        assert!(collector.think(INLINE + 1, move |_| released.recv()).now_or_never().is_none());
        assert!(collector.recollect().now_or_never().is_none(), "the thread is still at it");
        release.send(()).unwrap();
        collector.recollect().await;
        assert_eq!(collector.questions.len(), QUESTIONS.len());
        assert_eq!(collector.think(0, |(questions, _)| questions.len()).await, QUESTIONS.len());
    }
}
