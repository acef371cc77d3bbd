//! The official driver, held so that it does nothing between two polls.
//!
//! A driver watches its server in the background: tasks, timers, connections. Here each target's has a runtime of its own that
//! runs while a poll is asked, on a thread of that poll's, and stands still otherwise: two connections are kept (one for
//! questions, one on which the driver sees whether the server lives), and nothing is sent on them. A poll that fails takes all of
//! it along, so that nothing of what hung, in a handshake or at a name server, goes on.

mod fault;
mod reply;
mod session;

use std::sync::Arc;
use std::time::Instant;

use reader::Secret;

use self::session::{Failure, Session};
use super::{MongodbTarget, Snapshot};
use crate::collector::{PollError, Reason};
use crate::net::Blocking;

type Outcome = (Option<Session>, Result<Snapshot, PollError>);

/// The driver of one target.
pub(super) struct Driver {
    thread: Blocking<Outcome>,
    kept: Option<Session>,
}

impl Driver {
    /// One that has not connected yet.
    pub(super) const fn new() -> Self {
        Self { thread: Blocking::new("mongodb"), kept: None }
    }

    /// Asks the target once.
    pub(super) async fn poll(&mut self, target: &MongodbTarget) -> Result<Snapshot, PollError> {
        let password = match &target.password {
            Some(password) => Some(password.current().await),
            None => None,
        };
        let (asked, kept) = (target.clone(), self.kept.take());
        let outcome = self.thread.run(move || ask(&asked, password, kept)).await;
        let (kept, outcome) = outcome.map_err(|error| {
            let attempt = format!("asking {}", target.endpoint);
            PollError::new(Reason::Internal, attempt, error.to_string(), "report it, with the log")
        })?;
        self.kept = kept;
        outcome
    }
}

/// Asks on what is kept, or on what is opened now, until nine tenths of the deadline are over.
fn ask(target: &MongodbTarget, password: Option<Arc<Secret>>, kept: Option<Session>) -> Outcome {
    let until = Instant::now() + target.deadline.mul_f64(0.9);
    if let Some(mut session) = kept.filter(|session| !session.is_outdated(target)) {
        match session.ask(target, until) {
            Ok(snapshot) => return (Some(session), Ok(snapshot)),
            // The server closed it since the last poll, or was started anew.
            Err(Failure::Broken(_)) => {}
            Err(Failure::Final(error)) => return (None, Err(error)),
        }
    }
    let asked = Session::open(target, password).and_then(|mut session| {
        let snapshot = session.ask(target, until).map_err(Failure::into_error)?;
        Ok((session, snapshot))
    });
    match asked {
        Ok((session, snapshot)) => (Some(session), Ok(snapshot)),
        Err(error) => (None, Err(error)),
    }
}
