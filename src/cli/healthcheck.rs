//! `manometer healthcheck`: for images without a shell.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use super::{fail, print};

/// The most that each step may take.
const STEP: Duration = Duration::from_secs(3);

/// Asks `/-/healthy` of the agent on `address`.
///
/// Where the agent speaks TLS or wants a password, an answer that says so shows it alive as well: the check has no
/// credentials, and must not need any. To plain HTTP a TLS server says so by an alert, or by hanging up.
pub(super) fn healthcheck(address: SocketAddr) -> ExitCode {
    let address = reachable(address);
    match ask(address) {
        Ok(answer) if alive(&answer) => print("healthy\n"),
        Err(error) if hung_up(&error) => print("healthy\n"),
        Ok(answer) => {
            let first_line = answer.split(|byte| *byte == b'\n').next().unwrap_or_default();
            fail(1, &format!("asking {address}: {}", String::from_utf8_lossy(first_line).trim()))
        }
        Err(error) => fail(1, &format!("asking {address}: {error}; is the agent running there?")),
    }
}

/// The address to connect to for one that is listened on: 0.0.0.0 is no host.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

fn ask(address: SocketAddr) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&address, STEP)?;
    stream.set_read_timeout(Some(STEP))?;
    stream.set_write_timeout(Some(STEP))?;
    // In one write: a server that hangs up on the first bytes must not make the others an error.
    let request = format!("GET /-/healthy HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer)?;
    Ok(answer)
}

/// Whether the peer took the connection and then ended it: a server that does not run refuses it, one that hangs does
/// nothing.
fn hung_up(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
}

fn alive(answer: &[u8]) -> bool {
    /// The record type of a TLS alert, which a TLS server answers plain HTTP with.
    const TLS_ALERT: u8 = 21;
    [&b"HTTP/1.1 200"[..], b"HTTP/1.1 401"].iter().any(|status| answer.starts_with(status))
        || answer.first() == Some(&TLS_ALERT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_a_living_agent() {
        assert!(alive(b"HTTP/1.1 200 OK\r\n"));
        assert!(alive(b"HTTP/1.1 401 Unauthorized\r\n"));
        assert!(alive(&[21, 3, 3, 0, 2]));
        assert!(!alive(b"HTTP/1.1 503 Service Unavailable\r\n"));
        assert!(!alive(b""));
    }

    #[test]
    fn only_a_server_that_runs_hangs_up() {
        for (kind, alive) in [
            (ErrorKind::ConnectionReset, true),
            (ErrorKind::BrokenPipe, true),
            (ErrorKind::ConnectionRefused, false),
            (ErrorKind::WouldBlock, false),
            (ErrorKind::TimedOut, false),
        ] {
            assert_eq!(hung_up(&kind.into()), alive, "{kind}");
        }
    }

    #[test]
    fn a_listening_address_becomes_one_to_connect_to() {
        assert_eq!(reachable("0.0.0.0:10121".parse().unwrap()), "127.0.0.1:10121".parse().unwrap());
        assert_eq!(reachable("[::]:10121".parse().unwrap()), "[::1]:10121".parse().unwrap());
        assert_eq!(reachable("10.0.0.7:80".parse().unwrap()), "10.0.0.7:80".parse().unwrap());
    }
}
