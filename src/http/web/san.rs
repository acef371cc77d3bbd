//! The subject alternative names of a certificate, as text.
//!
//! The TLS library matches names its own way (a wildcard in the certificate matches many hosts). `client_allowed_sans`
//! is an exact list, so the names are read here. The certificate was verified before, or is to be matched by its names
//! alone; what does not parse has no names and so matches nothing.

use std::net::{Ipv4Addr, Ipv6Addr};

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
const BOOLEAN: u8 = 0x01;
const OCTET_STRING: u8 = 0x04;
/// `[3]` of `TBSCertificate`: the extensions.
const EXTENSIONS: u8 = 0xa3;
/// 2.5.29.17, `subjectAltName`.
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];
/// The choices of `GeneralName` that have a text form.
const EMAIL: u8 = 0x81;
const DNS: u8 = 0x82;
const URI: u8 = 0x86;
const IP_ADDRESS: u8 = 0x87;

/// The DNS, e-mail, URI and IP names of a certificate in DER.
pub(super) fn names(certificate: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = alt_names(certificate).unwrap_or_default();
    while let Some((tag, value)) = element(&mut rest) {
        match tag {
            EMAIL | DNS | URI => names.extend(std::str::from_utf8(value).ok().map(str::to_owned)),
            IP_ADDRESS => names.extend(address(value)),
            _ => {}
        }
    }
    names
}

fn address(octets: &[u8]) -> Option<String> {
    match octets.len() {
        4 => <[u8; 4]>::try_from(octets).ok().map(|octets| Ipv4Addr::from(octets).to_string()),
        16 => <[u8; 16]>::try_from(octets).ok().map(|octets| Ipv6Addr::from(octets).to_string()),
        _ => None,
    }
}

/// The `GeneralNames` of the extension.
fn alt_names(mut certificate: &[u8]) -> Option<&[u8]> {
    let mut certificate = expect(&mut certificate, SEQUENCE)?;
    let mut body = expect(&mut certificate, SEQUENCE)?;
    while let Some((tag, mut value)) = element(&mut body) {
        if tag == EXTENSIONS {
            let mut extensions = expect(&mut value, SEQUENCE)?;
            while let Some(mut extension) = expect(&mut extensions, SEQUENCE) {
                if expect(&mut extension, OBJECT_IDENTIFIER)? == SUBJECT_ALT_NAME {
                    let (mut tag, mut value) = element(&mut extension)?;
                    if tag == BOOLEAN {
                        (tag, value) = element(&mut extension)?;
                    }
                    return if tag == OCTET_STRING { expect(&mut value, SEQUENCE) } else { None };
                }
            }
        }
    }
    None
}

/// Takes the next element, which must have this tag.
fn expect<'a>(der: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    element(der).and_then(|(found, value)| (found == tag).then_some(value))
}

/// Takes the next element: its tag and its value.
fn element<'a>(der: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let [tag, first, rest @ ..] = *der else { return None };
    let (length, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        // Four octets of length hold more than any handshake message.
        let (octets, rest) =
            rest.split_at_checked(usize::from(*first & 0x7f)).filter(|(octets, _)| octets.len() <= 4)?;
        (octets.iter().fold(0, |length, octet| length << 8 | usize::from(*octet)), rest)
    };
    let (value, rest) = rest.split_at_checked(length)?;
    *der = rest;
    Some((*tag, value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, KeyPair, SanType};

    use super::*;

    #[test]
    fn reads_each_kind_of_name() {
        let mut params = CertificateParams::new(vec!["prom.example".to_owned(), "*.wild.example".to_owned()]).unwrap();
        params.subject_alt_names.extend([
            SanType::IpAddress("10.0.0.7".parse().unwrap()),
            SanType::IpAddress("2001:db8::1".parse().unwrap()),
            SanType::Rfc822Name("ops@example.org".try_into().unwrap()),
            SanType::URI("spiffe://example/prometheus".try_into().unwrap()),
        ]);
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        assert_eq!(
            names(certificate.der()),
            [
                "prom.example",
                "*.wild.example",
                "10.0.0.7",
                "2001:db8::1",
                "ops@example.org",
                "spiffe://example/prometheus"
            ]
        );
    }

    #[test]
    fn a_certificate_without_the_extension_has_no_names() {
        let certificate = CertificateParams::default().self_signed(&KeyPair::generate().unwrap()).unwrap();
        assert_eq!(names(certificate.der()), [""; 0]);
    }

    proptest! {
        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            names(&bytes);
        }

        #[test]
        fn never_panics_on_a_damaged_certificate(at in 0_usize..300, value in any::<u8>()) {
            let params = CertificateParams::new(vec!["prom.example".to_owned()]).unwrap();
            let mut der = params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec();
            let at = at % der.len();
            der[at] = value;
            names(&der);
        }
    }
}
