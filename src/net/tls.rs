//! TLS to a server. Files are read at each new connection, so a rotated certificate needs no restart.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsConnector, rustls};

use super::dial::Transport;
use super::pem;
use super::tls_settings::TlsSettings;

/// Why there is no TLS connection. Its text is the cause alone; what was tried and what to do is the caller's to say.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file of the settings cannot be used; the text names it.
    #[error("{0}")]
    Files(String),
    /// The server's name cannot stand in a certificate.
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
    let (Some(cert_file), Some(key_file)) = (&settings.cert_file, &settings.key_file) else {
        return Ok(builder.with_no_client_auth());
    };
    let chain = from_file("cert_file", cert_file, pem::certificates)?;
    let key = from_file("key_file", key_file, |text| {
        pem::private_key(text).ok_or_else(|| "holds no unencrypted private key in PEM".to_owned())
    })?;
    builder.with_client_auth_cert(chain, key).map_err(|error| format!("cert_file {}: {error}", cert_file.display()))
}

fn roots(settings: &TlsSettings) -> Result<RootCertStore, String> {
    if let Some(ca_file) = &settings.ca_file {
        return from_file("ca_file", ca_file, |text| pem::roots(pem::certificates(text)?));
    }
    let mut roots = RootCertStore::empty();
    // A broken certificate in the system's store must not make the others distrusted.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    Ok(roots)
}

/// What a file of the settings holds. The error names the key and the file.
fn from_file<T>(key: &str, path: &Path, parse: impl FnOnce(&[u8]) -> Result<T, String>) -> Result<T, String> {
    pem::read(path).and_then(|text| parse(&text)).map_err(|cause| format!("{key} {}: {cause}", path.display()))
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
