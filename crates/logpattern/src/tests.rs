use super::check::{check_regex, check_together, known_as};
use super::*;
use reader::Names;

mod corpus;
mod documents;

const SETS: [PatternSet; 3] = [PatternSet::Redis, PatternSet::Ticker, PatternSet::Pool];

fn settings(sets: &[PatternSet], patterns: Vec<LogPattern>) -> FollowSettings {
    FollowSettings { sets: sets.to_vec(), patterns, ..FollowSettings::default() }
}

fn pattern(name: &str, regex: &str) -> LogPattern {
    LogPattern::new(name, regex)
}

/// What one line as an event of its own is counted as.
fn hits_of(patterns: &Patterns, container: &str, stream: Stream, line: &[u8]) -> Vec<EventHit> {
    let (matcher, mut events) = (patterns.matcher(patterns.select(container)), Events::new(Start::Line));
    let mut hits = Vec::new();
    events.line(&matcher, stream, line, &mut |_| {});
    events.flush(&matcher, &mut |event| hits.extend_from_slice(event.hits));
    hits
}

/// The names of the patterns that match a line of standard error, in alphabetical order.
fn names(patterns: &Patterns, line: &[u8]) -> Vec<String> {
    let hits = hits_of(patterns, "web", Stream::Stderr, line);
    let mut names: Vec<_> = hits.iter().map(|hit| patterns.name(hit.pattern).to_owned()).collect();
    names.sort();
    names
}

#[test]
fn every_shipped_pattern_compiles_under_a_name_of_its_own() {
    assert_eq!(check_together(&Patterns::new(&settings(&SETS, Vec::new()))), Ok(()));
    let all: Vec<&Known> = SETS.into_iter().flat_map(known).collect();
    let patterns = Patterns::new(&settings(&SETS, Vec::new()));
    assert_eq!(patterns.len(), all.len());
    for known in all {
        assert_eq!(check_regex(known.regex, false), Ok(()), "{}", known.name);
        assert!(known.meaning.ends_with('.'), "{}", known.name);
    }
    // Own patterns have room beside all of the sets'.
    assert!(patterns.len() + MAX_PATTERNS <= Selection::BITS as usize);
}

#[test]
fn the_table_has_a_row_for_each() {
    let table = markdown();
    assert_eq!(table.lines().count(), 2 + SETS.into_iter().flat_map(known).count());
    let row = "| `redis` | `redis_publish_failed` | A message could not be published to Redis; its cause is counted beside it. |";
    assert!(table.lines().any(|line| line == row), "{table}");
}

#[test]
fn what_is_wrong_with_an_expression_is_said() {
    let with = |text: &str| check_regex(text, false).unwrap_err();
    assert_eq!(check_regex("a(?<value>[0-9]+)", true), Ok(()));
    assert_eq!(with("(a"), "is not a regular expression: unclosed group");
    assert_eq!(
        with("a(?=b)"),
        "is not a regular expression: look-around, including look-ahead and look-behind, is not supported"
    );
    assert_eq!(with(""), "is empty, and would match every line; write what a line must match");
    assert_eq!(with(&"a".repeat(1025)), "is 1025 bytes long; 1024 are the most");
    assert_eq!(
        with(r"(\w{1000}){1000}"),
        "is too large once it is compiled; use smaller counts in {} and fewer classes"
    );
}

#[test]
fn what_is_wrong_with_all_of_them_is_said_too() {
    assert_eq!(known_as("timeout", &[PatternSet::Redis]).unwrap().name, "timeout");
    assert_eq!(known_as("timeout", &[PatternSet::Pool]), None);
    let large: Vec<_> = (0..24).map(|at| pattern(&format!("p{at}"), &format!(r"{at}\w{{20}}"))).collect();
    assert_eq!(check_regex(&large[0].regex, false), Ok(()));
    assert_eq!(
        check_together(&Patterns::new(&settings(&[], large))).unwrap_err(),
        "the patterns take more than 8 MiB together once they are compiled; use smaller counts in {} and fewer classes"
    );
}

#[test]
fn own_patterns_have_streams_case_excludes_and_containers() {
    let web: Names = Names::of(&["web-*"]);
    let patterns = Patterns::new(&settings(
        &[],
        vec![
            LogPattern { stream: LogStreams::Stdout, ..pattern("out", "boom") },
            LogPattern { ignore_case: true, ..pattern("any_case", "a|boom") },
            LogPattern { exclude: Some("no boom".to_owned()), ..pattern("not_none", "boom") },
            LogPattern { containers: web, ..pattern("of_web", "boom") },
        ],
    ));
    let hits = |container, stream, line: &str| {
        let hits = hits_of(&patterns, container, stream, line.as_bytes());
        hits.iter().map(|hit| patterns.name(hit.pattern)).collect::<Vec<_>>()
    };
    assert_eq!(hits("db", Stream::Stdout, "boom"), ["out", "any_case", "not_none"]);
    assert_eq!(hits("db", Stream::Stderr, "no boom"), ["any_case"]);
    assert_eq!(hits("web-1", Stream::Stderr, "BOOM"), ["any_case"]);
    assert_eq!(hits("web-1", Stream::Stderr, "boom"), ["any_case", "not_none", "of_web"]);
    assert_eq!(patterns.select("db"), 0b0111);
    assert_eq!(
        patterns.names(patterns.select("db")).map(|(_, name)| name).collect::<Vec<_>>(),
        ["out", "any_case", "not_none"]
    );
}

#[test]
fn a_comment_at_an_expressions_end_hides_no_other_pattern() {
    let patterns = Patterns::new(&settings(
        &[],
        vec![
            LogPattern { ignore_case: true, ..pattern("verbose", "(?x) first # up to the end") },
            pattern("plain", "second"),
        ],
    ));
    assert_eq!(names(&patterns, b"FIRST second"), ["plain", "verbose"]);
    assert_eq!(names(&patterns, b"first SECOND"), ["verbose"]);
}

#[test]
fn without_patterns_nothing_matches() {
    let patterns = Patterns::new(&settings(&[], Vec::new()));
    assert!(patterns.is_empty());
    assert_eq!(names(&patterns, b"error"), [""; 0]);
}

#[test]
fn bytes_that_are_no_text_are_matched_around() {
    let patterns = Patterns::new(&settings(&SETS, vec![pattern("own", "nadir")]));
    assert_eq!(names(&patterns, b"\xff\xfe\x00Redis publish failed\x80"), ["redis_publish_failed", "severity_error"]);
    assert_eq!(names(&patterns, b"Published \xff to mock"), ["mock_published"]);
    assert_eq!(names(&patterns, b"\xffnadir\xff"), ["own"]);
}
