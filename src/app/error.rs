//! Why the agent does not start.

use std::io::ErrorKind;
use std::net::SocketAddr;

use crate::config::ConfigError;

/// Why the agent does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Neither a file nor the environment.
    #[error(
        "no configuration: there is neither ./config.toml nor /etc/manometer/config.toml, and REDIS_URL (or REDIS_ADDR) is not set; write a config.toml (see README), give \
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
    /// Two addresses to listen on are one.
    #[error("{0} and {1} cannot be listened on together; keep one of the two")]
    Clash(SocketAddr, SocketAddr),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {cause}; {}", advice(.cause))]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's words.
        cause: std::io::Error,
    },
    /// The system gives no threads.
    #[error("cannot start the threads that poll: {0}")]
    Threads(std::io::Error),
    /// Signals cannot be received.
    #[error("cannot receive signals: {0}")]
    Signals(std::io::Error),
}

impl StartError {
    /// Whether the person who started the agent can mend it by other arguments or another configuration.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::NoConfig | Self::Config(_) | Self::Web(_) | Self::Clash(..))
    }
}

fn advice(cause: &std::io::Error) -> &'static str {
    match cause.kind() {
        ErrorKind::AddrInUse => "another agent or program listens there; stop it, or choose another port",
        ErrorKind::AddrNotAvailable => "is it an address of this machine?",
        ErrorKind::PermissionDenied => {
            "a port below 1024 needs rights that the agent does not have; choose another one"
        }
        _ => "choose another address",
    }
}
