//! One connection to Redis, made when it is needed and made anew after an error.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, FromRedisValue, Pipeline, RedisError, RedisResult};
use tokio::sync::Mutex;
use tokio::time::timeout;

/// Why there is no answer. The texts name no address: the URL may hold a password.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    #[error("connecting: {0}")]
    Connect(#[source] RedisError),
    #[error("no connection within {0:?}")]
    ConnectTimeout(Duration),
    #[error("{0}")]
    Command(#[source] RedisError),
    #[error("no reply within {0:?}")]
    ReplyTimeout(Duration),
}

/// A connection with a name, a deadline for connecting, and the same for every answer.
#[derive(Debug)]
pub(crate) struct Link {
    client: Client,
    name: &'static str,
    deadline: Duration,
    connection: Mutex<Option<MultiplexedConnection>>,
}

impl Link {
    /// Not connected yet. `name` is what `CLIENT LIST` shows.
    pub(crate) fn new(client: &Client, name: &'static str, deadline: Duration) -> Self {
        Self { client: client.clone(), name, deadline, connection: Mutex::default() }
    }

    /// Sends the commands at once, and gives their replies. An error of any of them is the error of all, and ends the
    /// connection: one that hangs would hold all that is sent after it.
    pub(crate) async fn query<T: FromRedisValue>(&self, commands: &Pipeline) -> Result<T, LinkError> {
        let mut connection = self.connection().await?;
        let error = match timeout(self.deadline, commands.query_async(&mut connection)).await {
            Ok(Ok(replies)) => return Ok(replies),
            Ok(Err(error)) => LinkError::Command(error),
            Err(_) => LinkError::ReplyTimeout(self.deadline),
        };
        *self.connection.lock().await = None;
        Err(error)
    }

    async fn connection(&self) -> Result<MultiplexedConnection, LinkError> {
        let mut held = self.connection.lock().await;
        if let Some(connection) = &*held {
            return Ok(connection.clone());
        }
        match timeout(self.deadline, self.connect()).await {
            Ok(Ok(connection)) => Ok(held.insert(connection).clone()),
            Ok(Err(error)) => Err(LinkError::Connect(error)),
            Err(_) => Err(LinkError::ConnectTimeout(self.deadline)),
        }
    }

    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        // The deadlines are ours, so that all of an exchange has one.
        let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let mut connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        redis::cmd("CLIENT").arg("SETNAME").arg(self.name).exec_async(&mut connection).await?;
        Ok(connection)
    }
}
