//! Rules that cannot fire, and what would change that.

use crate::golden::assert_golden;
use crate::support::agent::{Agent, command, config_file, stdout, target};
use crate::support::missing::missing;
use crate::support::redis::RedisServer;

/// What `config check` says of a file, below the line that says that it is valid.
fn told(file: &str) -> String {
    let checked = command(&["config", "check", file]).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    let text = stdout(&checked);
    let (first, rest) = text.split_once('\n').unwrap();
    assert!(first.starts_with(&format!("{file}: valid, ")), "{text}");
    rest.to_owned()
}

#[test]
fn each_rule_that_cannot_fire_is_named_with_the_line_that_would_change_it() {
    let (_dir, bare) = config_file("[[redis]]\nname = \"main\"\nurl = \"redis://127.0.0.1\"\n");
    let files = [("shipped", "config.toml"), ("bare", bare.to_str().unwrap()), ("playground", "deploy/manometer.toml")];
    let all = files.map(|(name, file)| format!("{name}\n{}", told(file)));
    assert_golden("tests/golden/inert.txt", &all.join("\n"));

    let everything = concat!(
        "[[redis]]\nname = \"main\"\nurl = \"redis://a\"\ncanary = true\n[[redis.pool]]\nname = \"web\"\nmatch = \"web\"\nmax = 9\n",
        "[[docker]]\nname = \"docker\"\nbandwidth_bits_per_second = 1000\n[docker.logs]\nsets = [\"pool\"]\n",
    );
    let (_dir, some) = config_file(everything);
    let said = told(some.to_str().unwrap());
    for alert in [
        "RedisPublishStalled",
        "ContainerNetworkSaturated",
        "ContainerDown",
        "ServiceLogErrors",
        "(info of its connections",
    ] {
        assert!(!said.contains(alert), "{alert}: {said}");
    }
    let (_dir, off) =
        config_file(&everything.replace("\"docker\"\n", "\"docker\"\ncompose = false\ncontainers = [\"web-*\"]\n"));
    let said = told(off.to_str().unwrap());
    let line = "containers = [\"NAME\"] without a pattern, or compose = true, in [[docker]] would change that";
    assert!(said.contains(line) && said.contains("ContainerDown"), "{said}");
}

#[test]
fn the_running_agent_says_it_as_well() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let agent = Agent::run(&target("main", &redis.url()));
    let seen = agent.metrics();
    let inert = |alert, reason| seen.get("manometer_rule_inert", &[("alert", alert), ("reason", reason)]);
    assert_eq!(inert("RedisPublishStalled", "not_configured"), Some(1.0));
    assert_eq!(inert("ContainerDown", "no_target"), Some(1.0));
    for reason in ["no_target", "not_configured", "not_reported"] {
        assert_eq!(inert("RedisDown", reason), None);
    }
}
