//! docs/COVERAGE.md names what there is, and all that the documents ask for; docs/SERVICES.md has examples that can be copied.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use manometer::collector::KINDS;
use manometer::config::Config;
use manometer::policy;
use regex::Regex;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn matches<'t>(pattern: &str, text: &'t str) -> BTreeSet<&'t str> {
    let pattern = Regex::new(pattern).unwrap();
    pattern.captures_iter(text).map(|found| found.get(1).unwrap().as_str()).collect()
}

/// The four cells of a system, under the document that has it.
type Row<'t> = (&'t str, Vec<&'t str>);

fn rows(page: &str) -> Vec<Row<'_>> {
    let sections = page.split("\n## ").skip(1);
    let rows = sections.flat_map(|section| {
        let (document, text) = section.split_once('\n').unwrap();
        let lines = text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| system"));
        lines.map(move |line| (document, line.trim_matches('|').split('|').map(str::trim).collect()))
    });
    rows.collect()
}

/// The panels that a cell names, by dashboard; none of a dashboard that is named alone.
fn panels(cell: &str) -> BTreeMap<&str, BTreeSet<&str>> {
    let all = cell.split(';').flat_map(|part| match part.split_once(':') {
        Some((dashboard, panels)) => vec![(dashboard, matches("`([a-z-]+)`", panels))],
        None => part.split(',').map(|dashboard| (dashboard, BTreeSet::new())).collect(),
    });
    all.map(|(dashboard, panels)| (dashboard.trim().trim_matches('`'), panels)).collect()
}

#[test]
fn the_table_of_what_is_covered_names_what_there_is() {
    let (page, policy) = (read("docs/COVERAGE.md"), policy::shipped().unwrap());
    let rows = rows(&page);
    assert!(rows.len() > 15, "{}", rows.len());
    let mut problems = Vec::new();
    for (document, cells) in &rows {
        let [system, tried, rules, shown] = cells[..] else { panic!("{document}: {cells:?}") };
        let mut problem = |text: String| problems.push(format!("{document}, {system}: {text}"));
        for file in matches(r"`([a-z_/]+\.rs)`", tried) {
            let is_there = |folder: &&str| Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(file).is_file();
            if !["tests", "tests/it", "crates/mapping/tests"].iter().any(is_there) {
                problem(format!("no test {file}"));
            }
        }
        for file in matches(r"\]\(([A-Za-z/]+\.md)", &cells.join(" ")) {
            if !Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(file).is_file() {
                problem(format!("no page {file}"));
            }
        }
        let (named, shown) = (matches(r"runbooks/(\w+)\.md", rules), panels(shown));
        if !named.is_empty() && matches(r"`([a-z_/]+\.rs)`", tried).is_empty() && !tried.contains("recorded") {
            problem("no test".to_owned());
        }
        for name in named {
            let Some(alert) = policy.alert(name) else {
                problem(format!("no alert {name}"));
                continue;
            };
            let (dashboard, panel) = alert.panel.split_once('.').unwrap();
            match shown.get(dashboard) {
                Some(panels) if panels.is_empty() || panels.contains(panel) => {}
                _ => problem(format!("{name} is shown by {}", alert.panel)),
            }
        }
    }
    // Whatever a document asks for stands under that document.
    for alert in &policy.alerts {
        let sources = alert.levels.iter().filter_map(|level| level.source.as_deref()).flat_map(|text| text.split(';'));
        for title in sources.filter_map(|source| source.split(',').next()).map(str::trim).collect::<BTreeSet<_>>() {
            let page = format!("runbooks/{}.md", alert.name);
            if !rows.iter().any(|(document, cells)| *document == title && cells.iter().any(|cell| cell.contains(&page)))
            {
                problems.push(format!("{title}: {} is missing", alert.name));
            }
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn the_table_of_profiles_has_each_of_them() {
    let page = read("docs/MAPPING.md");
    let (_, table) = page.split_once("| profile | for | exports |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let shipped: BTreeSet<&str> = manometer::mapping::profile::PROFILES.iter().map(|profile| profile.name).collect();
    assert_eq!(matches(r"(?m)^\| `([a-z-]+)` \|", table), shipped);
}

#[test]
fn every_example_of_a_service_can_be_copied() {
    let page = read("docs/SERVICES.md");
    let examples: Vec<&str> = page.split("```toml\n").skip(1).filter_map(|text| text.split("```").next()).collect();
    assert!(examples.len() >= 6, "{}", examples.len());
    for example in examples {
        let config = Config::parse(example, &PathBuf::from("config.toml"), &|_| None, KINDS);
        assert!(config.is_ok(), "{}\n{example}", config.unwrap_err());
    }
}
