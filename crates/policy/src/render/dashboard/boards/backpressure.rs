//! A service under load: what comes in, what goes out, what waits, what is lost, and whether it is well.

use crate::render::dashboard::spec::UP;
use crate::render::dashboard::spec::Unit::{Bytes, Count, PerMinute, PerSecond, Ratio, Seconds};

const NOT_SAID: &str = "the service does not say it";

board! {
    "backpressure", "Backpressure",
    "Ingest against publish, latency, what waits, what is lost, the circuit breaker, the services' health.";

    "Flow" {
        graph("rates", "Ingest against publish", PerSecond, "Messages a second that the service receives and \
            publishes. Where the lines part, something waits or is lost.")
            .query("backpressure_ingest_rate{@target}", "{{target}} in")
            .query("backpressure_publish_rate{@target}", "{{target}} out");
        graph("ratio", "Published of received", Ratio, "Messages published by those received and not sampled out, over the \
            agent's window, and the publish rate by the ingest rate at the last poll; nothing while nothing is received.")
            .alerts("{{target}}")
            .query("backpressure_rate_ratio{@target}", "{{target}} at the last poll");
        graph("level", "Backpressure level", Count, "0 healthy, 1 warning, 2 critical, 3 overload, and whether it is the \
            second of these. Both alerts of the level are drawn.")
            .alerts("{{target}}").max(3.0);
        graph("latency", "Latency of a publish", Seconds, "p99, p95 and mean of the time that a publish to Redis \
            takes, of the service's own samples.")
            .alerts("{{target}} p99")
            .query("backpressure_publish_latency_seconds{@target, stat=~\"avg|p95\"}", "{{target}} {{stat}}");
        graph("pending", "Messages that wait", Count, "Messages that wait to be published.").alerts("{{target}}");
        graph("counts", "Fate of messages", PerSecond, "Messages a second by what became of them, from the service's \
            counters.")
            .query("rate(backpressure_published_total{@target}[@rate])", "{{target}} published")
            .query("rate(backpressure_sampled_out_total{@target}[@rate])", "{{target}} sampled out")
            .query("rate(backpressure_dropped_total{@target}[@rate])", "{{target}} dropped").stacked();
    }
    "Loss" {
        graph("drops", "Dropped messages", Ratio, "Dropped messages by all whose fate is known, over the agent's \
            window.")
            .alerts("{{target}}");
        graph("sampling", "Sampling", Ratio, "Part of the messages that the service's sampling lets through: less than \
            100 % is backpressure at work.")
            .query("backpressure_sampling_ratio{@target}", "{{target}}").max(1.0);
        graph("unaccounted", "Unaccounted messages", Ratio, "Received messages that were neither published, dropped \
            nor sampled out and do not wait: loss that nobody counts. Around 0 it is noise of the moments of reading.")
            .query("backpressure_unaccounted_ratio{@target}", "{{target}}")
            .query("backpressure_unaccounted_messages{@target}", "{{target}} messages").unit(Count);
        graph("lost", "Lost messages", Ratio, "Messages that were received and are nowhere, by those received, over the \
            windows that the alert looks back: loss that nobody counts.")
            .alerts("{{target}}")
            .query("60 * rate(backpressure_unaccounted_total{@target}[@rate])", "{{target}} messages a minute")
                .unit(PerMinute);
        graph("errors", "Errors of Redis", PerMinute, "Publishes and connections that failed, a minute, as the service \
            counts them.")
            .query("60 * rate(backpressure_publish_errors_total{@target}[@rate])", "{{target}} publish")
            .query("60 * rate(backpressure_connection_errors_total{@target}[@rate])", "{{target}} connection");
        graph("queues", "Queues of the service", Ratio, "Items in each queue of the service as a part of what it can \
            hold.")
            .query("queue_size{@target} / (queue_capacity{@target} > 0)", "{{target}} {{queue}}")
                .may_be_empty(NOT_SAID);
    }
    "Circuit breaker and buffer" {
        graph("circuit", "Circuit breaker", Count, "1 while the publisher's circuit breaker is closed, and how often it \
            opened or closed in the window that the alert looks back. Half open is not closed.")
            .alerts("{{target}}");
        graph("failures", "Failures at the breaker", Count, "Failures that the circuit breaker counts at present.")
            .query("backpressure_circuit_failures{@target}", "{{target}}");
        graph("buffer", "Buffer of the publisher", Ratio, "Messages in the publisher's buffer as a part of what it can \
            hold. Full, it drops.")
            .query("backpressure_buffer_size{@target} / (backpressure_buffer_capacity{@target} > 0)", "{{target}}")
            .max(1.0);
    }
    "Services" {
        timeline("up", "Services that answer", UP, "Whether at least one endpoint of the service answered usefully at \
            the last poll.")
            .query("service_up{@target}", "{{target}}");
        graph("flaps", "Downs and ups", Count, "How often the service went down or came back, and how often it was well or \
            unwell by its own word, in the window that the alert looks back.")
            .alerts("{{target}}");
        timeline("endpoints", "Endpoints", UP, "Whether the last fetch of each endpoint gave a body that could be \
            read.")
            .alerts("{{target}} {{endpoint}}");
        graph("endpoint-duration", "Time to the first byte", Seconds, "How long the endpoints take to answer.")
            .query("service_endpoint_duration_seconds{@target, phase=\"first_byte\"}", "{{target}} {{endpoint}}");
        graph("dependencies", "What the services depend on", Count, "The services' word on what they depend on, such as \
            Redis and their database: 1 for the state that each is in. What is well, or switched off, is not shown.")
            .alerts("{{target}} {{dependency}} {{status}}").may_be_empty(NOT_SAID);
        graph("memory", "Memory of the services", Bytes, "Resident memory as the services report it.")
            .query("service_memory_bytes{@target}", "{{target}}").may_be_empty(NOT_SAID);
        graph("load", "Load of the services", Ratio, "Load and CPU as the services report them; of the CPU, 100 % is \
            one core.")
            .alerts("{{target}} load").may_be_empty(NOT_SAID)
            .query("service_cpu_usage_ratio{@target}", "{{target}} CPU").may_be_empty(NOT_SAID);
        graph("websockets", "WebSocket connections", Count, "Open WebSocket connections, of clients and to the \
            exchange.")
            .query("service_websocket_connections{@target}", "{{target}}").may_be_empty(NOT_SAID)
            .query("service_websocket_pool_connections{@target}", "{{target}} to {{account}}").may_be_empty(NOT_SAID);
        graph("websocket-latency", "WebSocket delivery", Seconds, "Delivery latency of WebSocket messages, of the \
            service's own samples.")
            .query("service_websocket_message_latency_seconds{@target}", "{{target}} {{stat}}").may_be_empty(NOT_SAID);
        graph("report-age", "Age of the reports", Seconds, "Time since the service made the report that the numbers \
            come from. A clock that differs shifts it.")
            .query("time() - service_report_timestamp_seconds{@target}", "{{target}}").may_be_empty(NOT_SAID);
    }
}
