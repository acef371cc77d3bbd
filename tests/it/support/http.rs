//! A minimal blocking HTTP/1.1 client: one request a connection.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::rustls::{ClientConfig, ClientConnection, StreamOwned};

/// The most that any step may take: longer than the agent's longest answer.
const STEP: Duration = Duration::from_secs(20);

/// A request that has not been sent.
pub(crate) struct Request<'a> {
    method: &'a str,
    path: &'a str,
    headers: Vec<(&'a str, String)>,
    body: &'a str,
    tls: Option<Arc<ClientConfig>>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl<'a> Request<'a> {
    pub(crate) fn new(method: &'a str, path: &'a str) -> Self {
        Self { method, path, headers: Vec::new(), body: "", tls: None }
    }

    pub(crate) fn get(path: &'a str) -> Self {
        Self::new("GET", path)
    }

    pub(crate) fn header(mut self, name: &'a str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn body(mut self, body: &'a str) -> Self {
        self.body = body;
        self.header("Content-Length", body.len().to_string())
    }

    /// Over TLS, for the server name `localhost`.
    pub(crate) fn tls(mut self, config: Arc<ClientConfig>) -> Self {
        self.tls = Some(config);
        self
    }

    /// Sends it; the error is a connection that broke or an answer that is none.
    pub(crate) fn try_send(self, address: SocketAddr) -> std::io::Result<Response> {
        let stream = TcpStream::connect_timeout(&address, STEP)?;
        stream.set_read_timeout(Some(STEP))?;
        stream.set_write_timeout(Some(STEP))?;
        match self.tls.clone() {
            Some(config) => {
                let name = "localhost".try_into().expect("a valid name");
                let session = ClientConnection::new(config, name).map_err(std::io::Error::other)?;
                self.exchange(StreamOwned::new(session, stream), address)
            }
            None => self.exchange(stream, address),
        }
    }

    #[track_caller]
    pub(crate) fn send(self, address: SocketAddr) -> Response {
        let (method, path) = (self.method, self.path);
        self.try_send(address).unwrap_or_else(|error| panic!("{method} {path} of {address}: {error}"))
    }

    fn exchange(&self, mut stream: impl Read + Write, address: SocketAddr) -> std::io::Result<Response> {
        let mut head = format!("{} {} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head.extend(["\r\n", self.body]);
        stream.write_all(head.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Response::parse(&answer).ok_or_else(|| std::io::Error::other("the answer is no HTTP"))
    }
}

impl Response {
    fn parse(answer: &[u8]) -> Option<Self> {
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&answer[..end]).ok()?;
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let mut response = Self { status, headers, body: answer[end + 4..].to_vec() };
        if response.header("transfer-encoding") == Some("chunked") {
            response.body = unchunked(&response.body)?;
        }
        Some(response)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("the body is UTF-8")
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.text()))
    }
}

fn unchunked(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let line = body.windows(2).position(|window| window == b"\r\n")?;
        let length = usize::from_str_radix(std::str::from_utf8(&body[..line]).ok()?, 16).ok()?;
        if length == 0 {
            return Some(whole);
        }
        whole.extend_from_slice(body.get(line + 2..line + 2 + length)?);
        body = body.get(line + 2 + length + 2..)?;
    }
}
