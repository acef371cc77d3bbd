//! JSON Pointer (RFC 6901) with one addition: a segment that is `*` stands for every member of an object or array.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde_json::Value;

/// A compiled pointer. The empty one is the whole document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Pointer {
    segments: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Segment {
    Key(String),
    Every,
}

/// Why a text is not a pointer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PointerError {
    /// It is a path of another language.
    #[error("must begin with /; write it as a JSON pointer, like \"/data/cache/hits\"")]
    NoSlash,
    /// `~` stands before something else than 0 or 1.
    #[error("has a ~ that is not ~0 (for ~) or ~1 (for /)")]
    Escape,
    /// Two wildcards would need two labels for one element.
    #[error("has more than one *; map the inner one with a pointer of its own")]
    Wildcards,
}

/// A value that a pointer led to.
#[derive(Debug, Clone, PartialEq)]
pub struct Located<'v> {
    /// The key or index that `*` stood for; empty without one.
    pub key: Cow<'v, str>,
    /// The value.
    pub value: &'v Value,
}

impl Pointer {
    /// Whether it has a `*`.
    #[must_use]
    pub fn is_wild(&self) -> bool {
        self.segments.contains(&Segment::Every)
    }

    /// Whether it is the whole document.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.segments.is_empty()
    }

    /// The one value; a `*` leads nowhere here.
    #[must_use]
    pub fn find<'v>(&self, root: &'v Value) -> Option<&'v Value> {
        walk(root, &self.segments)
    }

    /// Every value that it leads to. `None` if what stands before the `*` is not there or can have no members, or if none
    /// of its members has what stands behind the `*`: then the pointer is wrong, and not the body empty.
    #[must_use]
    pub fn find_all<'v>(&self, root: &'v Value) -> Option<Vec<Located<'v>>> {
        let Some(at) = self.segments.iter().position(|segment| *segment == Segment::Every) else {
            return Some(vec![Located { key: Cow::Borrowed(""), value: self.find(root)? }]);
        };
        let (before, after) = (&self.segments[..at], &self.segments[at + 1..]);
        let found = |key: Cow<'v, str>, value| Some(Located { key, value: walk(value, after)? });
        let (located, is_empty): (Vec<_>, bool) = match walk(root, before)? {
            Value::Object(members) => {
                let members_found = members.iter().filter_map(|(key, value)| found(key.into(), value));
                (members_found.collect(), members.is_empty())
            }
            Value::Array(items) => {
                let items_found =
                    items.iter().enumerate().filter_map(|(at, value)| found(at.to_string().into(), value));
                (items_found.collect(), items.is_empty())
            }
            _ => return None,
        };
        (is_empty || !located.is_empty()).then_some(located)
    }

    /// The pointer with its `*` replaced by a key: where a located value stands, for people.
    #[must_use]
    pub fn at_key(&self, key: &str) -> Self {
        let concrete = |segment: &Segment| match segment {
            Segment::Every => Segment::Key(key.to_owned()),
            Segment::Key(_) => segment.clone(),
        };
        Self { segments: self.segments.iter().map(concrete).collect() }
    }

    /// `self` followed by `relative`.
    #[must_use]
    pub fn join(&self, relative: &Self) -> Self {
        Self { segments: self.segments.iter().chain(&relative.segments).cloned().collect() }
    }

    /// `self` followed by one key.
    #[must_use]
    pub fn child(&self, key: &str) -> Self {
        self.join(&Self { segments: vec![Segment::Key(key.to_owned())] })
    }
}

fn walk<'v>(mut value: &'v Value, segments: &[Segment]) -> Option<&'v Value> {
    for segment in segments {
        let Segment::Key(key) = segment else { return None };
        value = match value {
            Value::Object(members) => members.get(key)?,
            // RFC 6901: an index has no leading zero and no sign.
            Value::Array(items) if key == "0" || !key.starts_with(['0', '+']) => {
                items.get(key.parse::<usize>().ok()?)?
            }
            _ => return None,
        };
    }
    Some(value)
}

impl FromStr for Pointer {
    type Err = PointerError;

    fn from_str(text: &str) -> Result<Self, PointerError> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let segments = text.strip_prefix('/').ok_or(PointerError::NoSlash)?.split('/').map(segment);
        let pointer = Self { segments: segments.collect::<Result<_, _>>()? };
        let wildcards = pointer.segments.iter().filter(|segment| **segment == Segment::Every).count();
        if wildcards > 1 { Err(PointerError::Wildcards) } else { Ok(pointer) }
    }
}

fn segment(text: &str) -> Result<Segment, PointerError> {
    if text == "*" {
        return Ok(Segment::Every);
    }
    let mut key = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        key.push(match character {
            '~' => match characters.next() {
                Some('0') => '~',
                Some('1') => '/',
                _ => return Err(PointerError::Escape),
            },
            other => other,
        });
    }
    Ok(Segment::Key(key))
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in &self.segments {
            match segment {
                Segment::Every => f.write_str("/*")?,
                Segment::Key(key) => write!(f, "/{}", key.replace('~', "~0").replace('/', "~1"))?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pointer(text: &str) -> Pointer {
        text.parse().unwrap()
    }

    #[test]
    fn the_examples_of_the_standard() {
        let document = json!({"foo": ["bar", "baz"], "": 0, "a/b": 1, "m~n": 8, "01": {"0": 2}});
        let found = |text: &str| pointer(text).find(&document).cloned();
        assert_eq!(found(""), Some(document.clone()));
        assert_eq!(found("/foo/0"), Some(json!("bar")));
        assert_eq!(found("/"), Some(json!(0)));
        assert_eq!(found("/a~1b"), Some(json!(1)));
        assert_eq!(found("/m~0n"), Some(json!(8)));
        assert_eq!(found("/01/0"), Some(json!(2)));
        for nowhere in ["/foo/2", "/foo/00", "/foo/+1", "/foo/-", "/bar", "/foo/0/x", "/foo/*"] {
            assert_eq!(found(nowhere), None, "{nowhere}");
        }
    }

    #[test]
    fn a_star_leads_to_every_member() {
        let document = json!({"accounts": {"a": {"n": 1}, "b": {"n": 2}, "c": 3}, "list": [10, 20], "n": 5});
        let found = |text: &str| {
            let located = pointer(text).find_all(&document)?;
            Some(located.into_iter().map(|found| (found.key.into_owned(), found.value.clone())).collect::<Vec<_>>())
        };
        assert_eq!(found("/accounts/*/n"), Some(vec![("a".to_owned(), json!(1)), ("b".to_owned(), json!(2))]));
        assert_eq!(found("/list/*"), Some(vec![("0".to_owned(), json!(10)), ("1".to_owned(), json!(20))]));
        assert_eq!(found("/n"), Some(vec![(String::new(), json!(5))]));
        assert_eq!(found("/n/*"), None);
        assert_eq!(found("/none/*"), None);
        assert_eq!(found("/accounts/*/m"), None);
        let empty = json!({"accounts": {}, "list": []});
        assert_eq!(pointer("/accounts/*/n").find_all(&empty), Some(Vec::new()));
        assert_eq!(pointer("/list/*").find_all(&empty), Some(Vec::new()));
    }

    #[test]
    fn what_is_no_pointer_is_refused() {
        let error = |text: &str| text.parse::<Pointer>().unwrap_err();
        assert_eq!(error("data.cache"), PointerError::NoSlash);
        assert_eq!(error("/a~2"), PointerError::Escape);
        assert_eq!(error("/a~"), PointerError::Escape);
        assert_eq!(error("/*/a/*"), PointerError::Wildcards);
    }

    #[test]
    fn it_is_written_as_it_is_read() {
        for text in ["", "/", "/a~1b/~0/*", "/data/0"] {
            assert_eq!(pointer(text).to_string(), text);
        }
        assert_eq!(pointer("/a/*/b").at_key("x/y").to_string(), "/a/x~1y/b");
        assert_eq!(pointer("/a").join(&pointer("/b")).child("c~").to_string(), "/a/b/c~0");
        assert!(pointer("/a/*").is_wild() && !pointer("/a").is_wild() && pointer("").is_root());
    }
}
