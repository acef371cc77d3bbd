//! Whose certificate is trusted.
//!
//! Authorities are webpki's business. What it refuses by principle, a certificate that is its own authority and one of X.509
//! version 1, is what people make at home, and is accepted where the configuration has that very certificate: then the
//! key is known, and there is nothing that an authority could add. The signature of the handshake is verified always.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{self, CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme};
use tokio_rustls::rustls;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::{FromDer as _, X509Version};

use super::super::tls_settings::Fingerprint;
use super::seen::Seen;
use super::v1;

/// What is trusted.
#[derive(Debug)]
pub(super) enum Trust {
    /// Certificates that descend from authorities, and the `very` certificates of `ca_file`.
    Authorities { authorities: Arc<WebPkiServerVerifier>, very: Vec<CertificateDer<'static>> },
    /// These certificates alone, whoever signed them.
    Fingerprints(Vec<Fingerprint>),
}

/// Why a certificate is not trusted, where the library's reason says too little.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Untrusted {
    #[error("the server's certificate is signed by itself, and not the one that is configured")]
    SelfSigned,
    #[error("the server's certificate is of X.509 version 1, which has no names to check")]
    Version1,
    #[error("the server's certificate has the SHA-256 {0}, which is not the fingerprint that is configured")]
    OtherFingerprint(Fingerprint),
}

#[derive(Debug)]
pub(super) struct Verifier {
    trust: Trust,
    algorithms: WebPkiSupportedAlgorithms,
    seen: Arc<Seen>,
}

impl Verifier {
    pub(super) fn new(trust: Trust, provider: &CryptoProvider, seen: Arc<Seen>) -> Self {
        Self { trust, algorithms: provider.signature_verification_algorithms, seen }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        // Also of one that is refused: that it has expired is what people look for then.
        self.seen.note(&server_name.to_str(), end_entity);
        let (authorities, very) = match &self.trust {
            Trust::Fingerprints(trusted) => {
                let shown = Fingerprint::of(end_entity);
                return if trusted.contains(&shown) {
                    in_time(end_entity, now)
                } else {
                    Err(untrusted(Untrusted::OtherFingerprint(shown)))
                };
            }
            Trust::Authorities { authorities, very } => (authorities, very),
        };
        match authorities.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Ok(verified) => Ok(verified),
            Err(_) if very.iter().any(|very| very == end_entity) => {
                check_name(end_entity, server_name)?;
                in_time(end_entity, now)
            }
            Err(error) => Err(explained(end_entity, error)),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match ParsedCertificate::try_from(cert) {
            Ok(_) => crypto::verify_tls12_signature(message, cert, dss, &self.algorithms),
            Err(_) => v1::verify_tls12(message, cert, dss, &self.algorithms),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match ParsedCertificate::try_from(cert) {
            Ok(_) => crypto::verify_tls13_signature(message, cert, dss, &self.algorithms),
            Err(_) => v1::verify_tls13(message, cert, dss, &self.algorithms),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// A certificate of `ca_file` is for the names that it has: the file may hold those of several servers. One without names
/// is for whoever has its key.
fn check_name(certificate: &CertificateDer<'_>, name: &ServerName<'_>) -> Result<(), Error> {
    let (_, read) = X509Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding)?;
    match read.subject_alternative_name() {
        Ok(None) => Ok(()),
        Ok(Some(_)) => verify_server_name(&ParsedCertificate::try_from(certificate)?, name),
        Err(_) => Err(CertificateError::BadEncoding.into()),
    }
}

/// A certificate that is known is trusted for as long as it says, and no longer.
fn in_time(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<ServerCertVerified, Error> {
    let (_, read) = X509Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding)?;
    let second = |at: i64| UnixTime::since_unix_epoch(std::time::Duration::from_secs(u64::try_from(at).unwrap_or(0)));
    let (not_before, not_after) =
        (second(read.validity().not_before.timestamp()), second(read.validity().not_after.timestamp()));
    if now < not_before {
        return Err(CertificateError::NotValidYetContext { time: now, not_before }.into());
    }
    if now > not_after {
        return Err(CertificateError::ExpiredContext { time: now, not_after }.into());
    }
    Ok(ServerCertVerified::assertion())
}

/// The reason for which a certificate of its kind is refused, whatever else is wrong with it.
fn explained(certificate: &CertificateDer<'_>, error: Error) -> Error {
    let Ok((_, read)) = X509Certificate::from_der(certificate) else { return error };
    if read.version() == X509Version::V1 {
        return untrusted(Untrusted::Version1);
    }
    let of_the_issuer =
        matches!(error, Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::Other(_)));
    if of_the_issuer && read.issuer() == read.subject() { untrusted(Untrusted::SelfSigned) } else { error }
}

fn untrusted(reason: Untrusted) -> Error {
    CertificateError::Other(OtherError(Arc::new(reason))).into()
}
