use std::time::UNIX_EPOCH;

use bytes::Bytes;

use super::*;
use crate::http::client::Phases;
use crate::mapping::{BodyFormat, Freshness};

const NO_BODY: &str = "such an answer has no body; is a cache before the service, or the path another one?";

const NOON: u64 = 1_761_912_000;

fn endpoint() -> Endpoint {
    Endpoint {
        name: "stats".to_owned(),
        path: "/stats?key=hunter2".to_owned(),
        every: None,
        timeout: Duration::from_secs(2),
        statuses: vec![200],
        format: BodyFormat::Json,
        patterns: crate::mapping::Patterns::default(),
        fallback_of: None,
        skipped: false,
        optional: false,
        freshness: None,
        error_at: None,
        instance: None,
        pass_through: reader::Names::default(),
        tells_health: false,
    }
}

fn fresh_for_a_minute() -> Endpoint {
    let at = "/timestamp".parse().unwrap();
    Endpoint { freshness: Some(Freshness { at, max_age: Duration::from_mins(1) }), ..endpoint() }
}

fn response(status: u16, body: &str) -> Response {
    let body = Bytes::copy_from_slice(body.as_bytes());
    Response { status, body, retry_after: None, date: None, content_type: None, phases: Phases::default() }
}

fn verdict(endpoint: &Endpoint, response: &Response) -> Verdict {
    judge(endpoint, "http://h:80", response, UNIX_EPOCH + Duration::from_secs(NOON))
}

/// Reason and whole text of a failure; nothing of the body and the query is in it.
#[track_caller]
fn failure(endpoint: &Endpoint, status: u16, body: &str) -> (Reason, String) {
    match verdict(endpoint, &response(status, body)) {
        Verdict::Failed(error) => {
            let text = error.to_string();
            assert!(!text.contains("hunter2") && !text.contains("private"), "{text}");
            (error.reason, text)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_body_that_can_be_read_is_useful() {
    let Verdict::Useful(body, age) = verdict(&endpoint(), &response(200, "{\"hits\": 1}")) else { panic!() };
    assert_eq!((body.tree["hits"].as_u64(), age), (Some(1), None));
    let with_503 = Endpoint { statuses: vec![200, 503], ..endpoint() };
    assert!(matches!(verdict(&with_503, &response(503, "{}")), Verdict::Useful(_, None)));
}

#[test]
fn every_status_says_what_to_do() {
    let raise = "the service limits its callers; raise interval, or every of the endpoint";
    let missing = "check url and path; skip the endpoint if the service does not have it";
    for (status, reason, advice) in [
        (401, Reason::Auth, "set user and password in url, or a header with a key"),
        (403, Reason::Acl, "allow the agent to read this endpoint, or skip it"),
        (404, Reason::Status, missing),
        (405, Reason::Status, missing),
        (410, Reason::Status, missing),
        (429, Reason::Refused, raise),
        (500, Reason::Status, "look at the log of the service"),
        (501, Reason::Status, "look at the log of the service"),
        (502, Reason::Status, "look at the log of the service"),
        (503, Reason::Status, "the service is overloaded; add 503 to statuses if the body says more"),
        (204, Reason::Status, NO_BODY),
        (304, Reason::Status, NO_BODY),
        (407, Reason::Auth, "a proxy in between wants a password; let the agent reach the service without it"),
        (418, Reason::Status, "add the status to statuses if its body can be read"),
    ] {
        let expected = format!("GET http://h:80/stats: HTTP status {status}; {advice}");
        assert_eq!(failure(&endpoint(), status, "private"), (reason, expected));
    }
}

#[test]
fn a_service_may_do_without_an_optional_endpoint() {
    let optional = Endpoint { optional: true, ..endpoint() };
    for status in [404, 405, 410, 501] {
        let Verdict::Absent(error) = verdict(&optional, &response(status, "private")) else { panic!("{status}") };
        assert!(error.to_string().starts_with(&format!("GET http://h:80/stats: HTTP status {status}; ")), "{error}");
    }
    for status in [401, 403, 429, 500, 503] {
        assert!(matches!(verdict(&optional, &response(status, "")), Verdict::Failed(_)), "{status}");
    }
    // A mapping that reads such a body has the endpoint.
    let read = Endpoint { statuses: vec![200, 404], ..optional };
    assert!(matches!(verdict(&read, &response(404, "{}")), Verdict::Useful(..)));
}

#[test]
fn a_body_that_cannot_be_read_is_not_shown() {
    let curl = "look at the body with curl, and check path and format";
    let page = "is this the path of the endpoint, and not that of a page or a login?";
    for (body, cause, advice) in [
        ("", "the body is empty", curl),
        (" \r\n", "the body is empty", curl),
        ("<html>private</html>", "the body is an HTML page", page),
        ("private", "the body cannot be read: expected value at line 1 column 1", curl),
        ("{\"private\": ", "the body cannot be read: EOF while parsing a value at line 1 column 11", curl),
    ] {
        let expected = format!("GET http://h:80/stats: {cause}; {advice}");
        assert_eq!(failure(&endpoint(), 200, body), (Reason::Decode, expected));
    }
    let prometheus = Endpoint { format: BodyFormat::Prometheus, ..endpoint() };
    let expected = format!(
        "GET http://h:80/stats: the body cannot be read: line 2 is not a sample of the Prometheus format; {curl}"
    );
    assert_eq!(failure(&prometheus, 200, "a 1\nprivate"), (Reason::Decode, expected));
}

#[test]
fn an_error_report_is_a_failure_whatever_its_status() {
    let reporting = Endpoint { error_at: Some("/error".parse().unwrap()), statuses: vec![200, 503], ..endpoint() };
    for status in [200, 503] {
        let expected = format!(
            "GET http://h:80/stats: HTTP status {status} with an error report instead of numbers; look at the body with \
             curl: the service says what it lacks"
        );
        assert_eq!(failure(&reporting, status, "{\"error\": \"private\"}"), (Reason::Status, expected));
    }
    assert!(matches!(verdict(&reporting, &response(200, "{\"error\": null, \"hits\": 1}")), Verdict::Useful(..)));
}

#[test]
fn a_body_is_as_old_as_its_timestamp_by_the_clock_of_the_service() {
    let body = |seconds: u64| format!("{{\"timestamp\": {seconds}}}");
    let age = |seconds: u64, date: Option<u64>| {
        let date = date.map(|date| UNIX_EPOCH + Duration::from_secs(date));
        match verdict(&fresh_for_a_minute(), &Response { date, ..response(200, &body(seconds)) }) {
            Verdict::Useful(_, age) => Ok(age.map(|age| age.as_secs())),
            Verdict::Stale(error, age) => Err((error.to_string(), age.as_secs())),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(age(NOON - 60, None), Ok(Some(60)));
    let stale = "GET http://h:80/stats: the body is 61 s old by its own timestamp; the service stands still behind its \
                 web server, or its clock does; look at its log";
    assert_eq!(age(NOON - 61, None), Err((stale.to_owned(), 61)));
    // Its clock is an hour behind ours, and in itself all is well; and the other way round.
    assert_eq!(age(NOON - 3605, Some(NOON - 3600)), Ok(Some(5)));
    assert_eq!(age(NOON, Some(NOON + 61)), Err((stale.to_owned(), 61)));
    assert_eq!(age(NOON + 10, None), Ok(Some(0)));
}

#[test]
fn a_body_without_a_readable_timestamp_has_no_age() {
    for body in ["{}", "{\"timestamp\": null}", "{\"timestamp\": \"recently\"}", "[1]"] {
        assert!(matches!(verdict(&fresh_for_a_minute(), &response(200, body)), Verdict::Useful(_, None)), "{body}");
    }
}
