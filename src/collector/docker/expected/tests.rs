use std::time::SystemTime;

use super::*;
use crate::collector::parsed;

fn target(lines: &str) -> DockerTarget {
    parsed(&format!("[[docker]]\nname = \"engine\"\n{lines}\n")).remove(0)
}

/// One of Compose's project `shop`.
fn of_shop(name: &str, state: RunState) -> Container {
    Container { project: Some("shop".into()), ..plain(name, state) }
}

fn plain(name: &str, state: RunState) -> Container {
    Container::new(name, name, "image", state, SystemTime::UNIX_EPOCH)
}

fn failed(name: &str, reason: ExitReason) -> Container {
    Container { ended: Some(reason), ..of_shop(name, RunState::Exited) }
}

fn up(lines: &str, containers: &[Container]) -> Vec<(String, bool)> {
    expected(&target(lines), containers).into_iter().map(|one| (one.name, one.runs)).collect()
}

#[test]
fn what_the_configuration_names_is_expected_even_if_it_was_never_there() {
    let containers =
        [plain("web", RunState::Running), plain("batch-1", RunState::Running), plain("b", RunState::Paused)];
    let named = "containers = [\"web\", \"never\", \"batch-*\", \"b\", \"web\"]";
    let expected = [("b", false), ("never", false), ("web", true)].map(|(name, runs)| (name.to_owned(), runs));
    assert_eq!(up(named, &containers), expected);
    assert_eq!(up("", &containers), []);
    // Also one that Compose has been told to stop.
    assert_eq!(up("containers = \"web\"", &[failed("web", ExitReason::Killed)]), [("web".to_owned(), false)]);
}

#[test]
fn a_container_of_a_compose_service_is_expected_until_it_was_stopped_or_is_done() {
    let torn_away = |ended| Container { is_torn_away: true, ended, ..of_shop("web", RunState::Removed) };
    let before = |reason| Container { ended_before: true, ..failed("web", reason) };
    for (container, runs) in [
        (of_shop("web", RunState::Running), Some(true)),
        (of_shop("web", RunState::Paused), Some(false)),
        (of_shop("web", RunState::Restarting), Some(false)),
        (of_shop("web", RunState::Created), None),
        (of_shop("web", RunState::Unknown), None),
        // It is not known yet why it ended.
        (of_shop("web", RunState::Exited), None),
        (failed("web", ExitReason::Error), Some(false)),
        (failed("web", ExitReason::Oom), Some(false)),
        (failed("web", ExitReason::SigkillUnexplained), Some(false)),
        (failed("web", ExitReason::Ok), None),
        (failed("web", ExitReason::Killed), None),
        (failed("web", ExitReason::Unknown), None),
        (before(ExitReason::Error), None),
        // `docker rm --force`; and a job that removes itself.
        (torn_away(Some(ExitReason::Killed)), Some(false)),
        (torn_away(None), Some(false)),
        (torn_away(Some(ExitReason::Ok)), None),
        (of_shop("web", RunState::Removed), None),
    ] {
        let shown = up("", std::slice::from_ref(&container));
        assert_eq!(shown, runs.map(|runs| ("web".to_owned(), runs)).into_iter().collect::<Vec<_>>(), "{container:?}");
        assert_eq!(up("compose = false", std::slice::from_ref(&container)), []);
        let of_none = Container { project: None, ..container };
        assert_eq!(up("", &[of_none]), []);
    }
    // What failed before the agent looked is expected as long as its project is in use.
    let other = Container { project: Some("other".into()), ..plain("db", RunState::Running) };
    assert_eq!(up("", &[before(ExitReason::Error), other])[..], [("db".to_owned(), true)]);
    let both = up("", &[before(ExitReason::Error), of_shop("db", RunState::Running)]);
    assert_eq!(both, [("db".to_owned(), true), ("web".to_owned(), false)]);
}

#[test]
fn series_have_the_exported_labels() {
    let labels = Arc::new([("container_label_com_docker_compose_service".to_owned(), "web".to_owned())]);
    let container = Container { labels, ..of_shop("shop-web-1", RunState::Running) };
    let mut out = Families::new();
    export(&expected(&target("containers = \"never\""), &[container]), &mut out);
    let shown: Vec<(String, f64)> =
        out.get("container_up").unwrap().values().map(|(labels, value)| (labels.to_owned(), value)).collect();
    let of_web = r#"name="shop-web-1",container_label_com_docker_compose_service="web""#;
    assert_eq!(shown, [(r#"name="never""#.to_owned(), 0.0), (of_web.to_owned(), 1.0)]);
}
