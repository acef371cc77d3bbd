//! `manometer render`: what it writes, what it refuses, and that its rules, the agent and the pages agree.

mod drift;
mod writing;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::support::agent::{Agent, config_file, output, patient_output, stderr, stdout, target};
use crate::support::missing::missing;
use crate::support::port;
use crate::support::wait::{SOON, until};

/// The shipped policy.
const POLICY: &str = include_str!("../../alerts/policy.toml");

/// A folder with a page for each alert of the shipped policy, and the policy itself.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("docs/runbooks");
    std::fs::create_dir_all(&pages).unwrap();
    for alert in manometer::policy::shipped().unwrap().alerts {
        let page = format!("# {}\n\n<!-- rendered -->\n<!-- /rendered -->\n\n## What it means\n", alert.name);
        std::fs::write(pages.join(format!("{}.md", alert.name)), page).unwrap();
    }
    std::fs::write(folder.path().join("policy.toml"), POLICY).unwrap();
    folder
}

/// Renders into the folder, with an empty configuration unless `arguments` name one.
fn render(folder: &Path, arguments: &[&str]) -> Output {
    let config = folder.join("config.toml");
    if !config.exists() {
        std::fs::write(&config, "").unwrap();
    }
    let (out, config) = (folder.to_str().unwrap(), config.to_str().unwrap());
    let base: &[&str] = if arguments.contains(&"--config") { &[] } else { &["--config", config] };
    patient_output(&[&["render", "--out", out], base, arguments].concat())
}

#[track_caller]
fn rendered(folder: &Path, arguments: &[&str]) -> String {
    let output = render(folder, arguments);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    // What a configuration leaves out is told, and is nothing wrong.
    let is_note = |line: &str| line.starts_with("manometer: cannot fire: ");
    assert!(stderr(&output).lines().all(is_note), "{}", stderr(&output));
    stdout(&output)
}

/// Every file below the folder with its text.
fn tree(folder: &Path) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                all.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    all
}

fn rule_files(folder: &Path) -> Vec<PathBuf> {
    let files = tree(folder).into_keys().filter(|name| name.ends_with(".rules.yml"));
    files.map(|name| folder.join(name)).collect()
}

#[track_caller]
fn promtool(arguments: &[&str], files: &[PathBuf]) {
    let output = Command::new("promtool").args(arguments).args(files).output().unwrap();
    let said = format!("{}{}", stdout(&output), stderr(&output));
    assert!(output.status.success() && !said.contains("WARNING"), "{said}");
}

/// What lies in the repository is what would be rendered now.
#[test]
fn rendered_files_are_fresh() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = root.join("config.toml");
    let output = output(&["render", "--check", "--out", root.to_str().unwrap(), "--config", config.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "make render writes them anew:\n{}{}", stdout(&output), stderr(&output));
}

#[test]
fn what_is_rendered_is_up_to_date_until_something_changes() {
    let folder = folder();
    let notes = rendered(self::folder().path(), &["--format", "rules"]);
    for missing in ["set external_url of [web]", "set dashboards of [thresholds]"] {
        assert!(notes.lines().any(|line| line.starts_with("note: ") && line.contains(missing)), "{notes}");
    }
    let links = "[web]\nexternal_url = \"https://agent.example.org\"\n\
                 [thresholds]\ndashboards = \"https://grafana.example.org\"\n";
    std::fs::write(folder.path().join("config.toml"), links).unwrap();
    let said = rendered(folder.path(), &[]);
    let rules = std::fs::read_to_string(folder.path().join("alerts/redis.rules.yml")).unwrap();
    for link in
        ["https://agent.example.org/runbooks/RedisDown\n", "https://grafana.example.org/d/manometer-redis?var-target="]
    {
        assert!(rules.contains(link), "{link}");
    }
    let written = said.lines().filter(|line| line.starts_with("wrote ")).count();
    assert!(said.ends_with(&format!("{written} of {written} files changed\n")), "{said}");
    let before = tree(folder.path());
    assert_eq!(rendered(folder.path(), &["--check"]), format!("{written} files are up to date\n"));
    assert_eq!(rendered(folder.path(), &[]), format!("0 of {written} files changed\n"));

    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("alerts/redis.rules.yml"), "groups: []\n").unwrap();
    std::fs::remove_file(path("docs/ALERTS.md")).unwrap();
    std::fs::copy(path("alerts/cache.rules.yml"), path("alerts/gone.rules.yml")).unwrap();
    std::fs::write(path("alerts/own.rules.yml"), "groups: []\n").unwrap();
    let output = render(folder.path(), &["--check"]);
    assert_eq!(output.status.code(), Some(1));
    let expected = format!(
        "{} is stale\n{} is missing\n{} belongs to nothing any more; remove it\n",
        path("alerts/redis.rules.yml").display(),
        path("docs/ALERTS.md").display(),
        path("alerts/gone.rules.yml").display()
    );
    assert_eq!(stdout(&output), expected);
    assert!(stderr(&output).contains("run make render"), "{}", stderr(&output));
    assert_eq!(
        std::fs::read_to_string(path("alerts/redis.rules.yml")).unwrap(),
        "groups: []\n",
        "a check writes nothing"
    );

    rendered(folder.path(), &[]);
    std::fs::remove_file(path("alerts/gone.rules.yml")).unwrap();
    std::fs::remove_file(path("alerts/own.rules.yml")).unwrap();
    assert_eq!(tree(folder.path()), before);
}

#[test]
fn one_number_is_changed_everywhere() {
    let folder = folder();
    rendered(folder.path(), &["--policy", folder.path().join("policy.toml").to_str().unwrap()]);
    let before = tree(folder.path());
    let changed = POLICY.replacen("above = 100\nresolve = 80\nprofiles", "above = 120\nresolve = 90\nprofiles", 1);
    assert_ne!(changed, POLICY);
    std::fs::write(folder.path().join("policy.toml"), &changed).unwrap();
    rendered(folder.path(), &["--policy", folder.path().join("policy.toml").to_str().unwrap()]);
    let after = tree(folder.path());
    let differing: Vec<&str> =
        after.iter().filter(|(name, text)| before.get(*name) != Some(text)).map(|(name, _)| name.as_str()).collect();
    for (file, line) in [
        ("alerts/redis.rules.yml", "redis_ping_ms{job=\"manometer\", target!=\"\"}[2m])) > 120"),
        ("alerts/redis.rules.yml", "redis_ping_ms{job=\"manometer\", target!=\"\"}[2m])) > 90"),
        ("alerts/redis.rules.yml", "}}more than 120 ms{{ else }}not yet below 90 ms{{ end }}."),
        ("alerts/thresholds.rules.yml", "(manometer_build_info{job=\"manometer\"}) * 120\n"),
        ("alerts/prometheusrule/redis.yaml", "redis_ping_ms{job=\"manometer\", target!=\"\"}[2m])) > 120"),
        ("docs/ALERTS.md", "| warning | `redis_ping_ms` above 120 ms (200 ms) | 90 ms | 5m | Redis operations runbook"),
        ("docs/runbooks/RedisPingHigh.md", "| warning | `redis_ping_ms` above 120 ms | 90 ms | 5m |"),
    ] {
        assert!(differing.contains(&file) && after[file].contains(line), "{file}: {line}");
        assert!(!before[file].contains(line), "{file}: {line}");
    }
    let lib = manometer::policy::parse(&changed, Path::new("policy.toml")).unwrap();
    let shown =
        lib.thresholds().find(|one| one.alert == "RedisPingHigh" && one.severity.as_str() == "warning").unwrap();
    assert_eq!(shown.value.to_string(), "120", "manometer_threshold has it as well");
}

#[test]
fn promtool_likes_every_rule() {
    if missing(&["promtool"]) {
        return;
    }
    let folder = folder();
    let overrides = target("main", "redis://a:6379")
        + &target("b.c\\d|e", "redis://b:6379")
        + "[thresholds]\njob = \"it's \\\"mine\\\"\"\nprofile = \"cross-region\"\n\
           [[thresholds.redis_memory_high]]\ntarget = \"main\"\nwarning = 0.5\nwarning_for = \"9m\"\ncritical_for = \"9m\"\n\
           [[thresholds.redis_memory_high]]\ntarget = 'b.c\\d|e'\nenabled = false\n\
           [[thresholds.redis_memory_growing]]\ntarget = ['b.c\\d|e', \"main\"]\nwarning = 7200\nwarning_for = \"1h30m\"\n\
           [thresholds.cache_errors]\nenabled = false\n";
    for config in ["", overrides.as_str()] {
        std::fs::write(folder.path().join("config.toml"), config).unwrap();
        rendered(folder.path(), &[]);
        let files = rule_files(folder.path());
        assert!(files.len() > 5, "{files:?}");
        promtool(&["check", "rules", "--lint=all", "--lint-fatal"], &files);
    }
    let redis = std::fs::read_to_string(folder.path().join("alerts/redis.rules.yml")).unwrap();
    assert!(redis.contains("          scope: main\n"), "a target with another duration has a rule of its own");
}

#[test]
fn a_format_is_only_that() {
    for (format, ending) in [("rules", ".rules.yml"), ("prometheusrule", ".yaml")] {
        let folder = tempfile::tempdir().unwrap();
        rendered(folder.path(), &["--format", format]);
        let mut files = tree(folder.path());
        files.remove("config.toml");
        assert!(files.len() > 5 && files.keys().all(|name| name.ends_with(ending)), "{:?}", files.keys());
    }
}

/// What is wrong is all said at once, and nothing is written.
#[test]
fn nothing_is_written_where_something_is_wrong() {
    let folder = folder();
    let wrong = POLICY
        .replace("redis_ping_ms", "redis_pin_ms")
        .replace("{ cmd = \"publish\" }", "{ command = \"publish\" }")
        .replacen("Redis is down.", "Redis is down", 1);
    let policy = folder.path().join("policy.toml");
    std::fs::write(&policy, wrong).unwrap();
    std::fs::remove_file(folder.path().join("docs/runbooks/Watchdog.md")).unwrap();
    let config = "[thresholds.redis_memory_high]\nwarning = 0.95\n[thresholds.redis_pin_high]\nwarning = 5\n";
    std::fs::write(folder.path().join("config.toml"), config).unwrap();
    let before = tree(folder.path());
    let output = render(folder.path(), &["--policy", policy.to_str().unwrap()]);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(64), ""));
    let (policy, config) = (policy.display(), folder.path().join("config.toml"));
    let expected = format!(
        "manometer: {policy}: RedisDown: summary \"Redis is down\" is not a sentence; begin with a capital and end with a full \
         stop\n\
         manometer: {policy}: RedisPingHigh: nothing exports redis_pin_ms; did you mean redis_ping_ms?\n\
         manometer: {policy}: RedisSlowPublish: redis_slowlog_entries_total has no label command; it has cmd\n\
         manometer: {policy}: Watchdog: has no runbook; write docs/runbooks/Watchdog.md\n\
         manometer: {config}:1: thresholds.redis_memory_high.critical = 0.9: must be at least 0.95, the number of warning: critical is the \
         worse of the two\n\
         manometer: {config}:3: thresholds.redis_pin_high: no alert has this name; did you mean redis_ping_high?\n",
        config = config.display()
    );
    assert_eq!(stderr(&output), expected);
    assert_eq!(tree(folder.path()), before);

    std::fs::write(
        folder.path().join("policy.toml"),
        POLICY.replacen("severity = \"critical\"", "severity = \"page\"", 1),
    )
    .unwrap();
    let output = render(folder.path(), &["--policy", &policy.to_string()]);
    assert_eq!(output.status.code(), Some(64));
    assert!(
        stderr(&output).contains("alert[0].level[0].severity = \"page\": is not a severity"),
        "{}",
        stderr(&output)
    );
    assert_eq!(render(folder.path(), &["--policy", "/does/not/exist.toml"]).status.code(), Some(64));
    assert_eq!(render(folder.path(), &["--config", "/does/not/exist.toml"]).status.code(), Some(64));
}

#[test]
fn the_agent_shows_the_numbers_in_force() {
    let targets = target("main", &format!("redis://127.0.0.1:{}", port::free()));
    let agent = Agent::run(&targets);
    let number = |severity: &str, scope: &str| {
        let labels = [("alert", "RedisPingHigh"), ("severity", severity), ("scope", scope)];
        agent.metrics().get("manometer_threshold", &labels)
    };
    assert_eq!((number("warning", ""), number("critical", "")), (Some(100.0), Some(500.0)));
    let late = [("alert", "RedisSaveFailing"), ("condition", "late")];
    agent.metrics().assert("manometer_threshold", &late, 3.0);
    let all = manometer::policy::shipped().unwrap().thresholds().count();
    assert_eq!(agent.metrics().series("manometer_threshold", &[]).len(), all);

    let overrides = "[[thresholds.redis_ping_high]]\nwarning = 150\n\
                     [[thresholds.redis_ping_high]]\ntarget = \"main\"\nwarning = 90\n\
                     [thresholds.cache_errors]\nenabled = false\n";
    agent.write_config(&format!("{targets}{overrides}"));
    assert_eq!(agent.reload().status, 200);
    // An exposition is kept for a second.
    until(SOON, "the new number is shown", || (number("warning", "") == Some(150.0)).then_some(()));
    assert_eq!(number("warning", "main"), Some(90.0));
    assert_eq!(agent.metrics().series("manometer_threshold", &[("alert", "CacheErrors")]).len(), 0);

    agent.write_config(&format!("{targets}[thresholds.redis_ping_high]\nwarning = 501\n"));
    let refused = agent.reload();
    assert_eq!(refused.status, 500);
    assert!(refused.text().contains("critical = 500: must be at least 501"), "{}", refused.text());
    assert_eq!(number("warning", ""), Some(150.0));
}

#[test]
fn show_prints_what_is_overridden() {
    let config =
        target("main", "redis://a:6379") + "[thresholds.redis_ping_high]\nwarning = 150\nwarning_for = \"10m\"\n";
    let (_dir, file) = config_file(&config);
    let output = output(&["config", "show", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let expected = "[[thresholds.redis_ping_high]]\nenabled = true\nwarning = 150.0\nwarning_for = \"10m\"\n";
    assert!(stdout(&output).ends_with(expected), "{}", stdout(&output));
}
