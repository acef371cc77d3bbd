//! A stream that tells what goes through it, and may be ended for it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Who is told what goes through a stream. What it does not ask for passes.
pub trait Watch {
    /// So many bytes came in, 0 at the end of the stream. An error is what the reader gets in their place.
    fn received(&mut self, bytes: usize) -> io::Result<()> {
        let _ = bytes;
        Ok(())
    }

    /// All that was written is out.
    fn flushed(&mut self) {}

    /// The stream failed, by itself or by [`received`](Self::received).
    fn failed(&mut self, error: &io::Error) {
        let _ = error;
    }
}

/// A stream with its watch.
#[derive(Debug)]
pub struct Watched<S, W> {
    stream: S,
    watch: W,
}

impl<S, W> Watched<S, W> {
    /// Watches `stream` from now on.
    pub const fn new(stream: S, watch: W) -> Self {
        Self { stream, watch }
    }

    /// The stream, past its watch.
    pub(crate) const fn unwatched(&mut self) -> &mut S {
        &mut self.stream
    }
}

impl<S, W: Watch> Watched<S, W> {
    fn told<T>(&mut self, outcome: io::Result<T>) -> Poll<io::Result<T>> {
        if let Err(error) = &outcome {
            self.watch.failed(error);
        }
        Poll::Ready(outcome)
    }
}

impl<S: AsyncRead + Unpin, W: Watch + Unpin> AsyncRead for Watched<S, W> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, buf));
        let outcome = read.and_then(|()| self.watch.received(buf.filled().len() - before));
        self.told(outcome)
    }
}

impl<S: AsyncWrite + Unpin, W: Watch + Unpin> AsyncWrite for Watched<S, W> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, buf));
        self.told(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, bufs));
        self.told(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = ready!(Pin::new(&mut self.stream).poll_flush(cx));
        if flushed.is_ok() {
            self.watch.flushed();
        }
        self.told(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// The bytes that may still arrive; clones share it with the one who grants them.
///
/// A server, or what poses as one, must not be able to fill the agent's memory.
#[derive(Debug, Clone, Default)]
pub struct Budget(Arc<AtomicU64>);

impl Budget {
    /// Of a stream that may bring whatever it has.
    pub const UNLIMITED: u64 = u64::MAX;

    /// Grants `bytes` from now on, whatever was left before.
    pub fn grant(&self, bytes: u64) {
        self.0.store(bytes, Ordering::Relaxed);
    }

    /// What is left.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Takes `bytes`; false if there are not so many left.
    #[must_use]
    pub fn spend(&self, bytes: usize) -> bool {
        let spent = |left: u64| if left == Self::UNLIMITED { Some(left) } else { left.checked_sub(bytes as u64) };
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spent).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    /// Keeps what it is told, and takes no more than three bytes.
    #[derive(Default)]
    struct Notes(Vec<String>, Budget);

    impl Watch for &mut Notes {
        fn received(&mut self, bytes: usize) -> io::Result<()> {
            self.0.push(format!("received {bytes}"));
            if self.1.spend(bytes) { Ok(()) } else { Err(io::Error::other("too much")) }
        }

        fn flushed(&mut self) {
            self.0.push("flushed".to_owned());
        }

        fn failed(&mut self, error: &io::Error) {
            self.0.push(format!("failed: {error}"));
        }
    }

    #[tokio::test]
    async fn a_watch_is_told_what_goes_through_and_can_end_it() {
        let (here, mut there) = duplex(64);
        let mut notes = Notes::default();
        notes.1.grant(3);
        let mut watched = Watched::new(here, &mut notes);
        watched.write_all(b"hello").await.unwrap();
        watched.flush().await.unwrap();
        let mut buffer = [0; 8];
        assert_eq!(there.read(&mut buffer).await.unwrap(), 5);
        for (sent, outcome) in [("ab", Ok(2)), ("cd", Err("too much".to_owned()))] {
            there.write_all(sent.as_bytes()).await.unwrap();
            assert_eq!(watched.read(&mut buffer).await.map_err(|error| error.to_string()), outcome);
        }
        drop(there);
        assert_eq!(watched.read(&mut buffer).await.unwrap(), 0);
        assert!(watched.write_all(b"!").await.is_err());
        assert_eq!(
            notes.0,
            ["flushed", "received 2", "received 2", "failed: too much", "received 0", "failed: broken pipe"]
        );
    }

    #[test]
    fn a_budget_is_spent_once_and_shared() {
        let budget = Budget::default();
        assert!(!budget.spend(1));
        budget.clone().grant(10);
        assert!(budget.spend(10) && !budget.spend(1));
        assert_eq!(budget.left(), 0);
        budget.grant(Budget::UNLIMITED);
        assert!(budget.spend(usize::MAX));
        assert_eq!(budget.left(), Budget::UNLIMITED);
    }
}
