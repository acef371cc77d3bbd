//! Who the instances of a target are: the addresses of a name, or whom the target's own servers name.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::collector::{PollError, Reason};
use crate::net::resolve::Resolver;

/// Time from one lookup of a name to the next.
const LOOKUPS: Duration = Duration::from_secs(10);

/// The most that a lookup may take.
pub(super) const LOOKUP_DEADLINE: Duration = Duration::from_secs(5);

/// How long an instance that still answers is polled after its address has gone from the name: some name servers give a part
/// of the addresses at a time.
const KEPT: Duration = Duration::from_mins(5);

/// One instance of a target.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// Where it is polled, and its label `node`.
    pub address: SocketAddr,
    /// What it is called, where it says so itself: the name that its certificate is held against.
    pub host: Option<String>,
}

/// When a roll is called, and what its word is worth.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// Time from one call to the next; `None` for that from poll to poll.
    pub every: Option<Duration>,
    /// The most that a call may take.
    pub deadline: Duration,
    /// How long an instance that still answers is polled after it is not named any more.
    pub kept: Duration,
}

/// Tells who the instances of a target are.
pub trait Roll: Send {
    /// When it is called.
    fn terms(&self) -> Terms;

    /// Asks for all of them.
    fn call(&mut self) -> BoxFuture<'_, Result<Vec<Member>, PollError>>;
}

/// The addresses of a name.
pub(crate) struct Name {
    target: String,
    host: String,
    port: u16,
    resolver: Resolver,
}

impl Name {
    pub(crate) fn new(target: String, (host, port): (String, u16)) -> Self {
        Self { target, host, port, resolver: Resolver::default() }
    }

    fn error(&self, cause: &io::Error) -> PollError {
        PollError::new(
            Reason::Connect,
            format!("looking up the addresses of {} for {}", self.host, self.target),
            cause.to_string(),
            "is the name right, and does the name server answer?",
        )
    }
}

impl Roll for Name {
    fn terms(&self) -> Terms {
        Terms { every: Some(LOOKUPS), deadline: LOOKUP_DEADLINE, kept: KEPT }
    }

    fn call(&mut self) -> BoxFuture<'_, Result<Vec<Member>, PollError>> {
        async {
            let addresses = self.resolver.resolve(&self.host, self.port).await.map_err(|error| self.error(&error))?;
            if addresses.is_empty() {
                return Err(self.error(&io::Error::other("the name has no address")));
            }
            Ok(addresses.into_iter().map(|address| Member { address, host: None }).collect())
        }
        .boxed()
    }
}
