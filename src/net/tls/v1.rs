//! Certificates that rustls cannot read, X.509 version 1 above all: their key, and the signatures of a handshake with it.

use rustls::DigitallySignedStruct;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use rustls::{CertificateError, Error};
use tokio_rustls::rustls;
use x509_parser::asn1_rs::Sequence;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

/// The key that a certificate is for.
pub(super) fn public_key(certificate: &CertificateDer<'_>) -> Option<SubjectPublicKeyInfoDer<'static>> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    Some(SubjectPublicKeyInfoDer::from(certificate.public_key().raw.to_vec()))
}

/// Verifies the server's signature under a handshake of TLS 1.3.
pub(super) fn verify_tls13(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signed: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error> {
    let key = public_key(certificate).ok_or(CertificateError::BadEncoding)?;
    verify_tls13_signature_with_raw_key(message, &key, signed, algorithms)
}

/// The same for TLS 1.2, for which rustls takes no key alone.
pub(super) fn verify_tls12(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signed: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error> {
    let (_, certificate) = X509Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding)?;
    let key = certificate.public_key();
    let kind = kind(key.raw).ok_or(CertificateError::BadEncoding)?;
    let named = algorithms.mapping.iter().filter(|(scheme, _)| *scheme == signed.scheme);
    let verified = named
        .flat_map(|(_, candidates)| *candidates)
        .filter(|candidate| *candidate.public_key_alg_id() == kind[..])
        .any(|candidate| candidate.verify_signature(&key.subject_public_key.data, message, signed.signature()).is_ok());
    if verified { Ok(HandshakeSignatureValid::assertion()) } else { Err(CertificateError::BadSignature.into()) }
}

/// The algorithm of a key, as rustls compares it: what is within the sequence.
fn kind(key: &[u8]) -> Option<Vec<u8>> {
    let (_, key) = Sequence::from_der(key).ok()?;
    let (_, algorithm) = Sequence::from_der(&key.content).ok()?;
    Some(algorithm.content.to_vec())
}
