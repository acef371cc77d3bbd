//! The table `tls` of a target.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use reader::{Reader, Table};
use ring::digest::{SHA256, digest};
use serde::{Serialize, Serializer};

use super::tls::Shared;

/// `[redis.tls]` and its like.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TlsSettings {
    /// Certificates that the server's must descend from, or be one of; the system's without it.
    pub ca_file: Option<PathBuf>,
    /// The server's certificates themselves; no other is accepted then, and whoever signed them.
    #[serde(rename = "fingerprint", skip_serializing_if = "Vec::is_empty")]
    pub fingerprints: Vec<Fingerprint>,
    /// The agent's own certificate.
    pub cert_file: Option<PathBuf>,
    /// Its key.
    pub key_file: Option<PathBuf>,
    /// The name that the server's certificate must have; the host of the URL without it.
    pub server_name: Option<String>,
    /// What connections with these settings share.
    #[serde(skip)]
    pub(crate) shared: Shared,
}

impl TlsSettings {
    /// Reads the table `tls` of a target. `is_tls` says whether its URL asks for TLS, `scheme` which one would.
    pub fn read(table: &mut Table<'_>, reader: &Reader<'_>, is_tls: bool, scheme: &str) -> Option<Self> {
        let mut tls = table.table("tls");
        let present = tls.line.is_some();
        let mut file = |key| tls.string(key).filter(|path| !path.is_empty()).map(|path| reader.resolve(&path));
        let (ca_file, cert_file, key_file) = (file("ca_file"), file("cert_file"), file("key_file"));
        let settings = Self {
            ca_file,
            fingerprints: tls.each("fingerprint", str::parse),
            cert_file,
            key_file,
            server_name: tls.string("server_name"),
            shared: Shared::default(),
        };
        if settings.cert_file.is_some() != settings.key_file.is_some() {
            let message = "certificate and key belong together; set both cert_file and key_file";
            tls.problem(None, "cert_file", None, message);
        }
        if settings.ca_file.is_some() && !settings.fingerprints.is_empty() {
            let message =
                "says which certificates are accepted, whoever signed them; keep one of fingerprint and ca_file";
            tls.problem(None, "fingerprint", None, message);
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
        let ca_file = self.ca_file.or(url.ca_file).filter(|_| self.fingerprints.is_empty());
        Self { ca_file, cert_file, key_file, ..self }
    }
}

/// The SHA-256 of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// That of a certificate in DER.
    pub(super) fn of(certificate: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, certificate).as_ref());
        Self(bytes)
    }
}

impl FromStr for Fingerprint {
    type Err = String;

    /// 64 hexadecimal digits with or without colons; what `openssl x509 -fingerprint` prints before them may stay.
    fn from_str(text: &str) -> Result<Self, String> {
        let digits: Vec<u8> =
            text.rsplit('=').next().unwrap_or_default().bytes().filter(|byte| !matches!(byte, b':' | b' ')).collect();
        let wrong = || {
            "is not a SHA-256; write the 64 hexadecimal digits of openssl x509 -noout -fingerprint -sha256 -in FILE"
                .to_owned()
        };
        let mut bytes = [0; 32];
        if digits.len() != 2 * bytes.len() {
            return Err(wrong());
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |at: usize| char::from(pair[at]).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            *byte = digit(0).zip(digit(1)).map(|(high, low)| high << 4 | low).ok_or_else(wrong)?;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            let colon = if at == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02X}")?;
        }
        Ok(())
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
