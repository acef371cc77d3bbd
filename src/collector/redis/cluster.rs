//! CLUSTER INFO: the cluster as this node sees it.

pub(super) mod nodes;
mod slot_stats;
mod topology;

use redis::{Cmd, Value};

use super::facts::Facts;
use super::question::{Question, command};
use super::reply::{self, Unexpected};
use crate::collector::redis::RedisTarget;
use crate::metric::{Families, Kind, MetricInfo, Suffix, metrics};

pub use slot_stats::SlotStats;
pub use topology::ClusterNodes;

/// Fields that are read; Redis sends about 40, one for each type of message that was sent or received.
const MAX_FIELDS: usize = 128;

/// Bytes of a field's name; real ones have about 50.
const MAX_NAME: usize = 100;

metrics! {
    pub fn metrics;
    const KNOWN: [(&'static str, Metric<0>)];
    "cluster_state" => gauge "redis_cluster_state" [] Bool,
        "Whether the node can serve: 1 for ok, 0 for fail.", "CLUSTER INFO";
    "cluster_slots_assigned" => gauge "redis_cluster_slots_assigned" [] Count,
        "Hash slots that belong to a node.", "CLUSTER INFO";
    "cluster_slots_ok" => gauge "redis_cluster_slots_ok" [] Count,
        "Hash slots whose node is neither failing nor suspected to be.", "CLUSTER INFO";
    "cluster_slots_pfail" => gauge "redis_cluster_slots_pfail" [] Count,
        "Hash slots whose node this node suspects to be failing.", "CLUSTER INFO";
    "cluster_slots_fail" => gauge "redis_cluster_slots_fail" [] Count,
        "Hash slots whose node the cluster holds to be failing.", "CLUSTER INFO";
    "cluster_known_nodes" => gauge "redis_cluster_known_nodes" [] Count,
        "Nodes that this node knows, itself and those in handshake too.", "CLUSTER INFO";
    "cluster_size" => gauge "redis_cluster_size" [] Count,
        "Primary nodes that serve at least one hash slot.", "CLUSTER INFO";
    "cluster_current_epoch" => gauge "redis_cluster_current_epoch" [] Count,
        "The cluster's epoch, which rises with each failover.", "CLUSTER INFO";
    "cluster_my_epoch" => gauge "redis_cluster_my_epoch" [] Count,
        "The configuration epoch of this node.", "CLUSTER INFO";
    // Counters by nature; gauges because dashboards and rules know these names as gauges.
    "cluster_stats_messages_sent" => gauge "redis_cluster_messages_sent_total" [] Count,
        "Messages sent to other nodes over the cluster bus.", "CLUSTER INFO";
    "cluster_stats_messages_received" => gauge "redis_cluster_messages_received_total" [] Count,
        "Messages received from other nodes over the cluster bus.", "CLUSTER INFO";
    "total_cluster_links_buffer_limit_exceeded" => counter "redis_cluster_links_buffer_limit_exceeded_total" [] Count,
        "Links to other nodes that were freed because they held more than cluster-link-sendbuf-limit.",
        "CLUSTER INFO, Redis >= 7";
}

/// The numeric fields of CLUSTER INFO, in the server's order and by the server's names; `cluster_state` is 1 or 0.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClusterInfo {
    fields: Vec<(String, f64)>,
}

/// What names that pass through begin with.
pub(super) const PASSED_THROUGH: &str = "redis_cluster_";

/// CLUSTER INFO, of a server in cluster mode.
#[derive(Debug)]
pub struct ClusterState;

impl Question for ClusterState {
    const NAME: &'static str = "CLUSTER INFO";
    const SWITCH: Option<&'static str> = Some("cluster");
    const METRICS: fn() -> Vec<MetricInfo> = metrics;
    const PASSED_THROUGH: Option<&'static str> = Some(PASSED_THROUGH);
    type Heard = ClusterInfo;
    type Answer = ClusterInfo;

    fn new(_: &RedisTarget) -> Self {
        Self
    }

    fn commands(&self, facts: &Facts) -> Vec<Cmd> {
        facts.cluster_enabled.then(|| command(&["CLUSTER", "INFO"])).into_iter().collect()
    }

    /// Lines that are not a `name:number` are left out.
    fn read(&self, replies: Vec<Value>) -> Result<ClusterInfo, Unexpected> {
        let text = reply::text(reply::only(&replies), Self::NAME)?;
        let fields = text.lines().filter_map(parse_line).take(MAX_FIELDS).collect();
        Ok(ClusterInfo { fields })
    }

    fn answer(&mut self, info: ClusterInfo, _: &Facts) -> ClusterInfo {
        info
    }

    fn export(info: &ClusterInfo, out: &mut Families) {
        for (field, value) in &info.fields {
            match KNOWN.iter().find(|(known, _)| known == field) {
                Some((_, metric)) => out.push(metric, [], *value),
                None if field.starts_with("cluster_") => pass_through(field, *value, out),
                None => {}
            }
        }
    }
}

fn parse_line(line: &str) -> Option<(String, f64)> {
    let (name, value) = line.trim_end().split_once(':')?;
    let value = match (name, value) {
        ("cluster_state", "ok") => 1.0,
        ("cluster_state", "fail") => 0.0,
        _ => value.parse().ok().filter(|value: &f64| value.is_finite())?,
    };
    (name.len() <= MAX_NAME).then(|| (name.to_owned(), value))
}

/// Exports a number under the name that the server gives it in INFO or CLUSTER INFO, with `_` for what a metric's name may
/// not have: `cluster_stats_messages_auth-req_sent`.
pub(super) fn pass_through(field: &str, value: f64, out: &mut Families) {
    let clean = field.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
    let name: String = "redis_".chars().chain(clean).collect();
    out.push_foreign((&name, Kind::Gauge, "The number that the server has under this name."), Suffix::None, &[], value);
}

#[cfg(test)]
mod tests {
    use redis::VerbatimFormat;

    use super::super::reply::build::bulk;
    use super::*;
    use crate::metric::text::{Format, exposition};

    /// What a node of redis-server 7.0.15 answers that is alone in its cluster.
    const RECORDED: &str = "cluster_state:ok\r\ncluster_slots_assigned:16384\r\ncluster_slots_ok:16384\r\n\
        cluster_slots_pfail:0\r\ncluster_slots_fail:0\r\ncluster_known_nodes:1\r\ncluster_size:1\r\n\
        cluster_current_epoch:0\r\ncluster_my_epoch:0\r\ncluster_stats_messages_sent:0\r\n\
        cluster_stats_messages_received:0\r\ntotal_cluster_links_buffer_limit_exceeded:0\r\n";

    fn samples(reply: &Value) -> Vec<String> {
        let mut families = Families::new();
        ClusterState::export(&ClusterState.read(vec![reply.clone()]).unwrap(), &mut families);
        let text = exposition(&families.into_sorted(), Format::Prometheus);
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
    }

    #[test]
    fn a_recorded_reply_gives_exact_samples() {
        let expected = [
            "redis_cluster_current_epoch 0",
            "redis_cluster_known_nodes 1",
            "redis_cluster_links_buffer_limit_exceeded_total 0",
            "redis_cluster_messages_received_total 0",
            "redis_cluster_messages_sent_total 0",
            "redis_cluster_my_epoch 0",
            "redis_cluster_size 1",
            "redis_cluster_slots_assigned 16384",
            "redis_cluster_slots_fail 0",
            "redis_cluster_slots_ok 16384",
            "redis_cluster_slots_pfail 0",
            "redis_cluster_state 1",
        ];
        assert_eq!(samples(&bulk(RECORDED)), expected);
        let resp3 = Value::VerbatimString { format: VerbatimFormat::Text, text: RECORDED.to_owned() };
        assert_eq!(samples(&resp3), expected);
        assert_eq!(samples(&bulk(&RECORDED.replace("\r\n", "\n\n"))), expected);
    }

    #[test]
    fn a_message_type_becomes_a_metric_name() {
        assert_eq!(
            samples(&bulk(
                "cluster_stats_messages_auth-req_sent:5\r\ncluster_stats_messages_ping_received:2170713\r\n"
            )),
            ["redis_cluster_stats_messages_auth_req_sent 5", "redis_cluster_stats_messages_ping_received 2170713"]
        );
    }

    #[test]
    fn state_is_one_or_zero_or_absent() {
        assert_eq!(samples(&bulk("cluster_state:fail")), ["redis_cluster_state 0"]);
        assert!(samples(&bulk("cluster_state:dreaming")).is_empty());
    }

    #[test]
    fn what_is_no_number_or_no_field_is_left_out() {
        let text = "cluster_size:many\r\ncluster_my_epoch\r\n:1\r\ncluster_x:nan\r\ncluster_y:inf\r\nother:1\r\n\
            cluster_size:3\r\n";
        assert_eq!(samples(&bulk(text)), ["redis_cluster_size 3"]);
        assert!(samples(&bulk("")).is_empty());
        assert!(samples(&bulk(&format!("cluster_{}:1", "x".repeat(MAX_NAME)))).is_empty());
    }

    #[test]
    fn fields_are_bounded() {
        use std::fmt::Write as _;

        let mut text = String::new();
        for index in 0..1000 {
            writeln!(text, "cluster_f{index}:1").unwrap();
        }
        assert_eq!(samples(&bulk(&text)).len(), MAX_FIELDS);
    }

    #[test]
    fn another_shape_is_an_error() {
        let error = ClusterState.read(vec![Value::Nil]).unwrap_err();
        assert_eq!(error.to_string(), "CLUSTER INFO: expected a string, got nil");
    }
}
