//! The client against servers that do as they are told, over real sockets.

mod answers;
mod faults;
mod headers;
mod kept;
mod late;
mod redirects;
mod tls;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;

/// Longer than any step of a test takes; reached only when one fails.
const PATIENCE: Duration = Duration::from_secs(20);
/// For tests whose outcome is that it passed.
const SHORT: Duration = Duration::from_millis(50);
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// What a server does on a connection; at the end it closes it.
#[derive(Clone)]
enum Step {
    /// Reads a request.
    Hear,
    /// Writes this.
    Say(Vec<u8>),
    /// Writes this again and again.
    Repeat(&'static [u8]),
    /// Writes this again and again, a little at a time.
    Drip(&'static [u8]),
    /// Counts as a request, for those who wait for what was said before it.
    Note,
    /// Does nothing more.
    Hang,
    /// Ends with a reset.
    Reset,
}

/// Reads a request and writes `text`.
fn answer(text: impl AsRef<[u8]>) -> [Step; 2] {
    [Step::Hear, Step::Say(text.as_ref().to_vec())]
}

struct Server {
    address: SocketAddr,
    /// Of each connection the requests in their order.
    heard: Arc<Mutex<Vec<Vec<String>>>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// A server of as many connections as there are scripts.
    async fn start(scripts: impl IntoIterator<Item = Vec<Step>>) -> Self {
        Self::on("127.0.0.1:0", |_| scripts).await
    }

    async fn on<T: IntoIterator<Item = Vec<Step>>>(address: &str, scripts: impl FnOnce(SocketAddr) -> T) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (scripts, all) = (scripts(address).into_iter().collect::<Vec<_>>(), Arc::clone(&heard));
        let task = tokio::spawn(async move {
            for script in scripts {
                let (mut stream, _) = listener.accept().await.unwrap();
                all.lock().unwrap().push(Vec::new());
                let ending = play(&mut stream, script, &all).await;
                if ending.is_some() {
                    stream.set_zero_linger().unwrap();
                }
            }
        });
        Self { address, heard, task }
    }

    /// One that gives each request the same answer, on one connection, and then hangs.
    async fn answering(text: impl AsRef<[u8]>) -> Self {
        Self::start([[answer(text).to_vec(), vec![Step::Hang]].concat()]).await
    }

    fn client(&self) -> Client {
        self.client_with(Settings::default())
    }

    fn client_with(&self, settings: Settings) -> Client {
        client(&format!("http://{}", self.address), settings)
    }

    /// How many requests came on each connection.
    fn counts(&self) -> Vec<usize> {
        self.heard.lock().unwrap().iter().map(Vec::len).collect()
    }

    fn request(&self, connection: usize, request: usize) -> String {
        self.heard.lock().unwrap()[connection][request].clone()
    }

    async fn until(&self, counts: &[usize]) {
        let waiting = async {
            while self.counts() != counts {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("{:?}", self.counts()));
    }
}

/// Follows a script; `Some` when the connection is to be reset.
async fn play<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    script: Vec<Step>,
    heard: &Mutex<Vec<Vec<String>>>,
) -> Option<()> {
    for step in script {
        match step {
            Step::Hear => {
                let request = hear(stream).await?;
                heard.lock().unwrap().last_mut().unwrap().push(request);
            }
            Step::Note => heard.lock().unwrap().last_mut().unwrap().push(String::new()),
            // The client may have gone already, which is what some tests are about.
            Step::Say(bytes) => drop(stream.write_all(&bytes).await),
            Step::Repeat(bytes) => while stream.write_all(bytes).await.is_ok() {},
            Step::Drip(bytes) => {
                while stream.write_all(bytes).await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
            Step::Hang => drop(stream.read_u8().await),
            Step::Reset => return Some(()),
        }
    }
    None
}

/// A whole request; `None` when the client goes away before its end.
async fn hear(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut request = String::new();
    while !request.ends_with("\r\n\r\n") {
        request.push(char::from(stream.read_u8().await.ok()?));
    }
    let length =
        request.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(request + &String::from_utf8(body).unwrap())
}

fn client(url: &str, settings: Settings) -> Client {
    Client::new(&BaseUrl::parse(url).unwrap(), settings).unwrap()
}

/// The error of a GET for `/stats` from a server with this script, without the address in its text.
async fn error_of(script: Vec<Step>) -> (Reason, String) {
    let server = Server::start([script]).await;
    let error = server.client().get("/stats?key=sesame", PATIENCE).await.unwrap_err();
    assert_eq!(error.attempt, format!("GET http://{}/stats", server.address));
    (error.reason, error.cause)
}

#[tokio::test]
async fn a_get_and_what_is_sent() {
    let server = Server::answering(
        "HTTP/1.1 503 Busy\r\nContent-Type: application/json\r\nDate: Tue, 15 Nov 1994 08:12:31 GMT\r\n\
         Retry-After: 120\r\nContent-Length: 4\r\n\r\n{\"\"}",
    )
    .await;
    let headers = [("X-Token", "sesame"), ("accept", "text/plain")]
        .map(|(name, value)| (name.to_owned(), Secret::new(value).into()));
    let headers = headers.to_vec();
    let mut client = client(
        &format!("http://al%20ice:s%3Aecret@{}/api/", server.address),
        Settings { headers, ..Settings::default() },
    );
    let response = client.get("/stats?a=b", PATIENCE).await.unwrap();
    assert_eq!((response.status, &response.body[..]), (503, &b"{\"\"}"[..]));
    assert_eq!(response.content_type.as_deref(), Some("application/json"));
    assert_eq!(response.date, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(784_887_151)));
    assert_eq!(response.retry_after, Some(Duration::from_mins(2)));
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        server.request(0, 0),
        format!(
            "GET /api/stats?a=b HTTP/1.1\r\nhost: {}\r\nuser-agent: manometer/{version}\r\naccept-encoding: identity\r\n\
             x-token: sesame\r\naccept: text/plain\r\nauthorization: Basic YWwgaWNlOnM6ZWNyZXQ=\r\n\r\n",
            server.address
        )
    );
}

#[tokio::test]
async fn a_post_and_what_is_sent() {
    let server = Server::answering(OK).await;
    let mut client = server.client();
    let response = client.post("/api/v2/alerts", "application/json", Bytes::from_static(b"[1,2]"), PATIENCE).await;
    assert_eq!(response.unwrap().body, "ok");
    let request = server.request(0, 0);
    assert!(request.starts_with("POST /api/v2/alerts HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("\r\ncontent-type: application/json\r\n"), "{request}");
    assert!(request.ends_with("\r\ncontent-length: 5\r\n\r\n[1,2]"), "{request}");
}

#[tokio::test]
async fn what_cannot_be_sent_is_told_before_anything_is() {
    let mut client = client("http://127.0.0.1:9/api", Settings::default());
    let error = client.get("/a b?key=sesame", PATIENCE).await.unwrap_err();
    assert_eq!(error.reason, Reason::Internal);
    assert_eq!(error.to_string(), "GET http://127.0.0.1:9/api/a b: the path is not valid; correct it");
    let error = client.post("/", "text/\n", Bytes::new(), PATIENCE).await.unwrap_err();
    assert_eq!(error.to_string(), "POST http://127.0.0.1:9/api/: the content type is not valid; correct it");
}

#[tokio::test]
async fn a_host_may_be_an_ipv6_address() {
    let Ok(probe) = TcpListener::bind("[::1]:0").await else { return };
    drop(probe);
    let server = Server::on("[::1]:0", |_| [[answer(OK).to_vec(), vec![Step::Hang]].concat()]).await;
    assert_eq!(server.client().get("/", PATIENCE).await.unwrap().body, "ok");
    let host = format!("\r\nhost: [::1]:{}\r\n", server.address.port());
    assert!(server.request(0, 0).contains(&host), "{}", server.request(0, 0));
}

#[tokio::test]
async fn a_server_may_listen_on_a_unix_socket() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("service.sock");
    let url = format!("unix:{}", path.display());
    let error = client(&url, Settings::default()).get("/x", PATIENCE).await.unwrap_err();
    assert_eq!(error.reason, Reason::Connect);
    assert_eq!(
        error.to_string(),
        format!("GET /x on {url}: No such file or directory (os error 2); check host, port or path in url")
    );
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let heard = Mutex::new(vec![Vec::new()]);
    let serving = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        play(&mut stream, answer(OK).to_vec(), &heard).await
    };
    let mut client = client(&url, Settings::default());
    let (response, _) = tokio::join!(client.get("/x", PATIENCE), serving);
    assert_eq!(response.unwrap().body, "ok");
    assert!(heard.lock().unwrap()[0][0].starts_with("GET /x HTTP/1.1\r\nhost: localhost\r\n"));
}
