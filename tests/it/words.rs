//! Numbers in annotations, as the real Prometheus renders them.

use std::fmt::Write as _;

use manometer::policy::Unit;

use crate::support::missing::missing;
use crate::support::promtool::test_rules;

/// Some of every size and sign, and those at which a form changes into another.
fn values() -> Vec<f64> {
    let mut values = vec![0.0, f64::INFINITY, f64::NEG_INFINITY];
    for digits in [1.0, 1.000_04, 1.2345, 2.5, 4.999_95, 9.9994, 9.9995, 9.9996] {
        for exponent in -12..15 {
            values.extend([digits * 10f64.powi(exponent), -digits * 10f64.powi(exponent)]);
        }
    }
    values.extend([59.0, 59.999, 60.0, 3599.9, 3600.0, 14_400.0, 86_399.0, 86_400.0, 90_061.0, 1e9]);
    values.extend([1023.0, 1024.0, 1025.0, 1_048_575.0, 1_048_576.0, 2_147_483_648.0, 3_221_225_472.0, 1e18]);
    values.extend([0.55, 0.005, 0.999_949, 0.999_95, 0.5, 1.5, 0.05, 0.25, 0.0005, 0.0015, 0.123_456_789]);
    values
}

#[test]
fn prometheus_renders_numbers_as_the_tests_of_the_rules_expect() {
    if missing(&["promtool"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut rules =
        "groups:\n- name: words\n  rules:\n  - alert: Words\n    expr: words\n    annotations:\n".to_owned();
    for unit in Unit::ALL {
        writeln!(rules, "      {}: {}", unit.as_str().replace('-', "_"), serde_json::json!(unit.template())).unwrap();
    }
    let mut test = "rule_files: [rules.yml]\ntests:\n- input_series:\n".to_owned();
    let mut expected = String::new();
    for (at, value) in values().into_iter().enumerate() {
        let sample = value.to_string().replace("inf", "Inf");
        writeln!(test, "  - {{series: 'words{{at=\"{at}\"}}', values: '{sample}'}}").unwrap();
        let annotations: serde_json::Map<String, serde_json::Value> =
            Unit::ALL.iter().map(|unit| (unit.as_str().replace('-', "_"), unit.rendered(value).into())).collect();
        let alert = serde_json::json!({"exp_labels": {"at": at.to_string()}, "exp_annotations": annotations});
        writeln!(expected, "    - {alert}").unwrap();
    }
    write!(test, "  alert_rule_test:\n  - eval_time: 0m\n    alertname: Words\n    exp_alerts:\n{expected}").unwrap();
    std::fs::write(folder.path().join("rules.yml"), rules).unwrap();
    std::fs::write(folder.path().join("words.test.yml"), test).unwrap();
    let said = test_rules(&[folder.path().join("words.test.yml")]);
    assert!(said.is_ok(), "{}", said.unwrap_err());
}
