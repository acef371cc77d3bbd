//! Where logs come from: the engine, or a test's script.

use std::future::Future;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use crate::collector::docker::engine::{Endpoint, Engine, EngineError, LogBody};

/// Opens logs.
pub(super) trait Source: Send + Sync + 'static {
    /// What an opened log is read from.
    type Body: Body;

    /// Whether logs may be read at all, as far as is known.
    fn may(&self) -> bool;

    /// Nanoseconds since 1970.
    fn now(&self) -> u64;

    /// Whether that is the clock that the times of the lines are of.
    fn has_our_clock(&self) -> bool;

    /// What a container logs from now on, or since that second.
    fn open(&self, id: &str, since: Option<u64>) -> impl Future<Output = Result<Self::Body, Refused>> + Send;

    /// Whether a container has a terminal, if that can be found out.
    fn has_terminal(&self, id: &str) -> impl Future<Output = Option<bool>> + Send;
}

/// An opened log.
pub(super) trait Body: Send {
    /// Whether it has frames, if that is known.
    fn framed(&self) -> Option<bool>;

    /// The next bytes; `None` at the end. May be dropped and called again.
    fn chunk(&mut self) -> impl Future<Output = Result<Option<Bytes>, String>> + Send;
}

/// Why a log could not be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refused {
    /// There is no such container any more.
    Gone,
    /// The container's log driver cannot be read.
    Unreadable,
    /// Logs may not be read.
    Denied,
    /// Anything that may pass; for people.
    Failed(String),
}

impl From<EngineError> for Refused {
    fn from(error: EngineError) -> Self {
        match error.status {
            Some(404 | 409) => Self::Gone,
            Some(501) => Self::Unreadable,
            _ if error.is_denied() => Self::Denied,
            _ => Self::Failed(error.to_string()),
        }
    }
}

/// The engine, and whether it runs on this machine.
pub(super) struct FromEngine {
    pub(super) engine: Engine,
    pub(super) is_local: bool,
}

impl Source for FromEngine {
    type Body = LogBody;

    fn may(&self) -> bool {
        self.engine.may(Endpoint::Logs)
    }

    fn now(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }

    fn has_our_clock(&self) -> bool {
        self.is_local
    }

    async fn open(&self, id: &str, since: Option<u64>) -> Result<LogBody, Refused> {
        Ok(self.engine.logs(id, since).await?)
    }

    async fn has_terminal(&self, id: &str) -> Option<bool> {
        if !self.engine.may(Endpoint::Inspect) {
            return None;
        }
        Some(self.engine.inspect(id).await.ok()?.tty)
    }
}

impl Body for LogBody {
    fn framed(&self) -> Option<bool> {
        self.framed
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, String> {
        Self::chunk(self).await.map_err(|error| error.to_string())
    }
}
