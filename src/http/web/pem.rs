//! PEM text from a file or from the configuration itself.

use std::fmt;
use std::path::{Path, PathBuf};

use reader::{Problem, Secret};
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::problem_of;
use crate::net::pem;

/// How to write certificates.
const CERTIFICATES: &str = "give certificates in PEM (BEGIN CERTIFICATE)";

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
                problems.push(problem_of(file_key, Some(path), cause, "keep one of the two"));
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

    /// The certificates, of which there must be one at least.
    pub(super) fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, Problem> {
        pem::certificates(&self.read()?).map_err(|cause| self.problem(cause, CERTIFICATES))
    }

    /// A store of the certificates.
    pub(super) fn roots(&self) -> Result<RootCertStore, Problem> {
        pem::roots(self.certificates()?).map_err(|cause| self.problem(cause, "remove that certificate from it"))
    }

    /// The first private key.
    pub(super) fn private_key(&self) -> Result<PrivateKeyDer<'static>, Problem> {
        pem::private_key(&self.read()?)
            .ok_or_else(|| self.problem("holds no private key", "give an unencrypted private key in PEM"))
    }

    /// A problem with this text. Its value is the path; text that stands in the configuration itself is never shown.
    pub(super) fn problem(&self, cause: impl fmt::Display, fix: &str) -> Problem {
        problem_of(self.key, self.file().and_then(Path::to_str), cause, fix)
    }

    fn read(&self) -> Result<Vec<u8>, Problem> {
        match &self.source {
            Source::Inline(text) => Ok(text.reveal().as_bytes().to_vec()),
            Source::File(path) => pem::read(path).map_err(|message| {
                let value = path.to_str().map(str::to_owned);
                Problem::of_key(None, self.key, value, message)
            }),
        }
    }
}
