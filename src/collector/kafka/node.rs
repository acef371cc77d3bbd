//! A broker, and the connection to it that is kept from poll to poll.

use tokio::time::{Instant, timeout_at};

use super::api::Ask;
use super::error;
use super::link::Link;
use super::settings::KafkaTarget;
use crate::collector::{PollError, Reason};
use crate::net::dial::Reached;
use crate::net::resolve::Resolver;
use crate::net::{Budget, Endpoint};

/// A broker: one that the configuration names, or one that the cluster tells of.
pub(super) struct Node {
    pub(super) endpoint: Endpoint,
    /// It has no question unanswered: while one is asked it is not here, and an error or a lost patience drops it.
    link: Option<Link>,
    resolver: Resolver,
    /// What went wrong in this poll. It is asked nothing more until the next one.
    pub(super) fault: Option<PollError>,
}

impl Node {
    pub(super) fn at(endpoint: Endpoint) -> Self {
        Self { endpoint, link: None, resolver: Resolver::default(), fault: None }
    }

    /// The same with the connection of another one that is at the same place.
    pub(super) fn taking_over(endpoint: Endpoint, others: &mut [Self]) -> Self {
        let same = others.iter_mut().find(|other| other.endpoint == endpoint && other.link.is_some());
        let Some(same) = same else { return Self::at(endpoint) };
        std::mem::replace(same, Self::at(endpoint))
    }

    pub(super) const fn is_connected(&self) -> bool {
        self.link.is_some()
    }

    pub(super) fn reached(&self) -> Option<Reached> {
        self.resolver.last_reached()
    }

    /// The connection, while it is there.
    pub(super) const fn link(&self) -> Option<&Link> {
        self.link.as_ref()
    }

    /// Asks the first question of a poll. A connection that the broker has closed since the last one is replaced, and one over TLS
    /// that is old.
    pub(super) async fn begin<A: Ask>(
        &mut self,
        ask: &A,
        target: &KafkaTarget,
        budget: &Budget,
        until: Instant,
    ) -> Result<A::Reply, PollError> {
        if let Some(mut link) = self.link.take().filter(|link| !link.is_outdated(target)) {
            match timeout_at(until, link.ask(ask)).await {
                Ok(Ok(reply)) => {
                    self.link = Some(link);
                    return Ok(reply);
                }
                Ok(Err(error)) if error.reason != Reason::Connect => return Err(error),
                Ok(Err(_)) => {}
                Err(_) => return Err(error::late(A::NAME, &self.endpoint)),
            }
        }
        let mut link = Link::open(target, &self.endpoint, &self.resolver, budget.clone(), until).await?;
        let asked = timeout_at(until, link.ask(ask)).await;
        let reply = asked.map_err(|_| error::late(A::NAME, &self.endpoint))?;
        let reply = reply.map_err(|error| error::unknown_user(error, target))?;
        self.link = Some(link);
        Ok(reply)
    }

    /// Asks more, where it has answered before in this poll. What came goes to `replies`, whatever happens then.
    pub(super) async fn ask_all<A: Ask>(
        &mut self,
        asks: &[A],
        replies: &mut Vec<A::Reply>,
        until: Instant,
    ) -> Result<(), PollError> {
        let late = || error::late(A::NAME, &self.endpoint);
        let Some(mut link) = self.link.take() else { return Err(late()) };
        timeout_at(until, link.ask_all(asks, replies)).await.map_err(|_| late())??;
        self.link = Some(link);
        Ok(())
    }
}
