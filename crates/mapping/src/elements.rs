//! The elements that a pointer with wildcards leads to, each with what stands above it.

use std::borrow::Cow;
use std::rc::Rc;

use serde_json::Value;

use super::pointer::{Pointer, Segment, walk};

/// Where a wildcard of a pointer leads: one member of an object or array.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step<'v> {
    key: Key<'v>,
    /// The member.
    pub value: &'v Value,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Key<'v> {
    Name(&'v str),
    Index(usize),
}

impl<'v> Step<'v> {
    const fn root(value: &'v Value) -> Self {
        Self { key: Key::Name(""), value }
    }

    /// Its key or index.
    #[must_use]
    pub fn key(&self) -> Cow<'v, str> {
        match self.key {
            Key::Name(name) => Cow::Borrowed(name),
            Key::Index(index) => Cow::Owned(index.to_string()),
        }
    }
}

/// A value that a pointer led to.
#[derive(Debug, Clone, PartialEq)]
pub struct Located<'v> {
    /// The whole document, and the members of the wildcards before the last one. Siblings share them.
    above: Rc<[Step<'v>]>,
    /// The member of the last wildcard; without any the whole document.
    last: Step<'v>,
    /// The value.
    pub value: &'v Value,
}

impl<'v> Located<'v> {
    /// The whole document.
    #[must_use]
    pub fn whole(value: &'v Value) -> Self {
        Self { above: Rc::from([]), last: Step::root(value), value }
    }

    /// The member of the wildcard of that number, counted from 1; 0 is the whole document.
    #[must_use]
    pub fn step(&self, wildcard: usize) -> &Step<'v> {
        self.above.get(wildcard).unwrap_or(&self.last)
    }

    /// The keys that the wildcards stand for.
    pub fn keys(&self) -> impl Iterator<Item = Cow<'v, str>> {
        self.above.iter().chain([&self.last]).skip(1).map(Step::key)
    }
}

impl Pointer {
    /// Every value that it leads to. `None` if what stands before a wildcard is not there or can have no members, or if
    /// none of its members has what stands behind it: then the pointer is wrong, and not the body empty.
    #[must_use]
    pub fn find_all<'v>(&self, root: &'v Value) -> Option<Vec<Located<'v>>> {
        let mut finding = Finding { found: Vec::new(), is_empty: false };
        finding.below(&Rc::from([]), Step::root(root), root, &self.segments);
        (finding.is_empty || !finding.found.is_empty()).then_some(finding.found)
    }
}

struct Finding<'v> {
    found: Vec<Located<'v>>,
    /// An object or array was reached whose members are there, or could be, and are none.
    is_empty: bool,
}

impl<'v> Finding<'v> {
    /// As deep as there are wildcards.
    fn below(&mut self, above: &Rc<[Step<'v>]>, last: Step<'v>, value: &'v Value, segments: &[Segment]) {
        let Some(at) = segments.iter().position(Segment::is_wildcard) else {
            if let Some(value) = walk(value, segments) {
                self.found.push(Located { above: Rc::clone(above), last, value });
            }
            return;
        };
        let Some(value) = walk(value, &segments[..at]) else { return };
        let (wildcard, after) = (&segments[at], &segments[at + 1..]);
        let above: Rc<[Step<'v>]> = above.iter().copied().chain([last]).collect();
        let (mut taken, mut possible, mut all) = (0, 0, 0);
        let mut member = |finding: &mut Self, key, value| {
            all += 1;
            if wildcard.takes(value) {
                taken += 1;
                finding.below(&above, Step { key, value }, value, after);
            } else if wildcard.could_take(value) {
                possible += 1;
            }
        };
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(key, value)| member(self, Key::Name(key), value));
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(index, value)| member(self, Key::Index(index), value));
            }
            _ => return,
        }
        self.is_empty |= all == 0 || (taken == 0 && possible > 0);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn found(document: &Value, text: &str) -> Option<Vec<(String, Value)>> {
        let located = text.parse::<Pointer>().unwrap().find_all(document)?;
        let keys = |one: &Located<'_>| one.keys().collect::<Vec<_>>().join(" ");
        Some(located.into_iter().map(|one| (keys(&one), one.value.clone())).collect())
    }

    fn pairs(pairs: &[(&str, Value)]) -> Vec<(String, Value)> {
        pairs.iter().map(|(keys, value)| ((*keys).to_owned(), value.clone())).collect()
    }

    #[test]
    fn a_star_leads_to_every_member() {
        let document = json!({"accounts": {"a": {"n": 1}, "b": {"n": 2}, "c": 3}, "list": [10, 20], "n": 5});
        assert_eq!(found(&document, "/accounts/*/n"), Some(pairs(&[("a", json!(1)), ("b", json!(2))])));
        assert_eq!(found(&document, "/list/*"), Some(pairs(&[("0", json!(10)), ("1", json!(20))])));
        assert_eq!(found(&document, "/n"), Some(pairs(&[("", json!(5))])));
        for nowhere in ["/n/*", "/none/*", "/accounts/*/m", "/accounts/*/n/*"] {
            assert_eq!(found(&document, nowhere), None, "{nowhere}");
        }
        let empty = json!({"accounts": {}, "list": []});
        assert_eq!(found(&empty, "/accounts/*/n"), Some(pairs(&[])));
        assert_eq!(found(&empty, "/list/*"), Some(pairs(&[])));
    }

    #[test]
    fn stars_within_stars_know_what_is_above_them() {
        let document = json!({"zone": "z", "upstreams": {
            "api": {"peers": [{"server": "a:1"}, {"server": "b:1"}], "keep": 3},
            "idle": {"peers": []},
            "web": {"peers": [{"server": "c:1"}], "keep": 4},
        }});
        let all = "/upstreams/*/peers/*".parse::<Pointer>().unwrap().find_all(&document).unwrap();
        let text = |value: Option<&Value>| value.map(Value::to_string).unwrap_or_default();
        let outline: Vec<[String; 5]> = all
            .iter()
            .map(|one| {
                let above = one.step(1);
                let (key, keep) = (above.key().into_owned(), text(above.value.get("keep")));
                let zone = text(one.step(0).value.get("zone"));
                [key, keep, one.step(2).key().into_owned(), text(one.value.get("server")), zone]
            })
            .collect();
        assert_eq!(
            outline,
            [
                ["api", "3", "0", "\"a:1\"", "\"z\""],
                ["api", "3", "1", "\"b:1\"", "\"z\""],
                ["web", "4", "0", "\"c:1\"", "\"z\""],
            ]
        );
        assert_eq!(found(&document, "/upstreams/*/peers/*/none"), Some(pairs(&[])), "one of them has no peers at all");
        assert_eq!(found(&document, "/upstreams/*/pears/*"), None);
    }

    #[test]
    fn a_filter_leads_to_those_that_have_the_value() {
        let document = json!([
            {"state": "up", "peers": [{"id": 1, "n": 1}]}, {"state": "down", "peers": [{"id": 1, "n": 2}, {"id": 2, "n": 3}]},
        ]);
        assert_eq!(found(&document, "/*/peers/[id=1]/n"), Some(pairs(&[("0 0", json!(1)), ("1 0", json!(2))])));
        assert_eq!(found(&document, "/[state=down]/peers/*/n"), Some(pairs(&[("1 0", json!(2)), ("1 1", json!(3))])));
        // None is in that state now; but nothing has the key "status".
        assert_eq!(found(&document, "/[state=failed]/peers"), Some(pairs(&[])));
        assert_eq!(found(&document, "/[status=failed]/peers"), None);
    }
}
