//! A target in the topology: what it says of itself, and what its polls saw.

use super::graph::Node;
use super::sight::{Role, Sight};

/// What the configuration says of a target.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub collector: &'static str,
    /// What it is to others.
    pub role: Role,
    /// The targets that it uses, where it says so.
    pub uses: Option<Vec<String>>,
    /// The container that it is, where it says so: a name, or an engine's target, `/` and a name.
    pub container: Option<String>,
}

/// A target: said and seen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Member {
    pub(super) role: Role,
    pub(super) uses: Option<Vec<String>>,
    pub(super) container: Option<Node>,
    /// Those of its instances.
    pub(super) sights: Vec<Sight>,
}
