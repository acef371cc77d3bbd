//! Which containers are watched.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::DockerTarget;
use super::settings::label_name;
use crate::metric::text::cut;

/// Docker labels that Compose gives what it makes: the project, the service in it, and whether it is a job of `compose run`.
pub(super) const PROJECT: &str = "com.docker.compose.project";
pub(super) const SERVICE: &str = "com.docker.compose.service";
const ONE_OFF: &str = "com.docker.compose.oneoff";

/// Bytes of a Docker label's value that become a label's: anyone may write anything into it, of any length.
const MAX_VALUE: usize = 128;

/// Whether the configuration wants a container of that name with those Docker labels.
pub(super) fn is_wanted(target: &DockerTarget, name: &str, labels: &BTreeMap<String, String>) -> bool {
    let named = target.containers.is_empty() || target.containers.matches(name);
    named && !target.exclude.matches(name) && target.with_labels.iter().all(|wanted| has(labels, wanted))
}

fn has(labels: &BTreeMap<String, String>, wanted: &str) -> bool {
    match wanted.split_once('=') {
        Some((key, value)) => labels.get(key).is_some_and(|is| is == value),
        None => labels.contains_key(wanted),
    }
}

/// The Compose project of a container that is part of one of its services.
pub(super) fn project(labels: &BTreeMap<String, String>) -> Option<Arc<str>> {
    let is_job = labels.get(ONE_OFF).is_some_and(|is| is.eq_ignore_ascii_case("true"));
    let project = labels.get(PROJECT).filter(|_| !is_job && labels.contains_key(SERVICE))?;
    Some(project.as_str().into())
}

/// The Docker labels that become labels of the series, under their label names.
pub(super) fn exported(target: &DockerTarget, labels: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let known = |key: &String| Some((label_name(key), shown(labels.get(key)?)));
    target.export_labels.iter().filter_map(known).collect()
}

/// A value in one short line.
fn shown(value: &str) -> String {
    cut(value, MAX_VALUE).chars().filter(|char| !char.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collector::parsed;

    fn target(lines: &str) -> DockerTarget {
        let text = format!("[[docker]]\nname = \"engine\"\n{lines}\n");
        parsed(&text).remove(0)
    }

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn names_are_chosen_by_globs_and_an_exclusion_is_stronger() {
        let all = target("");
        assert!(is_wanted(&all, "anything", &labels(&[])) && is_wanted(&all, "", &labels(&[])));
        let some = target("containers = [\"web\", \"api-*\"]\nexclude = \"*-test\"");
        for (name, wanted) in
            [("web", true), ("web2", false), ("api-1", true), ("api-", true), ("api-test", false), ("WEB", false)]
        {
            assert_eq!(is_wanted(&some, name, &labels(&[])), wanted, "{name}");
        }
    }

    #[test]
    fn all_labels_must_be_there_with_their_values() {
        let by_label = target("with_labels = [\"team=a=b\", \"tier\"]");
        for (pairs, wanted) in [
            (&[("team", "a=b"), ("tier", "")][..], true),
            (&[("team", "a=b"), ("tier", "x"), ("other", "y")], true),
            (&[("team", "a"), ("tier", "")], false),
            (&[("team", "a=b")], false),
            (&[("Team", "a=b"), ("tier", "")], false),
            (&[], false),
        ] {
            assert_eq!(is_wanted(&by_label, "web", &labels(pairs)), wanted, "{pairs:?}");
        }
    }

    #[test]
    fn only_named_labels_are_exported_and_their_values_are_short_lines() {
        let some = target("export_labels = [\"com.docker.compose.service\", \"a-b\", \"missing\"]");
        let long = "\u{e4}".repeat(100);
        let known = labels(&[("com.docker.compose.service", "web\n\u{7f}2"), ("a-b", &long), ("secret", "x")]);
        let expected = [
            ("container_label_com_docker_compose_service".to_owned(), "web2".to_owned()),
            ("container_label_a_b".to_owned(), "\u{e4}".repeat(64)),
        ];
        assert_eq!(exported(&some, &known), expected);
    }
}
