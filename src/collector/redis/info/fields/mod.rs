//! The plain fields of the INFO reply: one key, one value.
//!
//! A row of a table holds the key, the metric it becomes and how its value is converted, so a new field is one row.

mod clients;
mod cpu;
mod key_stats;
mod keydb;
mod memory;
mod modules;
mod persistence;
mod replication;
mod search;
mod server;
mod stats;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::metric::{Metric, Unit};

const TABLES: [&[(Field, Metric<0>)]; 11] = [
    server::FIELDS,
    clients::FIELDS,
    memory::FIELDS,
    persistence::FIELDS,
    stats::FIELDS,
    key_stats::FIELDS,
    replication::FIELDS,
    cpu::FIELDS,
    keydb::FIELDS,
    modules::FIELDS,
    search::FIELDS,
];

/// A key of INFO whose value is a number, by how the value as sent becomes the metric's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// As it is sent.
    Raw(&'static str),
    /// Microseconds become seconds.
    Micros(&'static str),
    /// Milliseconds become seconds.
    Millis(&'static str),
    /// Hundredths, with or without a percent sign, become a ratio.
    Percent(&'static str),
}

impl Field {
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Raw(key) | Self::Micros(key) | Self::Millis(key) | Self::Percent(key) => key,
        }
    }

    /// The metric's value for the value as sent.
    pub(super) fn convert(self, sent: f64) -> f64 {
        match self {
            Self::Raw(_) => sent,
            Self::Micros(_) => sent / 1e6,
            Self::Millis(_) => sent / 1e3,
            Self::Percent(_) => sent / 1e2,
        }
    }
}

metric::words! {
    /// A field whose value is kept as text.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) enum Text {
        Role = "role",
        RedisVersion = "redis_version",
        RedisBuildId = "redis_build_id",
        RedisMode = "redis_mode",
        ServerMode = "server_mode",
        Os = "os",
        MaxmemoryPolicy = "maxmemory_policy",
        TcpPort = "tcp_port",
        RunId = "run_id",
        ProcessId = "process_id",
        MasterReplid = "master_replid",
        MasterFailoverState = "master_failover_state",
        MemAllocator = "mem_allocator",
        SlaveReadOnly = "slave_read_only",
        ValkeyVersion = "valkey_version",
        ValkeyReleaseStage = "valkey_release_stage",
    }
}

/// Where the value of a key goes: a number, a text, or both.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Slot {
    /// The place of the field in [`all`].
    pub(super) number: Option<usize>,
    pub(super) is_percent: bool,
    pub(super) is_bytes: bool,
    pub(super) text: Option<Text>,
}

static SLOTS: LazyLock<HashMap<&'static [u8], Slot>> = LazyLock::new(|| {
    let mut slots: HashMap<&'static [u8], Slot> = HashMap::new();
    for (place, (field, metric)) in all().enumerate() {
        let slot = slots.entry(field.key().as_bytes()).or_default();
        slot.number = Some(place);
        slot.is_percent = matches!(field, Field::Percent(_));
        slot.is_bytes = metric.info().unit == Unit::Bytes;
    }
    for text in Text::ALL {
        slots.entry(text.as_str().as_bytes()).or_default().text = Some(text);
    }
    slots
});

/// Every field with a number, in a fixed order.
pub(super) fn all() -> impl Iterator<Item = &'static (Field, Metric<0>)> {
    TABLES.into_iter().flatten()
}

/// The number of fields in [`all`].
pub(super) fn count() -> usize {
    TABLES.iter().map(|table| table.len()).sum()
}

/// Where the value of `key` goes; `None` for a key that no metric or accessor needs.
pub(super) fn slot(key: &[u8]) -> Option<Slot> {
    SLOTS.get(key).copied()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::metric::text::is_metric_name;

    #[test]
    fn keys_and_names_are_unique_and_every_row_is_complete() {
        let mut keys = HashSet::new();
        let mut names = HashSet::new();
        for (field, metric) in all() {
            let info = metric.info();
            assert!(keys.insert(field.key()), "{} stands twice", field.key());
            assert!(names.insert(info.name), "{} stands twice", info.name);
            assert!(is_metric_name(info.name) && info.name.starts_with("redis_"), "{}", info.name);
            assert!(info.help.ends_with('.'), "{}", info.name);
            assert!(info.source.starts_with("INFO "), "{}", info.name);
        }
        assert_eq!(keys.len(), count());
    }

    #[test]
    fn text_fields_stand_at_their_place() {
        for (place, text) in Text::ALL.into_iter().enumerate() {
            assert_eq!(text as usize, place);
        }
    }

    #[test]
    fn process_id_is_a_number_and_a_text() {
        let slot = slot(b"process_id").unwrap();
        assert_eq!(all().nth(slot.number.unwrap()).unwrap().0.key(), "process_id");
        assert_eq!(slot.text, Some(Text::ProcessId));
    }

    #[test]
    fn values_are_converted_to_base_units() {
        let convert = |key: &str, sent| all().find(|(field, _)| field.key() == key).unwrap().0.convert(sent);
        assert_eq!(convert("latest_fork_usec", 1_500_000.0).to_bits(), 1.5f64.to_bits());
        assert_eq!(convert("total_active_defrag_time", 250.0).to_bits(), 0.25f64.to_bits());
        assert_eq!(convert("used_memory_peak_perc", 50.0).to_bits(), 0.5f64.to_bits());
        assert_eq!(convert("used_memory", 7.0).to_bits(), 7.0f64.to_bits());
    }
}
