//! Redis addresses as people write them.

use reader::Secret;
use url::Url;

use super::endpoint::Endpoint;
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
            _ => {
                return Err(format!(
                    "the scheme {scheme:?} is unknown; use redis, rediss, valkey, valkeys, tcp or unix"
                ));
            }
        };
        let url = FORM.parse(text)?;
        if scheme.ends_with("unix") {
            return Self::unix(&url);
        }
        check_query(&url, &["db"])?;
        let database = match url.path().trim_matches('/') {
            "" => query(&url, "db"),
            path => Some(path.to_owned()),
        };
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        Ok(Self {
            endpoint: Endpoint::Tcp { host, port: url.port().unwrap_or(DEFAULT_PORT) },
            tls,
            username: given(url.username())?,
            password: url.password().map(given).transpose()?.flatten().map(Secret::new),
            database: database.map(|text| parse_database(&text)).transpose()?,
        })
    }

    const fn plain(endpoint: Endpoint) -> Self {
        Self { endpoint, tls: false, username: None, password: None, database: None }
    }

    /// `unix:///run/redis.sock?db=1&user=u&pass=p`.
    fn unix(url: &Url) -> Result<Self, String> {
        // What stands before the path would be a host.
        let path = format!("{}{}", url.host_str().unwrap_or_default(), decoded(url.path())?);
        let path = url_checks::socket(path, SOCKET)?;
        check_query(url, &["db", "user", "pass"])?;
        let password = match url.password() {
            Some(password) => given(password)?,
            None => query(url, "pass"),
        };
        let username = given(url.username())?.or_else(|| query(url, "user"));
        Ok(Self {
            username,
            password: password.map(Secret::new),
            database: query(url, "db").map(|text| parse_database(&text)).transpose()?,
            ..Self::plain(Endpoint::Unix(path))
        })
    }
}

/// Refuses keys that would be ignored.
fn check_query(url: &Url, known: &[&str]) -> Result<(), String> {
    if url.query_pairs().all(|(key, _)| known.contains(&&*key)) {
        return Ok(());
    }
    Err(format!("has a query with other keys than {}; {fix}", known.join(", "), fix = FORM.fix))
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
fn given(text: &str) -> Result<Option<String>, String> {
    decoded(text).map(|text| Some(text).filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests;
