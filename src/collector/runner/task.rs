//! What goes on in the background until it is ended.

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A running task that can be told to stop.
pub struct Task {
    stop: CancellationToken,
    pub(super) handle: JoinHandle<()>,
}

impl Task {
    /// Starts what `work` makes of `stop`.
    pub fn start<F: Future<Output = ()> + Send + 'static>(
        stop: CancellationToken,
        work: impl FnOnce(CancellationToken) -> F,
    ) -> Self {
        Self { handle: tokio::spawn(work(stop.clone())), stop }
    }

    /// Tells it to stop, and does not wait for that.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Ends it.
    pub async fn end(self) {
        self.stop();
        // A cancelled task ends at its next await; one that panicked has ended.
        let _ = self.handle.await;
    }
}
