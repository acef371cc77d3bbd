//! Networks of addresses, as people write them: `10.0.0.0/8`, `fd00::/8`, or one address.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// The addresses that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    prefix: u8,
}

impl Network {
    /// The network of that size around `address`; `None` where addresses are not so long.
    #[must_use]
    pub fn around(address: IpAddr, prefix: u8) -> Option<Self> {
        Some(Self { first: first_of(address, prefix)?, prefix })
    }

    /// Whether the address belongs to it. An IPv4 address that is written as an IPv6 one is an IPv4 address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        first_of(address.to_canonical(), self.prefix) == Some(self.first)
    }
}

/// The first address of the network of that size around `address`; `None` where addresses are not so long.
fn first_of(address: IpAddr, prefix: u8) -> Option<IpAddr> {
    let prefix = u32::from(prefix);
    Some(match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(u32::BITS.checked_sub(prefix)?).unwrap_or(0);
            IpAddr::V4((address.to_bits() & mask).into())
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(u128::BITS.checked_sub(prefix)?).unwrap_or(0);
            IpAddr::V6((address.to_bits() & mask).into())
        }
    })
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fault = || "is neither an address nor a network; write it like \"10.0.0.0/8\" or \"fd00::/8\"".to_owned();
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse().map_err(|_| fault())?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| fault())?;
        let prefix = prefix.unwrap_or(if address.is_ipv4() { 32 } else { 128 });
        let first = first_of(address, prefix).ok_or_else(fault)?;
        if first == address {
            return Ok(Self { first, prefix });
        }
        Err(format!("is an address in a network, not the network; write \"{first}/{prefix}\""))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.first, self.prefix)
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_belongs_to_its_networks() {
        let contains = |network: &str, address: &str| {
            network.parse::<Network>().unwrap().contains(address.parse::<IpAddr>().unwrap())
        };
        for (network, inside, outside) in [
            ("10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
            ("10.0.0.7", "10.0.0.7", "10.0.0.8"),
            ("10.0.0.6/31", "10.0.0.7", "10.0.0.8"),
            ("0.0.0.0/0", "255.1.2.3", "::1"),
            ("::/0", "fd00::1", "10.0.0.1"),
            ("fd00::/8", "fdff::1", "fe00::"),
            ("fd00:1::/127", "fd00:1::1", "fd00:1::2"),
            ("::1", "::1", "::2"),
            // As a socket that takes both kinds shows it.
            ("10.0.0.0/24", "::ffff:10.0.0.9", "::ffff:10.0.1.9"),
        ] {
            assert!(contains(network, inside), "{inside} is in {network}");
            assert!(!contains(network, outside), "{outside} is not in {network}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused_with_the_cure() {
        for bad in
            ["", "/8", "10.0.0.0/", "10.0.0.0/33", "fd00::/129", "10.0.0/8", "web", "10.0.0.0/8/8", "10.0.0.0/-1"]
        {
            let message = bad.parse::<Network>().unwrap_err();
            assert!(message.starts_with("is neither an address nor a network"), "{bad}: {message}");
        }
        let message = "10.1.2.3/8".parse::<Network>().unwrap_err();
        assert_eq!(message, "is an address in a network, not the network; write \"10.0.0.0/8\"");
        assert_eq!("fd00::/8".parse::<Network>().unwrap().to_string(), "fd00::/8");
        assert_eq!("10.0.0.7".parse::<Network>().unwrap().to_string(), "10.0.0.7/32");
    }
}
