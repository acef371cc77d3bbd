//! From the policy to files: rules, their tests, routes, dashboards, documentation.
//!
//! Everything here is pure: the policy and the catalog of metrics in, texts out. `cli/render.rs` reads and writes.

pub mod alertmanager;
pub mod alerts_page;
pub mod dashboard;
pub mod prometheus_rule;
pub mod promql;
pub mod promtool;
pub mod rules;
pub mod runbooks;
pub mod words;
pub mod yaml;

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::ValueEnum;

use crate::{Policy, Signal};
use metric::vocabulary::optional_labels;
use metric::{MetricInfo, part_of};

/// The first lines of every rendered file that can have a comment.
pub const HEADER: &str = "Rendered from alerts/policy.toml by `manometer render`. Change numbers in [thresholds] of \
                          config.toml, or in the policy, and render again: changes in this file are lost.";

/// A file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Relative to the output folder: `alerts/redis.rules.yml`.
    pub path: PathBuf,
    /// All of it.
    pub text: String,
}

/// The metrics that there are, by name.
#[derive(Debug, Clone, Default)]
pub struct Catalog(BTreeMap<&'static str, Known>);

/// A metric, and all labels that its series may have.
#[derive(Debug, Clone)]
struct Known {
    info: MetricInfo,
    labels: Vec<&'static str>,
}

impl Catalog {
    /// Of everything that the agent can export.
    #[must_use]
    pub fn new(metrics: &[MetricInfo]) -> Self {
        let known = |info: &MetricInfo| {
            let labels = [info.labels, optional_labels(info.name)].concat();
            (info.name, Known { info: *info, labels })
        };
        Self(metrics.iter().map(known).collect())
    }

    /// What is known of the metric that a series is of.
    #[must_use]
    pub fn find(&self, series: &str) -> Option<&MetricInfo> {
        self.known(series).map(|known| &known.info)
    }

    fn known(&self, series: &str) -> Option<&Known> {
        self.0.get(series).or_else(|| self.0.get(part_of(series)?.0))
    }

    /// Every name.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }

    /// The labels of a metric beside those that every series of a target has, and `le`.
    #[must_use]
    pub fn labels(&self, metric: &str) -> &[&'static str] {
        self.known(metric).map_or(&[], |known| &known.labels)
    }

    /// The labels that tell the series of a signal of one target apart, in a rule.
    #[must_use]
    pub fn own_labels(&self, signal: &Signal) -> Vec<&'static str> {
        let first = signal.series().into_iter().next();
        let own = first.map(|series| series.own_labels(self.labels(&series.metric)));
        own.into_iter().flatten().filter(|label| signal.keeps(label)).collect()
    }
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Rules for Prometheus.
    Rules,
    /// Manifests for the Prometheus operator.
    #[value(name = "prometheusrule")]
    PrometheusRule,
    /// Rules, manifests, tests, routes, dashboards and documentation.
    All,
}

/// Everything that is rendered from a policy. `pages` are the texts of docs/runbooks by the alert's name.
#[must_use]
pub fn render(policy: &Policy, catalog: &[MetricInfo], format: Format, pages: &BTreeMap<String, String>) -> Vec<File> {
    let catalog = Catalog::new(catalog);
    match format {
        Format::Rules => rules::files(policy, &catalog),
        Format::PrometheusRule => prometheus_rule::files(policy, &catalog),
        Format::All => {
            let mut files = rules::files(policy, &catalog);
            files.extend(promtool::files(policy, &catalog));
            files.extend(alertmanager::files(policy, &catalog));
            files.extend(prometheus_rule::files(policy, &catalog));
            files.push(alerts_page::file(policy));
            files.extend(dashboard::files(policy, &catalog));
            files.extend(runbooks::files(policy, &catalog, pages));
            files
        }
    }
}
