//! Why the agent does not start.

use std::net::SocketAddr;

use crate::config::ConfigError;

/// Why the agent does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Neither a file nor the environment.
    #[error(
        "no configuration: there is no ./config.toml and REDIS_URL is not set; write a config.toml (see README), give \
         one with --config FILE, or set REDIS_URL=redis://HOST:6379"
    )]
    NoConfig,
    /// The configuration is wrong.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// The web configuration file is wrong.
    #[error("{0}")]
    Web(String),
    /// The configuration could not be read at all.
    #[error("reading the configuration: {0}")]
    Read(String),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {cause}; is another agent running, or is the port below 1024?")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's words.
        cause: std::io::Error,
    },
    /// Signals cannot be received.
    #[error("cannot receive signals: {0}")]
    Signals(std::io::Error),
}

impl StartError {
    /// Whether the person who started the agent can mend it by other arguments or another configuration.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::NoConfig | Self::Config(_) | Self::Web(_))
    }
}
