//! `[web]`: where the agent listens, and for how many.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Serialize;
use url::Url;

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
    /// Where people reach the agent: links of alerts lead to its runbooks there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_url: Option<String>,
    /// Whether `POST /-/reload` reads the configuration again; SIGHUP does always.
    pub enable_lifecycle: bool,
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
            external_url: read_external_url(&mut table),
            enable_lifecycle: table.boolean("enable_lifecycle").unwrap_or_default(),
            max_connections: table.integer("max_connections", 1..=100_000).unwrap_or(default.max_connections),
            max_requests: table.integer("max_requests", 1..=10_000).unwrap_or(default.max_requests),
        };
        table.finish();
        settings
    }
}

/// `external_url`: an address that a person can follow, with the path of a proxy at most.
pub(super) fn read_external_url(table: &mut Table<'_>) -> Option<String> {
    let (line, text) = table.string_at("external_url")?;
    let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let message = match &url {
        None => "is not an address; write one like \"https://manometer.example.org\"",
        Some(url) if !url.username().is_empty() || url.password().is_some() => {
            "has a user or a password, and stands in every alert; write it without"
        }
        Some(url) if url.query().is_some() || url.fragment().is_some() => {
            "has a query or a fragment; write the address that /runbooks/ follows"
        }
        Some(_) => return Some(text.trim_end_matches('/').to_owned()),
    };
    // What is wrong may be a password.
    table.problem(Some(line), "external_url", None, message);
    None
}

impl Default for WebSettings {
    fn default() -> Self {
        Self {
            listen_addresses: DEFAULT_LISTEN_ADDRESS.parse().into_iter().collect(),
            config_file: None,
            external_url: None,
            enable_lifecycle: false,
            max_connections: 512,
            max_requests: 64,
        }
    }
}
