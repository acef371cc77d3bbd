//! Containers and the host: state, resources, ends of runs, log lines.

use crate::render::dashboard::spec::{Board, Panel, Row, UP, Unit};

const NO_BANDWIDTH: &str = "the configuration says no bandwidth";
const NO_LIMIT: &str = "the container has no limit";
const NO_HOST: &str = "the agent does not watch the host";
const QUIET: &str = "nothing of the kind has happened since the agent watches";

pub(super) fn board() -> Board {
    Board {
        name: "containers",
        title: "Containers and logs",
        about: "State, CPU, memory, network, ends of runs and log patterns of each container, and their host.",
        rows: vec![
            Row { title: "State", panels: state() },
            Row { title: "Resources", panels: resources() },
            Row { title: "Logs", panels: logs() },
            Row { title: "Host", panels: host() },
        ],
    }
}

fn state() -> Vec<Panel> {
    vec![
        Panel::timeline("state", "Containers that should run", UP)
            .about("Whether each container that the configuration names runs.")
            .alerts("{{name}}"),
        Panel::timeline("health", "Health checks", UP)
            .about("Whether the container's own health check is content.")
            .query("container_health_status{@target, status=\"healthy\"}", "{{name}}")
            .may_be_empty("no container has a health check"),
        Panel::timeline("engine", "Engine", UP)
            .about("Whether the Docker engine answers and sends its events.")
            .query("docker_up{@target}", "{{target}} answers")
            .query("manometer_docker_event_stream_up{@target}", "{{target}} events"),
        Panel::graph("restarts", "Restarts", Unit::Count)
            .about("Restarts of each container in the window that the alert looks back.")
            .alerts("{{name}}")
            .may_be_empty(QUIET),
        Panel::graph("oom", "OOM kills", Unit::Count)
            .about(
                "Processes that were killed for want of memory in the window that the alert looks back. A child \
                 that is killed counts as well.",
            )
            .alerts("{{name}}")
            .may_be_empty(QUIET),
        Panel::graph("exits", "Ends of runs", Unit::PerMinute)
            .about("Ends of runs a minute: ok (exit code 0), error, oom, killed or unknown.")
            .query("60 * rate(container_exits_total{@target}[$__rate_interval])", "{{name}} {{reason}}")
            .may_be_empty(QUIET),
    ]
}

fn resources() -> Vec<Panel> {
    vec![
        Panel::graph("cpu", "CPU of what it may use", Unit::Ratio)
            .about(
                "CPU as a part of the container's limit, else of the host; the mean of an hour is the longer view \
                 of it.",
            )
            .alerts("{{name}}"),
        Panel::graph("throttling", "Throttled periods", Unit::Ratio)
            .about("Part of the scheduler's periods in which the container wanted more CPU than its limit.")
            .query(
                "rate(container_cpu_cfs_throttled_periods_total{@target}[$__rate_interval]) / \
                 (rate(container_cpu_cfs_periods_total{@target}[$__rate_interval]) > 0)",
                "{{name}}",
            )
            .may_be_empty(NO_LIMIT)
            .max(1.0),
        Panel::graph("threads", "Threads", Unit::Count)
            .about("Threads and processes in the container.")
            .query("container_threads{@target}", "{{name}}"),
        Panel::graph("memory", "Memory", Unit::Ratio)
            .about("Working set as a part of the container's limit, and in bytes, on the right. The alert knows both.")
            .alerts("{{name}}")
            .may_be_empty(NO_LIMIT),
        Panel::graph("network", "Network of its bandwidth", Unit::Ratio)
            .about("Traffic as a part of the bandwidth that the configuration gives.")
            .alerts("{{name}} {{direction}}")
            .may_be_empty(NO_BANDWIDTH),
        Panel::graph("network-bytes", "Network", Unit::BytesPerSecond)
            .about("Bytes a second that the containers receive and send.")
            .query(
                "sum by (target, name) \
                 (rate(container_network_receive_bytes_total{@target}[$__rate_interval]))",
                "{{name}} in",
            )
            .query(
                "sum by (target, name) \
                 (rate(container_network_transmit_bytes_total{@target}[$__rate_interval]))",
                "{{name}} out",
            ),
        Panel::graph("disk", "Disks", Unit::BytesPerSecond)
            .about("Bytes a second that the containers read and write.")
            .query(
                "sum by (target, name) \
                 (rate(container_fs_reads_bytes_total{@target}[$__rate_interval]))",
                "{{name}} read",
            )
            .may_be_empty("the engine does not say it")
            .query(
                "sum by (target, name) \
                 (rate(container_fs_writes_bytes_total{@target}[$__rate_interval]))",
                "{{name}} written",
            )
            .may_be_empty("the engine does not say it"),
    ]
}

fn logs() -> Vec<Panel> {
    vec![
        Panel::graph("log-errors", "Errors in the logs", Unit::Count)
            .about("Lines of the patterns that must not occur, in the window that the alert looks back.")
            .alerts("{{name}} {{pattern}}"),
        Panel::graph("log-matches", "Log patterns", Unit::PerMinute)
            .about("Lines a minute by pattern.")
            .query("60 * rate(container_log_matches_total{@target}[$__rate_interval]) > 0", "{{name}} {{pattern}}")
            .may_be_empty(QUIET),
        Panel::graph("log-lines", "Log lines", Unit::PerSecond)
            .about("Lines a second that the agent reads of each log.")
            .query("rate(container_log_lines_total{@target}[$__rate_interval])", "{{name}} {{stream}}"),
    ]
}

fn host() -> Vec<Panel> {
    vec![
        Panel::graph("host-cpu", "CPU of the host", Unit::Ratio)
            .about("Part of the time that the CPUs of the host were not idle.")
            .query(
                "1 - avg by (target) (rate(node_cpu_seconds_total{@target, mode=\"idle\"}[$__rate_interval]))",
                "{{target}}",
            )
            .may_be_empty(NO_HOST)
            .max(1.0),
        Panel::graph("host-memory", "Memory of the host", Unit::Ratio)
            .about("Part of the host's memory that no new program can have.")
            .query("1 - node_memory_MemAvailable_bytes{@target} / node_memory_MemTotal_bytes{@target}", "{{target}}")
            .may_be_empty(NO_HOST)
            .max(1.0),
        Panel::graph("host-load", "Load of the host", Unit::Count)
            .about("Processes that run or wait to, as the mean of one and of five minutes.")
            .query("node_load1{@target}", "{{target}} 1m")
            .may_be_empty(NO_HOST)
            .query("node_load5{@target}", "{{target}} 5m")
            .may_be_empty(NO_HOST),
        Panel::graph("host-disk", "Space on the host's disks", Unit::Ratio)
            .about("Part of each file system that is used.")
            .query(
                "1 - node_filesystem_avail_bytes{@target} / (node_filesystem_size_bytes{@target} > 0)",
                "{{target}} {{mountpoint}}",
            )
            .may_be_empty(NO_HOST)
            .max(1.0),
        Panel::graph("host-network", "Network of the host", Unit::BytesPerSecond)
            .about("Bytes a second through the interfaces of the host.")
            .query("rate(node_network_receive_bytes_total{@target}[$__rate_interval])", "{{target}} {{device}} in")
            .may_be_empty(NO_HOST)
            .query("rate(node_network_transmit_bytes_total{@target}[$__rate_interval])", "{{target}} {{device}} out")
            .may_be_empty(NO_HOST),
        Panel::graph("host-files", "Open files of the host", Unit::Ratio)
            .about("File handles in use as a part of what the kernel allows.")
            .query("node_filefd_allocated{@target} / (node_filefd_maximum{@target} > 0)", "{{target}}")
            .may_be_empty(NO_HOST),
    ]
}
