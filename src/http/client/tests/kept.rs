//! The connection that is kept, and when it is not.

use super::*;

const BAD_CHUNK: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n";

fn steps(parts: &[&[Step]]) -> Vec<Step> {
    parts.concat()
}

/// A connection on which there is one more answer.
fn good() -> Vec<Step> {
    steps(&[&answer(OK), &[Step::Hang]])
}

#[tokio::test]
async fn requests_share_a_connection() {
    let chunked = answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n");
    let empty = answer("HTTP/1.1 204 No Content\r\n\r\n");
    let server = Server::start([steps(&[&answer(OK), &chunked, &empty, &answer(OK), &[Step::Hang]])]).await;
    let mut client = server.client();
    for expected in ["ok", "ok", ""] {
        assert_eq!(client.get("/", PATIENCE).await.unwrap().body, expected);
    }
    let posted = client.post("/", "text/plain", Bytes::from_static(b"x"), PATIENCE).await;
    assert_eq!(posted.unwrap().body, "ok");
    assert_eq!(server.counts(), [4]);
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_is_replaced() {
    let server = Server::start([answer(OK).to_vec(), answer(OK).to_vec(), good()]).await;
    let mut client = server.client();
    for connections in 1..=3 {
        assert_eq!(client.get("/", PATIENCE).await.unwrap().body, "ok");
        server.until(&vec![1; connections]).await;
    }
}

#[tokio::test]
async fn a_request_that_got_lost_on_a_kept_connection_is_sent_once_more() {
    for ending in [vec![], vec![Step::Reset]] {
        let lost = steps(&[&answer(OK), &[Step::Hear], &ending]);
        let server = Server::start([lost.clone(), lost, good()]).await;
        let mut client = server.client();
        assert_eq!(client.get("/first", PATIENCE).await.unwrap().body, "ok");
        let posted = client.post("/second", "text/plain", Bytes::from_static(b"x"), PATIENCE).await;
        assert_eq!(posted.unwrap().body, "ok");
        assert_eq!(server.counts(), [2, 1]);
        assert_eq!(server.request(0, 1), server.request(1, 0));
        assert_eq!(client.get("/third", PATIENCE).await.unwrap().body, "ok");
        assert_eq!(server.counts(), [2, 2, 1]);
    }
}

#[tokio::test]
async fn a_request_that_gets_lost_on_a_new_connection_is_not_sent_again() {
    let lost = vec![Step::Hear];
    let server = Server::start([lost.clone(), steps(&[&answer(OK), &lost]), lost, good()]).await;
    let mut client = server.client();
    let closed = "the server closed the connection before its answer was whole";
    assert_eq!(client.get("/", PATIENCE).await.unwrap_err().cause, closed);
    assert_eq!(server.counts(), [1]);
    assert_eq!(client.get("/", PATIENCE).await.unwrap().body, "ok");
    // Sent again once, and lost again.
    assert_eq!(client.get("/", PATIENCE).await.unwrap_err().cause, closed);
    assert_eq!(server.counts(), [1, 2, 1]);
    assert_eq!(client.get("/", PATIENCE).await.unwrap().body, "ok");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_an_error_on_a_kept_connection_too() {
    for begun in ["H", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no"] {
        let server = Server::start([steps(&[&answer(OK), &answer(begun)]), good()]).await;
        let mut client = server.client();
        client.get("/", PATIENCE).await.unwrap();
        let error = client.get("/", PATIENCE).await.unwrap_err();
        assert_eq!(error.reason, Reason::Connect, "{error}");
        assert_eq!(error.cause, "the server closed the connection before its answer was whole");
        assert_eq!(server.counts(), [2]);
        assert_eq!(client.get("/", PATIENCE).await.unwrap().body, "ok");
    }
}

#[tokio::test]
async fn a_connection_is_not_kept_after() {
    let last = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
    let http_1_0 = "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let too_much = format!("{OK}HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstale");
    let large = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nbig\r\n";
    let announced = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbig";
    for (text, outcome) in [
        (last, Ok("ok")),
        (http_1_0, Ok("ok")),
        (&too_much, Ok("ok")),
        (large, Err(Reason::Decode)),
        (announced, Err(Reason::Decode)),
        (BAD_CHUNK, Err(Reason::Protocol)),
        ("garbage\r\n\r\n", Err(Reason::Protocol)),
    ] {
        // The server would go on, and does when the client is gone.
        let server = Server::start([steps(&[&answer(text), &answer("never")]), good()]).await;
        let mut client = server.client_with(Settings { body_limit: 2, ..Settings::default() });
        let first = client.get("/", PATIENCE).await.map_err(|error| error.reason);
        assert_eq!(
            first.map(|response| response.body),
            outcome.map(|text| Bytes::from_static(text.as_bytes())),
            "{text}"
        );
        assert!(client.connection.is_none(), "{text}");
        assert_eq!(client.get("/", PATIENCE).await.unwrap().body, "ok");
        assert_eq!(server.counts(), [1, 1], "{text}");
    }
}

#[tokio::test]
async fn what_a_server_says_unasked_is_never_an_answer() {
    let unasked = Step::Say(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 5\r\n\r\nstale".to_vec());
    let server = Server::start([steps(&[&answer(OK), &[unasked, Step::Note, Step::Hang]]), good()]).await;
    let mut client = server.client();
    client.get("/", PATIENCE).await.unwrap();
    server.until(&[2]).await;
    // Lets the runtime learn of what has arrived.
    tokio::task::yield_now().await;
    assert_eq!(client.get("/", PATIENCE).await.unwrap().body, "ok");
    assert_eq!(server.counts(), [2, 1]);
}

#[tokio::test]
async fn a_request_that_is_given_up_takes_its_connection_along() {
    let stale = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstale";
    let server = Server::start([steps(&[&answer(OK), &[Step::Hear, Step::Hang], &answer(stale)]), good()]).await;
    let mut client = server.client();
    client.get("/", PATIENCE).await.unwrap();
    assert!(client.connection.is_some());
    tokio::select! {
        answer = client.get("/given-up", PATIENCE) => panic!("{answer:?}"),
        () = server.until(&[2]) => {}
    }
    assert!(client.connection.is_none());
    assert_eq!(client.get("/", PATIENCE).await.unwrap().body, "ok");
    assert_eq!(server.counts(), [2, 1]);
}
