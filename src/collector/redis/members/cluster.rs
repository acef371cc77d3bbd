//! The nodes that a node of a cluster knows.

use std::net::SocketAddr;

use redis::Value;

use super::witness::{located, name};
use super::{Seen, View};
use crate::collector::redis::cluster::nodes::{self, State};
use crate::collector::redis::reply::{self, Unexpected};

/// The reply to CLUSTER NODES of the node that was reached at `own`. Nodes that are only met, or whose address is lost, cannot be
/// polled and are left out.
pub(super) async fn view(replies: &[Value], own: Option<SocketAddr>, known: &View) -> Result<View, Unexpected> {
    let text = reply::text(reply::only(replies), "CLUSTER NODES")?;
    let mut view = View::new();
    for node in nodes::parse(&text) {
        if matches!(node.state, State::Handshake | State::Lost) || node.port == 0 {
            continue;
        }
        let called = node.hostname.or_else(|| name(node.host));
        let address = match (node.host, own) {
            // It has not been told what its own address is.
            ("", Some(own)) if node.is_myself => Some(SocketAddr::new(own.ip(), node.port)),
            ("", _) => None,
            (host, _) => located(host, node.port, called.unwrap_or(host), known).await,
        };
        if let Some(address) = address {
            let is_primary = node.is_primary && node.has_slots();
            view.insert(address, Seen { host: called.map(str::to_owned), is_primary });
        }
    }
    Ok(view)
}
