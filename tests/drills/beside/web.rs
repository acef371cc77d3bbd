//! What stands before the services, and how fast they answer.

use std::net::TcpStream;

use super::{Beside, Neighbour};
use crate::scale::Scale;
use crate::support::api::{Api, Load};
use crate::support::missing::missing;
use crate::support::nginx::Nginx;
use crate::support::pypi;

/// Connections that nginx takes at most.
const MOST: usize = 20;

/// An nginx whose connections are taken, and given back.
pub(crate) const NGINX: Beside = Beside {
    is_missing: || missing(&["nginx"]),
    start: || Box::new(Proxy { nginx: Nginx::start(MOST), clients: Vec::new() }),
};

struct Proxy {
    nginx: Nginx,
    clients: Vec<TcpStream>,
}

impl Neighbour for Proxy {
    fn tables(&self, scale: Scale) -> String {
        let more = format!("max_connections = {MOST}\ninterval = \"{}\"\n", scale.text(15, 5));
        self.nginx.table("/stub_status", &more)
    }

    /// With the agent's own connection it is 17 of 20.
    fn over(&mut self) {
        self.clients = (0..16).map(|_| TcpStream::connect(self.nginx.address).unwrap()).collect();
    }

    fn under(&mut self) {
        self.clients.clear();
    }
}

/// An API of which one route is slow while it is asked for.
pub(crate) const SLOW_API: Beside = Beside {
    is_missing: pypi::missing,
    start: || {
        let api = Api::start();
        let fast = Load::start(api.address, "/items/1", 1);
        Box::new(SlowApi { api, _fast: fast, slow: None })
    },
};

struct SlowApi {
    _fast: Load,
    slow: Option<Load>,
    api: Api,
}

impl Neighbour for SlowApi {
    fn tables(&self, scale: Scale) -> String {
        self.api.table(&format!("interval = \"{}\"\n", scale.text(15, 5)))
    }

    fn over(&mut self) {
        self.slow = Some(Load::start(self.api.address, "/report", 10));
    }

    fn under(&mut self) {
        self.slow = None;
    }
}
