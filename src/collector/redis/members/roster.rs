//! What a server of a target learns of its place among the others.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::metric::{Families, metrics};

metrics! {
    pub(in crate::collector::redis) fn metrics;
    NEEDED: gauge "redis_node_needed" [] Bool,
        "Whether no other node of the target can do what this one does: a primary, as Sentinels or the cluster tell, and any \
         address of a name. It is exported while the node is down, too.", "SENTINEL MASTER, CLUSTER NODES";
}

/// The servers of a target and whether each is a primary. The roll writes it, and each server's collector reads it. All are the
/// same to the configuration.
#[derive(Debug, Clone, Default)]
pub struct Roster(Arc<Mutex<BTreeMap<SocketAddr, bool>>>);

impl Roster {
    pub(super) fn set(&self, servers: impl Iterator<Item = (SocketAddr, bool)>) {
        *self.0.lock() = servers.collect();
    }

    /// Exports the place of one of several nodes.
    pub(in crate::collector::redis) fn export(&self, node: Option<SocketAddr>, out: &mut Families) {
        if let Some(node) = node {
            out.push_bool(&NEEDED, [], self.0.lock().get(&node).copied().unwrap_or(true));
        }
    }
}

impl PartialEq for Roster {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
