//! The mapping language in TOML: endpoints and metrics, of a profile or of a `[[service]]`.

mod endpoint;
mod rule;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;
use std::sync::Arc;

use crate::{Mapping, Rule, Value};
use metric::vocabulary::service::HEALTH;
use metric::{Definition, vocabulary};
use reader::ConfigError;
use reader::{Reader, Table};

pub use self::endpoint::SHORTEST_INTERVAL;

/// Reads `[[endpoint]]` and `[[metric]]` of a file of their own, upon what `base` has.
pub fn parse(text: &str, path: &Path, base: &Arc<Mapping>) -> Result<Arc<Mapping>, ConfigError> {
    let reader = Reader::new(text, path, &|name| std::env::var(name).ok());
    let mapping = reader.root().map(|mut root| {
        let mapping = read(&mut root, base);
        root.finish();
        mapping
    });
    reader.finish(mapping)
}

/// Takes `endpoint` and `metric` of a table. Endpoints of `base` with the same name are changed, others are added; metrics
/// come before those of `base`, so that they win. A table that adds nothing shares its base.
pub fn read(table: &mut Table<'_>, base: &Arc<Mapping>) -> Arc<Mapping> {
    let (endpoint_tables, metric_tables) = (table.tables("endpoint"), table.tables("metric"));
    if endpoint_tables.is_empty() && metric_tables.is_empty() {
        return Arc::clone(base);
    }
    let mut endpoints = base.endpoints.clone();
    let mut own = HashSet::new();
    for table in endpoint_tables {
        endpoint::read(table, &mut endpoints, &mut own);
    }
    let mut rules: Vec<Rule> = metric_tables.into_iter().filter_map(|table| rule::read(table, &endpoints)).collect();
    rules.extend(base.rules.iter().cloned());
    for rule in rules.iter().filter(|rule| rule.definition.name == HEALTH.info().name) {
        endpoints[rule.endpoint].tells_health = true;
    }
    let mapping = Mapping { endpoints, rules };
    for (_, message) in clashes(&[("", &mapping)]) {
        table.problem(None, "metric", None, message);
    }
    Arc::new(mapping)
}

/// How one rule describes a name.
struct Description<'m> {
    owner: usize,
    definition: &'m Definition,
    kind: &'static str,
}

/// Names that are described in two ways: in the one mapping that is given, or in two of several, each with the name of its
/// service. Each with the index of the mapping that has the second description.
#[must_use]
pub fn clashes(mappings: &[(&str, &Mapping)]) -> Vec<(usize, String)> {
    let mut first: BTreeMap<&str, Description<'_>> = BTreeMap::new();
    let mut told = BTreeSet::new();
    let mut messages = Vec::new();
    let all = mappings.iter().enumerate().flat_map(|(owner, (_, mapping))| descriptions(owner, mapping));
    for second in all {
        let name: &str = &second.definition.name;
        let Some(first) = first.get(name) else {
            first.insert(name, second);
            continue;
        };
        let is_elsewhere = first.owner != second.owner;
        if is_elsewhere == (mappings.len() > 1)
            && let Some(message) = clash(first, &second, mappings)
            && told.insert((name, second.owner))
        {
            messages.push((second.owner, message));
        }
    }
    messages
}

/// The descriptions of all names of a mapping.
fn descriptions(owner: usize, mapping: &Mapping) -> impl Iterator<Item = Description<'_>> {
    mapping.rules.iter().flat_map(move |rule| {
        rule.definitions().enumerate().map(move |(at, definition)| {
            let is_set = at == 0 && matches!(rule.value, Value::States { .. });
            let kind = if is_set { "stateset" } else { definition.kind.as_str() };
            Description { owner, definition, kind }
        })
    })
}

/// What is to be said of two descriptions of a name, if they differ.
fn clash(first: &Description<'_>, second: &Description<'_>, mappings: &[(&str, &Mapping)]) -> Option<String> {
    let of = |description: &Description<'_>| match mappings[description.owner].0 {
        "" => String::new(),
        service => format!(" in service {service:?}"),
    };
    let (in_first, in_second, name) = (of(first), of(second), &first.definition.name);
    let optional = vocabulary::optional_labels(name);
    let labels = |description: &Description<'_>| {
        let labels = description.definition.labels.iter().map(AsRef::as_ref);
        labels.filter(|label| !optional.contains(label)).collect::<Vec<_>>().join(", ")
    };
    if first.kind != second.kind {
        let (one, other) = (first.kind, second.kind);
        let advice = "a name has one type, rename one of the two";
        Some(format!("{name} is a {one}{in_first} and a {other}{in_second}; {advice}"))
    } else if labels(first) != labels(second) {
        let (one, other) = (labels(first), labels(second));
        let advice = "a name has one set of labels, in one order";
        Some(format!("{name} has the labels ({one}){in_first} and ({other}){in_second}; {advice}"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
