//! Headers: those that are sent with each request, and what those of an answer mean.

use std::time::{Duration, SystemTime};

use hyper::HeaderMap;
use hyper::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, HeaderName, HeaderValue,
    RETRY_AFTER, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, USER_AGENT,
};

use super::base_url::BaseUrl;
use crate::config::Secret;

/// What the client says itself.
const OWN: [HeaderName; 10] =
    [ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];

/// The longest wait that is believed: a server that asks for more, by mistake or not, is asked again after it.
const RETRY_AFTER_LIMIT: Duration = Duration::from_hours(1);

/// Checks a header that a configuration adds to requests. The error names the header and not its value.
pub fn check_header(name: &str, value: &Secret) -> Result<(HeaderName, HeaderValue), String> {
    let header = HeaderName::try_from(name)
        .map_err(|_| format!("header {name:?} has no valid name; use letters, digits and hyphens"))?;
    if OWN.contains(&header) {
        return Err(format!("header {name} is set by the agent itself; leave it out"));
    }
    let mut value = HeaderValue::from_str(value.reveal())
        .map_err(|_| format!("header {name} has no valid value; use one line of visible text"))?;
    value.set_sensitive(true);
    Ok((header, value))
}

/// The headers of every request to `base`.
pub(super) fn of_requests(base: &BaseUrl, user_agent: &str, more: &[(String, Secret)]) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    let host = HeaderValue::try_from(base.authority()).map_err(|_| "the host is none that can be asked for")?;
    headers.insert(HOST, host);
    let user_agent = HeaderValue::from_str(user_agent).map_err(|_| "the user agent has no valid name")?;
    headers.insert(USER_AGENT, user_agent);
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    for (name, value) in more {
        let (header, value) = check_header(name, value)?;
        if header == AUTHORIZATION && base.authorization().is_some() {
            return Err(format!("header {name} is made of the URL's user and password already; keep one of the two"));
        }
        headers.insert(header, value);
    }
    if let Some(authorization) = base.authorization() {
        let (header, value) = check_header(AUTHORIZATION.as_str(), authorization)?;
        headers.insert(header, value);
    }
    Ok(headers)
}

/// The text of a header.
pub(super) fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// The time that a header names, in any of the three formats of HTTP.
pub(super) fn date(headers: &HeaderMap, name: HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(text(headers, name)?).ok()
}

/// How long the server asks to wait at `now`, by its own clock: an hour at most, nothing if the time has passed.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = text(headers, RETRY_AFTER)?.trim();
    let wait = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number can have is a long time too.
        value.parse().map_or(Duration::MAX, Duration::from_secs)
    } else {
        httpdate::parse_http_date(value).ok()?.duration_since(now).unwrap_or_default()
    };
    Some(wait.min(RETRY_AFTER_LIMIT))
}
