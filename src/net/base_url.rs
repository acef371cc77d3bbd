//! The address of a service as people write it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reader::Secret;
use serde::{Serialize, Serializer};
use url::Url;

use super::endpoint::{Endpoint, bracketed, without_zone};
use super::url_checks::{self, Form, decoded};

const FORM: Form = Form {
    query: false,
    example: "write it like http://127.0.0.1:8080",
    fix: "percent-encode # / ? @ \\ in user and password",
};

/// A parsed address: `http://host:port/prefix`, the same with `https`, or `unix:/path/to.sock`.
///
/// User and password of the URL become a basic `Authorization` header; neither `Display` nor `Debug` shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    endpoint: Endpoint,
    tls: bool,
    /// Begins with `/` and does not end with it, or is empty.
    prefix: String,
    /// Whether a `/` stood behind the prefix: to many servers `/health` and `/health/` are two pages.
    slash: bool,
    /// The value of the `Authorization` header.
    authorization: Option<Secret>,
}

impl BaseUrl {
    /// Parses an address. The error says how to write one and never repeats the text, which may hold a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        FORM.check(text)?;
        if let Some(path) = text.strip_prefix("unix:") {
            return Self::unix(path.strip_prefix("//").unwrap_or(path));
        }
        let tls = match text.split_once("://") {
            Some(("http", _)) => false,
            Some(("https", _)) => true,
            Some(_) => return Err("has an unknown scheme; use http, https or unix".to_owned()),
            None => return Err(format!("has no scheme; {}", FORM.example)),
        };
        let (url, host) = FORM.parse(text)?;
        let port = url.port().unwrap_or(default_port(tls));
        Ok(Self {
            endpoint: Endpoint::Tcp { host, port },
            tls,
            prefix: url.path().trim_end_matches('/').to_owned(),
            slash: url.path().ends_with('/'),
            authorization: authorization(&url)?,
        })
    }

    fn unix(path: &str) -> Result<Self, String> {
        Ok(Self {
            endpoint: Endpoint::Unix(url_checks::socket(path.to_owned(), "unix:/run/service.sock")?),
            tls: false,
            prefix: String::new(),
            slash: true,
            authorization: None,
        })
    }

    /// Where to connect.
    #[must_use]
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Whether to speak TLS.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        self.tls
    }

    /// The value of the `Authorization` header that its user and password make.
    pub(crate) const fn authorization(&self) -> Option<&Secret> {
        self.authorization.as_ref()
    }

    /// The value of the `Host` header.
    pub(super) fn authority(&self) -> String {
        match &self.endpoint {
            Endpoint::Tcp { host, port } if *port == default_port(self.tls) => {
                bracketed(without_zone(host)).into_owned()
            }
            Endpoint::Tcp { host, port } => format!("{}:{port}", bracketed(without_zone(host))),
            Endpoint::Unix(_) => "localhost".to_owned(),
        }
    }

    /// A path and query under the prefix. Without a path it is the prefix itself, with the slash behind it if it has one.
    pub(crate) fn join(&self, path_and_query: &str) -> String {
        let pathless = path_and_query.is_empty() || path_and_query.starts_with('?');
        let joined = path_and_query.starts_with('/') || (pathless && !self.slash);
        let slash = if joined { "" } else { "/" };
        format!("{}{slash}{path_and_query}", self.prefix)
    }

    /// The address of a `path` that holds the prefix already, for people.
    pub(crate) fn show(&self, path: &str) -> String {
        match &self.endpoint {
            Endpoint::Tcp { .. } => format!("{}{path}", self.origin()),
            Endpoint::Unix(_) => format!("{path} on {}", self.endpoint),
        }
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> String {
        format!("{}://{}", if self.tls { "https" } else { "http" }, self.authority())
    }
}

const fn default_port(tls: bool) -> u16 {
    if tls { 443 } else { 80 }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.endpoint {
            Endpoint::Tcp { .. } => write!(f, "{}{}", self.origin(), self.prefix),
            Endpoint::Unix(_) => self.endpoint.fmt(f),
        }
    }
}

impl Serialize for BaseUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.to_string();
        match (self.authorization.is_some(), text.split_once("://")) {
            (true, Some((scheme, rest))) => serializer.collect_str(&format_args!("{scheme}://<redacted>@{rest}")),
            _ => serializer.serialize_str(&text),
        }
    }
}

fn authorization(url: &Url) -> Result<Option<Secret>, String> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(None);
    }
    let (username, password) = (decoded(url.username())?, decoded(url.password().unwrap_or_default())?);
    if username.contains(':') {
        return Err("has a user with a colon, which basic authentication cannot express; choose another".to_owned());
    }
    Ok(Some(Secret::new(format!("Basic {}", STANDARD.encode(format!("{username}:{password}"))))))
}

#[cfg(test)]
mod tests;
