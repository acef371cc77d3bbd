//! A `node_exporter` whose process the agent cannot see: one beside its container.

use std::time::Duration;

use tracing::debug;

use crate::http::client::{Client, Settings};
use crate::net::BaseUrl;

/// Where it listens unless it was told otherwise.
const ADDRESS: &str = "http://127.0.0.1:9100";

/// What it says of itself: on its first page, or among its metrics where they are served there.
const MARKS: [&[u8]; 2] = [b"Node Exporter", b"node_exporter_build_info"];

/// The most that the question may take: it goes to this machine.
const LIMIT: Duration = Duration::from_millis(500);

/// Asks for it at its address. Its first page costs it nothing, unlike its metrics.
pub(super) struct Exporter(Option<Client>);

impl Default for Exporter {
    fn default() -> Self {
        Self::at(ADDRESS)
    }
}

impl Exporter {
    /// Asks for it at another address.
    pub(super) fn at(address: &str) -> Self {
        let client = BaseUrl::parse(address).and_then(|base| Client::new(&base, Settings::default()));
        Self(client.inspect_err(|error| debug!(%error, "node_exporter is not looked for")).ok())
    }

    /// Whether it is there.
    pub(super) async fn answers(&mut self) -> bool {
        let Some(client) = &mut self.0 else { return false };
        let Ok(response) = client.get("/", LIMIT).await else { return false };
        MARKS.iter().any(|mark| memchr::memmem::find(&response.body, mark).is_some())
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    async fn answers(body: &'static str) -> bool {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut peer, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let length = peer.read(&mut request).await.unwrap();
            assert!(request[..length].starts_with(b"GET / HTTP/1.1\r\n"));
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            peer.write_all(answer.as_bytes()).await.unwrap();
        });
        Exporter::at(&address).answers().await
    }

    #[tokio::test]
    async fn it_is_known_by_its_first_page() {
        assert!(answers("<html><head><title>Node Exporter</title></head></html>").await);
        assert!(answers("# TYPE node_exporter_build_info gauge\nnode_exporter_build_info 1\n").await);
        assert!(!answers("<title>Printer</title>").await);
        let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        assert!(!Exporter::at(&format!("http://{nobody}")).answers().await);
    }
}
