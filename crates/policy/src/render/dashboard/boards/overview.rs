//! Where to begin: what is up, what has happened, which target, is it well, how much room is left.

use crate::Severity::{self, Critical, Info, Warning};
use crate::render::dashboard::spec::Unit::{Count, Milliseconds, PerMinute, Ratio, Seconds};
use crate::render::dashboard::spec::{Criterion, States, UP, Unit};

const LEVELS: States =
    &[(0, "HEALTHY", "green"), (1, "WARNING", "green"), (2, "CRITICAL", "red"), (3, "OVERLOAD", "red")];
const CLOSED: States = &[(0, "NOT CLOSED", "red"), (1, "CLOSED", "green")];
const STABLE: States = &[(0, "GROWING", "red"), (1, "STABLE", "green")];
/// What something stands on: a container is no target, so whether it runs is seen elsewhere.
const STANDS: States = &[(0, "down", "red"), (1, "up", "green"), (2, "not a chosen target", "text")];

/// Memory that does not grow has no time until it is full, and without a limit there is nothing to be reached.
const MEMORY: Criterion = Criterion::Absent {
    alert: "RedisMemoryGrowing",
    severity: Warning,
    known: "(redis_memory_max_bytes{@target} > 0)",
};

const NO_REDIS: &str = "no Redis is watched";
const NO_SERVICE: &str = "no such service is watched";
const NO_CONTAINER: &str = "no container is watched";
const QUIET: &str = "nothing fires while all is well";

/// A service through which something goes.
const PUBLISHES: &str =
    "(backpressure_publish_rate{@target} > 0 or rate(backpressure_published_total{@target}[@rate]) > 0)";
const RECEIVES: &str =
    "(backpressure_ingest_rate{@target} > 0 or rate(backpressure_received_total{@target}[@rate]) > 0)";

/// The level by which a tile is judged.
const fn holds(alert: &'static str, severity: Severity) -> Criterion {
    Criterion::Holds { alert, severity, only: None }
}

/// The same of targets of which that is so: what says nothing is not well.
const fn holds_while(alert: &'static str, severity: Severity, only: &'static str) -> Criterion {
    Criterion::Holds { alert, severity, only: Some(only) }
}

board! {
    "overview", "Overview", "What is up, what has happened and what follows from it, each target, and how much room is left.";

    "What is up" {
        tile("up-redis", "Redis", Unit::None, holds("RedisDown", Critical), "Every Redis server answers. The worst one is shown.")
            .states(UP).nothing(NO_REDIS);
        tile("up-ping", "PING", Milliseconds, holds("RedisPingHigh", Warning), "Redis answers quickly. The slowest server is shown.")
            .nothing(NO_REDIS);
        tile("well-memory", "Redis memory", Unit::None, MEMORY, "No server's memory is full within the time at which \
            RedisMemoryGrowing warns, if it goes on as in the last hour.").states(STABLE).nothing("no maxmemory");
        tile("up-clients", "Redis clients", Ratio, holds("RedisClientsNearLimit", Warning), "The servers accept more clients. The \
            fullest one is shown.").nothing(NO_REDIS);
        tile("up-services", "Services", Unit::None, holds("ServiceUnhealthy", Critical), "Every service answers. The worst one is \
            shown.").states(UP).nothing(NO_SERVICE);
        tile("up-containers", "Containers", Unit::None, holds("ContainerDown", Critical), "Every container that should run does. \
            The worst one is shown.").states(UP).nothing("none is expected to run");
        tile("up-polls", "Polls", Unit::None, holds("TargetPollFailing", Warning), "The agent reaches every target. The worst one \
            is shown.").states(UP);
        tile("up-agent", "Agent", Unit::None, holds("ManometerDown", Critical), "Prometheus can scrape every agent.").states(UP);
    }
    "Incident" {
        table("incident", "Causes", &["Time", "Value #A"], "What has happened: the alerts whose silence holds for what follows from \
            them, and for how long each has been true. What is here before its alert fires is about to fire.")
            .query("max by (site, cause, alert, severity_of) (manometer:cause:seen{@site})", "seen").may_be_empty(QUIET)
            .query("time() - min by (site, cause, alert, severity_of) (label_replace(label_replace(label_replace(label_join(\
                ALERTS_FOR_STATE{@alerts, alert=\"\", cause=\"\"}, \"cause\", \"/\", \"target\", \"name\"), \"cause\", \"$1\", \"cause\", \"(.*)/\"), \
                \"alert\", \"$1\", \"alertname\", \"(.+)\"), \"severity_of\", \"$1\", \"severity\", \"(.+)\")) \
                and on (site, cause, alert, severity_of) manometer:cause:seen{@site}",
                "for").unit(Seconds).may_be_empty(QUIET)
            .nothing("no cause is seen").size(12, 7);
        table("follows", "What follows", &["Time", "Value"], "The targets whose alerts a cause silences, because they stand on it.")
            .query("max by (site, target, name, cause, alert) (ALERTS{@alerts, alertname=\"CauseInhibitor\", \
                alertstate=\"firing\"})", "silenced").may_be_empty(QUIET)
            .nothing("nothing is silenced").size(12, 7);
        table("alerts", "Firing alerts", &["Time", "job"], "Every alert that fires now, as Prometheus sees it, and for how long \
            its condition has been true. Watchdog is not here: it fires always; nor is what only silences others.")
            .query("(time() - ALERTS_FOR_STATE{@alerts}) and ignoring (alertstate) ALERTS{@alerts, alertstate=\"firing\", \
                alertname!~\"Watchdog|CauseInhibitor\"}", "for").unit(Seconds).may_be_empty(QUIET)
            .nothing("nothing fires").size(16, 8);
        graph("firing", "Critical trouble", Count, "What CascadingFailure counts, and firing alerts by severity.")
            .alerts("critical").may_be_empty(QUIET)
            .query("count by (severity) (ALERTS{@alerts, alertstate=\"firing\", alertname!~\"Watchdog|CauseInhibitor\"})",
                "{{severity}} alerts").may_be_empty(QUIET)
            .nothing("nothing fires");
        timeline("redis", "Redis servers", UP, "Whether each Redis server answers.")
            .query("redis_up{@target}", "{{target}}").may_be_empty(NO_REDIS).nothing(NO_REDIS).size(12, 6);
        timeline("services", "Services over time", UP, "Whether each service answers, and whether it calls itself healthy.")
            .alerts("{{target}}").may_be_empty(NO_SERVICE).nothing(NO_SERVICE).size(12, 6);
    }
    "Each target" {
        table("targets", "Targets", &["Time"], "One row a target: whether its polls succeed, how old its numbers are, \
            what fires of it.")
            .query("min by (target, collector) (manometer_target_up{@target})", "up").words(UP)
            .query("max by (target) (time() - manometer_last_success_timestamp_seconds{@target})", "age").unit(Seconds)
            .query("max by (target) (manometer_poll_duration_seconds{@target})", "duration").unit(Seconds)
            .query("sum by (target) (manometer_target_series{@target})", "series").unit(Count)
            .query("60 * sum by (target) (rate(manometer_poll_failures_total{@target}[@rate]))", "failed polls")
                .unit(PerMinute)
            .query("count by (target) (ALERTS{@alerts, alertstate=\"firing\", target!=\"\"})", "firing").unit(Count)
                .may_be_empty(QUIET)
            .size(14, 9);
        table("topology", "Who stands on whom", &["Time"], "What each target stands on, how that is known (configured, or by which \
            observation), and whether it is up. A failure of the one silences what follows from it at the other.")
            .query("max by (site, target, on, via) (manometer_dependency{@topology}) * on (site, on) group_left () \
                max by (site, on) (label_replace(manometer_target_up{@target}, \"on\", \"$1\", \"target\", \"(.+)\")) \
                or max by (site, target, on, via) (manometer_dependency{@topology}) + 1", "is").words(STANDS)
                .may_be_empty("nothing is known to stand on anything")
            .nothing("nothing is known to stand on anything").size(10, 9);
    }
    "Success criteria of services" {
        tile("well-ratio", "Published of received", Ratio, holds("PublishRatioLow", Warning), "What comes in goes out. \
            The worst service is shown.").nothing(NO_SERVICE);
        tile("well-latency", "p99 of a publish", Seconds, holds_while("PublishLatencyHigh", Warning, PUBLISHES), "Publishing is \
            quick. The worst service that publishes anything is shown.").nothing("nothing is published");
        tile("well-level", "Backpressure", Unit::None, holds("BackpressureCritical", Warning), "The level is HEALTHY, \
            or WARNING during a spike. The worst service is shown.").states(LEVELS).nothing(NO_SERVICE);
        tile("well-pending", "Messages that wait", Count, holds("PendingPublishesHigh", Warning), "Few messages wait to be \
            published. The worst service is shown.").nothing(NO_SERVICE);
        tile("well-drops", "Dropped messages", Ratio, holds_while("DropRateHigh", Warning, RECEIVES), "Nothing, or next to \
            nothing, is dropped. The worst service that receives anything is shown.").nothing("nothing is received");
        tile("well-circuit", "Circuit breaker", Unit::None, holds("CircuitNotClosed", Critical), "Every circuit \
            breaker is closed; half open is not closed.").states(CLOSED).nothing(NO_SERVICE);
        tile("well-cpu", "CPU, mean of 1h", Ratio, holds("ContainerCpuHigh", Info), "The containers have CPU to spare. \
            The worst one is shown.").nothing(NO_CONTAINER);
        tile("well-logs", "Errors of Redis in logs", Count, holds("ServiceLogErrors", Warning), "No log of a container has lines of \
            a failed publish, a timeout or an exhausted pool. The worst pattern is shown.").nothing("no log is read");
    }
    "Room" folded {
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
