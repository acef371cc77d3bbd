//! The masters and replicas of the section Replication.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::scan;
use crate::metric::{Families, metrics};

metrics! {
    pub(super) fn metrics;
    SLAVE_INFO: gauge "redis_slave_info" ["master_host", "master_port", "read_only"] Info,
        "The master that this replica follows, and whether the replica refuses writes.", "INFO replication, replica";
    LINK_UP: gauge "redis_master_link_up" ["master_host", "master_port"] Bool,
        "Whether the link to the master is up.", "INFO replication, replica";
    LAST_IO: gauge "redis_master_last_io_seconds_ago" ["master_host", "master_port"] Seconds,
        "Time since the master last sent something; -1 while the link is down.", "INFO replication, replica";
    SYNC_IN_PROGRESS: gauge "redis_master_sync_in_progress" ["master_host", "master_port"] Bool,
        "Whether the master is sending the data set to this replica.", "INFO replication, replica";
    REPL_OFFSET: gauge "redis_slave_repl_offset" ["master_host", "master_port"] Bytes,
        "Replication offset up to which this replica has applied what the master sent.", "INFO replication, replica";
    REPLICA_OFFSET: gauge "redis_connected_slave_offset_bytes" ["slave_ip", "slave_port", "slave_state"] Bytes,
        "Replication offset that the replica has acknowledged; of several behind one address the smallest.",
        "INFO replication, master";
    REPLICA_LAG: gauge "redis_connected_slave_lag_seconds" ["slave_ip", "slave_port", "slave_state"] Seconds,
        "Time since the replica acknowledged something; of several behind one address the longest. Kvrocks sends the \
         number of writes that the replica is behind instead, which is under this name as redis_exporter has it.",
        "INFO replication, master, Redis >= 3.0";
}

/// A master that this server follows. Redis has one; KeyDB may have several.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Master {
    /// Its host, as configured.
    pub(super) host: Box<str>,
    /// Its port.
    pub(super) port: Box<str>,
    /// Whether the link is up.
    pub(super) link_up: Option<bool>,
    /// Seconds since it sent something; -1 while the link is down.
    pub(super) last_io_seconds_ago: Option<f64>,
    /// Whether it is sending the data set, as 1 or 0.
    pub(super) sync_in_progress: Option<f64>,
    /// Replication offset in bytes.
    pub(super) repl_offset: Option<f64>,
}

/// A replica that is connected to this server.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Replica {
    /// Its address.
    pub(super) ip: Box<str>,
    /// The port it listens on.
    pub(super) port: Box<str>,
    /// `online`, `wait_bgsave`, `send_bulk` and the like.
    pub(super) state: Box<str>,
    /// Replication offset in bytes that it has acknowledged.
    pub(super) offset: f64,
    /// Seconds since it acknowledged something; `None` before Redis 3.0.
    pub(super) lag_seconds: Option<f64>,
}

/// Adds one line on a master; `false` when the key does not belong to a master.
///
/// The lines of a master follow its host. KeyDB numbers those of the second and later ones (`master_1_host`), but not
/// their `slave_repl_offset`, so a line belongs to the master whose host came last.
pub(super) fn parse_master(masters: &mut Vec<Master>, key: &[u8], value: &[u8], malformed: &mut u64) -> bool {
    let Some(part) = master_part(key) else { return false };
    if part == b"host" || masters.is_empty() {
        masters.push(Master::default());
    }
    let Some(master) = masters.last_mut() else { return false };
    let place = match part {
        b"host" => {
            master.host = scan::text(value);
            return true;
        }
        b"port" => {
            master.port = scan::text(value);
            return true;
        }
        b"link_status" => {
            master.link_up = Some(value == b"up");
            return true;
        }
        b"last_io_seconds_ago" => &mut master.last_io_seconds_ago,
        b"sync_in_progress" => &mut master.sync_in_progress,
        _ => &mut master.repl_offset,
    };
    *place = scan::number(value);
    *malformed += u64::from(place.is_none());
    true
}

/// What a key says of a master: `master_host` and `master_1_host` are `host`.
fn master_part(key: &[u8]) -> Option<&[u8]> {
    if key == b"slave_repl_offset" {
        return Some(b"repl_offset");
    }
    let rest = key.strip_prefix(b"master_")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let part = if digits == 0 { rest } else { rest[digits..].strip_prefix(b"_")? };
    matches!(part, b"host" | b"port" | b"link_status" | b"last_io_seconds_ago" | b"sync_in_progress").then_some(part)
}

/// Reads `ip=10.0.0.1,port=6379,state=online,offset=1,lag=0`; `None` without an offset or with a malformed number.
pub(super) fn parse_replica(value: &[u8]) -> Option<Replica> {
    let mut replica = Replica::default();
    let mut offset = None;
    for (name, value) in scan::pairs(value) {
        match name {
            b"ip" => replica.ip = scan::text(value),
            b"port" => replica.port = scan::text(value),
            b"state" => replica.state = scan::text(value),
            b"offset" => offset = Some(scan::number(value)?),
            b"lag" => replica.lag_seconds = Some(scan::number(value)?),
            _ => {}
        }
    }
    replica.offset = offset?;
    Some(replica)
}

/// Exports the masters and replicas.
pub(super) fn export(
    masters: &[Master],
    replicas: &[Replica],
    role: Option<&str>,
    read_only: Option<&str>,
    out: &mut Families,
) {
    if role == Some("slave") {
        let (host, port) = masters.first().map_or(("", ""), |master| (&master.host, &master.port));
        out.push(&SLAVE_INFO, [host, port, read_only.unwrap_or("")], 1.0);
    }
    for master in masters {
        let labels = [&*master.host, &*master.port];
        out.push_known(&LINK_UP, labels, master.link_up.map(f64::from));
        out.push_known(&LAST_IO, labels, master.last_io_seconds_ago);
        out.push_known(&SYNC_IN_PROGRESS, labels, master.sync_in_progress);
        out.push_known(&REPL_OFFSET, labels, master.repl_offset);
    }
    for replica in merged(replicas) {
        let labels = [&*replica.ip, &*replica.port, &*replica.state];
        out.push(&REPLICA_OFFSET, labels, replica.offset);
        out.push_known(&REPLICA_LAG, labels, replica.lag_seconds);
    }
}

/// The replicas with different labels: of those behind one address (NAT, Kubernetes) what the worst of them says.
fn merged(replicas: &[Replica]) -> Vec<Replica> {
    let mut merged: Vec<Replica> = Vec::with_capacity(replicas.len());
    let mut places = HashMap::new();
    for replica in replicas {
        // -1 stands for a replica that has acknowledged nothing yet.
        let lag_seconds = replica.lag_seconds.filter(|lag| *lag >= 0.0);
        match places.entry((&replica.ip, &replica.port, &replica.state)) {
            Entry::Vacant(entry) => {
                entry.insert(merged.len());
                merged.push(Replica { lag_seconds, ..replica.clone() });
            }
            Entry::Occupied(entry) => {
                let known = &mut merged[*entry.get()];
                known.offset = known.offset.min(replica.offset);
                known.lag_seconds = [known.lag_seconds, lag_seconds].into_iter().flatten().reduce(f64::max);
            }
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replica(ip: &str, port: &str, state: &str, offset: f64, lag_seconds: Option<f64>) -> Replica {
        Replica { ip: ip.into(), port: port.into(), state: state.into(), offset, lag_seconds }
    }

    #[test]
    fn replica_lines() {
        for (line, expected) in [
            (
                "ip=10.254.11.1,port=6379,state=online,offset=1751844676,lag=0",
                Some(replica("10.254.11.1", "6379", "online", 1_751_844_676.0, Some(0.0))),
            ),
            (
                "ip=2a00:1450:400e:808::200e,port=6379,state=online,offset=1751844676,lag=0",
                Some(replica("2a00:1450:400e:808::200e", "6379", "online", 1_751_844_676.0, Some(0.0))),
            ),
            ("offset=1,lag=0", Some(replica("", "", "", 1.0, Some(0.0)))),
            ("offset=1", Some(replica("", "", "", 1.0, None))),
            ("ip=1.2.3.4,state=online,offset=123,lag=42", Some(replica("1.2.3.4", "", "online", 123.0, Some(42.0)))),
            (
                "ip=1.2.3.4,port=1,state=online,offset=5,lag=1,type=replica",
                Some(replica("1.2.3.4", "1", "online", 5.0, Some(1.0))),
            ),
            ("offset=abc,lag=0", None),
            ("offset=0,lag=abc", None),
            ("", None),
        ] {
            assert_eq!(parse_replica(line.as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn keys_of_masters() {
        for (key, part) in [
            ("master_host", Some("host")),
            ("master_12_port", Some("port")),
            ("master_1_link_status", Some("link_status")),
            ("slave_repl_offset", Some("repl_offset")),
            ("master_global_link_status", None),
            ("master_1host", None),
            ("master_repl_offset", None),
            ("master0", None),
            ("master", None),
        ] {
            assert_eq!(master_part(key.as_bytes()), part.map(str::as_bytes), "{key}");
        }
    }

    #[test]
    fn a_lag_below_zero_and_a_malformed_number_are_absent() {
        let mut malformed = 0;
        let mut masters = Vec::new();
        for (key, value) in
            [("master_link_status", "down"), ("master_last_io_seconds_ago", "-1"), ("master_sync_in_progress", "maybe")]
        {
            assert!(parse_master(&mut masters, key.as_bytes(), value.as_bytes(), &mut malformed));
        }
        assert_eq!(malformed, 1);
        let expected = Master {
            link_up: Some(false),
            last_io_seconds_ago: Some(-1.0),
            sync_in_progress: None,
            ..Master::default()
        };
        assert_eq!(masters, [expected]);

        let mut out = Families::new();
        export(&masters, &[replica("a", "1", "online", 7.0, Some(-1.0))], Some("master"), None, &mut out);
        assert!(out.get("redis_connected_slave_lag_seconds").is_none());
        assert!(out.get("redis_slave_info").is_none());
        let values: Vec<_> = out.get("redis_connected_slave_offset_bytes").unwrap().values().collect();
        assert_eq!(values, [("slave_ip=\"a\",slave_port=\"1\",slave_state=\"online\"", 7.0)]);
    }

    #[test]
    fn of_replicas_behind_one_address_the_worst_is_shown() {
        let mut out = Families::new();
        let replicas = [
            replica("1.2.3.4", "6380", "online", 900.0, Some(0.0)),
            replica("1.2.3.4", "6380", "online", 200.0, Some(14.0)),
            replica("1.2.3.4", "6380", "online", 500.0, Some(-1.0)),
            replica("1.2.3.4", "6380", "wait_bgsave", 0.0, Some(-1.0)),
            replica("1.2.3.5", "6380", "online", 800.0, Some(7.0)),
        ];
        export(&[], &replicas, Some("master"), None, &mut out);
        let values = |name| out.get(name).unwrap().values().collect::<Vec<_>>();
        let online = "slave_ip=\"1.2.3.4\",slave_port=\"6380\",slave_state=\"online\"";
        let waiting = "slave_ip=\"1.2.3.4\",slave_port=\"6380\",slave_state=\"wait_bgsave\"";
        let other = "slave_ip=\"1.2.3.5\",slave_port=\"6380\",slave_state=\"online\"";
        assert_eq!(values("redis_connected_slave_lag_seconds"), [(online, 14.0), (other, 7.0)]);
        assert_eq!(values("redis_connected_slave_offset_bytes"), [(online, 200.0), (waiting, 0.0), (other, 800.0)]);
        assert_eq!(out.rejections(), crate::metric::Rejections::default());
    }
}
