//! The agent itself: whether it runs, whether its polls succeed, and what it costs.

use crate::render::dashboard::spec::{Board, Panel, Row, State, UP, Unit};

const SUCCEEDED: &[State] = &[(0, "failed", "red"), (1, "succeeded", "green")];

pub(super) fn board() -> Board {
    Board {
        name: "agent",
        title: "The agent",
        about: "manometer itself: targets and polls, thresholds, queues, its HTTP server and its process.",
        rows: vec![
            Row { title: "Targets and polls", panels: polls() },
            Row { title: "Thresholds and configuration", panels: thresholds() },
            Row { title: "Queues and HTTP", panels: http() },
            Row { title: "Process", panels: process() },
        ],
    }
}

fn polls() -> Vec<Panel> {
    vec![
        Panel::timeline("up", "Agents", UP)
            .about("Whether Prometheus can scrape the agent. Where a line ends, Prometheus knows the agent no more.")
            .alerts("{{instance}}"),
        Panel::timeline("targets", "Targets", UP)
            .about("Whether the last poll of each target succeeded. Of a target that is down nothing else is shown.")
            .alerts("{{target}} {{collector}}")
            .size(16, 8),
        Panel::graph("failures", "Failed polls", Unit::PerMinute)
            .about("Polls a minute that failed, by reason.")
            .query("60 * rate(manometer_poll_failures_total{@target}[$__rate_interval]) > 0", "{{target}} {{reason}}")
            .may_be_empty("no poll fails"),
        Panel::graph("durations", "Duration of polls", Unit::Ratio)
            .about("Duration of the last poll as a part of the time between polls.")
            .query(
                "manometer_poll_duration_seconds{@target} / (manometer_poll_interval_seconds{@target} > 0)",
                "{{target}} {{collector}}",
            ),
        Panel::graph("age", "Age of what is shown", Unit::Seconds)
            .about("Time since the last successful poll of each target.")
            .query("time() - manometer_last_success_timestamp_seconds{@target}", "{{target}} {{collector}}"),
        Panel::graph("polls", "Polls", Unit::PerMinute)
            .about("Polls a minute.")
            .query("60 * rate(manometer_polls_total{@target}[$__rate_interval])", "{{target}} {{collector}}"),
        Panel::graph("series", "Series", Unit::Count)
            .about("Series of each target.")
            .query("manometer_target_series{@target}", "{{target}} {{collector}}")
            .stacked(),
        Panel::graph("rejected-series", "Series left out", Unit::Count)
            .about("Samples that were left out: over the series limit, doubled, or of an invalid name.")
            .query("manometer_target_series_rejected{@target} > 0", "{{target}} {{reason}}")
            .may_be_empty("nothing is left out"),
    ]
}

fn thresholds() -> Vec<Panel> {
    vec![
        Panel::list("thresholds", "Thresholds of the agent", &["Time", "__name__", "job"])
            .about(
                "The numbers at which alerts fire, as the agent has them from the policy and its configuration. \
                 Where the rules that Prometheus has loaded differ, ThresholdDrift fires.",
            )
            .query("manometer_threshold{@agent}", "threshold")
            .size(16, 12),
        Panel::timeline("configuration", "Configuration", SUCCEEDED)
            .about(
                "Whether the last reading of the configuration succeeded; the agent runs on the older one where \
                 not.",
            )
            .query("manometer_config_last_reload_successful{@agent}", "{{instance}}")
            .size(8, 12),
    ]
}

fn http() -> Vec<Panel> {
    vec![
        Panel::graph("queues", "Queue of log samples", Unit::Ratio)
            .about("Matching log lines that wait to become samples, as a part of what the queue holds.")
            .query(
                "manometer_log_samples_queue_size{@target} / (manometer_log_samples_queue_capacity{@target} > 0)",
                "{{target}} log samples",
            )
            .may_be_empty("the agent follows no logs"),
        Panel::graph("requests", "HTTP requests", Unit::PerSecond)
            .about("Requests a second by class of status code.")
            .query("rate(manometer_http_requests_total{@agent}[$__rate_interval])", "{{instance}} {{code}}"),
        Panel::graph("rejections", "HTTP requests turned away", Unit::PerMinute)
            .about("Requests and connections a minute that the server turned away itself, by reason.")
            .query(
                "60 * rate(manometer_http_requests_rejected_total{@agent}[$__rate_interval])",
                "{{instance}} {{reason}}",
            ),
        Panel::graph("connections", "HTTP connections", Unit::Count)
            .about("Open connections, and requests that are being answered.")
            .query("manometer_http_connections{@agent}", "{{instance}} connections")
            .query("manometer_http_requests_in_flight{@agent}", "{{instance}} requests"),
    ]
}

fn process() -> Vec<Panel> {
    vec![
        Panel::graph("cpu", "CPU", Unit::Ratio)
            .about("CPU time of the agent; 100 % is one core.")
            .query("rate(process_cpu_seconds_total{@agent}[$__rate_interval])", "{{instance}}"),
        Panel::graph("memory", "Memory", Unit::Bytes)
            .about("Resident memory of the agent.")
            .query("process_resident_memory_bytes{@agent}", "{{instance}}"),
        Panel::graph("files", "Open files", Unit::Ratio)
            .about("Open file descriptors as a part of what the agent may open.")
            .query("process_open_fds{@agent} / (process_max_fds{@agent} > 0)", "{{instance}}"),
        Panel::graph("process-age", "Time since the start", Unit::Seconds)
            .about("Time since the agent started; a step down is a restart.")
            .query("time() - process_start_time_seconds{@agent}", "{{instance}}"),
        Panel::list("versions", "Versions", &["Time", "__name__", "job", "Value"])
            .about("The version of each agent.")
            .query("manometer_build_info{@agent}", "version")
            .size(12, 8),
    ]
}
