//! The rules as manifests for the operator of Prometheus.

use super::rules::{RuleFile, groups_yaml, rule_files};
use super::yaml::Yaml;
use super::{Catalog, File, HEADER};
use crate::Policy;

/// alerts/prometheusrule/*.yaml.
#[must_use]
pub fn files(policy: &Policy, catalog: &Catalog) -> Vec<File> {
    let write = |file: RuleFile| {
        let labels = [("app.kubernetes.io/name", "manometer"), ("role", "alert-rules")];
        let labels = labels.map(|(name, value)| (name, Yaml::text(value)));
        let name = ("name", Yaml::text(format!("manometer-{}", file.name)));
        let manifest = Yaml::map([
            ("apiVersion", Yaml::text("monitoring.coreos.com/v1")),
            ("kind", Yaml::text("PrometheusRule")),
            ("metadata", Yaml::map([name, ("labels", Yaml::map(labels))])),
            ("spec", Yaml::map([("groups", groups_yaml(&file.groups))])),
        ]);
        File { path: format!("alerts/prometheusrule/{}.yaml", file.name).into(), text: manifest.document(HEADER) }
    };
    rule_files(policy, catalog).into_iter().map(write).collect()
}
