//! Where to begin: is it well, what fires, which target, how much room is left.

use crate::Severity::{self, Critical, Info, Warning};
use crate::render::dashboard::spec::Unit::{Count, PerMinute, Ratio, Seconds};
use crate::render::dashboard::spec::{Criterion, States, UP, Unit};

const LEVELS: States =
    &[(0, "HEALTHY", "green"), (1, "WARNING", "green"), (2, "CRITICAL", "red"), (3, "OVERLOAD", "red")];
const CLOSED: States = &[(0, "NOT CLOSED", "red"), (1, "CLOSED", "green")];
const STABLE: States = &[(0, "GROWING", "red"), (1, "STABLE", "green")];

/// Memory that does not grow has no time until it is full.
const MEMORY: Criterion =
    Criterion::Absent { alert: "RedisMemoryGrowing", severity: Warning, known: "redis_memory_used_bytes{@target}" };

const NO_SERVICE: &str = "no such service is watched";

/// The level by which a tile is judged.
const fn holds(alert: &'static str, severity: Severity) -> Criterion {
    Criterion::Holds { alert, severity }
}

board! {
    "overview", "Overview", "Whether all is well, what fires, each target, and how much room is left.";

    "Is it well" {
        tile("well-ratio", "Published of received", Ratio, holds("PublishRatioLow", Warning), "What comes in goes out. \
            The worst service is shown.");
        tile("well-latency", "p99 of a publish", Seconds, holds("PublishLatencyHigh", Warning), "Publishing is quick. \
            The worst service is shown.");
        tile("well-level", "Backpressure", Unit::None, holds("BackpressureCritical", Warning), "The level is HEALTHY, \
            or WARNING during a spike. The worst service is shown.").states(LEVELS);
        tile("well-drops", "Dropped messages", Ratio, holds("DropRateHigh", Warning), "Nothing, or next to nothing, is \
            dropped. The worst service is shown.");
        tile("well-circuit", "Circuit breaker", Unit::None, holds("CircuitNotClosed", Critical), "Every circuit \
            breaker is closed; half open is not closed.").states(CLOSED);
        tile("well-memory", "Redis memory", Unit::None, MEMORY, "No server's memory is full within the time at which \
            RedisMemoryGrowing warns, if it goes on as in the last hour.").states(STABLE);
        tile("well-cpu", "CPU, mean of 1h", Ratio, holds("ContainerCpuHigh", Info), "The containers have CPU to spare. \
            The worst one is shown.");
        tile("well-logs", "Errors of Redis in logs", Count, holds("ServiceLogErrors", Warning), "No log has lines of a \
            failed publish, a timeout or an exhausted pool. The worst pattern is shown.");
    }
    "Alerts" {
        list("alerts", "Firing alerts", &["Time", "__name__", "alertstate", "job", "instance", "Value"], "Every alert \
            that fires now, as Prometheus sees it. Watchdog is not here: it fires always.")
            .query("ALERTS{@alerts, alertstate=\"firing\", alertname!=\"Watchdog\"}", "alert")
                .may_be_empty("nothing fires while all is well")
            .nothing("nothing fires").size(16, 8);
        graph("firing", "Targets in critical trouble", Count, "Targets with a firing critical alert, and firing alerts \
            by severity. Two such targets at once are a cascading failure.")
            .alerts("critical targets").may_be_empty("nothing fires while all is well")
            .query("count by (severity) (ALERTS{@alerts, alertstate=\"firing\", alertname!=\"Watchdog\"})",
                "{{severity}} alerts").may_be_empty("nothing fires while all is well")
            .nothing("nothing fires");
        timeline("services", "Services", UP, "Whether each service answers, and whether it calls itself healthy.")
            .alerts("{{target}}");
    }
    "Each target" {
        table("targets", "Targets", "target", "One row a target: whether its polls succeed, how old its numbers are, \
            what fires of it.")
            .query("min by (target, collector) (manometer_target_up{@target})", "up").words(UP)
            .query("max by (target) (time() - manometer_last_success_timestamp_seconds{@target})", "age").unit(Seconds)
            .query("max by (target) (manometer_poll_duration_seconds{@target})", "duration").unit(Seconds)
            .query("sum by (target) (manometer_target_series{@target})", "series").unit(Count)
            .query("60 * sum by (target) (rate(manometer_poll_failures_total{@target}[@rate]))", "failed polls")
                .unit(PerMinute)
            .query("count by (target) (ALERTS{@target, alertstate=\"firing\"})", "firing").unit(Count)
                .may_be_empty("nothing fires while all is well");
    }
    "Room" {
        // What one such service has been seen to reach. These are not limits, and another service has others; the bars
        // say how much room there is until there is no experience any more.
        bars("room", "Of what such a service has reached", "Load as a part of what one such service has been seen to \
            carry, and of the bandwidth that the configuration gives a container. A bar at its end is no alert: it \
            says that nobody knows what comes next.")
            .query("max(service_subscriptions{@target}) / 500", "instruments of 500").may_be_empty(NO_SERVICE)
            .query("max(backpressure_publish_rate{@target}) / 1000", "messages a second of 1,000 through Redis")
                .may_be_empty(NO_SERVICE)
            .query("max(backpressure_ingest_rate{@target}) / 2000", "messages a second of 2,000 into one service")
                .may_be_empty(NO_SERVICE)
            .query("max(service_websocket_connections{@target}) / 100", "WebSocket clients of 100")
                .may_be_empty(NO_SERVICE)
            .query("max(sum by (target) (rate(redis_commands_total{@target, cmd=\"publish\"}[@rate]))) / 50000",
                "PUBLISH a second of 50,000 of a server").may_be_empty(NO_SERVICE)
            .query("max(container_network_bandwidth_ratio{@target})", "bandwidth of a container")
                .may_be_empty("the configuration says no bandwidth");
    }
}
