//! A text that cannot be printed.

use std::fmt;
use std::path::Path;

use crate::file;
use serde::{Deserialize, Serialize, Serializer};
use zeroize::{Zeroize as _, Zeroizing};

/// The size of a secret's file in KiB beyond which it is refused.
const LIMIT: u64 = 64;

/// A password, a password hash, a private key. It has no `Display`, its `Debug` and its serialised form are `<redacted>`, and the only way to
/// the text is [`reveal`](Self::reveal), which is easy to find. Its memory is wiped when it is dropped.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// What a file of at most 64 KiB holds, without the newline at its end; it may be empty.
    pub fn from_file(path: &Path) -> Result<Self, String> {
        let text = Zeroizing::new(file::read(path, LIMIT)?);
        Ok(Self::new(text.trim_end_matches(['\r', '\n'])))
    }

    /// The text itself, to be handed to what it is for and to nothing else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("<redacted>")
    }
}
