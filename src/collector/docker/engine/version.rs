//! The engine's version, and the version of its API that both sides speak.

use serde::Deserialize;

use super::error::EngineError;
use super::lenient::or_default;
use crate::collector::Reason;
use crate::metric::{Families, metrics};

/// The newest version of the API that the agent was built for.
const NEWEST: (usize, usize) = (1, 52);

/// The oldest one: Docker 20.10, the first with one-shot statistics.
const OLDEST: (usize, usize) = (1, 41);

metrics! {
    pub(super) fn metrics;
    ENGINE_INFO: gauge "docker_engine_info" ["engine", "version", "api_version", "os"] Info,
        "The engine, its version, and the API version that the agent uses.", "GET /version";
}

/// What the engine said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Negotiated {
    /// `Docker`, `Podman`.
    pub(crate) engine: String,
    /// The engine's version as it writes it.
    pub(crate) version: String,
    /// The version of the API that is spoken.
    pub(crate) api: (usize, usize),
    /// `linux`, `windows`.
    pub(crate) os: String,
}

impl Negotiated {
    /// Major, minor and patch number of the engine; 0 for what cannot be read.
    pub(crate) fn numbers(&self) -> [u32; 3] {
        let version = self.version.trim_start_matches(|char: char| !char.is_ascii_digit());
        let mut parts = version.split(|char: char| !char.is_ascii_digit()).map(|part| part.parse().unwrap_or(0));
        std::array::from_fn(|_| parts.next().unwrap_or(0))
    }

    pub(crate) fn export(&self, out: &mut Families) {
        let api = format!("{}.{}", self.api.0, self.api.1);
        out.push(&ENGINE_INFO, [&self.engine, &self.version, &api, &self.os], 1.0);
    }
}

/// The answer to `/version`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
pub(super) struct Said {
    #[serde(deserialize_with = "or_default")]
    version: String,
    #[serde(deserialize_with = "or_default")]
    api_version: String,
    #[serde(rename = "MinAPIVersion", deserialize_with = "or_default")]
    min_api_version: String,
    #[serde(deserialize_with = "or_default")]
    os: String,
    #[serde(deserialize_with = "or_default")]
    components: Vec<Component>,
}

#[derive(Deserialize)]
struct Component {
    #[serde(rename = "Name", default)]
    name: String,
}

/// Chooses the version of the API that later requests have in their path.
pub(super) fn negotiate(said: Said, attempt: &str) -> Result<Negotiated, EngineError> {
    let api = parse(&said.api_version).ok_or_else(|| {
        let advice = "is this the Docker Engine API? check url";
        EngineError::new(Reason::Protocol, attempt, "the answer has no ApiVersion", advice)
    })?;
    let least = parse(&said.min_api_version).unwrap_or(OLDEST);
    if api < OLDEST || least > NEWEST {
        let [engine, oldest, newest] = [api, OLDEST, NEWEST].map(|(major, minor)| format!("{major}.{minor}"));
        let cause = format!("the engine speaks API {engine}, and the agent {oldest} to {newest}");
        let advice = if api < OLDEST { "use Docker 20.10 or newer" } else { "use a newer agent" };
        return Err(EngineError::new(Reason::Protocol, attempt, cause, advice));
    }
    let is_podman = said.components.iter().any(|component| component.name.starts_with("Podman"));
    Ok(Negotiated {
        engine: if is_podman { "Podman" } else { "Docker" }.to_owned(),
        version: said.version,
        api: api.min(NEWEST),
        os: said.os,
    })
}

fn parse(text: &str) -> Option<(usize, usize)> {
    let (major, minor) = text.trim().split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers_whatever_stands_around_them() {
        let numbers = |version: &str| {
            let version = version.to_owned();
            Negotiated { engine: String::new(), version, api: OLDEST, os: String::new() }.numbers()
        };
        assert_eq!(numbers("20.10.24+dfsg1"), [20, 10, 24]);
        assert_eq!(numbers("29.0.0-rc.1"), [29, 0, 0]);
        assert_eq!(numbers("v5.3"), [5, 3, 0]);
        assert_eq!(numbers("dev"), [0, 0, 0]);
        assert_eq!(numbers("99999999999.1"), [0, 1, 0]);
        assert_eq!(numbers(""), [0, 0, 0]);
    }

    #[test]
    fn an_api_version_has_two_numbers() {
        assert_eq!(parse("1.41"), Some((1, 41)));
        assert_eq!(parse(" 1.52 "), Some((1, 52)));
        for text in ["", "1", "1.", ".41", "1.x", "1.41.0", "-1.2"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
