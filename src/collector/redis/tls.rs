//! TLS to a server. Files are read at each new connection, so a rotated certificate needs no restart.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsConnector, rustls};

use crate::collector::{PollError, Reason};
use crate::config::{RedisTarget, TlsSettings};

/// Speaks TLS over `tcp` and checks the server's certificate.
pub(super) async fn handshake(
    target: &RedisTarget,
    settings: &TlsSettings,
    host: &str,
    tcp: TcpStream,
) -> Result<TlsStream<TcpStream>, PollError> {
    let attempt = || format!("TLS handshake with {}", target.endpoint);
    let config = client_config(settings)
        .map_err(|cause| PollError::new(Reason::Tls, attempt(), cause, "check the files of [redis.tls]"))?;
    let name = settings.server_name.as_deref().unwrap_or(host).to_owned();
    let server_name = ServerName::try_from(name).map_err(|error| {
        PollError::new(Reason::Tls, attempt(), error.to_string(), "set server_name to the name in the certificate")
    })?;
    TlsConnector::from(Arc::new(config)).connect(server_name, tcp).await.map_err(|error| failed(target, &error))
}

/// The poll's error for a failed handshake.
fn failed(target: &RedisTarget, error: &std::io::Error) -> PollError {
    PollError::new(
        Reason::Tls,
        format!("TLS handshake with {}", target.endpoint),
        error.to_string(),
        "check ca_file, server_name and the client certificate, and that the port speaks TLS",
    )
}

/// The poll's error if a later `error` is the server's verdict on the handshake: with TLS 1.3 it learns of a missing or
/// wrong client certificate only after the client has begun to talk.
pub(super) fn late_failure(target: &RedisTarget, error: &std::io::Error) -> Option<PollError> {
    error.get_ref()?.downcast_ref::<rustls::Error>().map(|_| failed(target, error))
}

/// The rustls configuration. The error names the file.
fn client_config(settings: &TlsSettings) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots(settings)?);
    match (&settings.cert_file, &settings.key_file) {
        (Some(cert_file), Some(key_file)) => {
            let key = PrivateKeyDer::from_pem_file(key_file)
                .map_err(|error| format!("key_file {}: {error}", key_file.display()))?;
            builder
                .with_client_auth_cert(certificates("cert_file", cert_file)?, key)
                .map_err(|error| format!("cert_file {}: {error}", cert_file.display()))
        }
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
    let certificates: Vec<_> =
        CertificateDer::pem_file_iter(path).and_then(Iterator::collect).map_err(|error| in_file(&error))?;
    if certificates.is_empty() {
        return Err(in_file(&"holds no certificate"));
    }
    Ok(certificates)
}
