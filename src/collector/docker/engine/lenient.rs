//! Fields as engines really send them: one that is `null`, or of another type than documented, is as good as none, and must
//! not cost the reply that it stands in.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer};
use serde_json::Value;

/// The value, or the default of its type if it is `null`.
pub(super) fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// The value, or the default of its type if it is of another one. Only where the default means that it is not known.
pub(super) fn or_default<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(from: D) -> Result<T, D::Error> {
    Ok(T::deserialize(Value::deserialize(from)?).unwrap_or_default())
}

/// Texts by name; what is no text is left out.
pub(super) fn texts<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, String>, D::Error> {
    let Value::Object(map) = Value::deserialize(from)? else { return Ok(BTreeMap::new()) };
    let text = |(name, value)| if let Value::String(value) = value { Some((name, value)) } else { None };
    Ok(map.into_iter().filter_map(text).collect())
}
