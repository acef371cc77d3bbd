//! One request: what is asked of it before it reaches the handler, and of the response.

use std::convert::Infallible;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use hyper::header::{AUTHORIZATION, CONNECTION, DATE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::{Request, Response, StatusCode};
use tracing::error;

use super::activity::Activity;
use super::host;
use super::stats::Rejection;
use super::{Handler, PLAIN, Peer, Shared, respond};
use crate::http::web::{Authenticator, Credentials, Verdict};

/// Bytes of a request target, after which it is answered with 414.
const MAX_URI_BYTES: usize = 8 * 1024;
/// Bytes of a request body, after which it is answered with 413.
const MAX_BODY_BYTES: usize = 64 * 1024;
const ONE_SECOND: Duration = Duration::from_secs(1);

/// The requests of one connection.
pub(super) struct Exchange<'a, H> {
    shared: &'a Shared<H>,
    activity: &'a Activity,
    left_unread: AtomicBool,
}

impl<'a, H: Handler> Exchange<'a, H> {
    pub(super) const fn new(shared: &'a Shared<H>, activity: &'a Activity) -> Self {
        Self { shared, activity, left_unread: AtomicBool::new(false) }
    }

    /// Whether a request was answered before all of it was read.
    pub(super) fn left_unread(&self) -> bool {
        self.left_unread.load(Ordering::Relaxed)
    }
}

/// Answers a request.
pub(super) async fn answer<H: Handler>(
    exchange: &Exchange<'_, H>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let shared = exchange.shared;
    let mut response = match checked(exchange, request).await {
        Ok(response) => response,
        Err(refusal) => {
            shared.stats.rejected(refusal.reason);
            refusal.response()
        }
    };
    shared.stats.answered(response.status());
    for (name, value) in &shared.web.load().headers {
        response.headers_mut().insert(name, value.clone());
    }
    if let Some(now) = date(SystemTime::now()) {
        response.headers_mut().insert(DATE, now);
    }
    if shared.draining.load(Ordering::Relaxed) || exchange.left_unread() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    exchange.activity.responded();
    Ok(response)
}

/// The Date header; none while the clock has no date that it could be.
fn date(now: SystemTime) -> Option<HeaderValue> {
    let is_date = now == reader::in_calendar(now);
    is_date.then(|| HeaderValue::try_from(httpdate::fmt_http_date(now)).ok()).flatten()
}

async fn checked<H: Handler>(
    exchange: &Exchange<'_, H>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Refusal> {
    let shared = exchange.shared;
    if request.uri().path_and_query().is_some_and(|target| target.as_str().len() > MAX_URI_BYTES) {
        return Err(Refusal::new(Rejection::UriTooLong));
    }
    let (head, body) = request.into_parts();
    if !body.is_end_stream() {
        discard(body).await.inspect_err(|_| exchange.left_unread.store(true, Ordering::Relaxed))?;
    }
    if !host::is_right(&head) {
        return Err(Refusal::new(Rejection::Host));
    }
    if !exchange.activity.begin() {
        return Err(Refusal::new(Rejection::Connections));
    }
    if let Some((auth, credentials)) = admit(shared, head.headers.get(AUTHORIZATION))? {
        let peer = head.extensions.get::<Peer>().map(|Peer(ip)| *ip);
        verdict(auth.verify(credentials, peer).await)?;
    }
    let Some(_in_flight) = shared.stats.begin(shared.limits.requests) else {
        return Err(Refusal::new(Rejection::Requests));
    };
    Ok(handle(shared, Request::from_parts(head, ())).await)
}

/// Reads a body to its end, for nothing. The deadline is that of receiving the request.
async fn discard(mut body: Incoming) -> Result<(), Refusal> {
    let mut left = MAX_BODY_BYTES;
    if body.size_hint().lower() > left as u64 {
        return Err(Refusal::new(Rejection::BodyTooLarge));
    }
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Err(Refusal::new(Rejection::Malformed)) };
        let length = frame.data_ref().map_or(0, Bytes::len);
        left = left.checked_sub(length).ok_or(Refusal::new(Rejection::BodyTooLarge))?;
    }
    Ok(())
}

/// Asks the rate limit and what is known of the credentials; returns those that must be verified first.
fn admit<H>(
    shared: &Shared<H>,
    authorization: Option<&HeaderValue>,
) -> Result<Option<(Arc<Authenticator>, Credentials)>, Refusal> {
    let web = shared.web.load();
    if let Some(limit) = &web.rate_limit {
        limit.take().map_err(|wait| Refusal { reason: Rejection::RateLimit, retry_after: wait })?;
    }
    let Some(auth) = &web.auth else { return Ok(None) };
    match auth.check(authorization) {
        Ok(known) => verdict(known).map(|()| None),
        Err(credentials) => Ok(Some((Arc::clone(auth), credentials))),
    }
}

fn verdict(verdict: Verdict) -> Result<(), Refusal> {
    match verdict {
        Verdict::Allowed => Ok(()),
        Verdict::Denied => Err(Refusal::new(Rejection::Unauthorized)),
        Verdict::Busy => Err(Refusal::new(Rejection::AuthBusy)),
    }
}

/// Runs the handler; a panic in it is an answer too.
async fn handle<H: Handler>(shared: &Shared<H>, request: Request<()>) -> Response<Full<Bytes>> {
    let mut response = pin!(async { shared.handler.handle(request).await });
    let result = poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| response.as_mut().poll(cx))) {
        Ok(poll) => poll.map(Some),
        Err(_) => Poll::Ready(None),
    });
    result.await.unwrap_or_else(|| {
        error!("an HTTP handler panicked; this is a fault of the agent, please report it");
        respond(StatusCode::INTERNAL_SERVER_ERROR, PLAIN, "internal error\n")
    })
}

/// Why a request does not reach the handler.
struct Refusal {
    reason: Rejection,
    /// When it may be tried again, where that helps.
    retry_after: Duration,
}

impl Refusal {
    const fn new(reason: Rejection) -> Self {
        Self { reason, retry_after: ONE_SECOND }
    }

    fn response(&self) -> Response<Full<Bytes>> {
        let (status, text) = match self.reason {
            Rejection::RateLimit => (StatusCode::TOO_MANY_REQUESTS, "too many requests\n"),
            Rejection::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized\n"),
            Rejection::UriTooLong => (StatusCode::URI_TOO_LONG, "request target too long\n"),
            Rejection::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "request body too large\n"),
            Rejection::Host => {
                (StatusCode::BAD_REQUEST, "bad request: it needs one Host header, with a name or an address\n")
            }
            Rejection::Malformed | Rejection::Tls => (StatusCode::BAD_REQUEST, "bad request\n"),
            Rejection::Requests => (StatusCode::SERVICE_UNAVAILABLE, "too many requests in flight\n"),
            Rejection::AuthBusy => (StatusCode::SERVICE_UNAVAILABLE, "too many passwords to check\n"),
            Rejection::Connections => (StatusCode::SERVICE_UNAVAILABLE, "too many connections\n"),
        };
        let mut response = respond(status, PLAIN, text);
        let headers = response.headers_mut();
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"manometer\""));
            }
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                let seconds = self.retry_after.as_millis().div_ceil(ONE_SECOND.as_millis());
                headers.insert(RETRY_AFTER, HeaderValue::from(u64::try_from(seconds).unwrap_or(u64::MAX)));
            }
            _ => {}
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_without_a_date_has_no_header() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_mins(29_900_000);
        assert_eq!(date(at).unwrap(), "Fri, 06 Nov 2026 21:20:00 GMT");
        assert_eq!(date(SystemTime::UNIX_EPOCH).unwrap(), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(date(SystemTime::UNIX_EPOCH - Duration::from_nanos(1)), None);
        assert_eq!(date(SystemTime::UNIX_EPOCH + Duration::from_hours(70_389_528)), None);
    }
}
