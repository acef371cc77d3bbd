//! Redis addresses as people write them.

use std::time::Duration;

use reader::Secret;
use url::Url;

use super::endpoint::Endpoint;
use super::redis_query::Query;
use super::tls_settings::TlsSettings;
use super::url_checks::{self, Form, decoded};

/// The port of Redis where none is given.
const DEFAULT_PORT: u16 = 6379;

/// How to write the path of a socket.
const SOCKET: &str = "unix:///run/redis/redis.sock";

const FORM: Form = Form {
    query: true,
    example: "write it like redis://127.0.0.1:6379",
    fix: "percent-encode # / ? @ in user and password, or use password_file",
};

/// A path without a scheme is taken as it is.
const BARE_PATH: Form = Form { query: false, example: FORM.example, fix: "write it like unix:///run/redis.sock?db=1" };

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
    /// The most that connecting may take.
    pub connect_timeout: Option<Duration>,
    /// What the query says of TLS, whether or not the scheme asks for it.
    pub files: TlsSettings,
    notes: Vec<String>,
}

impl RedisUrl {
    /// Parses an address. The error says how to write one and never repeats the text, which may hold a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.starts_with('/') {
            BARE_PATH.check(text)?;
            return Ok(Self::plain(Endpoint::Unix(url_checks::socket(text.to_owned(), SOCKET)?)));
        }
        FORM.check(text)?;
        let Some((scheme, _)) = text.split_once("://") else {
            return Self::parse(&format!("redis://{text}"));
        };
        let tls = match scheme {
            "redis" | "valkey" | "tcp" | "unix" | "redis+unix" => false,
            "rediss" | "valkeys" => true,
            _ if scheme.contains("sentinel") || scheme.contains("cluster") => {
                return Err(format!(
                    "the scheme {scheme:?} names many servers; write a [[redis]] for each, with redis://"
                ));
            }
            _ => {
                return Err(format!(
                    "the scheme {scheme:?} is unknown; use redis, rediss, valkey, valkeys, tcp or unix"
                ));
            }
        };
        let (url, host) = FORM.parse(text)?;
        if scheme.ends_with("unix") {
            return Self::unix(&url);
        }
        let query = Query::read(&url);
        let database = query.database.or_else(|| Some(url.path().trim_matches('/').to_owned()));
        let port = url.port().unwrap_or(DEFAULT_PORT);
        Self { tls, ..Self::plain(Endpoint::Tcp { host, port }) }.with(&url, Query { database, ..query })
    }

    /// One of which only the place is known.
    #[must_use]
    pub fn plain(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            tls: false,
            username: None,
            password: None,
            database: None,
            connect_timeout: None,
            files: TlsSettings::default(),
            notes: Vec::new(),
        }
    }

    /// The same with the rest of the URL; what stands before the host goes before the query.
    fn with(self, url: &Url, query: Query) -> Result<Self, String> {
        let password = url.password().map(given).transpose()?.flatten();
        let database = query.database.filter(|text| !text.is_empty());
        Ok(Self {
            username: given(url.username())?.or(query.username),
            password: password.or(query.password).map(Secret::new),
            database: database.map(|text| parse_database(&text)).transpose()?,
            connect_timeout: query.connect_timeout,
            files: query.files,
            notes: query.notes,
            ..self
        })
    }

    /// What of the query is not obeyed, where the connection is `tls` or is not.
    #[must_use]
    pub fn warning(&self, tls: bool) -> Option<String> {
        let useless = !tls && self.files != TlsSettings::default();
        let useless =
            useless.then(|| "its certificates and keys are of no use without TLS; write rediss://".to_owned());
        let notes: Vec<String> = self.notes.iter().cloned().chain(useless).collect();
        (!notes.is_empty()).then(|| format!("of the query, {}", notes.join("; ")))
    }

    /// `unix:///run/redis.sock?db=1&user=u&pass=p`.
    fn unix(url: &Url) -> Result<Self, String> {
        // What stands before the path would be a host.
        let path = format!("{}{}", url.host_str().unwrap_or_default(), decoded(url.path())?);
        let path = url_checks::socket(path, SOCKET)?;
        Self::plain(Endpoint::Unix(path)).with(url, Query::read(url))
    }
}

fn parse_database(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| "the database after the port must be a number, like redis://127.0.0.1:6379/1".to_owned())
}

/// Percent-decoded text; `None` if it is empty.
fn given(text: &str) -> Result<Option<String>, String> {
    decoded(text).map(|text| Some(text).filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests;
