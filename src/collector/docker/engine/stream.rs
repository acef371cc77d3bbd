//! Bodies of answers: whole ones, and those that go on for as long as there is something to tell.

use bytes::{Buf as _, Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::Response;
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;

use super::error::{EngineError, names_no_container};
use super::event::Event;
use super::transport::broken;

/// Bytes of an error's text that are read; the transport's budget is far larger.
const MESSAGE_LIMIT: usize = 16 << 10;

/// Bytes of one event beyond which it is skipped: a label can be long.
const EVENT_LIMIT: usize = 1 << 20;

/// The body of a good answer; the error of a bad one.
pub(super) async fn whole(response: Response<Incoming>, attempt: &str) -> Result<Vec<u8>, EngineError> {
    let status = response.status();
    if !status.is_success() {
        return Err(refused(response, attempt).await);
    }
    let (mut body, mut bytes) = (response.into_body(), Vec::new());
    while let Some(frame) = body.frame().await {
        // Copied: many small chunks would each keep the buffer alive that they were read into.
        if let Ok(data) = frame.map_err(|error| broken(&error, attempt))?.into_data() {
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes)
}

/// The content type and body of a good answer that goes on; the error of a bad one.
pub(super) async fn opened(
    response: Response<Incoming>,
    attempt: &str,
) -> Result<(Option<String>, Incoming), EngineError> {
    if !response.status().is_success() {
        return Err(refused(response, attempt).await);
    }
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Ok((content_type, response.into_body()))
}

/// Whether the answer to a probe shows that the endpoint may be used.
pub(super) async fn verdict(response: Response<Incoming>, attempt: &str) -> Result<bool, EngineError> {
    let status = response.status().as_u16();
    if response.status().is_success() {
        whole(response, attempt).await?;
        return Ok(true);
    }
    let message = message(response).await;
    match status {
        // So the engine, and Podman, say that there is no such container; a proxy that hides the path does not.
        404 => Ok(names_no_container(&message)),
        401 | 403 | 405 | 501 => Ok(false),
        400..=499 => Ok(true),
        _ => Err(EngineError::of_status(status, &message, attempt)),
    }
}

async fn refused(response: Response<Incoming>, attempt: &str) -> EngineError {
    let status = response.status().as_u16();
    EngineError::of_status(status, &message(response).await, attempt)
}

/// What the engine says of an error, short enough for a log.
async fn message(response: Response<Incoming>) -> String {
    let mut body = response.into_body();
    let mut bytes = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        let Ok(data) = frame.into_data() else { continue };
        bytes.extend_from_slice(&data[..data.len().min(MESSAGE_LIMIT - bytes.len())]);
        if bytes.len() == MESSAGE_LIMIT {
            break;
        }
    }
    shown(&bytes)
}

/// The `message` of an error's body, or its text, in one line.
pub(super) fn shown(body: &[u8]) -> String {
    let json: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let message = json.as_ref().and_then(|json| json.get("message")).and_then(serde_json::Value::as_str);
    let text = message.map_or_else(|| String::from_utf8_lossy(body).into_owned(), str::to_owned);
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect()
}

/// The events of the engine, one at a time.
pub(crate) struct EventStream {
    body: Incoming,
    attempt: String,
    lines: Lines,
    /// Events that could not be read.
    undecodable: u64,
}

impl EventStream {
    pub(super) fn new(body: Incoming, attempt: String) -> Self {
        Self { body, attempt, lines: Lines::default(), undecodable: 0 }
    }

    /// The next event; `None` when the engine has ended the stream. May be dropped and called again.
    pub(crate) async fn next(&mut self) -> Result<Option<Event>, EngineError> {
        loop {
            while let Some(line) = self.lines.next() {
                let event = if let Line::Whole(line) = line { serde_json::from_slice(&line).ok() } else { None };
                match event {
                    Some(event) => return Ok(Some(event)),
                    None => self.undecodable += 1,
                }
            }
            match self.body.frame().await {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.lines.push(&data);
                    }
                }
                Some(Err(error)) => return Err(broken(&error, &self.attempt)),
                None => return Ok(None),
            }
        }
    }

    /// Events that could not be read since this was asked last.
    pub(crate) const fn take_undecodable(&mut self) -> u64 {
        std::mem::replace(&mut self.undecodable, 0)
    }
}

/// A stream cut into lines, none of which is kept beyond [`EVENT_LIMIT`].
#[derive(Default)]
pub(super) struct Lines {
    buffer: BytesMut,
    /// Bytes of the buffer in which no line ends.
    searched: usize,
    /// Whether the rest of a line that is too long is being skipped.
    skipping: bool,
}

pub(super) enum Line {
    Whole(BytesMut),
    TooLong,
}

impl Lines {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next line that is not empty, if it is there.
    pub(super) fn next(&mut self) -> Option<Line> {
        loop {
            let Some(at) = memchr::memchr(b'\n', &self.buffer[self.searched..]) else {
                self.searched = self.buffer.len();
                if self.searched <= EVENT_LIMIT {
                    return None;
                }
                self.buffer.clear();
                self.searched = 0;
                // Told once, when it is known to be too long.
                return (!std::mem::replace(&mut self.skipping, true)).then_some(Line::TooLong);
            };
            let line = self.buffer.split_to(self.searched + at);
            self.buffer.advance(1);
            self.searched = 0;
            if !std::mem::take(&mut self.skipping) && !line.trim_ascii().is_empty() {
                return Some(Line::Whole(line));
            }
        }
    }
}

/// The log of a container, as the engine sends it.
pub(crate) struct LogBody {
    body: Incoming,
    /// Whether it has frames, if the engine says so: since API 1.42 it does.
    pub(crate) framed: Option<bool>,
    attempt: String,
}

impl LogBody {
    pub(super) fn new(body: Incoming, content_type: Option<&str>, attempt: String) -> Self {
        // An engine before API 1.42 calls every log a raw stream.
        let framed = (content_type == Some("application/vnd.docker.multiplexed-stream")).then_some(true);
        Self { body, framed, attempt }
    }

    /// The next bytes; `None` when the container has ended and all was sent. May be dropped and called again.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, EngineError> {
        loop {
            match self.body.frame().await {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if !data.is_empty() => return Ok(Some(data)),
                    _ => {}
                },
                Some(Err(error)) => return Err(broken(&error, &self.attempt)),
                None => return Ok(None),
            }
        }
    }
}

#[cfg(test)]
mod tests;
