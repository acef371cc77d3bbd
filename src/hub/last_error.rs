//! The last error of what is asked again and again, so that the log has its changes and not its repetitions.

use super::{PollError, Reason};

/// Why the last attempt failed, if it did.
#[derive(Debug, Clone, Default)]
pub struct LastError(Option<PollError>);

impl LastError {
    /// Why the last attempt failed; `None` after a success.
    #[must_use]
    pub const fn get(&self) -> Option<&PollError> {
        self.0.as_ref()
    }

    /// Keeps the error of an attempt. Returns whether its reason is another than that of the attempt before, which is worth
    /// a line in the log.
    pub fn failed(&mut self, error: PollError) -> bool {
        let reason = error.reason;
        self.0.replace(error).is_none_or(|last| last.reason != reason)
    }

    /// An attempt succeeded. Returns the reason of the failure that this ends, if it ends one.
    pub fn succeeded(&mut self) -> Option<Reason> {
        self.0.take().map(|error| error.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changes_are_reported() {
        let mut last = LastError::default();
        let error = |reason, cause: &str| PollError::new(reason, "asking", cause, "ask again");
        assert_eq!(last.succeeded(), None);
        assert!(last.failed(error(Reason::Connect, "no route")));
        assert!(!last.failed(error(Reason::Connect, "no network")));
        assert_eq!(last.get().map(|error| error.cause.as_str()), Some("no network"));
        assert!(last.failed(error(Reason::Timeout, "no answer")));
        assert_eq!(last.succeeded(), Some(Reason::Timeout));
        assert_eq!(last.get(), None);
    }
}
