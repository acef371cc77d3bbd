//! Redirects.

use super::*;

fn redirect(status: u16, location: &str) -> Vec<Step> {
    answer(format!("HTTP/1.1 {status} X\r\nLocation: {location}\r\nContent-Length: 4\r\n\r\nmove")).to_vec()
}

/// The cause of the error of a GET that is answered so.
async fn refused(status: u16, location: &str) -> String {
    let server = Server::start([redirect(status, location)]).await;
    let error = server.client().get("/api", PATIENCE).await.unwrap_err();
    assert_eq!(error.reason, Reason::Status, "{error}");
    assert_eq!(error.advice, "set url to where the service itself answers");
    error.cause
}

#[tokio::test]
async fn they_are_followed_on_the_same_server_and_connection() {
    let server = Server::on("127.0.0.1:0", |address| {
        let here = format!("http://user:x@{address}/c");
        let end = [answer(OK).to_vec(), vec![Step::Hang]].concat();
        [[redirect(301, "b?x=y#z"), redirect(308, &here), redirect(303, "../d"), end].concat()]
    })
    .await;
    let mut client = server.client_with(Settings { body_limit: 2, ..Settings::default() });
    assert_eq!(client.get("/api/a?k", PATIENCE).await.unwrap().body, "ok");
    assert_eq!(server.counts(), [4]);
    for (index, target) in ["/api/a?k", "/api/b?x=y", "/c", "/d"].into_iter().enumerate() {
        let request = server.request(0, index);
        assert!(request.starts_with(&format!("GET {target} HTTP/1.1\r\nhost: {}\r\n", server.address)), "{request}");
    }
}

#[tokio::test]
async fn they_are_followed_though_each_ends_its_connection() {
    let last = "HTTP/1.1 307 X\r\nLocation: /b\r\nConnection: close\r\n\r\nmove";
    let server = Server::start([answer(last).to_vec(), answer(OK).to_vec()]).await;
    assert_eq!(server.client().get("/a", PATIENCE).await.unwrap().body, "ok");
    assert_eq!(server.counts(), [1, 1]);
}

#[tokio::test]
async fn they_are_not_followed_to_another_server() {
    for (status, location, shown) in [
        (301, "http://other.example/x", "http://other.example/x"),
        (302, "//other.example", "http://other.example/"),
        (302, "https://user:sesame@other.example:8443/x?key=sesame#sesame", "https://other.example:8443/x"),
        (307, "http://127.0.0.1:9/x", "http://127.0.0.1:9/x"),
        (308, "file:///etc/passwd", "file:///etc/passwd"),
    ] {
        assert_eq!(refused(status, location).await, format!("answered {status}, which leads to {shown}"));
    }
    let long = format!("http://other.example/{}", "a".repeat(1000));
    assert_eq!(refused(301, &long).await, format!("answered 301, which leads to {}", &long[..200]));
    assert_eq!(refused(301, "http://[").await, "answered 301, and its Location is not a URL");
}

#[tokio::test]
async fn another_scheme_on_the_same_port_is_another_server() {
    let server = Server::on("127.0.0.1:0", |address| [redirect(301, &format!("https://{address}/"))]).await;
    let error = server.client().get("/", PATIENCE).await.unwrap_err();
    assert_eq!(error.cause, format!("answered 301, which leads to https://{}/", server.address));
}

#[tokio::test]
async fn circles_have_an_end() {
    let server = Server::start([vec![redirect(302, "/"); 5].concat()]).await;
    let error = server.client().get("/", PATIENCE).await.unwrap_err();
    assert_eq!((error.reason, &*error.cause), (Reason::Status, "redirected more than 3 times"));
    assert_eq!(server.counts(), [4]);
}

#[tokio::test]
async fn a_post_is_sent_nowhere_else() {
    let server = Server::start([redirect(307, "/x")]).await;
    let error = server.client().post("/", "text/plain", Bytes::new(), PATIENCE).await.unwrap_err();
    assert_eq!(error.reason, Reason::Status);
    assert_eq!(error.cause, format!("answered 307, which leads to http://{}/x", server.address));
}

#[tokio::test]
async fn other_answers_with_a_3_are_answers() {
    for head in ["302 X", "304 X\r\nLocation: /x", "300 X\r\nLocation: /x"] {
        let server = Server::answering(format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n")).await;
        let response = server.client().get("/", PATIENCE).await.unwrap();
        assert_eq!(response.status.to_string(), head[..3]);
    }
}
