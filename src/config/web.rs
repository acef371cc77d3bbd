//! `[web]`: where the agent listens, and for how many.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Serialize;

use super::listen::{clash, listen_address};
use reader::{Reader, Table};

/// Where the agent listens unless told otherwise.
pub const DEFAULT_LISTEN_ADDRESS: &str = "127.0.0.1:10121";

/// `[web]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WebSettings {
    /// Addresses to listen on.
    #[serde(rename = "listen_address")]
    pub listen_addresses: Vec<SocketAddr>,
    /// The exporter-toolkit web configuration: TLS and basic auth.
    pub config_file: Option<PathBuf>,
    /// Connections at a time; beyond it the longest idle one is closed.
    pub max_connections: usize,
    /// Requests answered at a time; beyond it the answer is 503 with Retry-After.
    pub max_requests: usize,
}

impl WebSettings {
    pub(super) fn read(mut table: Table<'_>, reader: &Reader<'_>) -> Self {
        let default = Self::default();
        let mut listen_addresses = table.each("listen_address", listen_address);
        if let Some((one, other)) = clash(&listen_addresses) {
            let message = format!("{one} and {other} cannot be listened on together; keep one of the two");
            table.problem(None, "listen_address", None, message);
        }
        if listen_addresses.is_empty() {
            listen_addresses = default.listen_addresses;
        }
        let settings = Self {
            listen_addresses,
            config_file: table.string("config_file").map(|file| reader.resolve(&file)),
            max_connections: table.integer("max_connections", 1..=100_000).unwrap_or(default.max_connections),
            max_requests: table.integer("max_requests", 1..=10_000).unwrap_or(default.max_requests),
        };
        table.finish();
        settings
    }
}

impl Default for WebSettings {
    fn default() -> Self {
        Self {
            listen_addresses: DEFAULT_LISTEN_ADDRESS.parse().into_iter().collect(),
            config_file: None,
            max_connections: 512,
            max_requests: 64,
        }
    }
}
