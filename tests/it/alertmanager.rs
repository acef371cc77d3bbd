//! The example of routes and inhibition, in the real Alertmanager.

use std::collections::BTreeSet;

use manometer::app;
use manometer::policy;
use manometer::policy::render::{Catalog, alertmanager};

use crate::support::agent::write;
use crate::support::alertmanager::{Alertmanager, Receivers, amtool, missing_alertmanager, quick};
use crate::support::missing::missing;
use crate::support::wait::{SOON, until};

/// The file and its cases.
fn rendered() -> (String, String) {
    let files = alertmanager::files(&policy::shipped().unwrap(), &Catalog::new(&app::metrics()));
    let text = |name: &str| files.iter().find(|file| file.path.ends_with(name)).unwrap().text.clone();
    (text("alertmanager.yml"), text("routes.txt"))
}

#[test]
fn amtool_finds_every_alert_its_receivers() {
    if missing(&["amtool"]) {
        return;
    }
    let (config, cases) = rendered();
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "alertmanager.yml", &config);
    let checked = std::process::Command::new("amtool").arg("check-config").arg(&file).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    let mut tried = 0;
    for case in cases.lines().filter(|line| !line.starts_with('#')) {
        let (receivers, labels) = case.split_once(": ").unwrap();
        let verify = format!("--verify.receivers={receivers}");
        let mut arguments = vec!["config", "routes", "test", &verify];
        arguments.extend(labels.split(' '));
        amtool(&arguments, &file).unwrap_or_else(|said| panic!("{case}: {said}"));
        tried += 1;
    }
    assert!(tried > 40, "{tried}");
    // The check can fail.
    assert!(amtool(&["config", "routes", "test", "--verify.receivers=chat", "severity=critical"], &file).is_err());
}

type Labels<'a> = &'a [(&'a str, &'a str)];

const DOWN: Labels<'_> = &[("alertname", "RedisDown"), ("severity", "critical"), ("target", "main")];

/// What the rules make of a cause on an element that it reaches.
fn inhibitor<'a>(alert: &'a str, severity: &'a str, target: &'a str, name: &'a str) -> Vec<(&'a str, &'a str)> {
    let cause = [("alertname", "CauseInhibitor"), ("severity", "none"), ("stage", "seen"), ("cause", "it")];
    let mut labels = cause.to_vec();
    labels.extend([("alert", alert), ("severity_of", severity), ("target", target)]);
    labels.extend((!name.is_empty()).then_some(("name", name)));
    labels
}

fn ping<'a>(severity: &'a str, target: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![("alertname", "RedisPingHigh"), ("severity", severity), ("target", target)]
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().copied().map(str::to_owned).collect()
}

/// An alert of somebody else, posted last: when it has arrived, everything before it has had its time.
#[track_caller]
fn settle(alertmanager: &Alertmanager, receivers: &Receivers, name: &str) {
    let labels: Labels<'_> = &[("alertname", name)];
    alertmanager.fire(&[labels]);
    until(SOON, name, || receivers.ever("chat").contains(name).then_some(()));
    alertmanager.resolve(&[labels]);
    until(SOON, name, || (!receivers.firing("chat").contains(name)).then_some(()));
}

#[test]
fn only_the_cause_arrives_and_each_target_is_on_its_own() {
    if missing_alertmanager() {
        return;
    }
    let receivers = Receivers::start();
    let alertmanager = Alertmanager::start(&quick(&rendered().0, &receivers));
    let full: Labels<'_> = &[
        ("alertname", "RedisMemoryHigh"),
        ("severity", "critical"),
        ("escalation", "infrastructure"),
        ("target", "main"),
    ];
    let polls: Labels<'_> =
        &[("alertname", "TargetPollFailing"), ("severity", "warning"), ("target", "main"), ("collector", "redis")];
    let (critical, warning, other) = (ping("critical", "main"), ping("warning", "main"), ping("warning", "cache"));
    let info = ping("info", "cache");
    let watchdog: Labels<'_> = &[("alertname", "Watchdog"), ("severity", "info")];
    // The cause first, as it is in life: its rule is the quickest. Alertmanager learns of causes beside its routes.
    let silence = inhibitor("RedisDown", "critical", "main", "");
    alertmanager.fire(&[DOWN, &silence]);
    receivers.until_firing(SOON, "page", &["RedisDown critical main"]);
    alertmanager.fire(&[full, polls, &critical, &warning, &other, &info, watchdog]);
    receivers.until_firing(SOON, "chat", &["RedisPingHigh warning cache"]);
    settle(&alertmanager, &receivers, "First");
    assert_eq!(receivers.ever("page"), names(&["RedisDown critical main"]));
    assert_eq!(receivers.ever("chat"), names(&["RedisPingHigh warning cache", "First"]));
    assert_eq!(receivers.ever("infrastructure"), names(&[]));
    let beats = || receivers.told().iter().filter(|told| told.receiver == "heartbeat").count();
    until(SOON, "the heart beats again", || (beats() > 2).then_some(()));
    assert_eq!(receivers.ever("heartbeat"), names(&["Watchdog info"]));

    // What is still wrong when the cause is gone is told then; of one alert only the worse level.
    alertmanager.resolve(&[DOWN, &silence]);
    let left = ["RedisMemoryHigh critical main", "RedisPingHigh critical main"];
    receivers.until_firing(SOON, "page", &left);
    receivers.until_firing(SOON, "infrastructure", &left[..1]);
    receivers.until_firing(SOON, "chat", &["RedisPingHigh warning cache", "TargetPollFailing warning main"]);
    alertmanager.resolve(&[&critical]);
    receivers.until_firing(SOON, "page", &left[..1]);
    let chat = ["RedisPingHigh warning cache", "RedisPingHigh warning main", "TargetPollFailing warning main"];
    receivers.until_firing(SOON, "chat", &chat);
}

#[test]
fn a_client_and_a_container_silence_only_themselves_and_nothing_worse() {
    if missing_alertmanager() {
        return;
    }
    let receivers = Receivers::start();
    let alertmanager = Alertmanager::start(&quick(&rendered().0, &receivers));
    let slow = |severity, client| {
        [
            ("alertname", "RedisSlowSubscriber"),
            ("severity", severity),
            ("target", "main"),
            ("client", client),
            ("class", "pubsub"),
        ]
    };
    let container =
        |alert, severity, name| [("alertname", alert), ("severity", severity), ("target", "engine"), ("name", name)];
    let full: Labels<'_> = &[
        ("alertname", "RedisMemoryHigh"),
        ("severity", "critical"),
        ("escalation", "infrastructure"),
        ("target", "main"),
    ];
    let growing: Labels<'_> = &[("alertname", "RedisMemoryGrowing"), ("severity", "warning"), ("target", "main")];
    alertmanager.fire(&[
        &slow("warning", "feed"),
        &slow("warning", "board"),
        &container("ContainerDown", "critical", "ticker"),
        &inhibitor("ContainerDown", "critical", "engine", "ticker"),
        &inhibitor("RedisSlowSubscriber", "warning", "main", ""),
    ]);
    receivers.until_firing(SOON, "page", &["ContainerDown critical engine ticker"]);
    let causes = ["RedisSlowSubscriber warning main board", "RedisSlowSubscriber warning main feed"];
    receivers.until_firing(SOON, "chat", &causes);
    alertmanager.fire(&[
        growing,
        full,
        &container("ContainerFailed", "warning", "ticker"),
        &container("ContainerFailed", "warning", "cache"),
    ]);
    receivers.until_firing(SOON, "page", &["ContainerDown critical engine ticker", "RedisMemoryHigh critical main"]);
    let chat = [
        "ContainerFailed warning engine cache",
        "RedisSlowSubscriber warning main board",
        "RedisSlowSubscriber warning main feed",
    ];
    receivers.until_firing(SOON, "chat", &chat);
    settle(&alertmanager, &receivers, "First");
    assert_eq!(receivers.firing("chat"), names(&chat));

    // Now one of the clients is about to be cut off: that is the cause, and the milder word on it is said no more.
    alertmanager.fire(&[&slow("critical", "feed"), &inhibitor("RedisSlowSubscriber", "critical", "main", "")]);
    let cause = "RedisSlowSubscriber critical main feed";
    until(SOON, "the slow client is paged", || receivers.firing("page").contains(cause).then_some(()));
    let evicting: Labels<'_> = &[("alertname", "RedisEvicting"), ("severity", "warning"), ("target", "main")];
    alertmanager.fire(&[evicting]);
    settle(&alertmanager, &receivers, "Second");
    assert!(!receivers.ever("chat").iter().any(|name| name.contains("Evicting")), "{:?}", receivers.ever("chat"));
}
