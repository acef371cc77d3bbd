//! What stands before and behind the services: proxies, brokers, databases, and how fast a service answers.

use crate::render::dashboard::spec::Unit::{Count, PerSecond, Ratio, Seconds};

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
    "Proxies" {
        graph("connections", "Connections in use", Ratio, "Open connections as a part of those that the proxy can have. At 100 % \
            it accepts no more.")
            .alerts("{{target}}")
            .may_be_empty("no proxy is watched that tells it, or max_connections is not set");
        graph("open", "Open connections", Count, "Open connections of each proxy, by its own count.")
            .query("service_connections{@target}", "{{target}}")
            .may_be_empty("no proxy is watched");
    }
    "Brokers" {
        graph("alarms", "Alarms of brokers", Count, "1 while a broker has an alarm and blocks whoever publishes.")
            .alerts("{{target}} {{alarm}}")
            .may_be_empty("no broker is watched that tells it");

    }
}
