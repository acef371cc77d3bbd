//! The ticker in a container, where a Docker engine is at hand: the agent then shows the container and counts its log.
//!
//! Nothing is pulled: the image is empty, and the container sees this machine's own libraries, read-only.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::time::timeout;

use crate::Result;

/// The most that one command of the client may take.
const DEADLINE: Duration = Duration::from_secs(20);

/// Where an engine listens unless `DOCKER_HOST` says otherwise.
const DEFAULT_URL: &str = "unix:///var/run/docker.sock";

/// What a program that was linked on this machine needs to run.
const LIBRARIES: [&str; 4] = ["/usr", "/lib", "/lib64", "/etc/ld.so.cache"];

/// An engine that can run the ticker, with the image for it.
pub(crate) struct Engine {
    pub(crate) url: String,
    /// Of the container and of the image; no other playground has it.
    pub(crate) name: String,
}

impl Engine {
    /// The engine of this machine; the error says why there is none to be used.
    pub(crate) async fn find() -> Result<Self> {
        let url = std::env::var("DOCKER_HOST").ok().filter(|url| !url.is_empty()).unwrap_or(DEFAULT_URL.to_owned());
        let Some(socket) = url.strip_prefix("unix://") else {
            return Err(format!("the engine at {url} is not on this machine").into());
        };
        if !Path::new(socket).exists() {
            return Err(format!("there is no Docker engine at {url}").into());
        }
        let engine = Self { name: format!("manometer-playground-{}", std::process::id()), url };
        engine.docker(&["version", "--format", "{{.Server.Version}}"], None).await?;
        // Two blocks of zeros are an archive that holds nothing.
        engine.docker(&["import", "-", &engine.name], Some(&[0; 1024])).await?;
        Ok(engine)
    }

    /// What runs `program` in a container with the network of this machine. It ends with the container, and the container
    /// with it.
    pub(crate) fn run(&self, program: &Path) -> std::process::Command {
        let mut command = std::process::Command::new("docker");
        command.env("DOCKER_HOST", &self.url).args(["run", "--rm", "--name", &self.name, "--network", "host"]);
        command.args(["--memory", "256m", "--cpus", "1", "--read-only", "--cap-drop", "ALL"]);
        for path in LIBRARIES.iter().filter(|path| Path::new(path).exists()) {
            command.arg("--volume").arg(format!("{path}:{path}:ro"));
        }
        command.arg("--volume").arg(format!("{}:/ticker:ro", program.display()));
        command.args([&self.name, "/ticker"]);
        command
    }

    /// Removes the container, should it still be there, and the image.
    pub(crate) async fn remove(self) {
        // Neither may be there any more, and nobody is left who could do something about it.
        let _ = self.docker(&["rm", "--force", &self.name], None).await;
        let _ = self.docker(&["rmi", "--force", &self.name], None).await;
    }

    async fn docker(&self, arguments: &[&str], input: Option<&[u8]>) -> Result<()> {
        let Output { status, stderr, .. } = timeout(DEADLINE, self.output(arguments, input))
            .await
            .map_err(|_| format!("docker {} did not answer within {} s", arguments[0], DEADLINE.as_secs()))?
            .map_err(|error| format!("docker: {error}"))?;
        if status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&stderr);
        Err(format!("docker {}: {}", arguments[0], said.lines().next().unwrap_or("failed")).into())
    }

    async fn output(&self, arguments: &[&str], input: Option<&[u8]>) -> std::io::Result<Output> {
        let mut command = Command::new("docker");
        command.env("DOCKER_HOST", &self.url).args(arguments).kill_on_drop(true);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.unwrap_or_default()).await?;
        }
        child.wait_with_output().await
    }
}
