//! A server dies in whose place another one serves.

use super::{LONG, row};
use crate::row::{Drill, Row};
use crate::stack::{Kind, PLAIN, Parts};

/// What of the target Prometheus must have seen all the while: a node that is up, of one target.
const WENT_ON: [(&str, f64); 2] = [
    ("min_over_time((max by (target) (redis_up{target=\"redis\"}))[1m:1s])", 1.0),
    ("count(count by (target) (count_over_time(redis_up{target!~\"sentinel.*\"}[1m])))", 1.0),
];

/// The primary is killed, another node serves in its place, and it comes back as a replica.
fn kill_primary(drill: &mut Drill, nodes: f64) {
    drill.stack.site().nodes[0].kill();
    drill.wait(LONG);
    let judges = &drill.stack.judges;
    for (query, wanted) in WENT_ON {
        assert_eq!(judges.value(query), Some(wanted), "{query}");
    }
    let needed = |dead: bool| {
        let up = u8::from(!dead);
        judges.value(&format!("sum(redis_node_needed * on (target, node) (redis_up == bool {up}))"))
    };
    assert_eq!((needed(true), needed(false)), (Some(0.0), Some(nodes)), "primaries that are down, and up");
    assert_eq!(judges.value("sum(increase(redis_promotions_total[1m])) > bool 0"), Some(1.0), "a failover is seen");
    drill.stack.site().nodes[0].start_again();
}

/// `RedisNodeDown` silences it as long as no other node serves in its place: it comes with the group's next message.
const TOLD: u64 = 540;

pub(crate) const ROWS: &[Row] = &[
    Row {
        parts: Parts { kind: Kind::Sentinels, services: 0, ..PLAIN },
        ..row("failover under Sentinel", [0, 0, 1], "RedisSpareDown", TOLD, |drill| kill_primary(drill, 1.0))
    },
    Row {
        parts: Parts { kind: Kind::Cluster, services: 0, ..PLAIN },
        ..row("failover in a cluster", [0, 0, 1], "RedisSpareDown", TOLD, |drill| kill_primary(drill, 3.0))
    },
];
