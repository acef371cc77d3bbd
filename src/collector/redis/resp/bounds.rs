//! What a reply may be, and what is wrong with one that is not.

/// What one poll may read from a connection, in bytes of memory: 64 MiB of CLIENT LIST (190,000 clients) and room for the
/// rest.
pub(in crate::collector::redis) const POLL_BUDGET: usize = 96 << 20;

/// What one reply may be. Each question says its own; what it does not need is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Bytes on the wire.
    pub(in crate::collector::redis) bytes: usize,
    /// Values, those in arrays and the arrays themselves among them.
    pub(in crate::collector::redis) values: usize,
}

impl Allowance {
    /// A number, a word, or an error.
    pub(in crate::collector::redis) const WORD: Self = Self { bytes: 64 << 10, values: 64 };
    /// One text, as long as a poll may read.
    pub(in crate::collector::redis) const TEXT: Self = Self { bytes: POLL_BUDGET, values: 64 };
    /// A list of what a server has some of: configuration, commands, entries of a log.
    pub(in crate::collector::redis) const LIST: Self = Self { bytes: 16 << 20, values: 200_000 };
    /// A list of what users make, of which there may be any number: channels.
    pub(in crate::collector::redis) const MANY: Self = Self { bytes: 64 << 20, values: 1_000_000 };
}

/// Arrays within arrays. Five are the most that the documentation of a question promises.
pub(super) const MAX_DEPTH: usize = 16;

/// Why a reply is not read to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::collector::redis) enum Fault {
    /// It is longer than what the question allows, or all replies of a poll together.
    #[error("more than {} MiB", *.0 >> 20)]
    Bytes(usize),
    #[error("more than {0} values")]
    Values(usize),
    #[error("arrays nest deeper than {MAX_DEPTH}")]
    Depth,
    #[error("{0}")]
    Malformed(&'static str),
    /// The first words of what does not begin like a reply.
    #[error("{0:?}")]
    Foreign(String),
}
