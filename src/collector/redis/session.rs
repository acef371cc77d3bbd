//! From an address to a stream that is authenticated and named.

use reader::Secret;
use redis::{Cmd, Value, cmd, parse_redis_value};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::reply_error::{self, Meaning};
use super::stream::{Budget, ServerStream};
use super::support::Support;
use super::tls;
use crate::collector::redis::RedisTarget;
use crate::collector::{PollError, Reason};
use crate::net::resolve::Resolver;

/// The name that the agent's connections show in CLIENT LIST.
pub(super) const CLIENT_NAME: &str = "manometer";

const SET_NAME: &str = "CLIENT SETNAME";

/// Bytes of one reply to a greeting: `+OK` or one line of error.
const MAX_REPLY: usize = 4096;

/// Connects and sends AUTH, SELECT and CLIENT SETNAME, as far as the target needs them, in one round trip.
///
/// They are sent here and not by the library, so that the server's own words reach the person who reads the error.
pub(super) async fn open(
    target: &RedisTarget,
    budget: Budget,
    resolver: &mut Resolver,
    support: &mut Support,
) -> Result<ServerStream, PollError> {
    let mut stream = ServerStream::connect(target, budget, resolver).await?;
    let password = match &target.password {
        Some(password) => Some(password.current().await),
        None => None,
    };
    let greeting = greeting(target, password.as_deref(), support.may_ask(SET_NAME));
    for (name, reply) in exchange(target, &mut stream, &greeting).await? {
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
            // An unnamed connection polls as well.
            (SET_NAME, Meaning::Refused) => {
                support.refused(&target.name, SET_NAME, &reply_error::words(code, detail));
            }
            // Whatever the server's words for it (they changed over its versions), the credentials are wrong.
            ("AUTH", Meaning::Refused) => return Err(reply_error::unauthenticated(attempt, code, detail)),
            _ => return Err(reply_error::from_reply(attempt, code, detail)),
        }
    }
    Ok(stream)
}

fn greeting(target: &RedisTarget, password: Option<&Secret>, named: bool) -> Vec<(&'static str, Cmd)> {
    let mut commands = Vec::new();
    if let Some(password) = password {
        let mut auth = cmd("AUTH");
        if let Some(username) = &target.username {
            auth.arg(username);
        }
        auth.arg(password.reveal());
        commands.push(("AUTH", auth));
    }
    if target.database != 0 {
        let mut select = cmd("SELECT");
        select.arg(target.database);
        commands.push(("SELECT", select));
    }
    if named {
        let mut set_name = cmd("CLIENT");
        set_name.arg("SETNAME").arg(CLIENT_NAME);
        commands.push((SET_NAME, set_name));
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
        tls::late_failure(target, &error).unwrap_or_else(|| reply_error::from_redis(attempt(), &error.into()))
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
        line.push(stream.read_u8().await?);
    }
    Ok(line)
}

fn not_redis(attempt: String, line: &[u8]) -> PollError {
    let shown: String = String::from_utf8_lossy(line).chars().take(60).filter(|c| !c.is_control()).collect();
    let cause = format!("the reply {shown:?} is not RESP");
    PollError::new(Reason::Protocol, attempt, cause, "is this a Redis port, and does it speak TLS?")
}
