//! The masters that a Sentinel watches: the `master<N>` lines of the section Sentinel.

use super::scan;
use crate::metric::{Families, metrics};

metrics! {
    pub(super) fn metrics;
    STATUS: gauge "redis_sentinel_master_status" ["master_name", "master_address", "master_status"] Bool,
        "Whether the Sentinel sees the master as ok.", "INFO sentinel";
    STATE: gauge "redis_sentinel_master_state" ["master_name", "state"] Bool,
        "How the Sentinel sees the master: 1 for the current state, 0 for the others. sdown is its own view, odown that of \
         enough Sentinels.", "INFO sentinel";
    SLAVES: gauge "redis_sentinel_master_slaves" ["master_name", "master_address"] Count,
        "Replicas of the master that the Sentinel knows.", "INFO sentinel";
    SENTINELS: gauge "redis_sentinel_master_sentinels" ["master_name", "master_address"] Count,
        "Sentinels that watch the master, including this one.", "INFO sentinel";
}

/// What a Sentinel may say of a master.
const STATES: [&str; 4] = ["ok", "sdown", "odown", "unknown"];

/// A master that a Sentinel watches.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct SentinelMaster {
    /// Its configured name.
    pub(super) name: Box<str>,
    /// `ok`, `sdown` or `odown`.
    pub(super) status: Box<str>,
    /// Host and port.
    pub(super) address: Box<str>,
    /// Replicas that are known.
    pub(super) slaves: f64,
    /// Sentinels that watch it.
    pub(super) sentinels: f64,
}

/// Reads `name=mymaster,status=ok,address=127.0.0.1:6379,slaves=1,sentinels=3`; `None` when a number is not there.
pub(super) fn parse(value: &[u8]) -> Option<SentinelMaster> {
    let mut master = SentinelMaster::default();
    let (mut slaves, mut sentinels) = (None, None);
    for (name, value) in scan::pairs(value) {
        match name {
            b"name" => master.name = scan::text(value),
            b"status" => master.status = scan::text(value),
            b"address" => master.address = scan::text(value),
            b"slaves" => slaves = scan::number(value),
            b"sentinels" => sentinels = scan::number(value),
            _ => {}
        }
    }
    master.slaves = slaves?;
    master.sentinels = sentinels?;
    Some(master)
}

/// Exports the masters.
pub(super) fn export(masters: &[SentinelMaster], out: &mut Families) {
    for master in masters {
        let ok = &*master.status == "ok";
        out.push_bool(&STATUS, [&master.name, &master.address, &master.status], ok);
        let state = if STATES.contains(&&*master.status) { &*master.status } else { "unknown" };
        for known in STATES {
            out.push_bool(&STATE, [&master.name, known], known == state);
        }
        out.push(&SLAVES, [&master.name, &master.address], master.slaves);
        out.push(&SENTINELS, [&master.name, &master.address], master.sentinels);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn master(name: &str, status: &str, slaves: f64, sentinels: f64) -> SentinelMaster {
        let address = "192.169.2.52:6381".into();
        SentinelMaster { name: name.into(), status: status.into(), address, slaves, sentinels }
    }

    #[test]
    fn master_lines() {
        for (line, expected) in [
            (
                "name=user03,status=sdown,address=192.169.2.52:6381,slaves=1,sentinels=5",
                Some(master("user03", "sdown", 1.0, 5.0)),
            ),
            (
                "name=user02,status=ok,address=192.169.2.52:6381,slaves=1,sentinels=5",
                Some(master("user02", "ok", 1.0, 5.0)),
            ),
            (
                "name=user02,status=ok,address=192.169.2.52:6381,slaves=999,sentinels=500",
                Some(master("user02", "ok", 999.0, 500.0)),
            ),
            ("name=user02,status=ok,address=192.169.2.52:6381,slaves=abc,sentinels=5", None),
            ("name=user02,status=ok,address=192.169.2.52:6381,slaves=1,sentinels=abc", None),
        ] {
            assert_eq!(parse(line.as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn only_ok_is_one() {
        let mut out = Families::new();
        export(&[master("a", "ok", 1.0, 3.0), master("b", "odown", 0.0, 3.0)], &mut out);
        let values: Vec<_> = out.get("redis_sentinel_master_status").unwrap().values().collect();
        assert_eq!(
            values,
            [
                ("master_name=\"a\",master_address=\"192.169.2.52:6381\",master_status=\"ok\"", 1.0),
                ("master_name=\"b\",master_address=\"192.169.2.52:6381\",master_status=\"odown\"", 0.0),
            ]
        );
        let states = out.get("redis_sentinel_master_state").unwrap();
        let of = |name, state| states.value(&[("master_name", name), ("state", state)]);
        assert_eq!(["ok", "sdown", "odown", "unknown"].map(|state| of("a", state)), [1.0, 0.0, 0.0, 0.0].map(Some));
        assert_eq!(["ok", "sdown", "odown", "unknown"].map(|state| of("b", state)), [0.0, 0.0, 1.0, 0.0].map(Some));
    }
}
