//! Servers that are not there, and servers that speak no HTTP.

use super::*;

#[tokio::test]
async fn nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut client = client(&format!("http://user:sesame@{address}/api"), Settings::default());
    let error = client.get("/x?key=sesame", PATIENCE).await.unwrap_err();
    assert_eq!(error.reason, Reason::Refused);
    assert_eq!(
        error.to_string(),
        format!(
            "GET http://{address}/api/x: connection refused; is the server running, and does it listen on this address?"
        )
    );
}

#[tokio::test]
async fn a_name_that_does_not_resolve() {
    // No label may be as long, so that no name server is asked.
    let host = "a".repeat(64);
    let error = client(&format!("http://{host}"), Settings::default()).get("/", PATIENCE).await.unwrap_err();
    assert_eq!(error.reason, Reason::Connect, "{error}");
    assert!(error.to_string().ends_with("; check host, port or path in url"), "{error}");
}

#[tokio::test]
async fn what_is_no_http() {
    for text in [
        "-ERR unknown command 'GET'\r\n",
        "\u{15}\u{3}\u{3}\0\u{2}\u{2}\u{16}",
        "HTTP/1.1 999999 X\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ] {
        let (kind, cause) = error_of([answer(text).to_vec(), vec![Step::Hang]].concat()).await;
        assert_eq!(kind, Reason::Protocol, "{text}: {cause}");
        assert!(cause.starts_with("the answer is not valid HTTP: "), "{text}: {cause}");
    }
}

#[tokio::test]
async fn a_head_has_its_limits() {
    let long = format!("HTTP/1.1 200 OK\r\nA: {}\r\n\r\n", "a".repeat(70_000));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(501));
    for text in [long, many] {
        let outcome = error_of(answer(text).to_vec()).await;
        let cause = "the head of the answer has more than 500 headers or 64 KiB".to_owned();
        assert_eq!(outcome, (Reason::Decode, cause));
    }
    let enough = format!("HTTP/1.1 200 OK\r\n{}Content-Length: 2\r\n\r\nok", "A: b\r\n".repeat(150));
    let server = Server::start([answer(&enough).to_vec()]).await;
    assert_eq!(server.client().get("/", PATIENCE).await.unwrap().body, "ok");
}

#[tokio::test]
async fn a_connection_that_ends_too_early() {
    let closed = (Reason::Connect, "the server closed the connection before its answer was whole".to_owned());
    for text in [
        "",
        "HTTP/1.1 200",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhell",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ] {
        assert_eq!(error_of(answer(text).to_vec()).await, closed, "{text}");
    }
    assert_eq!(error_of(vec![]).await.0, Reason::Connect);
    let reset = error_of([answer("HTTP/1.1 200 OK\r\n\r\nhell").to_vec(), vec![Step::Reset]].concat()).await;
    assert_eq!(reset, (Reason::Connect, "the connection broke: Connection reset by peer (os error 104)".to_owned()));
}
