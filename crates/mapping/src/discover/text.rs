//! A draft for a page of plain text: patterns for what looks like numbers with their names.

use std::collections::HashSet;
use std::fmt::Write as _;

use super::{Samples, names};
use crate::body::{Body, BodyFormat, Unreadable};
use crate::mend;
use crate::text::{Pattern, Patterns};

/// Lines that are looked at.
const MAX_LINES: usize = 1_000;

/// Patterns of one draft, as many as an endpoint may have.
const MAX_PATTERNS: usize = 32;

/// What may stand between a key and its value, and the pattern for such a page.
const PAIRS: [(char, &str); 3] = [
    (':', r"^(?<key>[^:\n]+?)[ \t]*:[ \t]*(?<value>.*)$"),
    ('=', r"^(?<key>[^=\n]+?)[ \t]*=[ \t]*(?<value>.*)$"),
    ('\t', r"^(?<key>[^\t\n]+)\t+(?<value>.*)$"),
];

/// Patterns for a page, and both samples as they capture them. `None` if nothing is found that has a name.
pub(super) fn read(first: &[u8], second: &[u8]) -> Option<Result<Samples, Unreadable>> {
    let patterns = patterns(&mend::text(first));
    let values: Vec<Pattern> = patterns.iter().filter_map(|text| Pattern::new(text).ok()).collect();
    if values.is_empty() {
        return None;
    }
    let all = Patterns::new(values, Vec::new());
    let of = |bytes| Body::captured(BodyFormat::Text, &all, bytes);
    let bodies = of(first).and_then(|first| Ok([first, of(second)?]));
    Some(bodies.map(|bodies| Samples { format: BodyFormat::Text, patterns, bodies }))
}

fn patterns(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(MAX_LINES).collect();
    // Almost every line is a key with its value.
    let pairs = PAIRS.into_iter().find(|(between, _)| {
        let has_both =
            |line: &&&str| line.split_once(*between).is_some_and(|(key, value)| is_key(key) && has_one(value));
        lines.len() > 1 && lines.iter().filter(has_both).count() * 4 >= lines.len() * 3
    });
    if let Some((_, pattern)) = pairs {
        return vec![pattern.to_owned()];
    }
    let (mut taken, mut shapes) = (HashSet::new(), HashSet::new());
    let above = [""].into_iter().chain(lines.iter().copied());
    // Of lines that differ in their numbers alone a pattern finds the first.
    let mut new = |line: &str| {
        let words = line.split_whitespace().map(|word| if is_number(word) { "0" } else { word });
        shapes.insert(words.collect::<Vec<_>>().join(" "))
    };
    let lines = above.zip(&lines).filter(|(_, line)| new(line));
    lines.filter_map(|(above, line)| of_line(above, line, &mut taken)).take(MAX_PATTERNS).collect()
}

fn is_key(text: &str) -> bool {
    let text = text.trim();
    (1..=64).contains(&text.len()) && text.starts_with(|first: char| first.is_alphabetic())
}

/// Whether a value is one, and not a line of several keys.
fn has_one(value: &str) -> bool {
    !value.contains(": ") || !value.split_whitespace().any(is_number)
}

fn is_number(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_digit()) && word.parse::<f64>().is_ok()
}

/// The pattern for the numbers of a line: each has the words before it as its name, or, in a line of numbers, the word at
/// its place in the line above.
fn of_line(above: &str, line: &str, taken: &mut HashSet<String>) -> Option<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let heads: Vec<&str> = above.split_whitespace().collect();
    if words.is_empty() || !words.iter().any(|word| is_number(word)) {
        return None;
    }
    let mut pattern = "^ *".to_owned();
    let is_row = words.iter().all(|word| is_number(word));
    if is_row {
        if heads.len() < words.len() || heads.iter().any(|head| is_number(head)) {
            return None;
        }
        pattern += &heads.iter().map(|head| regex::escape(head)).collect::<Vec<_>>().join(r"\s+");
        pattern += r"\s+";
    }
    let heads = &heads[heads.len().saturating_sub(words.len())..];
    let mut before: Vec<&str> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        if at > 0 {
            pattern += r"\s+";
        }
        if !is_number(word) {
            pattern += &regex::escape(word);
            before.push(word);
            continue;
        }
        let name = if is_row { heads[at].to_owned() } else { before.join(" ") };
        before.clear();
        let _ = write!(pattern, "(?<{}>\\S+)", group(&name, taken)?);
    }
    Some(pattern)
}

/// A name for a group that no other has; `None` where nothing says what the number is.
fn group(name: &str, taken: &mut HashSet<String>) -> Option<String> {
    let snake = names::snake(name);
    if !snake.starts_with(|first: char| first.is_ascii_lowercase()) {
        return None;
    }
    let mut names = std::iter::once(snake.clone()).chain((2..).map(|number| format!("{snake}_{number}")));
    names.find(|name| taken.insert(name.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_pairs_needs_one_pattern() {
        let status = "localhost\nServerMPM: event\nTotal Accesses: 12\nBusyWorkers: 1\nScoreboard: __W_\n";
        assert_eq!(patterns(status), [PAIRS[0].1]);
        assert_eq!(patterns("zk_version\t3.9\nzk_outstanding_requests\t0\n"), [PAIRS[2].1]);
        assert_eq!(patterns("a = 1\nb = 2"), [PAIRS[1].1]);
    }

    #[test]
    fn numbers_are_named_by_what_stands_before_or_above_them() {
        let status = "Active connections: 291 \nserver accepts handled requests\n 166 165 310 \n\
                      Reading: 6 Writing: 179 Waiting: 106 \n";
        assert_eq!(
            patterns(status),
            [
                r"^ *Active\s+connections:\s+(?<active_connections>\S+)",
                r"^ *server\s+accepts\s+handled\s+requests\s+(?<accepts>\S+)\s+(?<handled>\S+)\s+(?<requests>\S+)",
                r"^ *Reading:\s+(?<reading>\S+)\s+Writing:\s+(?<writing>\S+)\s+Waiting:\s+(?<waiting>\S+)",
            ]
        );
        let samples = read(status.as_bytes(), status.as_bytes()).unwrap().unwrap();
        assert_eq!(samples.bodies[0].tree["requests"], "310");
        assert_eq!(
            patterns("jobs 1\njobs 2\nold jobs 3\nold-jobs 4"),
            [r"^ *jobs\s+(?<jobs>\S+)", r"^ *old\s+jobs\s+(?<old_jobs>\S+)", r"^ *old\-jobs\s+(?<old_jobs_2>\S+)",]
        );
    }

    #[test]
    fn numbers_without_a_name_are_none() {
        for text in ["secret", "12 13", "1 2\n3 4\n", "-", "10.0.0.7 is up"] {
            assert_eq!(patterns(text), [""; 0], "{text}");
        }
    }
}
