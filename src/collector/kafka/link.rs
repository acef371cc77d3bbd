//! A connection to one broker: requests and replies as they stand on the wire.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, timeout_at};

use super::api::hello::{Answered, ApiVersions};
use super::api::{Ask, Version, code};
use super::error;
use super::sasl;
use super::settings::KafkaTarget;
use super::wire::{Reader, Writer};
use crate::collector::PollError;
use crate::net::dial::{Transport, dial};
use crate::net::resolve::Resolver;
use crate::net::{Budget, Endpoint, Share, tls};

/// The name that the agent has for brokers, in their logs and quotas.
const CLIENT: &str = "manometer";

/// Bytes of a request that are sent before the replies are all there: no more of them wait in the broker at a time.
const MAX_AHEAD: usize = 256 * 1024;

/// Bytes for which room is made at a time in a reply.
const STEP: usize = 64 * 1024;

/// A connection on which the agent is who it is to be. Dropping it closes the socket.
pub(super) struct Link {
    stream: Box<dyn Transport>,
    endpoint: Endpoint,
    answered: Vec<Answered>,
    budget: Budget,
    /// What is held of the reply that is read.
    share: Share,
    next: i32,
    opened: Instant,
}

impl Link {
    /// Connects until `until`, the target's connect timeout at most.
    pub(super) async fn open(
        target: &KafkaTarget,
        endpoint: &Endpoint,
        resolver: &Resolver,
        budget: Budget,
        until: Instant,
    ) -> Result<Self, PollError> {
        let until = until.min(Instant::now() + target.connect_timeout);
        let opening = async {
            let dialled = dial(endpoint, target.tls.as_ref(), resolver).await;
            let dialled = dialled.map_err(|error| error::undialled(endpoint, error))?;
            let (endpoint, stream) = (endpoint.clone(), dialled.stream);
            let mut link = Self {
                stream,
                endpoint,
                answered: Vec::new(),
                budget,
                share: Share::default(),
                next: 0,
                opened: Instant::now(),
            };
            link.answered = link.versions(target).await?;
            if let (Some(username), Some(password), Some(mechanism)) =
                (&target.username, &target.password, target.sasl_mechanism)
            {
                let password = password.current().await;
                sasl::prove(&mut link, mechanism, username, &password).await?;
            }
            Ok(link)
        };
        let opened = timeout_at(until, opening).await;
        opened.unwrap_or_else(|_| Err(error::unconnected_in_time(endpoint, target)))
    }

    async fn versions(&mut self, target: &KafkaTarget) -> Result<Vec<Answered>, PollError> {
        let (refusal, answered) = self.ask(&ApiVersions).await.map_err(|error| error::greeting(error, target))?;
        if refusal == code::NONE {
            Ok(answered)
        } else {
            Err(error::refused(ApiVersions::NAME, &self.endpoint, refusal))
        }
    }

    /// Whether it was opened so long ago that its certificate may have been renewed since.
    pub(super) fn is_outdated(&self, target: &KafkaTarget) -> bool {
        target.tls.is_some() && self.opened.elapsed() >= tls::MAX_AGE
    }

    pub(super) const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The version in which a question is asked; `None` if the broker answers none that the agent speaks.
    pub(super) fn version<A: Ask>(&self) -> Option<Version> {
        if A::KEY == ApiVersions::KEY {
            return A::VERSIONS.first().copied();
        }
        let answered = self.answered.iter().find(|answered| answered.key == A::KEY)?;
        let speaks = |version: &&Version| (answered.least..=answered.most).contains(&version.number);
        A::VERSIONS.iter().find(speaks).copied()
    }

    /// Asks one question.
    pub(super) async fn ask<A: Ask>(&mut self, ask: &A) -> Result<A::Reply, PollError> {
        let mut replies = Vec::new();
        self.ask_all(std::slice::from_ref(ask), &mut replies).await?;
        replies.pop().ok_or_else(|| error::unspoken::<A>(&self.endpoint))
    }

    /// Asks questions of one kind one behind the other. The replies that came go to `replies`, in the order of the questions,
    /// also where an error ends it or nobody waits any longer; then the connection is not to be used again.
    pub(super) async fn ask_all<A: Ask>(&mut self, asks: &[A], replies: &mut Vec<A::Reply>) -> Result<(), PollError> {
        let version = self.version::<A>().ok_or_else(|| error::unspoken::<A>(&self.endpoint))?;
        let mut asks = asks.iter().peekable();
        while asks.peek().is_some() {
            let first = self.next;
            let mut packed = Vec::new();
            while let Some(ask) = asks.next_if(|_| packed.len() < MAX_AHEAD) {
                pack(ask, version, self.next, &mut packed);
                self.next = self.next.wrapping_add(1) & i32::MAX;
            }
            let (mut from, mut to) = tokio::io::split(&mut self.stream);
            // A broker reads no further while its reply is not taken: both go on at once.
            let sent = async {
                to.write_all(&packed).await?;
                to.flush().await
            };
            let (endpoint, budget, share, until) = (&self.endpoint, &self.budget, &mut self.share, self.next);
            let heard = async {
                let mut id = first;
                while id != until {
                    let frame = read_frame(&mut from, endpoint, budget, share).await?;
                    replies.push(unpack::<A>(&frame, version, id, endpoint)?);
                    drop(frame);
                    share.give_back();
                    id = id.wrapping_add(1) & i32::MAX;
                }
                Ok(())
            };
            let broken = |error: io::Error| error::broken(A::NAME, endpoint, &error);
            tokio::try_join!(async { sent.await.map_err(broken) }, heard)?;
        }
        Ok(())
    }
}

fn pack<A: Ask>(ask: &A, version: Version, id: i32, packed: &mut Vec<u8>) {
    let mut header = Writer::new(false);
    header.i16(A::KEY);
    header.i16(version.number);
    header.i32(id);
    header.string(CLIENT);
    let mut body = Writer::new(version.flexible);
    body.end();
    ask.write(version.number, &mut body);
    let length = header.bytes.len() + body.bytes.len();
    packed.extend(u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    packed.extend(header.bytes);
    packed.extend(body.bytes);
}

fn unpack<A: Ask>(frame: &[u8], version: Version, id: i32, endpoint: &Endpoint) -> Result<A::Reply, PollError> {
    let mut reader = Reader::new(frame, version.flexible);
    let malformed = |cause: &str| error::malformed(A::NAME, endpoint, cause);
    let answers = reader.i32().map_err(|fault| malformed(fault.0))?;
    if answers != id {
        return Err(malformed("the reply is to another question"));
    }
    let reply = reader.end().and_then(|()| A::read(version.number, &mut reader));
    reply.map_err(|fault| malformed(fault.0))
}

/// One reply behind its length. The buffer grows with what comes, whatever the length says.
async fn read_frame(
    from: &mut (impl AsyncRead + Unpin),
    endpoint: &Endpoint,
    budget: &Budget,
    share: &mut Share,
) -> Result<Vec<u8>, PollError> {
    let mut head = [0; 4];
    from.read_exact(&mut head).await.map_err(|error| error::broken("the reply", endpoint, &error))?;
    let length = u32::from_be_bytes(head);
    if error::is_foreign(head) {
        return Err(error::foreign(endpoint, head));
    }
    let size = usize::try_from(length).unwrap_or(usize::MAX);
    if !budget.spend(size) {
        return Err(error::too_much(endpoint, size));
    }
    let (mut frame, mut from) = (Vec::new(), from.take(u64::from(length)));
    while frame.len() < size {
        if frame.capacity() == frame.len() {
            frame.reserve_exact((size - frame.len()).min(STEP.max(frame.len() / 2)));
        }
        let read = from.read_buf(&mut frame).await;
        if read.map_err(|error| error::broken("the reply", endpoint, &error))? == 0 {
            break;
        }
        share.hold(frame.len()).await.map_err(|full| error::no_room(endpoint, full))?;
    }
    if frame.len() < size {
        return Err(error::malformed("the reply", endpoint, "the connection ended in the middle of it"));
    }
    Ok(frame)
}
