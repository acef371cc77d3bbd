//! What this crate's tests share: the metrics that the agent exports, and the shipped policy with what is overridden.

use std::path::Path;

use metric::catalog::Group;
use metric::{Kind, MetricInfo, Unit};
use reader::Reader;

use crate::{Policy, shipped, thresholds};

/// docs/METRICS.md lists everything that the agent exports; a test of the agent proves it fresh.
const PAGE: &str = include_str!("../../../docs/METRICS.md");

/// The metrics of the page, by its headings.
pub(crate) fn groups() -> Vec<Group> {
    PAGE.split("\n## ").skip(1).map(group).collect()
}

/// All of them.
pub(crate) fn metrics() -> Vec<MetricInfo> {
    groups().into_iter().flat_map(|group| group.metrics).collect()
}

/// The shipped policy under `[thresholds]` of a configuration whose targets are `main`, `far` and `a.b|c`.
pub(crate) fn policy_with(thresholds: &str) -> Policy {
    let reader = Reader::new(thresholds, Path::new("config.toml"), &|_| None);
    let targets = ["main", "far", "a.b|c"].map(str::to_owned);
    let policy = reader.root().map(|mut root| {
        let (_, policy) = thresholds::read(root.table("thresholds"), &targets, shipped().unwrap());
        root.finish();
        policy
    });
    reader.finish(policy).unwrap_or_else(|error| panic!("{error}"))
}

fn group(section: &'static str) -> Group {
    let title = section.lines().next().unwrap();
    Group { title, intro: "", metrics: section.lines().filter(|line| line.starts_with("| `")).map(metric).collect() }
}

fn metric(row: &'static str) -> MetricInfo {
    let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
    let [name, kind, _, labels, help, source] = cells[..] else { panic!("{row}") };
    let labels: Vec<&str> = labels.split(", ").map(code).filter(|label| !label.is_empty()).collect();
    MetricInfo {
        name: code(name),
        kind: KINDS.into_iter().find(|known| known.as_str() == kind).unwrap(),
        // No test of this crate looks at it.
        unit: Unit::Count,
        labels: labels.leak(),
        help,
        source,
    }
}

const KINDS: [Kind; 5] = [Kind::Counter, Kind::Gauge, Kind::Histogram, Kind::Summary, Kind::Untyped];

fn code(cell: &str) -> &str {
    cell.trim_matches('`')
}
