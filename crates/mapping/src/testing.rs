//! What the tests of several crates share.

use std::path::Path;
use std::sync::Arc;

use crate::Mapping;
use crate::read::parse;

/// The mapping of a text.
///
/// # Panics
///
/// If something is wrong with it.
#[must_use]
pub fn mapping(text: &str) -> Arc<Mapping> {
    parse(text, Path::new("mapping.toml"), &Arc::default()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}
