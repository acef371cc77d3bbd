//! The server as its clients see it, over real sockets.

mod limits;
mod tls;

use std::net::SocketAddr;

use base64::Engine as _;
use hyper::Method;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::*;

/// Longer than any step of a test takes; reached only when one fails.
const PATIENCE: Duration = Duration::from_secs(20);
const BODY: &str = "up 1\n";

struct Server {
    address: SocketAddr,
    stats: Arc<ServerStats>,
    web: Arc<ArcSwap<WebConfig>>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Server {
    async fn start(limits: Limits, web: WebConfig, handler: impl Handler) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stats = Arc::new(ServerStats::default());
        let web = Arc::new(ArcSwap::from_pointee(web));
        let (stop, stopped) = oneshot::channel();
        let shutdown = async {
            let _ = stopped.await;
        };
        let serving = serve(listener, Arc::clone(&web), limits, Arc::new(handler), Arc::clone(&stats), shutdown);
        Self { address, stats, web, stop: Some(stop), task: tokio::spawn(serving) }
    }

    async fn plain(limits: Limits) -> Self {
        Self::start(limits, WebConfig::default(), up).await
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// What the server answers to `request` on a connection of its own, to the end of the connection.
    async fn exchange(&self, request: &[u8]) -> String {
        let mut stream = self.connect().await;
        // A server that has seen enough may close before all is sent.
        let _ = stream.write_all(request).await;
        read_all(&mut stream).await
    }

    async fn get(&self, headers: &str) -> String {
        self.exchange(format!("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n").as_bytes())
            .await
    }

    /// A request on its own, whose response is awaited elsewhere.
    fn spawn_get(&self) -> JoinHandle<String> {
        let address = self.address;
        tokio::spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
            read_all(&mut stream).await
        })
    }

    fn rejected(&self, reason: &str) -> u64 {
        self.stats.snapshot().rejected.into_iter().find(|(name, _)| *name == reason).unwrap().1
    }

    /// Waits until the counters are as expected.
    async fn until(&self, condition: impl Fn(&StatsSnapshot) -> bool) {
        timeout(PATIENCE, async {
            while !condition(&self.stats.snapshot()) {
                tokio::task::yield_now().await;
            }
        })
        .await
        .unwrap_or_else(|_| panic!("{:?}", self.stats.snapshot()));
    }

    async fn stop(mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        timeout(PATIENCE, &mut self.task).await.unwrap().unwrap();
    }
}

async fn up(_: Request<()>) -> Response<Full<Bytes>> {
    Response::new(Full::new(Bytes::from_static(BODY.as_bytes())))
}

async fn read_all(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    // A reset after the answer is an end as well.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Sends a request, and reads one response whose body is [`BODY`].
async fn request_on(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> String {
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut bytes = Vec::new();
    while !bytes.ends_with(BODY.as_bytes()) {
        assert_ne!(timeout(PATIENCE, stream.read_buf(&mut bytes)).await.unwrap().unwrap(), 0);
    }
    String::from_utf8(bytes).unwrap()
}

fn status(response: &str) -> &str {
    response.lines().next().unwrap_or("no response")
}

fn web(yaml: &str) -> WebConfig {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("web.yml");
    std::fs::write(&path, yaml).unwrap();
    WebConfig::load(&path).unwrap()
}

#[tokio::test]
async fn a_connection_is_kept_between_requests() {
    let server = Server::plain(Limits::default()).await;
    let mut stream = server.connect().await;
    for _ in 0..3 {
        assert_eq!(status(&request_on(&mut stream).await), "HTTP/1.1 200 OK");
    }
    let stats = server.stats.snapshot();
    assert_eq!((stats.connections, stats.accepted, stats.requests[1]), (1, 1, ("2xx", 3)));
    drop(stream);
    server.until(|stats| stats.connections == 0).await;
}

#[tokio::test]
async fn head_has_the_length_and_no_body() {
    let server = Server::start(Limits::default(), WebConfig::default(), async |request: Request<()>| {
        assert_eq!(request.method(), Method::HEAD);
        up(request).await
    });
    let server = server.await;
    let response = server.exchange(b"HEAD /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert_eq!(status(&response), "HTTP/1.1 200 OK");
    assert!(response.contains("\r\ncontent-length: 5\r\n"), "{response}");
    let date = response.split("\r\n").find_map(|line| line.strip_prefix("date: ")).unwrap();
    httpdate::parse_http_date(date).unwrap();
    assert!(response.ends_with("\r\n\r\n"), "{response}");
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = Server::plain(Limits::default()).await;
    let response = server.exchange(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.0\r\n\r\n").await;
    assert_eq!(response.matches("HTTP/1.1 200 OK").count() + response.matches("HTTP/1.0 200 OK").count(), 2);
}

#[tokio::test]
async fn bad_requests() {
    let server = Server::plain(Limits::default()).await;
    let get =
        |target: &str, headers: &str| format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
    let long = |length| "a".repeat(length);
    let post = |headers: &str, body: &str| {
        format!("POST /-/reload HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n\r\n{body}")
    };
    let chunk = format!("10000\r\n{}\r\n", long(0x10000));
    let cases = [
        ("GET /".to_owned() + &long(8191) + " HTTP/1.0\r\n\r\n", "HTTP/1.0 200 OK"),
        (get(&format!("/{}", long(8192)), ""), "HTTP/1.1 414 URI Too Long"),
        (get(&format!("/{}", long(20_000)), ""), "HTTP/1.1 431 Request Header Fields Too Large"),
        (get("/", &format!("A: {}\r\n", long(16_384))), "HTTP/1.1 431 Request Header Fields Too Large"),
        (get("/", &"A: b\r\n".repeat(200)), "HTTP/1.1 431 Request Header Fields Too Large"),
        ("garbage\r\n\r\n".to_owned(), "HTTP/1.1 400 Bad Request"),
        ("\0\u{1}\u{2}\r\n\r\n".to_owned(), "HTTP/1.1 400 Bad Request"),
        ("GE(T / HTTP/1.1\r\n\r\n".to_owned(), "HTTP/1.1 400 Bad Request"),
        (get("/", "no colon\r\n"), "HTTP/1.1 400 Bad Request"),
        ("GET / HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned(), "HTTP/1.1 400 Bad Request"),
        (get("/", "Host: x\r\n"), "HTTP/1.1 400 Bad Request"),
        ("GET / HTTP/1.0\r\nHost: evil\"}]<script>\r\n\r\n".to_owned(), "HTTP/1.0 400 Bad Request"),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), "no response"),
        (post("Content-Length: 5", "hello"), "HTTP/1.1 200 OK"),
        (post("Content-Length: 65536", &long(65_536)), "HTTP/1.1 200 OK"),
        (post("Content-Length: 65537", ""), "HTTP/1.1 413 Payload Too Large"),
        (post("Content-Length: 300000", &long(300_000)), "HTTP/1.1 413 Payload Too Large"),
        (post("Transfer-Encoding: chunked", &format!("{chunk}0\r\n\r\n")), "HTTP/1.1 200 OK"),
        (post("Transfer-Encoding: chunked", &format!("{chunk}1\r\na\r\n0\r\n\r\n")), "HTTP/1.1 413 Payload Too Large"),
        (post("Transfer-Encoding: chunked", "zz\r\n"), "HTTP/1.1 400 Bad Request"),
    ];
    for (request, expected) in cases {
        let response = server.exchange(request.as_bytes()).await;
        assert_eq!(status(&response), expected, "{:?}", &request[..request.len().min(80)]);
    }
    let rejected = ["uri_too_long", "body_too_large", "host"].map(|reason| server.rejected(reason));
    assert_eq!(rejected, [1, 3, 3]);
    server.until(|stats| stats.connections == 0).await;
    assert_eq!(status(&server.get("").await), "HTTP/1.1 200 OK");
}

#[tokio::test]
async fn a_large_body_that_goes_on_is_answered_and_cut_off() {
    let server = Server::plain(Limits::default()).await;
    let mut stream = server.connect().await;
    stream.write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n").await.unwrap();
    let block = vec![b'a'; 64 * 1024];
    let mut sent = 0;
    while sent < 99_999_999 && stream.write_all(&block).await.is_ok() {
        sent += block.len();
    }
    assert!(sent < 99_999_999);
    server.until(|stats| stats.connections == 0).await;
}

/// A handler whose requests end when they are told to.
#[derive(Clone)]
struct Gate {
    end: Arc<Semaphore>,
}

impl Gate {
    fn new() -> Self {
        Self { end: Arc::new(Semaphore::new(0)) }
    }

    fn handler(&self) -> impl Handler + use<> {
        let gate = self.clone();
        move |request| {
            let gate = gate.clone();
            async move {
                gate.end.acquire().await.unwrap().forget();
                up(request).await
            }
        }
    }
}

#[tokio::test]
async fn a_panic_is_an_answer() {
    let server = Server::start(Limits::default(), WebConfig::default(), async |request: Request<()>| {
        assert_ne!(request.uri().path(), "/panic", "on purpose");
        up(request).await
    });
    let server = server.await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /panic HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let responses = read_all(&mut stream).await;
    assert_eq!(status(&responses), "HTTP/1.1 500 Internal Server Error");
    assert!(responses.contains("\r\n\r\ninternal error\nHTTP/1.1 200 OK\r\n"), "{responses}");
    assert_eq!(server.stats.snapshot().in_flight, 0);
}

#[tokio::test]
async fn what_is_in_flight_ends_before_the_server_does() {
    let gate = Gate::new();
    let server = Server::start(Limits::default(), WebConfig::default(), gate.handler()).await;
    let (mut idle, mut half) = (server.connect().await, server.connect().await);
    half.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let mut busy = server.connect().await;
    busy.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    server.until(|stats| stats.in_flight == 1 && stats.connections == 3).await;
    let (address, stopped) = (server.address, tokio::spawn(server.stop()));
    assert_eq!((read_all(&mut idle).await, read_all(&mut half).await), (String::new(), String::new()));
    assert!(TcpStream::connect(address).await.is_err());
    assert!(!stopped.is_finished());
    gate.end.add_permits(1);
    let response = read_all(&mut busy).await;
    assert_eq!(status(&response), "HTTP/1.1 200 OK");
    assert!(response.contains("\r\nconnection: close\r\n"), "{response}");
    stopped.await.unwrap();
}

#[tokio::test]
async fn what_does_not_end_is_cut_off() {
    let gate = Gate::new();
    let limits = Limits { drain: Duration::from_millis(50), ..Limits::default() };
    let server = Server::start(limits, WebConfig::default(), gate.handler()).await;
    let busy = server.spawn_get();
    server.until(|stats| stats.in_flight == 1).await;
    let stats = Arc::clone(&server.stats);
    server.stop().await;
    assert_eq!(busy.await.unwrap(), "");
    assert_eq!((stats.snapshot().in_flight, stats.snapshot().connections), (0, 0));
}

#[tokio::test]
async fn basic_auth() {
    let hash = bcrypt::hash("sesame", 4).unwrap();
    let server = Server::start(Limits::default(), web(&format!("basic_auth_users: {{alice: {hash}}}")), up).await;
    for _ in 0..2 {
        for (credentials, expected) in [
            (None, "HTTP/1.1 401 Unauthorized"),
            (Some("alice:sesame"), "HTTP/1.1 200 OK"),
            (Some("alice:wrong"), "HTTP/1.1 401 Unauthorized"),
            (Some("mallory:sesame"), "HTTP/1.1 401 Unauthorized"),
            (Some("sesame"), "HTTP/1.1 401 Unauthorized"),
        ] {
            let encode = |text| base64::engine::general_purpose::STANDARD.encode(text);
            let header = credentials.map(|text| format!("Authorization: Basic {}\r\n", encode(text)));
            let response = server.get(&header.unwrap_or_default()).await;
            assert_eq!(status(&response), expected, "{credentials:?}");
            assert_eq!(
                response.contains("\r\nwww-authenticate: Basic realm=\"manometer\"\r\n"),
                !expected.ends_with("OK"),
                "{response}"
            );
        }
    }
    assert_eq!(server.rejected("unauthorized"), 8);
}

#[tokio::test]
async fn the_web_configuration_is_swapped_under_a_connection() {
    let server = Server::plain(Limits::default()).await;
    let mut stream = server.connect().await;
    assert!(!request_on(&mut stream).await.contains("x-frame-options"));
    server.web.store(Arc::new(web("http_server_config: {headers: {X-Frame-Options: deny}}")));
    assert!(request_on(&mut stream).await.contains("\r\nx-frame-options: deny\r\n"));
    let hash = bcrypt::hash("sesame", 4).unwrap();
    server.web.store(Arc::new(web(&format!("basic_auth_users: {{alice: {hash}}}"))));
    assert_eq!(status(&server.get("").await), "HTTP/1.1 401 Unauthorized");
}

#[tokio::test]
async fn configured_headers_are_on_errors_too() {
    let yaml =
        "http_server_config: {headers: {X-Content-Type-Options: nosniff}}\nrate_limit: {interval: 1h, burst: 1}\n";
    let server = Server::start(Limits::default(), web(yaml), up).await;
    let (first, second) = (server.get("").await, server.get("").await);
    assert_eq!((status(&first), status(&second)), ("HTTP/1.1 200 OK", "HTTP/1.1 429 Too Many Requests"));
    assert!(first.contains("\r\nx-content-type-options: nosniff\r\n"), "{first}");
    assert!(second.contains("\r\nx-content-type-options: nosniff\r\n"), "{second}");
    assert!(second.contains("\r\nretry-after: 3600\r\n"), "{second}");
}
