//! What the settings of a Redis leave out.

use super::clients::ClientList;
use super::question::{QUESTIONS, Question as _};
use super::queues::QueueSizes;
use super::{RedisTarget, canary, ping};
use crate::metric::MetricInfo;

/// The line that would bring a metric, if the settings leave it out.
pub(super) fn left_out(target: &RedisTarget, metric: &str) -> Option<String> {
    let is_among = |metrics: Vec<MetricInfo>| metrics.iter().any(|info| info.name == metric);
    let line = |line: &str| Some(format!("{line} in [[redis]]"));
    if !target.canary && is_among(canary::metrics()) {
        return line("canary = true");
    }
    if !target.client_list && is_among(ClientList::METRICS()) {
        return line("client_list = true");
    }
    if metric.starts_with("pool_") && target.pools.is_empty() {
        return Some("[[redis.pool]]".to_owned());
    }
    if ["pool_max_connections", "pool_open_ratio"].contains(&metric)
        && target.pools.iter().all(|pool| pool.max.is_none())
    {
        return Some("max = 50 in [[redis.pool]]".to_owned());
    }
    if target.queues.is_empty() && is_among(QueueSizes::METRICS()) {
        return Some("[[redis.queue]]".to_owned());
    }
    let is_off = |key: &&str| !target.commands.asks(key);
    let ping = Some("ping").filter(|_| is_among(ping::metrics()));
    let mut switches = QUESTIONS.iter().filter(|row| is_among(row.metrics())).map(|row| row.switch);
    let first = switches.next().flatten().filter(|_| switches.all(|switch| switch.is_some_and(|key| is_off(&key))));
    // The limits that a buffer is held against, and that of the clients, come from CONFIG GET.
    let limits = ["redis_client_output_buffer_top_limit_ratio", "redis_config_maxclients"].contains(&metric);
    let key = [ping, first, limits.then_some("config")].into_iter().flatten().find(is_off)?;
    line(&format!("commands = {{ {key} = true }}"))
}
