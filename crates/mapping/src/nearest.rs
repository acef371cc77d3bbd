//! Which key of a body was meant by a pointer that leads nowhere.

use serde_json::Value as Json;

use super::pointer::Pointer;
use reader::{LONGEST, distance};

/// Keys of a body that are looked at; a larger body is searched in part.
const MAX_KEYS: usize = 10_000;

/// Every pointer of one body, to be searched for several misses.
#[derive(Debug)]
pub struct Keys(Vec<String>);

/// What may have been meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Nearest {
    /// The pointer that is written most alike.
    pub close: Option<Pointer>,
    /// Another one that ends in the same key.
    pub same_key: Option<Pointer>,
}

impl Keys {
    /// The keys of a body, from its root down: of a large one the upper ones.
    #[must_use]
    pub fn of(tree: &Json) -> Self {
        let mut keys = Vec::new();
        let mut level = vec![(String::new(), tree)];
        while !level.is_empty() && keys.len() < MAX_KEYS {
            let mut below = Vec::new();
            for (pointer, value) in level {
                members(value, |key, member| {
                    let path = format!("{pointer}{}", Pointer::default().child(key));
                    if path.len() <= LONGEST && keys.len() < MAX_KEYS {
                        keys.push(path.clone());
                        below.push((path, member));
                    }
                });
            }
            level = below;
        }
        Self(keys)
    }

    /// What may have been meant by `wanted`: nothing if that is there. Of a pointer with `*` what stands before it is
    /// looked for.
    #[must_use]
    pub fn nearest(&self, wanted: &Pointer) -> Nearest {
        let text = wanted.to_string();
        let (head, tail) = before_star(&text);
        if head.len() > LONGEST || self.0.iter().any(|key| key == head) {
            return Nearest::default();
        }
        let edits = |key: &str| distance(key, head, tolerance(head)).unwrap_or(LONGEST);
        let mut alike: Vec<(usize, &str)> = self.0.iter().map(|key| (edits(key), &**key)).collect();
        // Stable: of two that are as much alike the upper one.
        alike.sort_by_key(|(edits, _)| *edits);
        let above = self.deepest(head);
        let most = tolerance(&head[above.len()..]);
        let is_close = |(edits, key): &&(usize, &str)| *edits <= most && key.starts_with(above);
        let close = alike.iter().find(is_close).map(|(_, key)| *key);
        let pointer = |key: &str| format!("{key}{tail}").parse().ok();
        let same_key = alike.iter().map(|(_, key)| *key).find(|key| last(key) == last(head) && Some(*key) != close);
        Nearest { close: close.and_then(pointer), same_key: same_key.and_then(pointer) }
    }

    /// How far a pointer leads: its longest part that is there, with the `/` behind it. What was meant stands below it: in
    /// this element, and not in another one that has the key.
    fn deepest<'p>(&self, pointer: &'p str) -> &'p str {
        let mut ends = pointer.rmatch_indices('/').map(|(at, _)| at);
        let end = ends.find(|at| *at == 0 || self.0.iter().any(|key| *key == pointer[..*at]));
        &pointer[..end.map_or(0, |at| at + 1)]
    }
}

fn members<'v>(value: &'v Json, mut take: impl FnMut(&str, &'v Json)) {
    match value {
        Json::Object(members) => members.iter().for_each(|(key, member)| take(key, member)),
        Json::Array(items) => items.iter().enumerate().for_each(|(index, item)| take(&index.to_string(), item)),
        _ => {}
    }
}

/// What stands before the segment `*`, and the rest from it on.
fn before_star(pointer: &str) -> (&str, &str) {
    let star = pointer.match_indices("/*").find(|(at, _)| matches!(pointer.as_bytes().get(at + 2), None | Some(b'/')));
    star.map_or((pointer, ""), |(at, _)| pointer.split_at(at))
}

/// Edits at which two pointers may still mean the same: a third of what is written.
fn tolerance(pointer: &str) -> usize {
    (pointer.len() / 3).clamp(1, 16)
}

fn last(pointer: &str) -> &str {
    pointer.rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn nearest(tree: &Json, wanted: &str) -> [String; 2] {
        let nearest = Keys::of(tree).nearest(&wanted.parse().unwrap());
        [nearest.close, nearest.same_key].map(|pointer| pointer.map(|pointer| pointer.to_string()).unwrap_or_default())
    }

    #[test]
    fn a_slip_of_the_hand_is_found() {
        let body = json!({"data": {"cache": {"hits": 1, "misses": 2, "hitRatio": "1%"}}, "list": [{"name": "a"}]});
        assert_eq!(nearest(&body, "/data/cahce/hits"), ["/data/cache/hits", ""]);
        assert_eq!(nearest(&body, "/data/cache/hit_ratio"), ["/data/cache/hitRatio", ""]);
        assert_eq!(nearest(&body, "/list/0/nmae"), ["/list/0/name", ""]);
    }

    #[test]
    fn a_key_that_stands_elsewhere_is_found() {
        let body = json!({"data": {"cache": {"hits": 1}}, "old": {"very": {"deep": {"down": {"hits": 1}}}}});
        assert_eq!(nearest(&body, "/hits"), ["", "/data/cache/hits"]);
        assert_eq!(nearest(&body, "/data/cach/hits"), ["/data/cache/hits", "/old/very/deep/down/hits"]);
    }

    #[test]
    fn what_another_element_has_is_not_close() {
        let body = json!({"accounts": {"a0": {"oders": 1}, "a1": {"orders": 1}, "a2": {}}});
        assert_eq!(nearest(&body, "/accounts/a0/orders"), ["/accounts/a0/oders", "/accounts/a1/orders"]);
        assert_eq!(nearest(&body, "/accounts/a2/orders"), ["", "/accounts/a1/orders"]);
    }

    #[test]
    fn nothing_alike_is_nothing() {
        let body = json!({"temperature": 21, "a": {"b": 1}});
        assert_eq!(nearest(&body, "/pending_publishes"), ["", ""]);
        assert_eq!(nearest(&body, "/a/b"), ["", ""]);
        assert_eq!(nearest(&json!(1), "/a"), ["", ""]);
    }

    #[test]
    fn of_elements_their_place_is_looked_for() {
        let body = json!({"accounts": {"x": {"n": 1}}, "*": 1});
        assert_eq!(nearest(&body, "/acounts/*/n"), ["/accounts/*/n", ""]);
        assert_eq!(nearest(&body, "/accounts/*/m"), ["", ""]);
        assert_eq!(before_star("/a/*b/*"), ("/a/*b", "/*"));
    }

    #[test]
    fn a_large_body_is_searched_in_part() {
        let wide: Vec<Json> = (0..20_000).map(|number| json!({"number": number})).collect();
        let keys = Keys::of(&json!({"wanted": 1, "wide": wide}));
        assert_eq!(keys.0.len(), MAX_KEYS);
        assert_eq!(keys.nearest(&"/wantde".parse().unwrap()).close, "/wanted".parse().ok());
        let long = Keys::of(&json!({"x".repeat(LONGEST): 1, "y": 1}));
        assert_eq!(long.0, ["/y"]);
        assert_eq!(long.nearest(&Pointer::default().child(&"x".repeat(LONGEST))), Nearest::default());
    }
}
