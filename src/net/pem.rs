//! Certificates and keys in PEM, for both sides of TLS. An error is the cause alone and never quotes the text.

use std::path::Path;

use reader::file;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls;

/// The size of a PEM file in KiB beyond which it is refused; a system's whole store is a tenth of it.
const LIMIT: u64 = 4 * 1024;

/// The text of a file.
pub fn read(path: &Path) -> Result<Vec<u8>, String> {
    file::read_bytes(path, LIMIT)
}

/// The certificates, of which there must be one at least.
pub fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    match CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>() {
        Ok(certificates) if certificates.is_empty() => Err("holds no certificate".to_owned()),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(format!("is not valid PEM: {error}")),
    }
}

/// The first private key that is not encrypted.
#[must_use]
pub fn private_key(pem: &[u8]) -> Option<PrivateKeyDer<'static>> {
    // The parser's own error may quote the text, which is secret.
    PrivateKeyDer::from_pem_slice(pem).ok()
}

/// A store of these certificates alone.
pub fn roots(certificates: Vec<CertificateDer<'static>>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    Ok(roots)
}
