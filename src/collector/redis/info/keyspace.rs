//! The section Keyspace: one line a database, read by the names of its parts.

use std::collections::HashSet;

use super::scan;
use crate::metric::{Families, metrics};

metrics! {
    pub(super) fn metrics;
    KEYS: gauge "redis_db_keys" ["db"] Count, "Keys in the database.", "INFO keyspace";
    EXPIRING: gauge "redis_db_keys_expiring" ["db"] Count, "Keys in the database that have an expiry.", "INFO keyspace";
    AVG_TTL: gauge "redis_db_avg_ttl_seconds" ["db"] Seconds,
        "Estimated mean time to live of the keys that have an expiry.", "INFO keyspace, Redis >= 2.8";
    CACHED: gauge "redis_db_keys_cached" ["db"] Count,
        "Keys of the database that are cached in memory.", "INFO keyspace, KeyDB";
    EXPIRING_ITEMS: gauge "redis_db_keys_with_expiring_items" ["db"] Count,
        "Keys of the database that hold items with an expiry of their own, such as fields of a hash.",
        "INFO keyspace, Redis >= 7.4, Valkey >= 9.0";
}

/// Databases that are shown as empty at most, whatever number the configuration of the server has.
const MAX_FILLED: u32 = 1024;

/// One database. What its line does not have, or has malformed, is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Database {
    /// Its number.
    pub(super) index: u32,
    /// Keys.
    pub(super) keys: Option<f64>,
    /// Keys with an expiry.
    pub(super) expires: Option<f64>,
    /// Estimated mean time to live in milliseconds of the keys with an expiry.
    pub(super) avg_ttl_ms: Option<f64>,
    /// Keys cached in memory (KeyDB).
    pub(super) cached_keys: Option<f64>,
    /// Keys with expiring items: `subexpiry` of Redis, `keys_with_volatile_items` of Valkey.
    pub(super) expiring_items: Option<f64>,
}

/// Reads `keys=1,expires=0,avg_ttl=0`. A malformed part is absent and counted; a line without any known part counts too.
pub(super) fn parse(index: u32, value: &[u8], malformed: &mut u64) -> Database {
    let mut database = Database { index, ..Database::default() };
    let mut known = false;
    for (name, value) in scan::pairs(value) {
        let place = match name {
            b"keys" => &mut database.keys,
            b"expires" => &mut database.expires,
            b"avg_ttl" => &mut database.avg_ttl_ms,
            b"cached_keys" => &mut database.cached_keys,
            b"subexpiry" | b"keys_with_volatile_items" => &mut database.expiring_items,
            _ => continue,
        };
        known = true;
        *place = scan::number(value);
        *malformed += u64::from(place.is_none());
    }
    *malformed += u64::from(!known);
    database
}

/// Exports the databases; those of the first `filled` that have no line are empty.
pub(super) fn export(databases: &[Database], filled: u32, out: &mut Families) {
    let mut label = String::new();
    let mut seen = HashSet::new();
    for database in databases {
        seen.insert(database.index);
        write_label(&mut label, database.index);
        // Dragonfly sends -1 for a mean that it does not know.
        let avg_ttl = database.avg_ttl_ms.filter(|ttl| *ttl >= 0.0).map(|ttl| ttl / 1e3);
        out.push_known(&KEYS, [&label], database.keys);
        out.push_known(&EXPIRING, [&label], database.expires);
        out.push_known(&AVG_TTL, [&label], avg_ttl);
        out.push_known(&CACHED, [&label], database.cached_keys);
        out.push_known(&EXPIRING_ITEMS, [&label], database.expiring_items);
    }
    for index in (0..filled.min(MAX_FILLED)).filter(|index| !seen.contains(index)) {
        write_label(&mut label, index);
        out.push(&KEYS, [&label], 0.0);
        out.push(&EXPIRING, [&label], 0.0);
    }
}

fn write_label(label: &mut String, index: u32) {
    use std::fmt::Write as _;

    label.clear();
    // Writing to a String cannot fail.
    let _ = write!(label, "db{index}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(value: &str) -> ([Option<f64>; 5], u64) {
        let mut malformed = 0;
        let db = parse(0, value.as_bytes(), &mut malformed);
        ([db.keys, db.expires, db.avg_ttl_ms, db.cached_keys, db.expiring_items], malformed)
    }

    #[test]
    fn good_lines() {
        for (line, expected) in [
            ("keys=1,expires=2", [Some(1.0), Some(2.0), None, None, None]),
            ("keys=1,expires=0,avg_ttl=0", [Some(1.0), Some(0.0), Some(0.0), None, None]),
            ("keys=1,expires=0,avg_ttl=0,cached_keys=0", [Some(1.0), Some(0.0), Some(0.0), Some(0.0), None]),
            (
                "keys=25714011,expires=25091314,avg_ttl=685620459,subexpiry=0",
                [Some(25_714_011.0), Some(25_091_314.0), Some(685_620_459.0), None, Some(0.0)],
            ),
            (
                "keys=17,expires=5,avg_ttl=2500,keys_with_volatile_items=3",
                [Some(17.0), Some(5.0), Some(2500.0), None, Some(3.0)],
            ),
            ("keys=1,expires=0,avg_ttl=0,cached_keys=4,extra=0", [Some(1.0), Some(0.0), Some(0.0), Some(4.0), None]),
            (
                "keys=1,expires=0,hits=0,misses=0,hit_ratio=0.00,avg_ttl=-1",
                [Some(1.0), Some(0.0), Some(-1.0), None, None],
            ),
        ] {
            assert_eq!(parts(line), (expected, 0), "{line}");
        }
    }

    #[test]
    fn malformed_parts_are_absent_and_the_good_ones_stay() {
        for (line, expected, malformed) in [
            ("", [None; 5], 1),
            ("xxx", [None; 5], 1),
            ("keys=abcd,expires=0,avg_ttl=0", [None, Some(0.0), Some(0.0), None, None], 1),
            ("keys=1234=1234,expires=0,avg_ttl=0", [None, Some(0.0), Some(0.0), None, None], 1),
            ("keys=abcde,expires=0", [None, Some(0.0), None, None, None], 1),
            ("keys=213,expires=xxx", [Some(213.0), None, None, None, None], 1),
            ("keys=123,expires=0,avg_ttl=zzz", [Some(123.0), Some(0.0), None, None, None], 1),
            ("keys=1,expires=0,avg_ttl=zzz,cached_keys=0", [Some(1.0), Some(0.0), None, Some(0.0), None], 1),
            ("keys=1,expires=0,avg_ttl=0,cached_keys=zzz", [Some(1.0), Some(0.0), Some(0.0), None, None], 1),
        ] {
            assert_eq!(parts(line), (expected, malformed), "{line}");
        }
    }

    #[test]
    fn absent_databases_are_empty_and_malformed_ones_are_not() {
        let databases = [
            Database { index: 1, keys: Some(4.0), avg_ttl_ms: Some(685_620_459.0), ..Database::default() },
            Database { index: 2, avg_ttl_ms: Some(-1.0), ..Database::default() },
        ];
        let mut out = Families::new();
        export(&databases, 4, &mut out);
        let values = |name: &str| -> Vec<(String, f64)> {
            out.get(name).map_or(Vec::new(), |f| f.values().map(|(l, v)| (l.to_owned(), v)).collect())
        };
        assert_eq!(
            values("redis_db_keys"),
            [("db=\"db1\"".into(), 4.0), ("db=\"db0\"".into(), 0.0), ("db=\"db3\"".into(), 0.0)]
        );
        assert_eq!(values("redis_db_keys_expiring"), [("db=\"db0\"".into(), 0.0), ("db=\"db3\"".into(), 0.0)]);
        assert_eq!(values("redis_db_avg_ttl_seconds"), [("db=\"db1\"".into(), 685_620.459)]);
    }

    #[test]
    fn an_absurd_number_of_databases_is_cut() {
        let mut out = Families::new();
        export(&[], u32::MAX, &mut out);
        assert_eq!(out.series(), 2 * 1024);
    }
}
