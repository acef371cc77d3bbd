//! The catalog: everything with a fixed name that the agent can export, checked at start and rendered for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Kind, MetricInfo, text};

/// The metrics of one part of the agent.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its heading in docs/METRICS.md.
    pub title: &'static str,
    /// One paragraph on where its labels come from.
    pub intro: &'static str,
    /// Its metrics.
    pub metrics: Vec<MetricInfo>,
}

/// What is wrong with a catalog: a name that is none, a counter's base name taken, or a name described in two ways.
#[must_use]
pub fn problems(groups: &[Group]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut by_name: BTreeMap<&str, &MetricInfo> = BTreeMap::new();
    for info in groups.iter().flat_map(|group| &group.metrics) {
        if !text::is_metric_name(info.name) {
            problems.push(format!("{} is no metric name", info.name));
        }
        if info.help.is_empty() {
            problems.push(format!("{} has no help text", info.name));
        }
        match by_name.insert(info.name, info) {
            Some(other) if (other.kind, other.labels) != (info.kind, info.labels) && !varies(info.name) => {
                problems.push(format!("{} is described in two ways", info.name));
            }
            _ => {}
        }
    }
    for info in by_name.values().filter(|info| info.kind == Kind::Counter) {
        let base = info.name.strip_suffix("_total").unwrap_or_default();
        if by_name.contains_key(base) {
            problems.push(format!("{} and {base} are one family in OpenMetrics", info.name));
        }
    }
    problems
}

/// Families whose label set depends on what the server sends; an absent label equals an empty one.
fn varies(name: &str) -> bool {
    name.ends_with("_info")
}

/// docs/METRICS.md.
#[must_use]
pub fn markdown(groups: &[Group]) -> String {
    let mut out = String::from(
        "# Metrics\n\n\
         Rendered from the catalog in the source; a test proves it fresh (`UPDATE_GOLDEN=1 cargo test --test it metrics_page` \
         renders it anew).\n\n\
         Every series of a target has the label `target` on `/metrics`; `/scrape?target=NAME` serves one target without \
         it. A metric is absent where its source does not say it: nothing is shown as 0 that is not known.\n",
    );
    for group in groups {
        // Writing to a String cannot fail.
        let _ = write!(out, "\n## {}\n\n{}\n\n", group.title, group.intro);
        out.push_str("| name | type | unit | labels | meaning | source |\n|---|---|---|---|---|---|\n");
        let mut metrics: Vec<&MetricInfo> = group.metrics.iter().collect();
        metrics.sort_by_key(|info| info.name);
        metrics.dedup_by_key(|info| info.name);
        for info in metrics {
            let labels: Vec<String> = info.labels.iter().map(|label| format!("`{label}`")).collect();
            let _ = writeln!(
                out,
                "| `{}` | {} | {} | {} | {} | {} |",
                info.name,
                info.kind.as_str(),
                info.unit.as_str(),
                labels.join(", "),
                cell(info.help),
                cell(info.source),
            );
        }
    }
    out
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Metric, Unit};

    fn group(metrics: Vec<MetricInfo>) -> Vec<Group> {
        vec![Group { title: "Redis", intro: "Of a server.", metrics }]
    }

    #[test]
    fn clashes_are_found() {
        let gauge = *Metric::<0>::gauge("redis_x", &[], "X.").info();
        let counter = *Metric::<0>::counter("redis_x", &[], "X.").info();
        let total = *Metric::<0>::counter("redis_x_total", &[], "X.").info();
        let odd = *Metric::<0>::gauge("redis-x", &[], "").info();
        assert_eq!(problems(&group(vec![gauge, gauge])), Vec::<String>::new());
        assert_eq!(problems(&group(vec![gauge, counter])), ["redis_x is described in two ways"]);
        assert_eq!(problems(&group(vec![gauge, total])), ["redis_x_total and redis_x are one family in OpenMetrics"]);
        assert_eq!(problems(&group(vec![odd])), ["redis-x is no metric name", "redis-x has no help text"]);
    }

    #[test]
    fn a_row_a_metric() {
        let calls = *Metric::<1>::counter("redis_commands_total", &["cmd"], "Calls of a|b.").source("INFO").info();
        let bytes = *Metric::<0>::gauge("redis_bytes", &[], "Bytes.").unit(Unit::Bytes).info();
        let page = markdown(&group(vec![calls, bytes]));
        let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
        assert_eq!(
            rows,
            [
                "| `redis_bytes` | gauge | bytes |  | Bytes. |  |",
                "| `redis_commands_total` | counter | count | `cmd` | Calls of a\\|b. | INFO |",
            ]
        );
    }
}
