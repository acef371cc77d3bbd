//! Redis addresses as people write them.

use std::fmt;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use serde::{Serialize, Serializer};
use url::Url;

use super::secret::Secret;

/// The port of Redis where none is given.
const DEFAULT_PORT: u16 = 6379;

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// TCP.
    Tcp {
        /// A name or an IP address, IPv6 without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// A unix domain socket.
    Unix(PathBuf),
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl Serialize for Endpoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A parsed address: `redis://user:password@host:port/database` and its relatives.
///
/// `redis`, `valkey` and `tcp` are plain TCP, `rediss` and `valkeys` TLS, `unix` a socket path; without a scheme it is
/// `host[:port]`, or a path if it begins with `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisUrl {
    /// Where to connect.
    pub endpoint: Endpoint,
    /// Whether to speak TLS.
    pub tls: bool,
    /// The ACL user.
    pub username: Option<String>,
    /// The password.
    pub password: Option<Secret>,
    /// The database to select.
    pub database: Option<u32>,
}

impl RedisUrl {
    /// Parses an address. The error says how to write one and never repeats the text, which may hold a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("is empty; write it like redis://127.0.0.1:6379".to_owned());
        }
        if text.starts_with('/') {
            return Ok(Self::plain(Endpoint::Unix(PathBuf::from(text))));
        }
        let Some((scheme, _)) = text.split_once("://") else {
            return Self::parse(&format!("redis://{text}"));
        };
        let tls = match scheme {
            "redis" | "valkey" | "tcp" | "unix" | "redis+unix" => false,
            "rediss" | "valkeys" => true,
            _ => {
                return Err(format!(
                    "the scheme {scheme:?} is unknown; use redis, rediss, valkey, valkeys, tcp or unix"
                ));
            }
        };
        let url =
            Url::parse(text).map_err(|error| format!("is no URL ({error}); write it like redis://127.0.0.1:6379"))?;
        if scheme.ends_with("unix") {
            return Self::unix(&url);
        }
        let host = match url.host_str() {
            Some(host) if !host.is_empty() => host.trim_matches(['[', ']']).to_owned(),
            _ => return Err("has no host; write it like redis://127.0.0.1:6379".to_owned()),
        };
        let database = match url.path().trim_matches('/') {
            "" => query_database(&url)?,
            path => Some(parse_database(path)?),
        };
        Ok(Self {
            endpoint: Endpoint::Tcp { host, port: url.port().unwrap_or(DEFAULT_PORT) },
            tls,
            username: decoded(url.username())?,
            password: url.password().map(decoded).transpose()?.flatten().map(Secret::new),
            database,
        })
    }

    const fn plain(endpoint: Endpoint) -> Self {
        Self { endpoint, tls: false, username: None, password: None, database: None }
    }

    /// `unix:///run/redis.sock?db=1&user=u&pass=p`.
    fn unix(url: &Url) -> Result<Self, String> {
        let path = decoded(url.path())?.unwrap_or_default();
        if url.host_str().is_some_and(|host| !host.is_empty()) || path.len() < 2 {
            return Err("a socket path must be absolute; write it like unix:///run/redis/redis.sock".to_owned());
        }
        let query = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        let password = match url.password() {
            Some(password) => decoded(password)?,
            None => query("pass"),
        };
        let username = decoded(url.username())?.or_else(|| query("user"));
        Ok(Self {
            username,
            password: password.map(Secret::new),
            database: query_database(url)?,
            ..Self::plain(Endpoint::Unix(PathBuf::from(path)))
        })
    }
}

fn query_database(url: &Url) -> Result<Option<u32>, String> {
    url.query_pairs().find(|(key, _)| key == "db").map(|(_, value)| parse_database(&value)).transpose()
}

fn parse_database(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| "the database after the port must be a number, like redis://127.0.0.1:6379/1".to_owned())
}

/// Percent-decoded text; `None` if it is empty.
fn decoded(text: &str) -> Result<Option<String>, String> {
    match percent_decode_str(text).decode_utf8() {
        Ok(text) if text.is_empty() => Ok(None),
        Ok(text) => Ok(Some(text.into_owned())),
        Err(_) => Err("user, password and path must be UTF-8 after percent-decoding".to_owned()),
    }
}
