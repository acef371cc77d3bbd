//! What stands between two parts of a stack, so that it can be broken there.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

use crate::support::fake::Fake;

/// Whether a request is refused: by its path, and by how many there were before.
pub(crate) type Refusal = fn(path: &str, before: usize) -> bool;

struct State {
    to: SocketAddr,
    refusal: Refusal,
    requests: usize,
}

/// Hands GET requests on, one a connection. What it refuses ends without an answer.
pub(crate) struct Relay {
    fake: Fake,
    state: Arc<Mutex<State>>,
}

impl Relay {
    pub(crate) fn start(to: SocketAddr, refusal: Refusal) -> Self {
        let state = Arc::new(Mutex::new(State { to, refusal, requests: 0 }));
        let serving = Arc::clone(&state);
        let fake = Fake::start(move |stream| {
            // Either side may go at any time: that is what it is for.
            let _ = serve(stream, &serving);
        });
        Self { fake, state }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.fake.address()
    }

    pub(crate) fn lead(&self, to: SocketAddr) {
        self.state.lock().unwrap().to = to;
    }

    pub(crate) fn refuse(&self, refusal: Refusal) {
        self.state.lock().unwrap().refusal = refusal;
    }
}

fn serve(mut client: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut lines = BufReader::new(client.try_clone()?);
    let mut head = String::new();
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if line == "\r\n" {
            head.push_str("Connection: close\r\n\r\n");
        } else if !line.to_ascii_lowercase().starts_with("connection:") {
            head.push_str(&line);
        }
    }
    let path = head.split(' ').nth(1).unwrap_or_default();
    let (to, is_refused) = {
        let mut state = state.lock().unwrap();
        state.requests += 1;
        (state.to, (state.refusal)(path, state.requests - 1))
    };
    if is_refused {
        return Ok(());
    }
    let (mut server, mut answer) = (TcpStream::connect(to)?, Vec::new());
    server.write_all(head.as_bytes())?;
    server.read_to_end(&mut answer)?;
    client.write_all(&answer)
}
