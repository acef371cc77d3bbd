//! The persistent connection to a server.

use redis::aio::{ConnectionLike as _, MultiplexedConnection};
use redis::{AsyncConnectionConfig, Cmd, Pipeline, RedisConnectionInfo, RedisError, Value, cmd};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::reply_error::{self, Meaning};
use super::stream::{Budget, ServerStream};
use crate::collector::{PollError, Reason};
use crate::config::RedisTarget;

/// Bytes that one poll may read: 64 MiB of CLIENT LIST (190,000 clients) and room for the rest.
const POLL_BUDGET: u64 = 96 * 1024 * 1024;

/// The name that the agent's connections show in CLIENT LIST.
pub(super) const CLIENT_NAME: &str = "manometer";

/// A connection that is authenticated and named. Dropping it closes the socket.
pub(super) struct Link {
    connection: MultiplexedConnection,
    driver: JoinHandle<()>,
    budget: Budget,
    /// Seconds that connecting took, TLS and AUTH among them.
    pub(super) connect_seconds: f64,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Link {
    /// Connects within the target's connect timeout.
    ///
    /// `named` is cleared when the server refuses CLIENT SETNAME, and then it is not asked again.
    pub(super) async fn open(target: &RedisTarget, named: &mut bool) -> Result<Self, PollError> {
        let opening = Self::connect(target, named);
        timeout(target.connect_timeout, opening).await.unwrap_or_else(|_| {
            Err(PollError::new(
                Reason::Timeout,
                format!("connecting to {}", target.endpoint),
                format!("not connected within {:?}", target.connect_timeout),
                "the server hangs, or a firewall drops the packets",
            ))
        })
    }

    async fn connect(target: &RedisTarget, named: &mut bool) -> Result<Self, PollError> {
        let started = Instant::now();
        let budget = Budget::default();
        budget.grant(POLL_BUDGET);
        let stream = ServerStream::connect(target, budget.clone()).await?;
        // AUTH and the rest are sent below, so that the server's own words reach the person who reads the error.
        let info = RedisConnectionInfo::default().set_skip_set_lib_name();
        // The poll has one deadline; a second one in the library would only hide it.
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        let (connection, driver) = MultiplexedConnection::new_with_config(&info, stream, config)
            .await
            .map_err(|error| reply_error::from_redis(format!("connecting to {}", target.endpoint), &error))?;
        let mut link = Self { connection, driver: tokio::spawn(driver), budget, connect_seconds: 0.0 };
        link.greet(target, named).await?;
        link.connect_seconds = started.elapsed().as_secs_f64();
        Ok(link)
    }

    /// AUTH, SELECT and CLIENT SETNAME in one round trip.
    async fn greet(&mut self, target: &RedisTarget, named: &mut bool) -> Result<(), PollError> {
        let mut commands = Vec::new();
        if let Some(password) = &target.password {
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
        if *named {
            let mut set_name = cmd("CLIENT");
            set_name.arg("SETNAME").arg(CLIENT_NAME);
            commands.push(("CLIENT SETNAME", set_name));
        }
        if commands.is_empty() {
            return Ok(());
        }
        let attempt = |command: &str| format!("{command} on {}", target.endpoint);
        let (labels, commands): (Vec<&str>, Vec<Cmd>) = commands.into_iter().unzip();
        let replies = self.ask(&commands).await.map_err(|error| reply_error::from_redis(attempt(labels[0]), &error))?;
        for (name, reply) in labels.into_iter().zip(replies) {
            let Value::ServerError(error) = reply else { continue };
            let (code, detail) = (error.code().to_owned(), error.details().unwrap_or_default().to_owned());
            match (name, reply_error::meaning(&code, &detail)) {
                // Loading and the like are no matter of these commands; the poll that follows names them.
                (_, Meaning::State(_)) => {}
                // An unnamed connection polls as well.
                ("CLIENT SETNAME", Meaning::Refused) => *named = false,
                // Whatever the server's words for it (they changed over its versions), the credentials are wrong.
                ("AUTH", Meaning::Refused) => return Err(reply_error::unauthenticated(attempt(name), &code, &detail)),
                _ => return Err(reply_error::from_reply(attempt(name), &code, &detail)),
            }
        }
        Ok(())
    }

    /// Grants the next poll its bytes.
    pub(super) fn begin_poll(&self) {
        self.budget.grant(POLL_BUDGET);
    }

    /// Sends all commands in one write and returns a reply for each; an error reply is a [`Value::ServerError`].
    pub(super) async fn ask(&mut self, commands: &[Cmd]) -> Result<Vec<Value>, RedisError> {
        let mut pipeline = Pipeline::with_capacity(commands.len());
        for command in commands {
            pipeline.add_command(command.clone());
        }
        self.connection.req_packed_commands(&pipeline, 0, commands.len()).await
    }
}
