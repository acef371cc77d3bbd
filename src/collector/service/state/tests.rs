use std::time::UNIX_EPOCH;

use super::*;
use crate::collector::Reason;
use crate::collector::service::merge::EndpointReport;
use crate::mapping::{Evaluation, ForeignFamily};
use crate::metric::text::{Format, exposition};

fn lines(state: &EndpointState) -> Vec<String> {
    let mut families = Families::new();
    state.export("stats", &mut families);
    let text = exposition(&families.into_sorted(), Format::Prometheus);
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

fn answered() -> EndpointState {
    let millis = Duration::from_millis;
    EndpointState {
        requests: 7,
        throttled: 2,
        status: Some(200),
        phases: Some(Phases { connect: millis(2), tls: millis(3), first_byte: millis(40), transfer: millis(1) }),
        last_success: Some(UNIX_EPOCH + Duration::from_millis(1_761_912_000_500)),
        ..EndpointState::default()
    }
}

#[test]
fn of_an_endpoint_that_was_never_asked_nothing_is_said() {
    assert_eq!(lines(&EndpointState::default()), [""; 0]);
}

#[test]
fn everything_of_an_endpoint_that_answers() {
    let state = EndpointState { age: Some(Duration::from_millis(1500)), stale: Some(false), ..answered() };
    assert_eq!(
        lines(&state),
        [
            "service_endpoint_age_seconds{endpoint=\"stats\"} 1.5",
            "service_endpoint_duration_seconds{endpoint=\"stats\",phase=\"connect\"} 0.002",
            "service_endpoint_duration_seconds{endpoint=\"stats\",phase=\"tls\"} 0.003",
            "service_endpoint_duration_seconds{endpoint=\"stats\",phase=\"first_byte\"} 0.04",
            "service_endpoint_duration_seconds{endpoint=\"stats\",phase=\"transfer\"} 0.001",
            "service_endpoint_held_off{endpoint=\"stats\"} 0",
            "service_endpoint_http_status{endpoint=\"stats\"} 200",
            "service_endpoint_last_success_timestamp_seconds{endpoint=\"stats\"} 1761912000.5",
            "service_endpoint_mixed_instances{endpoint=\"stats\"} 0",
            "service_endpoint_requests_total{endpoint=\"stats\"} 7",
            "service_endpoint_stale{endpoint=\"stats\"} 0",
            "service_endpoint_throttled_total{endpoint=\"stats\"} 2",
            "service_endpoint_up{endpoint=\"stats\"} 1",
        ]
    );
}

#[test]
fn an_endpoint_that_does_not_answer_is_down_and_has_no_status() {
    let error = PollError::new(Reason::Timeout, "GET http://h/stats", "no answer", "wait");
    let mut state = EndpointState { requests: 1, ..EndpointState::default() };
    state.error.failed(error);
    assert_eq!(
        lines(&state),
        [
            "service_endpoint_held_off{endpoint=\"stats\"} 0",
            "service_endpoint_mixed_instances{endpoint=\"stats\"} 0",
            "service_endpoint_requests_total{endpoint=\"stats\"} 1",
            "service_endpoint_throttled_total{endpoint=\"stats\"} 0",
            "service_endpoint_up{endpoint=\"stats\"} 0",
        ]
    );
}

#[test]
fn an_endpoint_that_the_service_has_not_is_neither_up_nor_down() {
    let state = EndpointState { absent: true, requests: 1, status: Some(404), ..EndpointState::default() };
    assert_eq!(
        lines(&state),
        [
            "service_endpoint_held_off{endpoint=\"stats\"} 0",
            "service_endpoint_http_status{endpoint=\"stats\"} 404",
            "service_endpoint_mixed_instances{endpoint=\"stats\"} 0",
            "service_endpoint_requests_total{endpoint=\"stats\"} 1",
            "service_endpoint_throttled_total{endpoint=\"stats\"} 0",
        ]
    );
}

#[test]
fn what_is_forgotten_are_numbers_and_series() {
    let kind = crate::metric::Kind::Gauge;
    let family = ForeignFamily { name: "x".to_owned(), kind, help: String::new(), samples: Vec::new() };
    let passing = Passing { families: vec![family], ..Passing::default() };
    let report = Some(EndpointReport::new(Evaluation::default()));
    let mut state = EndpointState { report, passing, ..answered() };
    state.drop_report();
    assert_eq!((state.report, state.passing, state.requests), (None, Passing::default(), 7));
}

#[test]
fn what_is_exported_is_described() {
    let described: Vec<&str> = metrics().iter().map(|info| info.name).collect();
    let state = EndpointState { age: Some(Duration::ZERO), stale: Some(false), ..answered() };
    for line in lines(&state) {
        assert!(described.contains(&line.split('{').next().unwrap()), "{line}");
    }
}
