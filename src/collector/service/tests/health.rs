//! The health that an endpoint tells: what it is while that endpoint fails, and how often it is asked then.

use super::*;

const HEALTH: &str = r#"
[[service.endpoint]]
name = "health"
path = "/health"
every = "1m"
statuses = [200, 503]

[[service.endpoint]]
name = "numbers"
path = "/numbers"

[[service.metric]]
name = "service_health"
endpoint = "health"
at = "/status"
type = "stateset"
states = ["ok", "degraded"]

[[service.metric]]
name = "waiting"
endpoint = "numbers"
at = "/waiting"
"#;

#[test]
fn a_health_that_cannot_be_read_is_unknown_while_the_rest_answers() {
    let mut service = Service::new(HEALTH);
    let health = |[ok, degraded, unknown]: [u8; 3]| {
        [
            format!("service_health{{status=\"degraded\"}} {degraded}"),
            format!("service_health{{status=\"ok\"}} {ok}"),
            format!("service_health{{status=\"unknown\"}} {unknown}"),
            "waiting 3".to_owned(),
        ]
    };
    let numbers = "{\"waiting\": 3}";
    service.answer("numbers", 200, numbers).answer("health", 503, "{\"status\": \"degraded\"}");
    assert_eq!(service.poll(), health([0, 1, 0]));
    for (status, body) in [(500, ""), (404, ""), (200, "<html>")] {
        service.answer("numbers", 200, numbers).answer("health", status, body);
        assert_eq!(service.poll(), health([0, 0, 1]), "{status} {body}");
    }
    service.answer("numbers", 200, numbers).answer("health", 200, "{\"status\": \"ok\"}");
    assert_eq!(service.poll(), health([1, 0, 0]));
    // One that asks to be left alone has not failed, and a service of which nothing can be read has no health.
    service.answer("numbers", 200, numbers).answer("health", 429, "");
    service.answer("numbers", 500, "").answer("health", 500, "");
    assert_eq!(service.poll().len(), 1);
}

#[test]
fn an_endpoint_that_says_that_the_service_is_not_well_is_asked_at_each_poll() {
    let mut service = Service::new(HEALTH);
    let mut is_asked = |status, body: &str| {
        service.answer("numbers", 200, "{\"waiting\": 3}").answer("health", status, body);
        service.poll();
        let timings: Vec<_> = service.collector.states.iter().map(|state| state.timing).collect();
        let endpoints = &service.collector.target.mapping.endpoints;
        schedule::due(endpoints, &timings, INTERVAL, service.now, 3).contains(&0)
    };
    assert!(!is_asked(200, "{\"status\": \"ok\"}"));
    assert!(is_asked(503, "{\"status\": \"degraded\"}"));
    assert!(is_asked(500, ""));
    assert!(!is_asked(200, "{\"status\": \"ok\"}"));
}
