//! PEM text from a file or from the configuration itself.

use std::path::{Path, PathBuf};

use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::Problem;
use crate::config::Secret;

/// Where PEM text comes from, and the key of the configuration that says so.
#[derive(Debug)]
pub(super) struct Pem {
    pub(super) key: &'static str,
    source: Source,
}

#[derive(Debug)]
enum Source {
    File(PathBuf),
    Inline(Secret),
}

impl Pem {
    /// The text of one of two keys: `inline` itself, or a file whose path is relative to `dir`. An empty string is the
    /// same as no value.
    pub(super) fn new(
        (inline_key, inline): (&'static str, Option<Secret>),
        (file_key, file): (&'static str, Option<&str>),
        dir: &Path,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let inline = inline.filter(|text| !text.reveal().is_empty());
        let file = file.filter(|path| !path.is_empty());
        match (inline, file) {
            (Some(text), None) => Some(Self { key: inline_key, source: Source::Inline(text) }),
            (None, Some(path)) => Some(Self { key: file_key, source: Source::File(dir.join(path)) }),
            (Some(_), Some(path)) => {
                let cause = format!("set together with {inline_key}");
                problems.push(Problem::new(file_key, Some(path), cause, "keep one of the two"));
                None
            }
            (None, None) => None,
        }
    }

    /// The file to watch.
    pub(super) fn file(&self) -> Option<&Path> {
        match &self.source {
            Source::File(path) => Some(path),
            Source::Inline(_) => None,
        }
    }

    /// The certificates, of which there must be one at least; empty when a problem was added.
    pub(super) fn certificates(&self, problems: &mut Vec<Problem>) -> Vec<CertificateDer<'static>> {
        const FIX: &str = "give certificates in PEM (BEGIN CERTIFICATE)";
        let certificates = self.read().and_then(|text| {
            let certificates = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
            match certificates {
                Ok(certificates) if certificates.is_empty() => Err(self.problem("holds no certificate", FIX)),
                Ok(certificates) => Ok(certificates),
                Err(error) => Err(self.problem(format!("is not valid PEM: {error}"), FIX)),
            }
        });
        certificates.map_err(|problem| problems.push(problem)).unwrap_or_default()
    }

    /// The first private key; `None` when a problem was added.
    pub(super) fn private_key(&self, problems: &mut Vec<Problem>) -> Option<PrivateKeyDer<'static>> {
        let key = self.read().and_then(|text| {
            // The parser's own error may quote the text, which is secret.
            PrivateKeyDer::from_pem_slice(&text)
                .map_err(|_| self.problem("holds no private key", "give an unencrypted private key in PEM"))
        });
        key.map_err(|problem| problems.push(problem)).ok()
    }

    /// A problem with this text. Its value is the path; text that stands in the configuration itself is never shown.
    pub(super) fn problem(&self, cause: impl Into<String>, fix: &str) -> Problem {
        Problem::new(self.key, self.file().and_then(Path::to_str), cause, fix)
    }

    fn read(&self) -> Result<Vec<u8>, Problem> {
        match &self.source {
            Source::Inline(text) => Ok(text.reveal().as_bytes().to_vec()),
            Source::File(path) => std::fs::read(path).map_err(|error| {
                self.problem(format!("cannot be read: {error}"), "give the path of a PEM file that the agent may read")
            }),
        }
    }
}
