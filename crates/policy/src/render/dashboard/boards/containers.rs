//! Containers and the host: state, resources, ends of runs, log lines.

use crate::render::dashboard::spec::UP;
use crate::render::dashboard::spec::Unit::{BytesPerSecond, Count, PerMinute, PerSecond, Ratio};

const NO_BANDWIDTH: &str = "the configuration says no bandwidth";
const NO_LIMIT: &str = "the container has no limit";
const NO_HOST: &str = "the agent does not watch the host";
const NO_LOG: &str = "no [[log]] is watched";
const QUIET: &str = "nothing of the kind has happened since the agent watches";

board! {
    "containers", "Containers and logs",
    "State, CPU, memory, network, ends of runs and log patterns of each container, and their host.";

    "State" {
        timeline("state", "Containers that should run", UP, "Whether each container that the configuration names runs.")
            .alerts("{{name}}");
        timeline("health", "Health checks", UP, "Whether the container's own health check is content.")
            .query("container_health_status{@target, status=\"healthy\"}", "{{name}}")
                .may_be_empty("no container has a health check");
        graph("unhealthy", "Failing health checks", Count, "Containers whose own health check says that they are not well.")
            .alerts("{{name}}").may_be_empty("no container has a health check");
        graph("failed", "Ended with an error", Count, "Containers whose last run ended with an error and that have stayed \
            down since.")
            .alerts("{{name}}").may_be_empty("nothing is known to have ended");
        timeline("engine", "Engine", UP, "Whether the Docker engine answers and sends its events.")
            .query("docker_up{@target}", "{{target}} answers")
            .query("manometer_docker_event_stream_up{@target}", "{{target}} events");
        graph("restarts", "Restarts", Count, "Restarts of each container in the window that the alert looks back.")
            .alerts("{{name}}").may_be_empty(QUIET);
        graph("oom", "OOM kills", Count, "Processes that were killed for want of memory in the window that the alert \
            looks back. A child that is killed counts as well.")
            .alerts("{{name}}").may_be_empty(QUIET);
        graph("exits", "Ends of runs", PerMinute, "Ends of runs a minute: ok (exit code 0), error, oom, killed, \
            unknown or sigkill_unexplained.")
            .query("60 * rate(container_exits_total{@target}[@rate])", "{{name}} {{reason}}").may_be_empty(QUIET);
    }
    "Resources" {
        graph("cpu", "CPU of what it may use", Ratio, "CPU as a part of the container's limit, else of the host; the \
            mean of an hour is the longer view of it.")
            .alerts("{{name}}");
        graph("throttling", "Throttled periods", Ratio, "Part of the scheduler's periods in which the container wanted \
            more CPU than its limit.")
            .query("rate(container_cpu_cfs_throttled_periods_total{@target}[@rate]) / \
                (rate(container_cpu_cfs_periods_total{@target}[@rate]) > 0)",
                "{{name}}").may_be_empty(NO_LIMIT)
            .max(1.0);
        graph("threads", "Threads", Count, "Threads and processes in the container.")
            .query("container_threads{@target}", "{{name}}");
        graph("memory", "Memory", Ratio, "Working set as a part of the container's limit, and in bytes, on the right. \
            The alert knows both.")
            .alerts("{{name}}").may_be_empty(NO_LIMIT);
        graph("network", "Network of its bandwidth", Ratio, "Traffic as a part of the bandwidth that the configuration \
            gives.")
            .alerts("{{name}} {{direction}}").may_be_empty(NO_BANDWIDTH);
        graph("network-bytes", "Network", BytesPerSecond, "Bytes a second that the containers receive and send.")
            .query("sum by (target, name) (rate(container_network_receive_bytes_total{@target}[@rate]))", "{{name}} in")
            .query("sum by (target, name) (rate(container_network_transmit_bytes_total{@target}[@rate]))",
                "{{name}} out");
        graph("disk", "Disks", BytesPerSecond, "Bytes a second that the containers read and write.")
            .query("sum by (target, name) (rate(container_fs_reads_bytes_total{@target}[@rate]))", "{{name}} read")
                .may_be_empty("the engine does not say it")
            .query("sum by (target, name) (rate(container_fs_writes_bytes_total{@target}[@rate]))", "{{name}} written")
                .may_be_empty("the engine does not say it");
    }
    "Logs" {
        graph("log-errors", "Errors in the logs", Count, "Lines of the patterns that must not occur, in the window \
            that the alert looks back.")
            .alerts("{{name}} {{pattern}}");
        graph("file-errors", "Errors in other logs", Count, "Events of those patterns in log files, of systemd units and on \
            standard input.")
            .alerts("{{log}} {{pattern}}");
        graph("log-matches", "Log patterns", PerMinute, "Lines a minute by pattern.")
            .query("60 * rate(container_log_matches_total{@target}[@rate]) > 0", "{{name}} {{pattern}}").may_be_empty(QUIET)
            .query("60 * rate(log_matches_total{@target}[@rate]) > 0", "{{log}} {{pattern}}").may_be_empty(QUIET);
        graph("log-lines", "Log lines", PerSecond, "Lines a second that the agent reads of each log.")
            .query("rate(container_log_lines_total{@target}[@rate])", "{{name}} {{stream}}")
            .query("rate(log_lines_total{@target}[@rate])", "{{log}}").may_be_empty(NO_LOG);
    }
    "Host" {
        graph("host-cpu", "CPU of the host", Ratio, "Part of the time that the CPUs of the host were not idle.")
            .query("1 - avg by (target) (rate(node_cpu_seconds_total{@target, mode=\"idle\"}[@rate]))", "{{target}}")
                .may_be_empty(NO_HOST)
            .max(1.0);
        graph("host-memory", "Memory of the host", Ratio, "Part of the host's memory that no new program can have.")
            .query("1 - node_memory_MemAvailable_bytes{@target} / node_memory_MemTotal_bytes{@target}", "{{target}}")
                .may_be_empty(NO_HOST)
            .max(1.0);
        graph("host-load", "Load of the host", Count, "Processes that run or wait to, as the mean of one and of five \
            minutes.")
            .query("node_load1{@target}", "{{target}} 1m").may_be_empty(NO_HOST)
            .query("node_load5{@target}", "{{target}} 5m").may_be_empty(NO_HOST);
        graph("host-disk", "Space on the host's disks", Ratio, "Part of each file system that is used.")
            .query("1 - node_filesystem_avail_bytes{@target} / (node_filesystem_size_bytes{@target} > 0)",
                "{{target}} {{mountpoint}}").may_be_empty(NO_HOST)
            .max(1.0);
        graph("host-network", "Network of the host", BytesPerSecond, "Bytes a second through the interfaces of the \
            host.")
            .query("rate(node_network_receive_bytes_total{@target}[@rate])", "{{target}} {{device}} in")
                .may_be_empty(NO_HOST)
            .query("rate(node_network_transmit_bytes_total{@target}[@rate])", "{{target}} {{device}} out")
                .may_be_empty(NO_HOST);
        graph("host-files", "Open files of the host", Ratio, "File handles in use as a part of what the kernel allows.")
            .query("node_filefd_allocated{@target} / (node_filefd_maximum{@target} > 0)", "{{target}}")
                .may_be_empty(NO_HOST);
    }
}
