//! The configuration: TOML text or environment in, a validated [`Config`] out.
//!
//! All problems of a file are reported at once, each with its line, key, value and fix. Every default stands in the module
//! of its table. A value may hold `${VARIABLE}` or `${VARIABLE:-default}`; a secret may stand in a file of its own
//! (`password_file`). Both are read again at each reload.
//!
//! Which kinds of targets there are is not known here: the list of them ([`KindEntry`]) is an argument.

mod discover;
mod kinds;
mod listen;
mod log;
pub mod redis_exporter;
mod target;
mod web;

use std::any::Any;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

pub use discover::{Discover, Entry, KindDefaults, Match, Srv};
pub use kinds::{KindEntry, Lookup, Targets};
pub use listen::{clash, listen_address};
pub use log::{LogFormat, LogLevel, LogSettings};
pub use reader::{ConfigError, Problem, Secret};
pub use target::{Defaults, Found, Instances, Interval, Look, Target, TargetSettings, check_label_value, read_url};
pub use web::{DEFAULT_LISTEN_ADDRESS, WebSettings};

use kinds::TargetTables;
use reader::{Reader, Table, file};

use crate::policy::{Policy, Thresholds};

/// The size of a configuration file in KiB beyond which it is refused; ten thousand targets are a tenth of it.
const FILE_LIMIT: u64 = 16 * 1024;

/// A validated configuration.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Config {
    /// The name of the environment that is watched, shown on the status page and in `manometer_environment_info`.
    pub environment: Option<String>,
    /// A label of all series, which tells the targets of two agents with the same names apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// The HTTP side.
    pub web: WebSettings,
    /// Logging.
    #[serde(rename = "logging")]
    pub log: LogSettings,
    /// Where what outlives a restart is kept; nowhere without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_dir: Option<PathBuf>,
    /// What is watched, those of one kind together.
    #[serde(skip)]
    pub targets: Vec<Arc<dyn Target>>,
    /// How targets are found that are not named here.
    #[serde(skip)]
    pub discover: Discover,
    /// What is overridden of the policy.
    #[serde(skip)]
    pub thresholds: Thresholds,
    /// The policy in force: the shipped one with what is overridden.
    #[serde(skip)]
    pub policy: Policy,
    /// What is to be said of it although it can be used, a line each with its place.
    #[serde(skip)]
    pub warnings: Vec<String>,
    /// Where it is from: the file, or the variables of the environment that it is made of.
    #[serde(skip)]
    pub origin: String,
}

impl Config {
    /// Reads and validates a file, whose targets are of `kinds`.
    pub fn load(path: &Path, kinds: &[KindEntry]) -> Result<Self, ConfigError> {
        let asked = Asked::new(&variable);
        let mut config = Self::parse(&read(path)?, path, &|name| asked.get(name), kinds)?;
        config.origin = path.display().to_string();
        config.warnings.extend(unused(&asked, path, kinds));
        config.warnings.extend(foreign(&variable));
        Ok(config)
    }

    /// Validates the text of `path`, with the environment that `${VARIABLE}` refers to.
    pub fn parse(text: &str, path: &Path, env: Lookup<'_>, kinds: &[KindEntry]) -> Result<Self, ConfigError> {
        let reader = Reader::new(text, path, env);
        let config = reader.root().map(|root| Self::read(root, &reader, kinds));
        let (config, warnings) = reader.finish_warned(config)?;
        Ok(Self { warnings, ..config })
    }

    /// The configuration that the environment describes without a file, as far as `kinds` can be described so; `None` if
    /// there is no target.
    pub fn from_environment(env: Lookup<'_>, kinds: &[KindEntry]) -> Result<Option<Self>, ConfigError> {
        let mut problems = Vec::new();
        let asked = Asked::new(env);
        let targets = described(&asked, kinds, &mut problems);
        let usable = problems.iter().all(Problem::is_warning);
        let said = ConfigError::new("environment".to_owned(), problems);
        if !usable {
            return Err(said);
        }
        if targets.is_empty() {
            return Ok(None);
        }
        let environment = asked.get("ENV_NAME");
        let warnings = said.lines().into_iter().chain(foreign(env)).collect();
        let origin = format!("environment ({})", asked.set().join(", "));
        let state_dir = default_state_dir(env);
        let policy = policy::shipped()?;
        Ok(Some(Self { environment, state_dir, targets, policy, warnings, origin, ..Self::default() }))
    }

    fn read(mut root: Table<'_>, reader: &Reader<'_>, kinds: &[KindEntry]) -> Self {
        let environment = root.string_at("environment").and_then(|(line, environment)| {
            let is_public = !target::has_credentials(&environment);
            if !is_public {
                let message =
                    "has a user or a password in it, and stands in a series and on the status page; write it without";
                root.problem(Some(line), "environment", None, message);
            }
            is_public.then_some(environment)
        });
        let site = root.string_at("site").and_then(|(line, site)| match target::check_label_value(&site) {
            Ok(()) => Some(site),
            Err(message) => {
                target::refuse_value(&root, line, "site", &site, message);
                None
            }
        });
        let web = WebSettings::read(root.table("web"), reader);
        let log = LogSettings::read(&mut root);
        let state_dir = root.string("state_dir").filter(|path| !path.is_empty()).map(|path| reader.resolve(&path));
        let state_dir = state_dir.or_else(|| default_state_dir(reader.env()));
        let discover = Discover::read(&mut root, reader, kinds);
        let tables = TargetTables::take(&mut root, kinds);
        tables.check_names(reader);
        tables.check_presence(reader, discover.is_on());
        tables.check_topology(discover.is_on());
        let names = tables.names();
        let targets = tables.read(reader);
        let (thresholds, mut policy) = match policy::shipped() {
            Ok(shipped) => policy::thresholds::read(root.table("thresholds"), &names, shipped),
            Err(error) => {
                reader.problem(Problem::of_file(format!("the policy that the agent was built with is wrong: {error}")));
                (Thresholds::default(), Policy::default())
            }
        };
        policy.external_url = web.external_url.clone().unwrap_or_default();
        root.finish();
        Self { environment, site, web, log, state_dir, targets, discover, thresholds, policy, ..Self::default() }
    }

    /// `policy` with what the file's `[thresholds]` override, whatever else the file says: who renders rules need not have
    /// the secrets of the agent.
    pub fn apply_thresholds(path: &Path, policy: Policy, kinds: &[KindEntry]) -> Result<Policy, ConfigError> {
        let text = read(path)?;
        let reader = Reader::new(&text, path, &variable);
        let applied = reader.root().map(|mut root| {
            LogSettings::read(&mut root);
            let external_url = web::read_external_url(&mut root.table("web"));
            let names = TargetTables::take(&mut root, kinds).names();
            let policy = policy::thresholds::read(root.table("thresholds"), &names, policy).1;
            Policy { external_url: external_url.unwrap_or_default(), ..policy }
        });
        reader.finish(applied)
    }

    /// The targets of one kind, by the type of their settings.
    pub fn targets_of<T: Target>(&self) -> impl Iterator<Item = &T> {
        self.targets.iter().filter_map(|target| (target.as_ref() as &dyn Any).downcast_ref())
    }

    /// The configuration as a file that sets every key has it, without its secrets.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        let mut parts = vec![toml::to_string(self)?];
        if let Some(keys) = self.discover.keys() {
            // Before the first table: they would be its keys.
            parts[0].insert_str(0, &toml::to_string(&keys)?);
        }
        for target in &self.targets {
            let source =
                target.settings().found.as_ref().map(|found| format!("# found by: {}\n", found.source.escape_debug()));
            parts.push(source.unwrap_or_default() + &target.to_toml()?);
        }
        if self.discover.is_on() {
            parts.push(toml::to_string(&BTreeMap::from([("discover", self.discover.entries_shown())]))?);
        }
        if !self.thresholds.is_default() {
            parts.push(toml::to_string(&BTreeMap::from([("thresholds", &self.thresholds)]))?);
        }
        Ok(parts.join("\n"))
    }
}

/// Where systemd wants state to be kept: the first folder of `StateDirectory=`.
fn default_state_dir(env: Lookup<'_>) -> Option<PathBuf> {
    let folders = env("STATE_DIRECTORY")?;
    folders.split(':').next().filter(|folder| folder.starts_with('/')).map(PathBuf::from)
}

/// An environment that remembers what it was asked for. An empty variable is one that is not set.
struct Asked<'a> {
    env: Lookup<'a>,
    names: RefCell<BTreeSet<String>>,
}

impl<'a> Asked<'a> {
    fn new(env: Lookup<'a>) -> Self {
        Self { env, names: RefCell::default() }
    }

    fn get(&self, name: &str) -> Option<String> {
        self.names.borrow_mut().insert(name.to_owned());
        (self.env)(name).filter(|value| !value.is_empty())
    }

    /// Those that were asked for and are set.
    fn set(&self) -> Vec<String> {
        self.names.borrow().iter().filter(|name| is_set(self.env, name)).cloned().collect()
    }
}

fn is_set(env: Lookup<'_>, name: &str) -> bool {
    env(name).is_some_and(|value| !value.is_empty())
}

/// The targets that the environment describes.
fn described(asked: &Asked<'_>, kinds: &[KindEntry], problems: &mut Vec<Problem>) -> Targets {
    kinds.iter().flat_map(|kind| (kind.from_environment)(&|name| asked.get(name), problems)).collect()
}

/// The warning of variables that would describe targets, and do not because a file is read that does not refer to them.
fn unused(by_file: &Asked<'_>, path: &Path, kinds: &[KindEntry]) -> Option<String> {
    let without = Asked::new(by_file.env);
    described(&without, kinds, &mut Vec::new());
    without.get("ENV_NAME");
    let used = by_file.set();
    let unused: Vec<String> = without.set().into_iter().filter(|name| !used.contains(name)).collect();
    let first = unused.first()?;
    let file = path.display();
    Some(format!(
        "environment: warning: {} set and not used, because {file} is read; write ${{{first}}} where it is to be used, or \
         start without a file",
        if unused.len() == 1 { format!("{first} is") } else { format!("{} are", unused.join(", ")) }
    ))
}

/// The warnings of what redis_exporter reads and the agent does not.
fn foreign(env: Lookup<'_>) -> impl Iterator<Item = String> {
    redis_exporter::ignored(|name| is_set(env, name)).into_iter().map(|line| format!("environment: warning: {line}"))
}

fn read(path: &Path) -> Result<String, ConfigError> {
    file::read(path, FILE_LIMIT)
        .map_err(|message| ConfigError::one(path.display().to_string(), Problem::of_file(message)))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests;
