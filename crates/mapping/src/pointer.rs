//! JSON Pointer (RFC 6901) with three additions: a segment `*` stands for every member of an object or array, `[key=x]` for
//! those that have that text there, and `-1` for the last item of an array.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

/// A compiled pointer. The empty one is the whole document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Pointer {
    pub(super) segments: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Segment {
    Key(String),
    Every,
    Where(Filter),
}

/// `[key=x]`, `[a/b=x]`: which members are meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Filter {
    at: Pointer,
    value: String,
}

/// Wildcards of one pointer: each of them multiplies the elements.
const MAX_WILDCARDS: usize = 3;

/// Why a text is not a pointer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PointerError {
    /// It is a path of another language.
    #[error("must begin with /; write it as a JSON pointer, like \"/data/cache/hits\"")]
    NoSlash,
    /// `~` stands before something else than 0 or 1.
    #[error("has a ~ that is not ~0 (for ~) or ~1 (for /)")]
    Escape,
    /// Nobody means that many.
    #[error("has more than {MAX_WILDCARDS} segments that are * or [key=x]; point at the elements more closely")]
    Wildcards,
    /// What stands before `=` is a pointer of its own.
    #[error("has a * or [key=x] within [...]; write one key, or several with / between them")]
    Filter,
}

impl Pointer {
    /// Whether it has a `*`.
    #[must_use]
    pub fn is_wild(&self) -> bool {
        self.segments.contains(&Segment::Every)
    }

    /// How many of its segments stand for several members: `*` and `[key=x]`.
    #[must_use]
    pub fn wildcards(&self) -> usize {
        self.segments.iter().filter(|segment| segment.is_wildcard()).count()
    }

    /// Whether it is the whole document.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.segments.is_empty()
    }

    /// The key that it begins with.
    #[must_use]
    pub fn first_key(&self) -> Option<&str> {
        match self.segments.first()? {
            Segment::Key(key) => Some(key),
            Segment::Every | Segment::Where(_) => None,
        }
    }

    /// The one value; of several that `[key=x]` stands for the first. A `*` leads nowhere here.
    #[must_use]
    pub fn find<'v>(&self, root: &'v Value) -> Option<&'v Value> {
        walk(root, &self.segments)
    }

    /// The pointer with its wildcards replaced by keys, in their order: where a value stands, for people.
    #[must_use]
    pub fn at_keys(&self, keys: impl IntoIterator<Item: Into<String>>) -> Self {
        let mut keys = keys.into_iter();
        let concrete = |segment: &Segment| match segment {
            Segment::Key(_) => segment.clone(),
            wildcard => keys.next().map_or_else(|| wildcard.clone(), |key| Segment::Key(key.into())),
        };
        Self { segments: self.segments.iter().map(concrete).collect() }
    }

    /// What it has up to its wildcard of that number, counted from 1, and that one too; with 0 nothing.
    #[must_use]
    pub fn up_to(&self, wildcard: usize) -> Self {
        let mut ends = self.segments.iter().enumerate().filter(|(_, segment)| segment.is_wildcard());
        let end = wildcard.checked_sub(1).and_then(|before| ends.nth(before)).map_or(0, |(at, _)| at + 1);
        Self { segments: self.segments[..end].to_vec() }
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

impl Segment {
    pub(super) const fn is_wildcard(&self) -> bool {
        !matches!(self, Self::Key(_))
    }

    /// Whether it stands for that member.
    pub(super) fn takes(&self, member: &Value) -> bool {
        match self {
            Self::Key(_) => false,
            Self::Every => true,
            Self::Where(filter) => filter.at.find(member).is_some_and(|value| is_text(value, &filter.value)),
        }
    }

    /// Whether the member could be one that it stands for: it has what is asked for.
    pub(super) fn could_take(&self, member: &Value) -> bool {
        match self {
            Self::Key(_) => false,
            Self::Every => true,
            Self::Where(filter) => filter.at.find(member).is_some(),
        }
    }
}

/// Whether a value is that text, as it would be written in a label.
pub(super) fn is_text(value: &Value, text: &str) -> bool {
    match value {
        Value::String(value) => value == text,
        Value::Bool(value) => text == if *value { "true" } else { "false" },
        Value::Number(number) => number.to_string() == text,
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

/// What the keys before any `*` lead to.
pub(super) fn walk<'v>(mut value: &'v Value, segments: &[Segment]) -> Option<&'v Value> {
    for segment in segments {
        value = match (value, segment) {
            (Value::Object(members), Segment::Key(key)) => members.get(key)?,
            (Value::Array(items), Segment::Key(key)) if key == "-1" => items.last()?,
            // RFC 6901: an index has no leading zero and no sign.
            (Value::Array(items), Segment::Key(key)) if key == "0" || !key.starts_with(['0', '+']) => {
                items.get(key.parse::<usize>().ok()?)?
            }
            (Value::Array(items), Segment::Where(_)) => items.iter().find(|item| segment.takes(item))?,
            (Value::Object(members), Segment::Where(_)) => members.values().find(|member| segment.takes(member))?,
            _ => return None,
        };
    }
    Some(value)
}

impl FromStr for Pointer {
    type Err = PointerError;

    fn from_str(text: &str) -> Result<Self, PointerError> {
        let mut segments = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let begin = rest.strip_prefix('/').ok_or(PointerError::NoSlash)?;
            // What stands in brackets may have slashes of its own.
            let end = filter_end(begin).or_else(|| begin.find('/')).unwrap_or(begin.len());
            segments.push(segment(&begin[..end])?);
            rest = &begin[end..];
        }
        let pointer = Self { segments };
        if pointer.wildcards() > MAX_WILDCARDS { Err(PointerError::Wildcards) } else { Ok(pointer) }
    }
}

/// Where the `[key=x]` ends that a text begins with.
fn filter_end(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('[')?;
    let end = inner.find("]/").or_else(|| inner.strip_suffix(']').map(str::len))?;
    inner[..end].contains('=').then_some(end + 2)
}

fn segment(text: &str) -> Result<Segment, PointerError> {
    if text == "*" {
        return Ok(Segment::Every);
    }
    if let Some((at, value)) = filter_end(text).and_then(|end| text[1..end - 1].split_once('=')) {
        let at: Pointer = format!("/{at}").parse()?;
        let filter = Filter { at, value: value.to_owned() };
        return if filter.at.wildcards() > 0 { Err(PointerError::Filter) } else { Ok(Segment::Where(filter)) };
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
                Segment::Where(Filter { at, value }) => write!(f, "/[{}={value}]", &at.to_string()[1..])?,
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
    fn a_filter_and_the_last_item_are_found() {
        let document = json!({"list": [
            {"name": "a", "n": 1}, {"name": "b/c", "n": 2, "of": {"x": true}}, {"name": "b/c", "n": 3}, {"n": 4, "id": 7},
        ], "map": {"one": {"kind": "k", "n": 5}}, "none": [], "-1": 6});
        let found = |text: &str| pointer(text).find(&document).cloned();
        assert_eq!(found("/list/[name=b/c]/n"), Some(json!(2)));
        assert_eq!(found("/list/[of/x=true]/n"), Some(json!(2)));
        assert_eq!(found("/list/[id=7]/n"), Some(json!(4)));
        assert_eq!(found("/list/-1/n"), Some(json!(4)));
        assert_eq!(found("/map/[kind=k]/n"), Some(json!(5)));
        assert_eq!(found("/-1"), Some(json!(6)));
        for nowhere in ["/list/[name=c]", "/list/[=a]", "/none/-1", "/list/-2", "/map/-1", "/list/0/n/[a=b]"] {
            assert_eq!(found(nowhere), None, "{nowhere}");
        }
    }

    #[test]
    fn what_only_looks_like_a_filter_is_a_key() {
        let document = json!({"[0]": 1, "[a=b": 2, "a[b=c]": 3});
        let found = |text: &str| pointer(text).find(&document).cloned();
        assert_eq!((found("/[0]"), found("/[a=b"), found("/a[b=c]")), (Some(json!(1)), Some(json!(2)), Some(json!(3))));
    }

    #[test]
    fn what_is_no_pointer_is_refused() {
        let error = |text: &str| text.parse::<Pointer>().unwrap_err();
        assert_eq!(error("data.cache"), PointerError::NoSlash);
        assert_eq!(error("/a~2"), PointerError::Escape);
        assert_eq!(error("/a~"), PointerError::Escape);
        assert_eq!(error("/*/a/*/[b=c]/*"), PointerError::Wildcards);
        assert_eq!(error("/[a/*=b]"), PointerError::Filter);
        assert_eq!(error("/[a~2=b]"), PointerError::Escape);
    }

    #[test]
    fn it_is_written_as_it_is_read() {
        for text in ["", "/", "/a~1b/~0/*", "/data/0", "/*/[a/b~1=x/]y]/-1", "/[v=/]", "/a/"] {
            assert_eq!(pointer(text).to_string(), text);
        }
        assert_eq!(pointer("/a/*/b").at_keys(["x/y"]).to_string(), "/a/x~1y/b");
        assert_eq!(pointer("/a/*/b/[c=d]").at_keys(["x", "0"]).to_string(), "/a/x/b/0");
        let up_to = |wildcard| pointer("/a/*/b/[c=d]/e").up_to(wildcard).to_string();
        assert_eq!([0, 1, 2, 3].map(up_to), ["", "/a/*", "/a/*/b/[c=d]", ""]);
        assert_eq!(pointer("/a").join(&pointer("/b")).child("c~").to_string(), "/a/b/c~0");
        assert!(pointer("/a/*").is_wild() && !pointer("/a").is_wild() && pointer("").is_root());
    }
}
