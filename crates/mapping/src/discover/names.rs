//! Names of metrics: from the keys on the way to a value, in base units.

use std::collections::HashSet;

use super::classify::{Meaning, ValueClass, holds};
use super::leaves::Leaf;
use super::write::{RuleDraft, quoted};
use crate::unit::Dimension;
use metric::vocabulary;

/// Keys around a whole body that say nothing.
const WRAPPERS: [&str; 5] = ["data", "result", "response", "payload", "body"];

/// Last words that only counters and histograms may have.
const RESERVED_ENDINGS: [&str; 4] = ["total", "count", "sum", "bucket"];

/// Names given so far.
pub(super) struct Names {
    prefix: String,
    used: HashSet<String>,
}

impl Names {
    pub(super) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned(), used: HashSet::new() }
    }

    /// A name that no other value has, of these words and with this ending.
    fn give(&mut self, stem: &[String], ending: &str) -> String {
        let stem = format!("{}{}", self.prefix, stem.join("_"));
        let mut name = format!("{stem}{ending}");
        let mut number = 2;
        while vocabulary::find(&name).is_some() || !self.used.insert(name.clone()) {
            name = format!("{stem}_{number}{ending}");
            number += 1;
        }
        name
    }
}

/// `hitRatio (1m)` as `hit_ratio_1m`.
pub(super) fn snake(text: &str) -> String {
    let mut out = String::new();
    let mut previous = ' ';
    for character in text.chars() {
        if character.is_ascii_alphanumeric() {
            // "hitRatio", but not "HTTP".
            if character.is_ascii_uppercase() && (previous.is_ascii_lowercase() || previous.is_ascii_digit()) {
                out.push('_');
            }
            out.push(character.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
        previous = character;
    }
    out.truncate(out.trim_end_matches('_').len());
    out
}

/// The words of a key.
pub(super) fn words(key: &str) -> Vec<String> {
    snake(key).split('_').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Endings of plurals and what stands there in the singular; the first that fits.
const PLURALS: [(&str, &str); 11] = [
    ("caches", "cache"),
    ("ies", "y"),
    ("ses", "s"),
    ("xes", "x"),
    ("zes", "z"),
    ("ches", "ch"),
    ("shes", "sh"),
    ("ss", "ss"),
    ("us", "us"),
    ("s", ""),
    ("", ""),
];

/// One of what a plural names.
pub(super) fn singular(plural: &str) -> String {
    let mut forms = PLURALS.iter().filter_map(|(plurals, one)| Some(format!("{}{one}", plural.strip_suffix(plurals)?)));
    forms.next().unwrap_or_default()
}

/// Last words of keys that say that a value is a moment.
const MOMENTS: [&str; 10] = ["timestamp", "time", "at", "ts", "date", "epoch", "unix", "ms", "seconds", "utc"];

/// What a value's class makes of its rule.
#[derive(Default)]
struct Form {
    /// Lines of TOML.
    lines: Vec<String>,
    /// What the metric's name ends in: its base unit.
    base: Option<&'static str>,
    note: &'static str,
}

/// The form of a class of values. The unit that the key ends in, if any, is taken off its words.
fn form(class: ValueClass, words: &mut Vec<String>) -> Form {
    let parse = |how: &str| vec![format!("parse = {}", quoted(how))];
    match class {
        ValueClass::Number => {
            let Some((word, unit, base)) = take_unit(words) else { return Form::default() };
            let lines = unit.map(|unit| format!("unit = {}", quoted(unit))).into_iter().collect();
            Form { lines, base: Some(base), note: if holds("kb mb gb", &word) { BINARY } else { "" } }
        }
        ValueClass::Quantity { suffix, unit } => {
            let (named, named_base) = take_unit(words).map_or((None, None), |(_, unit, base)| (unit, Some(base)));
            let mut lines = parse("quantity");
            lines.extend(suffix.as_deref().map(|suffix| format!("suffix = {}", quoted(suffix))));
            if suffix.is_some() || unit.is_none() {
                let unit = unit.map(|unit| unit.to_string()).or(named.map(str::to_owned));
                lines.extend(unit.map(|unit| format!("unit = {}", quoted(&unit))));
            }
            let note = if suffix.is_some() && unit.is_some() { BINARY } else { "" };
            Form { lines, base: unit.map(|unit| base(unit.dimension())).or(named_base), note }
        }
        ValueClass::Duration => {
            take_unit(words);
            Form { lines: parse("duration"), base: Some("seconds"), note: "" }
        }
        ValueClass::Timestamp => {
            strip(words, &MOMENTS);
            Form { lines: parse("timestamp"), base: Some("timestamp_seconds"), note: "" }
        }
        ValueClass::Bool => Form { lines: parse("bool"), ..Form::default() },
        ValueClass::Length => Form { lines: parse("length"), ..Form::default() },
        ValueClass::States(states) => {
            let states: Vec<String> = states.iter().map(|state| quoted(state)).collect();
            let lines = vec!["type = \"stateset\"".to_owned(), format!("states = [{}]", states.join(", "))];
            Form { lines, base: None, note: "add the states that were not seen" }
        }
    }
}

/// The rule for a value that the vocabulary has no name for.
pub(super) fn rule(leaf: &Leaf<'_>, meaning: Meaning, names: &mut Names) -> RuleDraft {
    let mut words = path_words(leaf);
    let Form { mut lines, base, note } = form(meaning.class, &mut words);
    if meaning.counter {
        lines.insert(0, "type = \"counter\"".to_owned());
        strip(&mut words, &["count", "counter", "total"]);
        words.retain(|word| word != "total");
    } else if base.is_none() {
        strip(&mut words, &RESERVED_ENDINGS);
    }
    // Of several that succeed, the one that does so least is what matters.
    let is_good = words.iter().any(|word| holds("hit hits success successful available availability", word));
    if leaf.each.is_some() && base == Some("ratio") && is_good {
        lines.push("merge = \"min\"".to_owned());
    }
    let endings = base.into_iter().chain(meaning.counter.then_some("total"));
    let mut ending: String = endings.flat_map(|ending| ["_", ending]).collect();
    match (words.is_empty(), ending.is_empty()) {
        (true, true) => words.push("value".to_owned()),
        // The prefix ends in a _ of its own.
        (true, false) => ending = ending.split_off(1),
        (false, _) => {}
    }
    RuleDraft::of_leaf(leaf, names.give(&words, &ending), lines, &[meaning.evidence, note])
}

/// The words of all keys on the way, each said once.
fn path_words(leaf: &Leaf<'_>) -> Vec<String> {
    let says_nothing = |key: &String| leaf.path.len() > 1 && WRAPPERS.contains(&key.as_str());
    let keys = leaf.path.iter().enumerate().filter(|(index, key)| *index > 0 || !says_nothing(key));
    let mut words: Vec<String> = keys.flat_map(|(_, key)| words(key)).collect();
    words.dedup();
    words
}

fn strip(words: &mut Vec<String>, endings: &[&str]) {
    while words.last().is_some_and(|word| endings.contains(&word.as_str())) {
        words.pop();
    }
}

const BINARY: &str = "taken for multiples of 1024, as most services count; else write kB, MB or GB";

/// Last words of keys, the unit that they mean (none if it is the base unit), and the base unit.
const UNIT_WORDS: [UnitWords; 13] = [
    ("ms millis msec milliseconds", Some("ms"), "seconds"),
    ("us micros usec microseconds", Some("us"), "seconds"),
    ("ns nanos nanoseconds", Some("ns"), "seconds"),
    ("s sec secs seconds", None, "seconds"),
    ("minutes mins", Some("min"), "seconds"),
    ("hours", Some("h"), "seconds"),
    ("days", Some("d"), "seconds"),
    ("bytes", None, "bytes"),
    ("kib kb", Some("KiB"), "bytes"),
    ("mib mb", Some("MiB"), "bytes"),
    ("gib gb", Some("GiB"), "bytes"),
    ("percent pct percentage", Some("percent"), "ratio"),
    ("ratio", None, "ratio"),
];

type UnitWords = (&'static str, Option<&'static str>, &'static str);

/// Takes the unit off the words, if they end in one: that word, the unit and the base unit. A rate keeps its `per_sec`.
fn take_unit(words: &mut Vec<String>) -> Option<(String, Option<&'static str>, &'static str)> {
    if words.iter().rev().nth(1).is_some_and(|word| word == "per") {
        return None;
    }
    let (_, unit, base) =
        UNIT_WORDS.into_iter().find(|(known, ..)| words.last().is_some_and(|word| holds(known, word)))?;
    Some((words.pop()?, unit, base))
}

const fn base(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Time => "seconds",
        Dimension::Size => "bytes",
        Dimension::Share => "ratio",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_become_words() {
        assert_eq!(snake("hitRatio (1m)"), "hit_ratio_1m");
        assert_eq!(snake("HTTPErrors"), "httperrors");
        assert_eq!(snake("__a--b__"), "a_b");
        assert_eq!(snake("\u{e9}t\u{e9}"), "t");
        assert_eq!(words("p95LatencyMs"), ["p95", "latency", "ms"]);
    }

    #[test]
    fn plurals_become_one() {
        for (plural, one) in [
            ("accounts", "account"),
            ("dependencies", "dependency"),
            ("statuses", "status"),
            ("addresses", "address"),
            ("boxes", "box"),
            ("queues", "queue"),
            ("batches", "batch"),
            ("caches", "cache"),
            ("status", "status"),
            ("latency", "latency"),
        ] {
            assert_eq!(singular(plural), one);
        }
    }

    #[test]
    fn a_name_is_given_once_and_never_one_of_the_vocabulary() {
        let mut names = Names::new("pool_");
        let stem = |word: &str| vec![word.to_owned()];
        assert_eq!(names.give(&stem("time"), "_seconds_total"), "pool_time_seconds_total");
        assert_eq!(names.give(&stem("time"), "_seconds_total"), "pool_time_2_seconds_total");
        assert_eq!(names.give(&stem("waiting"), ""), "pool_waiting_2");
    }

    #[test]
    fn units_leave_the_name() {
        let unit = |key: &str| {
            let mut words = words(key);
            let unit = take_unit(&mut words);
            (words.join("_"), unit.as_ref().and_then(|(_, unit, _)| *unit), unit.map(|(_, _, base)| base))
        };
        assert_eq!(unit("latencyMs"), ("latency".to_owned(), Some("ms"), Some("seconds")));
        assert_eq!(unit("memory_mb"), ("memory".to_owned(), Some("MiB"), Some("bytes")));
        assert_eq!(unit("uptime_seconds"), ("uptime".to_owned(), None, Some("seconds")));
        assert_eq!(unit("cpu_pct"), ("cpu".to_owned(), Some("percent"), Some("ratio")));
        assert_eq!(unit("ticks_per_sec"), ("ticks_per_sec".to_owned(), None, None));
        assert_eq!(unit("orders"), ("orders".to_owned(), None, None));
    }
}
