//! A service under load: what comes in, what goes out, what waits, what is lost, and whether it is well.

use crate::render::dashboard::spec::{Board, Panel, Row, State, UP, Unit};

/// The circuit breaker: whether it is closed.
const CLOSED: &[State] = &[(0, "not closed", "red"), (1, "closed", "green")];
const NOT_SAID: &str = "the service does not say it";

pub(super) fn board() -> Board {
    Board {
        name: "backpressure",
        title: "Backpressure",
        about: "Ingest against publish, latency, what waits, what is lost, the circuit breaker, the services' health.",
        rows: vec![
            Row { title: "Flow", panels: flow() },
            Row { title: "Loss", panels: loss() },
            Row { title: "Circuit breaker and buffer", panels: breaker() },
            Row { title: "Services", panels: services() },
        ],
    }
}

fn flow() -> Vec<Panel> {
    vec![
        Panel::graph("rates", "Ingest against publish", Unit::PerSecond)
            .about(
                "Messages a second that the service receives and publishes. Where the lines part, something waits \
                 or is lost.",
            )
            .query("backpressure_ingest_rate{@target}", "{{target}} in")
            .query("backpressure_publish_rate{@target}", "{{target}} out"),
        Panel::graph("ratio", "Published of received", Unit::Ratio)
            .about("Publish rate by ingest rate; nothing while nothing is received.")
            .alerts("{{target}}"),
        Panel::graph("level", "Backpressure level", Unit::Count)
            .about("0 healthy, 1 warning, 2 critical, 3 overload. Both alerts of the level are drawn.")
            .alerts("{{target}}")
            .max(3.0),
        Panel::graph("latency", "Latency of a publish", Unit::Seconds)
            .about("p99, p95 and mean of the time that a publish to Redis takes, of the service's own samples.")
            .alerts("{{target}} {{stat}}")
            .query("backpressure_publish_latency_seconds{@target, stat=~\"avg|p95\"}", "{{target}} {{stat}}"),
        Panel::graph("pending", "Messages that wait", Unit::Count)
            .about("Messages that wait to be published.")
            .alerts("{{target}}"),
        Panel::graph("counts", "Fate of messages", Unit::PerSecond)
            .about("Messages a second by what became of them, from the service's counters.")
            .query("rate(backpressure_published_total{@target}[$__rate_interval])", "{{target}} published")
            .query("rate(backpressure_sampled_out_total{@target}[$__rate_interval])", "{{target}} sampled out")
            .query("rate(backpressure_dropped_total{@target}[$__rate_interval])", "{{target}} dropped")
            .stacked(),
    ]
}

fn loss() -> Vec<Panel> {
    vec![
        Panel::graph("drops", "Dropped messages", Unit::Ratio)
            .about("Dropped messages by all whose fate is known, over the agent's window.")
            .alerts("{{target}}"),
        Panel::graph("sampling", "Sampling", Unit::Ratio)
            .about(
                "Part of the messages that the service's sampling lets through: less than 100 % is backpressure \
                 at work.",
            )
            .query("backpressure_sampling_ratio{@target}", "{{target}}")
            .max(1.0),
        Panel::graph("unaccounted", "Unaccounted messages", Unit::Ratio)
            .about(
                "Received messages that were neither published, dropped nor sampled out and do not wait: loss \
                 that nobody counts. Around 0 it is noise of the moments of reading.",
            )
            .query("backpressure_unaccounted_ratio{@target}", "{{target}}")
            .query("backpressure_unaccounted_messages{@target}", "{{target}} messages")
            .unit(Unit::Count),
        Panel::graph("errors", "Errors of Redis", Unit::PerMinute)
            .about("Publishes and connections that failed, a minute, as the service counts them.")
            .query("60 * rate(backpressure_publish_errors_total{@target}[$__rate_interval])", "{{target}} publish")
            .query(
                "60 * \
                 rate(backpressure_connection_errors_total{@target}[$__rate_interval])",
                "{{target}} connection",
            ),
        Panel::graph("queues", "Queues of the service", Unit::Ratio)
            .about("Items in each queue of the service as a part of what it can hold.")
            .query("queue_size{@target} / (queue_capacity{@target} > 0)", "{{target}} {{queue}}")
            .may_be_empty(NOT_SAID),
    ]
}

fn breaker() -> Vec<Panel> {
    vec![
        Panel::timeline("circuit", "Circuit breaker", CLOSED)
            .about(
                "Whether the publisher's circuit breaker is closed. Half open is not closed: a breaker that flaps \
                 is never open for long.",
            )
            .alerts("{{target}}"),
        Panel::graph("failures", "Failures at the breaker", Unit::Count)
            .about("Failures that the circuit breaker counts at present.")
            .query("backpressure_circuit_failures{@target}", "{{target}}"),
        Panel::graph("buffer", "Buffer of the publisher", Unit::Ratio)
            .about("Messages in the publisher's buffer as a part of what it can hold. Full, it drops.")
            .query("backpressure_buffer_size{@target} / (backpressure_buffer_capacity{@target} > 0)", "{{target}}")
            .max(1.0),
    ]
}

fn services() -> Vec<Panel> {
    vec![
        Panel::timeline("up", "Services that answer", UP)
            .about("Whether at least one endpoint of the service answered usefully at the last poll.")
            .query("service_up{@target}", "{{target}}"),
        Panel::timeline("endpoints", "Endpoints", UP)
            .about("Whether the last fetch of each endpoint gave a body that could be read.")
            .query("service_endpoint_up{@target}", "{{target}} {{endpoint}}"),
        Panel::graph("endpoint-duration", "Time to the first byte", Unit::Seconds)
            .about("How long the endpoints take to answer.")
            .query("service_endpoint_duration_seconds{@target, phase=\"first_byte\"}", "{{target}} {{endpoint}}"),
        Panel::timeline("dependencies", "What the services depend on", UP)
            .about("The services' word on what they depend on, such as Redis and their database.")
            .query("service_dependency_health{@target, status=\"ok\"}", "{{target}} {{dependency}}")
            .may_be_empty(NOT_SAID),
        Panel::graph("memory", "Memory of the services", Unit::Bytes)
            .about("Resident memory as the services report it.")
            .query("service_memory_bytes{@target}", "{{target}}")
            .may_be_empty(NOT_SAID),
        Panel::graph("load", "Load of the services", Unit::Ratio)
            .about("CPU and load as the services report them; of the CPU, 100 % is one core.")
            .query("service_cpu_usage_ratio{@target}", "{{target}} CPU")
            .may_be_empty(NOT_SAID)
            .query("service_load_ratio{@target}", "{{target}} load")
            .may_be_empty(NOT_SAID),
        Panel::graph("websockets", "WebSocket connections", Unit::Count)
            .about("Open WebSocket connections, of clients and to the exchange.")
            .query("service_websocket_connections{@target}", "{{target}}")
            .may_be_empty(NOT_SAID)
            .query("service_websocket_pool_connections{@target}", "{{target}} to {{account}}")
            .may_be_empty(NOT_SAID),
        Panel::graph("websocket-latency", "WebSocket delivery", Unit::Seconds)
            .about("Delivery latency of WebSocket messages, of the service's own samples.")
            .query("service_websocket_message_latency_seconds{@target}", "{{target}} {{stat}}")
            .may_be_empty(NOT_SAID),
        Panel::graph("report-age", "Age of the reports", Unit::Seconds)
            .about("Time since the service made the report that the numbers come from. A clock that differs shifts it.")
            .query("time() - service_report_timestamp_seconds{@target}", "{{target}}")
            .may_be_empty(NOT_SAID),
    ]
}
