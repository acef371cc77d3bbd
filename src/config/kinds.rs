//! The tables of the targets, by the list of kinds that the configuration is read with.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::target::has_credentials;
use super::{Found, Target};
use crate::metric::MetricInfo;
use crate::topology::{Edge, Graph, Node, Role, Via};
use reader::{ConfigError, Problem, Reader, Table, nearest};

/// How a variable of the environment is looked up.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A kind of target: one row of the list that the agent is built with.
#[derive(Clone, Copy)]
pub struct KindEntry {
    /// The name of its table, and its `collector` label.
    pub key: &'static str,
    /// The name of its target, where there is only one: `[key]`; `None` for any number of `[[key]]`.
    pub only: Option<&'static str>,
    /// The heading in the documentation.
    pub title: &'static str,
    /// One paragraph for the documentation.
    pub intro: &'static str,
    /// What such a target is to others.
    pub role: Role,
    /// Everything with a fixed name that it can export.
    pub metrics: fn() -> Vec<MetricInfo>,
    /// The schemes that the address of such a target may have where it is found and not configured, the usual one first; none
    /// for a kind that is not found.
    pub schemes: &'static [&'static str],
    /// Puts into a table of defaults what such a target cannot do without and gets where it is found.
    pub stand_in: fn(&mut Table<'_>),
    /// Reads the table of one that was found.
    pub found: fn(Table<'_>, &Reader<'_>, Found) -> Option<Arc<dyn Target>>,
    /// Reads its tables.
    pub read: fn(Vec<Table<'_>>, &Reader<'_>) -> Targets,
    /// The targets that the environment describes, where there is no file.
    pub from_environment: fn(Lookup<'_>, &mut Vec<Problem>) -> Targets,
}

/// Targets of any kind.
pub type Targets = Vec<Arc<dyn Target>>;

/// Targets of a kind that a file may have: ten times what an agent was tried with.
const MOST: usize = 100_000;

/// The tables of all targets, those of one kind together.
pub(super) struct TargetTables<'k, 'r> {
    of_kinds: Vec<(&'k KindEntry, Vec<Table<'r>>)>,
    /// Whether there is a key that is meant for one, whatever is wrong with it.
    meant: bool,
}

impl<'k, 'r> TargetTables<'k, 'r> {
    pub(super) fn take(root: &mut Table<'r>, kinds: &'k [KindEntry]) -> Self {
        let tables = |kind: &KindEntry, root: &mut Table<'r>| match kind.only {
            Some(_) if root.has(kind.key) => vec![root.table(kind.key)],
            Some(_) => Vec::new(),
            None => root.tables(kind.key),
        };
        let meant = kinds.iter().any(|kind| root.has_like(kind.key));
        let mut of_kinds: Vec<_> = kinds.iter().map(|kind| (kind, tables(kind, root))).collect();
        for (kind, tables) in &mut of_kinds {
            if tables.len() > MOST {
                let message =
                    format!("{} of them, and an agent has {MOST} at most; give the rest to others", tables.len());
                root.problem(tables[MOST].line, kind.key, None, message);
                tables.truncate(MOST);
            }
        }
        Self { of_kinds, meant }
    }

    /// The names of the targets, without any value that may be a secret.
    pub(super) fn names(&self) -> Vec<String> {
        self.named().map(|(_, name)| name).collect()
    }

    /// Reports targets with the name of another one, of whatever kind: the name is the label by which they are told apart.
    pub(super) fn check_names(&self, reader: &Reader<'_>) {
        let mut names: HashMap<String, String> = HashMap::new();
        for (table, name) in self.named() {
            if has_credentials(&name) {
                // It is refused where it is read, and not repeated.
                continue;
            }
            let place = table.line.map_or_else(|| table.key(""), |line| format!("{} in line {line}", table.key("")));
            let shown = Some(format!("{name:?}"));
            if let Some(other) = names.get(&name) {
                let message = if table.has("name") {
                    format!("{other} has this name too; names must differ")
                } else {
                    format!("this is the name unless another is set, and {other} has it; names must differ")
                };
                reader.problem(Problem::of_key(table.line, table.key("name"), shown, message));
            } else {
                names.insert(name, place);
            }
        }
    }

    /// Reports what targets stand on and is not there, and circles of them. With `others` a name may be that of a target
    /// which is yet to be found.
    pub(super) fn check_topology(&self, others: bool) {
        let names = self.names();
        let known: HashSet<&str> = names.iter().map(String::as_str).collect();
        let engines: Vec<String> =
            self.named_with_kind().filter(|(kind, ..)| kind.role == Role::Engine).map(|(.., name)| name).collect();
        let mut graph = Graph::default();
        for (_, table, name) in self.named_with_kind() {
            for used in table.peek_strings("uses") {
                let message = if !known.contains(used.as_str()) {
                    if others {
                        continue;
                    }
                    // Nobody reads so many, and each is compared with all names.
                    let is_told = table.problem_count() < ConfigError::MOST;
                    let meant = is_told.then(|| nearest(names.iter().map(String::as_str), &used)).flatten();
                    let meant = meant.map(|name| format!("; did you mean {name:?}?")).unwrap_or_default();
                    format!("no target has this name{meant}")
                } else if used == name {
                    "a target does not use itself".to_owned()
                } else {
                    let (from, on) = (Node::target(&name), Node::target(&used));
                    let edge = Edge { from, on, via: Via::Uses, reason: String::new(), seen: None };
                    match graph.add(edge) {
                        None => continue,
                        Some(_) => {
                            format!("{used} uses {name} already, directly or not; what stands on what has no circles")
                        }
                    }
                };
                table.problem(table.line_of("uses"), "uses", Some(format!("{used:?}")), message);
            }
            if let Some(container) = table.peek("container")
                && let Err(message) = check_container(&container, &engines)
            {
                table.problem(table.line_of("container"), "container", Some(format!("{container:?}")), message);
            }
        }
    }

    /// Reports that there is no target, and that none will be found.
    pub(super) fn check_presence(&self, reader: &Reader<'_>, others: bool) {
        if !self.meant && !others {
            let (only, many): (Vec<&KindEntry>, Vec<&KindEntry>) =
                self.of_kinds.iter().map(|(kind, _)| *kind).partition(|kind| kind.only.is_some());
            let many = either(many.iter().map(|kind| format!("[[{}]]", kind.key)));
            let only = either(only.iter().map(|kind| format!("[{}]", kind.key)));
            let message = format!("no target is configured; add {many} with name and address, or {only}");
            reader.problem(Problem::of_key(None, "redis", None, message));
        }
    }

    pub(super) fn read(self, reader: &Reader<'_>) -> Targets {
        self.of_kinds.into_iter().flat_map(|(kind, tables)| (kind.read)(tables, reader)).collect()
    }

    /// Each table whose target has a name.
    fn named(&self) -> impl Iterator<Item = (&Table<'r>, String)> {
        self.named_with_kind().map(|(_, table, name)| (table, name))
    }

    fn named_with_kind(&self) -> impl Iterator<Item = (&'k KindEntry, &Table<'r>, String)> {
        let tables = self.of_kinds.iter().flat_map(|(kind, tables)| tables.iter().map(|table| (*kind, table)));
        tables.filter_map(|(kind, table)| {
            let default = kind.only.filter(|_| !table.has("name")).map(str::to_owned);
            let name = default.or_else(|| table.peek("name")).filter(|name| !name.is_empty());
            Some((kind, table, name?))
        })
    }
}

/// Whether it is known whose container is meant.
fn check_container(container: &str, engines: &[String]) -> Result<(), String> {
    match (container.rsplit_once('/'), engines) {
        (Some((engine, name)), _) if name.is_empty() || !engines.iter().any(|known| known == engine) => {
            Err("write it as engine/name, where engine is the name of a [[docker]] target".to_owned())
        }
        (None, []) => Err("there is no [[docker]] target that could have it; add one, or leave this out".to_owned()),
        (None, [engine, _, ..]) => Err(format!("say of which [[docker]] target it is: \"{engine}/{container}\"")),
        _ if container.is_empty() => Err("must be the name of a container".to_owned()),
        _ => Ok(()),
    }
}

/// `a, b or c`.
fn either(words: impl Iterator<Item = String>) -> String {
    let mut words: Vec<String> = words.collect();
    let last = words.pop().unwrap_or_default();
    if words.is_empty() { last } else { format!("{} or {last}", words.join(", ")) }
}
