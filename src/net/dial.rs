//! From an address to a stream: name resolution, TCP or unix socket, and TLS.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream, UnixSocket, UnixStream};
use tokio::time::Instant;

use super::descriptors::unkept;
use super::endpoint::Endpoint;
use super::resolve::Resolver;
use super::tls::{self, TlsError};
use super::tls_settings::TlsSettings;

/// Anything that bytes go through.
pub trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

/// Where a connection went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// To a unix socket of this machine.
    Socket,
    /// To an address.
    Address {
        /// The address.
        peer: SocketAddr,
        /// Whether it is one of this machine: both ends of the connection have it.
        is_own: bool,
    },
}

/// An open stream, and what opening it took.
pub struct Dialled {
    /// The stream.
    pub stream: Box<dyn Transport>,
    /// Name resolution and connecting.
    pub connect: Duration,
    /// The TLS handshake; zero without one.
    pub tls: Duration,
}

/// Why there is no stream.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// No connection.
    #[error("{0}")]
    Connect(io::Error),
    /// A connection and no TLS on it.
    #[error("{0}")]
    Tls(TlsError),
}

/// Connects to `endpoint`, and speaks TLS there if there are settings for it; a unix socket needs none.
pub async fn dial(
    endpoint: &Endpoint,
    settings: Option<&TlsSettings>,
    resolver: &Resolver,
) -> Result<Dialled, DialError> {
    let started = Instant::now();
    let (host, tcp) = match endpoint {
        Endpoint::Unix(path) => {
            let unix = connect_unix(path).await.map_err(DialError::Connect)?;
            resolver.reached(Reached::Socket);
            return Ok(Dialled { stream: Box::new(unix), connect: started.elapsed(), tls: Duration::ZERO });
        }
        Endpoint::Tcp { host, port } => {
            if let Some(settings) = settings {
                settings.forget(host);
            }
            (host, connect(host, *port, resolver).await.map_err(DialError::Connect)?)
        }
    };
    let connect = started.elapsed();
    let Some(settings) = settings else {
        return Ok(Dialled { stream: Box::new(tcp), connect, tls: Duration::ZERO });
    };
    let tls = tls::handshake(settings, host, tcp).await.map_err(DialError::Tls)?;
    Ok(Dialled { stream: Box::new(tls), connect, tls: started.elapsed().saturating_sub(connect) })
}

/// Connects to the first address of `host` that takes the connection.
async fn connect(host: &str, port: u16, resolver: &Resolver) -> io::Result<TcpStream> {
    let addresses = resolver.resolve(host, port).await?;
    let mut outcome = Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    for address in addresses {
        outcome = connect_tcp(address).await;
        if outcome.is_ok() {
            break;
        }
    }
    let tcp = outcome?;
    set_options(&tcp);
    if let (Ok(peer), Ok(local)) = (tcp.peer_addr(), tcp.local_addr()) {
        resolver.reached(Reached::Address { peer, is_own: peer.ip() == local.ip() });
    }
    Ok(tcp)
}

/// Connects to one address. The socket is looked at before it waits for anybody.
async fn connect_tcp(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    unkept(socket?)?.connect(address).await
}

async fn connect_unix(path: &Path) -> io::Result<UnixStream> {
    unkept(UnixSocket::new_stream()?)?.connect(path).await
}

/// A poll is small packets back and forth, and a dead peer must be noticed between polls too.
fn set_options(tcp: &TcpStream) {
    let keepalive = TcpKeepalive::new().with_time(Duration::from_mins(1)).with_interval(Duration::from_secs(10));
    // Both only make things better: where the system refuses them, polls work all the same.
    let _ = tcp.set_nodelay(true);
    let _ = SockRef::from(tcp).set_tcp_keepalive(&keepalive);
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn small_packets_are_sent_at_once_and_a_dead_peer_is_noticed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let tcp = connect("127.0.0.1", port, &Resolver::default()).await.unwrap();
        assert!(tcp.nodelay().unwrap());
        let socket = SockRef::from(&tcp);
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_mins(1));
    }

    #[tokio::test]
    async fn a_socket_is_an_endpoint_too_and_knows_no_tls() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sock");
        let _listener = tokio::net::UnixListener::bind(&path).unwrap();
        let resolver = Resolver::default();
        let settings = TlsSettings::default();
        let dialled = dial(&Endpoint::Unix(path), Some(&settings), &resolver).await.unwrap();
        assert!(dialled.connect > Duration::ZERO);
        let gone = dial(&Endpoint::Unix(dir.path().join("none")), None, &resolver).await;
        let Err(DialError::Connect(error)) = gone else { panic!("there is no such socket") };
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[tokio::test]
    async fn a_server_that_speaks_no_tls_is_told_from_one_that_is_not_there() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let endpoint = Endpoint::Tcp { host: "127.0.0.1".to_owned(), port };
        let accepting = tokio::spawn(async move { drop(listener.accept().await) });
        let settings = TlsSettings::default();
        let dialled = dial(&endpoint, Some(&settings), &Resolver::default()).await;
        assert!(matches!(dialled, Err(DialError::Tls(_))));
        accepting.await.unwrap();
        let dialled = dial(&endpoint, Some(&settings), &Resolver::default()).await;
        assert!(matches!(dialled, Err(DialError::Connect(_))));
    }

    #[tokio::test]
    async fn a_port_on_which_nobody_listens_refuses() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let error = connect("127.0.0.1", port, &Resolver::default()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }
}
