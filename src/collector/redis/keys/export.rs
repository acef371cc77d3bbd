//! The metrics of keys.

use std::collections::BTreeSet;

use std::borrow::Cow;
use std::collections::HashSet;

use super::Told;
use super::looked::{Looked, Type};
use super::settings::Watched;
use super::walk::Pass;
use crate::metric::text::cut;
use crate::metric::{Families, OTHER, metrics};

/// Bytes of a key that are shown; of a longer one its beginning and a hash.
const MAX_KEY: usize = 180;

metrics! {
    pub fn metrics;
    SIZE: gauge "redis_key_size" ["db", "key"] Count,
        "Elements of a watched key, or bytes of a text; 0 where there is no such key. Of a pattern the largest keys of its \
         last whole pass, and the others together as __other__.", "LLEN, SCARD, ZCARD, HLEN, XLEN, STRLEN";
    VALUE: gauge "redis_key_value" ["db", "key"] Count,
        "The number in a watched key that holds a number as text.", "GETRANGE";
    MEMORY: gauge "redis_key_memory_usage_bytes" ["db", "key"] Bytes,
        "What a watched key takes up in the server's memory. Of a pattern the largest keys of its last whole pass, and the \
         others together as __other__.", "MEMORY USAGE, Redis >= 4";
    COUNT: gauge "redis_keys_count" ["db", "key"] Count,
        "Keys that fitted the pattern in its last whole pass.", "SCAN";
    GROUP_COUNT: gauge "redis_key_group_count" ["db", "key_group"] Count,
        "Keys of a group in the last whole pass. Those that fit no regular expression are unclassified, the groups that are \
         not shown overflow.", "SCAN";
    GROUP_MEMORY: gauge "redis_key_group_memory_usage_bytes" ["db", "key_group"] Bytes,
        "What the keys of a group took up in the server's memory in the last whole pass.", "MEMORY USAGE, Redis >= 4";
    GROUPS: gauge "redis_number_of_distinct_key_groups" ["db"] Count,
        "Groups that were found in the last whole pass, shown or not; at most 10000 are told apart.", "SCAN";
    GROUPS_DURATION: gauge "redis_last_key_groups_scrape_duration_milliseconds" [] Milliseconds,
        "Time that the last whole passes of key groups took, over all databases.", "clock";
    PASS_AGE: gauge "redis_key_scan_age_seconds" ["db"] Seconds,
        "Time since the last whole pass over the keys ended, which the numbers of patterns are from; absent before the first \
         pass has ended.", "clock";
    PASS_DURATION: gauge "redis_key_scan_duration_seconds" ["db"] Seconds,
        "How long the last whole pass over the keys took, from its first poll to its last.", "clock";
    PASS_KEYS: gauge "redis_key_scan_keys" ["db"] Count,
        "Keys that the last whole pass saw, whether they fit a pattern or not.", "SCAN";
    SCANNED: counter "redis_key_scanned_keys_total" [] Count,
        "Keys that SCAN has named, over all databases.", "SCAN";
}

/// A key as a label: bytes that are not UTF-8 as `\xff`, and what is too long as its beginning and a hash of all of it.
pub(in crate::collector::redis) fn key_label(key: &[u8]) -> Cow<'_, str> {
    // No more than can be shown has to be read.
    let head = &key[..key.len().min(2 * MAX_KEY)];
    let text = match std::str::from_utf8(key) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(escaped(head)),
    };
    if text.len() <= MAX_KEY && head.len() == key.len() {
        return text;
    }
    Cow::Owned(format!("{}~{:08x}", cut(&text, MAX_KEY), hash(key)))
}

fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 3);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.extend([format!("\\x{byte:02x}")]);
        }
    }
    text
}

/// FNV-1a: the same in every run, so that a series stays the same.
fn hash(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// Exports everything.
pub(super) fn export(told: &Told, out: &mut Families) {
    let mut exact = HashSet::with_capacity(told.exact.len());
    for (database, watched, key, looked) in &told.exact {
        let db = format!("db{database}");
        let missing = (looked.kind == Type::None).then_some(0);
        export_key(watched, &db, &key_label(key), looked, missing, out);
        exact.insert((*database, &key[..]));
    }
    let mut groups_took = None;
    for (database, pass, age) in &told.passes {
        let db = format!("db{database}");
        out.push(&PASS_AGE, [&db], age.as_secs_f64());
        out.push(&PASS_DURATION, [&db], (pass.ended - pass.began).as_secs_f64());
        out.push(&PASS_KEYS, [&db], pass.keys as f64);
        export_pass(&db, pass, &|key| exact.contains(&(*database, key)), out);
        if pass.patterns.iter().any(|(watched, _)| !watched.groups.is_empty()) {
            *groups_took.get_or_insert(0.0) += (pass.ended - pass.began).as_secs_f64() * 1e3;
        }
    }
    out.push_known(&GROUPS_DURATION, [], groups_took);
    out.push_known(&SCANNED, [], told.scanned.map(|keys| keys as f64));
}

fn export_key(watched: &Watched, db: &str, key: &str, looked: &Looked, or: Option<u64>, out: &mut Families) {
    out.push_known(&SIZE, [db, key], looked.size.or(or).map(|size| size as f64));
    out.push_known(&VALUE, [db, key], looked.value.filter(|_| watched.value));
    out.push_known(&MEMORY, [db, key], looked.memory.map(|bytes| bytes as f64));
}

fn export_pass(db: &str, pass: &Pass, is_exact: &dyn Fn(&[u8]) -> bool, out: &mut Families) {
    let (mut others, mut memory) = (super::tally::Sum::default(), false);
    let mut counted = BTreeSet::new();
    for (watched, tallied) in &pass.patterns {
        let pattern = watched.pattern.as_deref().unwrap_or_default();
        // One table of a pattern may show its keys, another one its groups.
        if counted.insert(pattern) {
            out.push(&COUNT, [db, pattern], tallied.count as f64);
        }
        for shown in tallied.top.iter().filter(|shown| !is_exact(&shown.key)) {
            let label = key_label(&shown.key);
            // A key may have that name, and may not pass for the others.
            if label != OTHER {
                export_key(watched, db, &label, &shown.looked, None, out);
            }
        }
        others.join(tallied.others);
        memory |= watched.memory;
        for (group, sum) in &tallied.groups {
            out.push(&GROUP_COUNT, [db, group], sum.keys as f64);
            out.push_known(&GROUP_MEMORY, [db, group], watched.memory.then_some(sum.memory as f64));
        }
        if !watched.groups.is_empty() {
            out.push(&GROUPS, [db], tallied.distinct as f64);
        }
    }
    if others.keys > 0 {
        out.push(&SIZE, [db, OTHER], others.size as f64);
        out.push_known(&MEMORY, [db, OTHER], memory.then_some(others.memory as f64));
    }
}
