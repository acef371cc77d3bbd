//! Targets that appear by themselves: named by targets files, by SRV names, by the labels of containers.
//!
//! A source says what a target is and where (`candidate`). Whether it is watched, and with what, is said by the entry of the
//! configuration whose `match` fits its address (`admit`): without one nothing is connected to, and nobody but the
//! configuration gives a target a password. Its addresses are settled here, and it is connected to no other.

mod admit;
mod candidate;
mod containers;
mod dns;
mod files;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod metrics;
mod names;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep_until, timeout_at};
use tracing::{info, warn};

use crate::config::{Config, Discover, KindEntry, Targets};
use crate::hub::Hub;
use crate::net::Blocking;
use admit::{Admitted, Rules, bounded};
use candidate::Candidate;
use containers::Containers;
use files::Files;
use names::Names;

pub use metrics::{export, metrics};

/// Time from one look to the next.
const LOOKS: Duration = Duration::from_secs(2);

/// The most that one look may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// How much of that is for the lookups of hosts, which other answers name.
const FOR_HOSTS: Duration = Duration::from_secs(2);

/// Lines that are logged of one look at most.
const MOST_LINES: usize = 20;

/// Why something that was found is not watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// No entry allows its address.
    NotAllowed,
    /// What is said of it is wrong.
    Invalid,
    /// Another target has its name.
    NameTaken,
    /// Its host has no address.
    Unresolved,
    /// There are too many.
    Limit,
}

/// Each of them.
pub const REFUSALS: [Refusal; 5] =
    [Refusal::NotAllowed, Refusal::Invalid, Refusal::NameTaken, Refusal::Unresolved, Refusal::Limit];

impl Refusal {
    /// The label's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotAllowed => "not_allowed",
            Self::Invalid => "invalid",
            Self::NameTaken => "name_taken",
            Self::Unresolved => "unresolved",
            Self::Limit => "limit",
        }
    }
}

/// Something that was found and is not watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub reason: Refusal,
    /// The same in words, for people.
    pub text: String,
    /// How many of them.
    pub count: usize,
}

/// A source that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The path of the file, or the SRV name.
    pub name: String,
    /// Why what it said before is in force.
    pub error: Option<String>,
    /// When that was read.
    pub at: Option<SystemTime>,
}

/// What is known of everything that was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// Whether anything may be found.
    pub is_on: bool,
    /// What names each target that is watched: `file`, `srv` or `container`.
    pub targets: Vec<&'static str>,
    /// What is not watched.
    pub refused: Vec<Refused>,
    /// What was read.
    pub sources: Vec<Source>,
    /// What else is wrong.
    pub faults: Vec<String>,
}

impl Told {
    /// What is wrong, a line each, for people.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let sources = self.sources.iter().filter_map(|source| {
            let since = if source.at.is_some() { "; the targets that it named before stay" } else { "" };
            Some(format!("{}: {}{since}", source.name, source.error.as_ref()?))
        });
        let refused = self.refused.iter().map(|refused| refused.text.clone());
        self.faults.iter().cloned().chain(sources).chain(refused).collect()
    }
}

/// What finds targets.
pub struct Discovery {
    kinds: &'static [KindEntry],
    hub: Arc<Hub>,
    /// What a variable of the environment has, which tables of defaults may refer to.
    env: fn(&str) -> Option<String>,
    settings: Discover,
    /// The names of the configured targets.
    taken: BTreeSet<String>,
    files: Files,
    looking: Blocking<Files>,
    names: Names,
    containers: Containers,
    /// What is wrong with labels.
    wrong: Vec<(String, String)>,
    admitted: Admitted,
    told: Told,
    logged: BTreeSet<String>,
    next: Instant,
}

impl Discovery {
    /// One that has not looked yet. Containers are those that the polls of `hub`'s targets see.
    #[must_use]
    pub fn new(kinds: &'static [KindEntry], hub: Arc<Hub>) -> Self {
        Self {
            kinds,
            hub,
            env: |name| std::env::var(name).ok(),
            settings: Discover::default(),
            taken: BTreeSet::new(),
            files: Files::default(),
            looking: Blocking::new("targets-files"),
            names: Names::default(),
            containers: Containers::default(),
            wrong: Vec::new(),
            admitted: Admitted::default(),
            told: Told::default(),
            logged: BTreeSet::new(),
            next: Instant::now(),
        }
    }

    /// `config` is in force: what it does not allow is not found any more, and what it sets holds for what was found before.
    pub fn configured(&mut self, config: &Config) {
        self.settings = config.discover.clone();
        self.taken = config.targets.iter().map(|target| target.settings().name.clone()).collect();
        self.admitted.reconsider();
        self.admit();
        self.next = Instant::now();
    }

    /// The targets that were found.
    #[must_use]
    pub fn targets(&self) -> Targets {
        self.admitted.targets().map(Arc::clone).collect()
    }

    /// What is known of them.
    #[must_use]
    pub const fn told(&self) -> &Told {
        &self.told
    }

    /// Returns when something has changed of what is found or told. It may be dropped at any time.
    pub async fn changed(&mut self) {
        if !self.settings.is_on() {
            std::future::pending::<()>().await;
        }
        loop {
            sleep_until(self.next).await;
            if self.look().await {
                return;
            }
        }
    }

    /// Looks at every source once, in time; whether something has changed.
    pub async fn look(&mut self) -> bool {
        if !self.settings.is_on() {
            return false;
        }
        let until = Instant::now() + DEADLINE;
        let (known, patterns) = (self.files.clone(), self.settings.files.clone());
        // A share that hangs costs its own news alone.
        let (files, ()) = tokio::join!(
            timeout_at(until - FOR_HOSTS, self.looking.run(move || known.look(&patterns))),
            self.names.ask(&self.settings.entries, until - FOR_HOSTS),
        );
        if let Ok(Ok(files)) = files {
            self.files = files;
        }
        self.look_at_containers();
        let candidates = self.candidates().0;
        let hosts: BTreeSet<&str> =
            candidates.iter().filter(|found| found.addresses.is_none()).map(|found| found.host.as_str()).collect();
        self.names.look_up(hosts, until).await;
        self.next = Instant::now() + LOOKS;
        self.admit()
    }

    fn look_at_containers(&mut self) {
        let kinds: Vec<&str> = self.kinds.iter().filter(|kind| !kind.schemes.is_empty()).map(|kind| kind.key).collect();
        let engines = self.hub.topology().engines();
        self.wrong = self.containers.look(&engines, &kinds);
    }

    /// How many targets of files are looked at.
    const fn most_of_files(&self) -> usize {
        self.settings.limit.saturating_mul(2)
    }

    /// What all sources say, and what is wrong with the rest.
    fn candidates(&self) -> (Vec<Candidate>, Vec<(String, String)>) {
        let usual = self.kinds.iter().find(|kind| !kind.schemes.is_empty()).map_or("", |kind| kind.key);
        let (mut candidates, mut wrong) = (Vec::new(), self.wrong.clone());
        // What is over it is counted: a file may name a hundred thousand.
        let of_files = self.files.candidates(usual).take(self.most_of_files());
        for named in of_files.chain(self.names.candidates(&self.settings.entries)) {
            match named {
                Ok(candidate) => candidates.push(candidate),
                Err(error) => wrong.push(error),
            }
        }
        candidates.extend(self.containers.candidates().cloned());
        (candidates, wrong)
    }

    /// Settles what is watched of what was found; whether something has changed.
    fn admit(&mut self) -> bool {
        let (candidates, wrong) = self.candidates();
        let (refused, is_other) = self.admitted.admit(
            candidates,
            &Rules {
                settings: &self.settings,
                kinds: self.kinds,
                taken: &self.taken,
                names: &self.names,
                env: self.env,
            },
        );
        let wrong = wrong.into_iter().map(|(of, message)| Refused {
            reason: Refusal::Invalid,
            text: format!("{of}: {message}"),
            count: 1,
        });
        let more = self.files.count().saturating_sub(self.most_of_files());
        let text = format!(
            "{more} more targets of targets_files: over the limit of {}; raise max_discovered",
            self.settings.limit
        );
        let more = (more > 0).then_some(Refused { reason: Refusal::Limit, text, count: more });
        let files = self.files.states().map(|(path, state)| Source {
            name: path.display().to_string(),
            error: state.error.clone(),
            at: state.at,
        });
        let services =
            self.names.services().map(|(name, service)| Source { name, error: service.error.clone(), at: service.at });
        let told = Told {
            is_on: self.settings.is_on(),
            targets: self.admitted.sources().collect(),
            refused: bounded(more.into_iter().chain(wrong).chain(refused).collect()),
            sources: files.chain(services).collect(),
            faults: self.files.faults.clone(),
        };
        self.log(&told);
        let is_other = is_other || told != self.told;
        self.told = told;
        is_other
    }

    /// Logs what is newly wrong, once.
    fn log(&mut self, told: &Told) {
        let lines: BTreeSet<String> = told.lines().into_iter().collect();
        let new: Vec<&String> = lines.difference(&self.logged).collect();
        for line in new.iter().take(MOST_LINES) {
            warn!("discovery: {line}");
        }
        if new.len() > MOST_LINES {
            warn!(more = new.len() - MOST_LINES, "discovery: and more, which the status page lists");
        }
        if !self.logged.is_empty() && lines.is_empty() {
            info!("discovery: all discovery problems are resolved");
        }
        self.logged = lines;
    }
}
