//! What rules do with numbers that are not the shipped ones, by promtool's own evaluation.

use std::fmt::Write as _;

use manometer::policy::{Policy, Threshold};

use super::*;

fn labels(threshold: &Threshold<'_>, instance: &str) -> String {
    let mut text = format!("job=\"manometer\",instance=\"{instance}\",alert=\"{}\"", threshold.alert);
    let severity = threshold.severity.as_str();
    for (name, value) in [("severity", severity), ("condition", threshold.condition), ("scope", threshold.scope)] {
        if !value.is_empty() {
            write!(text, ",{name}=\"{value}\"").unwrap();
        }
    }
    text
}

/// The series of an agent that has the numbers of `policy`.
fn agent(policy: &Policy, instance: &str) -> String {
    let mut series = format!(
        "      - series: 'manometer_build_info{{job=\"manometer\",instance=\"{instance}\",version=\"1\"}}'\n        values: 1x60\n"
    );
    for threshold in policy.thresholds() {
        let value = threshold.value;
        // promtool reads no "Infx60".
        let values = match (value.is_finite(), value > 0.0) {
            (true, _) => format!("{value}x60"),
            (false, true) => "Inf ".repeat(61),
            (false, false) => "-Inf ".repeat(61),
        };
        let labels = labels(&threshold, instance);
        writeln!(series, "      - series: 'manometer_threshold{{{labels}}}'\n        values: '{values}'").unwrap();
    }
    series
}

fn test(folder: &Path, test: &str) {
    let files: Vec<String> = rule_files(folder).iter().map(|file| format!("  - {}\n", file.display())).collect();
    let content = format!("rule_files:\n{}evaluation_interval: 1m\ntests:\n{test}", files.concat());
    let file = folder.join("own.test.yml");
    std::fs::write(&file, content).unwrap();
    promtool(&["test", "rules"], &[file]);
}

/// An alert that is expected, with the value in its text.
fn drift(labels: &str, value: &str) -> String {
    let get = |name: &str| {
        let start = labels.find(&format!("{name}: ")).unwrap() + name.len() + 2;
        labels[start..].split([',', '}']).next().unwrap().to_owned()
    };
    format!(
        "          - exp_labels: {{{labels}, severity: warning, job: manometer}}\n            exp_annotations:\n              \
         summary: Prometheus and the agent have different thresholds.\n              \
         description: 'Alert {} ({}): the agent at {} and the loaded rules differ, and one of them has {value}. Render the \
         rules again, and reload Prometheus and the agent. What to do: /runbooks/ThresholdDrift at the agent.'\n",
        get("alert"),
        get("severity_of"),
        get("instance"),
    )
}

#[test]
fn numbers_that_differ_are_found_for_each_agent() {
    if missing(&["promtool"]) {
        return;
    }
    let folder = folder();
    rendered(folder.path(), &["--format", "rules"]);
    let shipped = manometer::policy::shipped().unwrap();
    // One agent has another number, one more, and lacks one.
    let mut other = shipped.clone();
    for alert in &mut other.alerts {
        match alert.name.as_str() {
            "RedisPingHigh" => alert.levels[1].fire = 120.0,
            "RedisPublishStalled" => alert.levels[1].fire = 0.6,
            "RedisDown" => alert.name = "RedisGone".to_owned(),
            _ => {}
        }
    }
    let expected = [
        drift("alert: RedisPingHigh, severity_of: warning, instance: b", "120"),
        drift("alert: RedisPublishStalled, severity_of: critical, instance: b", "0.6"),
        drift("alert: RedisGone, severity_of: critical, instance: b", "0"),
        drift("alert: RedisDown, severity_of: critical, instance: b", "0"),
    ];
    let text = format!(
        "  - interval: 1m\n    input_series:\n{}{}    alert_rule_test:\n      - eval_time: 9m\n        \
         alertname: ThresholdDrift\n        exp_alerts: []\n      - eval_time: 15m\n        alertname: ThresholdDrift\n        \
         exp_alerts:\n{}",
        agent(&shipped, "a"),
        agent(&other, "b"),
        expected.concat()
    );
    test(folder.path(), &text);
}

/// Agent and rules from the same configuration agree, also on what is for one target and on what is off.
#[test]
fn overridden_numbers_agree() {
    if missing(&["promtool"]) {
        return;
    }
    let folder = folder();
    let config = target("main", "redis://a:6379")
        + &target("far", "redis://b:6379")
        + "[thresholds]\nprofile = \"cross-region\"\n\
           [[thresholds.redis_ping_high]]\ntarget = \"far\"\nwarning = 300\n\
           [[thresholds.redis_memory_growing]]\ntarget = [\"far\", \"main\"]\nenabled = false\n\
           [thresholds.cache_errors]\nenabled = false\n[thresholds.container_memory_large]\ncritical = { \"in all\" = 12345678901 }\n";
    let file = folder.path().join("config.toml");
    std::fs::write(&file, &config).unwrap();
    rendered(folder.path(), &["--format", "rules"]);
    let policy = manometer::config::Config::load(&file, manometer::collector::KINDS).unwrap().policy;
    let series = agent(&policy, "a");
    let text = format!(
        "  - interval: 1m\n    input_series:\n{series}    alert_rule_test:\n      - eval_time: 20m\n        \
         alertname: ThresholdDrift\n        exp_alerts: []\n"
    );
    test(folder.path(), &text);
}

/// A target with a number of its own fires at that, is told that, and ends at its own other number.
#[test]
fn targets_fire_at_their_own_numbers() {
    if missing(&["promtool"]) {
        return;
    }
    let folder = folder();
    let config = target("main", "redis://a:6379")
        + &target("far", "redis://b:6379")
        + &target("off", "redis://c:6379")
        + "[[thresholds.redis_ping_high]]\ntarget = \"far\"\nwarning = 300\n\
           [[thresholds.redis_ping_high]]\ntarget = \"off\"\nenabled = false\n\
           [thresholds.redis_down]\ntarget = \"far\"\ncritical_for = \"10m\"\n";
    std::fs::write(folder.path().join("config.toml"), config).unwrap();
    rendered(folder.path(), &["--format", "rules"]);
    let series = |metric: &str, target: &str, values: &str| {
        format!(
            "      - series: '{metric}{{job=\"manometer\",instance=\"a\",target=\"{target}\"}}'\n        values: {values}\n"
        )
    };
    // 250 is too much for main, and not for far; 270 keeps far's alert alive, and 230 ends it.
    let input = [
        series("redis_ping_ms", "main", "250x40"),
        series("redis_ping_ms", "far", "250x10 350x10 270x10 230x10"),
        series("redis_ping_ms", "off", "450x40"),
        series("redis_up", "main", "0x40"),
        series("manometer_target_failing", "main", "1x40")
            .replace("target=", "reason=\"auth\",collector=\"redis\",target="),
        series("redis_up", "far", "0x40"),
    ];
    let ping = |target: &str, value: &str, beyond: &str| {
        format!(
            "          - exp_labels: {{severity: warning, target: {target}}}\n            \
             exp_annotations:\n              summary: Redis answers PING slowly.\n              \
             description: 'The mean round trip to {target} is {value} ms, {beyond} ms. What to do: \
             /runbooks/RedisPingHigh at the agent.'\n"
        )
    };
    let info =
        |target: &str, value: &str| ping(target, value, "more than 5").replace("severity: warning", "severity: info");
    let at = |time: &str, alerts: &[String]| {
        format!("      - eval_time: {time}\n        alertname: RedisPingHigh\n        exp_alerts:\n{}", alerts.concat())
    };
    let down = |time: &str, alerts: &[(&str, &str)]| {
        let alerts: Vec<String> = alerts
            .iter()
            .map(|(target, scope)| {
                // Why, where the agent has said it.
                let reason = if *target == "main" { ": auth" } else { "" };
                format!(
                    "          - exp_labels: {{severity: critical, target: {target}{scope}}}\n            \
                     exp_annotations:\n              summary: Redis is down.\n              \
                     description: 'Redis {target} does not serve the agent{reason}. What to do: /runbooks/RedisDown at the agent.'\n"
                )
            })
            .collect();
        format!("      - eval_time: {time}\n        alertname: RedisDown\n        exp_alerts:\n{}", alerts.concat())
    };
    let text = format!(
        "  - interval: 1m\n    input_series:\n{}    alert_rule_test:\n{}{}{}{}{}{}",
        input.concat(),
        at("10m", &[ping("main", "250.0", "more than 100")]),
        at(
            "20m",
            &[
                info("main", "250.0"),
                info("far", "350.0"),
                ping("main", "250.0", "more than 100"),
                ping("far", "350.0", "more than 300")
            ]
        ),
        at(
            "30m",
            &[
                info("main", "250.0"),
                info("far", "270.0"),
                ping("main", "250.0", "more than 100"),
                ping("far", "270.0", "not yet below 240")
            ]
        ),
        at("38m", &[info("main", "250.0"), info("far", "230.0"), ping("main", "250.0", "more than 100")]),
        down("5m", &[("main", "")]),
        down("15m", &[("main", ""), ("far", ", scope: far")]),
    );
    test(folder.path(), &text);
}
