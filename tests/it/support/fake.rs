//! A socket that answers what no real Redis can be brought to answer.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use tokio_rustls::rustls::{ServerConnection, StreamOwned};

use super::tls::Certificates;

/// Listens until it is dropped.
pub(crate) struct Fake {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Fake {
    /// Gives each connection to `serve`, on a thread of its own.
    pub(crate) fn start(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into(), serve)
    }

    /// The same at an address of the caller's choice.
    pub(crate) fn start_at(address: SocketAddr, serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, serve) = (Arc::clone(&stop), Arc::new(serve));
        let accepting = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let (stream, serve) = (stream.unwrap(), Arc::clone(&serve));
                std::thread::spawn(move || serve(stream));
            }
        });
        Self { address, stop, accepting: Some(accepting) }
    }

    /// Takes connections and never says anything.
    pub(crate) fn silent() -> Self {
        Self::start(|mut stream| drain(&mut stream))
    }

    /// Answers every read with `reply`, whatever was asked, and closes after the first if `once`.
    pub(crate) fn saying(reply: &'static [u8], once: bool) -> Self {
        Self::start(move |mut stream| {
            let mut buffer = [0; 4096];
            while let Ok(1..) = stream.read(&mut buffer) {
                if stream.write_all(reply).is_err() || once {
                    let _ = stream.shutdown(Shutdown::Both);
                    return;
                }
            }
        })
    }

    /// Speaks the protocol: answers each command, its words joined by spaces, with what `reply` gives, as a bulk string;
    /// a command without reply is unknown to it.
    pub(crate) fn answering(reply: impl Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'static) -> Self {
        Self::start(move |stream| {
            let mut requests = BufReader::new(stream.try_clone().unwrap());
            let mut replies = stream;
            while let Some(command) = read_command(&mut requests) {
                let sent = match reply(&command) {
                    Some(body) => write!(replies, "${}\r\n", body.len())
                        .and_then(|()| replies.write_all(&body))
                        .and_then(|()| replies.write_all(b"\r\n")),
                    None => replies.write_all(b"-ERR unknown command\r\n"),
                };
                if sent.is_err() {
                    return;
                }
            }
        })
    }

    /// The same over TLS, with replies as they are on the wire.
    pub(crate) fn answering_over_tls(
        certificates: &Certificates,
        reply: impl Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'static,
    ) -> Self {
        let config = certificates.server();
        Self::start(move |stream| {
            let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = BufReader::new(StreamOwned::new(tls, stream));
            while let Some(command) = read_command(&mut stream) {
                let reply = reply(&command).unwrap_or_else(|| b"-ERR unknown command\r\n".to_vec());
                if stream.get_mut().write_all(&reply).is_err() {
                    return;
                }
            }
        })
    }

    /// A proxy before the server at `address`: what `answer` has nothing to say of is passed on, each reply as it comes.
    pub(crate) fn before(address: String, answer: impl Fn(&str) -> Option<Answer> + Send + Sync + 'static) -> Self {
        Self::start(move |mut client| {
            let mut requests = BufReader::new(client.try_clone().unwrap());
            let mut server = TcpStream::connect(&address).unwrap();
            let mut replies = BufReader::new(server.try_clone().unwrap());
            while let Some(command) = read_command(&mut requests) {
                let reply = match answer(&command) {
                    Some(Answer::Close) => break,
                    Some(Answer::Nothing) => return drain(&mut client),
                    Some(Answer::Reply(reply)) => reply,
                    None => {
                        let mut inline =
                            command.split(' ').map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" ");
                        inline.push_str("\r\n");
                        let mut reply = Vec::new();
                        if server.write_all(inline.as_bytes()).is_err()
                            || read_reply(&mut replies, &mut reply).is_none()
                        {
                            break;
                        }
                        reply
                    }
                };
                if client.write_all(&reply).is_err() {
                    break;
                }
            }
            // Without what the client still sends, closing is an end and not a reset.
            let _ = client.shutdown(Shutdown::Write);
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.address)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

/// What a proxy says by itself.
pub(crate) enum Answer {
    /// These bytes.
    Reply(Vec<u8>),
    /// It closes the connection.
    Close,
    /// It is silent from now on.
    Nothing,
}

/// Copies one reply; `None` when the server has gone.
fn read_reply(replies: &mut impl BufRead, copy: &mut Vec<u8>) -> Option<()> {
    let start = copy.len();
    replies.read_until(b'\n', copy).ok().filter(|read| *read > 0)?;
    let line = std::str::from_utf8(&copy[start..]).ok()?.trim_end().to_owned();
    let count = || line[1..].parse::<i64>().ok();
    match line.as_bytes()[0] {
        b'$' => {
            let body = usize::try_from(count()?).map_or(0, |length| length + 2);
            let start = copy.len();
            copy.resize(start + body, 0);
            replies.read_exact(&mut copy[start..]).ok()
        }
        b'*' => (0..count()?).try_for_each(|_| read_reply(replies, copy)),
        _ => Some(()),
    }
}

/// The words of the next command; `None` when the peer has gone.
fn read_command(requests: &mut impl BufRead) -> Option<String> {
    let mut line = || {
        let mut line = String::new();
        requests.read_line(&mut line).ok().filter(|read| *read > 0)?;
        Some(line.trim_end().to_owned())
    };
    let count: usize = line()?.strip_prefix('*')?.parse().ok()?;
    let mut words = Vec::new();
    for _ in 0..count {
        // The agent's words hold no line end, so the length before each is not needed.
        line()?;
        words.push(line()?);
    }
    Some(words.join(" "))
}

/// Reads until the peer goes.
pub(crate) fn drain(stream: &mut TcpStream) {
    let mut buffer = [0; 4096];
    while let Ok(1..) = stream.read(&mut buffer) {}
}

/// Hands on what comes, as it comes, until one side goes.
pub(crate) fn carry(from: &mut impl Read, to: &mut impl Write) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..length]).is_err() {
            return;
        }
    }
}
