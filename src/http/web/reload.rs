//! The TLS configuration in use, read again when its files change.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use reader::Problem;
use reader::file::Stamp;
use tokio_rustls::rustls::ServerConfig;
use tracing::{info, warn};

use super::tls::TlsSettings;

/// How often at most the files are looked at.
const RECHECK: Duration = Duration::from_secs(1);

/// Hands out the current configuration; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct TlsSource(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: TlsSettings,
    current: ArcSwap<ServerConfig>,
    /// What the files looked like when they were last read, whether or not they could be used.
    seen: Mutex<Vec<Option<Stamp>>>,
    start: Instant,
    /// Milliseconds from `start` to the last look.
    looked_at: AtomicU64,
    recheck: Duration,
}

impl TlsSource {
    /// Reads the files for the first time.
    pub(super) fn new(settings: TlsSettings) -> Result<Self, Vec<Problem>> {
        // Before the files are read, so that a change in between is seen as one the next time.
        let seen = stamps(&settings);
        let current = settings.server_config()?;
        Ok(Self(Arc::new(Inner {
            settings,
            current: ArcSwap::from_pointee(current),
            seen: Mutex::new(seen),
            start: Instant::now(),
            looked_at: AtomicU64::new(0),
            recheck: RECHECK,
        })))
    }

    /// The same source with another time between looks.
    #[cfg(test)]
    pub(crate) fn with_recheck(self, recheck: Duration) -> Self {
        let mut inner = Arc::into_inner(self.0).expect("not shared yet");
        inner.recheck = recheck;
        Self(Arc::new(inner))
    }

    /// The configuration for a new connection. Looks at the files when it is time.
    pub(crate) async fn current(&self) -> Arc<ServerConfig> {
        if self.0.is_time() {
            let inner = Arc::clone(&self.0);
            // The disk may be slow. A look that panics leaves the old configuration, which is what is wanted.
            let _ = tokio::task::spawn_blocking(move || inner.look()).await;
        }
        self.0.current.load_full()
    }
}

impl Inner {
    /// True for one caller each `recheck`.
    fn is_time(&self) -> bool {
        let now = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let last = self.looked_at.load(Ordering::Relaxed);
        Duration::from_millis(now.saturating_sub(last)) >= self.recheck
            && self.looked_at.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Reads the files again if they changed. What cannot be used is logged once for each change, and the old
    /// configuration stays: a certificate and its key are rarely replaced in the same instant.
    fn look(&self) {
        let mut seen = self.seen.lock();
        let now = stamps(&self.settings);
        if *seen == now {
            return;
        }
        *seen = now;
        match self.settings.server_config() {
            Ok(config) => {
                self.current.store(Arc::new(config));
                info!("the TLS certificate was reloaded");
            }
            Err(problems) => {
                for problem in problems {
                    warn!(%problem, "the changed TLS files cannot be used; the certificate read before stays in use");
                }
            }
        }
    }
}

fn stamps(settings: &TlsSettings) -> Vec<Option<Stamp>> {
    settings.files().map(Stamp::of).collect()
}
