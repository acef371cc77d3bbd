//! `targets_files` and `[[discover]]`: which targets may appear by themselves, and what they are watched with.
//!
//! Where a target is found says what it is and where; what it is watched with, its password above all, is said by the entry
//! whose `match` fits its address, and by nothing else.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use globset::{Glob, GlobMatcher};
use toml::{Table as Toml, Value};

use super::{Found, KindEntry};
use reader::Network;
use reader::{Problem, Reader, Table};

/// Targets that are found at most, unless the file says otherwise.
const LIMIT: usize = 1_000;

/// Where a table of defaults is tried: addresses that are nobody's (RFC 5737).
const NOWHERE: &str = "192.0.2.1";

/// What is said of a target where it is found, or would lead to where no `match` reaches.
const NOT_DEFAULTS: [&str; 8] = ["name", "url", "container", "instances", "sentinel", "master", "cluster", "seeds"];

/// How targets are found that the configuration does not name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Discover {
    /// Files that name targets; the last part of a path may be a pattern.
    pub files: Vec<PathBuf>,
    /// Targets that are found at most.
    pub limit: usize,
    /// What may be found, and what it is watched with. The first that fits counts.
    pub entries: Vec<Entry>,
    /// Where the paths of defaults begin.
    pub folder: PathBuf,
}

/// One `[[discover]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Where it allows targets.
    pub matches: Vec<Match>,
    /// The SRV name whose servers are targets.
    pub srv: Option<Srv>,
    /// What the targets of each kind are watched with, those of every kind that can be found.
    pub defaults: Vec<KindDefaults>,
}

/// Addresses or containers.
#[derive(Debug, Clone)]
pub enum Match {
    /// These addresses.
    Network(Network),
    /// The own addresses of containers with such a name.
    Container(GlobMatcher),
    /// The own addresses of the containers of such a Compose project.
    Project(GlobMatcher),
}

/// An SRV name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Srv {
    /// The name.
    pub name: String,
    /// The kind of what it names.
    pub kind: &'static str,
    /// The name server that is asked, in place of the system's.
    pub server: Option<SocketAddr>,
}

/// What the targets of one kind are watched with.
#[derive(Clone, PartialEq)]
pub struct KindDefaults {
    /// The kind.
    pub kind: &'static str,
    /// The scheme of their addresses.
    pub scheme: &'static str,
    /// Their table as it is written.
    pub table: Toml,
    /// The same without its secrets.
    shown: Toml,
}

impl fmt::Debug for KindDefaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, scheme, shown, .. } = self;
        f.debug_struct("KindDefaults").field("kind", kind).field("scheme", scheme).field("shown", shown).finish()
    }
}

impl Discover {
    pub(super) fn read(root: &mut Table<'_>, reader: &Reader<'_>, kinds: &[KindEntry]) -> Self {
        let files_at = root.line_of("targets_files");
        let files = root.each("targets_files", |text| check_file(text).map(|()| reader.resolve(text)));
        let limit = root.integer("max_discovered", 1..=10_000).unwrap_or(LIMIT);
        let raw = if root.has("discover") { reader.raw() } else { Toml::new() };
        let raw = raw.get("discover").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let tables = root.tables("discover");
        if !files.is_empty() && tables.is_empty() {
            let message = "has no effect: nothing is watched that no entry allows; add [[discover]] with match = [\"10.0.0.0/8\"]";
            reader.problem(Problem::of_key(files_at, "targets_files", None, message));
        }
        let read = |(at, table)| Entry::read(table, reader, kinds, raw.get(at).and_then(Value::as_table));
        let entries: Vec<Entry> = tables.into_iter().enumerate().map(read).collect();
        if entries.is_empty() {
            return Self::default();
        }
        Self { files, limit, entries, folder: reader.resolve("") }
    }

    /// Whether anything may be found.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        !self.entries.is_empty()
    }

    /// The keys outside of its tables, as a file has them; none where they are as without a file.
    pub(super) fn keys(&self) -> Option<Toml> {
        let text = |path: &PathBuf| Value::from(path.display().to_string());
        let files: Vec<Value> = self.files.iter().map(text).collect();
        let limit = Value::Integer(i64::try_from(self.limit).unwrap_or(i64::MAX));
        let keys = [("targets_files".to_owned(), files.into()), ("max_discovered".to_owned(), limit)];
        self.is_on().then(|| keys.into_iter().collect())
    }

    /// Its tables as a file has them, without secrets.
    pub(super) fn entries_shown(&self) -> Vec<Toml> {
        self.entries.iter().map(Entry::shown).collect()
    }
}

/// Whether it can be a targets file. Its extension says how it is written.
fn check_file(text: &str) -> Result<(), String> {
    let path = Path::new(text);
    let is_pattern = |text: &str| text.contains(['*', '?', '[', '{']);
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    if !["json", "yml", "yaml"].contains(&extension) {
        return Err("does not end in .json, .yml or .yaml, which says how it is written".to_owned());
    }
    if path.parent().and_then(Path::to_str).is_some_and(is_pattern) {
        return Err("has a pattern in a folder's name; only the last part may be one, like targets/*.json".to_owned());
    }
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    Glob::new(name).map(|_| ()).map_err(|error| format!("is not a pattern: {}", error.kind()))
}

impl Entry {
    fn read(mut table: Table<'_>, reader: &Reader<'_>, kinds: &[KindEntry], raw: Option<&Toml>) -> Self {
        let is_there = table.has("match");
        let matches = table.each("match", str::parse);
        if !is_there {
            let message = "is missing; write the networks or containers in which targets are allowed, like \
                           match = [\"10.0.0.0/8\", \"container:shop-*\", \"project:shop\"]";
            table.problem(None, "match", None, message);
        }
        let found: Vec<&KindEntry> = kinds.iter().filter(|kind| !kind.schemes.is_empty()).collect();
        let srv = read_srv(&mut table, &found, &matches);
        let defaults = found.iter().filter_map(|kind| KindDefaults::read(&mut table, reader, kind, raw)).collect();
        table.finish();
        Self { matches, srv, defaults }
    }

    /// Whether it allows a target there.
    #[must_use]
    pub fn allows(&self, address: IpAddr) -> bool {
        self.matches.iter().any(|one| matches!(one, Match::Network(network) if network.contains(address)))
    }

    /// Whether it allows the containers of that name or Compose project.
    #[must_use]
    pub fn allows_container(&self, name: &str, project: Option<&str>) -> bool {
        self.matches.iter().any(|one| match one {
            Match::Network(_) => false,
            Match::Container(glob) => glob.is_match(name),
            Match::Project(glob) => project.is_some_and(|project| glob.is_match(project)),
        })
    }

    /// What its targets of a kind are watched with.
    #[must_use]
    pub fn defaults(&self, kind: &str) -> Option<&KindDefaults> {
        self.defaults.iter().find(|defaults| defaults.kind == kind)
    }

    fn shown(&self) -> Toml {
        let texts = self.matches.iter().map(|one| Value::from(one.to_string())).collect::<Vec<_>>();
        let mut shown = Toml::from_iter([("match".to_owned(), Value::from(texts))]);
        if let Some(Srv { name, kind, server }) = &self.srv {
            shown.insert("srv".to_owned(), name.as_str().into());
            shown.insert("kind".to_owned(), (*kind).into());
            shown.extend(server.map(|server| ("server".to_owned(), server.to_string().into())));
        }
        for defaults in &self.defaults {
            let mut table = defaults.shown.clone();
            table.insert("scheme".to_owned(), defaults.scheme.into());
            shown.insert(defaults.kind.to_owned(), table.into());
        }
        shown
    }
}

fn read_srv(table: &mut Table<'_>, kinds: &[&KindEntry], matches: &[Match]) -> Option<Srv> {
    let name = table.string_at("srv");
    let kind = table.string_at("kind");
    let server = table.string_at("server").and_then(|(line, text)| {
        let fault = "is not an address and a port; write it like \"10.0.0.2:53\"";
        text.parse().map_err(|_| table.wrong(line, "server", &text, fault)).ok()
    });
    let Some((line, name)) = name else {
        for key in kind.iter().map(|_| "kind").chain(server.iter().map(|_| "server")) {
            table.problem(None, key, None, "is for srv, which is missing; add srv, or leave this out");
        }
        return None;
    };
    if name.is_empty() || name.len() > 253 || name.split('.').any(|part| part.is_empty() || part.len() > 63) {
        table.wrong(line, "srv", &name, "is not a name; write it like _redis._tcp.example.org");
    }
    if !matches.iter().any(|one| matches!(one, Match::Network(_))) {
        let message = "names servers whose addresses no match allows; add their networks to match";
        table.wrong(line, "srv", &name, message);
    }
    let kind = match kind {
        None => kinds.first().map(|kind| kind.key),
        Some((line, text)) => kinds.iter().find(|kind| kind.key == text).map(|kind| kind.key).or_else(|| {
            let keys: Vec<&str> = kinds.iter().map(|kind| kind.key).collect();
            table.wrong(line, "kind", &text, format!("is none of {}", keys.join(", ")));
            None
        }),
    };
    Some(Srv { name, kind: kind?, server })
}

impl KindDefaults {
    /// Reads the table, and tries it on an address that is nobody's.
    fn read(entry: &mut Table<'_>, reader: &Reader<'_>, kind: &KindEntry, raw: Option<&Toml>) -> Option<Self> {
        let &[usual, ..] = kind.schemes else { return None };
        let mut table = entry.table(kind.key);
        let mut written = raw.and_then(|raw| raw.get(kind.key)?.as_table().cloned()).unwrap_or_default();
        written.remove("scheme");
        let mut is_right = true;
        for key in NOT_DEFAULTS.iter().filter(|key| table.has(key)) {
            is_right = false;
            let message = "cannot be a default of targets that are found; leave it out";
            table.problem(table.line_of(key), key, None, message);
        }
        let scheme = table.string_at("scheme").map_or(Some(usual), |(line, text)| {
            let scheme = kind.schemes.iter().find(|scheme| **scheme == text).copied();
            if scheme.is_none() {
                table.wrong(line, "scheme", &text, format!("is none of {}", kind.schemes.join(", ")));
            }
            scheme
        })?;
        if !is_right {
            return None;
        }
        table.put("name", "found".to_owned());
        table.put("url", format!("{scheme}://{NOWHERE}:1"));
        (kind.stand_in)(&mut table);
        let nobody = Found { source: "a table of defaults".into(), addresses: [].into() };
        let target = (kind.found)(table, reader, nobody)?;
        // As it shows itself, which is without secrets.
        let all: Toml = target.to_toml().ok()?.parse().ok()?;
        let mut shown = all.get(kind.key)?.as_array()?.first()?.as_table()?.clone();
        shown.retain(|key, _| written.contains_key(key));
        Some(Self { kind: kind.key, scheme, table: written, shown })
    }
}

impl std::str::FromStr for Match {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let glob = |text: &str| match Glob::new(text) {
            Ok(_) if text.is_empty() => {
                Err("names nothing; write a name, or a pattern like \"container:shop-*\"".to_owned())
            }
            Ok(glob) => Ok(glob.compile_matcher()),
            Err(error) => Err(format!("is not a pattern: {}", error.kind())),
        };
        match text.split_once(':') {
            Some(("container", name)) => glob(name).map(Self::Container),
            Some(("project", name)) => glob(name).map(Self::Project),
            _ => text.parse().map(Self::Network).map_err(|message: String| {
                if message.starts_with("is neither") {
                    "is not a network, container:NAME or project:NAME; write it like \"10.0.0.0/8\", \"container:shop-*\" or \
                     \"project:shop\""
                        .to_owned()
                } else {
                    message
                }
            }),
        }
    }
}

impl fmt::Display for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(network) => network.fmt(f),
            Self::Container(glob) => write!(f, "container:{}", glob.glob()),
            Self::Project(glob) => write!(f, "project:{}", glob.glob()),
        }
    }
}

impl PartialEq for Match {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}
