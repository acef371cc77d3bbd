//! TLS to a server.
//!
//! What a connection needs is built once for all that are made with the same settings, and again when a file of theirs
//! changes, so a rotated certificate needs no restart. Sessions are resumed. Whose certificate is trusted is `verifier`'s
//! to say, what an error means in plain words that of `words`.

mod build;
mod clock;
mod seen;
mod v1;
mod verifier;
mod words;

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsConnector, rustls};

use super::dial::Transport;
use super::endpoint::without_zone;
use super::kept::Kept;
use super::tls_settings::TlsSettings;
pub use clock::Clock;
use seen::Seen;
pub use seen::not_after;

/// A connection over TLS that is kept is made anew after this time: only a handshake shows that a server has renewed its
/// certificate, and the end of the old one must not be told for ever.
pub const MAX_AGE: Duration = Duration::from_hours(1);

/// What the connections with the same settings share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shared {
    config: Kept<ClientConfig>,
    seen: Arc<Seen>,
}

/// Why there is no TLS connection: what happened, and what to do. What was tried is the caller's to say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct TlsError {
    /// What happened.
    pub cause: String,
    /// What to do.
    pub advice: &'static str,
}

/// Speaks TLS over `stream` and checks the server's certificate, for the name in `settings` or else for `host`.
pub async fn handshake<S: Transport>(settings: &TlsSettings, host: &str, stream: S) -> Result<TlsStream<S>, TlsError> {
    let config = config(settings).await.map_err(|cause| TlsError {
        cause,
        advice: "check the files of the tls table, and that the agent may read them",
    })?;
    let name = settings.name_for(host);
    let server_name = ServerName::try_from(name.to_owned()).map_err(|error| TlsError {
        cause: format!("{name:?} cannot stand in a certificate: {error}"),
        advice: "set server_name to the name in the certificate",
    })?;
    let connected = TlsConnector::from(config).connect(server_name, stream).await;
    let stream = connected.map_err(|error| words::of(&error).unwrap_or_else(|| words::broken(&error)))?;
    // A session that is resumed shows the certificate that it began with, and nobody verifies it again.
    if let Some(certificate) = stream.get_ref().1.peer_certificates().and_then(<[_]>::first) {
        settings.shared.seen.note(name, certificate);
    }
    Ok(stream)
}

/// The server's verdict on the handshake if `error` of an open stream is one: with TLS 1.3 it learns of a missing or
/// wrong client certificate only after the client has begun to talk.
#[must_use]
pub fn verdict(error: &io::Error) -> Option<TlsError> {
    words::of(error)
}

async fn config(settings: &TlsSettings) -> Result<Arc<ClientConfig>, String> {
    let copy = settings.clone();
    settings.shared.config.current(build::files(settings), move || build::config(&copy)).await
}

impl TlsSettings {
    /// The name that the certificate of the server on `host` must have.
    fn name_for<'a>(&'a self, host: &'a str) -> &'a str {
        self.server_name.as_deref().unwrap_or_else(|| without_zone(host))
    }

    /// Forgets the certificates of all but these hosts.
    pub(crate) fn retain<'h>(&self, hosts: impl Iterator<Item = &'h str>) {
        let names: BTreeSet<&str> = hosts.map(|host| self.name_for(host)).collect();
        self.shared.seen.retain(|name| names.contains(name));
    }

    /// From now on nothing is known of the certificate of the server on `host`.
    pub(super) fn forget(&self, host: &str) {
        self.shared.seen.forget(self.name_for(host));
    }

    /// Until when the certificates of the servers are valid, in seconds since the epoch, each with the name that it was
    /// shown for; those of the last handshakes.
    #[must_use]
    pub fn not_after(&self) -> Vec<(String, i64)> {
        self.shared.seen.not_after()
    }
}

#[cfg(test)]
mod tests;
