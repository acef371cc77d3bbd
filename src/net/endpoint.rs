//! Where a server listens.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

use serde::{Serialize, Serializer};

use super::url_checks::Form;

/// How a host with a port is written.
const HOST_AND_PORT: Form = Form {
    query: false,
    example: "write it like 10.0.0.7:9092, kafka-1:9092 or [fd00::7]:9092",
    fix: "write host:port",
};

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// TCP.
    Tcp {
        /// A name or an IP address, IPv6 without brackets and with its zone (`fe80::1%eth0`).
        host: String,
        /// The port.
        port: u16,
    },
    /// A unix domain socket.
    Unix(PathBuf),
}

impl Endpoint {
    /// Reads `host`, `host:port` or `[address]:port` of a server that is spoken to over TCP; `port` where none is given.
    pub fn parse_tcp(text: &str, port: u16) -> Result<Self, String> {
        let text = text.trim();
        HOST_AND_PORT.check(text)?;
        if text.contains(['/', '@']) {
            return Err(format!("is not a host and a port; {}", HOST_AND_PORT.example));
        }
        let (url, host) = HOST_AND_PORT.parse(&format!("tcp://{text}"))?;
        Ok(Self::Tcp { host, port: url.port().unwrap_or(port) })
    }

    /// The host and the port; `None` for a socket.
    #[must_use]
    pub fn name(&self) -> Option<(String, u16)> {
        match self {
            Self::Tcp { host, port } => Some((host.clone(), *port)),
            Self::Unix(_) => None,
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } => write!(f, "{}:{port}", bracketed(host)),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl Serialize for Endpoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The host as it stands before a port.
pub(super) fn bracketed(host: &str) -> Cow<'_, str> {
    if host.contains(':') { Cow::Owned(format!("[{host}]")) } else { Cow::Borrowed(host) }
}

/// The host as the server knows it: the zone of a link-local address means something on this machine alone.
pub(super) fn without_zone(host: &str) -> &str {
    host.split_once('%').map_or(host, |(address, _)| address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_may_have_a_port_and_nothing_else() {
        for (text, shown) in [
            ("kafka-1", "kafka-1:9092"),
            (" 10.0.0.7:19092 ", "10.0.0.7:19092"),
            ("[fd00::7]:9093", "[fd00::7]:9093"),
            ("[fe80::1%eth0]", "[fe80::1%eth0]:9092"),
        ] {
            assert_eq!(Endpoint::parse_tcp(text, 9092).unwrap().to_string(), shown);
        }
        for bad in ["", "kafka://h:1", "h:port", "h:99999", "user@h:1", "h:1/topic", "h?x", "h:1,i:2", "::1"] {
            let message = Endpoint::parse_tcp(bad, 9092).unwrap_err();
            assert!(!message.is_empty() && !message.contains("user"), "{bad}: {message}");
        }
    }
}
