//! The machine: what it has left, and what keeps it busy.

use crate::render::dashboard::spec::Unit::{BytesPerSecond, Count, Ratio};

const NO_HOST: &str = "the agent does not watch the host";
const LEFT_OUT: &str = "the agent does not watch the host, or leaves it to node_exporter";
const NO_PRESSURE: &str = "the kernel tells no pressure, or the host is left to node_exporter";

board! {
    "host", "Host", "The machine that the agent runs on: what it has left, and what keeps it busy.";

    "What is left" {
        graph("disk", "Space and inodes of disks", Ratio, "Part of each disk's space and inodes that is available; each disk \
            once, wherever it is mounted.")
            .alerts("{{target}} {{mountpoint}}").may_be_empty(NO_HOST).max(1.0);
        graph("memory", "Available memory", Ratio, "Part of the memory that a new program could have without swapping.")
            .alerts("{{target}}").may_be_empty(NO_HOST).max(1.0);
        graph("files", "Open files", Ratio, "File handles in use as a part of what the kernel allows.")
            .alerts("{{target}}").may_be_empty(NO_HOST);
        graph("stalled", "Standstill", Ratio, "Part of the time in which all tasks waited for memory or for I/O.")
            .alerts("{{target}}").may_be_empty(NO_PRESSURE);
    }
    "CPUs" {
        graph("cpu", "CPU", Ratio, "Part of the time that the CPUs were not idle.")
            .query("1 - avg by (target) (rate(node_cpu_seconds_total{@target, mode=\"idle\"}[@rate]))", "{{target}}")
                .may_be_empty(LEFT_OUT)
            .max(1.0);
        graph("load", "Load", Count, "Threads that run or wait to, as the mean of one and of five minutes.")
            .query("node_load1{@target}", "{{target}} 1m").may_be_empty(LEFT_OUT)
            .query("node_load5{@target}", "{{target}} 5m").may_be_empty(LEFT_OUT);
    }
    "Disks and network" {
        graph("mounts", "File systems", Ratio, "Part of each file system that is used, wherever it is mounted.")
            .query("1 - node_filesystem_avail_bytes{@target} / (node_filesystem_size_bytes{@target} > 0)",
                "{{target}} {{mountpoint}}").may_be_empty(LEFT_OUT)
            .max(1.0);
        graph("disk-bytes", "Disks", BytesPerSecond, "Bytes a second that are read from each disk and written to it.")
            .query("rate(node_disk_read_bytes_total{@target}[@rate])", "{{target}} {{device}} read").may_be_empty(LEFT_OUT)
            .query("rate(node_disk_written_bytes_total{@target}[@rate])", "{{target}} {{device}} written")
                .may_be_empty(LEFT_OUT);
        graph("network", "Network", BytesPerSecond, "Bytes a second through the interfaces.")
            .query("rate(node_network_receive_bytes_total{@target}[@rate])", "{{target}} {{device}} in")
                .may_be_empty(LEFT_OUT)
            .query("rate(node_network_transmit_bytes_total{@target}[@rate])", "{{target}} {{device}} out")
                .may_be_empty(LEFT_OUT);
    }
}
