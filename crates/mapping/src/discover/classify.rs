//! What a value means: by its name, by how it is written, and by what became of it between the samples.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::leaves::Leaf;
use super::{names, shape};
use crate::convert::{self, Parse};
use crate::unit::{Dimension, SourceUnit};

/// The most words that are taken for a closed set.
const MAX_STATES: usize = 10;

/// What a rule is made of.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Meaning {
    pub(super) class: ValueClass,
    /// It only rises.
    pub(super) counter: bool,
    /// Why it is what it is taken for; empty if that is plain.
    pub(super) evidence: &'static str,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum ValueClass {
    Number,
    /// A number with something behind it.
    Quantity {
        suffix: Option<String>,
        unit: Option<SourceUnit>,
    },
    Duration,
    Timestamp,
    Bool,
    Length,
    /// Words, in the order of the samples.
    States(Vec<String>),
}

impl From<ValueClass> for Meaning {
    /// What is plain to see needs no evidence.
    fn from(class: ValueClass) -> Self {
        Self { class, counter: false, evidence: "" }
    }
}

/// Last words of keys that are not a measurement.
const IDS: &str = "id ids pid uuid guid port version hash sha commit revision token cursor seed";

/// Words of keys that hold a moment.
const TIMES: &str = "timestamp time at date ts since started start created updated last seen expires epoch";

/// Last words of keys whose words are states.
pub(super) const STATES: &str = "state status level health phase mode condition";

/// Last words of what has happened so often.
const EVENTS: &str = "\
    created closed opened sent received processed published dropped failed completed succeeded handled \
    accepted rejected delivered expired evicted retried errors failures hits misses sets gets deletes \
    evictions retries timeouts restarts reconnects commits requests publishes exceptions";

/// Words of what goes up and down.
const LEVELS: &str = "\
    active pending queued current use available idle usage used free size length depth capacity limit max \
    min avg mean median p50 p75 p90 p95 p99 rate per percent pct ratio memory cpu load level connections \
    clients users sessions workers threads uptime age lag latency temperature score open waiting backlog \
    buffer interval timeout window concurrent connected running peak threshold remaining inflight \
    subscribers processes nodes shards";

/// Whether the word is one of a list.
pub(super) fn holds(list: &str, word: &str) -> bool {
    list.split(' ').any(|listed| listed == word)
}

/// The meaning of a value; the error says why there is none.
pub(super) fn classify(leaf: &Leaf<'_>) -> Result<Meaning, &'static str> {
    let all = |is: fn(&Json) -> bool| leaf.seen.iter().all(|seen| is(seen.value));
    let words = key_words(leaf);
    let last = words.last().map_or("", String::as_str);
    if leaf.is_list {
        return Ok(ValueClass::Length.into());
    }
    if all(Json::is_boolean) {
        return Ok(ValueClass::Bool.into());
    }
    if holds(IDS, last) {
        return Err("an id or a version, which is not a measurement");
    }
    if all(Json::is_number) {
        if words.iter().any(|word| holds(TIMES, word)) && leaf.seen.iter().all(|seen| is_epoch(seen.value)) {
            return Ok(ValueClass::Timestamp.into());
        }
        return Ok(number(leaf, &words, ValueClass::Number));
    }
    if all(Json::is_string) { text(leaf, &words) } else { Err("it is not always of the same type") }
}

/// The words of the last key; of one that says nothing alone, with those of the key above it.
fn key_words(leaf: &Leaf<'_>) -> Vec<String> {
    let mut keys = leaf.path.iter().rev();
    let words = |key: Option<&String>| names::words(key.map_or("", String::as_str));
    let own = words(keys.next());
    match own.as_slice() {
        [word] if ["total", "count", "value", "number"].contains(&word.as_str()) => [words(keys.next()), own].concat(),
        _ => own,
    }
}

/// The time since 1970 in seconds or thousandths, millionths, billionths of them, from 2001 to 2096.
fn is_epoch(value: &Json) -> bool {
    let is_time = |number: f64| [1.0, 1e3, 1e6, 1e9].iter().any(|a_second| (1e9..4e9).contains(&(number / a_second)));
    value.as_f64().is_some_and(is_time)
}

fn number(leaf: &Leaf<'_>, words: &[String], class: ValueClass) -> Meaning {
    let values: Vec<(usize, &str, f64)> = leaf
        .seen
        .iter()
        .filter_map(|seen| {
            let suffix = if let ValueClass::Quantity { suffix, .. } = &class { suffix.as_deref() } else { None };
            let (value, _) = convert::number(seen.value, Parse::Quantity, None, suffix).ok()?;
            Some((seen.sample, seen.element.as_str(), value))
        })
        .collect();
    let whole = values.iter().all(|(_, _, value)| value.fract() == 0.0);
    let (rose, fell) = trend(&values);
    let has = |list: &str| words.iter().any(|word| holds(list, word));
    let ends_in = |list: &str| words.last().is_some_and(|word| holds(list, word));
    let totals = ends_in("total count counter") || words.first().is_some_and(|word| word == "total");
    // How many wait goes up and down, whatever the number is called.
    let is_length = leaf.path.iter().flat_map(|key| names::words(key)).any(|word| holds("queue queues", &word));
    let by_name = (ends_in(EVENTS) && !has("active pending queued current per rate max ratio"))
        || (totals && !has(LEVELS) && !is_length);
    let (counter, evidence) = if fell {
        (false, "it fell between the samples")
    } else if by_name && rose {
        (true, "by its name it only rises, and it rose between the samples")
    } else if by_name {
        (false, "it did not move; a counter if it only rises")
    } else if has(LEVELS) || is_length {
        (false, if rose && whole { "by its name it can fall; a counter if it cannot" } else { "" })
    } else if rose && whole {
        (true, "it rose between the samples; a gauge if it can fall")
    } else {
        (false, if whole { "a counter if it only rises" } else { "" })
    };
    Meaning { class, counter, evidence }
}

/// Whether a value rose between the samples, and whether one fell.
fn trend(values: &[(usize, &str, f64)]) -> (bool, bool) {
    let first: BTreeMap<&str, f64> =
        values.iter().filter(|(sample, ..)| *sample == 0).map(|(_, element, value)| (*element, *value)).collect();
    let (mut rose, mut fell) = (false, false);
    for (_, element, value) in values.iter().filter(|(sample, ..)| *sample == 1) {
        if let Some(before) = first.get(element) {
            rose |= value > before;
            fell |= value < before;
        }
    }
    (rose, fell)
}

fn text(leaf: &Leaf<'_>, words: &[String]) -> Result<Meaning, &'static str> {
    let reads = |parse: Parse, suffix: Option<&str>| {
        leaf.seen.iter().all(|seen| convert::number(seen.value, parse, None, suffix).is_ok())
    };
    if leaf.seen.iter().all(|seen| seen.value.as_str().and_then(convert::instant).is_some()) {
        return Ok(ValueClass::Timestamp.into());
    }
    let rests: Vec<&str> = leaf.seen.iter().filter_map(|seen| rest(seen.value.as_str()?)).collect();
    if let Some(rest) = rests.first()
        && rests.len() == leaf.seen.len()
        && rests.iter().all(|other| other == rest)
    {
        let (suffix, unit) = of_rest(rest);
        if reads(Parse::Quantity, suffix.as_deref()) {
            return Ok(number(leaf, words, ValueClass::Quantity { suffix, unit }));
        }
    }
    if reads(Parse::Quantity, None) {
        // With units that change: "999 ms", "1.2 s".
        let unit = rests.first().and_then(|rest| rest.parse().ok());
        return Ok(number(leaf, words, ValueClass::Quantity { suffix: None, unit }));
    }
    if reads(Parse::Duration, None) {
        return Ok(ValueClass::Duration.into());
    }
    let says_state = words.last().is_some_and(|word| holds(STATES, word))
        || leaf.path.last().is_some_and(|key| shape::DEPENDENCIES.contains(&names::snake(key).as_str()));
    if says_state {
        return states(leaf).map(|states| ValueClass::States(states).into());
    }
    if reads(Parse::Bool, None) { Ok(ValueClass::Bool.into()) } else { Err("a text, which is not a measurement") }
}

/// What stands behind the number at the start of a text: a unit, one word after a space, or nothing.
fn rest(text: &str) -> Option<&str> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || "+-.,_".contains(c))).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let word = rest.trim();
    let is_word =
        word.len() <= 24 && !word.contains(|c: char| c.is_whitespace() || c.is_ascii_digit() || c.is_control());
    let is_apart = word.is_empty() || rest.starts_with(' ') || word.parse::<SourceUnit>().is_ok();
    (digits.bytes().any(|byte| byte.is_ascii_digit()) && is_word && is_apart).then_some(word)
}

/// The suffix to name, and the unit that is meant.
fn of_rest(rest: &str) -> (Option<String>, Option<SourceUnit>) {
    let binary = match rest {
        "kB" | "KB" => "KiB",
        "MB" => "MiB",
        "GB" => "GiB",
        "TB" => "TiB",
        "" => return (None, None),
        other => other,
    };
    let unit = binary.parse::<SourceUnit>().ok();
    let is_own = unit.is_some_and(|unit| unit.dimension() != Dimension::Size || binary == rest);
    ((!is_own).then(|| rest.to_owned()), unit)
}

fn states(leaf: &Leaf<'_>) -> Result<Vec<String>, &'static str> {
    let mut states: Vec<String> = Vec::new();
    for seen in &leaf.seen {
        let word = seen.value.as_str().unwrap_or_default().split(':').next().unwrap_or_default().trim().to_lowercase();
        let is_word = (1..=32).contains(&word.len())
            && word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_- ".contains(c));
        if !is_word {
            return Err("a text, which is not a state");
        }
        if word != "unknown" && !states.contains(&word) {
            states.push(word);
        }
    }
    match states.len() {
        0 => Err("a state that was unknown in both samples"),
        1..=MAX_STATES => Ok(states),
        _ => Err("a text with too many values for states"),
    }
}

#[cfg(test)]
mod tests;
