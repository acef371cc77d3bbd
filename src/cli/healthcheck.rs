//! `manometer healthcheck`: for images without a shell.

use std::ffi::OsString;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use super::{Command, SourceArgs, fail, parse, print};
use crate::config::WebSettings;

/// The most that each step may take.
const STEP: Duration = Duration::from_secs(3);

/// Asks `/-/healthy` of the agent that these arguments describe.
///
/// Any HTTP answer shows it alive: one that wants a password, for the check has none and must not need any, or one that
/// refuses because there are too many requests. To plain HTTP a TLS server answers by an alert, or by hanging up.
pub(super) fn healthcheck(arguments: SourceArgs) -> ExitCode {
    let address = reachable(address(arguments));
    match ask(address) {
        Ok(answer) if alive(&answer) => print(b"healthy\n"),
        Err(error) if hung_up(&error) => print(b"healthy\n"),
        Ok(answer) => {
            let first_line = answer.split(|byte| *byte == b'\n').next().unwrap_or_default();
            fail(1, &format!("asking {address}: {}", String::from_utf8_lossy(first_line).trim()))
        }
        Err(error) => fail(1, &format!("asking {address}: {error}; is the agent running there?")),
    }
}

/// Where such an agent listens; of several addresses the first.
fn address(arguments: SourceArgs) -> SocketAddr {
    // A health check of an image cannot know the arguments that `run` was started with; the process has them.
    let given = std::env::args_os().len() > 2;
    let process =
        (!given).then(|| std::fs::read("/proc/1/cmdline").ok()).flatten().and_then(|line| started_with(&line));
    let source = process.unwrap_or(arguments).source();
    let overridden = source.overrides.listen_addresses.first().copied();
    // A file that was broken since is not why an agent would be ill.
    let configured = || source.read().map_or_else(|_| WebSettings::default(), |config| config.web);
    overridden
        .or_else(|| configured().listen_addresses.first().copied())
        .unwrap_or_else(|| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0))
}

/// The arguments of an agent, by its command line as /proc has it.
fn started_with(line: &[u8]) -> Option<SourceArgs> {
    let words = line.strip_suffix(b"\0")?.split(|byte| *byte == 0);
    let words: Vec<OsString> = words.map(|word| String::from_utf8_lossy(word).into_owned().into()).collect();
    Path::new(words.first()?).file_name().filter(|name| *name == "manometer")?;
    match parse(words).ok()?.command {
        Command::Run(arguments) => Some(arguments),
        _ => None,
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
    answer.first() == Some(&TLS_ALERT) || is_status_line(answer)
}

/// Whether it begins with `HTTP/1.x` and a status of three digits.
fn is_status_line(answer: &[u8]) -> bool {
    let Some([minor, b' ', status @ ..]) = answer.strip_prefix(b"HTTP/1.") else { return false };
    let [b'1'..=b'5', tens, ones, b' ' | b'\r', ..] = status else { return false };
    [minor, tens, ones].iter().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_a_living_agent() {
        for answer in [
            &b"HTTP/1.1 200 OK\r\n"[..],
            b"HTTP/1.1 401 Unauthorized\r\n",
            b"HTTP/1.1 429 Too Many Requests\r\n",
            b"HTTP/1.1 503 Service Unavailable\r\n",
            b"HTTP/1.0 400\r\n",
            &[21, 3, 3, 0, 2],
        ] {
            assert!(alive(answer), "{}", answer.escape_ascii());
        }
        for answer in [
            &b""[..],
            b"HTTP/1.1 ",
            b"HTTP/1.1 20",
            b"HTTP/1.1 999 No\r\n",
            b"HTTP/1.1 2000 No\r\n",
            b"HTTP/2.0 200 OK\r\n",
            b"-ERR unknown command 'GET'\r\n",
        ] {
            assert!(!alive(answer), "{}", answer.escape_ascii());
        }
    }

    #[test]
    fn the_arguments_of_an_agent_are_those_of_its_process() {
        let listens = |line: &[u8]| {
            let addresses = started_with(line)?.listen_addresses;
            Some(addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        };
        let expected = Some("[::]:9121".to_owned());
        assert_eq!(listens(b"/manometer\0--web.listen-address=:9121\0"), expected);
        assert_eq!(listens(b"manometer\0run\0--web.listen-address\0:9121\0"), expected);
        for line in
            [&b"/sbin/init\0--web.listen-address=:1\0"[..], b"/manometer\0poll\0", b"/manometer\0--wrong\0", b""]
        {
            assert_eq!(listens(line), None, "{}", line.escape_ascii());
        }
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
