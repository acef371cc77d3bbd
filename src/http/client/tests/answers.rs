//! Bodies: how they end, how large they are, how they are encoded.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An answer with this encoding and body.
fn encoded(encoding: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// The body, or the kind of error and its cause, with a limit of `limit` bytes.
async fn body_of(bytes: impl AsRef<[u8]>, limit: usize) -> Result<Bytes, (Reason, String)> {
    let server = Server::start([answer(bytes).to_vec()]).await;
    let mut client = server.client_with(Settings { body_limit: limit, ..Settings::default() });
    client.get("/", PATIENCE).await.map(|response| response.body).map_err(|error| (error.reason, error.cause))
}

#[tokio::test]
async fn a_body_ends_by_its_length_by_chunks_or_with_the_connection() {
    for text in [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nA: b\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nhello",
        "HTTP/1.0 200 OK\r\n\r\nhello",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        // What is more than announced is not read.
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello world",
    ] {
        assert_eq!(body_of(text, 5).await.unwrap(), "hello", "{text}");
    }
    for text in ["HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"] {
        assert_eq!(body_of(text, 5).await.unwrap(), "", "{text}");
    }
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_cut_off() {
    let too_large = Err((Reason::Decode, "the body is larger than 5 bytes".to_owned()));
    for text in [
        // The length alone is enough.
        "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n",
        "HTTP/1.1 200 OK\r\n\r\nhello!",
    ] {
        assert_eq!(body_of(text, 5).await, too_large, "{text}");
    }
    let endless = [answer("HTTP/1.1 200 OK\r\n\r\n").to_vec(), vec![Step::Repeat(&[b'a'; 4096])]].concat();
    let (kind, cause) = error_of(endless).await;
    assert_eq!((kind, &*cause), (Reason::Decode, "the body is larger than 1048576 bytes"));
}

#[tokio::test]
async fn gzip_that_nobody_asked_for_is_decoded_within_the_limit() {
    let body = gzip(b"hello");
    assert_eq!(body_of(encoded("gzip", &body), 100).await.unwrap(), "hello");
    assert_eq!(body_of(encoded("X-GZIP", &body), 100).await.unwrap(), "hello");
    assert_eq!(body_of(encoded("gzip", &[body.clone(), gzip(b" world")].concat()), 100).await.unwrap(), "hello world");
    assert_eq!(body_of(encoded("identity", b"hello"), 100).await.unwrap(), "hello");
    assert_eq!(body_of(encoded("gzip", b""), 100).await.unwrap(), "");

    let bomb = gzip(&vec![0; 1_000_000]);
    assert!(bomb.len() < 20_000, "{}", bomb.len());
    let error = body_of(encoded("gzip", &bomb), 20_000).await.unwrap_err();
    assert_eq!(error, (Reason::Decode, "the body is larger than 20000 bytes".to_owned()));

    for (encoding, body, cause) in [
        ("gzip", &body[..body.len() - 1], "it is not valid gzip ("),
        ("gzip", b"hello", "it is not valid gzip ("),
        ("br", b"hello", "it is encoded as br"),
        ("gzip, br", b"hello", "it is encoded as gzip, br"),
        // What a server writes goes into logs: a little of it is enough.
        (&"x".repeat(9000), b"hello", &format!("it is encoded as {}", "x".repeat(32))),
    ] {
        let (kind, text) = body_of(encoded(encoding, body), 100).await.unwrap_err();
        assert_eq!(kind, Reason::Protocol);
        assert!(text.starts_with(&format!("the body cannot be read: {cause}")), "{text}");
        assert!(text.len() < 100, "{text}");
    }
}

#[tokio::test]
async fn the_phases_of_a_request_add_up() {
    let server = Server::start([[answer(OK).to_vec(), answer(OK).to_vec(), vec![Step::Hang]].concat()]).await;
    let mut client = server.client();
    let started = std::time::Instant::now();
    let first = client.get("/", PATIENCE).await.unwrap().phases;
    assert!(!first.connect.is_zero() && !first.first_byte.is_zero(), "{first:?}");
    assert!(first.connect + first.tls + first.first_byte + first.transfer <= started.elapsed(), "{first:?}");
    let second = client.get("/", PATIENCE).await.unwrap().phases;
    assert_eq!((first.tls, second.connect, second.tls), Default::default());
    assert!(!second.first_byte.is_zero(), "{second:?}");
}
