//! The paths in the text of a Rust file, as far as it is compiled into the agent.

/// The paths that begin with `crate`, `super` or `self`, with their lines; of a group each of its paths.
pub(crate) fn paths(file: &str) -> Vec<(usize, Vec<String>)> {
    let tokens = tokens(&code(file));
    let mut found = Vec::new();
    for (at, (line, token)) in tokens.iter().enumerate() {
        let begins = at == 0 || tokens[at - 1].1 != "::";
        if begins && matches!(token.as_str(), "crate" | "super" | "self") && text(&tokens, at + 1) == "::" {
            follow(&tokens, at, &mut vec![], *line, &mut found);
        }
    }
    found
}

/// Reads the path at `at` below `prefix`, and returns where it ends.
fn follow(
    tokens: &[(usize, String)],
    mut at: usize,
    prefix: &mut Vec<String>,
    line: usize,
    found: &mut Vec<(usize, Vec<String>)>,
) -> usize {
    let depth = prefix.len();
    loop {
        match text(tokens, at) {
            "{" => {
                at += 1;
                while !matches!(text(tokens, at), "}" | "") {
                    at = follow(tokens, at, prefix, tokens[at].0, found);
                    // Past a new name, to the next path of the group.
                    while !matches!(text(tokens, at), "," | "}" | "") {
                        at += 1;
                    }
                    at += usize::from(text(tokens, at) == ",");
                }
                prefix.truncate(depth);
                return at + 1;
            }
            word if word.starts_with(|first: char| first.is_alphabetic() || first == '_') => {
                // Within a group it is the group's own module.
                if word != "self" || prefix.is_empty() {
                    prefix.push(word.to_owned());
                }
                at += 1;
                if text(tokens, at) == "::" {
                    at += 1;
                    continue;
                }
            }
            "*" => at += 1,
            _ => {}
        }
        found.push((line, prefix.clone()));
        prefix.truncate(depth);
        return at;
    }
}

fn text(tokens: &[(usize, String)], at: usize) -> &str {
    tokens.get(at).map_or("", |(_, token)| token)
}

/// Words, `::`, and every other character, with their lines.
fn tokens(code: &str) -> Vec<(usize, String)> {
    let is_word = |char: char| char.is_alphanumeric() || char == '_';
    let mut tokens: Vec<(usize, String)> = Vec::new();
    for (line, text) in code.lines().enumerate() {
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let word = rest.find(|char| !is_word(char)).unwrap_or(rest.len());
            let length = match word {
                0 if rest.starts_with("::") => 2,
                0 => rest.chars().next().map_or(1, char::len_utf8),
                word => word,
            };
            tokens.push((line + 1, rest[..length].to_owned()));
            rest = rest[length..].trim_start();
        }
    }
    tokens
}

/// The text without comments, literals and what is compiled for tests alone; its lines stay where they are.
fn code(text: &str) -> String {
    let mut code = plain(text);
    while let Some(start) = code.find("#[cfg(test)]").or_else(|| code.find("#[cfg(all(test")) {
        let end = start + item(&code[start..]);
        let blank: String = code[start..end].chars().filter(|char| *char == '\n').collect();
        code.replace_range(start..end, &blank);
    }
    code
}

/// The length of the item at the start, with its attributes.
fn item(code: &str) -> usize {
    let (mut depth, mut in_attribute, mut is_use) = (0_usize, false, false);
    for (at, char) in code.char_indices() {
        let rest = &code[at..];
        match char {
            '#' if depth == 0 => in_attribute = true,
            'u' if depth == 0 && rest.starts_with("use ") => is_use = true,
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 && char == ']' && in_attribute {
                    in_attribute = false;
                } else if depth == 0 && char == '}' && !is_use {
                    return at + 1;
                }
            }
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

/// The text with spaces for comments and literals.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = comment(rest).or_else(|| literal(rest));
        // The `r` of a raw text belongs to it, that of a word does not.
        let in_word = out.chars().last().is_some_and(|last| last.is_alphanumeric() || last == '_');
        let blank = length.filter(|_| !(in_word && first.is_alphabetic()));
        let (taken, left) = rest.split_at(blank.unwrap_or(first.len_utf8()));
        out.extend(taken.chars().map(|char| if char == '\n' || blank.is_none() { char } else { ' ' }));
        rest = left;
    }
    out
}

fn comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    text.starts_with("/*").then(|| text.find("*/").map_or(text.len(), |end| end + 2))
}

fn literal(text: &str) -> Option<usize> {
    let bare = text.trim_start_matches('b');
    if let Some(raw) = bare.strip_prefix('r').filter(|raw| raw.starts_with(['"', '#'])) {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let body = raw[hashes..].strip_prefix('"')?;
        let end = format!("\"{}", "#".repeat(hashes));
        return Some(text.len() - body.len() + body.find(&end)? + end.len());
    }
    let quote = bare.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    let body = &bare[1..];
    // What has no second quote after one character is a lifetime.
    if quote == '\'' && !body.starts_with('\\') && body.chars().nth(1) != Some('\'') {
        return None;
    }
    let mut escaped = false;
    let end = body.find(|char| {
        let ends = char == quote && !escaped;
        escaped = char == '\\' && !escaped;
        ends
    })?;
    Some(text.len() - body.len() + end + 1)
}

#[test]
fn comments_texts_and_tests_are_not_read() {
    let text = r##"
//! crate::a
/* crate::b */
const TEXT: &str = "crate::c \" crate::d";
const RAW: &str = r#"crate::e " crate::f"#;
const QUOTE: char = '"';
fn f<'a>(x: &'a str) -> crate::yes::One<'a> {}
#[cfg(test)]
use crate::{g, h};
#[cfg(test)]
#[derive(Debug)]
struct Double { field: crate::i::I }
#[cfg(test)]
impl Double {
    fn new() -> crate::j::J { "}" }
}
#[cfg(test)]
mod tests { use super::*; mod more { use crate::k::K; } }
use crate::yes::Two;
"##;
    let found: Vec<String> =
        paths(text).into_iter().map(|(line, path)| format!("{line} {}", path.join("::"))).collect();
    assert_eq!(found, ["7 crate::yes::One", "19 crate::yes::Two"]);
}
