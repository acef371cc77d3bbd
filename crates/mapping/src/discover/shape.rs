//! Which members of a body are parts of a whole, each with a meaning of its own, and which are elements of the same kind,
//! told apart by a label.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::classify::{STATES, holds};
use super::leaves::Leaf;
use super::names::{self, singular};
use crate::convert;

/// What tells elements apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Label {
    /// The label's name.
    pub(super) name: String,
    /// The field of the element that has its value; without one it is the key.
    pub(super) source: Option<String>,
    /// Another field, where that one is not enough to tell all of them apart.
    pub(super) second: Option<String>,
}

impl Label {
    /// Whether a field of the element is one of its labels.
    pub(super) fn is_of(&self, field: &str) -> bool {
        [&self.source, &self.second].into_iter().any(|source| source.as_deref() == Some(field))
    }
}

/// Keys under which services list what they depend on.
pub(super) const DEPENDENCIES: [&str; 4] = ["dependencies", "checks", "components", "services"];

/// Fields that name an element, the best first.
const NAMES: [&str; 16] = [
    "name", "id", "key", "symbol", "topic", "channel", "queue", "stream", "group", "host", "node", "worker", "account",
    "instance", "type", "label",
];

/// Label names that others set, or that a rule of states sets itself.
const TAKEN: [&str; 6] = ["target", "le", "quantile", "job", "instance", "state"];

/// Every key of the node's objects, by name.
pub(super) fn keys<'v>(node: &Leaf<'v>) -> BTreeSet<&'v str> {
    let objects = node.seen.iter().filter_map(|seen| seen.value.as_object());
    objects.flat_map(|members| members.keys().map(String::as_str)).collect()
}

/// The label, if the members of the node's objects are elements of the same kind.
pub(super) fn of_members(node: &Leaf<'_>) -> Option<Label> {
    let keys = keys(node);
    let values: Vec<&Json> =
        node.seen.iter().filter_map(|seen| seen.value.as_object()).flat_map(|o| o.values()).collect();
    // The key above an element is that of all of them.
    let is_element = node.each.is_some() && node.at.is_root();
    let parent = node.path.last().map(String::as_str).filter(|_| !is_element);
    let key_label = |name: &str| Some(Label { name: label_name(name), source: None, second: None });
    if keys.is_empty() || !(all(&values, Json::is_number) || all(&values, Json::is_string) || are_similar(&values)) {
        return None;
    }
    if let Some(parent) = parent {
        let snake = names::snake(parent);
        if let Some(by) = snake.strip_prefix("by_").or_else(|| snake.strip_prefix("per_")) {
            return key_label(by);
        }
        if DEPENDENCIES.contains(&snake.as_str()) {
            return key_label("dependency");
        }
    }
    if all(&values, Json::is_string) {
        return None;
    }
    if let [only] = keys.iter().collect::<Vec<_>>()[..] {
        return is_value(only).then(|| key_label(parent.unwrap_or("item")))?;
    }
    if keys.iter().all(|key| is_statistic(key)) {
        return key_label("stat");
    }
    let changed = node.seen.iter().filter_map(|seen| seen.value.as_object()).any(|members| members.len() < keys.len());
    let is_list = match parent {
        Some(_) => are_similar(&values),
        None => are_similar(&values) && (changed || are_equal(&values)),
    };
    (is_list || keys.iter().all(|key| is_identifier(key))).then(|| key_label(parent.unwrap_or("item")))?
}

/// The label of the items of the node's arrays, which are objects.
pub(super) fn of_items(node: &Leaf<'_>) -> Label {
    let items: Vec<&Json> = node.seen.iter().filter_map(|seen| seen.value.as_array()).flatten().collect();
    let names_all = |field: &&str| {
        items.iter().all(|item| item.get(*field).is_some_and(|value| value.is_string() || value.is_u64()))
    };
    let samples: Vec<&Vec<Json>> = node.seen.iter().filter_map(|seen| seen.value.as_array()).collect();
    let tells_apart = |fields: &[&str]| {
        samples.iter().all(|items| {
            let names: BTreeSet<Vec<String>> = items.iter().map(|item| names_of(item, fields)).collect();
            names.len() == items.len()
        })
    };
    // Any text will do that differs in each of them.
    let texts: Vec<&str> = items.first().and_then(|item| item.as_object()).map_or_else(Vec::new, |first| {
        let is_text = |key: &&str| items.iter().all(|item| item.get(*key).is_some_and(is_short_text));
        let is_state = |key: &&str| names::words(key).last().is_some_and(|word| holds(STATES, word));
        first.keys().map(String::as_str).filter(|key| !is_state(key)).filter(is_text).collect()
    });
    let named: Vec<&str> = NAMES.into_iter().filter(names_all).collect();
    let is_own = |field: &&&str| tells_apart(&[**field]);
    let several = items.len() > samples.len();
    let label = |source: Option<&str>, second: Option<&str>| Label {
        name: label_name(node.path.last().map_or("item", String::as_str)),
        source: source.map(str::to_owned),
        second: second.map(str::to_owned),
    };
    if let Some(source) = named.iter().find(is_own) {
        return label(Some(source), None);
    }
    if let Some(first) = named.first() {
        let second = texts.iter().find(|second| *second != first && tells_apart(&[first, second]));
        return label(Some(first), second.copied());
    }
    let other = if several { texts.iter().find(is_own) } else { texts.first().filter(|_| texts.len() == 1) };
    label(other.copied(), None)
}

/// What an element has in these fields.
fn names_of(item: &Json, fields: &[&str]) -> Vec<String> {
    fields.iter().map(|field| item.get(*field).map(Json::to_string).unwrap_or_default()).collect()
}

/// Whether a value may be a name: a sentence or a moment is none.
fn is_short_text(value: &Json) -> bool {
    let is_name = |text: &str| (1..=64).contains(&text.len()) && text.matches(' ').count() < 3;
    value.as_str().is_some_and(|text| is_name(text) && convert::instant(text).is_none())
}

fn all(values: &[&Json], is: fn(&Json) -> bool) -> bool {
    values.iter().all(|value| is(value))
}

/// Whether the values are objects that have at least half of their keys in common.
fn are_similar(values: &[&Json]) -> bool {
    let mut objects = values.iter().map(|value| value.as_object());
    let Some(Some(first)) = objects.next() else { return false };
    let mut common: BTreeSet<&str> = first.keys().map(String::as_str).collect();
    let mut every = common.clone();
    for object in objects {
        let Some(object) = object else { return false };
        let keys: BTreeSet<&str> = object.keys().map(String::as_str).collect();
        common.retain(|key| keys.contains(key));
        every.extend(keys);
    }
    !common.is_empty() && common.len() * 2 >= every.len()
}

/// Whether the values are objects with the same keys, more than one.
fn are_equal(values: &[&Json]) -> bool {
    let keys: Option<BTreeSet<Vec<&String>>> =
        values.iter().map(|value| Some(value.as_object()?.keys().collect())).collect();
    keys.is_some_and(|keys| keys.len() == 1 && keys.iter().all(|keys| keys.len() > 1))
}

/// Whether a key is a value for certain: an address, a path, a process on a host. It must not get into a name.
pub(super) fn is_value(key: &str) -> bool {
    let is_numbered = key.ends_with(|last: char| last.is_ascii_digit()) && key.contains(['-', '.', '_']);
    let has_port = key.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let dots = key.bytes().filter(|byte| *byte == b'.').count();
    let is_address = key.contains('@') || key.starts_with('/') || has_port || dots > 1;
    let is_long_hex = key.len() >= 16 && key.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    !is_statistic(key) && !key.starts_with("rate") && (is_address || is_long_hex || (is_numbered && key.contains('-')))
}

/// Whether a key is the name of a statistic: `p95`, `avg`.
fn is_statistic(key: &str) -> bool {
    let percentile =
        key.strip_prefix('p').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()));
    percentile || ["avg", "mean", "median", "min", "max", "stddev"].contains(&key)
}

/// Whether a key looks like the name of something that comes and goes: an id, an address, a pair of currencies.
fn is_identifier(key: &str) -> bool {
    let has_digit = key.bytes().any(|byte| byte.is_ascii_digit());
    let is_word = key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let is_symbol = key.len() > 1 && key.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let has_mark = key.contains([':', '.', '/', '@', '-', ' ']);
    !is_word && (is_symbol || has_mark || (has_digit && !is_statistic(key) && !key.starts_with("rate")))
}

pub(super) fn label_name(plural: &str) -> String {
    let snake = names::snake(&singular(plural));
    let name = if snake.starts_with(|first: char| first.is_ascii_lowercase()) { snake } else { format!("key_{snake}") };
    if TAKEN.contains(&name.as_str()) { format!("{name}_name") } else { name }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::discover::leaves::Sighting;
    use crate::pointer::Pointer;

    fn node<'v>(parent: &str, first: &'v Json, second: &'v Json) -> Leaf<'v> {
        let sighting = |sample, value| Sighting { sample, element: String::new(), value };
        Leaf {
            path: if parent.is_empty() { Vec::new() } else { vec![parent.to_owned()] },
            each: None,
            at: Pointer::default(),
            seen: vec![sighting(0, first), sighting(1, second)],
            partial: false,
            is_list: false,
        }
    }

    #[track_caller]
    fn label(parent: &str, members: &Json) -> String {
        of_members(&node(parent, members, members)).map(|label| label.name).unwrap_or_default()
    }

    #[test]
    fn members_that_are_alike_are_elements() {
        assert_eq!(label("accounts", &json!({"x": {"n": 1, "m": 2}, "y": {"n": 1}})), "account");
        assert_eq!(label("by_channel", &json!({"quotes": 3})), "channel");
        assert_eq!(label("dependencies", &json!({"redis": "ok"})), "dependency");
        assert_eq!(label("latency", &json!({"p50": 1, "p99": 2, "avg": 1})), "stat");
        assert_eq!(label("ticks", &json!({"BTCUSD": 1, "ETHUSD": 2})), "tick");
        assert_eq!(label("instances", &json!({"10.0.0.1:80": 1, "10.0.0.2:80": 2})), "instance_name");
        assert_eq!(label("2024", &json!({"a-1": 1, "a-2": 2})), "key_2024");
    }

    #[test]
    fn members_with_a_meaning_of_their_own_are_none() {
        assert_eq!(label("cache", &json!({"hits": 1, "misses": 2})), "");
        assert_eq!(label("messages", &json!({"rate_1m": 1, "rate_5m": 2})), "");
        assert_eq!(label("service", &json!({"version": "1.2", "state": "up"})), "");
        assert_eq!(label("parts", &json!({"a": {"x": 1}, "b": {"y": 1}})), "");
        assert_eq!(label("", &json!({"cache": {"hits": 1}, "pool": {"hits": 1}})), "");
        assert_eq!(label("empty", &json!({})), "");
    }

    #[test]
    fn members_of_the_root_are_elements_if_they_come_and_go() {
        let (first, second) = (json!({"a": {"n": 1}}), json!({"a": {"n": 1}, "b": {"n": 1}}));
        assert_eq!(of_members(&node("", &first, &second)).unwrap().name, "item");
        // Or if they are the same but for their numbers.
        let counts = json!({"waiting": 1, "active": 2});
        assert_eq!(label("", &json!({"mail": counts, "img": counts})), "item");
        // One alone is one if its key can be nothing but a value.
        assert_eq!(label("", &json!({"w1@localhost": counts})), "item");
        assert_eq!(label("workers", &json!({"celery-1": counts})), "worker");
        assert_eq!(label("", &json!({"data": counts})), "");
    }

    #[test]
    fn items_are_told_apart_by_what_names_all_of_them() {
        let of = |items: Json| of_items(&node("queues", &items, &items));
        let label =
            |source: Option<&str>| Label { name: "queue".to_owned(), source: source.map(str::to_owned), second: None };
        assert_eq!(of(json!([{"id": 1, "name": "a"}, {"id": 2, "name": "b"}])), label(Some("name")));
        assert_eq!(of(json!([{"id": 1, "name": "a"}, {"id": 2}])), label(Some("id")));
        assert_eq!(of(json!([{"n": 1}])), label(None));
        // Any text that differs in each; of a single one the only one.
        let measurements = json!([{"statistic": "COUNT", "unit": "s"}, {"statistic": "MAX", "unit": "s"}]);
        assert_eq!(of(measurements), label(Some("statistic")));
        assert_eq!(of(json!([{"statistic": "VALUE", "value": 1}])), label(Some("statistic")));
        assert_eq!(of(json!([{"a": "x", "b": "y", "value": 1}])), label(None));
        // One name in two places.
        let queues = json!([{"name": "a", "vhost": "/"}, {"name": "a", "vhost": "shop"}, {"name": "b", "vhost": "/"}]);
        assert_eq!(of(queues), Label { second: Some("vhost".to_owned()), ..label(Some("name")) });
    }
}
