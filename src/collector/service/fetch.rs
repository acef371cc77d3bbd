//! One fetch of one endpoint: its answer, judged.

use std::time::{Duration, SystemTime};

use crate::collector::{PollError, Reason};
use crate::http::client::{Client, Response};
use crate::mapping::{Body, Endpoint, Unreadable, age, ahead, timestamp};
use crate::net::BaseUrl;

/// What a fetch came to.
#[derive(Debug)]
pub(super) enum Verdict {
    /// A body that can be read, and its age if it tells one.
    Useful(Body, Option<Duration>),
    /// A body that is too old to be believed.
    Stale(PollError, Duration),
    /// The service has no such endpoint.
    Absent(PollError),
    /// Anything else.
    Failed(PollError),
}

/// Asks for a path of the service at `url`. A client that could not be made fails like one that gets no answer.
pub(super) async fn get(
    client: &mut Result<Client, String>,
    url: &BaseUrl,
    path: &str,
    limit: Duration,
) -> Result<Response, PollError> {
    match client {
        Ok(client) => client.get(path, limit).await,
        Err(message) => {
            let attempt = format!("asking {url}");
            Err(PollError::new(Reason::Internal, attempt, message.clone(), "correct the header or the url"))
        }
    }
}

/// Judges an answer. `address` is the service, for the error.
pub(super) fn judge(endpoint: &Endpoint, address: &str, response: &Response, now: SystemTime) -> Verdict {
    let attempt = || format!("GET {address}{}", path(endpoint));
    let failed = |reason, cause: String, advice: &'static str| PollError::new(reason, attempt(), cause, advice);
    let status = response.status;
    if !endpoint.statuses.contains(&status) {
        let (reason, advice) = advice_for(status);
        let error = failed(reason, format!("HTTP status {status}"), advice);
        let is_absent = endpoint.optional && matches!(status, 404 | 405 | 410 | 501);
        return if is_absent { Verdict::Absent(error) } else { Verdict::Failed(error) };
    }
    let body = match endpoint.read(&response.body) {
        Ok(body) => body,
        Err(cause) => {
            let advice = match cause {
                Unreadable::Html => "is this the path of the endpoint, and not that of a page or a login?",
                Unreadable::Unmatched => {
                    "look at the body with curl: it may be another page, or one of a login; else correct patterns"
                }
                Unreadable::TooMany => "is it the right path? Let it answer with less",
                Unreadable::Empty | Unreadable::Syntax(_) => "look at the body with curl, and check path and format",
            };
            return Verdict::Failed(failed(Reason::Decode, cause.to_string(), advice));
        }
    };
    let reports_error = |at: &crate::mapping::Pointer| at.find(&body.tree).is_some_and(|value| !value.is_null());
    if endpoint.error_at.as_ref().is_some_and(reports_error) {
        let cause = format!("HTTP status {status} with an error report instead of numbers");
        return Verdict::Failed(failed(
            Reason::Status,
            cause,
            "look at the body with curl: the service says what it lacks",
        ));
    }
    let Some(freshness) = &endpoint.freshness else { return Verdict::Useful(body, None) };
    // By the service's own clock, where it tells it: only then is a clock that is wrong no reason to disbelieve.
    let clock = response.date.unwrap_or(now);
    let at = freshness.at.find(&body.tree).and_then(|value| timestamp(value).ok());
    if let Some(ahead) = at.and_then(|at| ahead(at, clock)).filter(|ahead| *ahead > freshness.max_age) {
        let cause = format!("the body's timestamp is {} s ahead of the clock", ahead.as_secs());
        let advice = "it must be UTC or name its offset; or drop freshness, or mend the clock";
        return Verdict::Stale(failed(Reason::Status, cause, advice), Duration::ZERO);
    }
    match at.map(|at| age(at, clock)) {
        Some(age) if age > freshness.max_age => {
            let cause = format!("the body is {} s old by its own timestamp", age.as_secs());
            let advice = "the service stands still behind its web server, or its clock does; look at its log";
            Verdict::Stale(failed(Reason::Status, cause, advice), age)
        }
        age => Verdict::Useful(body, age),
    }
}

/// The path without its query, which may hold a key.
fn path(endpoint: &Endpoint) -> &str {
    endpoint.path.split('?').next().unwrap_or_default()
}

const fn advice_for(status: u16) -> (Reason, &'static str) {
    match status {
        // There is no body, and the agent asked for no difference.
        204 | 304 => {
            (Reason::Status, "such an answer has no body; is a cache before the service, or the path another one?")
        }
        401 => (Reason::Auth, "set user and password in url, or a header with a key"),
        407 => (Reason::Auth, "a proxy in between wants a password; let the agent reach the service without it"),
        403 => (Reason::Acl, "allow the agent to read this endpoint, or skip it"),
        404 | 405 | 410 => (Reason::Status, "check url and path; skip the endpoint if the service does not have it"),
        429 => (Reason::Refused, "the service limits its callers; raise interval, or every of the endpoint"),
        503 => (Reason::Status, "the service is overloaded; add 503 to statuses if the body says more"),
        500..=599 => (Reason::Status, "look at the log of the service"),
        _ => (Reason::Status, "add the status to statuses if its body can be read"),
    }
}

#[cfg(test)]
mod tests;
