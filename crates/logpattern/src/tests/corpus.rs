//! Events of many clients in trouble and of harmless look-alikes: `tests/fixtures/logs/events.jsonl`. The recorded ones are
//! from `tests/record/record.py`; the others are written by hand, and prove less.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Deserialize;

use super::*;

const EVENTS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/logs/events.jsonl"));
const POLICY: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../alerts/policy.toml"));

#[derive(Deserialize)]
struct Case {
    client: String,
    /// The names of what happened; none if the event is harmless.
    expected: BTreeSet<String>,
    text: String,
}

#[derive(Default)]
struct Row {
    trouble: usize,
    right: usize,
    harmless: usize,
    quiet: usize,
}

/// What a text counts as by name, and how often the most frequent one.
fn counted(patterns: &Patterns, matcher: &Matcher, text: &str) -> BTreeMap<String, u64> {
    let (mut events, mut counts) = (patterns.events("web"), BTreeMap::new());
    let mut each = |event: &Event<'_>| {
        for hit in event.hits {
            *counts.entry(patterns.name(hit.pattern).to_owned()).or_default() += hit.count;
        }
    };
    for line in text.lines() {
        events.line(matcher, Stream::Stderr, line.as_bytes(), &mut each);
    }
    events.flush(matcher, &mut each);
    counts
}

/// The patterns that the alert on log errors names.
fn alerting() -> BTreeSet<&'static str> {
    let (_, rest) = POLICY.split_once("increase = \"container_log_matches_total\"").unwrap();
    let (list, _) = rest.split_once("pattern = [").unwrap().1.split_once(']').unwrap();
    list.split(',').map(|name| name.trim().trim_matches('"')).collect()
}

#[test]
#[expect(clippy::print_stdout, reason = "the table by client is what a reader of the test's output wants")]
fn trouble_has_its_name_and_what_is_harmless_has_none() {
    let cases: Vec<Case> = EVENTS.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (trouble, harmless): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(|case| !case.expected.is_empty());
    assert!(cases.len() >= 300 && harmless.len() * 3 >= cases.len(), "{} of {}", harmless.len(), cases.len());
    let all: Vec<&Known> = SETS.into_iter().flat_map(known).collect();
    let of_causes: BTreeSet<&str> =
        all.iter().filter(|known| known.kind.rank().is_some()).map(|known| known.name).collect();
    let alerting = alerting();
    assert!(
        alerting.len() >= 4 && alerting.iter().all(|name| all.iter().any(|known| known.name == *name)),
        "{alerting:?}"
    );
    let patterns = Patterns::new(&settings(&SETS, Vec::new()));
    let matcher = patterns.matcher(patterns.select("web"));
    let (mut rows, mut wrong) = (BTreeMap::<&str, Row>::new(), String::new());
    let (mut alarmed, mut counts) = (0, 0);
    for case in &cases {
        let found = counted(&patterns, &matcher, &case.text);
        let row = rows.entry(&case.client).or_default();
        let names: BTreeSet<&str> = found.keys().map(String::as_str).collect();
        let is_right = if case.expected.is_empty() {
            row.harmless += 1;
            row.quiet += usize::from(names.is_empty() || names == BTreeSet::from(["redis_connected"]));
            alarmed += usize::from(names.iter().any(|name| alerting.contains(name)));
            names.is_empty() || names == BTreeSet::from(["redis_connected"])
        } else {
            let expected: BTreeSet<&str> = case.expected.iter().map(String::as_str).collect();
            let other = names.intersection(&of_causes).any(|name| !expected.contains(name));
            let is_right = expected.is_subset(&names) && !other;
            row.trouble += 1;
            row.right += usize::from(is_right);
            let often: Vec<_> = found.iter().filter(|(_, count)| **count > 1).collect();
            if !often.is_empty() {
                counts += 1;
                let _ = writeln!(wrong, "more than once {often:?}: {:.200}", case.text);
            }
            is_right
        };
        if !is_right {
            let _ = writeln!(wrong, "{} {:?} is {names:?}: {:.300}", case.client, case.expected, case.text);
        }
    }
    let right: usize = rows.values().map(|row| row.right).sum();
    let loud: usize = rows.values().map(|row| row.harmless - row.quiet).sum();
    let mut table =
        String::from("| client or form | trouble | named right | harmless | quiet |\n|---|---|---|---|---|\n");
    for (client, row) in &rows {
        let _ = writeln!(table, "| {client} | {} | {} | {} | {} |", row.trouble, row.right, row.harmless, row.quiet);
    }
    let summary = format!(
        "{table}\n{right} of {} events of trouble are named right, {loud} of {} harmless ones are counted, {alarmed} by an alert, \
         {counts} count twice\n{wrong}",
        trouble.len(),
        harmless.len()
    );
    println!("{summary}");
    assert!(right * 100 >= trouble.len() * 95, "{summary}");
    assert!(alarmed == 0 && loud * 100 <= harmless.len() * 3, "{summary}");
    assert!(counts == 0, "{summary}");
}
