//! The exporter-toolkit web configuration: TLS, basic auth, response headers and a rate limit of the server.
//!
//! The format is that of every Prometheus exporter (`--web.config.file`), so one file can be shared. Differences: HTTP/2
//! is not served (`http2` is accepted and ALPN offers `http/1.1` alone); TLS 1.0 and 1.1, suites without forward secrecy
//! or AEAD, and `CurveP521` are refused; so is a file that names a CA, or some TLS setting, and would then not protect
//! anything.
//!
//! A file is read once and again on a reload of the agent; its certificates are read again when they change on disk.

mod auth;
mod client_cert;
mod headers;
mod parse;
mod pem;
mod rate;
mod reload;
mod san;
#[cfg(test)]
mod tests;
mod tls;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hyper::header::{HeaderName, HeaderValue};

pub(crate) use auth::{Authenticator, Credentials, Verdict};
pub use parse::{RawHttp, RawRateLimit, RawTls, RawWebConfig, parse};
pub(crate) use rate::RateLimit;
pub(crate) use reload::TlsSource;

/// What the server asks of its clients and adds to its responses. The default is plain HTTP for everybody.
#[derive(Default)]
pub struct WebConfig {
    pub(crate) tls: Option<TlsSource>,
    pub(crate) auth: Option<Arc<Authenticator>>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) rate_limit: Option<RateLimit>,
}

impl WebConfig {
    /// Reads the file, and the files that it names relative to its own directory. All problems are reported at once.
    pub fn load(path: &Path) -> Result<Self, WebConfigError> {
        let error = |problems| WebConfigError { path: path.to_owned(), problems };
        let text = std::fs::read_to_string(path).map_err(|cause| {
            let cause = format!("cannot be read: {cause}");
            error(vec![Problem::new("--web.config.file", path.to_str(), cause, "give the path of a YAML file")])
        })?;
        let raw = parse(&text).map_err(|problem| error(vec![problem]))?;
        Self::build(&raw, path.parent().unwrap_or(Path::new(""))).map_err(error)
    }

    /// Whether the server speaks TLS.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    fn build(raw: &RawWebConfig, dir: &Path) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let settings = raw.tls_server_config.as_ref().and_then(|tls| tls::TlsSettings::new(tls, dir, &mut problems));
        let tls =
            settings.and_then(|settings| TlsSource::new(settings).map_err(|mut more| problems.append(&mut more)).ok());
        let auth =
            raw.basic_auth_users.as_ref().and_then(|users| Authenticator::new(users, &mut problems)).map(Arc::new);
        let http = raw.http_server_config.as_ref();
        let headers =
            http.and_then(|http| http.headers.as_ref()).map_or_else(Vec::new, |raw| headers::check(raw, &mut problems));
        let rate_limit = raw.rate_limit.as_ref().and_then(|raw| RateLimit::new(raw, &mut problems));
        if problems.is_empty() { Ok(Self { tls, auth, headers, rate_limit }) } else { Err(problems) }
    }
}

impl fmt::Debug for WebConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebConfig")
            .field("tls", &self.tls.is_some())
            .field("auth", &self.auth.is_some())
            .field("headers", &self.headers)
            .field("rate_limit", &self.rate_limit)
            .finish()
    }
}

/// One thing that is wrong with a web configuration file. It never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key, with those around it: `tls_server_config.cert_file`.
    pub key: String,
    /// The value, unless it is secret or not there.
    pub value: Option<String>,
    /// What is wrong with it.
    pub cause: String,
    /// What to do.
    pub fix: String,
}

impl Problem {
    fn new(key: &str, value: Option<&str>, cause: impl Into<String>, fix: &str) -> Self {
        Self { key: key.to_owned(), value: value.map(str::to_owned), cause: cause.into(), fix: fix.to_owned() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)?;
        if let Some(value) = &self.value {
            write!(f, " = {value}")?;
        }
        write!(f, ": {}; {}", self.cause, self.fix)
    }
}

/// A web configuration file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebConfigError {
    /// The file.
    pub path: PathBuf,
    /// All that is wrong with it; of a file that does not parse, the first.
    pub problems: Vec<Problem>,
}

impl fmt::Display for WebConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "web configuration file {}:", self.path.display())?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for WebConfigError {}
