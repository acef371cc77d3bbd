//! The master and replicas that a Sentinel names.

use redis::Value;

use super::witness::located;
use super::{Seen, View};
use crate::collector::redis::reply::{self, Unexpected};

const MASTER: &str = "SENTINEL MASTER";

/// Servers of one master that are read.
const MAX_SERVERS: usize = 1_000;

/// The replies to SENTINEL MASTER and SENTINEL SLAVES.
pub(super) async fn view(replies: &[Value]) -> Result<View, Unexpected> {
    let [master, replicas] = replies else { return Err(Unexpected::new(MASTER, "two replies", &Value::Nil)) };
    let mut view = View::new();
    for replica in reply::items(replicas, MASTER)?.iter().take(MAX_SERVERS) {
        add(&mut view, replica, false).await?;
    }
    add(&mut view, master, true).await?;
    Ok(view)
}

/// A server whose name cannot be looked up is left out.
async fn add(view: &mut View, server: &Value, is_primary: bool) -> Result<(), Unexpected> {
    let (mut host, mut port) = (None, None);
    for (key, value) in reply::pairs(server, MASTER)? {
        match &*reply::text(key, MASTER)? {
            "ip" => host = Some(reply::text(value, MASTER)?.into_owned()),
            "port" => port = Some(reply::count(value, MASTER)?),
            _ => {}
        }
    }
    let port = port.and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0);
    let (Some(host), Some(port)) = (host, port) else { return Err(Unexpected::new(MASTER, "ip and port", server)) };
    if let Some(address) = located(&host, port).await {
        let host = (address.ip().to_string() != host).then_some(host);
        view.insert(address, Seen { host, is_primary });
    }
    Ok(())
}
