//! A draft of a mapping for an endpoint that nobody has described: from two samples of what it says.
//!
//! What rises is told from what goes up and down by what changed between the two; units, times and states by names and by
//! how values are written. A draft knows what was seen, not what is meant: each rule says in a comment what it was made
//! of. Every rule is tried on both samples before it is shown; one that does not hold is shown as a comment.

mod check;
mod classify;
mod exposition;
mod known;
mod leaves;
mod names;
mod shape;
mod text;
mod write;

use std::collections::HashSet;
use std::time::Duration;

use super::body::{Body, BodyFormat, Unreadable};
use check::Checker;
use leaves::Found;
use metric::vocabulary;
use write::RuleDraft;

/// Rules of one draft; nobody reads a longer one.
const MAX_RULES: usize = 200;

/// What was asked, and how the draft is to be named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftOptions {
    /// Scheme, host and port, without user and password.
    pub url: String,
    /// Path and query of the endpoint.
    pub path: String,
    /// The HTTP status of the answers.
    pub status: u16,
    /// The time between the two samples.
    pub pause: Duration,
    /// What the names of metrics begin with; see [`prefix`].
    pub prefix: String,
    /// Write a whole `[[service]]` of that name, for config.toml.
    pub service: Option<String>,
}

/// A mapping that was drafted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Its TOML.
    pub text: String,
    /// Metrics in it, or patterns of series that pass through.
    pub rules: usize,
    /// What was left out, each with a comment.
    pub left_out: usize,
}

/// The beginning of names for a service of that name: `ticker_`. The error says why there can be none.
pub fn prefix(name: &str) -> Result<String, String> {
    let prefix = format!("{}_", names::snake(name));
    if !prefix.starts_with(|first: char| first.is_ascii_lowercase()) {
        return Err(format!("{name:?} does not begin with a letter; names of metrics do"));
    }
    match vocabulary::reserved(&prefix) {
        Some(reserved) => Err(format!("names that begin with {reserved} are the agent's own; choose another name")),
        None => Ok(prefix),
    }
}

/// Drafts a mapping from two answers of one endpoint.
pub fn draft(source: &DraftOptions, first: &[u8], second: &[u8]) -> Result<Draft, Unreadable> {
    let Samples { format, patterns, bodies: [first, second] } = read(first, second)?;
    let endpoint = write::endpoint_name(&source.path);
    if format == BodyFormat::Prometheus {
        return Ok(exposition::draft(source, &endpoint, &[&first, &second]));
    }
    let mut drafted = Drafted::default();
    let mut checker = Checker::new(&endpoint, [&first.tree, &second.tree]);
    let mut known = HashSet::new();
    let mut names = names::Names::new(&source.prefix);
    for found in leaves::leaves(&first.tree, &second.tree) {
        let rule = match found {
            Found::Leaf(leaf) => rule(&leaf, &mut known, &mut names).map_err(|why| (leaf.place(), why.to_owned())),
            Found::Left { place, why } => Err((place, why.to_owned())),
        };
        drafted.add(rule, &mut checker);
    }
    let header = write::header(source, &endpoint, (format, &patterns), freshness(&first, &second).as_deref());
    let text = write::finish(source, &header, &drafted.entries);
    Ok(Draft { text, rules: drafted.rules, left_out: drafted.left_out })
}

/// Two answers of one endpoint.
struct Samples {
    format: BodyFormat,
    /// What is captured of a text.
    patterns: Vec<String>,
    bodies: [Body; 2],
}

/// The bodies in the first format that the first one can be read in.
fn read(first: &[u8], second: &[u8]) -> Result<Samples, Unreadable> {
    let in_format =
        |format, body| Ok(Samples { format, patterns: Vec::new(), bodies: [body, Body::read(format, second)?] });
    let json = Body::read(BodyFormat::Json, first);
    let Err(error @ Unreadable::Syntax(_)) = json else { return in_format(BodyFormat::Json, json?) };
    for format in [BodyFormat::Prometheus, BodyFormat::Python] {
        if let Ok(body) = Body::read(format, first) {
            return in_format(format, body);
        }
    }
    text::read(first, second).ok_or(error)?
}

/// The rule for a value: of the vocabulary if it has one for it, else one of its own.
fn rule(
    leaf: &leaves::Leaf<'_>,
    known: &mut HashSet<String>,
    names: &mut names::Names,
) -> Result<RuleDraft, &'static str> {
    let meaning = classify::classify(leaf)?;
    if let Some(rule) = known::rule(leaf, &meaning)
        && known.insert(rule.series())
    {
        return Ok(rule);
    }
    Ok(names::rule(leaf, meaning, names))
}

/// A suggestion, if the body says when it was made.
fn freshness(first: &Body, second: &Body) -> Option<String> {
    const KEYS: [&str; 4] = ["timestamp", "generated_at", "generatedAt", "ts"];
    KEYS.into_iter().find_map(|key| {
        let at = |body: &Body| super::timestamp(body.tree.get(key)?).ok();
        (at(second)? > at(first)?).then(|| format!("/{key}"))
    })
}

/// The draft as it grows.
#[derive(Default)]
struct Drafted {
    entries: Vec<String>,
    rules: usize,
    left_out: usize,
}

impl Drafted {
    /// Adds a rule if it holds, and a comment if there is none or it does not.
    fn add(&mut self, rule: Result<RuleDraft, (String, String)>, checker: &mut Checker<'_>) {
        let (place, why) = match rule {
            Ok(rule) if self.rules == MAX_RULES => (rule.place(), "the draft is long enough".to_owned()),
            Ok(rule) => match checker.check(&rule) {
                Ok(text) => {
                    self.rules += 1;
                    self.entries.push(text);
                    return;
                }
                Err(why) => (rule.place(), why),
            },
            Err(left_out) => left_out,
        };
        self.left_out += 1;
        self.entries.push(format!("# Left out: {place}: {why}.\n"));
    }
}

#[cfg(test)]
mod tests;
