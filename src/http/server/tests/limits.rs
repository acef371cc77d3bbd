//! Deadlines, room for connections, and requests at once.

use super::*;

#[tokio::test]
async fn a_slow_request_is_cut_off() {
    let limits = Limits { header_timeout: Duration::from_millis(50), ..Limits::default() };
    let server = Server::plain(limits).await;
    for part in
        ["", "GET / HTT", "GET / HTTP/1.1\r\nHost: x\r\n", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel"]
    {
        assert_eq!(server.exchange(part.as_bytes()).await, "", "{part}");
    }
    let mut stream = server.connect().await;
    request_on(&mut stream).await;
    stream.write_all(b"GET / HTT").await.unwrap();
    assert_eq!(read_all(&mut stream).await, "");
    server.until(|stats| stats.connections == 0 && stats.timed_out == 5).await;
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let limits = Limits { idle_timeout: Duration::from_millis(50), ..Limits::default() };
    let server = Server::plain(limits).await;
    let mut stream = server.connect().await;
    request_on(&mut stream).await;
    assert_eq!(read_all(&mut stream).await, "");
    server.until(|stats| stats.connections == 0 && stats.timed_out == 1).await;
}

#[tokio::test]
async fn a_client_that_never_reads_is_cut_off() {
    let limits = Limits { write_timeout: Duration::from_millis(50), ..Limits::default() };
    let large = Bytes::from(vec![b'a'; 64 * 1024 * 1024]);
    let server = Server::start(limits, WebConfig::default(), move |_: Request<()>| {
        let body = large.clone();
        async { Response::new(Full::new(body)) }
    });
    let server = server.await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    server.until(|stats| stats.timed_out == 1 && stats.connections == 0).await;
    drop(stream);
}

#[tokio::test]
async fn clients_that_never_read_give_way() {
    let limits = Limits { connections: 2, crowded_write_timeout: Duration::ZERO, ..Limits::default() };
    let large = Bytes::from(vec![b'a'; 64 * 1024 * 1024]);
    let server = Server::start(limits, WebConfig::default(), move |request: Request<()>| {
        let body = if request.uri().path() == "/large" { large.clone() } else { Bytes::new() };
        async { Response::new(Full::new(body)) }
    });
    let server = server.await;
    let mut unread = Vec::new();
    for at in 1..=2 {
        let mut stream = server.connect().await;
        stream.write_all(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        server.until(|stats| stats.requests.iter().map(|(_, count)| count).sum::<u64>() == at).await;
        unread.push(stream);
    }
    assert_eq!(status(&server.get("").await), "HTTP/1.1 200 OK");
    assert_eq!(server.stats.snapshot().evicted, 1);
}

#[tokio::test]
async fn silent_connections_give_way() {
    // Both ends of each connection are in this process.
    let open_files = procfs::process::Process::myself().unwrap().limits().unwrap().max_open_files.soft_limit;
    let enough =
        matches!(open_files, procfs::process::LimitValue::Value(4096..) | procfs::process::LimitValue::Unlimited);
    let (connections, clients) = if enough { (512, 2000) } else { (64, 250) };
    let server = Server::plain(Limits { connections, ..Limits::default() }).await;
    let mut silent = Vec::new();
    for _ in 0..clients {
        silent.push(server.connect().await);
    }
    assert_eq!(status(&server.get("").await), "HTTP/1.1 200 OK");
    let stats = server.stats.snapshot();
    assert_eq!((stats.accepted, stats.evicted), (clients + 1, clients + 1 - connections as u64));
    assert_eq!(read_all(&mut silent[0]).await, "", "the longest idle went first");
}

#[tokio::test]
async fn the_longest_idle_connection_gives_way() {
    let limits = Limits { connections: 2, ..Limits::default() };
    let server = Server::plain(limits).await;
    let (mut first, mut second) = (server.connect().await, server.connect().await);
    request_on(&mut second).await;
    request_on(&mut first).await;
    let mut third = server.connect().await;
    request_on(&mut third).await;
    assert_eq!(read_all(&mut second).await, "");
    request_on(&mut first).await;
    assert_eq!(server.stats.snapshot().evicted, 1);
}

#[tokio::test]
async fn when_all_are_busy_the_newcomer_is_refused() {
    let gate = Gate::new();
    let limits = Limits { connections: 2, ..Limits::default() };
    let server = Server::start(limits, WebConfig::default(), gate.handler()).await;
    let busy = [server.spawn_get(), server.spawn_get()];
    server.until(|stats| stats.in_flight == 2).await;
    let response = server.get("").await;
    assert_eq!(status(&response), "HTTP/1.1 503 Service Unavailable");
    assert!(response.contains("\r\nRetry-After: 1\r\n"), "{response}");
    assert!(response.ends_with("\r\n\r\ntoo many connections\n"), "{response}");
    assert_eq!(server.rejected("connections"), 1);
    gate.end.add_permits(2);
    for request in busy {
        assert_eq!(status(&request.await.unwrap()), "HTTP/1.1 200 OK");
    }
    assert_eq!(server.stats.snapshot().evicted, 0);
}

#[tokio::test]
async fn too_many_requests_in_flight() {
    let gate = Gate::new();
    let limits = Limits { requests: 1, ..Limits::default() };
    let server = Server::start(limits, WebConfig::default(), gate.handler()).await;
    let busy = server.spawn_get();
    server.until(|stats| stats.in_flight == 1).await;
    let response = server.get("").await;
    assert_eq!(status(&response), "HTTP/1.1 503 Service Unavailable");
    assert!(response.contains("\r\nretry-after: 1\r\n"), "{response}");
    assert_eq!(server.rejected("requests"), 1);
    gate.end.add_permits(2);
    assert_eq!(status(&busy.await.unwrap()), "HTTP/1.1 200 OK");
    assert_eq!(status(&server.get("").await), "HTTP/1.1 200 OK");
}

#[tokio::test]
async fn a_client_that_goes_away_frees_its_request() {
    let gate = Gate::new();
    let limits = Limits { requests: 1, ..Limits::default() };
    let server = Server::start(limits, WebConfig::default(), gate.handler()).await;
    let busy = server.spawn_get();
    server.until(|stats| stats.in_flight == 1).await;
    busy.abort();
    server.until(|stats| stats.in_flight == 0 && stats.connections == 0).await;
}
