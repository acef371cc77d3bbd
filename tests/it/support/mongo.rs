//! Servers that speak `MongoDB`'s protocol: mongo-java-server, which scripts/mongo.sh fetched, and a fake that says what it is told.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mongodb::bson::{Document, doc};
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::fake::Fake;
use super::missing;
use super::process::Process;
use super::tls::Certificates;

/// Whether the test must be skipped because Java or the server is not there. Where `CI` is set that is a failure instead.
pub(crate) fn missing() -> bool {
    missing::missing(&["java"]) || missing::unfetched("mongo", "made-of")
}

fn folder() -> PathBuf {
    missing::fetched("mongo")
}

/// A running mongo-java-server; it ends with its test, whose end is that of its standard input too.
pub(crate) struct JavaServer {
    process: Process,
    pub(crate) port: u16,
}

impl JavaServer {
    /// Starts it on `port`, or on any with 0, as one that speaks that wire version.
    pub(crate) fn start(port: u16, wire_version: u32) -> Self {
        let classes = format!("{0}:{0}/*", folder().display());
        let mut command = Command::new("java");
        // It is small, and starts faster without the second compiler.
        command.args(["-Xmx64m", "-XX:TieredStopAtLevel=1", "-cp", &classes, "Mongo", &port.to_string()]);
        command.arg(wire_version.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = Process::spawn(&mut command);
        let mut line = String::new();
        BufReader::new(process.stdout()).read_line(&mut line).unwrap();
        let port = line.trim().parse().unwrap_or_else(|_| panic!("its port, and not {line:?}"));
        Self { process, port }
    }

    pub(crate) fn url(&self) -> String {
        format!("mongodb://127.0.0.1:{}", self.port)
    }

    /// Ends it at once.
    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }
}

/// What a fake does with a command.
pub(crate) enum Answer {
    Reply(Document),
    /// Never.
    Nothing,
    Close,
    /// The first bytes of the reply, and then the end.
    Cut(Document, usize),
}

impl Answer {
    /// An error as a server words it.
    pub(crate) fn error(code: i32, name: &str) -> Self {
        let text = "hunter2: what the server says of it";
        Self::Reply(doc! { "ok": 0.0, "errmsg": text, "code": code, "codeName": name })
    }
}

/// A fake, and how many connections it has.
pub(crate) struct FakeMongo {
    fake: Fake,
    open: Arc<AtomicUsize>,
    made: Arc<AtomicUsize>,
}

impl FakeMongo {
    /// Answers each command by its name.
    pub(crate) fn start(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        Self::reading(move |name, _| answer(name))
    }

    /// Answers each command by its name and what else it says.
    pub(crate) fn reading(answer: impl Fn(&str, &Document) -> Answer + Send + Sync + 'static) -> Self {
        Self::serve(None, answer)
    }

    /// The same over TLS.
    pub(crate) fn over_tls(
        certificates: &Certificates,
        answer: impl Fn(&str) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::serve(Some(certificates.server()), move |name, _| answer(name))
    }

    fn serve(
        tls: Option<Arc<ServerConfig>>,
        answer: impl Fn(&str, &Document) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let (open, made) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (opened, counted) = (Arc::clone(&open), Arc::clone(&made));
        let fake = Fake::start(move |stream| {
            counted.fetch_add(1, Ordering::SeqCst);
            opened.fetch_add(1, Ordering::SeqCst);
            if let Some(config) = &tls {
                talk(&mut StreamOwned::new(ServerConnection::new(Arc::clone(config)).unwrap(), stream), &answer);
            } else {
                let mut stream = stream;
                talk(&mut stream, &answer);
            }
            opened.fetch_sub(1, Ordering::SeqCst);
        });
        Self { fake, open, made }
    }

    pub(crate) fn address(&self) -> String {
        self.fake.address().to_string()
    }

    /// Connections that are open.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    /// Connections that there ever were.
    pub(crate) fn made(&self) -> usize {
        self.made.load(Ordering::SeqCst)
    }
}

/// What hello says of a member of a replica set, beside `more`.
pub(crate) fn hello(more: Document) -> Document {
    let mut hello = doc! {
        "helloOk": true, "maxBsonObjectSize": 16_777_216, "maxMessageSizeBytes": 48_000_000, "maxWriteBatchSize": 100_000,
        "minWireVersion": 0, "maxWireVersion": 21, "readOnly": false, "connectionId": 7, "ok": 1.0,
    };
    hello.extend(more);
    hello
}

/// Answers until the client goes.
fn talk(stream: &mut (impl Read + Write), answer: &impl Fn(&str, &Document) -> Answer) {
    while let Some((id, is_query, command)) = request(stream) {
        let name = command.keys().next().cloned().unwrap_or_default();
        let (reply, cut) = match answer(&name, &command) {
            Answer::Reply(reply) => (reply, None),
            Answer::Cut(reply, at) => (reply, Some(at)),
            Answer::Close => return,
            Answer::Nothing => {
                let _ = std::io::copy(stream, &mut std::io::sink());
                return;
            }
        };
        let bytes = response(id, is_query, &reply);
        let sent = stream.write_all(&bytes[..cut.unwrap_or(bytes.len()).min(bytes.len())]);
        if sent.and_then(|()| stream.flush()).is_err() || cut.is_some() {
            return;
        }
    }
}

/// Reads a message: its id, whether it is an `OP_QUERY` (else `OP_MSG`), and the command.
fn request(stream: &mut impl Read) -> Option<(u32, bool, Document)> {
    let mut header = [0; 16];
    stream.read_exact(&mut header).ok()?;
    let word = |at: usize| u32::from_le_bytes(header[at..at + 4].try_into().unwrap());
    let mut body = vec![0; word(0) as usize - header.len()];
    stream.read_exact(&mut body).ok()?;
    let is_query = word(12) == 2004;
    let document = if is_query {
        // Flags, the collection's name with its end, and two numbers.
        let end = body[4..].iter().position(|byte| *byte == 0).unwrap() + 5;
        &body[end + 8..]
    } else {
        // Flags, and the kind of the section.
        &body[5..]
    };
    Some((word(4), is_query, Document::from_reader(document).unwrap()))
}

fn response(id: u32, is_query: bool, reply: &Document) -> Vec<u8> {
    let mut body = if is_query { [&[0; 16][..], &1_u32.to_le_bytes()].concat() } else { vec![0; 5] };
    body.extend(reply.to_vec().unwrap());
    let words = [u32::try_from(body.len()).unwrap() + 16, 1, id, if is_query { 1 } else { 2013 }];
    words.iter().flat_map(|word| word.to_le_bytes()).chain(body).collect()
}
