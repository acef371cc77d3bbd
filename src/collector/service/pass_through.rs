//! The series of a service's own exposition that are exported as they are.

use std::collections::HashSet;

use super::PASS_THROUGH_REFUSED;
use crate::mapping::{Body, Endpoint, ForeignFamily, ForeignSample};
use crate::metric::text::is_label_name;
use crate::metric::{Families, vocabulary};

/// The families of a body that pass through.
pub(super) fn passing(endpoint: &Endpoint, body: &Body) -> Vec<ForeignFamily> {
    body.families.iter().filter(|family| endpoint.passes(&family.name)).cloned().collect()
}

/// Exports the series of a service's own exposition under the names that it gave them.
pub(super) fn export(endpoint: &str, families: &[ForeignFamily], out: &mut Families) {
    let mut refused = 0_usize;
    for family in families {
        if vocabulary::is_taken(&family.name) {
            refused += family.samples.len();
            continue;
        }
        let help = if family.help.is_empty() { "Passed through from the service." } else { family.help.as_str() };
        let header = (family.name.as_str(), family.kind, help);
        for sample in &family.samples {
            match labels(sample) {
                Some(labels) => out.push_foreign(header, sample.suffix, &labels, sample.value),
                None => refused += 1,
            }
        }
    }
    out.push(&PASS_THROUGH_REFUSED, [endpoint], refused as f64);
}

/// The labels of a foreign sample; `None` if Prometheus would refuse them, and with them the whole exposition.
fn labels(sample: &ForeignSample) -> Option<Vec<(&str, &str)>> {
    let mut names = HashSet::new();
    let mut labels = Vec::new();
    for (name, value) in &sample.labels {
        // Prometheus does the same to a label that it sets itself.
        let name = if name == "target" { "exported_target" } else { name };
        if !is_label_name(name) || !names.insert(name) {
            return None;
        }
        labels.push((name, value.as_str()));
    }
    Some(labels)
}
