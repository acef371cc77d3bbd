//! The TLS configuration in use, read again when its files change.

use std::path::PathBuf;
use std::sync::Arc;

use reader::Problem;
use reader::file::Stamp;
use tokio_rustls::rustls::ServerConfig;

use super::tls::{Served, TlsSettings};
use crate::net::Kept;

/// Hands out the current configuration; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct TlsSource {
    settings: Arc<TlsSettings>,
    first: Arc<Served>,
    kept: Kept<Served>,
}

impl TlsSource {
    /// Reads the files for the first time.
    pub(super) fn new(settings: TlsSettings) -> Result<Self, Vec<Problem>> {
        // Before the files are read, so that a change in between is seen as one the next time.
        let seen = settings.files().map(Stamp::bounded).collect();
        let first = Arc::new(settings.served()?);
        Ok(Self { settings: Arc::new(settings), kept: Kept::holding(Arc::clone(&first), seen), first })
    }

    /// The configuration for a new connection. Looks at the files when it is time.
    pub(crate) async fn current(&self) -> Arc<ServerConfig> {
        let settings = Arc::clone(&self.settings);
        let read = move || {
            let lines = |problems: Vec<Problem>| problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("; ");
            settings.served().map_err(lines)
        };
        let files: Vec<PathBuf> = self.settings.files().map(PathBuf::from).collect();
        let served = self.kept.current(files, read).await.unwrap_or_else(|_| Arc::clone(&self.first));
        Arc::clone(&served.config)
    }

    /// The end of the certificate that connections are served with, in seconds since 1970.
    pub(super) fn not_after(&self) -> Option<i64> {
        self.kept.last().unwrap_or_else(|| Arc::clone(&self.first)).not_after
    }

    #[cfg(test)]
    pub(crate) fn expire(&self) {
        self.kept.expire();
    }
}
