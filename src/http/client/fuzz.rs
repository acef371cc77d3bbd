//! Answers of a service: heads, redirects and bodies.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::runtime::{Builder, Runtime};

use super::connection::Connection;
use super::{Client, Settings};
use crate::net::BaseUrl;

const BODY_LIMIT: usize = 10_000;

/// Longer than an error's own words and what of a server's they repeat.
const WORDS: usize = 1_000;

/// The bytes are all that a server sends, to whatever it is asked. What comes out is within its limits, and an error says
/// nothing of what is secret.
pub(crate) fn answer(bytes: &[u8]) {
    thread_local! {
        static RUNTIME: Option<Runtime> = Builder::new_current_thread().enable_all().build().ok();
    }
    RUNTIME.with(|runtime| {
        if let Some(runtime) = runtime {
            runtime.block_on(exchange(bytes));
        }
    });
}

async fn exchange(bytes: &[u8]) {
    // Where it would connect again, nobody listens.
    let Ok(base) = BaseUrl::parse("http://user:hunter2@127.0.0.1:1/base") else { return };
    let Ok(mut client) = Client::new(&base, Settings { body_limit: BODY_LIMIT, ..Settings::default() }) else { return };
    let (ours, mut theirs) = tokio::io::duplex(bytes.len() + 4_096);
    if theirs.write_all(bytes).await.is_err() || theirs.shutdown().await.is_err() {
        return;
    }
    client.connection = Connection::over(Box::new(ours)).await.ok();
    match client.get("/stats?key=hunter2", Duration::from_secs(5)).await {
        Ok(response) => {
            assert!(response.body.len() <= BODY_LIMIT);
            assert!(response.retry_after.is_none_or(|wait| wait <= Duration::from_hours(1)));
            assert!((200..1_000).contains(&response.status), "{}", response.status);
            assert!(response.content_type.is_none_or(|text| text.len() <= bytes.len() && !text.contains(['\r', '\n'])));
        }
        Err(error) => {
            let shown = error.to_string();
            assert!(shown.len() <= WORDS && !shown.contains(['\r', '\n', '\u{1b}']), "{shown:?}");
            // It may be what the server itself has sent.
            let is_theirs = memchr::memmem::find(bytes, b"hunter2").is_some();
            assert!(is_theirs || !shown.contains("hunter2"), "{shown}");
        }
    }
    drop(theirs);
}
