//! JSON objects whose keys stand in the order in which they are written.

use serde::Serialize;

/// An object, written as in JSON; its keys are names.
macro_rules! object {
    ($($key:ident: $value:expr),+ $(,)?) => {{
        // Each value has a type of its own, which is named as its key is.
        #[allow(non_camel_case_types, non_snake_case, clippy::struct_field_names, clippy::let_and_return)]
        let object = {
            #[derive(serde::Serialize)]
            struct Object<$($key),+> {
                $($key: $key),+
            }
            Object { $($key: $value),+ }
        };
        object
    }};
}
pub(crate) use object;

/// The text of a value of strings, numbers and objects, which always has one.
pub(crate) fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
