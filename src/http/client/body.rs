//! The body of an answer, within its limit.

use std::io::Read as _;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use http_body_util::BodyExt as _;
use hyper::HeaderMap;
use hyper::body::{Body as _, Incoming};
use hyper::header::CONTENT_ENCODING;

use super::connection::Fault;
use super::error::Failure;
use crate::hub::Reason;

/// Bytes of an announced length for which there is room at once.
const BELIEVED: usize = 64 << 10;

/// Bytes of a foreign encoding's name that are shown.
const SHOWN: usize = 32;

/// Reads `body` to its end, as sent. `received` is kept up to date with the bytes so far.
pub(super) async fn read(mut body: Incoming, limit: usize, received: &mut usize) -> Result<Bytes, Fault> {
    let announced = body.size_hint().exact();
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(Fault::Failure(too_large(limit)));
    }
    let announced = announced.and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
    // More is had when it is there.
    let mut bytes = Vec::with_capacity(announced.min(BELIEVED));
    while let Some(frame) = body.frame().await {
        // Trailers say nothing that anyone here asks for.
        let Ok(data) = frame.map_err(Fault::Broken)?.into_data() else { continue };
        if data.len() > limit - bytes.len() {
            return Err(Fault::Failure(too_large(limit)));
        }
        // Copied: many small chunks would each keep the buffer alive that they were read into.
        bytes.extend_from_slice(&data);
        *received = bytes.len();
    }
    Ok(bytes.into())
}

/// Decodes a body that was compressed though nobody asked for it; what comes out is within the limit too.
pub(super) fn decode(headers: &HeaderMap, body: Bytes, limit: usize) -> Result<Bytes, Failure> {
    let Some(encoding) = headers.get(CONTENT_ENCODING) else { return Ok(body) };
    let encoding = encoding.as_bytes().trim_ascii();
    if body.is_empty() || encoding.is_empty() || encoding.eq_ignore_ascii_case(b"identity") {
        return Ok(body);
    }
    if !encoding.eq_ignore_ascii_case(b"gzip") && !encoding.eq_ignore_ascii_case(b"x-gzip") {
        let shown = &encoding[..encoding.len().min(SHOWN)];
        return Err(undecodable(&format!("it is encoded as {}", shown.escape_ascii())));
    }
    let mut bytes = Vec::new();
    let mut decoder = MultiGzDecoder::new(&body[..]).take(limit as u64 + 1);
    decoder.read_to_end(&mut bytes).map_err(|error| undecodable(&format!("it is not valid gzip ({error})")))?;
    if bytes.len() > limit {
        return Err(too_large(limit));
    }
    Ok(bytes.into())
}

fn undecodable(cause: &str) -> Failure {
    Failure::new(
        Reason::Protocol,
        format!("the body cannot be read: {cause}"),
        "the agent asks for identity; let the server, or the proxy before it, not compress",
    )
}

fn too_large(limit: usize) -> Failure {
    Failure::new(
        Reason::Decode,
        format!("the body is larger than {limit} bytes"),
        "is it the right path? Let it answer with less",
    )
}
