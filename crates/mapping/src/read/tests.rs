//! What a mapping may say, and what is said of one that may not.

use std::path::Path;
use std::sync::Arc;

use super::{clashes, parse};
use crate::testing::mapping;
use metric::Kind;

const ENDPOINT: &str = "[[endpoint]]\nname = \"e\"\npath = \"/\"\n";

/// Name, type and labels of the rules.
fn definitions(rules: &str) -> Vec<(String, Kind, String)> {
    let mapping = mapping(&format!("{ENDPOINT}{rules}"));
    let outline = |rule: &crate::Rule| {
        let definition = &rule.definition;
        (definition.name.to_string(), definition.kind, definition.labels.join(","))
    };
    mapping.rules.iter().map(outline).collect()
}

/// What is wrong, a line each, without the place.
#[track_caller]
fn problems(text: &str) -> Vec<String> {
    let error = parse(text, Path::new("m"), &Arc::default()).unwrap_err().to_string();
    error.lines().map(|line| line.split_once(": ").map_or(line, |(_, what)| what).to_owned()).collect()
}

#[track_caller]
fn assert_wrong(rule: &str, problem: &str) {
    let problems = problems(&format!("{ENDPOINT}[[metric]]\nname = \"m\"\n{rule}"));
    assert!(problems.iter().any(|line| line == problem), "{problems:#?}");
}

#[test]
fn a_name_may_be_as_its_users_have_it() {
    let rows = "[[metric]]\nname = \"nginx_connections_accepted\"\nat = \"/a\"\ntype = \"counter\"\n\
                named_by = \"nginx-prometheus-exporter\"\n\
                [[metric]]\nname = \"mongodb_ss_connections\"\nat = \"/a\"\ntype = \"untyped\"\n\
                labels = { conn_type = \"current\" }\n";
    assert_eq!(
        definitions(rows),
        [
            ("nginx_connections_accepted".to_owned(), Kind::Counter, String::new()),
            ("mongodb_ss_connections".to_owned(), Kind::Untyped, "conn_type".to_owned()),
        ]
    );
    assert_wrong(
        "at = \"/a\"\ntype = \"counter\"",
        "metric[0].name = \"m\": a counter's name ends in _total; name it m_total, or say whose name it is with named_by",
    );
}

#[test]
fn a_queue_may_have_its_virtual_host() {
    let size = |labels: &str| {
        format!("[[metric]]\nname = \"queue_size\"\neach = \"/*\"\nat = \"/n\"\nlabels = {{ {labels} }}\n")
    };
    let (with, without) = (size("queue = \"$key\", vhost = \"$/vhost\""), size("queue = \"$key\""));
    assert_eq!(definitions(&with)[0].2, "queue,vhost");
    assert_eq!(definitions(&format!("{with}{without}")).len(), 2);
    let services = [&with, &without].map(|rules| mapping(&format!("{ENDPOINT}{rules}")));
    assert_eq!(clashes(&[("a", &services[0]), ("b", &services[1])]), []);
    let problems = problems(&format!("{ENDPOINT}{}", size("queue = \"$key\", host = \"$/vhost\"")));
    assert_eq!(problems, ["metric[0].name = \"queue_size\": has no label host; its labels are queue"]);
}

#[test]
fn labels_name_what_there_is() {
    let each = |label: &str| format!("each = \"/*/a/*\"\nlabels = {{ l = \"{label}\" }}");
    for (label, problem) in [
        ("$3", "is of wildcard 3, and each has 2"),
        ("$0", "is the whole body; point at a text in it, like \"$0/name\""),
        ("$1/*", "has a *; a label has one value"),
        (
            "$name",
            "is neither \"$key\" nor \"$1\" for a key, nor a pointer like \"$/symbol\" or \"$1/name\" for a text",
        ),
    ] {
        assert_wrong(&each(label), &format!("metric[0].labels = {label:?}: {problem}"));
    }
    assert_wrong(
        "at = \"/a\"\nlabels = { l = \"$key\" }",
        "metric[0].labels = \"$key\": needs each, which has the keys",
    );
    assert_wrong("at = \"/a\"\nlabels = { l = \"$1\" }", "metric[0].labels = \"$1\": is of wildcard 1, and each has 0");
}

#[test]
fn keys_that_do_not_go_together_are_told() {
    assert_wrong("at = \"/a\"\nparse = \"count\"", "metric[0].parse: counts elements; add each");
    assert_wrong(
        "at = \"/a\"\nis = \"up\"",
        "metric[0].is: belongs to parse = \"bool\" or \"count\"; set parse, or remove it",
    );
    assert_wrong("at = \"/a\"\nscale = 0", "metric[0].scale = 0: must be a finite number that is not 0");
    assert_wrong(
        "at = \"/a\"\nscale = \"2\"",
        "metric[0].scale: is of type string; write it as a number without quotes",
    );
    assert_wrong(
        "at = \"/a\"\nparse = \"bool\"\ndivided_by = \"/b\"",
        "metric[0].divided_by: does not go with parse; it is for numbers, quantities, durations and lengths",
    );
    assert_wrong(
        "each = \"/a\"",
        "metric[0].each: has no * and no [key=x]; write one where the elements are, like \"/accounts/*\"",
    );
}

#[test]
fn a_text_has_what_its_patterns_capture() {
    let text = |more: &str| format!("[[endpoint]]\nname = \"e\"\npath = \"/\"\nformat = \"text\"\n{more}");
    let rule = "[[metric]]\nname = \"m\"\n";
    assert_eq!(
        problems(&text("patterns = '(?<active>\\d+) (?<idle>\\d+)'\n[[metric]]\nname = \"m\"\nat = \"/actve\"")),
        ["metric[0].at = \"/actve\": is captured by no pattern; there are active, idle"]
    );
    assert_eq!(
        problems(&text(&format!("lists = {{ jobs = '(?<n>\\d+)' }}\n{rule}each = \"/job/*\"\nat = \"/n\""))),
        ["metric[0].each = \"/job/*\": is captured by no pattern; there are jobs"]
    );
    assert_eq!(
        problems(&text("")),
        [
            "endpoint[0].patterns: is missing; write what is to be captured, like ['^Active connections: (?<active>\\d+)']"
        ]
    );
    assert_eq!(
        problems(&text("patterns = ['(?<a>', '\\d']")),
        [
            "endpoint[0].patterns = \"(?<a>\": is not a regular expression: unclosed group",
            "endpoint[0].patterns = \"\\\\d\": captures nothing; name what it is to give, like (?<active>\\d+)",
        ]
    );
    let json = format!("{ENDPOINT}patterns = ['(?<a>.)']\n");
    assert_eq!(problems(&json), ["endpoint[0].patterns: belongs to format = \"text\"; set the format, or remove it"]);
    // Any key may be among pairs.
    let pairs = mapping(&text(&format!("patterns = '(?<key>.) (?<value>.)'\n{rule}at = \"/x\"\n")));
    assert_eq!(pairs.rules.len(), 1);
}
