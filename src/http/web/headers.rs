//! `http_server_config.headers`: the few headers that may be added to responses.

use std::collections::BTreeMap;

use hyper::header::{
    CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS, X_XSS_PROTECTION,
};
use reader::Problem;

use super::problem_of;

/// A header's name as it must be written, the header, and its values if only some are allowed.
type Allowed = (&'static str, HeaderName, &'static [&'static str]);

const ALLOWED: [Allowed; 5] = [
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY, &[]),
    ("Strict-Transport-Security", STRICT_TRANSPORT_SECURITY, &[]),
    ("X-Content-Type-Options", X_CONTENT_TYPE_OPTIONS, &["nosniff"]),
    ("X-Frame-Options", X_FRAME_OPTIONS, &["deny", "sameorigin"]),
    ("X-XSS-Protection", X_XSS_PROTECTION, &[]),
];

/// The headers of the configuration; one without a value is left out.
pub(super) fn check(
    raw: &BTreeMap<String, Option<String>>,
    problems: &mut Vec<Problem>,
) -> Vec<(HeaderName, HeaderValue)> {
    let mut headers = Vec::with_capacity(raw.len());
    for (name, value) in raw {
        let value = value.as_deref().unwrap_or_default();
        match header(name, value) {
            Ok(Some(header)) => headers.push(header),
            Ok(None) => {}
            Err((cause, fix)) => {
                problems.push(problem_of(&format!("http_server_config.headers.{name}"), Some(value), cause, &fix));
            }
        }
    }
    headers
}

fn header(name: &str, value: &str) -> Result<Option<(HeaderName, HeaderValue)>, (&'static str, String)> {
    let Some((_, header, values)) = ALLOWED.iter().find(|(allowed, ..)| *allowed == name) else {
        return Err((
            "not a header that can be set here",
            format!("use some of {}", ALLOWED.map(|(name, ..)| name).join(", ")),
        ));
    };
    if !values.is_empty() && !values.contains(&value) {
        return Err(("not an allowed value", format!("use {}", values.join(" or "))));
    }
    if value.is_empty() {
        return Ok(None);
    }
    match HeaderValue::from_str(value) {
        Ok(value) => Ok(Some((header.clone(), value))),
        Err(_) => Err(("not a valid header value", "use one line of visible ASCII".to_owned())),
    }
}
