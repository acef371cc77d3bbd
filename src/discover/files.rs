//! Targets files: the format of Prometheus' `file_sd_configs`, in JSON or YAML.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use globset::Glob;
use reader::file::{self, Stamp};
use serde::Deserialize;
use toml::Table as Toml;

use super::candidate::{Candidate, Of, WORDS, host_and_port, keys, shown};

/// The size of a file in KiB beyond which it is refused.
const FILE_LIMIT: u64 = 1024;

/// Files that are read at most.
const MOST: usize = 100;

/// Labels that say something to the agent begin so.
const OWN: &str = "manometer_";

/// A group of targets with the same labels.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    targets: Vec<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

/// What is known of the files.
#[derive(Debug, Clone, Default)]
pub(super) struct Files {
    states: BTreeMap<PathBuf, State>,
    /// Whether there was a look before: a file that appears later may be half-written.
    has_looked: bool,
    /// What is wrong with folders, and with too many files.
    pub(super) faults: Vec<String>,
}

/// What a file looked like; `None` of one that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Looked(Option<Stamp>);

/// One file.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// As it was at the last look.
    seen: Option<Looked>,
    /// As it was when it was read.
    read: Option<Looked>,
    groups: Arc<[Group]>,
    /// Why its groups are those of an earlier reading.
    pub(super) error: Option<String>,
    /// When it was read well.
    pub(super) at: Option<SystemTime>,
}

impl Files {
    /// Looks at the files of `patterns` and reads what has changed; what cannot be used leaves what was read before.
    ///
    /// A file that changes, or is new, is being written: it is read when it stays the same from one look to the next.
    pub(super) fn look(mut self, patterns: &[PathBuf]) -> Self {
        self.faults.clear();
        let mut there = Vec::new();
        for pattern in patterns {
            let own = pattern.clone();
            match file::bounded(pattern, move || matching(&own)).flatten() {
                Ok(paths) => there.extend(paths),
                Err(error) => {
                    self.faults.push(format!("{}: {error}; what was read there before stays", pattern.display()));
                    let known = self.states.iter().filter(|(path, _)| path.parent() == pattern.parent());
                    there.extend(known.filter_map(|(path, state)| Some((path.clone(), state.seen.clone()?))));
                }
            }
        }
        there.sort_unstable_by(|one, another| one.0.cmp(&another.0));
        there.dedup_by(|one, another| one.0 == another.0);
        if there.len() > MOST {
            self.faults
                .push(format!("targets_files: {} files, of which the first {MOST} by name are read", there.len()));
            there.truncate(MOST);
        }
        self.states.retain(|path, _| there.binary_search_by(|(there, _)| there.cmp(path)).is_ok());
        for (path, stamp) in there {
            let state = self.states.entry(path.clone()).or_default();
            let is_steady = state.seen.as_ref().map_or(!self.has_looked, |seen| *seen == stamp);
            state.seen = Some(stamp.clone());
            if is_steady && state.read.as_ref() != Some(&stamp) {
                // What cannot be read may be so at the next look, and look the same.
                state.read = state.read(&path).then_some(stamp);
            }
        }
        self.has_looked = true;
        self
    }

    /// The files, by path.
    pub(super) fn states(&self) -> impl Iterator<Item = (&Path, &State)> {
        self.states.iter().map(|(path, state)| (path.as_path(), state))
    }

    /// What they name, of the `usual` kind where they do not say of which, and what is wrong with the rest.
    pub(super) fn candidates<'f>(
        &'f self,
        usual: &'f str,
    ) -> impl Iterator<Item = Result<Candidate, (String, String)>> + 'f {
        self.states.iter().flat_map(move |(path, state)| {
            let source: Arc<str> = format!("file {}", path.display()).into();
            state.groups.iter().flat_map(move |group| {
                let source = Arc::clone(&source);
                let common = Common::of(group, usual);
                group.targets.iter().map(move |target| {
                    let candidate = common.as_ref().map_err(Clone::clone).and_then(|of| of.candidate(&source, target));
                    candidate.map_err(|error| (format!("{} of {source}", shown(target)), error))
                })
            })
        })
    }

    /// How many targets they name.
    pub(super) fn count(&self) -> usize {
        self.states.values().flat_map(|state| state.groups.iter()).map(|group| group.targets.len()).sum()
    }
}

impl State {
    fn read(&mut self, path: &Path) -> bool {
        let read = match file::read_if_there(path, FILE_LIMIT) {
            Ok(Some(text)) => file::text(text).and_then(|text| parse(path, &text)),
            Ok(None) => {
                (self.groups, self.at) = (Arc::default(), None);
                Err("is not there; create it, or take it out of targets_files".to_owned())
            }
            Err(error) => Err(error),
        };
        match read {
            Ok(groups) => {
                self.groups = groups.into();
                self.error = None;
                self.at = Some(SystemTime::now());
            }
            Err(error) => self.error = Some(reader::excerpt(&error).into_owned()),
        }
        self.error.is_none()
    }
}

/// The files that a path with a pattern as its last part means, as they are now; one without is itself, whether or not it is
/// there. Behind those that are read they are not looked at.
fn matching(pattern: &Path) -> Result<Vec<(PathBuf, Looked)>, String> {
    let mut paths = named(pattern)?;
    paths.sort_unstable();
    let look = |(at, path): (usize, PathBuf)| {
        let stamp = if at < MOST { Stamp::of(&path) } else { None };
        (path, Looked(stamp))
    };
    Ok(paths.into_iter().enumerate().map(look).collect())
}

fn named(pattern: &Path) -> Result<Vec<PathBuf>, String> {
    let name = pattern.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if !name.contains(['*', '?', '[', '{']) {
        return Ok(vec![pattern.to_owned()]);
    }
    let glob = Glob::new(name).map_err(|error| error.to_string())?.compile_matcher();
    let unreadable = |error: std::io::Error| format!("the folder cannot be read: {error}");
    let folder = match pattern.parent().unwrap_or(Path::new("")).read_dir() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        folder => folder.map_err(unreadable)?,
    };
    let mut paths = Vec::new();
    for entry in folder {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name();
        // What begins with a dot is being written, or is the editor's.
        if name.to_str().is_some_and(|name| !name.starts_with('.') && glob.is_match(name)) {
            paths.push(entry.path());
        }
    }
    Ok(paths)
}

/// The groups of a file.
fn parse(path: &Path, text: &str) -> Result<Vec<Group>, String> {
    let advice = "write a list of { \"targets\": [\"host:6379\"], \"labels\": { ... } }";
    // Names of the file are in the errors of both libraries.
    let wrong = |error: String| format!("is not a targets file: {}; {advice}", reader::excerpt(&error));
    if path.extension().is_some_and(|extension| extension == "json") {
        return serde_json::from_str(text).map_err(|error| wrong(error.to_string()));
    }
    let options = serde_saphyr::options! { with_snippet: false };
    let groups = serde_saphyr::from_str_with_options::<Option<Vec<Group>>>(text, options);
    let groups = groups.map_err(|error| wrong(error.to_string()))?;
    // An empty list is written `[]`: nothing at all is a file that is being written.
    groups.ok_or_else(|| format!("is empty; {advice}"))
}

/// What the text of a file names, of Redis where it does not say of which kind, or what is wrong with it.
#[cfg(any(test, fuzzing))]
pub(super) fn all(path: &Path, text: &str, source: &Arc<str>) -> Vec<Result<Candidate, String>> {
    let groups = match parse(path, text) {
        Ok(groups) => groups,
        Err(error) => return vec![Err(error)],
    };
    let of = |group: &Group| {
        let common = Common::of(group, "redis");
        let candidate = |target: &String| common.as_ref().map_err(Clone::clone)?.candidate(source, target);
        group.targets.iter().map(candidate).collect::<Vec<_>>()
    };
    groups.iter().flat_map(of).collect()
}

/// What the labels of a group say of each of its targets.
struct Common<'g> {
    kind: &'g str,
    name: Option<&'g str>,
    keys: Arc<Toml>,
}

impl<'g> Common<'g> {
    fn of(group: &'g Group, usual: &'g str) -> Result<Self, String> {
        let labels = || group.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let words: BTreeMap<&str, &str> =
            labels().filter_map(|(name, value)| Some((name.strip_prefix(OWN)?, value))).collect();
        if let Some(word) = words.keys().find(|word| **word != "kind" && !WORDS.contains(word)) {
            return Err(format!(
                "label {OWN}{}: means nothing; there are {OWN}kind, {OWN}{}",
                shown(word),
                WORDS.join(&format!(", {OWN}"))
            ));
        }
        // What begins with two underscores, job and instance are Prometheus' own business.
        let is_other =
            |name: &str| name.starts_with("__") || name.starts_with(OWN) || matches!(name, "job" | "instance");
        let others: Vec<(&str, &str)> = labels().filter(|(name, _)| !is_other(name)).collect();
        Ok(Self {
            kind: words.get("kind").copied().unwrap_or(usual),
            name: words.get("name").copied(),
            keys: keys(&words, &others)?.into(),
        })
    }

    fn candidate(&self, source: &Arc<str>, target: &str) -> Result<Candidate, String> {
        let (host, port) = host_and_port(target)?;
        if host.is_empty() {
            return Err("names no host".to_owned());
        }
        Ok(Candidate {
            source: Arc::clone(source),
            of: Of::File,
            kind: self.kind.to_owned(),
            name: self.name.unwrap_or(target).to_owned(),
            addresses: host.parse().ok().map(|address| vec![address]),
            host,
            port,
            keys: Arc::clone(&self.keys),
        })
    }
}

#[cfg(test)]
mod tests;
