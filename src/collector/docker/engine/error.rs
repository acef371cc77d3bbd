//! Why the engine did not answer usefully.

use std::borrow::Cow;
use std::time::Duration;

use crate::collector::{PollError, Reason};

/// A failed request to the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EngineError {
    /// The status of the answer, if there was one.
    pub(crate) status: Option<u16>,
    /// Whether the answer was a 404 that did not say what is not there.
    nothing: bool,
    error: PollError,
}

impl EngineError {
    /// For counters.
    pub(crate) const fn reason(&self) -> Reason {
        self.error.reason
    }

    /// Whether this endpoint is not for the agent: a proxy forbids it, or the engine does not have it.
    pub(crate) const fn is_denied(&self) -> bool {
        matches!(self.status, Some(401 | 403 | 405))
    }

    /// Whether nothing seems to be there, and it is not the engine's own word that it is the container: Podman 4.3 says no
    /// more of one that is gone, and a proxy no more of a path that it hides.
    pub(super) const fn says_nothing_is_there(&self) -> bool {
        self.nothing
    }

    /// Whether the engine could not be reached at all.
    pub(crate) const fn is_unreachable(&self) -> bool {
        self.status.is_none() && matches!(self.error.reason, Reason::Connect | Reason::Refused | Reason::Tls)
    }

    pub(super) fn new(
        reason: Reason,
        attempt: &str,
        cause: impl Into<String>,
        advice: impl Into<Cow<'static, str>>,
    ) -> Self {
        PollError::new(reason, attempt, cause, advice).into()
    }

    /// The error of an answer with this status, which says `message`.
    pub(super) fn of_status(status: u16, message: &str, attempt: &str) -> Self {
        let (reason, advice) = match status {
            401 | 403 => (Reason::Acl, "let the proxy before the engine allow GET of this path (docs/SECURITY.md)"),
            404 => (Reason::Status, "the container is gone, or a proxy hides the path"),
            405 => (Reason::Acl, "the proxy before the engine must allow GET"),
            501 => (Reason::Status, "the container's log driver cannot be read; use json-file, local or journald"),
            400 => (Reason::Status, "is the engine's API version supported? see docs/COMPATIBILITY.md"),
            _ => (Reason::Status, "look at the engine's log"),
        };
        let said = if message.is_empty() { String::new() } else { format!(": {message}") };
        let error = PollError::new(reason, attempt, format!("HTTP status {status}{said}"), advice);
        Self { status: Some(status), nothing: status == 404 && !names_no_container(message), error }
    }
}

/// Whether an engine says in its own words that there is no such container or image.
pub(super) fn names_no_container(message: &str) -> bool {
    let message = message.to_lowercase();
    ["no such container", "no container with name", "no such image", "image not known"]
        .iter()
        .any(|words| message.contains(words))
}

impl std::fmt::Display for EngineError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for EngineError {}

impl From<EngineError> for PollError {
    fn from(error: EngineError) -> Self {
        error.error
    }
}

impl From<PollError> for EngineError {
    fn from(error: PollError) -> Self {
        Self { status: None, nothing: false, error }
    }
}

/// The call's time has passed.
pub(super) fn late(attempt: &str, limit: Duration) -> EngineError {
    let cause = format!("no complete answer within {limit:?}");
    EngineError::new(Reason::Timeout, attempt, cause, "the engine hangs, or call_timeout is too short for it")
}

/// The body is not what it should be.
pub(super) fn undecodable(error: &serde_json::Error, attempt: &str) -> EngineError {
    // The text of a data error may quote the value, which may be anything.
    let cause =
        format!("the answer is not the JSON that was expected (line {}, column {})", error.line(), error.column());
    EngineError::new(Reason::Decode, attempt, cause, "is this the Docker Engine API? see docs/COMPATIBILITY.md")
}

/// The body has more values than anything would say that is asked.
pub(super) fn too_many_values(attempt: &str) -> EngineError {
    let cause = "the answer has more values than the agent has room for";
    EngineError::new(Reason::Decode, attempt, cause, "is this the Docker Engine API? see docs/COMPATIBILITY.md")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_what_to_do() {
        let text = |status, message| EngineError::of_status(status, message, "GET unix:/docker.sock/x").to_string();
        assert_eq!(
            text(404, "No such container: web"),
            "GET unix:/docker.sock/x: HTTP status 404: No such container: web; the container is gone, or a proxy hides the path"
        );
        assert_eq!(text(500, ""), "GET unix:/docker.sock/x: HTTP status 500; look at the engine's log");
        for (status, denied, reason) in [
            (401, true, Reason::Acl),
            (403, true, Reason::Acl),
            (405, true, Reason::Acl),
            (404, false, Reason::Status),
            (500, false, Reason::Status),
        ] {
            let error = EngineError::of_status(status, "", "x");
            assert_eq!(
                (error.is_denied(), error.is_unreachable(), error.reason()),
                (denied, false, reason),
                "{status}"
            );
        }
    }

    #[test]
    fn an_engine_that_hangs_is_there_and_one_that_refuses_is_not() {
        assert!(!late("x", Duration::from_secs(1)).is_unreachable());
        for (reason, unreachable) in
            [(Reason::Connect, true), (Reason::Refused, true), (Reason::Tls, true), (Reason::Decode, false)]
        {
            assert_eq!(EngineError::new(reason, "x", "y", "z").is_unreachable(), unreachable);
        }
    }

    #[test]
    fn wrong_json_is_not_quoted() {
        let error = serde_json::from_str::<u8>("\n\"hunter2\"").unwrap_err();
        let text = undecodable(&error, "x").to_string();
        assert!(text.contains("line 2, column 9") && !text.contains("hunter2"), "{text}");
    }
}
