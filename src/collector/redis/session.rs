//! From an address to a stream that is authenticated and named.

use reader::Secret;
use redis::{Cmd, Value, parse_redis_value};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::question::command;
use super::reply_error::{self, Meaning};
use super::stream::{Budget, ServerStream};
use super::support::Support;
use super::tls;
use crate::collector::redis::RedisTarget;
use crate::collector::{PollError, Reason};
use crate::net::resolve::Resolver;

/// The name that the agent's connections show in CLIENT LIST.
pub(super) const CLIENT_NAME: &str = "manometer";

pub(super) const SET_NAME: &str = "CLIENT SETNAME";

/// Bytes of one reply to a greeting: `+OK` or one line of error.
const MAX_REPLY: usize = 4096;

/// A stream that is authenticated.
pub(super) struct Opened {
    pub(super) stream: ServerStream,
    /// Why it has no name, where a connection broke that was to get one.
    pub(super) name_broke: Option<String>,
}

/// Connects and sends AUTH, SELECT and, if it is to be `named`, CLIENT SETNAME, as far as the target needs them, in one
/// round trip. If that breaks the connection, another one is opened without a name.
///
/// They are sent here and not by the library, so that the server's own words reach the person who reads the error.
pub(super) async fn open(
    target: &RedisTarget,
    budget: Budget,
    resolver: &mut Resolver,
    support: &mut Support,
    named: bool,
) -> Result<Opened, PollError> {
    let mut stream = ServerStream::connect(target, budget.clone(), resolver).await?;
    match greet(target, &mut stream, support, named).await {
        Ok(()) => Ok(Opened { stream, name_broke: None }),
        Err(error) if named && error.reason == Reason::Connect => {
            budget.take_ending();
            let mut stream = ServerStream::connect(target, budget, resolver).await?;
            greet(target, &mut stream, support, false).await?;
            Ok(Opened { stream, name_broke: Some(error.cause) })
        }
        Err(error) => Err(error),
    }
}

async fn greet(
    target: &RedisTarget,
    stream: &mut ServerStream,
    support: &mut Support,
    named: bool,
) -> Result<(), PollError> {
    let password = match &target.password {
        Some(password) => Some(password.current().await),
        None => None,
    };
    let greeting = greeting(target, password.as_deref(), named);
    for (name, reply) in exchange(target, stream, &greeting).await? {
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
    stream: &mut ServerStream,
    commands: &[(&'static str, Cmd)],
) -> Result<Vec<(&'static str, Value)>, PollError> {
    let attempt = || format!("connecting to {}", target.endpoint);
    let broken = |error: std::io::Error| {
        let verdict = tls::late_failure(target, &error);
        verdict.unwrap_or_else(|| reply_error::from_redis(attempt(), "the greeting", &error.into()))
    };
    let packed: Vec<u8> = commands.iter().flat_map(|(_, command)| command.get_packed_command()).collect();
    stream.write_all(&packed).await.map_err(broken)?;
    stream.flush().await.map_err(broken)?;
    let mut replies = Vec::with_capacity(commands.len());
    for (name, _) in commands {
        let line = read_line(stream).await.map_err(broken)?;
        let reply = parse_redis_value(&line).map_err(|_| not_redis(attempt(), &line))?;
        replies.push((*name, reply));
    }
    Ok(replies)
}

/// One line with its end. The stream is not buffered here: whoever gets it next must find every byte after the line.
async fn read_line(stream: &mut ServerStream) -> std::io::Result<Vec<u8>> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") && line.len() < MAX_REPLY {
        match stream.read_u8().await {
            Ok(byte) => line.push(byte),
            // Words that end without a line's end are not of this protocol, and say more than that the stream ended.
            Err(_) if !line.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    Ok(line)
}

fn not_redis(attempt: String, line: &[u8]) -> PollError {
    let shown: String = String::from_utf8_lossy(line).chars().take(60).filter(|c| !c.is_control()).collect();
    let cause = format!("the reply {shown:?} is not RESP");
    let advice = if line.starts_with(b"HTTP/") || line.starts_with(b"<") {
        "an HTTP server answers on this port; check host and port in url"
    } else {
        "is this a Redis port, and does it speak TLS?"
    };
    PollError::new(Reason::Protocol, attempt, cause, advice)
}
