//! Requests: all that a client sends on one connection.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use arc_swap::ArcSwap;
use hyper::server::conn::http1;
use memchr::memmem;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;

use super::activity::Activity;
use super::{Limits, MAX_HEAD_BYTES, ServerStats, Shared, connection};
use crate::http::routes::Routes;
use crate::http::web::WebConfig;
use crate::hub::Hub;

/// Each answer is a whole one and ends before the next begins, no handler panics, and a request is counted once.
pub(crate) fn request(bytes: &[u8]) {
    thread_local! {
        static RUNTIME: Option<Runtime> = Builder::new_current_thread().enable_all().build().ok();
    }
    RUNTIME.with(|runtime| {
        if let Some(runtime) = runtime {
            runtime.block_on(serve(bytes));
        }
    });
}

async fn serve(bytes: &[u8]) {
    let mut http = http1::Builder::new();
    http.max_header_size(MAX_HEAD_BYTES).header_read_timeout(None);
    let hub = Arc::new(Hub::new(|_| {}));
    let (reload, _) = mpsc::channel(1);
    let routes = Routes::new(hub, reload, Arc::default(), Box::new(|name| name.is_empty().then(String::new)));
    let shared = Shared {
        web: Arc::new(ArcSwap::from_pointee(WebConfig::default())),
        limits: Limits::default(),
        handler: Arc::new(routes),
        stats: Arc::new(ServerStats::default()),
        http,
        draining: AtomicBool::new(false),
    };
    let activity = Activity::new();
    let (ours, mut theirs) = tokio::io::duplex(bytes.len() + 4_096);
    let client = async {
        let mut answers = Vec::new();
        if theirs.write_all(bytes).await.is_ok() && theirs.shutdown().await.is_ok() {
            let _ = theirs.read_to_end(&mut answers).await;
        }
        answers
    };
    let ((), answers) = tokio::join!(connection::requests(ours, None, &shared, &activity), client);
    assert!(memmem::find(&answers, b"\r\n\r\ninternal error\n").is_none());
    assert_eq!(shared.stats.snapshot().in_flight, 0);
    let is_head = memmem::find(bytes, b"HEAD").is_some();
    if !is_head {
        assert_whole(&answers);
    }
}

/// Answers, each with a head, and a body of the length that it says.
fn assert_whole(answers: &[u8]) {
    let mut rest = answers;
    while !rest.is_empty() {
        let end = memmem::find(rest, b"\r\n\r\n");
        let shown = rest.escape_ascii();
        let Some((head, after)) = end.and_then(|end| rest.split_at_checked(end + 4)) else { panic!("{shown}") };
        let head = String::from_utf8_lossy(head).to_ascii_lowercase();
        assert!(head.starts_with("http/1."), "{shown}");
        let mut lines = head.trim_end().lines().skip(1);
        assert!(lines.all(|line| line.contains(": ")), "{shown}");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        let Some((_, after)) = after.split_at_checked(length.unwrap_or(0)) else { panic!("{shown}") };
        rest = after;
    }
}
