//! The texts of which a line must have one to match an expression: what is looked for first, of all expressions at once.
//!
//! Many expressions as one automaton are fast until their states multiply: a few with `.*` make it thousands of times
//! slower. Texts do not multiply, and an expression by itself is run only on lines that have one of its own.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// Texts that stand for one alternative of an expression. More are replaced by shorter ones.
const MAX_TEXTS: usize = 48;

/// Characters of a class that are each tried.
const MAX_CLASS: usize = 4;

/// Bytes that a text has at least to be looked for, and beyond which a longer one tells no more.
const TELLING: usize = 2;
const LONG: usize = 8;

/// A text in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) bytes: Vec<u8>,
    /// Whether the line matches wherever it has the text, in any case.
    pub(super) is_enough: bool,
}

/// What a line must have to match an expression.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Needs {
    /// One of these texts,
    pub(super) texts: Vec<Text>,
    /// or one of these bytes at its beginning.
    pub(super) firsts: Vec<u8>,
}

/// What a line must have to match an expression; `None` if it may be any.
pub(super) fn of(expression: &str, ignore_case: bool) -> Option<Needs> {
    let mut parser = regex_syntax::ParserBuilder::new().utf8(false).case_insensitive(ignore_case).build();
    let hir = parser.parse(expression).ok()?;
    let alternatives =
        if let HirKind::Alternation(all) = hir.kind() { all.as_slice() } else { std::slice::from_ref(&hir) };
    let mut needs = Needs::default();
    for alternative in alternatives {
        let part = Part::of(alternative);
        let is_enough = part.is_all && part.is_plain;
        let found = part.best();
        if worth(&found).0 >= TELLING {
            needs.texts.extend(found.into_iter().map(|bytes| Text { bytes, is_enough }));
        } else {
            needs.firsts.extend(firsts(alternative)?);
        }
    }
    Some(needs)
}

/// The bytes that a line begins with that matches an expression with `^`.
fn firsts(alternative: &Hir) -> Option<Vec<u8>> {
    let HirKind::Concat(parts) = alternative.kind() else { return None };
    let [start, next, ..] = parts.as_slice() else { return None };
    match (start.kind(), next.kind()) {
        (HirKind::Look(Look::Start), HirKind::Literal(literal)) => Some(vec![*literal.0.first()?]),
        (HirKind::Look(Look::Start), HirKind::Class(class)) => bytes_of(class),
        _ => None,
    }
}

/// The bytes that a class of ASCII has.
fn bytes_of(class: &Class) -> Option<Vec<u8>> {
    match class {
        Class::Bytes(class) => Some(class.iter().flat_map(|range| range.start()..=range.end()).collect()),
        Class::Unicode(class) if class.is_ascii() => Some(
            class.iter().flat_map(|range| range.start()..=range.end()).filter_map(|c| u8::try_from(c).ok()).collect(),
        ),
        Class::Unicode(_) => None,
    }
}

/// What is known of a part of an expression.
#[derive(Debug, Clone)]
struct Part {
    /// All that it can be, if `is_all`.
    texts: Vec<Vec<u8>>,
    is_all: bool,
    /// Whether nothing but the texts decides: no case of letters, no word boundary.
    is_plain: bool,
    /// The best texts of which one is in it.
    needed: Vec<Vec<u8>>,
}

impl Part {
    fn all(texts: Vec<Vec<u8>>, is_plain: bool) -> Self {
        Self { texts, is_all: true, is_plain, needed: Vec::new() }
    }

    const fn needing(needed: Vec<Vec<u8>>) -> Self {
        Self { texts: Vec::new(), is_all: false, is_plain: false, needed }
    }

    fn of(hir: &Hir) -> Self {
        match hir.kind() {
            HirKind::Empty => Self::all(vec![Vec::new()], true),
            HirKind::Look(_) => Self::all(vec![Vec::new()], false),
            HirKind::Literal(literal) => {
                let is_plain = !literal.0.iter().any(u8::is_ascii_alphabetic);
                Self::all(vec![literal.0.to_ascii_lowercase()], is_plain)
            }
            HirKind::Class(class) => Self::of_class(class),
            HirKind::Capture(capture) => Self::of(&capture.sub),
            HirKind::Repetition(repetition) => match (repetition.min, repetition.max) {
                (0, Some(1)) => {
                    let mut part = Self::of(&repetition.sub);
                    part.texts.push(Vec::new());
                    if part.is_all { part } else { Self::needing(Vec::new()) }
                }
                (0, _) => Self::needing(Vec::new()),
                (min, max) => {
                    let part = Self::of(&repetition.sub);
                    let copies = Self::concat((0..min.min(4)).map(|_| part.clone()));
                    if min <= 4 && max == Some(min) { copies } else { Self::needing(copies.best()) }
                }
            },
            HirKind::Concat(parts) => Self::concat(parts.iter().map(Self::of)),
            HirKind::Alternation(parts) => {
                let parts: Vec<Self> = parts.iter().map(Self::of).collect();
                if parts.iter().all(|part| part.is_all) {
                    let is_plain = parts.iter().all(|part| part.is_plain);
                    return Self::all(parts.into_iter().flat_map(|part| part.texts).collect(), is_plain);
                }
                let best: Vec<_> = parts.into_iter().map(Self::best).collect();
                let has_all = best.iter().all(|texts| worth(texts) > (0, 0));
                Self::needing(if has_all { best.concat() } else { Vec::new() })
            }
        }
    }

    /// A letter in both cases is that letter; of other classes the small ones are their characters.
    fn of_class(class: &Class) -> Self {
        let Some(mut bytes) = bytes_of(class).filter(|bytes| bytes.len() <= 2 * MAX_CLASS) else {
            return Self::needing(Vec::new());
        };
        let has = |byte: u8| bytes.contains(&byte);
        let is_plain = bytes.iter().all(|byte| has(byte.to_ascii_lowercase()) && has(byte.to_ascii_uppercase()));
        bytes.make_ascii_lowercase();
        bytes.sort_unstable();
        bytes.dedup();
        if bytes.len() > MAX_CLASS {
            return Self::needing(Vec::new());
        }
        Self::all(bytes.into_iter().map(|byte| vec![byte]).collect(), is_plain)
    }

    fn concat(parts: impl Iterator<Item = Self>) -> Self {
        let mut whole = Self::all(vec![Vec::new()], true);
        let (mut before, mut best) = (vec![Vec::new()], Vec::new());
        let mut was_cut = false;
        for part in parts {
            whole.is_plain &= part.is_plain;
            if worth(&part.needed) > worth(&best) {
                best.clone_from(&part.needed);
            }
            let part_texts = if part.is_all { part.texts } else { Vec::new() };
            if let Some(texts) = joined(&whole.texts, &part_texts) {
                whole.texts = texts;
            } else {
                was_cut = true;
                if worth(&whole.texts) > worth(&best) {
                    best = whole.texts;
                }
                // What follows may go on from the part before.
                whole.texts = joined(&before, &part_texts).unwrap_or_else(|| vec![Vec::new()]);
            }
            before = if part_texts.is_empty() { vec![Vec::new()] } else { part_texts };
        }
        if !was_cut {
            return whole;
        }
        if worth(&whole.texts) > worth(&best) {
            best = whole.texts;
        }
        Self::needing(best)
    }

    fn best(self) -> Vec<Vec<u8>> {
        if self.is_all { self.texts } else { self.needed }
    }
}

/// Each of some texts with each of others behind it, if that is not too many.
fn joined(starts: &[Vec<u8>], ends: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    if ends.is_empty() || starts.len() * ends.len() > MAX_TEXTS {
        return None;
    }
    Some(starts.iter().flat_map(|start| ends.iter().map(move |end| [start.as_slice(), end].concat())).collect())
}

/// How much texts narrow down: by the shortest, and the fewer the better. Digits stand in each line, and tell half as much.
fn worth(texts: &[Vec<u8>]) -> (usize, usize) {
    let telling =
        |text: &Vec<u8>| usize::midpoint(text.len(), text.iter().filter(|byte| !byte.is_ascii_digit()).count());
    match texts.iter().map(telling).min() {
        None | Some(0) => (0, 0),
        Some(shortest) => (shortest.min(LONG), usize::MAX - texts.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_texts(expression: &str, ignore_case: bool, expected: &[(&str, bool)]) {
        let needs = of(expression, ignore_case).unwrap();
        let text = |text: &Text| (String::from_utf8(text.bytes.clone()).unwrap(), text.is_enough);
        let found: Vec<_> = needs.texts.iter().map(text).collect();
        let expected: Vec<_> = expected.iter().map(|(text, is_enough)| ((*text).to_owned(), *is_enough)).collect();
        assert_eq!(found, expected, "{expression}");
        assert!(needs.firsts.is_empty(), "{expression}");
    }

    #[test]
    fn each_alternative_has_its_texts() {
        assert_texts(
            "(?i-u)connection refused|no such host",
            false,
            &[("connection refused", true), ("no such host", true)],
        );
        assert_texts("(?i-u)redis.*(?:error|exception)|(?:error|exception).*redis", false, &[("redis", false); 2]);
        assert_texts("(?i-u)timed[ -]?out", false, &[("timed out", true), ("timed-out", true), ("timedout", true)]);
        assert_texts(r"(?-u)\bWRONGPASS\b", false, &[("wrongpass", false)]);
        assert_texts(r"(?i-u)\bcan'?t write\b", false, &[("can't write", false), ("cant write", false)]);
        assert_texts(r"order (?<value>\d+) was rejected", false, &[(" was rejected", false)]);
        assert_texts("(?-u)status=5[0-9]{2}", false, &[("status=5", false)]);
        assert_texts("(?:ab){2,}c|x(?:yz)+", false, &[("abab", false), ("yz", false)]);
        assert_texts("(?-u)[ab][xy]1", false, &[("ax1", false), ("ay1", false), ("bx1", false), ("by1", false)]);
    }

    #[test]
    fn a_letter_that_has_more_than_two_cases_ends_a_text() {
        // An s may be a long s, and a k the sign for Kelvin.
        assert_texts("redis timeout", true, &[(" timeout", false)]);
        assert_texts("(?-u)Redis", true, &[("redis", true)]);
        assert_texts("caf\u{e9}", true, &[("caf", false)]);
    }

    #[test]
    fn a_line_is_known_by_its_first_byte_where_there_is_no_text() {
        let needs = of("(?-u)^[EF][0-9]{4} |^x[0-9]|error", false).unwrap();
        assert_eq!((needs.texts.len(), needs.firsts.as_slice()), (1, &b"EFx"[..]));
    }

    #[test]
    fn what_can_be_anything_needs_nothing() {
        for expression in [r"\d+", "^$", "a|.*", "(?:boom)?", "x*", "[a-z]+", "[0-9]-1"] {
            assert_eq!(of(expression, false), None, "{expression}");
        }
    }
}
