//! The agent: its configuration, its start, and the wait until it has seen Redis.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::Result;
use crate::connection::{free_port, get};
use crate::container::Engine;
use crate::process::{Process, absolute, own_folder};

pub(crate) const START_DEADLINE: Duration = Duration::from_secs(20);
const RETRY_INTERVAL: Duration = Duration::from_millis(100);
const DEFAULT_PORT: u16 = 10121;

/// The agent's configuration; `@...@` is filled in.
const CONFIG: &str = r#"# Written by the playground; removed with it.
[web]
listen_address = "@LISTEN_ADDRESS@"

[[redis]]
name = "playground"
url = "redis://127.0.0.1:@REDIS_PORT@"
interval = "5s"
canary = true
pubsub_patterns = ["ticker:*"]

[[redis.pool]]
name = "web"
match = "web-*"
max = 20

[[redis.queue]]
kind = "celery"
name = "celery"

[[redis.key]]
match = "cache:*"
top = 3
memory = true

[[service]]
name = "ticker"
profile = "ticker"
url = "http://@TICKER@"
interval = "5s"
uses = ["playground"]

[[service]]
name = "quotes-cache"
profile = "cache-api"
url = "http://@TICKER@"
interval = "5s"
uses = ["playground"]
"#;

/// What is added where the ticker runs in a container.
const CONTAINERS: &str = r#"
[[docker]]
name = "engine"
url = "@ENGINE@"
containers = ["@CONTAINER@"]
interval = "5s"

[docker.logs]
sets = ["redis", "ticker"]
"#;

/// An agent that is configured.
pub(crate) struct Agent {
    /// Where it serves.
    pub(crate) address: SocketAddr,
    folder: PathBuf,
    config: PathBuf,
}

impl Agent {
    /// Writes `config.toml` for a Redis on that port and a ticker there, which may run in a container of `engine`. The
    /// agent gets its default port, or says that it is taken.
    pub(crate) fn configure(
        folder: &Path,
        redis_port: u16,
        ticker: SocketAddr,
        engine: Option<&Engine>,
    ) -> Result<Self> {
        let port = if TcpListener::bind((Ipv4Addr::LOCALHOST, DEFAULT_PORT)).is_ok() {
            DEFAULT_PORT
        } else {
            let port = free_port()?;
            println!("Port {DEFAULT_PORT} is taken; the agent serves on {port} instead.\n");
            port
        };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let containers =
            engine.map(|engine| CONTAINERS.replace("@ENGINE@", &engine.url).replace("@CONTAINER@", &engine.name));
        let text = format!("{CONFIG}{}", containers.unwrap_or_default())
            .replace("@LISTEN_ADDRESS@", &address.to_string())
            .replace("@REDIS_PORT@", &redis_port.to_string())
            .replace("@TICKER@", &ticker.to_string());
        let config = folder.join("config.toml");
        std::fs::write(&config, text)?;
        Ok(Self { address, folder: folder.to_owned(), config })
    }

    /// Starts the agent.
    pub(crate) fn start(&self, binary: &Path) -> Result<Process> {
        Process::start("agent", Command::new(binary).args(["run", "--config"]).arg(&self.config), &self.folder)
            .map_err(|error| format!("starting {}: {error}", binary.display()).into())
    }

    /// Completes when the agent calls itself ready and has seen Redis.
    pub(crate) async fn is_ready(&self) {
        let ready = async || get(self.address, "/-/ready").await.is_some();
        let seeing = async || get(self.address, "/metrics").await.is_some_and(|page| sees_redis(&page));
        while !(ready().await && seeing().await) {
            tokio::time::sleep(RETRY_INTERVAL).await;
        }
    }
}

fn sees_redis(page: &str) -> bool {
    page.lines().any(|line| line.starts_with("redis_up{") && line.ends_with(" 1"))
}

/// The binary: the given one, or the one which cargo built beside the playground.
pub(crate) fn binary(given: Option<&PathBuf>) -> Result<PathBuf> {
    let path = match given {
        Some(path) => path.clone(),
        None => own_folder()?.join("manometer"),
    };
    absolute(&path, "agent")
}
