//! From [`Info`] to metrics.

use super::fields::{self, Text};
use super::{Info, keyspace, module_list, replication, sentinel, stats_lines, threads};
use crate::collector::redis::cluster;
use crate::metric::{Families, MetricInfo, metrics};

metrics! {
    fn own;
    MALFORMED: gauge "redis_info_malformed_fields" [] Count,
        "Fields and lines of the last INFO reply that are known and could not be read.", "INFO";
    START_TIME: gauge "redis_start_time_seconds" [] UnixSeconds,
        "When the server started: by its own clock if it tells it (Redis >= 6.2), else by the agent's.", "INFO server";
    INSTANCE_INFO: gauge "redis_instance_info" [
        "role", "redis_version", "redis_build_id", "redis_mode", "os", "maxmemory_policy", "tcp_port", "run_id",
        "process_id", "master_replid", "valkey_version", "valkey_release_stage"
    ] Info,
        "What the server is.", "INFO";
    ALLOCATOR_INFO: gauge "redis_mem_allocator_info" ["mem_allocator"] Info,
        "The memory allocator that the server uses.", "INFO memory";
    FAILOVER_STATE: gauge "redis_master_failover_state" ["state"] Bool,
        "State of a failover started by FAILOVER: 1 for the current one, 0 for the others.",
        "INFO replication, Redis >= 6.2";
}

const FAILOVER_STATES: [&str; 4] = ["no-failover", "waiting-for-sync", "failover-in-progress", "unknown"];

/// Databases of a server whose configuration may not be read: the default of Redis.
const DEFAULT_DATABASES: u32 = 16;

/// Every metric that [`export`] may push, but for the open set of numbers whose key begins with `cluster_`.
#[must_use]
pub fn metrics() -> Vec<MetricInfo> {
    let lines = [
        keyspace::metrics(),
        module_list::metrics(),
        replication::metrics(),
        sentinel::metrics(),
        stats_lines::metrics(),
        threads::metrics(),
    ];
    let fields = fields::all().map(|(_, metric)| *metric.info());
    own().into_iter().chain(fields).chain(lines.into_iter().flatten()).collect()
}

/// Exports everything in the reply.
///
/// `databases` is how many the server is configured with: those without a key are shown as empty. A cluster node has
/// one. `start_time` is when the server started, in seconds since 1970-01-01 UTC.
pub fn export(info: &Info, databases: Option<u32>, start_time: Option<f64>, out: &mut Families) {
    out.push(&MALFORMED, [], info.malformed as f64);
    if info.is_empty() {
        return;
    }
    out.push_known(&START_TIME, [], start_time);
    for ((field, metric), sent) in fields::all().zip(&info.numbers) {
        out.push_known(metric, [], sent.map(|sent| field.convert(sent)));
    }
    export_identity(info, out);
    for (key, value) in &info.cluster {
        cluster::pass_through(key, *value, out);
    }
    keyspace::export(&info.databases, filled(info, databases), out);
    module_list::export(&info.modules, out);
    replication::export(&info.masters, &info.replicas, info.role(), info.text(Text::SlaveReadOnly), out);
    sentinel::export(&info.sentinel_masters, out);
    stats_lines::export(&info.commands, &info.errors, &info.latencies, out);
    threads::export(&info.threads, out);
}

/// How many databases are shown even if they are empty.
fn filled(info: &Info, databases: Option<u32>) -> u32 {
    if !info.has_keyspace {
        0
    } else if info.cluster_enabled() {
        1
    } else {
        databases.unwrap_or(DEFAULT_DATABASES)
    }
}

fn export_identity(info: &Info, out: &mut Families) {
    let text = |text| info.text(text).unwrap_or("");
    let labels = [
        text(Text::Role),
        text(Text::RedisVersion),
        text(Text::RedisBuildId),
        info.mode().unwrap_or(""),
        text(Text::Os),
        text(Text::MaxmemoryPolicy),
        text(Text::TcpPort),
        text(Text::RunId),
        text(Text::ProcessId),
        text(Text::MasterReplid),
        text(Text::ValkeyVersion),
        text(Text::ValkeyReleaseStage),
    ];
    // Only Valkey has the last two.
    let shown = if labels.ends_with(&["", ""]) { labels.len() - 2 } else { labels.len() };
    out.push_first(&INSTANCE_INFO, &labels[..shown], 1.0);
    if let Some(allocator) = info.text(Text::MemAllocator) {
        out.push(&ALLOCATOR_INFO, [allocator], 1.0);
    }
    if let Some(state) = info.text(Text::MasterFailoverState) {
        out.push_state_set(&FAILOVER_STATE, &FAILOVER_STATES, state);
    }
}
