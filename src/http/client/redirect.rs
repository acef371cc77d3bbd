//! Redirects, which are followed on the same server only: the credentials are for no other.

use hyper::header::{HeaderValue, LOCATION};
use hyper::http::response::Parts;
use hyper::http::uri::PathAndQuery;
use hyper::{Method, StatusCode};
use url::Url;

use super::error::Failure;
use crate::hub::Reason;
use crate::net::BaseUrl;

/// How many are followed for one request.
pub(super) const LIMIT: usize = 3;

/// Bytes that the page which comes with one may have, whatever the limit of answers is.
pub(super) const BODY_LIMIT: usize = 64 * 1024;

/// Bytes of another server's address that are shown.
const SHOWN: usize = 200;

const ADVICE: &str = "set url to where the service itself answers";

/// Where `head`, the answer to a request for `from`, leads; `None` if it is not a redirect.
pub(super) fn follow(
    base: &BaseUrl,
    method: &Method,
    from: &PathAndQuery,
    head: &Parts,
) -> Result<Option<PathAndQuery>, Failure> {
    let Some(location) = location(head) else { return Ok(None) };
    let failure = |cause| Failure::new(Reason::Status, format!("answered {}, {cause}", head.status.as_u16()), ADVICE);
    let origin = Url::parse(&base.origin()).and_then(|origin| origin.join(from.as_str()));
    let there = origin.and_then(|here| {
        let location = String::from_utf8_lossy(location.as_bytes());
        here.join(&location).map(|there| (there.origin() == here.origin(), there))
    });
    let Ok((same_server, there)) = there else {
        return Err(failure("and its Location is not a URL".to_owned()));
    };
    if !same_server || *method != Method::GET {
        return Err(failure(format!("which leads to {}", shown(there))));
    }
    let target = PathAndQuery::try_from(&there[url::Position::BeforePath..url::Position::AfterQuery]);
    target.map(Some).map_err(|_| failure("and its Location is not a URL".to_owned()))
}

/// The Location of a redirect; `None` if `head` is not that of a redirect.
pub(super) fn location(head: &Parts) -> Option<&HeaderValue> {
    let redirects = matches!(
        head.status,
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    head.headers.get(LOCATION).filter(|_| redirects)
}

/// The failure when following has no end.
pub(super) fn endless() -> Failure {
    Failure::new(Reason::Status, format!("redirected more than {LIMIT} times"), ADVICE)
}

/// An address without what may be secret in it.
fn shown(mut url: Url) -> String {
    url.set_query(None);
    url.set_fragment(None);
    // A URL that can have neither has none.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    // It is ASCII but for schemes that are none of HTTP's.
    String::from(url).chars().take(SHOWN).collect()
}
