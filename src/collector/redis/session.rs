//! From an address to a stream that is authenticated and named.

use reader::Secret;
use redis::{Cmd, Value};

use super::ask::far;
use super::question::command;
use super::reply_error::{self, Meaning};
use super::resp::Allowance;
use super::support::Support;
use super::tls;
use super::wire::{Ending, Wire};
use crate::collector::redis::RedisTarget;
use crate::collector::{PollError, Reason};
use crate::net::resolve::Resolver;

/// The name that the agent's connections show in CLIENT LIST.
pub(super) const CLIENT_NAME: &str = "manometer";

pub(super) const SET_NAME: &str = "CLIENT SETNAME";

/// A connection that is authenticated.
pub(super) struct Opened {
    pub(super) wire: Wire,
    /// Why it has no name, where a connection broke that was to get one.
    pub(super) name_broke: Option<String>,
}

/// Connects and sends AUTH, SELECT and, if it is to be `named`, CLIENT SETNAME, as far as the target needs them, in one
/// round trip. If that breaks the connection, another one is opened without a name.
///
/// They are sent here and not by the library, so that the server's own words reach the person who reads the error.
pub(super) async fn open(
    target: &RedisTarget,
    resolver: &mut Resolver,
    support: &mut Support,
    named: bool,
) -> Result<Opened, PollError> {
    let mut wire = Wire::connect(target, resolver).await?;
    match greet(target, &mut wire, support, named).await {
        Ok(()) => Ok(Opened { wire, name_broke: None }),
        Err(error) if named && error.reason == Reason::Connect => {
            let mut wire = Wire::connect(target, resolver).await?;
            greet(target, &mut wire, support, false).await?;
            Ok(Opened { wire, name_broke: Some(error.cause) })
        }
        Err(error) => Err(error),
    }
}

async fn greet(target: &RedisTarget, wire: &mut Wire, support: &mut Support, named: bool) -> Result<(), PollError> {
    let password = match &target.password {
        Some(password) => Some(password.current().await),
        None => None,
    };
    let greeting = greeting(target, password.as_deref(), named);
    for (name, reply) in exchange(target, wire, &greeting).await? {
        let Some((code, detail)) = reply_error::of(&reply) else {
            if name == SET_NAME {
                support.answered(SET_NAME);
            }
            continue;
        };
        let attempt = format!("{name} on {}", target.endpoint);
        match (name, reply_error::meaning(code, detail)) {
            // Loading and the like do not concern these commands; the poll that follows reports them.
            (_, Meaning::Unready(_)) => {}
            (_, Meaning::Turned) => return Err(reply_error::from_reply(attempt, name, code, detail)),
            // An unnamed connection polls as well.
            (SET_NAME, Meaning::Refused) => support.refused(SET_NAME, &reply_error::words(code, detail)),
            (SET_NAME, Meaning::Failed) => support.failed(SET_NAME, &reply_error::words(code, detail)),
            // Whatever the server's words for it (they changed over its versions), the credentials are wrong.
            ("AUTH", _) => return Err(reply_error::unauthenticated(attempt, code, detail)),
            _ => return Err(reply_error::from_reply(attempt, name, code, detail)),
        }
    }
    Ok(())
}

fn greeting(target: &RedisTarget, password: Option<&Secret>, named: bool) -> Vec<(&'static str, Cmd)> {
    let mut commands = Vec::new();
    if let Some(password) = password {
        let words = ["AUTH"].into_iter().chain(target.username.as_deref()).chain([password.reveal()]);
        commands.push(("AUTH", command(&words.collect::<Vec<_>>())));
    }
    if target.database != 0 {
        commands.push(("SELECT", command(&["SELECT", &target.database.to_string()])));
    }
    if named {
        commands.push((SET_NAME, command(&["CLIENT", "SETNAME", CLIENT_NAME])));
    }
    commands
}

async fn exchange(
    target: &RedisTarget,
    wire: &mut Wire,
    commands: &[(&'static str, Cmd)],
) -> Result<Vec<(&'static str, Value)>, PollError> {
    let asked = commands.iter().map(|(_, command)| (std::slice::from_ref(command), Allowance::WORD));
    let (replies, ending) = wire.ask(asked, far()).await;
    if let Some(ending) = ending {
        let verdict = match &ending {
            Ending::Broken(error) => tls::late_failure(target, error),
            _ => None,
        };
        let attempt = format!("connecting to {}", target.endpoint);
        return Err(verdict.unwrap_or_else(|| ending.into_error(attempt, "the greeting")));
    }
    Ok(commands.iter().map(|(name, _)| *name).zip(replies.into_iter().flatten()).collect())
}
