//! What is asked, a module for each subject: how a request is written and its reply read.

pub(super) mod groups;
pub(super) mod hello;
pub(super) mod metadata;
pub(super) mod offsets;

use super::wire::{Malformed, Reader, Writer};

/// A version of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) number: i16,
    /// Whether it is written in the flexible encoding.
    pub(super) flexible: bool,
}

impl Version {
    pub(super) const fn classic(number: i16) -> Self {
        Self { number, flexible: false }
    }

    pub(super) const fn flexible(number: i16) -> Self {
        Self { number, flexible: true }
    }
}

/// One question to a broker.
pub(super) trait Ask {
    /// Its number.
    const KEY: i16;
    /// Its name, for people.
    const NAME: &'static str;
    /// The versions that are spoken, the best first: one that brokers have known since long, and a newer one only where that
    /// tells more.
    const VERSIONS: &'static [Version];
    /// What the broker answers.
    type Reply;

    fn write(&self, version: i16, out: &mut Writer);

    fn read(version: i16, reply: &mut Reader<'_>) -> Result<Self::Reply, Malformed>;
}

/// Errors that a broker answers with.
pub(super) mod code {
    pub(crate) const NONE: i16 = 0;
    pub(crate) const UNKNOWN_TOPIC: i16 = 3;
    pub(crate) const COORDINATOR_LOADING: i16 = 14;
    pub(crate) const COORDINATOR_NOT_AVAILABLE: i16 = 15;
    pub(crate) const NOT_COORDINATOR: i16 = 16;
    pub(crate) const UNSUPPORTED_MECHANISM: i16 = 33;
    pub(crate) const ILLEGAL_SASL_STATE: i16 = 34;
    pub(crate) const GROUP_NOT_FOUND: i16 = 69;

    /// The group is, or will be in a moment, another broker's business.
    pub(crate) const fn has_moved(code: i16) -> bool {
        matches!(code, COORDINATOR_LOADING | COORDINATOR_NOT_AVAILABLE | NOT_COORDINATOR)
    }

    /// What an error means, for people.
    pub(crate) fn meaning(code: i16) -> String {
        let name = match code {
            -1 => "the broker failed unexpectedly",
            UNKNOWN_TOPIC => "there is no such topic or partition",
            5 => "the partition has no leader",
            6 => "the broker does not lead the partition",
            COORDINATOR_LOADING => "the broker still loads the group",
            COORDINATOR_NOT_AVAILABLE => "no broker coordinates the group",
            NOT_COORDINATOR => "the broker does not coordinate the group",
            29 => "the agent's user may not describe the topic",
            30 => "the agent's user may not describe the group",
            31 => "the agent's user may not describe the cluster",
            UNSUPPORTED_MECHANISM => "the SASL mechanism is not enabled",
            ILLEGAL_SASL_STATE => "SASL is not expected",
            35 => "the version is not supported",
            58 => "the user or the password is wrong",
            GROUP_NOT_FOUND => "there is no such group",
            _ => return format!("error {code}"),
        };
        name.to_owned()
    }
}
