//! What stands before and behind the services: proxies, brokers, databases, and how fast a service answers.

use crate::render::dashboard::spec::UP;
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
        graph("lag-growth", "Growth of the lag", PerSecond, "How many messages a second each group of Kafka falls behind; below 0 it \
            catches up.")
            .alerts("{{target}} {{consumergroup}} {{topic}}")
            .may_be_empty("no Kafka is watched");
        graph("lag", "Lag", Count, "Messages that each group of Kafka has not committed, in all partitions of a topic.")
            .query("kafka_consumergroup_lag_sum{@target}", "{{target}} {{consumergroup}} {{topic}}")
            .may_be_empty("no Kafka is watched");
        graph("lag-seconds", "Age of the lag", Seconds, "Age of the oldest message that each group has not committed.")
            .query("kafka_consumergroup_lag_seconds{@target}", "{{target}} {{consumergroup}} {{topic}}")
            .may_be_empty("no Kafka is watched");
        graph("poll-interval", "Age by max_poll_interval", Ratio, "Age of the oldest message that a group has not committed, as a \
            part of the time that its consumers may take from poll to poll.")
            .alerts("{{target}} {{consumergroup}}")
            .may_be_empty("no group of Kafka has a max_poll_interval in the configuration");
    }
    "Databases" {
        timeline("up", "Answers", UP, "Whether each Kafka and each MongoDB answers the agent.")
            .alerts("{{target}}")
            .may_be_empty("no Kafka and no MongoDB is watched");
        graph("mongo-connections", "Connections of MongoDB", Ratio, "Connections from clients as a part of those that MongoDB accepts.")
            .alerts("{{target}}")
            .may_be_empty("no MongoDB is watched, or it does not tell how many are left");
    }
}
