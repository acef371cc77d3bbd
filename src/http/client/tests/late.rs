//! The time limit, wherever it passes.

use super::*;

/// The error of a GET within [`SHORT`] from a server with this script.
async fn late(script: Vec<Step>) -> PollError {
    let server = Server::start([script]).await;
    let mut client = server.client();
    let error = client.get("/", SHORT).await.unwrap_err();
    assert_eq!(error.reason, Reason::Timeout);
    assert!(client.connection.is_none());
    error
}

#[tokio::test]
async fn no_answer() {
    let error = late(vec![Step::Hear, Step::Hang]).await;
    assert_eq!(error.cause, "connected, but no answer within 50ms");
    assert_eq!(error.advice, "the server hangs or is overloaded, or the time limit is too short for it");
}

#[tokio::test]
async fn half_a_head() {
    let error = late([answer("HTTP/1.1 200 OK\r\nContent-").to_vec(), vec![Step::Hang]].concat()).await;
    assert_eq!(error.cause, "connected, but no answer within 50ms");
}

#[tokio::test]
async fn a_head_without_the_body() {
    let error =
        late([answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel").to_vec(), vec![Step::Hang]].concat()).await;
    assert_eq!(error.cause, "the answer is not whole within 50ms, after 3 bytes of its body");
}

#[tokio::test]
async fn a_slow_drip_of_head_or_body() {
    let head = late(vec![Step::Hear, Step::Say(b"HTTP/1.1 200 OK\r\n".to_vec()), Step::Drip(b"A: b\r\n")]).await;
    assert_eq!(head.cause, "connected, but no answer within 50ms");
    let body = late([answer("HTTP/1.1 200 OK\r\n\r\n").to_vec(), vec![Step::Drip(b"a")]].concat()).await;
    assert!(body.cause.starts_with("the answer is not whole within 50ms, after "), "{body}");
}

#[tokio::test]
async fn a_redirect_to_nowhere() {
    let redirect = "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n";
    let error = late([answer(redirect).to_vec(), vec![Step::Hear, Step::Hang]].concat()).await;
    assert_eq!(error.cause, "connected, but no answer within 50ms");
}

#[tokio::test]
async fn a_tls_handshake_that_hangs_is_late_to_connect() {
    for (limit, connect_timeout) in [(PATIENCE, SHORT), (SHORT, PATIENCE)] {
        let server = Server::start([vec![Step::Hang, Step::Drip(b"")]]).await;
        let settings = Settings { connect_timeout, ..Settings::default() };
        let mut client = client(&format!("https://{}", server.address), settings);
        let error = client.get("/", limit).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "GET https://{}/: not connected within 50ms; the server hangs, a firewall drops the packets, or the \
                 port does not speak TLS",
                server.address
            )
        );
    }
}

#[tokio::test]
async fn a_name_server_that_hangs() {
    let mut client = client("http://service.example", Settings { connect_timeout: SHORT, ..Settings::default() });
    let (_pending, resolver) = Resolver::hanging();
    client.resolver = resolver;
    let error = client.get("/", PATIENCE).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "GET http://service.example/: not connected within 50ms; the server or the name server hangs, or a firewall \
         drops the packets"
    );
}
