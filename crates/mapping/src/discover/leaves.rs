//! The values of two samples: each with its place, and what stood there.

use serde_json::Value as Json;

use super::shape::{self, Label};
use crate::pointer::Pointer;
use crate::shown::{escaped, shown_pointer};

/// Values that are looked at; a body with more is drafted in part.
const MAX_LEAVES: usize = 1_000;

/// Elements of one list that are looked at.
const MAX_ELEMENTS: usize = 200;

/// A value in one sample.
#[derive(Debug, Clone)]
pub(super) struct Sighting<'v> {
    /// 0 or 1.
    pub(super) sample: usize,
    /// The key or index of the element; empty without elements.
    pub(super) element: String,
    pub(super) value: &'v Json,
}

/// The elements that a value stands in.
#[derive(Debug, Clone)]
pub(super) struct Each {
    /// The elements that they stand in.
    pub(super) outer: Option<Box<Each>>,
    /// What leads to them, in each of the outer ones if there are any, without the `*`.
    pointer: Pointer,
    pub(super) label: Label,
    /// The most that one sample has.
    pub(super) count: usize,
}

impl Each {
    /// The `each` of a rule.
    pub(super) fn pointer(&self) -> String {
        let outer = self.outer.as_ref().map(|outer| outer.pointer()).unwrap_or_default();
        format!("{outer}{}/*", self.pointer)
    }
}

/// One value, and what it was in both samples.
#[derive(Debug, Clone)]
pub(super) struct Leaf<'v> {
    /// The keys on the way to it, without those of elements.
    pub(super) path: Vec<String>,
    pub(super) each: Option<Each>,
    /// Where it stands, in each element if there are any.
    pub(super) at: Pointer,
    pub(super) seen: Vec<Sighting<'v>>,
    /// It was not everywhere.
    pub(super) partial: bool,
    /// An array, of which no more than its length is known.
    pub(super) is_list: bool,
}

/// What was found at one place.
#[derive(Debug)]
pub(super) enum Found<'v> {
    /// A value, or a list.
    Leaf(Leaf<'v>),
    /// Something that no rule can be made of.
    Left { place: String, why: &'static str },
}

/// Every value of two samples of one body.
pub(super) fn leaves<'v>(first: &'v Json, second: &'v Json) -> Vec<Found<'v>> {
    let sighting = |sample, value| Sighting { sample, element: String::new(), value };
    let root = Leaf {
        path: Vec::new(),
        each: None,
        at: Pointer::default(),
        seen: vec![sighting(0, first), sighting(1, second)],
        partial: false,
        is_list: false,
    };
    let mut found = Vec::new();
    visit(root, &mut found);
    found
}

fn visit<'v>(mut node: Leaf<'v>, out: &mut Vec<Found<'v>>) {
    if out.len() >= MAX_LEAVES {
        if out.len() == MAX_LEAVES {
            leave(&node, "from here on the body has more values than a draft is made of", out);
        }
        return;
    }
    let all = node.seen.len();
    node.seen.retain(|seen| !seen.value.is_null());
    node.partial |= node.seen.len() < all;
    let (objects, arrays) = (count(&node, Json::is_object), count(&node, Json::is_array));
    if node.seen.is_empty() {
        leave(&node, "it was null in both samples", out);
    } else if objects == node.seen.len() {
        visit_object(node, out);
    } else if arrays == node.seen.len() {
        visit_array(node, out);
    } else if objects + arrays > 0 {
        leave(&node, "it is not always of the same type", out);
    } else {
        out.push(Found::Leaf(node));
    }
}

fn count(node: &Leaf<'_>, is: fn(&Json) -> bool) -> usize {
    node.seen.iter().filter(|seen| is(seen.value)).count()
}

fn leave<'v>(node: &Leaf<'v>, why: &'static str, out: &mut Vec<Found<'v>>) {
    out.push(Found::Left { place: node.place(), why });
}

fn visit_object<'v>(node: Leaf<'v>, out: &mut Vec<Found<'v>>) {
    let label = shape::of_members(&node);
    match label {
        Some(label) if may_explode(&node) => return visit(explode(node, label), out),
        Some(_) => return leave(&node, "elements within elements within elements", out),
        None => {}
    }
    for key in shape::keys(&node) {
        // The element's own name is a label.
        if node.at.is_root() && node.each.as_ref().is_some_and(|each| each.label.is_of(key)) {
            continue;
        }
        let mut child = Leaf { at: node.at.child(key), seen: Vec::new(), ..node.clone() };
        child.path.push(key.to_owned());
        if child.at.to_string().parse().as_ref() != Ok(&child.at) {
            leave(&child, "a pointer cannot name that key", out);
            continue;
        }
        if shape::is_value(key) {
            leave(&child, "its key is a value, which no name of a metric may hold", out);
            continue;
        }
        for seen in &node.seen {
            match seen.value.get(key) {
                Some(value) => child.seen.push(Sighting { value, ..seen.clone() }),
                None => child.partial = true,
            }
        }
        visit(child, out);
    }
}

fn visit_array<'v>(mut node: Leaf<'v>, out: &mut Vec<Found<'v>>) {
    let mut items = node.seen.iter().filter_map(|seen| seen.value.as_array()).flatten().peekable();
    let has_elements = items.peek().is_some() && items.all(Json::is_object);
    if has_elements && may_explode(&node) {
        let label = shape::of_items(&node);
        let from = out.len();
        visit(explode(node.clone(), label), out);
        if out[from..].iter().any(|found| matches!(found, Found::Leaf(_))) {
            return;
        }
    }
    node.is_list = true;
    out.push(Found::Leaf(node));
}

/// Elements of elements are read, and no more than that.
fn may_explode(node: &Leaf<'_>) -> bool {
    node.each.as_ref().is_none_or(|each| each.outer.is_none())
}

/// The members of an object or items of an array as elements.
fn explode(node: Leaf<'_>, label: Label) -> Leaf<'_> {
    let mut seen = Vec::new();
    let mut counts = [0, 0];
    for container in &node.seen {
        let sighting = |element: String, value| {
            let within =
                if container.element.is_empty() { element } else { format!("{} {element}", container.element) };
            Sighting { sample: container.sample, element: within, value }
        };
        counts[container.sample] += match container.value {
            Json::Object(members) => {
                seen.extend(members.iter().take(MAX_ELEMENTS).map(|(key, value)| sighting(key.clone(), value)));
                members.len()
            }
            Json::Array(items) => {
                seen.extend(items.iter().take(MAX_ELEMENTS).enumerate().map(|(index, item)| {
                    let element = name(item, &label).unwrap_or_else(|| index.to_string());
                    sighting(element, item)
                }));
                items.len()
            }
            _ => 0,
        };
    }
    let outer = node.each.map(Box::new);
    let each = Each { outer, pointer: node.at, label, count: counts[0].max(counts[1]) };
    Leaf {
        each: Some(each),
        at: Pointer::default(),
        seen,
        path: node.path,
        partial: node.partial,
        is_list: node.is_list,
    }
}

/// What an item calls itself: between two samples items may change their places.
fn name(item: &Json, label: &Label) -> Option<String> {
    let text = |field: &str| {
        let value = item.get(field)?;
        Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    let first = text(label.source.as_deref()?)?;
    Some(match &label.second {
        Some(second) => format!("{first} {}", text(second)?),
        None => first,
    })
}

impl Leaf<'_> {
    /// Where it stands, for people.
    pub(super) fn place(&self) -> String {
        match &self.each {
            Some(each) => escaped(&format!("{}{}", each.pointer(), self.at)),
            None => shown_pointer(&self.at),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Each place, with the elements it has and what is said of it.
    fn outline(first: &Json, second: &Json) -> Vec<String> {
        let text = |found: &Found<'_>| match found {
            Found::Left { place, why } => format!("{place}: {why}"),
            Found::Leaf(leaf) => {
                let outer = |each: &Each| each.outer.as_ref().map(|outer| format!("{}, ", outer.label.name));
                let label = |each: &Each| format!(" by {}{}", outer(each).unwrap_or_default(), each.label.name);
                let label = leaf.each.as_ref().map(label).unwrap_or_default();
                let partial = if leaf.partial { " partial" } else { "" };
                let list = if leaf.is_list { " list" } else { "" };
                format!("{}{label}{partial}{list} {}", leaf.place(), leaf.seen.len())
            }
        };
        leaves(first, second).iter().map(text).collect()
    }

    #[test]
    fn every_value_has_its_place() {
        let body = json!({"a": {"b": 1, "c": null}, "list": [1, 2], "x/y": "t", "*": 1});
        assert_eq!(
            outline(&body, &body),
            [
                "/*: a pointer cannot name that key",
                "/a/b 2",
                "/a/c: it was null in both samples",
                "/list list 2",
                "/x~1y 2"
            ]
        );
    }

    #[test]
    fn what_is_not_everywhere_is_partial() {
        assert_eq!(
            outline(&json!({"a": 1, "b": null, "d": {"e": 1}}), &json!({"a": 1, "b": 2, "c": 3, "d": 4})),
            ["/a 2", "/b partial 1", "/c partial 1", "/d: it is not always of the same type"]
        );
    }

    #[test]
    fn elements_are_followed_by_name_through_both_samples() {
        let first = json!({"queues": [{"name": "a", "size": 1}, {"name": "b", "size": 2, "max": 3}]});
        let second = json!({"queues": [{"name": "b", "size": 3}, {"name": "a", "size": 1}]});
        assert_eq!(outline(&first, &second), ["/queues/*/max by queue partial 1", "/queues/*/size by queue 4"]);
        let found = leaves(&first, &second);
        let Found::Leaf(size) = &found[1] else { panic!("{found:?}") };
        let of_b: Vec<&Json> = size.seen.iter().filter(|seen| seen.element == "b").map(|seen| seen.value).collect();
        assert_eq!(of_b, [&json!(2), &json!(3)]);
    }

    #[test]
    fn elements_may_stand_in_elements() {
        let account = json!({"open": 1, "hosts": {"10.0.0.1": 1, "10.0.0.2": 2}, "pairs": [{"n": 1}]});
        let body = json!({"accounts": {"x": account, "y": account}});
        assert_eq!(
            outline(&body, &body),
            [
                "/accounts/*/hosts/* by account, host 8",
                "/accounts/*/open by account 4",
                "/accounts/*/pairs/*/n by account, pair 4",
            ]
        );
    }

    #[test]
    fn a_huge_body_is_drafted_in_part() {
        let letter = |number: u32| char::from(b'a' + u8::try_from(number % 16).unwrap());
        let word = |number: u32| (0..4).map(|place| letter(number >> (4 * place))).collect::<String>();
        let wide: Json = (0..5_000).map(|number| (word(number), json!(number))).collect();
        let many: Vec<Json> = (0..5_000).map(|number| json!({"name": number, "n": number})).collect();
        assert_eq!(leaves(&json!({"a": wide, "b": {"c": wide}}), &json!({})).len(), MAX_LEAVES + 1);
        assert_eq!(outline(&json!(many), &json!([])), [format!("/*/n by item {MAX_ELEMENTS}")]);
    }
}
