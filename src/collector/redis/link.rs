//! The persistent connection to a server.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::{Fuse, FusedFuture as _, FutureExt as _};
use futures_util::stream::FuturesOrdered;
use redis::aio::{ConnectionLike as _, MultiplexedConnection};
use redis::{AsyncConnectionConfig, Cmd, ErrorKind, Pipeline, RedisConnectionInfo, RedisError, Value};
use tokio::time::{Instant, sleep_until, timeout};

use super::stream::Budget;
use super::support::Support;
use super::{reply_error, session};
use crate::collector::redis::RedisTarget;
use crate::collector::{PollError, Reason};
use crate::hub;
use crate::net::resolve::Resolver;

/// Bytes that one poll may read from a connection: 64 MiB of CLIENT LIST (190,000 clients) and room for the rest.
const POLL_BUDGET: u64 = 96 * 1024 * 1024;

/// A connection keeps a buffer as large as the largest reply. Up to this size (50,000 clients) it is kept for the next.
const KEPT_BUFFER: u64 = 16 * 1024 * 1024;

/// A connection over TLS is made anew after this time.
const TLS_AGE: Duration = Duration::from_hours(1);

/// A connection that is authenticated and named. Dropping it closes the socket.
pub(super) struct Link {
    connection: MultiplexedConnection,
    /// Reads and writes. It is polled beside the requests and not on a task of its own, so that all that is asked together
    /// is one write.
    driver: Fuse<Pin<Box<dyn Future<Output = ()> + Send>>>,
    budget: Budget,
    opened: Instant,
    /// Seconds that connecting took, TLS and AUTH among them.
    pub(super) connect_seconds: f64,
    /// Why the connection has no name, where CLIENT SETNAME broke the first attempt.
    pub(super) name_broke: Option<String>,
}

/// Why not all that was asked has been answered. The connection must not be used again: a reply may still come.
#[derive(Debug)]
pub(super) enum Ending {
    /// The time was over.
    Late,
    /// The stream ended, or brought what is not a reply.
    Broken(RedisError),
}

impl Ending {
    /// The poll's error, where the poll cannot do without the answer to `question`.
    pub(super) fn into_error(self, attempt: String, question: &str) -> PollError {
        match self {
            Self::Late => reply_error::late(attempt),
            Self::Broken(error) => reply_error::from_redis(attempt, question, &error),
        }
    }
}

impl Link {
    /// Connects within the target's connect timeout. `named` says whether the connection gets the agent's name.
    pub(super) async fn open(
        target: &RedisTarget,
        resolver: &mut Resolver,
        support: &mut Support,
        named: bool,
    ) -> Result<Self, PollError> {
        let opening = Self::connect(target, resolver, support, named);
        timeout(target.connect_timeout, opening).await.unwrap_or_else(|_| {
            let (cause, advice) = hub::unconnected_within(target.connect_timeout, target.tls.is_some());
            let attempt = format!("connecting to {}", target.endpoint);
            Err(PollError::new(Reason::Timeout, attempt, cause, advice))
        })
    }

    async fn connect(
        target: &RedisTarget,
        resolver: &mut Resolver,
        support: &mut Support,
        named: bool,
    ) -> Result<Self, PollError> {
        let started = Instant::now();
        let budget = Budget::default();
        budget.grant(POLL_BUDGET);
        let opened = session::open(target, budget.clone(), resolver, support, named).await?;
        let info = RedisConnectionInfo::default().set_skip_set_lib_name();
        // The poll has one deadline; a second one in the library would only hide it.
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        let (connection, driver) =
            MultiplexedConnection::new_with_config(&info, opened.stream, config).await.map_err(|error| {
                reply_error::from_redis(format!("connecting to {}", target.endpoint), "the greeting", &error)
            })?;
        let driver: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(driver);
        let connect_seconds = started.elapsed().as_secs_f64();
        let (opened_at, name_broke) = (started, opened.name_broke);
        Ok(Self { connection, driver: driver.fuse(), budget, opened: opened_at, connect_seconds, name_broke })
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

    /// Sends all requests in one write, and returns a reply for each command of those that were answered whole until
    /// `until`, and why the others were not; an error reply is a [`Value::ServerError`].
    pub(super) async fn ask<'a>(
        &mut self,
        requests: impl IntoIterator<Item = &'a [Cmd]>,
        until: Instant,
    ) -> (Vec<Vec<Value>>, Option<Ending>) {
        let send = |commands: &[Cmd]| {
            let mut pipeline = Pipeline::with_capacity(commands.len());
            for command in commands {
                pipeline.add_command(command.clone());
            }
            let mut connection = self.connection.clone();
            async move { connection.req_packed_commands(&pipeline, 0, pipeline.len()).await }
        };
        let mut replies: FuturesOrdered<_> = requests.into_iter().map(send).collect();
        let mut heard = Vec::with_capacity(replies.len());
        loop {
            tokio::select! {
                biased;
                reply = replies.next() => match reply {
                    Some(Ok(reply)) => heard.push(reply),
                    Some(Err(_)) => return (heard, Some(Ending::Broken(self.why_it_ended()))),
                    None => return (heard, None),
                },
                () = &mut self.driver, if !self.driver.is_terminated() => {}
                () = sleep_until(until) => return (heard, Some(Ending::Late)),
            }
        }
    }

    /// [`ask`](Self::ask) of one command.
    pub(super) async fn ask_one(&mut self, command: &Cmd, until: Instant) -> Result<Value, Ending> {
        match self.ask([std::slice::from_ref(command)], until).await {
            (_, Some(ending)) => Err(ending),
            (replies, None) => Ok(replies.into_iter().flatten().next().unwrap_or(Value::Nil)),
        }
    }

    /// The end of the connection is the only error there is: an error reply is a value.
    fn why_it_ended(&self) -> RedisError {
        self.budget.take_ending().map_or_else(|| (ErrorKind::Parse, "malformed reply").into(), RedisError::from)
    }
}
