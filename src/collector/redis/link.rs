//! The persistent connection to a server.

use redis::{Cmd, Value};
use tokio::time::{Instant, timeout};

use super::session;
use super::support::Support;
use super::wire::{Ending, Sent, Wire};
use crate::collector::redis::RedisTarget;
use crate::collector::{PollError, Reason};
use crate::hub;
use crate::net::resolve::Resolver;
use crate::net::tls;

/// A connection that is authenticated and named. Dropping it closes the socket.
pub(super) struct Link {
    wire: Wire,
    opened: Instant,
    /// Seconds that connecting took, TLS and AUTH among them.
    pub(super) connect_seconds: f64,
    /// Why the connection has no name, where CLIENT SETNAME broke the first attempt.
    pub(super) name_broke: Option<String>,
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
        let opened = session::open(target, resolver, support, named).await?;
        let connect_seconds = started.elapsed().as_secs_f64();
        Ok(Self { wire: opened.wire, opened: started, connect_seconds, name_broke: opened.name_broke })
    }

    /// See [`Wire::begin_poll`].
    pub(super) fn begin_poll(&mut self, patience: Instant) {
        self.wire.begin_poll(patience);
    }

    /// The connection as it waits for the next poll: without what reading took.
    pub(super) fn rested(mut self) -> Self {
        self.wire.rest();
        self
    }

    /// Whether it still stands, and nothing has come that nobody asked for.
    pub(super) fn is_quiet(&mut self) -> bool {
        self.wire.is_quiet()
    }

    /// Whether it was made so long ago that the server may have renewed its certificate since, which only a handshake shows:
    /// the end of the old one must not be told for ever.
    pub(super) fn is_outdated(&self, is_tls: bool) -> bool {
        is_tls && self.opened.elapsed() >= tls::MAX_AGE
    }

    /// See [`Wire::ask`].
    pub(super) async fn ask<'a>(
        &mut self,
        requests: impl IntoIterator<Item = Sent<'a>>,
        until: Instant,
    ) -> (Vec<Vec<Value>>, Option<Ending>) {
        self.wire.ask(requests, until).await
    }

    /// See [`Wire::ask_one`].
    pub(super) async fn ask_one(&mut self, command: &Cmd, until: Instant) -> Result<Value, Ending> {
        self.wire.ask_one(command, until).await
    }
}
