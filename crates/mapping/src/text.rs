//! Text bodies: what regular expressions capture of them becomes the tree that rules look into.

use regex::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind, Look};
use serde_json::{Map, Value};

use super::body::Unreadable;

/// Matches of one pattern that are looked at; a status page has a hundred lines.
const MAX_MATCHES: usize = 10_000;

/// Bytes of a compiled pattern.
const MAX_COMPILED: usize = 1 << 20;

/// How a text becomes a tree.
#[derive(Debug, Clone, Default)]
pub struct Patterns {
    /// Their groups stand at the root.
    values: Vec<Pattern>,
    /// Every match is an item of the array of that name. Of several patterns each looks within what the one before has captured.
    lists: Vec<(String, Vec<Pattern>)>,
}

/// One regular expression.
#[derive(Debug, Clone)]
pub struct Pattern {
    regex: Regex,
    /// The same for the text of one line, where each match is within a line and begins it: nothing is searched for then.
    of_line: Option<Regex>,
    /// Its named groups.
    groups: Vec<(usize, String)>,
    /// The numbers of the groups `key` and `value`, if it has both: each match is a key of the tree.
    pair: Option<(usize, usize)>,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.regex.as_str() == other.regex.as_str()
    }
}

impl PartialEq for Patterns {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values && self.lists == other.lists
    }
}

impl Pattern {
    /// Compiles an expression: `^` and `$` are the ends of a line. The error says what to do.
    pub fn new(text: &str) -> Result<Self, String> {
        let compile = |text: &str, of_lines| {
            RegexBuilder::new(text).multi_line(of_lines).crlf(of_lines).size_limit(MAX_COMPILED).build()
        };
        let regex = compile(text, true).map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "is too large; bound its repetitions more tightly".to_owned(),
            // The library draws the expression and marks the place; its last line says what is wrong.
            error => {
                let what = error.to_string();
                let what = what.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                format!("is not a regular expression: {what}")
            }
        })?;
        let named = regex.capture_names().enumerate();
        let groups: Vec<(usize, String)> = named.filter_map(|(at, name)| Some((at, name?.to_owned()))).collect();
        if groups.is_empty() {
            return Err("captures nothing; name what it is to give, like (?<active>\\d+)".to_owned());
        }
        let of = |name: &str| groups.iter().find(|(_, group)| group == name).map(|(at, _)| *at);
        let pair = of("key").zip(of("value"));
        let of_line = begins_a_line(text).then(|| compile(&format!("\\A(?:{text})"), false).ok()).flatten();
        Ok(Self { regex, of_line, groups, pair })
    }

    /// What the named groups of the first match, or of each one, have captured; `false` if there is no match.
    fn first(&self, text: &str, tree: &mut Map<String, Value>) -> bool {
        let captures = self.regex.captures(text);
        for (at, name) in captures.iter().flat_map(|_| &self.groups) {
            // A group of another alternative has captured nothing.
            if let Some(captured) = captures.as_ref().and_then(|captures| captures.get(*at)) {
                tree.insert(name.clone(), captured.as_str().into());
            }
        }
        captures.is_some()
    }

    fn pairs(&self, (key, value): (usize, usize), text: &str, tree: &mut Map<String, Value>) -> bool {
        let mut pairs = Vec::new();
        self.each_match(text, |captured| {
            pairs.extend(captured(key).zip(captured(value)).map(|(key, value)| (key.to_owned(), value.into())));
        });
        let mut pairs: Map<String, Value> = pairs.into_iter().collect();
        let any = !pairs.is_empty();
        tree.append(&mut pairs);
        any
    }

    /// What the first named group has captured in each match.
    fn parts<'t>(&self, text: &'t str) -> Vec<&'t str> {
        let mut parts = Vec::new();
        self.each_match(text, |captured| parts.extend(captured(self.groups[0].0)));
        parts
    }

    fn all(&self, text: &str) -> Vec<Value> {
        let mut items = Vec::new();
        self.each_match(text, |captured| {
            let member = |(at, name): &(usize, String)| Some((name.clone(), captured(*at)?.into()));
            items.push(Value::Object(self.groups.iter().filter_map(member).collect()));
        });
        items
    }

    /// Shows what the groups of each match have captured, by their numbers.
    fn each_match<'t>(&self, text: &'t str, mut show: impl FnMut(&dyn Fn(usize) -> Option<&'t str>)) {
        // A carriage return ends a line, or is a part of it: of that the expression alone decides.
        if let Some(of_line) = self.of_line.as_ref().filter(|_| !text.contains('\r')) {
            let mut found = of_line.capture_locations();
            let mut left = MAX_MATCHES;
            for line in text.split('\n') {
                if left > 0 && of_line.captures_read(&mut found, line).is_some() {
                    left -= 1;
                    show(&|group| found.get(group).map(|(start, end)| &line[start..end]));
                }
            }
            return;
        }
        let mut found = self.regex.capture_locations();
        let (mut at, mut last) = (0, None);
        for _ in 0..MAX_MATCHES {
            let Some(one) = self.regex.captures_read_at(&mut found, text, at) else { break };
            // What is empty, at the end of the last one, is a part of that.
            if !one.is_empty() || last != Some(one.end()) {
                show(&|group| found.get(group).map(|(start, end)| &text[start..end]));
            }
            // An empty match would be found again.
            at = if one.is_empty() { next(text, one.end()) } else { one.end() };
            last = Some(one.end());
            if at > text.len() {
                break;
            }
        }
    }
}

/// Whether each match of an expression begins with the beginning of a line, and has no end of one in it.
fn begins_a_line(text: &str) -> bool {
    let parsed = ParserBuilder::new().multi_line(true).crlf(true).build().parse(text);
    parsed.is_ok_and(|hir| hir.properties().look_set_prefix().contains(Look::StartCRLF) && is_within_a_line(&hir))
}

fn is_within_a_line(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty => true,
        HirKind::Look(look) => !matches!(look, Look::Start | Look::End),
        HirKind::Literal(literal) => !literal.0.contains(&b'\n'),
        HirKind::Class(Class::Unicode(class)) => {
            !class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&'\n'))
        }
        HirKind::Class(Class::Bytes(_)) => false,
        HirKind::Repetition(repetition) => is_within_a_line(&repetition.sub),
        HirKind::Capture(capture) => is_within_a_line(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().all(is_within_a_line),
    }
}

/// The place behind the character at `at`.
fn next(text: &str, at: usize) -> usize {
    at + text[at..].chars().next().map_or(1, char::len_utf8)
}

impl Patterns {
    /// Those of an endpoint.
    #[must_use]
    pub const fn new(values: Vec<Pattern>, lists: Vec<(String, Vec<Pattern>)>) -> Self {
        Self { values, lists }
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.values.is_empty() && self.lists.is_empty()
    }

    /// The keys that the tree may have; `None` if the text itself says them.
    #[must_use]
    pub fn keys(&self) -> Option<Vec<&str>> {
        if self.values.iter().any(|pattern| pattern.pair.is_some()) {
            return None;
        }
        let groups = self.values.iter().flat_map(|pattern| &pattern.groups).map(|(_, name)| name.as_str());
        Some(groups.chain(self.lists.iter().map(|(name, _)| name.as_str())).collect())
    }

    /// The tree of a text. A text in which no pattern matches is another one than was meant, unless lists may be empty.
    pub(super) fn tree(&self, text: &str) -> Result<Value, Unreadable> {
        let mut tree = Map::new();
        let mut matches = false;
        for pattern in &self.values {
            matches |= match pattern.pair {
                Some(pair) => pattern.pairs(pair, text, &mut tree),
                None => pattern.first(text, &mut tree),
            };
        }
        for (name, patterns) in &self.lists {
            let Some((last, outer)) = patterns.split_last() else { continue };
            let mut parts = vec![text];
            for pattern in outer {
                parts = parts.into_iter().flat_map(|part| pattern.parts(part)).take(MAX_MATCHES).collect();
            }
            let items: Vec<Value> = parts.into_iter().flat_map(|part| last.all(part)).take(MAX_MATCHES).collect();
            matches |= !items.is_empty();
            tree.insert(name.clone(), items.into());
        }
        match matches {
            false if text.trim_start().starts_with('<') => Err(Unreadable::Html),
            false if !self.values.is_empty() => Err(Unreadable::Unmatched),
            _ => Ok(tree.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patterns(values: &[&str], lists: &[(&str, &str)]) -> Patterns {
        let pattern = |text: &str| Pattern::new(text).unwrap();
        let lists = lists.iter().map(|(name, text)| ((*name).to_owned(), text.split(" > ").map(pattern).collect()));
        Patterns::new(values.iter().map(|text| pattern(text)).collect(), lists.collect())
    }

    const STUB_STATUS: &str = "Active connections: 291 \nserver accepts handled requests\n 16630948 16630946 31070465 \n\
                               Reading: 6 Writing: 179 Waiting: 106 \n";

    #[test]
    fn named_groups_are_keys() {
        let of = patterns(
            &[r"^Active connections: (?<active>\d+)", r"^ (?<accepted>\d+) (?<handled>\d+) (?<requests>\d+) $"],
            &[],
        );
        let expected = json!({"active": "291", "accepted": "16630948", "handled": "16630946", "requests": "31070465"});
        assert_eq!(of.tree(STUB_STATUS), Ok(expected.clone()));
        assert_eq!(of.tree(&STUB_STATUS.replace('\n', "\r\n")), Ok(expected));
        assert_eq!(of.keys(), Some(vec!["active", "accepted", "handled", "requests"]));
        assert_eq!(of.tree("Active connections: 1"), Ok(json!({"active": "1"})));
    }

    #[test]
    fn groups_named_key_and_value_are_a_key_each() {
        let of = patterns(&["^(?<key>[^:\n]+): (?<value>.*)$", "^(?<host>[a-z.]+)$"], &[]);
        let text = "localhost\nServerUptimeSeconds: 12\nCPULoad: .0201\nScoreboard: __W\nempty: \nTotal Accesses: 7";
        assert_eq!(
            of.tree(text),
            Ok(json!({
                "host": "localhost", "ServerUptimeSeconds": "12", "CPULoad": ".0201", "Scoreboard": "__W", "empty": "",
                "Total Accesses": "7",
            }))
        );
        assert_eq!(of.keys(), None);
        assert_eq!(patterns(&["(?<key>)(?<value>)"], &[]).tree("\u{e9}\u{20ac}"), Ok(json!({"": ""})));
    }

    #[test]
    fn each_match_is_an_item_of_a_list() {
        let of = patterns(&[], &[("workers", r"^(?<name>\w+) (?<jobs>\d+)( (?<state>\w+))?$")]);
        let tree = json!({"workers": [{"name": "a", "jobs": "1", "state": "idle"}, {"name": "b", "jobs": "2"}]});
        assert_eq!(of.tree("a 1 idle\nb 2\nc\n"), Ok(tree));
        assert_eq!(of.tree("none"), Ok(json!({"workers": []})));
        let many = patterns(&[], &[("all", "(?<one>x)")]).tree(&"x".repeat(20_000)).unwrap();
        assert_eq!(many["all"].as_array().map(Vec::len), Some(MAX_MATCHES));
    }

    #[test]
    fn a_list_may_be_of_a_part_of_the_text() {
        let of = patterns(&[], &[("slots", "^Scoreboard: (?<slots>.*)$ > (?<state>.)")]);
        let tree = of.tree("ServerName: W\nScoreboard: _W.\nTLS: W\n").unwrap();
        assert_eq!(tree, json!({"slots": [{"state": "_"}, {"state": "W"}, {"state": "."}]}));
        assert_eq!(of.tree("none"), Ok(json!({"slots": []})));
    }

    #[test]
    fn line_by_line_is_the_same_as_by_searching() {
        let expressions = [
            ("^(?<key>[^:\n]+): (?<value>.*)$", true),
            (r"^(?<key>\w*)(?<value> *)", true),
            (r"(?m)^ *(?<a>\d+)(?<b>x)?\b", true),
            ("^(?<a>a)|^(?<b>b)", true),
            ("(?<a>b)", false),
            ("^(?<a>a)|(?<b>b)", false),
            ("^(?<a>a[^b])", false),
            (r"^(?<a>\s*)", false),
            (r"\A(?<a>a)", false),
            (r"^(?<a>a)\z", false),
        ];
        for (expression, of_line) in expressions {
            let pattern = Pattern::new(expression).unwrap();
            assert_eq!(pattern.of_line.is_some(), of_line, "{expression}");
            let searching = Pattern { of_line: None, ..pattern.clone() };
            // Every text of up to five of these characters.
            let characters = ['a', 'b', '1', ':', ' ', '\n', '\r'];
            let mut texts = vec![String::new()];
            for length in 0..5 {
                let longer = texts.iter().filter(|text| text.len() == length);
                let longer = longer.flat_map(|text| characters.map(|character| format!("{text}{character}")));
                texts.extend(longer.collect::<Vec<_>>());
            }
            for text in texts {
                assert_eq!(pattern.all(&text), searching.all(&text), "{expression} of {text:?}");
            }
        }
    }

    #[test]
    fn another_page_is_told_as_such() {
        let of = patterns(&[r"^Active connections: (?<active>\d+)"], &[]);
        assert_eq!(of.tree("<!doctype html><title>Log in</title>"), Err(Unreadable::Html));
        assert_eq!(of.tree("Please log in"), Err(Unreadable::Unmatched));
        let lists = patterns(&[], &[("workers", "^(?<name>w+)$")]);
        assert_eq!(lists.tree("<html>"), Err(Unreadable::Html));
    }

    #[test]
    fn what_is_no_pattern_says_why() {
        let error = |text: &str| Pattern::new(text).unwrap_err();
        assert_eq!(error("(?<a>\\d+"), "is not a regular expression: unclosed group");
        assert_eq!(error("\\d+"), "captures nothing; name what it is to give, like (?<active>\\d+)");
        assert_eq!(error("(?<a>\\w{1000}{1000})"), "is too large; bound its repetitions more tightly");
    }
}
