//! Headers of the requests that the agent makes.

use hyper::HeaderMap;
use hyper::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, HeaderName, HeaderValue,
    TE, TRAILER, TRANSFER_ENCODING, UPGRADE, USER_AGENT,
};
use reader::Secret;

use super::base_url::BaseUrl;

/// What the agent says itself.
const OWN: [HeaderName; 10] =
    [ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];

/// The value of `User-Agent` unless a header says otherwise.
const AGENT: &str = concat!("manometer/", env!("CARGO_PKG_VERSION"));

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

/// The headers of every request to `base`, with those of the configuration. The error names the one that cannot be sent.
pub fn of_requests<'a>(
    base: &BaseUrl,
    more: impl IntoIterator<Item = (&'a str, &'a Secret)>,
) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    let host = HeaderValue::try_from(base.authority()).map_err(|_| "the host cannot be written in a Host header")?;
    headers.insert(HOST, host);
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(base: &str, name: &str, value: &str) -> Result<HeaderMap, String> {
        of_requests(&BaseUrl::parse(base).unwrap(), [(name, &Secret::new(value))])
    }

    #[test]
    fn a_header_that_cannot_be_sent_is_named_and_its_value_is_not() {
        let cases = [
            ("X Token", "sesame", "header \"X Token\" has no valid name; use letters, digits and hyphens"),
            ("", "sesame", "header \"\" has no valid name; use letters, digits and hyphens"),
            ("X-Token", "sesame\r\nX: y", "header X-Token has no valid value; use one line of visible text"),
            ("X-Token", "sesame\u{7f}", "header X-Token has no valid value; use one line of visible text"),
            ("Host", "sesame", "header Host is set by the agent itself; leave it out"),
            ("content-length", "sesame", "header content-length is set by the agent itself; leave it out"),
        ];
        for (name, value, expected) in cases {
            assert_eq!(check_header(name, &Secret::new(value)).unwrap_err(), expected);
            assert_eq!(headers("http://host", name, value).unwrap_err(), expected);
        }
        let (_, value) = check_header("X-Token", &Secret::new("sesame")).unwrap();
        assert!(!format!("{value:?}").contains("sesame"), "{value:?}");
    }

    #[test]
    fn credentials_are_given_in_one_place() {
        assert!(headers("http://host", "authorization", "Bearer sesame").is_ok());
        assert_eq!(
            headers("http://user:pass@host", "authorization", "Bearer sesame").unwrap_err(),
            "header authorization is made of the URL's user and password already; keep one of the two"
        );
    }
}
