//! Where to begin: is it well, what fires, which target, how much room is left.

use crate::Severity;
use crate::render::dashboard::spec::{Board, Criterion, Panel, Row, State, UP, Unit};

const LEVELS: &[State] =
    &[(0, "HEALTHY", "green"), (1, "WARNING", "green"), (2, "CRITICAL", "red"), (3, "OVERLOAD", "red")];
const CLOSED: &[State] = &[(0, "NOT CLOSED", "red"), (1, "CLOSED", "green")];
const STABLE: &[State] = &[(0, "GROWING", "red"), (1, "STABLE", "green")];

/// Memory that does not grow has no time until it is full.
const MEMORY: Criterion = Criterion::Absent {
    alert: "RedisMemoryGrowing",
    severity: Severity::Warning,
    known: "redis_memory_used_bytes{@target}",
};

/// What one such service has been seen to reach: the name, the figure, and what is held against it. They are no limits,
/// and another service has others; the bars say how much room there is until there is no experience any more.
const CAPACITY: [(&str, &str, f64); 5] = [
    ("instruments of 500", "max(service_subscriptions{@target})", 500.0),
    ("messages a second of 1,000 through Redis", "max(backpressure_publish_rate{@target})", 1000.0),
    ("messages a second of 2,000 into one service", "max(backpressure_ingest_rate{@target})", 2000.0),
    ("WebSocket clients of 100", "max(service_websocket_connections{@target})", 100.0),
    (
        "PUBLISH a second of 50,000 of a server",
        "max(sum by (target) (rate(redis_commands_total{@target, cmd=\"publish\"}[$__rate_interval])))",
        50_000.0,
    ),
];

pub(super) fn board() -> Board {
    Board {
        name: "overview",
        title: "Overview",
        about: "Whether all is well, what fires, each target, and how much room is left.",
        rows: vec![
            Row { title: "Is it well", panels: criteria() },
            Row { title: "Alerts", panels: alerts() },
            Row { title: "Each target", panels: targets() },
            Row { title: "Room", panels: vec![capacity()] },
        ],
    }
}

/// A service under backpressure control is well when each of these is green.
fn criteria() -> Vec<Panel> {
    vec![
        Panel::tile("well-ratio", "Published of received", Unit::Ratio, holds("PublishRatioLow", Severity::Warning))
            .about("What comes in goes out. The worst service is shown."),
        Panel::tile("well-latency", "p99 of a publish", Unit::Seconds, holds("PublishLatencyHigh", Severity::Warning))
            .about("Publishing is quick. The worst service is shown."),
        Panel::tile("well-level", "Backpressure", Unit::None, holds("BackpressureCritical", Severity::Warning))
            .about("The level is HEALTHY, or WARNING during a spike. The worst service is shown.")
            .states(LEVELS),
        Panel::tile("well-drops", "Dropped messages", Unit::Ratio, holds("DropRateHigh", Severity::Warning))
            .about("Nothing, or next to nothing, is dropped. The worst service is shown."),
        Panel::tile("well-circuit", "Circuit breaker", Unit::None, holds("CircuitNotClosed", Severity::Critical))
            .about("Every circuit breaker is closed; half open is not closed.")
            .states(CLOSED),
        Panel::tile("well-memory", "Redis memory", Unit::None, MEMORY)
            .about(
                "No server's memory is full within the time at which RedisMemoryGrowing warns, if it goes on as \
                 in the last hour.",
            )
            .states(STABLE),
        Panel::tile("well-cpu", "CPU, mean of 1h", Unit::Ratio, holds("ContainerCpuHigh", Severity::Info))
            .about("The containers have CPU to spare. The worst one is shown."),
        Panel::tile("well-logs", "Errors of Redis in logs", Unit::Count, holds("ServiceLogErrors", Severity::Warning))
            .about("No log has lines of a failed publish, a timeout or an exhausted pool. The worst pattern is shown."),
    ]
}

const fn holds(alert: &'static str, severity: Severity) -> Criterion {
    Criterion::Holds { alert, severity }
}

fn alerts() -> Vec<Panel> {
    vec![
        Panel::list("alerts", "Firing alerts", &["Time", "__name__", "alertstate", "job", "instance", "Value"])
            .about("Every alert that fires now, as Prometheus sees it. Watchdog is not here: it fires always.")
            .query("ALERTS{@alerts, alertstate=\"firing\", alertname!=\"Watchdog\"}", "alert")
            .may_be_empty("nothing fires while all is well")
            .nothing("nothing fires")
            .size(16, 8),
        Panel::graph("firing", "Targets in critical trouble", Unit::Count)
            .about(
                "Targets with a firing critical alert, and firing alerts by severity. Two such targets at once \
                 are a cascading failure.",
            )
            .alerts("critical targets")
            .may_be_empty("nothing fires while all is well")
            .query(
                "count by (severity) (ALERTS{@alerts, alertstate=\"firing\", \
                 alertname!=\"Watchdog\"})",
                "{{severity}} alerts",
            )
            .may_be_empty("nothing fires while all is well")
            .nothing("nothing fires"),
        Panel::timeline("services", "Services", UP)
            .about("Whether each service answers, and whether it calls itself healthy.")
            .alerts("{{target}}"),
    ]
}

fn targets() -> Vec<Panel> {
    vec![
        Panel::table("targets", "Targets", "target")
            .about("One row a target: whether its polls succeed, how old its numbers are, what fires of it.")
            .query("min by (target, collector) (manometer_target_up{@target})", "up")
            .words(UP)
            .query("max by (target) (time() - manometer_last_success_timestamp_seconds{@target})", "age")
            .unit(Unit::Seconds)
            .query("max by (target) (manometer_poll_duration_seconds{@target})", "duration")
            .unit(Unit::Seconds)
            .query("sum by (target) (manometer_target_series{@target})", "series")
            .unit(Unit::Count)
            .query(
                "60 * sum by (target) (rate(manometer_poll_failures_total{@target}[$__rate_interval]))",
                "failed polls",
            )
            .unit(Unit::PerMinute)
            .query("count by (target) (ALERTS{@target, alertstate=\"firing\"})", "firing")
            .unit(Unit::Count)
            .may_be_empty("nothing fires while all is well"),
    ]
}

fn capacity() -> Panel {
    let bars = Panel::bars("room", "Of what such a service has reached").about(
        "Load as a part of what one such service has been seen to carry, and of the bandwidth that the configuration \
         gives a container. A bar at its end is no alert: it says that nobody knows what comes next.",
    );
    let bars = CAPACITY.into_iter().fold(bars, |bars, (legend, load, figure)| {
        bars.query(format!("{load} / {figure}"), legend).may_be_empty("no such service is watched")
    });
    bars.query("max(container_network_bandwidth_ratio{@target})", "bandwidth of a container")
        .may_be_empty("the configuration says no bandwidth")
}
