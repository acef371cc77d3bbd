//! What is watched of what was found, and with what.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use reader::Reader;
use toml::{Table as Toml, Value};

use super::candidate::{Candidate, Of, literal, shown};
use super::names::Names;
use super::{Refusal, Refused};
use crate::config::{Discover, Entry, Found, KindDefaults, KindEntry, Target, check_label_value};

/// What is refused beyond it is counted and not named.
const MOST_NAMED: usize = 100;

/// What is watched, by name.
#[derive(Debug, Default)]
pub(super) struct Admitted(BTreeMap<String, Made>);

/// A target, and what it was made of.
#[derive(Debug, Clone)]
struct Made {
    of: Candidate,
    /// Which entry allows it; `None` when the entries are others now.
    entry: Option<usize>,
    addresses: Vec<IpAddr>,
    target: Arc<dyn Target>,
}

/// What decides.
pub(super) struct Rules<'r> {
    pub(super) settings: &'r Discover,
    pub(super) kinds: &'r [KindEntry],
    /// The names of the configured targets.
    pub(super) taken: &'r BTreeSet<String>,
    pub(super) names: &'r Names,
    pub(super) env: fn(&str) -> Option<String>,
}

/// Why a candidate is not watched, in words.
type No = (Refusal, String);

impl Admitted {
    pub(super) fn targets(&self) -> impl Iterator<Item = &Arc<dyn Target>> {
        self.0.values().map(|made| &made.target)
    }

    /// What names each of them.
    pub(super) fn sources(&self) -> impl Iterator<Item = &'static str> {
        self.0.values().map(|made| made.of.of.as_str())
    }

    /// The entries are others: every target is made anew, but keeps its name.
    pub(super) fn reconsider(&mut self) {
        self.0.values_mut().for_each(|made| made.entry = None);
    }

    /// Takes what was found; what is refused of it, and whether the targets have changed. What is as it was stays the same
    /// target.
    pub(super) fn admit(&mut self, mut candidates: Vec<Candidate>, rules: &Rules<'_>) -> (Vec<Refused>, bool) {
        let before = std::mem::take(&mut self.0);
        let mut refused = Vec::new();
        // What is watched keeps its name, and its place within the limit, whoever else is found now.
        candidates.sort_by_key(|candidate| match before.get(&candidate.name) {
            Some(known) if known.of == *candidate => 0,
            Some(known) if known.of.source == candidate.source => 1,
            _ => 2,
        });
        for candidate in candidates {
            let known = before.get(&candidate.name).filter(|known| known.of == candidate);
            match self.one(&candidate, known, rules) {
                Ok(()) => {}
                Err((reason, text)) => refused.push(Refused { reason, text, count: 1 }),
            }
        }
        let is_same = |(one, other): ((&String, &Made), (&String, &Made))| {
            one.0 == other.0 && one.1.target.is_same(other.1.target.as_ref())
        };
        let is_other = before.len() != self.0.len() || !before.iter().zip(&self.0).all(is_same);
        (refused, is_other)
    }

    fn one(&mut self, candidate: &Candidate, known: Option<&Made>, rules: &Rules<'_>) -> Result<(), No> {
        let Rules { settings, taken, names, .. } = rules;
        let Candidate { source, name, .. } = candidate;
        let what = format!("{} of {source}", shown(name));
        if let Some(other) = self
            .0
            .get(name)
            .map(|made| made.of.source.to_string())
            .or_else(|| taken.contains(name).then(|| "the configuration".to_owned()))
        {
            return Err((
                Refusal::NameTaken,
                format!("{what}: {other} has this name too; give one of the two another name"),
            ));
        }
        if self.0.len() >= settings.limit {
            return Err((
                Refusal::Limit,
                format!("{what}: over the limit of {}; raise max_discovered", settings.limit),
            ));
        }
        check_label_value(name).map_err(|message| (Refusal::Invalid, format!("{what}: its name {message}")))?;
        let addresses =
            addresses(candidate, known, names).map_err(|error| (Refusal::Unresolved, format!("{what}: {error}")))?;
        let (at, addresses) = allowed(candidate, &addresses, &settings.entries).ok_or_else(|| {
            let shown: Vec<String> = addresses.iter().take(8).map(ToString::to_string).collect();
            let message = format!(
                "{what}: no [[discover]] allows {}; add its network, or its container, to match of one",
                shown.join(", ")
            );
            (Refusal::NotAllowed, message)
        })?;
        let stays = |known: &&Made| {
            let is_there = || candidate.addresses.is_none() && names.still_has(&candidate.host, &known.addresses);
            known.entry == Some(at) && (known.addresses == addresses || is_there())
        };
        let made = if let Some(known) = known.filter(stays) {
            known.clone()
        } else {
            let target = make(candidate, &settings.entries[at], &addresses, rules)
                .map_err(|error| (Refusal::Invalid, format!("{what}: {error}")))?;
            Made { entry: Some(at), addresses, target, of: candidate.clone() }
        };
        self.0.insert(name.clone(), made);
        Ok(())
    }
}

/// What is refused, named up to a bound and counted beyond it.
pub(super) fn bounded(mut refused: Vec<Refused>) -> Vec<Refused> {
    let rest = refused.split_off(refused.len().min(MOST_NAMED));
    let mut more: BTreeMap<Refusal, usize> = BTreeMap::new();
    for one in rest {
        *more.entry(one.reason).or_default() += one.count;
    }
    let of = |(reason, count): (Refusal, usize)| Refused {
        reason,
        text: format!("and {count} more for the reason {}", reason.as_str()),
        count,
    };
    refused.extend(more.into_iter().map(of));
    refused
}

/// Where a candidate is.
fn addresses(candidate: &Candidate, known: Option<&Made>, names: &Names) -> Result<Vec<IpAddr>, String> {
    if let Some(addresses) = &candidate.addresses {
        if addresses.is_empty() {
            return Err(format!("the host {} has no address", candidate.host));
        }
        return Ok(addresses.clone());
    }
    match (names.addresses(&candidate.host), known) {
        (Ok(addresses), _) => Ok(addresses.to_vec()),
        // What is watched goes on where it was.
        (Err(_), Some(known)) => Ok(known.addresses.clone()),
        (Err(error), None) => Err(format!("the host {} cannot be looked up: {error}", candidate.host)),
    }
}

/// The first entry that allows the candidate, and those of its addresses that it allows.
fn allowed(candidate: &Candidate, addresses: &[IpAddr], entries: &[Entry]) -> Option<(usize, Vec<IpAddr>)> {
    entries.iter().enumerate().find_map(|(at, entry)| {
        let is_allowed = match &candidate.of {
            Of::Srv(of) if *of != at => return None,
            // The servers of an SRV name are for the entry that asks for it.
            Of::File | Of::Container { .. } if entry.srv.is_some() => return None,
            Of::Container { name, project, is_own: true } => entry.allows_container(name, project.as_deref()),
            _ => false,
        };
        let allowed: Vec<IpAddr> =
            addresses.iter().copied().filter(|address| is_allowed || entry.allows(*address)).collect();
        (!allowed.is_empty()).then_some((at, allowed))
    })
}

/// The target: what the entry sets, with what the source says, read as a table of the configuration is read.
fn make(
    candidate: &Candidate,
    entry: &Entry,
    addresses: &[IpAddr],
    rules: &Rules<'_>,
) -> Result<Arc<dyn Target>, String> {
    let kinds = rules.kinds;
    let kind = kinds.iter().find(|kind| kind.key == candidate.kind && !kind.schemes.is_empty());
    let Some((kind, defaults)) = kind.and_then(|kind| Some((kind, entry.defaults(kind.key)?))) else {
        let keys: Vec<&str> = kinds.iter().filter(|kind| !kind.schemes.is_empty()).map(|kind| kind.key).collect();
        return Err(format!(
            "{:?} is not a kind of targets that can be found; there are {}",
            shown(&candidate.kind),
            keys.join(", ")
        ));
    };
    let file = Toml::from_iter([(kind.key.to_owned(), Value::Array(vec![table(candidate, defaults).into()]))]);
    let text = toml::to_string(&file).map_err(|error| error.to_string())?;
    let path = rules.settings.folder.join("found.toml");
    let reader = Reader::new(&text, &path, &rules.env);
    let found = Found { source: Arc::clone(&candidate.source), addresses: addresses.into() };
    let made = reader.root().and_then(|mut root| {
        let table = root.tables(kind.key).pop()?;
        (kind.found)(table, &reader, found)
    });
    reader.finish(made).map_err(|error| {
        let problems: Vec<String> = error.problems().iter().map(ToString::to_string).collect();
        problems.join("; ").replace(&format!("{}[0].", kind.key), "")
    })
}

/// The table of a candidate.
fn table(candidate: &Candidate, defaults: &KindDefaults) -> Toml {
    let Candidate { name, host, port, keys, .. } = candidate;
    let mut table = defaults.table.clone();
    for (key, value) in keys.as_ref() {
        match (table.get_mut(key), value) {
            // Labels of both; those of the entry are stronger.
            (Some(Value::Table(ours)), Value::Table(theirs)) => {
                for (name, value) in theirs {
                    ours.entry(name).or_insert_with(|| value.clone());
                }
            }
            _ => drop(table.insert(key.clone(), value.clone())),
        }
    }
    let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
    table.insert("name".to_owned(), literal(name));
    table.insert("url".to_owned(), literal(&format!("{}://{host}:{port}", defaults.scheme)));
    table
}
