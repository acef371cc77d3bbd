//! The agent itself: whether it runs, whether its polls succeed, and what it costs.

use crate::render::dashboard::spec::Unit::{Bytes, Count, PerMinute, PerSecond, Ratio, Seconds};
use crate::render::dashboard::spec::{States, UP};

const SUCCEEDED: States = &[(0, "failed", "red"), (1, "succeeded", "green")];

const NOT_DISCOVERED: &str = "no target appears by itself";

const NOT_SCRAPED: &str = "Prometheus does not scrape itself and its Alertmanager";

board! {
    "agent", "The agent", "manometer itself: targets and polls, thresholds, queues, its HTTP server and its process.";

    "Targets and polls" {
        timeline("up", "Agents", UP, "Whether Prometheus can scrape the agent. Where a line ends, Prometheus knows the \
            agent no more.")
            .alerts("{{instance}}");
        timeline("targets", "Targets", UP, "Whether the last poll of each target succeeded. Of a target that is down \
            nothing else is shown.")
            .alerts("{{target}} {{collector}}").size(16, 8);
        graph("failures", "Failed polls", PerMinute, "Polls a minute that failed, by reason.")
            .query("60 * rate(manometer_poll_failures_total{@target}[@rate]) > 0", "{{target}} {{reason}}")
                .may_be_empty("no poll fails");
        graph("durations", "Duration of polls", Ratio, "Duration of the last poll as a part of the time between polls.")
            .query("manometer_poll_duration_seconds{@target} / (manometer_poll_interval_seconds{@target} > 0)",
                "{{target}} {{collector}}");
        graph("age", "Age of what is shown", Seconds, "Time since the last successful poll of each target.")
            .query("time() - manometer_last_success_timestamp_seconds{@target}", "{{target}} {{collector}}");
        graph("polls", "Polls", PerMinute, "Polls a minute.")
            .query("60 * rate(manometer_polls_total{@target}[@rate])", "{{target}} {{collector}}");
        graph("series", "Series", Count, "Series of each target.")
            .query("manometer_target_series{@target}", "{{target}} {{collector}}").stacked();
        graph("rejected-series", "Series left out", Count, "Samples that were left out: over the series limit, \
            doubled, or of an invalid name.")
            .alerts("{{target}} {{reason}}");
        graph("certificates", "Certificates", Seconds, "Time until the certificate of each target with TLS expires.")
            .alerts("{{target}} {{endpoint}}").may_be_empty("no target has TLS");
        graph("discovered", "Targets that were found", Count, "Targets that the configuration does not name, by what names them, and \
            those that are not watched, by the reason.")
            .query("manometer_discovered_targets{@agent}", "{{source}}").may_be_empty(NOT_DISCOVERED)
            .query("manometer_discovery_refused_targets{@agent} > 0", "refused {{reason}}").may_be_empty("none is refused")
            .nothing(NOT_DISCOVERED);
        timeline("discovery", "Lists of targets", SUCCEEDED, "Whether the last reading of each targets file and SRV name succeeded; \
            what it named before is watched on where not.")
            .alerts("{{source}}").may_be_empty(NOT_DISCOVERED);
    }
    "Thresholds and configuration" {
        table("thresholds", "Thresholds of the agent", &["Time", "__name__", "job"], "The numbers at which alerts fire, \
            as the agent has them from the policy and its configuration. Where the rules that Prometheus has loaded \
            differ, ThresholdDrift fires.")
            .query("manometer_threshold{@agent}", "threshold").size(16, 12);
        timeline("configuration", "Configuration", SUCCEEDED, "Whether the last reading of the configuration \
            succeeded; the agent runs on the older one where not.")
            .alerts("{{instance}}").may_be_empty(NOT_SCRAPED).size(8, 12);
    }
    "Alerting" {
        graph("notifications", "Alerts that Prometheus cannot send", Count, "Alerts that Prometheus could not send to an \
            Alertmanager in the window that the alert looks back, and the Alertmanagers that it knows.")
            .alerts("{{instance}}").may_be_empty(NOT_SCRAPED);
        graph("rules", "Rules that fail", Count, "Rules that Prometheus could not evaluate in the window that the alert looks back.")
            .alerts("{{instance}} {{rule_group}}").may_be_empty(NOT_SCRAPED);
        graph("receivers", "Notifications that fail", Count, "Notifications that Alertmanager could not send in the window that \
            the alert looks back.")
            .alerts("{{instance}} {{integration}}").may_be_empty(NOT_SCRAPED);
    }
    "Queues and HTTP" {
        graph("queues", "Queue of log samples", Ratio, "Matching log lines that wait to become samples, as a part of \
            what the queue holds.")
            .query("manometer_log_samples_queue_size{@target} / (manometer_log_samples_queue_capacity{@target} > 0)",
                "{{target}} log samples").may_be_empty("the agent follows no logs");
        graph("requests", "HTTP requests", PerSecond, "Requests a second by class of status code.")
            .query("rate(manometer_http_requests_total{@agent}[@rate])", "{{instance}} {{code}}");
        graph("rejections", "HTTP requests turned away", PerMinute, "Requests and connections a minute that the server \
            turned away itself, by reason.")
            .query("60 * rate(manometer_http_requests_rejected_total{@agent}[@rate])", "{{instance}} {{reason}}");
        graph("connections", "HTTP connections", Count, "Open connections, and requests that are being answered.")
            .query("manometer_http_connections{@agent}", "{{instance}} connections")
            .query("manometer_http_requests_in_flight{@agent}", "{{instance}} requests");
    }
    "Process" {
        graph("cpu", "CPU", Ratio, "CPU time of the agent; 100 % is one core.")
            .query("rate(process_cpu_seconds_total{@agent}[@rate])", "{{instance}}");
        graph("memory", "Memory", Bytes, "Resident memory of the agent.")
            .query("process_resident_memory_bytes{@agent}", "{{instance}}");
        graph("files", "Open files", Ratio, "Open file descriptors as a part of what the agent may open.")
            .query("process_open_fds{@agent} / (process_max_fds{@agent} > 0)", "{{instance}}");
        graph("process-age", "Time since the start", Seconds, "Time since the agent started; a step down is a restart.")
            .query("time() - process_start_time_seconds{@agent}", "{{instance}}");
        table("versions", "Versions", &["Time", "__name__", "job", "Value"], "The version of each agent.")
            .query("manometer_build_info{@agent}", "version").size(12, 8);
    }
}
