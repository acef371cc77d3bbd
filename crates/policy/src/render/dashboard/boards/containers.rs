//! Containers: state, resources, ends of runs, log lines.

use crate::render::dashboard::spec::UP;
use crate::render::dashboard::spec::Unit::{Bytes, BytesPerSecond, Count, PerMinute, PerSecond, Ratio, Seconds};

const NO_BANDWIDTH: &str = "the configuration says no bandwidth";
const NO_LIMIT: &str = "the container has no limit";
const NO_PRESSURE: &str = "the engine's machine tells no pressure, or not to the agent";
const NO_LOG: &str = "no [[log]] is watched";
const QUIET: &str = "nothing of the kind has happened since the agent watches";

board! {
    "containers", "Containers and logs",
    "State, CPU, memory, network, ends of runs and log patterns of each container.";

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
        graph("cpu", "CPU of what it may use", Ratio, "CPU as a part of the container's limit, else of the host; and of \
            one CPU, as docker stats shows it, of what uses no more than that. The mean of an hour is the longer view of it.")
            .alerts("{{name}}");
        graph("throttling", "Throttled periods", Ratio, "Part of the scheduler's periods in which the container wanted \
            more CPU than its limit.")
            .alerts("{{name}}").may_be_empty(NO_LIMIT)
            .max(1.0);
        graph("stalled", "Standstill", Ratio, "Part of the time in which all tasks of a container waited for memory or for \
            I/O.")
            .alerts("{{name}}").may_be_empty(NO_PRESSURE);
        graph("threads", "Threads", Count, "Threads and processes in the container.")
            .query("container_threads{@target}", "{{name}}");
        graph("memory", "Memory of its limit", Ratio, "Working set as a part of the container's limit.")
            .alerts("{{name}}").may_be_empty(NO_LIMIT);
        graph("memory-bytes", "Memory", Bytes, "Working set, as docker stats shows it.")
            .alerts("{{name}}");
        graph("memory-forecast", "Memory used up in", Seconds, "Time until the container's memory is used up, if it grows on as \
            it did: its limit, or what the machine has left.")
            .alerts("{{name}}").may_be_empty("no container grows");
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
}
