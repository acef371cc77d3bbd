//! Until when the certificates that servers showed are valid.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use tokio_rustls::rustls::pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

/// The end of each certificate by the name that it was shown for: names of the configuration, or that a cluster told of.
#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<BTreeMap<String, i64>>);

impl Seen {
    pub(super) fn note(&self, name: &str, certificate: &CertificateDer<'_>) {
        if let Some(at) = not_after(certificate) {
            self.0.lock().insert(name.to_owned(), at);
        }
    }

    pub(super) fn forget(&self, name: &str) {
        self.0.lock().remove(name);
    }

    pub(super) fn retain(&self, is_meant: impl Fn(&str) -> bool) {
        self.0.lock().retain(|name, _| is_meant(name));
    }

    pub(super) fn not_after(&self) -> Vec<(String, i64)> {
        self.0.lock().iter().map(|(name, at)| (name.clone(), *at)).collect()
    }
}

/// The end of a certificate, in seconds since 1970.
#[must_use]
pub fn not_after(certificate: &CertificateDer<'_>) -> Option<i64> {
    X509Certificate::from_der(certificate).ok().map(|(_, certificate)| certificate.validity().not_after.timestamp())
}

/// What was seen is no part of the settings that it belongs to.
impl PartialEq for Seen {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Seen {}
