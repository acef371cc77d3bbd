use std::path::Path;
use std::time::Duration;

use policy::{Level, Scope, Severity};

use crate::collector::KINDS;
use crate::config::Config;

const TARGETS: &str = "[[redis]]\nname = \"main\"\nurl = \"redis://a:6379\"\n\
                       [[redis]]\nname = \"far\"\nurl = \"redis://b:6379\"\n";

fn config(thresholds: &str) -> Config {
    let text = format!("{TARGETS}{thresholds}");
    Config::parse(&text, Path::new("config.toml"), &|_| None, KINDS).unwrap_or_else(|error| panic!("{error}"))
}

fn levels(config: &Config, alert: &str) -> Vec<Level> {
    config.policy.alert(alert).unwrap().levels.clone()
}

fn numbers(config: &Config, alert: &str) -> Vec<(f64, Option<f64>, u64)> {
    levels(config, alert).iter().map(|level| (level.fire, level.resolve, level.hold.as_secs())).collect()
}

#[test]
fn without_the_table_the_policy_is_the_shipped_one() {
    let config = config("");
    assert_eq!(config.policy, policy::shipped().unwrap());
    assert!(config.thresholds.is_default());
    assert!(!config.to_toml().unwrap().contains("thresholds"));
    assert_eq!(config.policy, self::config("[thresholds]\nprofile = \"same-datacentre\"\n").policy);
}

#[test]
fn numbers_and_durations_are_overridden() {
    let config = config(
        "[thresholds]\njob = \"agents\"\ndashboards = \"https://grafana.example.org\"\n\
         [thresholds.redis_ping_high]\nwarning = 150\nwarning_for = \"10m\"\ncritical = 900\ncritical_resolve = 300\n",
    );
    assert_eq!(config.policy.job, "agents");
    assert_eq!(config.policy.dashboards, "https://grafana.example.org");
    // A number that ends it follows in proportion, unless it is given.
    assert_eq!(
        numbers(&config, "RedisPingHigh"),
        [(5.0, None, 900), (150.0, Some(120.0), 600), (900.0, Some(300.0), 120)]
    );
    let shown = config.to_toml().unwrap();
    let expected = "[thresholds]\njob = \"agents\"\ndashboards = \"https://grafana.example.org\"\n\n\
                    [[thresholds.redis_ping_high]]\nenabled = true\ncritical = 900.0\ncritical_resolve = 300.0\n\
                    warning = 150.0\nwarning_for = \"10m\"\n";
    assert!(shown.ends_with(expected), "{shown}");
    // What is shown can be read again.
    let again = Config::parse(&shown, Path::new("config.toml"), &|_| None, KINDS).unwrap();
    assert_eq!((again.thresholds, again.policy), (config.thresholds, config.policy));
}

#[test]
fn windows_are_overridden_and_nothing_need_hold() {
    let config = config(
        "[web]\nexternal_url = \"https://agent.example.org/\"\n\
         [thresholds.redis_rejected_connections]\ncritical_window = \"2m\"\n\
         [thresholds.redis_ping_high]\nwarning_for = \"0s\"\n",
    );
    assert_eq!(levels(&config, "RedisRejectedConnections")[0].signal.window(), Some(Duration::from_mins(2)));
    assert_eq!(numbers(&config, "RedisPingHigh")[1].2, 0);
    assert_eq!(config.policy.runbook("RedisDown").unwrap(), "https://agent.example.org/runbooks/RedisDown");
    let shown = config.to_toml().unwrap();
    for line in ["external_url = \"https://agent.example.org\"", "critical_window = \"2m\"", "warning_for = \"0s\""] {
        assert!(shown.lines().any(|shown| shown == line), "{line} is not in {shown}");
    }
    let again = Config::parse(&shown, Path::new("config.toml"), &|_| None, KINDS).unwrap();
    assert_eq!((again.thresholds, again.policy), (config.thresholds, config.policy));
}

#[test]
fn levels_with_a_condition_are_named_by_it() {
    let config = config(
        "[thresholds.redis_save_failing]\nwarning = { late = 4 }\nwarning_for = \"2m\"\n\
         [thresholds.container_cpu_high]\nwarning = { \"one CPU\" = 0.7 }\nwarning_for = { \"what it may use\" = \"9m\" }\n",
    );
    assert_eq!(numbers(&config, "RedisSaveFailing"), [(4.0, None, 120), (0.0, None, 120)]);
    assert_eq!(numbers(&config, "ContainerCpuHigh")[2..], [(0.8, None, 540), (0.7, None, 600)]);
    let shown = config.to_toml().unwrap();
    assert!(shown.contains("[thresholds.redis_save_failing.warning]\nlate = 4.0\n"), "{shown}");
    assert!(shown.contains("\"what it may use\" = \"9m\"\n"), "{shown}");
}

#[test]
fn the_profile_brings_its_numbers() {
    let config = config("[thresholds]\nprofile = \"cross-region\"\n[thresholds.redis_ping_high]\ncritical = 800\n");
    assert_eq!(
        numbers(&config, "RedisPingHigh"),
        [(50.0, None, 900), (200.0, Some(160.0), 300), (800.0, Some(640.0), 120)]
    );
    assert_eq!(numbers(&config, "RedisMemoryHigh")[0], (0.8, None, 300));
    assert!(config.to_toml().unwrap().contains("profile = \"cross-region\"\n"));
}

#[test]
fn a_number_that_ends_a_low_ratio_stays_below_all() {
    let config = config("[thresholds.cache_hit_ratio_low]\ninfo = 0.96\nwarning = 0.6\n");
    assert_eq!(numbers(&config, "CacheHitRatioLow"), [(0.96, Some(0.98), 1800), (0.6, Some(0.7), 900)]);
}

#[test]
fn targets_have_numbers_of_their_own() {
    let config = config(
        "[[thresholds.redis_ping_high]]\nwarning = 120\n\
         [[thresholds.redis_ping_high]]\ntarget = \"far\"\nwarning = 400\ninfo_for = \"1h\"\n\
         [[thresholds.redis_ping_high]]\ntarget = [\"main\"]\nenabled = false\n",
    );
    let levels = levels(&config, "RedisPingHigh");
    let scope = |target: &str, fire, resolve, hold| Scope {
        targets: vec![target.to_owned()],
        fire,
        resolve,
        hold: Duration::from_secs(hold),
    };
    assert_eq!(levels[0].scopes, [scope("far", Some(5.0), None, 3600), scope("main", None, None, 900)]);
    assert_eq!(levels[1].fire.to_string(), "120");
    assert_eq!(levels[1].scopes, [scope("far", Some(400.0), Some(320.0), 300), scope("main", None, Some(96.0), 300)]);
    // Nothing is different there for who is far.
    assert_eq!(levels[2].scopes, [scope("main", None, Some(400.0), 120)]);
    let thresholds: Vec<(&str, f64)> = config
        .policy
        .thresholds()
        .filter(|threshold| threshold.alert == "RedisPingHigh" && threshold.severity == Severity::Warning)
        .map(|threshold| (threshold.scope, threshold.value))
        .collect();
    assert_eq!(thresholds, [("", 120.0), ("far", 400.0), ("main", f64::INFINITY)]);
}

#[test]
fn an_alert_that_is_off_is_gone() {
    let config = config("[thresholds.redis_memory_high]\nenabled = false\n");
    assert!(config.policy.alert("RedisMemoryHigh").is_none());
    assert_eq!(config.policy.alerts.len(), crate::policy::shipped().unwrap().alerts.len() - 1);
    // Nothing silences it either.
    let inhibits = &config.policy.alert("RedisSlowSubscriber").unwrap().inhibits;
    assert_eq!(*inhibits, ["RedisMemoryGrowing", "RedisEvicting"]);
}

#[test]
fn the_environment_has_the_shipped_policy() {
    let config = Config::from_environment(&|name| (name == "REDIS_URL").then(|| "redis://a:6379".to_owned()), KINDS);
    assert_eq!(config.unwrap().unwrap().policy, policy::shipped().unwrap());
}

#[test]
fn thresholds_are_read_without_the_rest() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = "[[redis]]\nname = \"main\"\nurl = \"redis://a:6379\"\npassword = \"${NOT_SET_ANYWHERE}\"\n[host]\n\
                [thresholds.redis_ping_high]\nwarning = 150\n[[thresholds.redis_down]]\ntarget = [\"main\", \"host\"]\n\
                critical_for = \"5m\"\n";
    std::fs::write(file.path(), text).unwrap();
    let shipped = policy::shipped().unwrap();
    let policy = Config::apply_thresholds(file.path(), shipped.clone(), KINDS).unwrap();
    assert_eq!(policy.alert("RedisPingHigh").unwrap().levels[1].fire.to_string(), "150");
    assert_eq!(policy.alert("RedisDown").unwrap().levels[0].scopes.len(), 1);
    std::fs::write(file.path(), "[thresholds.redis_down]\ntarget = \"nobody\"\n").unwrap();
    let error = Config::apply_thresholds(file.path(), shipped, KINDS).unwrap_err();
    assert!(error.to_string().contains("\"nobody\": no target has this name; there are none"), "{error}");
}
