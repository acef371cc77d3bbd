//! Whose latencies are usual: the numbers that differ between networks.

use clap::ValueEnum;
use serde::Serialize;

metric::words! {
    /// The latencies that are usual between the agent, the services and Redis.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ValueEnum)]
    #[serde(rename_all = "kebab-case")]
    pub enum Profile {
        /// All in one datacentre.
        #[default]
        SameDatacentre = "same-datacentre",
        /// Redis is in another region.
        CrossRegion = "cross-region",
    }
}

impl Profile {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "so serde calls it")]
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
