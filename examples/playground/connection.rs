//! Connections to 127.0.0.1: what the traffic, and the waiting for readiness, have in common.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisResult};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

const RETRY_DELAY: Duration = Duration::from_secs(1);
/// Longer than the pause which the playground invites to: a paused Redis is slow, not broken.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);

/// A port of 127.0.0.1 which was free a moment ago.
pub(crate) fn free_port() -> io::Result<u16> {
    Ok(std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Sends `request`, and returns all that comes until the peer closes or `enough` says so.
pub(crate) async fn exchange(address: SocketAddr, request: &str, enough: fn(&[u8]) -> bool) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut reply = Vec::new();
    while !enough(&reply) && stream.read_buf(&mut reply).await? > 0 {}
    Ok(String::from_utf8_lossy(&reply).into_owned())
}

/// The answer to a GET, if it is one of 200.
pub(crate) async fn get(address: SocketAddr, path: &str) -> Option<String> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let reply = exchange(address, &request, |_| false).await.ok()?;
    reply.starts_with("HTTP/1.1 200 ").then_some(reply)
}

/// A connection of that name.
pub(crate) async fn connect(client: &Client, name: &str) -> RedisResult<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new().set_response_timeout(Some(RESPONSE_TIMEOUT));
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    redis::cmd("CLIENT").arg("SETNAME").arg(name).exec_async(&mut connection).await?;
    Ok(connection)
}

/// How a subscriber reads.
#[derive(Clone, Copy)]
pub(crate) enum Pace {
    /// All there is, at once.
    Fast,
    /// A kilobyte a second, with the smallest receive buffer, so that Redis has to keep the rest.
    Slow,
}

/// Opens a connection to Redis, sends the commands, and reads and forgets what comes until Redis closes it.
pub(crate) async fn drain(port: u16, commands: &str, pace: Pace) -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    if matches!(pace, Pace::Slow) {
        socket.set_recv_buffer_size(1024)?;
    }
    let mut stream = socket.connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    stream.write_all(commands.as_bytes()).await?;
    let mut buffer = vec![0; if matches!(pace, Pace::Slow) { 1024 } else { 64 * 1024 }];
    while stream.read(&mut buffer).await? > 0 {
        if matches!(pace, Pace::Slow) {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
    Ok(())
}

/// Spawns `work`, again and again: a connection that Redis closed (`CLIENT KILL`, an output buffer limit) comes back a
/// moment later, as that of a real service does.
pub(crate) fn keep_doing<T, F>(tasks: &mut JoinSet<()>, work: impl Fn() -> F + Send + 'static)
where
    F: Future<Output = T> + Send,
    T: Send,
{
    tasks.spawn(async move {
        loop {
            drop(work().await);
            tokio::time::sleep(RETRY_DELAY).await;
        }
    });
}
