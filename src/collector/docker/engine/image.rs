//! What the engine tells of an image: the few parts of a reply that holds its whole configuration.

use std::time::SystemTime;

use serde::Deserialize;

use super::lenient::or_default;
use super::time::parse;

/// An image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Wire")]
pub(crate) struct Image {
    /// `sha256:...`, as registries name what a tag means; empty of one that was built here and never pushed.
    pub(crate) digest: String,
    /// When it was built.
    pub(crate) created: Option<SystemTime>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Wire {
    #[serde(deserialize_with = "or_default")]
    repo_digests: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    created: String,
}

impl From<Wire> for Image {
    fn from(wire: Wire) -> Self {
        let digest = wire.repo_digests.iter().find_map(|name| Some(name.split_once('@')?.1.to_owned()));
        Self { digest: digest.unwrap_or_default(), created: parse(&wire.created) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn a_digest_is_what_follows_the_name_and_one_that_was_built_here_has_none() {
        let read = |json: &str| serde_json::from_str::<Image>(json).unwrap();
        let created = Some(UNIX_EPOCH + Duration::from_secs(1_795_553_583));
        for (digests, digest) in [
            (r#"["redis@sha256:0a1b", "mirror:5000/redis@sha256:0a1b"]"#, "sha256:0a1b"),
            (r#"["<none>"]"#, ""),
            ("[]", ""),
            ("null", ""),
            ("7", ""),
        ] {
            let json =
                format!(r#"{{"RepoDigests":{digests},"Created":"2026-11-24T20:53:03Z","Config":{{"Env":["A=b"]}}}}"#);
            assert_eq!(read(&json), Image { digest: digest.to_owned(), created }, "{digests}");
        }
        assert_eq!(read("{}"), Image::default());
    }
}
