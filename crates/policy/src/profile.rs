//! Whose latencies are usual: the numbers that differ between networks.

use clap::ValueEnum;
use serde::Serialize;

/// The latencies that are usual between the agent, the services and Redis.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// All in one datacentre.
    #[default]
    SameDatacentre,
    /// Redis is in another region.
    CrossRegion,
}

impl Profile {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SameDatacentre => "same-datacentre",
            Self::CrossRegion => "cross-region",
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "so serde calls it")]
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
