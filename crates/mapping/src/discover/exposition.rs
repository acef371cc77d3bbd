//! A draft for a service that has an exposition of its own: nothing to map, only to choose from.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::write::{self, quoted};
use super::{Draft, DraftOptions};
use crate::body::{Body, BodyFormat};
use crate::foreign::ForeignFamily;
use metric::{text, vocabulary};

/// Beginnings of what the runtimes of languages and their libraries export of themselves.
const RUNTIMES: [&str; 8] = ["python_", "go_", "nodejs_", "jvm_", "promhttp_", "prometheus_", "tokio_", "scrape_"];

/// A draft that passes the service's own series through, by the first word of their names.
pub(super) fn draft(source: &DraftOptions, endpoint: &str, samples: &[&Body; 2]) -> Draft {
    let names: BTreeSet<&str> = samples.iter().flat_map(|body| &body.families).filter_map(name).collect();
    let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
    for name in &names {
        let end = name.find('_').map_or(name.len(), |at| at + 1);
        *groups.entry(&name[..end]).or_insert(0) += 1;
    }
    let is_own = |group: &str| !vocabulary::is_taken(group) && !RUNTIMES.contains(&group);
    let own: Vec<&str> = groups.keys().copied().filter(|group| is_own(group)).collect();
    let patterns: Vec<String> = match own.as_slice() {
        [only] => vec![pattern(longest(only, &names))],
        several => several.iter().map(|group| pattern(group)).collect(),
    };
    let mut draft = write::header(source, endpoint, (BodyFormat::Prometheus, &[]), None);
    let mut left_out = 0;
    for (group, count) in &groups {
        let what = if vocabulary::is_taken(group) {
            "left out, such names are the agent's own"
        } else if is_own(group) {
            "passed through"
        } else {
            "left out, they are of the runtime; add the pattern for them"
        };
        left_out += usize::from(!is_own(group));
        let _ = writeln!(draft, "# {} {count} families: {what}.", pattern(group));
    }
    let _ = writeln!(draft, "pass_through = [{}]", patterns.join(", "));
    Draft { text: write::finish(source, &draft, &[]), rules: patterns.len(), left_out }
}

/// The name of a family that has samples and can be exported.
fn name(family: &ForeignFamily) -> Option<&str> {
    (!family.samples.is_empty() && text::is_metric_name(&family.name)).then_some(&family.name)
}

/// The beginning that all families of a group share, up to a `_`.
fn longest<'n>(group: &'n str, names: &BTreeSet<&'n str>) -> &'n str {
    let mut names = names.iter().copied().filter(|name| name.starts_with(group));
    let Some(first) = names.next() else { return group };
    let common = names.fold(first, |common, name| {
        let same = common.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
        &common[..same]
    });
    let end = common.rfind('_').map_or(common.len(), |at| at + 1);
    &common[..end.max(group.len())]
}

fn pattern(beginning: &str) -> String {
    if beginning.ends_with('_') { quoted(&format!("{beginning}*")) } else { quoted(beginning) }
}
