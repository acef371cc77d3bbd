//! CLUSTER SLOT-STATS: the hash slots of a node that hold and cost most. Only where the settings ask for it.

use std::collections::BTreeMap;

use redis::{Cmd, Value};

use crate::collector::redis::RedisTarget;
use crate::collector::redis::facts::Facts;
use crate::collector::redis::question::{Question, command};
use crate::collector::redis::reply::{self, Unexpected};
use crate::collector::redis::reply_error;
use crate::metric::{Families, MetricInfo, metrics};

metrics! {
    fn metrics;
    KEYS: gauge "redis_cluster_slot_keys" ["slot"] Count,
        "Keys in the hash slot; of the slot_stats slots of the node with most keys, and of those that took most CPU time.",
        "CLUSTER SLOT-STATS, Valkey >= 8, Redis >= 8.2";
    CPU: counter "redis_cluster_slot_cpu_seconds_total" ["slot"] Seconds,
        "CPU time of the commands on the hash slot.", "CLUSTER SLOT-STATS, with cluster-slot-stats-enabled";
    BYTES_IN: counter "redis_cluster_slot_received_bytes_total" ["slot"] Bytes,
        "Bytes of the commands on the hash slot.", "CLUSTER SLOT-STATS, with cluster-slot-stats-enabled";
    BYTES_OUT: counter "redis_cluster_slot_sent_bytes_total" ["slot"] Bytes,
        "Bytes of the replies to commands on the hash slot.", "CLUSTER SLOT-STATS, with cluster-slot-stats-enabled";
}

/// CLUSTER SLOT-STATS, of a server in cluster mode.
#[derive(Debug)]
pub struct SlotStats {
    /// Slots that are asked for, by keys and by CPU time; 0 for none.
    most: u32,
}

/// Of a slot what the server tells, by its own words.
type OfSlot = BTreeMap<String, f64>;

impl Question for SlotStats {
    const NAME: &'static str = "CLUSTER SLOT-STATS";
    const SWITCH: Option<&'static str> = Some("cluster");
    const METRICS: fn() -> Vec<MetricInfo> = metrics;
    type Heard = BTreeMap<u64, OfSlot>;
    type Answer = BTreeMap<u64, OfSlot>;

    fn new(target: &RedisTarget) -> Self {
        Self { most: target.slot_stats }
    }

    fn commands(&self, facts: &Facts) -> Vec<Cmd> {
        if self.most == 0 || !facts.cluster_enabled {
            return Vec::new();
        }
        let most = self.most.to_string();
        let by = |what: &str| command(&["CLUSTER", "SLOT-STATS", "ORDERBY", what, "LIMIT", &most, "DESC"]);
        vec![by("KEY-COUNT"), by("CPU-USEC")]
    }

    /// Without cluster-slot-stats-enabled there is no order but that by keys.
    fn pardons(&self, _place: usize, _code: &str, detail: &str) -> bool {
        detail.contains("ORDERBY")
    }

    fn read(&self, replies: Vec<Value>) -> Result<BTreeMap<u64, OfSlot>, Unexpected> {
        let mut slots = BTreeMap::new();
        for reply in replies.iter().filter(|reply| reply_error::of(reply).is_none()) {
            for slot in reply::items(reply, Self::NAME)?.iter().take(self.most as usize) {
                let [slot, numbers] = reply::items(slot, Self::NAME)? else {
                    return Err(Unexpected::new(Self::NAME, "a slot and its numbers", slot));
                };
                let mut of_slot = OfSlot::new();
                for (key, value) in reply::pairs(numbers, Self::NAME)? {
                    let key = reply::text(key, Self::NAME)?.into_owned();
                    of_slot.insert(key, reply::count(value, Self::NAME)? as f64);
                }
                slots.insert(reply::count(slot, Self::NAME)?, of_slot);
            }
        }
        Ok(slots)
    }

    fn answer(&mut self, slots: BTreeMap<u64, OfSlot>, _: &Facts) -> BTreeMap<u64, OfSlot> {
        slots
    }

    fn export(slots: &BTreeMap<u64, OfSlot>, out: &mut Families) {
        for (slot, numbers) in slots {
            let (slot, of) = (slot.to_string(), |key: &str| numbers.get(key).copied());
            out.push_known(&KEYS, [&slot], of("key-count"));
            out.push_known(&CPU, [&slot], of("cpu-usec").map(|usec| usec / 1e6));
            out.push_known(&BYTES_IN, [&slot], of("network-bytes-in"));
            out.push_known(&BYTES_OUT, [&slot], of("network-bytes-out"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::reply::build::{array, error, map};
    use super::*;
    use crate::metric::text::{Format, exposition};

    #[test]
    fn slots_of_both_orders_are_shown_once() {
        let number = |number| Value::Int(number);
        let flat = |keys: i64, usec: i64| {
            let word = |text: &str| Value::BulkString(text.as_bytes().to_vec());
            array([word("key-count"), number(keys), word("cpu-usec"), number(usec)])
        };
        let by_keys = array([array([number(7), flat(9, 0)]), array([number(12_182), flat(3, 1500)])]);
        let by_cpu = array([array([number(12_182), flat(3, 1500)])]);
        let shown = |replies| {
            let mut families = Families::new();
            SlotStats::export(&SlotStats { most: 2 }.read(replies).unwrap(), &mut families);
            let text = exposition(&families.into_sorted(), Format::Prometheus);
            text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>()
        };
        let expected = [
            "redis_cluster_slot_cpu_seconds_total{slot=\"7\"} 0",
            "redis_cluster_slot_cpu_seconds_total{slot=\"12182\"} 0.0015",
            "redis_cluster_slot_keys{slot=\"7\"} 9",
            "redis_cluster_slot_keys{slot=\"12182\"} 3",
        ];
        assert_eq!(shown(vec![by_keys, by_cpu]), expected);
        let unordered = error("ERR Unrecognized sort metric for ORDERBY.");
        let only_keys = array([array([number(7), map(&[("key-count", "4")])])]);
        assert_eq!(shown(vec![only_keys, unordered]), ["redis_cluster_slot_keys{slot=\"7\"} 4"]);
        let odd = SlotStats { most: 2 }.read(vec![array([number(7)])]).unwrap_err();
        assert_eq!(odd.to_string(), "CLUSTER SLOT-STATS: expected an array, got an integer");
    }
}
