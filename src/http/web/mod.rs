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
mod turns;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hyper::header::{HeaderName, HeaderValue};
use reader::{Problem, file};

pub(crate) use auth::{Authenticator, Credentials, Verdict};
pub use parse::{RawHttp, RawRateLimit, RawTls, RawWebConfig, parse};
pub(crate) use rate::RateLimit;
pub(crate) use reload::TlsSource;

use crate::metric::{Families, metrics};

metrics! {
    pub fn metrics;
    CERTIFICATE_NOT_AFTER: gauge "manometer_server_certificate_not_after_seconds" [] UnixSeconds,
        "When the certificate ends that the agent shows to those who scrape it; absent where it serves plain HTTP.",
        "tls_server_config.cert_file of --web.config.file";
}

/// The size of a web configuration file in KiB beyond which it is refused; certificates may stand in it.
const FILE_LIMIT: u64 = 1024;

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
        let text = file::read(path, FILE_LIMIT).map_err(|message| {
            let value = path.to_str().map(str::to_owned);
            error(vec![Problem::of_key(None, "--web.config.file", value, message)])
        })?;
        let raw = parse(&text).map_err(|problem| error(vec![problem]))?;
        Self::build(&raw, path.parent().unwrap_or(Path::new(""))).map_err(error)
    }

    /// Whether the server speaks TLS.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Exports what those who scrape depend on.
    pub fn export(&self, out: &mut Families) {
        if let Some(at) = self.tls.as_ref().and_then(TlsSource::not_after) {
            out.push(&CERTIFICATE_NOT_AFTER, [], at as f64);
        }
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

/// What is wrong with the value of a key, which stands with those around it: `tls_server_config.cert_file`. The value is
/// shown unless it is secret.
fn problem_of(key: &str, value: Option<&str>, cause: impl fmt::Display, fix: &str) -> Problem {
    Problem::of_key(None, key, value.map(str::to_owned), format!("{cause}; {fix}"))
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
