//! An HTTP service whose every answer a test decides, down to the bytes.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::fake::{Fake, drain};

/// What is answered to a path.
#[derive(Clone)]
pub(crate) enum Answer {
    /// A status and a body, properly.
    Body(u16, String),
    /// The same with more header lines.
    With(u16, Vec<String>, String),
    /// These bytes, and the connection is closed.
    Raw(Vec<u8>),
    /// These bytes, and nothing more while the peer waits.
    Hang(Vec<u8>),
    /// These bytes, and then the last ones again and again.
    Endless(Vec<u8>, Vec<u8>),
}

/// One request that came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) at: Instant,
    /// Path and query.
    pub(crate) path: String,
    /// The header lines, in lower case up to the colon.
    pub(crate) headers: Vec<String>,
}

#[derive(Default)]
struct State {
    answers: HashMap<String, Answer>,
    seen: Vec<Seen>,
    connections: usize,
}

/// A service that knows the paths it was told, and answers 404 to others.
pub(crate) struct Service {
    fake: Fake,
    state: Arc<Mutex<State>>,
}

impl Service {
    pub(crate) fn start() -> Self {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into())
    }

    /// The same at an address of the caller's choice.
    pub(crate) fn start_at(address: SocketAddr) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let serving = Arc::clone(&state);
        let fake = Fake::start_at(address, move |stream| {
            serving.lock().unwrap().connections += 1;
            serve(stream, &serving);
        });
        Self { fake, state }
    }

    /// From now on the path (without query) is answered so.
    pub(crate) fn answer(&self, path: &str, answer: Answer) -> &Self {
        self.state.lock().unwrap().answers.insert(path.to_owned(), answer);
        self
    }

    /// From now on the path is answered by 200 and this JSON.
    pub(crate) fn json(&self, path: &str, body: &serde_json::Value) -> &Self {
        self.answer(path, Answer::Body(200, body.to_string()))
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.fake.address()
    }

    /// Every request so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.state.lock().unwrap().seen.clone()
    }

    /// Connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.state.lock().unwrap().connections
    }
}

fn serve(stream: TcpStream, state: &Mutex<State>) {
    let mut requests = BufReader::new(stream.try_clone().unwrap());
    let mut replies = stream;
    while let Some(seen) = read_request(&mut requests) {
        let path = seen.path.split('?').next().unwrap_or_default().to_owned();
        let answer = {
            let mut state = state.lock().unwrap();
            state.seen.push(seen);
            state.answers.get(&path).cloned()
        };
        let answer = answer.unwrap_or_else(|| Answer::Body(404, "{\"detail\":\"Not Found\"}".to_owned()));
        // The agent may hang up at any time; that is what some tests are about.
        let sent = match answer {
            Answer::Body(status, body) => proper(&mut replies, status, &[], &body),
            Answer::With(status, headers, body) => proper(&mut replies, status, &headers, &body),
            Answer::Raw(bytes) => {
                let _ = replies.write_all(&bytes);
                return;
            }
            Answer::Hang(bytes) => {
                let _ = replies.write_all(&bytes);
                return drain(&mut replies);
            }
            Answer::Endless(head, more) => {
                let end = Instant::now() + Duration::from_secs(20);
                let mut sent = replies.write_all(&head);
                while sent.is_ok() && Instant::now() < end {
                    sent = replies.write_all(&more);
                }
                return;
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

fn proper(replies: &mut TcpStream, status: u16, headers: &[String], body: &str) -> std::io::Result<()> {
    let mut answer = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n", body.len());
    for header in headers {
        answer.extend([header.as_str(), "\r\n"]);
    }
    answer.extend(["\r\n", body]);
    replies.write_all(answer.as_bytes())
}

/// The next request; `None` when the peer has gone.
fn read_request(requests: &mut impl BufRead) -> Option<Seen> {
    let mut line = || {
        let mut line = String::new();
        requests.read_line(&mut line).ok().filter(|read| *read > 0)?;
        Some(line.trim_end().to_owned())
    };
    let path = line()?.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    loop {
        let header = line()?;
        if header.is_empty() {
            return Some(Seen { at: Instant::now(), path, headers });
        }
        let (name, value) = header.split_once(':').unwrap_or((&header, ""));
        headers.push(format!("{}: {}", name.to_lowercase(), value.trim()));
    }
}
