//! The table `tls` of a target.

use std::path::PathBuf;

use reader::{Reader, Table};
use serde::Serialize;

/// `[redis.tls]` and its like.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TlsSettings {
    /// Certificates that the server's must descend from; the system's without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// The agent's own certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert_file: Option<PathBuf>,
    /// Its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
    /// The name that the server's certificate must have; the host of the URL without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
}

impl TlsSettings {
    /// Reads the table `tls` of a target. `is_tls` says whether its URL asks for TLS, `scheme` which one would.
    pub fn read(table: &mut Table<'_>, reader: &Reader<'_>, is_tls: bool, scheme: &str) -> Option<Self> {
        let mut tls = table.table("tls");
        let present = tls.line.is_some();
        let mut file = |key| tls.string(key).map(|path| reader.resolve(&path));
        let settings = Self {
            ca_file: file("ca_file"),
            cert_file: file("cert_file"),
            key_file: file("key_file"),
            server_name: tls.string("server_name"),
        };
        if settings.cert_file.is_some() != settings.key_file.is_some() {
            let message = "certificate and key belong together; set both cert_file and key_file";
            tls.problem(None, "cert_file", None, message);
        }
        if present && !is_tls {
            tls.problem(None, "", None, format!("the URL is not a TLS one; use {scheme} or remove the table"));
        }
        tls.finish();
        is_tls.then_some(settings)
    }

    /// These, and where they say nothing what `url` says. A certificate and its key come from the same place.
    #[must_use]
    pub fn over(self, url: Self) -> Self {
        let (cert_file, key_file) =
            if self.cert_file.is_some() { (self.cert_file, self.key_file) } else { (url.cert_file, url.key_file) };
        Self { ca_file: self.ca_file.or(url.ca_file), cert_file, key_file, ..self }
    }
}
