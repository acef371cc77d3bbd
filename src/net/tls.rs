//! TLS to a server. Files are read at each new connection, so a rotated certificate needs no restart.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsConnector, rustls};

use super::stream::Transport;
use reader::file;

use crate::net::TlsSettings;

/// The size of a PEM file in KiB beyond which it is refused; a system's whole store is a tenth of it.
const PEM_LIMIT: u64 = 4 * 1024;

/// Why there is no TLS connection. Its text is the cause alone; what was tried and what to do is the caller's to say.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file of the settings cannot be used; the text names it.
    #[error("{0}")]
    Files(String),
    /// The server's name is none that a certificate can have.
    #[error("{0}")]
    ServerName(rustls::pki_types::InvalidDnsNameError),
    /// The handshake failed.
    #[error("{0}")]
    Handshake(io::Error),
}

/// Speaks TLS over `stream` and checks the server's certificate, for the name in `settings` or else for `host`.
pub async fn handshake<S: Transport>(settings: &TlsSettings, host: &str, stream: S) -> Result<TlsStream<S>, TlsError> {
    let config = client_config(settings).map_err(TlsError::Files)?;
    let name = settings.server_name.as_deref().unwrap_or(host).to_owned();
    let server_name = ServerName::try_from(name).map_err(TlsError::ServerName)?;
    TlsConnector::from(Arc::new(config)).connect(server_name, stream).await.map_err(TlsError::Handshake)
}

/// Whether `error` of an open stream is the server's verdict on the handshake: with TLS 1.3 it learns of a missing or
/// wrong client certificate only after the client has begun to talk.
#[must_use]
pub fn is_verdict(error: &io::Error) -> bool {
    error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>()).is_some()
}

/// The rustls configuration. The error names the file.
fn client_config(settings: &TlsSettings) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots(settings)?);
    match (&settings.cert_file, &settings.key_file) {
        (Some(cert_file), Some(key_file)) => builder
            .with_client_auth_cert(certificates("cert_file", cert_file)?, private_key(key_file)?)
            .map_err(|error| format!("cert_file {}: {error}", cert_file.display())),
        _ => Ok(builder.with_no_client_auth()),
    }
}

fn roots(settings: &TlsSettings) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    if let Some(ca_file) = &settings.ca_file {
        for certificate in certificates("ca_file", ca_file)? {
            roots.add(certificate).map_err(|error| format!("ca_file {}: {error}", ca_file.display()))?;
        }
    } else {
        // A broken certificate in the system's store is no reason to distrust the others.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    Ok(roots)
}

fn certificates(key: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let in_file = |error: &dyn std::fmt::Display| format!("{key} {}: {error}", path.display());
    let pem = read(key, path)?;
    let certificates: Vec<_> =
        CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().map_err(|error| in_file(&error))?;
    if certificates.is_empty() {
        return Err(in_file(&"holds no certificate"));
    }
    Ok(certificates)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let pem = read("key_file", path)?;
    // The parser's own error may quote the text, which is secret.
    PrivateKeyDer::from_pem_slice(&pem)
        .map_err(|_| format!("key_file {}: holds no unencrypted private key in PEM", path.display()))
}

fn read(key: &str, path: &Path) -> Result<Vec<u8>, String> {
    file::read_bytes(path, PEM_LIMIT).map_err(|error| format!("{key} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client_config_error(settings: &TlsSettings) -> String {
        client_config(settings).unwrap_err()
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_and_no_key_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let issued = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let (certificate, key) =
            (file("a.crt", &issued.cert.pem()), file("a.key", &issued.signing_key.serialize_pem()));
        let (empty, torn) = (file("empty", ""), file("torn", "-----BEGIN PRIVATE KEY\nsesame\n"));
        let good = TlsSettings {
            ca_file: Some(certificate.clone()),
            cert_file: Some(certificate.clone()),
            key_file: Some(key),
            server_name: None,
        };
        assert!(client_config(&good).is_ok());

        let none = dir.path().join("none");
        let cases = [
            (
                TlsSettings { ca_file: Some(none.clone()), ..good.clone() },
                "ca_file",
                &none,
                "cannot be read: No such file",
            ),
            (TlsSettings { ca_file: Some(empty.clone()), ..good.clone() }, "ca_file", &empty, "holds no certificate"),
            (
                TlsSettings { ca_file: Some("/dev/zero".into()), ..good.clone() },
                "ca_file",
                &"/dev/zero".into(),
                "is not a regular file",
            ),
            (
                TlsSettings { cert_file: Some(empty.clone()), ..good.clone() },
                "cert_file",
                &empty,
                "holds no certificate",
            ),
            (
                TlsSettings { key_file: Some(torn.clone()), ..good.clone() },
                "key_file",
                &torn,
                "holds no unencrypted private key in PEM",
            ),
        ];
        for (settings, key, path, cause) in cases {
            let error = client_config_error(&settings);
            assert!(error.starts_with(&format!("{key} {}: {cause}", path.display())), "{error}");
            assert!(!error.contains("sesame"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_name_that_no_certificate_can_have_is_told_from_a_failed_handshake() {
        let dir = tempfile::tempdir().unwrap();
        let ca_file = dir.path().join("ca.crt");
        let issued = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        std::fs::write(&ca_file, issued.cert.pem()).unwrap();
        let settings = TlsSettings { ca_file: Some(ca_file), ..TlsSettings::default() };
        let (here, there) = tokio::io::duplex(64);
        let error = handshake(&settings, "not a name", here).await.unwrap_err();
        assert!(matches!(error, TlsError::ServerName(_)), "{error}");
        drop(there);

        let (here, there) = tokio::io::duplex(64);
        drop(there);
        let error = handshake(&settings, "localhost", here).await.unwrap_err();
        assert!(matches!(error, TlsError::Handshake(_)), "{error}");
    }
}
