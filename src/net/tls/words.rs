//! What a failed handshake means, in plain words.

use std::io;

use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error, InvalidMessage};
use tokio_rustls::rustls;

use super::TlsError;
use super::verifier::Untrusted;

const NO_TLS: &str = "does the port speak TLS? Check the port, and whether the URL should be one without TLS";
const OWN: &str = "compare with openssl x509 -noout -fingerprint -sha256 -in FILE on the server, and set fingerprint to that, or \
                   ca_file to a copy of that very certificate";
const CLIENT: &str = "set cert_file and key_file to a certificate that the server's authority has signed";

/// The words for an error of rustls; `None` for one of the connection.
pub(super) fn of(error: &io::Error) -> Option<TlsError> {
    let cause = error.get_ref()?.downcast_ref::<Error>()?;
    let (cause, advice) = match cause {
        Error::InvalidCertificate(error) => of_certificate(error),
        Error::AlertReceived(alert) => of_alert(*alert),
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            ("the server's answer is not TLS".to_owned(), NO_TLS)
        }
        Error::PeerIncompatible(reason) => (
            format!("the server speaks no TLS that is safe ({reason:?})"),
            "let the server speak TLS 1.2 or 1.3 with today's ciphers",
        ),
        other => {
            (other.to_string(), "check ca_file, server_name and the client certificate, and that the port speaks TLS")
        }
    };
    Some(TlsError { cause, advice })
}

/// The words for a connection that broke in the handshake.
pub(super) fn broken(error: &io::Error) -> TlsError {
    let cause = match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => "the server closed the connection".to_owned(),
        _ => error.to_string(),
    };
    TlsError { cause, advice: NO_TLS }
}

fn of_certificate(error: &CertificateError) -> (String, &'static str) {
    match error {
        CertificateError::UnknownIssuer => (
            "the server's certificate is signed by an authority that is not trusted".to_owned(),
            "set ca_file to the certificate of that authority, or fingerprint to the SHA-256 of the server's",
        ),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let names = if presented.is_empty() {
                "no name".to_owned()
            } else {
                presented.iter().map(|name| plain(name)).collect::<Vec<_>>().join(", ")
            };
            (
                format!("the server's certificate is for {names}, and not for {}", expected.to_str()),
                "set server_name to the name in the certificate; where it has none, put that very certificate into ca_file, \
                 or its SHA-256 into fingerprint",
            )
        }
        CertificateError::ExpiredContext { not_after, .. } => (
            format!("the server's certificate was valid until {}", date(*not_after)),
            "renew it on the server, or mend this machine's clock",
        ),
        CertificateError::NotValidYetContext { not_before, .. } => (
            format!("the server's certificate is valid from {} on", date(*not_before)),
            "mend the clock of this machine, or that on which the certificate was made",
        ),
        CertificateError::Other(other) => match other.0.downcast_ref::<Untrusted>() {
            Some(reason) => (reason.to_string(), OWN),
            None => (format!("the server's certificate cannot be used: {}", other.0), OWN),
        },
        CertificateError::BadSignature => (
            "a signature does not belong to the server's certificate".to_owned(),
            "is ca_file the authority that signed it? One of the same name is not enough",
        ),
        other => (format!("the server's certificate cannot be used: {other}"), OWN),
    }
}

fn of_alert(alert: AlertDescription) -> (String, &'static str) {
    match alert {
        AlertDescription::CertificateRequired => ("the server wants a certificate of the agent".to_owned(), CLIENT),
        AlertDescription::UnknownCA
        | AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::DecryptError
        | AlertDescription::AccessDenied => (format!("the server refuses the agent's certificate ({alert:?})"), CLIENT),
        // So does Redis with TLS 1.2 where there is no certificate.
        AlertDescription::HandshakeFailure | AlertDescription::ProtocolVersion => (
            format!("the server ends the handshake ({alert:?})"),
            "does it want a certificate of the agent (cert_file, key_file), or TLS older than 1.2?",
        ),
        AlertDescription::UnrecognisedName => (
            "the server does not know the name that it is asked for".to_owned(),
            "set server_name to a name that it knows",
        ),
        other => (format!("the server ends the handshake ({other:?})"), "look at the server's log"),
    }
}

/// The day and time in UTC.
fn date(at: UnixTime) -> String {
    let at = std::time::UNIX_EPOCH.checked_add(std::time::Duration::from_secs(at.as_secs()));
    let known = at.map(|at| humantime::format_rfc3339_seconds(reader::in_calendar(at)).to_string());
    known.unwrap_or_else(|| "a time that no clock shows".to_owned())
}

/// A name as people write it, of `DnsName("localhost")`.
fn plain(name: &str) -> &str {
    let inner = name.split_once('(').map_or(name, |(_, inner)| inner.trim_end_matches(')'));
    inner.trim_matches('"')
}
