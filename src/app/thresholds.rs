//! The numbers of the policy in force, so that dashboards draw them and rules can tell that they differ.

use crate::metric::{Families, metrics};
use crate::policy::Policy;

metrics! {
    pub(super) fn metrics;
    pub(super) THRESHOLD: gauge "manometer_threshold" ["alert", "severity", "condition", "scope"] Count,
        "The number at which an alert fires under the policy in force. scope is the target of a number for one target \
         alone; infinite where the alert is off for it.", "alerts/policy.toml, config.toml [thresholds]";
}

/// Names every number. An empty label is an absent one.
pub(super) fn export(policy: &Policy, out: &mut Families) {
    for threshold in policy.thresholds() {
        let labels = [threshold.alert, threshold.severity.as_str(), threshold.condition, threshold.scope];
        out.push(&THRESHOLD, labels, threshold.value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{self, Threshold};

    #[test]
    fn every_number_has_its_series() {
        // Rules and dashboards ask for the series by these.
        assert_eq!((THRESHOLD.info().name, THRESHOLD.info().labels), (Threshold::METRIC, &Threshold::LABELS[..]));
        let policy = policy::shipped().unwrap();
        let mut families = Families::new();
        export(&policy, &mut families);
        let values: Vec<(&str, f64)> = families.get("manometer_threshold").unwrap().values().collect();
        assert_eq!(values.len(), policy.thresholds().count());
        for (labels, value) in [
            (r#"alert="RedisMemoryHigh",severity="critical",condition="",scope="""#, 0.9),
            (r#"alert="RedisSaveFailing",severity="warning",condition="late",scope="""#, 3.0),
            (r#"alert="RedisDown",severity="critical",condition="",scope="""#, 0.0),
        ] {
            assert!(values.contains(&(labels, value)), "{labels}: {values:?}");
        }
        assert_eq!(families.rejections().duplicate, 0);
    }
}
