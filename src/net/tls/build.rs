//! From the settings to what rustls needs. Errors name the key and the file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use reader::file::Stamp;
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::rustls;

use super::super::pem;
use super::super::tls_settings::TlsSettings;
use super::clock::Clock;
use super::v1;
use super::verifier::{Trust, Verifier};

/// Sessions that are kept for resumption: a target has one server, or a few addresses of one.
const SESSIONS: usize = 16;

/// Where systems have their certificates, to see that they changed.
const SYSTEM: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// The system's certificates, and what their files looked like.
type SystemRoots = (Vec<Option<Stamp>>, Arc<RootCertStore>);

/// Once for all targets.
static SYSTEM_ROOTS: Mutex<Option<SystemRoots>> = Mutex::new(None);

/// The files that a configuration is made of.
pub(super) fn files(settings: &TlsSettings) -> Vec<PathBuf> {
    let own = [&settings.ca_file, &settings.cert_file, &settings.key_file];
    let mut files: Vec<PathBuf> = own.into_iter().flatten().cloned().collect();
    if settings.ca_file.is_none() && settings.fingerprints.is_empty() {
        files.extend(system_files());
    }
    files
}

fn system_files() -> Vec<PathBuf> {
    std::env::var_os("SSL_CERT_FILE").map_or_else(|| SYSTEM.map(PathBuf::from).to_vec(), |file| vec![file.into()])
}

/// The configuration of rustls.
pub(super) fn config(settings: &TlsSettings) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Verifier::new(trust(settings, &provider)?, &provider, Arc::clone(&settings.shared.seen));
    let builder = ClientConfig::builder_with_details(Arc::clone(&provider), Arc::new(Clock))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match (&settings.cert_file, &settings.key_file) {
        (Some(cert_file), Some(key_file)) => {
            let certified = identity(cert_file, key_file, &provider)?;
            builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certified)))
        }
        _ => builder.with_no_client_auth(),
    };
    config.resumption = Resumption::in_memory_sessions(SESSIONS);
    Ok(config)
}

/// The agent's own certificate. rustls' way to load one refuses those of X.509 version 1, which servers accept.
fn identity(cert_file: &Path, key_file: &Path, provider: &CryptoProvider) -> Result<CertifiedKey, String> {
    let chain = from_file("cert_file", cert_file, pem::certificates)?;
    let key = from_file("key_file", key_file, |text| {
        let key = pem::private_key(text).ok_or_else(|| "holds no unencrypted private key in PEM".to_owned())?;
        provider.key_provider.load_private_key(key).map_err(|_| "holds a private key of an unknown kind".to_owned())
    })?;
    let certified = chain.first().and_then(|first| v1::public_key(first));
    if let (Some(of_key), Some(of_certificate)) = (key.public_key(), certified)
        && of_key != of_certificate
    {
        return Err(format!("cert_file {}: is not the certificate of the key in key_file", cert_file.display()));
    }
    Ok(CertifiedKey::new(chain, key))
}

fn trust(settings: &TlsSettings, provider: &Arc<CryptoProvider>) -> Result<Trust, String> {
    if !settings.fingerprints.is_empty() {
        return Ok(Trust::Fingerprints(settings.fingerprints.clone()));
    }
    let (roots, very) = match &settings.ca_file {
        Some(ca_file) => {
            let very = from_file("ca_file", ca_file, pem::certificates)?;
            let roots = from_file("ca_file", ca_file, |_| pem::roots(very.clone()))?;
            (Arc::new(roots), very)
        }
        None => (system_roots()?, Vec::new()),
    };
    if roots.is_empty() {
        return Err("this machine has no trusted certificates; set ca_file or fingerprint".to_owned());
    }
    let authorities = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider)).build();
    Ok(Trust::Authorities { authorities: authorities.map_err(|error| error.to_string())?, very })
}

fn system_roots() -> Result<Arc<RootCertStore>, String> {
    let now: Vec<Option<Stamp>> = system_files().iter().map(|file| Stamp::bounded(file)).collect();
    let mut known = SYSTEM_ROOTS.lock();
    if let Some((_, roots)) = known.as_ref().filter(|(stamps, _)| *stamps == now) {
        return Ok(Arc::clone(roots));
    }
    if let Some(file) = std::env::var_os("SSL_CERT_FILE") {
        // Whoever reads it next takes what it is given, and as much as there is.
        let file = Path::new(&file);
        pem::read(file).map_err(|cause| format!("SSL_CERT_FILE {}: {cause}", file.display()))?;
    }
    let mut roots = RootCertStore::empty();
    // A broken certificate in the system's store must not make the others distrusted.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let roots = Arc::new(roots);
    *known = Some((now, Arc::clone(&roots)));
    Ok(roots)
}

/// What a file of the settings holds. The error names the key and the file.
fn from_file<T>(key: &str, path: &Path, parse: impl FnOnce(&[u8]) -> Result<T, String>) -> Result<T, String> {
    pem::read(path).and_then(|text| parse(&text)).map_err(|cause| format!("{key} {}: {cause}", path.display()))
}
