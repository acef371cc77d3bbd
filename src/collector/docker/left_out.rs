//! What the settings of an engine leave out.

use super::{DockerTarget, logs};

/// What is known of a container by inspecting it alone.
const INSPECTED: [&str; 3] = ["container_restarts_total", "container_failed", "container_memory_usage_ratio"];

/// The line that would bring a metric, if the settings leave it out.
pub(super) fn left_out(target: &DockerTarget, metric: &str) -> Option<String> {
    let needs = |metric: &str| -> Option<(bool, &'static str)> {
        Some(match metric {
            "container_up" => (
                target.compose || target.containers.plain().next().is_some(),
                "containers = [\"NAME\"] without a pattern, or compose = true, in [[docker]]",
            ),
            "container_network_bandwidth_ratio" => {
                let is_known = target.network && target.bandwidth_bits_per_second.is_some();
                (is_known, "bandwidth_bits_per_second = 1_000_000_000 in [[docker]]")
            }
            "container_cpu_one_core_ratio" => {
                (!target.single_threaded.is_empty(), "single_threaded = [\"NAME\"] in [[docker]]")
            }
            _ if metric.starts_with("container_pressure_") => {
                (target.cgroup_root.is_some(), "cgroup_root = \"/sys/fs/cgroup\" in [[docker]]")
            }
            _ if metric.starts_with("container_health_") || INSPECTED.contains(&metric) => {
                (target.inspect, "inspect = true in [[docker]]")
            }
            _ if logs::metrics().iter().any(|info| info.name == metric) => (target.logs.is_some(), "[docker.logs]"),
            _ => return None,
        })
    };
    needs(metric).filter(|(is_there, _)| !is_there).map(|(_, line)| line.to_owned())
}
