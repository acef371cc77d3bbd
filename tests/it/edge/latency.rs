//! How fast an API answers, by its own histogram.

use std::path::Path;

use serde_json::Value;

use crate::support::agent::{config_file, output, stderr, stdout};
use crate::support::api::{Api, Load, START};
use crate::support::exposition::Exposition;
use crate::support::pypi;
use crate::support::wait::until;

/// What `check` finds wrong, in words; and the worst of the numbers that the rule of the latency compares.
fn looked(config: &Path) -> (Vec<String>, Option<f64>) {
    let shown = output(&["check", "--config", config.to_str().unwrap(), "--json"]);
    let report: Value = serde_json::from_str(&stdout(&shown)).unwrap_or_else(|_| panic!("{}", stderr(&shown)));
    let list = |key: &str| report[key].as_array().unwrap().clone();
    let row = list("rows").into_iter().find(|row| row["alert"] == "ServiceLatencyHigh");
    let causes = list("causes").into_iter().map(|cause| cause["text"].as_str().unwrap().to_owned());
    (causes.collect(), row.and_then(|row| row["value"].as_f64()))
}

#[test]
fn an_api_of_fastapi_is_slow_or_not_route_by_route() {
    if pypi::missing() {
        return;
    }
    let api = Api::start();
    let (_dir, file) = config_file(&api.table(""));

    // The histogram passes as it is, `le` included.
    let polled = output(&["poll", "--config", file.to_str().unwrap()]);
    let polled = Exposition::of(&stdout(&polled));
    let of_item = |bound| [("handler", "/items/{number}"), ("method", "GET"), ("le", bound)];
    for bound in ["0.1", "0.5", "1.0", "+Inf"] {
        polled.assert("http_request_duration_seconds_bucket", &of_item(bound), 1.0);
    }
    polled.assert("http_request_duration_seconds_count", &of_item("")[..2], 1.0);

    let _fast = Load::start(api.address, "/items/1", 1);
    let slow = Load::start(api.address, "/report", 30);
    let (causes, worst) = until(START, "the slow route is seen", || {
        let found = looked(&file);
        (!found.0.is_empty()).then_some(found)
    });
    // The library's highest bound: that a report takes longer it does not know.
    assert_eq!(worst, Some(1.0));
    assert_eq!(causes, ["One request in twenty to api GET /report takes 1s or longer, at least 1s."]);

    drop(slow);
    let (causes, worst) = until(START, "only the fast route is asked", || {
        let found = looked(&file);
        found.1.is_some_and(|worst| worst < 1.0).then_some(found)
    });
    assert_eq!(causes, Vec::<String>::new(), "{worst:?}");
}
