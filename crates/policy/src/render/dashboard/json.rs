//! JSON whose objects keep the order of their keys, so that a dashboard reads as Grafana writes it.

use serde::Serialize;
use serde::ser::Serializer;
use serde_json::Value;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    /// Leaves its entry out of an object.
    Nothing,
    /// A text, a number, a boolean, null.
    Plain(Value),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// An object, written as in JSON.
macro_rules! object {
    ($($key:literal: $value:expr),* $(,)?) => {
        $crate::render::dashboard::json::Json::object([
            $((String::from($key), $crate::render::dashboard::json::Json::from($value))),*
        ])
    };
}
pub(super) use object;

impl Json {
    pub(super) fn object(entries: impl IntoIterator<Item = (String, Self)>) -> Self {
        Self::Object(entries.into_iter().filter(|(_, value)| *value != Self::Nothing).collect())
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nothing => serializer.serialize_unit(),
            Self::Plain(value) => value.serialize(serializer),
            Self::List(values) => serializer.collect_seq(values),
            Self::Object(entries) => serializer.collect_map(entries.iter().map(|(key, value)| (key, value))),
        }
    }
}

macro_rules! plain {
    ($($kind:ty)*) => {
        $(impl From<$kind> for Json {
            fn from(value: $kind) -> Self {
                Self::Plain(value.into())
            }
        })*
    };
}
plain!(bool u32 f64 &str String Value);

impl<T> From<Vec<T>> for Json
where
    Self: From<T>,
{
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Self::from).collect())
    }
}

impl<T> From<Option<T>> for Json
where
    Self: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Nothing, Self::from)
    }
}
