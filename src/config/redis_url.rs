//! Redis addresses as people write them.

use std::fmt;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use serde::{Serialize, Serializer};
use url::Url;

use reader::Secret;

/// The port of Redis where none is given.
const DEFAULT_PORT: u16 = 6379;

/// How to write what the syntax of URLs gives another meaning.
const FIX: &str = "percent-encode # / ? @ in user and password, or use password_file";

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
        let Some((scheme, rest)) = text.split_once("://") else {
            return Self::parse(&format!("redis://{text}"));
        };
        check_characters(scheme, rest)?;
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
        check_query(&url, &["db"])?;
        let host = match url.host_str() {
            Some(host) if !host.is_empty() => host.trim_matches(['[', ']']).to_owned(),
            _ => return Err("has no host; write it like redis://127.0.0.1:6379".to_owned()),
        };
        let database = match url.path().trim_matches('/') {
            "" => query(&url, "db"),
            path => Some(path.to_owned()),
        };
        Ok(Self {
            endpoint: Endpoint::Tcp { host, port: url.port().unwrap_or(DEFAULT_PORT) },
            tls,
            username: decoded(url.username())?,
            password: url.password().map(decoded).transpose()?.flatten().map(Secret::new),
            database: database.map(|text| parse_database(&text)).transpose()?,
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
        check_query(url, &["db", "user", "pass"])?;
        let password = match url.password() {
            Some(password) => decoded(password)?,
            None => query(url, "pass"),
        };
        let username = decoded(url.username())?.or_else(|| query(url, "user"));
        Ok(Self {
            username,
            password: password.map(Secret::new),
            database: query(url, "db").map(|text| parse_database(&text)).transpose()?,
            ..Self::plain(Endpoint::Unix(PathBuf::from(path)))
        })
    }
}

/// Refuses an address that means something else than its writer thinks: in `redis://user:1#x@host` the host is `user`, the
/// port 1 and the password nowhere.
fn check_characters(scheme: &str, rest: &str) -> Result<(), String> {
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if rest.contains(|char: char| char.is_ascii_control()) {
        // They would be dropped, from a password too.
        return Err("holds a line break, a tab or the like; remove it".to_owned());
    }
    if tail.contains('#') {
        return Err(format!("has a part after #; {FIX}"));
    }
    // The path of a socket may hold one.
    if authority.matches('@').count() > 1 || (tail.contains('@') && !scheme.ends_with("unix")) {
        return Err(format!("has an @ where none belongs; {FIX}"));
    }
    // What stands before :// is shown if it is no known scheme, and then it must not be the half of a password.
    if scheme.contains(|char: char| !char.is_ascii_alphanumeric() && char != '+') {
        return Err(format!("has :// in an unexpected place; {FIX}"));
    }
    Ok(())
}

/// Refuses keys that would be ignored.
fn check_query(url: &Url, known: &[&str]) -> Result<(), String> {
    if url.query_pairs().all(|(key, _)| known.contains(&&*key)) {
        return Ok(());
    }
    Err(format!("has a query with other keys than {}; {FIX}", known.join(", ")))
}

/// A value of the query that is not empty.
fn query(url: &Url, name: &str) -> Option<String> {
    let (_, value) = url.query_pairs().find(|(key, _)| key == name)?;
    Some(value.into_owned()).filter(|value| !value.is_empty())
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
