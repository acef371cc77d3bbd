//! The master and replicas that a Sentinel names.

use redis::Value;

use super::witness::{located, name};
use super::{Seen, View};
use crate::collector::redis::reply::{self, Unexpected};

const MASTER: &str = "SENTINEL MASTER";

/// Servers of one master that are read.
const MAX_SERVERS: usize = 1_000;

/// The replies to SENTINEL MASTER and SENTINEL SLAVES.
pub(super) async fn view(replies: &[Value], known: &View) -> Result<View, Unexpected> {
    let [master, replicas] = replies else { return Err(Unexpected::new(MASTER, "two replies", &Value::Nil)) };
    let mut view = View::new();
    for replica in reply::items(replicas, MASTER)?.iter().take(MAX_SERVERS) {
        add(&mut view, replica, false, known).await?;
    }
    add(&mut view, master, true, known).await?;
    Ok(view)
}

/// A server whose name cannot be looked up, and could not before, is left out.
async fn add(view: &mut View, server: &Value, is_primary: bool, known: &View) -> Result<(), Unexpected> {
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
    if let Some(address) = located(&host, port, &host, known).await {
        let host = name(&host).map(str::to_owned);
        view.insert(address, Seen { host, is_primary });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collector::redis::reply::build::{array, flat};

    #[tokio::test]
    async fn a_server_whose_name_is_not_found_stays_where_it_was() {
        let server = |host: &str| flat(&[("ip", host), ("port", "7")]);
        // What no lookup takes.
        let lost = "lost\0";
        let replies = [server("10.0.0.1"), array([server(lost), server("never\0")])];
        let seen = |host: Option<&str>, is_primary| Seen { host: host.map(str::to_owned), is_primary };
        let [first, second] = ["10.0.0.1:7", "10.0.0.2:7"].map(|address| address.parse().unwrap());
        let known = View::from([(second, seen(Some(lost), true))]);
        let view = view(&replies, &known).await.unwrap();
        assert_eq!(view, View::from([(first, seen(None, true)), (second, seen(Some(lost), false))]));
    }
}
