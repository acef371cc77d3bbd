//! The persistent connection to a server.

use std::time::Duration;

use redis::aio::{ConnectionLike as _, MultiplexedConnection};
use redis::{AsyncConnectionConfig, Cmd, ErrorKind, Pipeline, RedisConnectionInfo, RedisError, Value};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::stream::Budget;
use super::support::Support;
use super::{reply_error, session};
use crate::collector::redis::RedisTarget;
use crate::collector::{PollError, Reason};
use crate::net::resolve::Resolver;

/// Bytes that one poll may read: 64 MiB of CLIENT LIST (190,000 clients) and room for the rest.
const POLL_BUDGET: u64 = 96 * 1024 * 1024;

/// A connection keeps a buffer as large as the largest reply. Up to this size (50,000 clients) it is kept for the next.
const KEPT_BUFFER: u64 = 16 * 1024 * 1024;

/// A connection over TLS is made anew after this time.
const TLS_AGE: Duration = Duration::from_hours(1);

/// A connection that is authenticated and named. Dropping it closes the socket.
pub(super) struct Link {
    connection: MultiplexedConnection,
    driver: JoinHandle<()>,
    budget: Budget,
    opened: Instant,
    /// Seconds that connecting took, TLS and AUTH among them.
    pub(super) connect_seconds: f64,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Link {
    /// Connects within the target's connect timeout.
    pub(super) async fn open(
        target: &RedisTarget,
        resolver: &mut Resolver,
        support: &mut Support,
    ) -> Result<Self, PollError> {
        let opening = Self::connect(target, resolver, support);
        timeout(target.connect_timeout, opening).await.unwrap_or_else(|_| {
            let advice = match target.tls {
                Some(_) => "the server hangs, a firewall drops the packets, or the port does not speak TLS",
                None => "the server or the name server hangs, or a firewall drops the packets",
            };
            let attempt = format!("connecting to {}", target.endpoint);
            let cause = format!("not connected within {:?}", target.connect_timeout);
            Err(PollError::new(Reason::Timeout, attempt, cause, advice))
        })
    }

    async fn connect(target: &RedisTarget, resolver: &mut Resolver, support: &mut Support) -> Result<Self, PollError> {
        let started = Instant::now();
        let budget = Budget::default();
        budget.grant(POLL_BUDGET);
        let stream = session::open(target, budget.clone(), resolver, support).await?;
        let info = RedisConnectionInfo::default().set_skip_set_lib_name();
        // The poll has one deadline; a second one in the library would only hide it.
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        let (connection, driver) = MultiplexedConnection::new_with_config(&info, stream, config)
            .await
            .map_err(|error| reply_error::from_redis(format!("connecting to {}", target.endpoint), &error))?;
        let connect_seconds = started.elapsed().as_secs_f64();
        Ok(Self { connection, driver: tokio::spawn(driver), budget, opened: started, connect_seconds })
    }

    /// Grants the next poll its bytes.
    pub(super) fn begin_poll(&self) {
        self.budget.grant(POLL_BUDGET);
    }

    /// Whether the last poll read so much that the buffer it left behind is worth a new connection.
    pub(super) fn is_bloated(&self) -> bool {
        POLL_BUDGET - self.budget.left() > KEPT_BUFFER
    }

    /// Whether it was made so long ago that the server may have renewed its certificate since, which only a handshake shows:
    /// the end of the old one must not be told for ever.
    pub(super) fn is_outdated(&self, is_tls: bool) -> bool {
        is_tls && self.opened.elapsed() >= TLS_AGE
    }

    /// Sends all commands in one write and returns a reply for each; an error reply is a [`Value::ServerError`].
    pub(super) async fn ask(&mut self, commands: impl IntoIterator<Item = &Cmd>) -> Result<Vec<Value>, RedisError> {
        let mut pipeline = Pipeline::new();
        for command in commands {
            pipeline.add_command(command.clone());
        }
        let count = pipeline.len();
        let asked = self.connection.req_packed_commands(&pipeline, 0, count).await;
        // An error here is never an error reply but the end of the connection: the stream ended, or sent what is not a reply.
        asked.map_err(|_| match self.budget.take_ending() {
            Some(error) => error.into(),
            None => (ErrorKind::Parse, "malformed reply").into(),
        })
    }
}
