//! The subject alternative names of a certificate, as text.
//!
//! The TLS library matches names its own way (a wildcard in the certificate matches many hosts). `client_allowed_sans`
//! is an exact list, so the names are read here. The certificate was verified before, or is to be matched by its names
//! alone; what does not parse has no names and so matches nothing.

use std::net::IpAddr;

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;

/// The DNS, e-mail, URI and IP names of a certificate in DER.
pub(super) fn names(certificate: &[u8]) -> Vec<String> {
    let Ok((rest, certificate)) = X509Certificate::from_der(certificate) else { return Vec::new() };
    match certificate.subject_alternative_name() {
        Ok(Some(extension)) if rest.is_empty() => extension.value.general_names.iter().filter_map(text).collect(),
        // Two such extensions are an error too: nobody knows which one its issuer looked at.
        _ => Vec::new(),
    }
}

fn text(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::RFC822Name(name) | GeneralName::DNSName(name) | GeneralName::URI(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(octets) => {
            let v4 = <[u8; 4]>::try_from(*octets).map(IpAddr::from);
            let address = v4.or_else(|_| <[u8; 16]>::try_from(*octets).map(IpAddr::from));
            address.ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, CustomExtension, KeyPair, SanType};

    use super::*;

    fn issued(names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        change(&mut params);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    /// A certificate with an extension of names written by hand: the tag of each and its octets.
    fn written(names: &[(u8, &[u8])], times: usize) -> Vec<u8> {
        let mut content = Vec::new();
        for (tag, value) in names {
            content.extend([*tag, u8::try_from(value.len()).unwrap()]);
            content.extend(*value);
        }
        let mut der = vec![0x30, u8::try_from(content.len()).unwrap()];
        der.extend(content);
        issued(&[], |params| {
            for _ in 0..times {
                params.custom_extensions.push(CustomExtension::from_oid_content(&[2, 5, 29, 17], der.clone()));
            }
        })
    }

    #[test]
    fn reads_each_kind_of_name() {
        let certificate = issued(&["prom.example", "*.wild.example"], |params| {
            params.subject_alt_names.extend([
                SanType::IpAddress("10.0.0.7".parse().unwrap()),
                SanType::IpAddress("2001:db8::1".parse().unwrap()),
                SanType::Rfc822Name("ops@example.org".try_into().unwrap()),
                SanType::URI("spiffe://example/prometheus".try_into().unwrap()),
            ]);
        });
        assert_eq!(
            names(&certificate),
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
        assert_eq!(names(&issued(&[], |_| {})), [""; 0]);
    }

    #[test]
    fn an_address_alone_is_a_name() {
        assert_eq!(names(&issued(&["10.0.0.7"], |_| {})), ["10.0.0.7"]);
    }

    const DNS: u8 = 0x82;
    const IP: u8 = 0x87;
    const REGISTERED: u8 = 0x88;

    #[test]
    fn what_is_not_a_text_is_not_a_name_and_does_not_hide_the_others() {
        for (odd, octets) in [
            (IP, &[10, 0, 0][..]),
            (IP, &[10, 0, 0, 0, 255, 0, 0, 0]),
            (IP, &[]),
            (REGISTERED, &[0x2a, 0x03]),
            (DNS, &[0xff, 0xfe]),
        ] {
            assert_eq!(names(&written(&[(odd, octets), (DNS, b"prom.example")], 1)), ["prom.example"], "{octets:?}");
        }
    }

    #[test]
    fn a_name_is_the_whole_name() {
        for odd in ["prom.example\0.evil", "prom.example ", "PROM.example", "pröm.example", ""] {
            assert_eq!(names(&written(&[(DNS, odd.as_bytes())], 1)), [odd]);
        }
    }

    #[test]
    fn names_that_stand_twice_or_in_more_than_one_certificate_are_not_believed() {
        assert_eq!(names(&written(&[(DNS, b"prom.example")], 2)), [""; 0]);
        let mut two = issued(&["prom.example"], |_| {});
        two.extend(issued(&["other.example"], |_| {}));
        assert_eq!(names(&two), [""; 0]);
    }

    proptest! {
        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            names(&bytes);
        }

        #[test]
        fn never_panics_on_a_damaged_certificate(at in 0_usize..300, value in any::<u8>()) {
            let mut der = issued(&["prom.example"], |_| {});
            let at = at % der.len();
            der[at] = value;
            names(&der);
        }
    }
}
