//! The Host of a request (RFC 9112, section 3.2): the answers of `/sd` lead back to it.

use std::net::Ipv6Addr;

use hyper::header::HOST;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Version};

/// Bytes of the longest name that DNS knows, and of a port.
const LONGEST: usize = 253 + 6;

/// Whether the request names one host, and that could be one. HTTP/1.0 need not name any.
pub(super) fn is_right(head: &Parts) -> bool {
    let mut hosts = head.headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => head.version < Version::HTTP_11,
        (Some(host), None) => is_host(host.as_bytes()),
        (Some(_), Some(_)) => false,
    }
}

/// The host that a request names.
pub(crate) fn of(headers: &HeaderMap) -> Option<&str> {
    headers.get(HOST).and_then(|host| host.to_str().ok()).filter(|host| is_host(host.as_bytes()))
}

/// A name, an IPv4 address, or an IPv6 address in brackets; then a port or none. Of what a URL may hold beside that, names have
/// nothing.
fn is_host(host: &[u8]) -> bool {
    if host.len() > LONGEST {
        return false;
    }
    let Ok(host) = str::from_utf8(host) else { return false };
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
    };
    let is_port =
        |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port != 0);
    if let Some((address, rest)) = host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return address.parse::<Ipv6Addr>().is_ok() && (rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port));
    }
    host.split_once(':').map_or_else(|| is_name(host), |(name, port)| is_name(name) && is_port(port))
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    fn head(version: Version, hosts: &[&[u8]]) -> Parts {
        let mut request = Request::builder().version(version);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_request_has_one_host() {
        let is_right = |version, hosts: &[&[u8]]| is_right(&head(version, hosts));
        assert!(is_right(Version::HTTP_11, &[b"agent:10121"]));
        assert!(is_right(Version::HTTP_10, &[]));
        assert!(!is_right(Version::HTTP_11, &[]));
        for version in [Version::HTTP_10, Version::HTTP_11] {
            assert!(!is_right(version, &[b"agent:10121", b"agent:10121"]));
            assert!(!is_right(version, &[b""]));
        }
    }

    #[test]
    fn a_host_is_a_name_or_an_address_and_a_port() {
        let longest = format!("{}:65535", "a".repeat(253));
        for host in [
            "localhost",
            "a-b.c_d.example.",
            "10.0.0.7",
            "10.0.0.7:1",
            "x:65535",
            "[::1]",
            "[2001:db8::7]:10121",
            &longest,
        ] {
            assert!(is_host(host.as_bytes()), "{host}");
        }
        for host in [
            "",
            ":10121",
            "a:",
            "a:0",
            "a:65536",
            "a:+1",
            "a:1:2",
            "::1",
            "[::1",
            "[::1]x",
            "[::1]:",
            "[]",
            "[1.2.3.4]",
            "user@host",
            "a b",
            "a/b",
            "a\"}]<script>",
            "a,b",
            "a%20b",
            "\u{e4}",
            "a\tb",
            "a;b",
            &"a".repeat(260),
        ] {
            assert!(!is_host(host.as_bytes()), "{host}");
        }
        assert!(!is_host(b"a\xff"));
        assert_eq!(of(&head(Version::HTTP_11, &[b"agent:10121"]).headers), Some("agent:10121"));
        assert_eq!(of(&head(Version::HTTP_10, &[b""]).headers), None);
    }
}
