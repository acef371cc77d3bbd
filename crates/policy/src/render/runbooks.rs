//! docs/runbooks: the index, and in each page the block with the numbers. The rest of a page is written by hand.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use include_dir::{Dir, File, include_dir};

use super::promql::Promql;
use super::{Catalog, words};
use crate::{Alert, Policy};

/// What the block is between.
const BEGIN: &str = "<!-- rendered -->";
const END: &str = "<!-- /rendered -->";

/// Where the pages are.
pub const FOLDER: &str = "docs/runbooks";

/// The pages as they were when this was built.
static SHIPPED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../docs/runbooks");

/// The name of the index among the pages.
const INDEX: &str = "README";

/// A page that was built in, with the numbers of the policy, as Markdown; `None` if there is none of that name. Without a
/// name it is the index.
#[must_use]
pub fn page(policy: &Policy, catalog: &Catalog, name: &str) -> Option<String> {
    let text = |file: &'static File<'_>| Some((file.path().file_stem()?.to_str()?, file.contents_utf8()?));
    let mut pages = SHIPPED.files().filter_map(text);
    if name.is_empty() {
        return Some(index(policy, &pages.filter(|(name, _)| *name != INDEX).collect()));
    }
    let (_, text) = pages.find(|(known, _)| *known == name)?;
    Some(numbered(&Promql { policy, catalog }, name, text).unwrap_or_else(|| text.to_owned()))
}

/// What is missing for the pages to be written.
#[must_use]
pub fn problems(policy: &Policy, pages: &BTreeMap<String, String>) -> Vec<String> {
    let mut problems = Vec::new();
    for alert in &policy.alerts {
        let name = &alert.name;
        match pages.get(name) {
            None => problems.push(format!("{name}: has no runbook; write {FOLDER}/{name}.md")),
            Some(page) if split(page).is_none() => {
                let message =
                    format!("{name}: {FOLDER}/{name}.md has no block for the numbers; write a line {BEGIN} and");
                problems.push(format!("{message} below it a line {END}, once"));
            }
            Some(_) => {}
        }
    }
    problems
}

/// The pages with their numbers, and the index.
#[must_use]
pub fn files(policy: &Policy, catalog: &Catalog, pages: &BTreeMap<String, String>) -> Vec<super::File> {
    // Who has no pages, like a folder of rules alone, needs no index of them.
    if pages.is_empty() {
        return Vec::new();
    }
    let promql = Promql { policy, catalog };
    let mut files =
        vec![super::File { path: format!("{FOLDER}/README.md").into(), text: index(policy, &texts(pages)) }];
    for (name, page) in pages {
        let Some(text) = numbered(&promql, name, page) else { continue };
        files.push(super::File { path: format!("{FOLDER}/{name}.md").into(), text });
    }
    files
}

/// A page with its numbers; `None` of one that has no block for them.
fn numbered(promql: &Promql<'_>, name: &str, page: &str) -> Option<String> {
    let (before, after) = split(page)?;
    let block = promql
        .policy
        .alert(name)
        .map_or_else(|| "This alert is switched off in the configuration.\n".to_owned(), |alert| block(promql, alert));
    Some(format!("{before}{BEGIN}\n{block}{END}{after}"))
}

fn texts(pages: &BTreeMap<String, String>) -> BTreeMap<&str, &str> {
    pages.iter().map(|(name, page)| (name.as_str(), page.as_str())).collect()
}

/// What stands before and after the block; `None` unless there is exactly one.
fn split(page: &str) -> Option<(&str, &str)> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    (!after.contains(BEGIN) && !after.contains(END)).then_some((before, after))
}

fn block(promql: &Promql<'_>, alert: &Alert) -> String {
    let mut out = String::from("| severity | fires when | ends at | for |\n|---|---|---|---|\n");
    for level in &alert.levels {
        let mut severity = level.severity.as_str().to_owned();
        for word in level.condition.iter().chain(&level.escalation) {
            let _ = write!(severity, ", {word}");
        }
        let fires = words::cell(&words::fires(level)) + &words::scopes(level);
        let _ = writeln!(out, "| {severity} | {fires} | {} | {} |", words::ends(level), words::hold(level));
    }
    let mut seen: Vec<String> = Vec::new();
    for level in &alert.levels {
        let plotted = promql.plotted(alert, level);
        if !seen.contains(&plotted) {
            seen.push(plotted);
        }
    }
    let (board, panel) = alert.panel.split_once('.').unwrap_or_default();
    let _ = write!(out, "\nPanel `{panel}` of dashboard `manometer-{board}`. What is compared:\n\n");
    let _ = write!(out, "```promql\n{}\n```\n", seen.join("\n"));
    out
}

fn index(policy: &Policy, pages: &BTreeMap<&str, &str>) -> String {
    let mut out = String::from(
        "# Runbooks\n\n\
         A page for each alert: what it means, how to see it, likely causes in order, what to do and what not. This \
         index and the tables of numbers in the pages are rendered (`make render`); the rest is written by hand. \
         [docs/ALERTS.md](../ALERTS.md) has all numbers on one page.\n\n",
    );
    let title = |page: &str| {
        page.lines().find_map(|line| line.strip_prefix("# ")).map(str::trim).unwrap_or_default().to_owned()
    };
    let others: Vec<_> = pages.iter().filter(|(_, page)| split(page).is_none()).collect();
    for (name, page) in &others {
        let _ = writeln!(out, "- [{}]({name}.md)", title(page));
    }
    if !others.is_empty() {
        out.push('\n');
    }
    out.push_str("| alert | what it says | severity |\n|---|---|---|\n");
    for alert in &policy.alerts {
        let mut severities: Vec<&str> = alert.levels.iter().map(|level| level.severity.as_str()).collect();
        severities.dedup();
        let _ = writeln!(out, "| [{0}]({0}.md) | {1} | {2} |", alert.name, alert.summary, severities.join(", "));
    }
    out
}

#[cfg(test)]
mod tests;
