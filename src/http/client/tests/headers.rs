//! Headers of requests and of answers.

use std::time::{Duration, SystemTime};

use hyper::HeaderMap;
use hyper::header::{HeaderValue, RETRY_AFTER};

use super::super::header::retry_after;
use super::super::{BaseUrl, Client, Settings, check_header};
use crate::config::Secret;

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
    let base = BaseUrl::parse("http://host").unwrap();
    for (name, value, expected) in cases {
        assert_eq!(check_header(name, &Secret::new(value)).unwrap_err(), expected);
        let settings = Settings { headers: vec![(name.to_owned(), Secret::new(value))], ..Settings::default() };
        assert_eq!(Client::new(&base, settings).err().as_deref(), Some(expected));
    }
    let (_, value) = check_header("X-Token", &Secret::new("sesame")).unwrap();
    assert!(!format!("{value:?}").contains("sesame"), "{value:?}");
}

#[test]
fn credentials_are_given_in_one_place() {
    let headers = vec![("authorization".to_owned(), Secret::new("Bearer sesame"))];
    let settings = Settings { headers, ..Settings::default() };
    let base = |text| BaseUrl::parse(text).unwrap();
    assert!(Client::new(&base("http://host"), settings.clone()).is_ok());
    assert_eq!(
        Client::new(&base("http://user:pass@host"), settings).err().as_deref(),
        Some("header authorization is made of the URL's user and password already; keep one of the two")
    );
}

#[test]
fn the_wait_that_a_server_asks_for() {
    // Sun, 06 Nov 1994 08:49:37 GMT
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    let cases = [
        ("0", Some(0)),
        (" 120 ", Some(120)),
        ("3601", Some(3600)),
        ("99999999999999999999999999", Some(3600)),
        ("Sun, 06 Nov 1994 08:50:07 GMT", Some(30)),
        ("Sunday, 06-Nov-94 08:50:07 GMT", Some(30)),
        ("Sun Nov  6 08:50:07 1994", Some(30)),
        ("Sun, 06 Nov 1994 08:49:07 GMT", Some(0)),
        ("Sat, 06 Nov 2094 08:49:07 GMT", Some(3600)),
        ("", None),
        ("-1", None),
        ("+1", None),
        ("1.5", None),
        ("1e3", None),
        ("soon", None),
        ("Sun, 99 Nov 1994 08:50:07 GMT", None),
    ];
    for (value, seconds) in cases {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(value))]);
        assert_eq!(retry_after(&headers, now), seconds.map(Duration::from_secs), "{value:?}");
    }
    assert_eq!(retry_after(&HeaderMap::new(), now), None);
    let bytes = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_bytes(b"\xff").unwrap())]);
    assert_eq!(retry_after(&bytes, now), None);
}
