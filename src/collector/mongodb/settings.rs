//! `[[mongodb]]`: one `MongoDB` server to watch.

use std::ops::{Deref, DerefMut};
use std::path::PathBuf;

use serde::Serialize;

use super::MongodbCollector;
use crate::collector::TargetKind;
use crate::config::{Defaults, TargetSettings, read_url};
use crate::net::{Credential, Endpoint, MongoUrl, mechanism};
use crate::topology::Role;
use reader::{Reader, Table};

/// A validated `[[mongodb]]`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MongodbTarget {
    /// What every target has.
    #[serde(flatten)]
    pub common: TargetSettings,
    /// Where the server is.
    #[serde(rename = "url")]
    pub endpoint: Endpoint,
    /// The user.
    pub username: Option<String>,
    /// The password.
    pub password: Option<Credential>,
    /// The database that knows the user.
    pub auth_source: Option<String>,
    /// How the agent shows who it is; agreed with the server without it.
    pub auth_mechanism: Option<String>,
    /// TLS, if the URL or the table asks for it.
    pub tls: Option<Tls>,
}

/// `[mongodb.tls]`: what the driver knows of TLS.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tls {
    /// Certificates that the server's must descend from; Mozilla's without it.
    pub ca_file: Option<PathBuf>,
    /// The agent's own certificate and its key, in one file.
    pub cert_key_file: Option<PathBuf>,
}

impl Deref for MongodbTarget {
    type Target = TargetSettings;

    fn deref(&self) -> &TargetSettings {
        &self.common
    }
}

impl DerefMut for MongodbTarget {
    fn deref_mut(&mut self) -> &mut TargetSettings {
        &mut self.common
    }
}

impl TargetKind for MongodbTarget {
    type Collector = MongodbCollector;

    const TITLE: &'static str = "MongoDB";
    const INTRO: &'static str = "Of each `[[mongodb]]` target (docs/MONGODB.md): an agent that is built with the feature \
        `mongodb`. Names and labels are those of Percona's mongodb_exporter, which gives no types.";
    const ROLE: Role = Role::Server;
    const DEFAULTS: Defaults = Defaults { series_limit: 200, ..Defaults::USUAL };

    fn read(common: TargetSettings, table: &mut Table<'_>, reader: &Reader<'_>) -> Option<Self> {
        if !cfg!(feature = "mongodb") {
            let message =
                "this agent is built without MongoDB; build one with cargo build --release --features mongodb";
            table.problem(None, "", None, message);
        }
        let missing = "is missing; write it like \"mongodb://127.0.0.1:27017\"".to_owned();
        let line = table.line_of("url");
        let has_scheme = table.peek("url").is_some_and(|url| url.contains("://"));
        let url = read_url(table, Err(missing), MongoUrl::parse);
        let is_known = url.is_some();
        let url = url.unwrap_or_else(|| MongoUrl::plain(Endpoint::Unix(PathBuf::new())));
        if let Some(warning) = url.warning() {
            table.warn(line, "url", warning);
        }
        let username = table.string("username").filter(|username| !username.is_empty()).or(url.username);
        let password = Credential::read(table, "password", "password_file").or(url.password.map(Credential::from));
        let auth_source = table.string("auth_source").filter(|source| !source.is_empty()).or(url.auth_source);
        let auth_mechanism = match table.string_at("auth_mechanism") {
            Some((line, text)) => {
                let read = mechanism(&text);
                read.map_err(|message| table.wrong(line, "auth_mechanism", &text, message)).ok()
            }
            None => url.auth_mechanism,
        };
        // An address without scheme does not say, and the table does.
        let is_tls = url.tls || !has_scheme && table.has("tls");
        let tls = read_tls(table, reader, is_tls, Tls { ca_file: url.ca_file, cert_key_file: url.cert_key_file });
        let is_by_certificate = auth_mechanism.as_deref() == Some("MONGODB-X509");
        if is_by_certificate && tls.as_ref().is_none_or(|tls| tls.cert_key_file.is_none()) {
            let message = "MONGODB-X509 needs a certificate; set cert_key_file in [mongodb.tls]";
            table.problem(None, "auth_mechanism", None, message);
        }
        if auth_mechanism.as_deref() == Some("PLAIN") && tls.is_none() {
            table.warn(
                None,
                "auth_mechanism",
                "PLAIN sends the password as it is, and there is no TLS; add ?tls=true to the url",
            );
        }
        if username.is_some() != password.is_some() && !is_by_certificate {
            let message =
                "a user needs a password, and a password a user; set username and password (or password_file)";
            table.problem(None, "username", None, message);
        }
        let endpoint = url.endpoint;
        is_known.then_some(Self { common, endpoint, username, password, auth_source, auth_mechanism, tls })
    }

    fn address(&self) -> String {
        self.endpoint.to_string()
    }

    fn collectors(self) -> impl Fn() -> MongodbCollector + Send + 'static {
        move || MongodbCollector::new(self.clone())
    }
}

/// Reads the table `tls`; it goes before what the URL says.
fn read_tls(table: &mut Table<'_>, reader: &Reader<'_>, is_tls: bool, of_url: Tls) -> Option<Tls> {
    let mut tls = table.table("tls");
    let present = tls.line.is_some();
    let mut file = |key| tls.string(key).filter(|path| !path.is_empty()).map(|path| reader.resolve(&path));
    let (ca_file, cert_key_file) = (file("ca_file"), file("cert_key_file"));
    if present && !is_tls {
        tls.problem(None, "", None, "the URL is not a TLS one; add ?tls=true to it or remove the table");
    }
    tls.finish();
    is_tls.then(|| Tls { ca_file: ca_file.or(of_url.ca_file), cert_key_file: cert_key_file.or(of_url.cert_key_file) })
}

#[cfg(test)]
mod tests;
