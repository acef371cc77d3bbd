//! An API as `FastAPI` makes it, and who asks it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::http::Request;
use super::process::Process;
use super::wait::until;
use super::{port, pypi};

/// Python has much to load.
pub(crate) const START: Duration = Duration::from_secs(30);

/// `/items/1` is fast, and `/report` takes more than a second. It ends when it is dropped.
pub(crate) struct Api {
    _process: Process,
    pub(crate) address: SocketAddr,
}

impl Api {
    pub(crate) fn start() -> Self {
        Self::on("", "")
    }

    /// One whose `/health` is that of these: a `RabbitMQ`, and a database.
    pub(crate) fn on(broker: &str, database: &str) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port::free()));
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/edge/api.py");
        let mut python = Command::new(pypi::python());
        let process =
            Process::spawn(python.arg("-B").arg(script).args([&address.port().to_string(), broker, database]));
        until(START, "the API answers", || Request::get("/items/1").try_send(address).ok());
        Self { _process: process, address }
    }

    /// The table of a target that has its histogram; `more` are further keys and tables of it.
    pub(crate) fn table(&self, more: &str) -> String {
        format!(
            "[[service]]\nname = \"api\"\nurl = \"http://{}\"\n{more}\
             [[service.endpoint]]\nname = \"metrics\"\npath = \"/metrics\"\nformat = \"prometheus\"\n\
             pass_through = [\"http_request*\"]\n",
            self.address
        )
    }
}

/// Requests to a path, so many at a time, until it is dropped.
pub(crate) struct Load {
    is_over: Arc<AtomicBool>,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    pub(crate) fn start(address: SocketAddr, path: &'static str, clients: usize) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let client = |_| {
            let is_over = Arc::clone(&is_over);
            std::thread::spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    Request::get(path).send(address);
                }
            })
        };
        let clients = (0..clients).map(client).collect();
        Self { is_over, clients }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        for client in self.clients.drain(..) {
            // What went wrong there was said there.
            let _ = client.join();
        }
    }
}
