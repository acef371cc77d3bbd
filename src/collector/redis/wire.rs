//! Questions and replies on one connection, read within bounds.

use std::pin::pin;
use std::{fmt, io};

use futures_util::FutureExt as _;
use redis::{Cmd, Value};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, timeout_at};

use super::ask::far;
use super::resp::{Allowance, Decoder, Fault, POLL_BUDGET};
use super::{reply_error, tls};
use crate::collector::PollError;
use crate::collector::redis::RedisTarget;
use crate::hub;
use crate::net::dial::{DialError, Transport, dial};
use crate::net::resolve::Resolver;
use crate::net::{Share, TooLarge};

/// Bytes that are read at a time, but for the long strings, which are read into their own place.
const BUFFER: usize = 16 << 10;

/// Commands that are sent together, and what each reply to them may be.
pub(super) type Sent<'a> = (&'a [Cmd], Allowance);

/// Why not all that was asked has been answered. The connection must not be used again: a reply may still come.
#[derive(Debug)]
pub(super) enum Ending {
    /// The time was over.
    Late,
    /// The stream ended.
    Broken(io::Error),
    /// What came is not a reply, or is more than the question allows.
    Unfit(Fault),
    /// Other targets held what the agent may hold of replies until the time was over.
    Crowded,
    /// The agent may not hold so much.
    TooLarge(TooLarge),
}

impl Ending {
    /// The poll's error, where the poll cannot do without the answer to `question`.
    pub(super) fn into_error(self, attempt: String, question: &str) -> PollError {
        match self {
            Self::Late => reply_error::late(attempt),
            Self::Broken(error) => reply_error::broken(attempt, question, &error),
            Self::Unfit(fault) => reply_error::unfit(attempt, question, &fault),
            ending @ (Self::Crowded | Self::TooLarge(_)) => reply_error::no_room(attempt, question, &ending),
        }
    }
}

impl fmt::Display for Ending {
    /// What happened, in a few words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Late => f.write_str("no answer in time"),
            Self::Broken(error) => write!(f, "it broke the connection: {error}"),
            Self::Unfit(fault @ Fault::Malformed(_)) => write!(f, "its reply is not valid RESP: {fault}"),
            Self::Unfit(fault @ Fault::Foreign(_)) => write!(f, "its reply {fault} is not RESP"),
            Self::Unfit(fault) => write!(f, "its reply has {fault}"),
            Self::Crowded => f.write_str("the replies of other targets took all memory that the agent has for them"),
            Self::TooLarge(TooLarge { most }) => {
                write!(
                    f,
                    "its reply has more than {} MiB, which is all that the agent may hold of one with its memory",
                    most >> 20
                )
            }
        }
    }
}

impl From<Fault> for Ending {
    fn from(fault: Fault) -> Self {
        Self::Unfit(fault)
    }
}

/// A connection. Dropping it closes the socket.
pub(super) struct Wire {
    stream: Box<dyn Transport>,
    inbox: Inbox,
}

/// What has come, and how much.
#[derive(Default)]
struct Inbox {
    decoder: Decoder,
    /// What was read and is not decoded yet begins at `at`.
    buffer: Vec<u8>,
    at: usize,
    /// The weight of the replies of this poll, and what is held for them.
    heard: usize,
    share: Share,
    /// Until when room for a large reply is waited for.
    patience: Option<Instant>,
}

impl Wire {
    pub(super) fn new(stream: Box<dyn Transport>) -> Self {
        Self { stream, inbox: Inbox::default() }
    }

    /// Connects, with the TLS handshake if the target asks for it. The caller sets the time limit.
    pub(super) async fn connect(target: &RedisTarget, resolver: &Resolver) -> Result<Self, PollError> {
        match dial(&target.endpoint, target.tls.as_ref(), resolver).await {
            Ok(dialled) => Ok(Self::new(dialled.stream)),
            Err(DialError::Connect(error)) => Err(refused(target, &error)),
            Err(DialError::Tls(error)) => Err(tls::failed_handshake(target, error)),
        }
    }

    /// Grants a poll what it may read, and lets its large replies wait for room until then.
    pub(super) fn begin_poll(&mut self, patience: Instant) {
        (self.inbox.heard, self.inbox.patience) = (0, Some(patience));
    }

    /// Gives back what reading took; nothing is asked for a while.
    pub(super) fn rest(&mut self) {
        self.inbox.share.give_back();
        if self.inbox.buffer.is_empty() {
            self.inbox.buffer = Vec::new();
        }
    }

    /// Whether nothing has come that nobody asked for, not even the end of the stream: what comes next is a reply to what is
    /// asked next.
    pub(super) fn is_quiet(&mut self) -> bool {
        self.inbox.buffer.is_empty() && self.stream.read_u8().now_or_never().is_none()
    }

    /// Sends all requests in one write, and returns a reply for each command of those that were answered whole until `until`,
    /// and why the others were not; an error reply is a [`Value::ServerError`].
    pub(super) async fn ask<'a>(
        &mut self,
        requests: impl IntoIterator<Item = Sent<'a>>,
        until: Instant,
    ) -> (Vec<Vec<Value>>, Option<Ending>) {
        let mut packed = Vec::new();
        let mut expected = Vec::new();
        for (commands, allowance) in requests {
            commands.iter().for_each(|command| command.write_packed_command(&mut packed));
            expected.push((commands.len(), allowance));
        }
        let mut heard = Vec::with_capacity(expected.len());
        let exchange = exchange(&mut self.stream, &mut self.inbox, &packed, &expected, &mut heard);
        let ending = timeout_at(until, exchange).await.unwrap_or(Err(Ending::Late));
        (heard, ending.err())
    }

    /// [`ask`](Self::ask) of one command.
    pub(super) async fn ask_one(&mut self, command: &Cmd, until: Instant) -> Result<Value, Ending> {
        match self.ask([(std::slice::from_ref(command), Allowance::WORD)], until).await {
            (_, Some(ending)) => Err(ending),
            (replies, None) => Ok(replies.into_iter().flatten().next().unwrap_or(Value::Nil)),
        }
    }

    /// The next thing that comes, without a question.
    pub(super) async fn hear(&mut self) -> Result<Value, Ending> {
        self.inbox.hear(&mut self.stream, Allowance::WORD).await
    }
}

/// Writes and reads at once: a server need not read on while its replies are not taken.
async fn exchange(
    stream: &mut Box<dyn Transport>,
    inbox: &mut Inbox,
    packed: &[u8],
    expected: &[(usize, Allowance)],
    heard: &mut Vec<Vec<Value>>,
) -> Result<(), Ending> {
    let (mut from, mut to) = tokio::io::split(stream);
    let sending = async {
        to.write_all(packed).await?;
        to.flush().await
    };
    let hearing = async {
        for (count, allowance) in expected {
            let mut replies = Vec::with_capacity(*count);
            while replies.len() < *count {
                replies.push(inbox.hear(&mut from, *allowance).await?);
            }
            heard.push(replies);
        }
        Ok(())
    };
    let (mut sending, mut hearing) = (pin!(sending), pin!(hearing));
    let mut is_sent = false;
    loop {
        tokio::select! {
            biased;
            // Where it fails, reading tells more: why the server ended it.
            _ = &mut sending, if !is_sent => is_sent = true,
            ended = &mut hearing => {
                let answered_ahead = Fault::Malformed("there are answers to what was not asked yet");
                return if is_sent { ended } else { ended.and(Err(answered_ahead.into())) };
            }
        }
    }
}

impl Inbox {
    async fn hear(&mut self, from: &mut (impl AsyncRead + Unpin), allowance: Allowance) -> Result<Value, Ending> {
        self.decoder.expect(allowance);
        loop {
            let (taken, reply) = self.decoder.feed(&self.buffer[self.at..])?;
            self.at += taken;
            if self.at == self.buffer.len() {
                self.buffer.clear();
                self.at = 0;
            }
            if let Some(reply) = reply {
                self.heard += self.decoder.weight();
                return Ok(reply);
            }
            self.make_room().await?;
            let (read, reply) = match self.decoder.payload() {
                Some(mut payload) => {
                    let read = from.read_buf(&mut payload).await.map_err(Ending::Broken)?;
                    (read, self.decoder.received(read)?)
                }
                None => {
                    self.buffer.reserve(BUFFER);
                    (from.read_buf(&mut self.buffer).await.map_err(Ending::Broken)?, None)
                }
            };
            if read == 0 {
                let closed = io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed it");
                return Err(self.decoder.ended().map_or(Ending::Broken(closed), Ending::Unfit));
            }
            if let Some(reply) = reply {
                self.heard += self.decoder.weight();
                return Ok(reply);
            }
        }
    }
}

impl Inbox {
    /// Holds what has come, within the bounds of the poll and of the process. What will not fit is not waited for.
    async fn make_room(&mut self) -> Result<(), Ending> {
        let announced = self.heard.saturating_add(self.decoder.announced());
        if announced > POLL_BUDGET {
            return Err(Fault::Bytes(POLL_BUDGET).into());
        }
        self.share.may_hold(announced).map_err(Ending::TooLarge)?;
        let patience = self.patience.unwrap_or_else(far);
        let held = timeout_at(patience, self.share.hold(self.heard + self.decoder.weight())).await;
        held.map_err(|_| Ending::Crowded)?.map_err(Ending::TooLarge)
    }
}

fn refused(target: &RedisTarget, error: &io::Error) -> PollError {
    let denied = "let the agent's user into the socket's group (unixsocketperm 770)";
    let (reason, cause, advice) = hub::unconnected(error, denied);
    PollError::new(reason, format!("connecting to {}", target.endpoint), cause, advice)
}

#[cfg(test)]
mod tests;
