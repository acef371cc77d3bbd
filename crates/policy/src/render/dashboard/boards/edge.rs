//! What stands before and behind the services: proxies, brokers, databases, and how fast a service answers.

use crate::render::dashboard::spec::Unit::{PerSecond, Seconds};

board! {
    "edge", "Edge",
    "What stands before and behind the services: how fast they answer, proxies, brokers, databases.";

    "Services" {
        graph("latency", "Slowest twentieth", Seconds, "What 95 % of the requests of each route did not take longer than, by \
            the service's own histogram. Above its highest bound it tells that bound, however slow they are.")
            .alerts("{{target}} {{method}} {{handler}}{{route}}{{path}}")
            .may_be_empty("no service is watched whose histogram passes through");
        graph("requests", "Requests", PerSecond, "Requests to each route, a second. A route with few of them has no alert.")
            .query(
                "sum by (target, method, handler, route, path) \
                 (rate(http_request_duration_seconds_count{@target}[@rate]))",
                "{{target}} {{method}} {{handler}}{{route}}{{path}}",
            )
            .may_be_empty("no service is watched whose histogram passes through");
    }
}
