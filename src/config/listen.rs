//! Addresses to listen on, as people write them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Reads an address: `IP:PORT`, `localhost:PORT`, or `:PORT` for every address of the machine, as in Go.
pub fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let port = |text: &str| text.parse::<u16>().ok();
    let everywhere = text.strip_prefix(':').and_then(port).map(|port| SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)));
    let here = text.strip_prefix("localhost:").and_then(port).map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    everywhere.or(here).or_else(|| text.parse().ok()).ok_or_else(|| {
        "write host:port with an IP address, like \"127.0.0.1:10121\", or \":10121\" for all addresses".to_owned()
    })
}

/// Two of the addresses that cannot be listened on together.
#[must_use]
pub fn clash(addresses: &[SocketAddr]) -> Option<(SocketAddr, SocketAddr)> {
    // The system chooses a port for 0, another each time.
    let fixed: Vec<SocketAddr> = addresses.iter().copied().filter(|address| address.port() != 0).collect();
    fixed.iter().enumerate().find_map(|(at, one)| {
        let other = fixed[..at].iter().find(|other| other.port() == one.port() && overlap(one.ip(), other.ip()))?;
        Some((*other, *one))
    })
}

fn overlap(one: IpAddr, other: IpAddr) -> bool {
    let covers = |wide: IpAddr, narrow: IpAddr| match wide {
        // On most systems it takes IPv4 as well.
        IpAddr::V6(ip) => ip.is_unspecified(),
        IpAddr::V4(ip) => ip.is_unspecified() && narrow.is_ipv4(),
    };
    one == other || covers(one, other) || covers(other, one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_as_exporters_write_them() {
        for (text, address) in [
            (":9121", "[::]:9121"),
            ("localhost:9121", "127.0.0.1:9121"),
            ("0.0.0.0:1", "0.0.0.0:1"),
            ("[::1]:2", "[::1]:2"),
        ] {
            assert_eq!(listen_address(text).unwrap().to_string(), address);
        }
        for text in ["", "9121", ":", ":x", ":70000", "host:1", "127.0.0.1"] {
            assert!(listen_address(text).unwrap_err().starts_with("write host:port with an IP address"), "{text}");
        }
    }

    #[test]
    fn addresses_that_are_one() {
        let clashes = |texts: &[&str]| {
            let addresses: Vec<SocketAddr> = texts.iter().map(|text| text.parse().unwrap()).collect();
            clash(&addresses).is_some()
        };
        for texts in [
            ["127.0.0.1:1", "127.0.0.1:1"],
            ["0.0.0.0:1", "127.0.0.1:1"],
            ["127.0.0.1:1", "[::]:1"],
            ["[::]:1", "[::1]:1"],
        ] {
            assert!(clashes(&texts), "{texts:?}");
        }
        for texts in [
            ["127.0.0.1:1", "127.0.0.1:2"],
            ["127.0.0.1:1", "127.0.0.2:1"],
            ["0.0.0.0:1", "[::1]:1"],
            ["127.0.0.1:0", "127.0.0.1:0"],
        ] {
            assert!(!clashes(&texts), "{texts:?}");
        }
    }
}
