//! YAML, as much of it as rule files need: mappings, lists, texts and comments, laid out as people write them.

use std::fmt::Write as _;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Yaml {
    /// A text, quoted where it must be; one of several lines becomes a block.
    Text(String),
    /// What is known to need no quotes: `5m`, `1`, `true`.
    Plain(String),
    /// Keys with their values, in this order.
    Map(Vec<(&'static str, Self)>),
    /// Keys that are not known when the agent is built.
    Labels(Vec<(String, Self)>),
    /// Values, each with a comment before it.
    List(Vec<(Option<String>, Self)>),
}

impl Yaml {
    /// A text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A list without comments.
    #[must_use]
    pub fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self::List(items.into_iter().map(|item| (None, item)).collect())
    }

    /// The whole document, below a comment.
    #[must_use]
    pub fn document(&self, comment: &str) -> String {
        let mut out = String::new();
        write_comment(&mut out, comment, 0);
        self.write(&mut out, 0);
        out
    }

    /// Writes it in lines of their own.
    fn write(&self, out: &mut String, indent: usize) {
        let pad = " ".repeat(indent);
        match self {
            Self::Map(entries) => {
                for (key, value) in entries {
                    value.write_entry(out, indent, key);
                }
            }
            Self::Labels(entries) => {
                for (key, value) in entries {
                    value.write_entry(out, indent, key);
                }
            }
            Self::List(items) => {
                for (comment, item) in items {
                    if let Some(comment) = comment {
                        write_comment(out, comment, indent);
                    }
                    let mut text = String::new();
                    item.write(&mut text, indent + 2);
                    // The first line begins behind the dash.
                    let _ = write!(out, "{pad}- {}", text.trim_start());
                }
            }
            Self::Text(_) | Self::Plain(_) => {
                let _ = writeln!(out, "{pad}{}", self.scalar(indent));
            }
        }
    }

    fn write_entry(&self, out: &mut String, indent: usize, key: &str) {
        let pad = " ".repeat(indent);
        match self {
            Self::Text(_) | Self::Plain(_) => {
                let _ = writeln!(out, "{pad}{key}: {}", self.scalar(indent + 2));
            }
            _ => {
                let _ = writeln!(out, "{pad}{key}:");
                self.write(out, indent + 2);
            }
        }
    }

    fn scalar(&self, indent: usize) -> String {
        match self {
            Self::Text(text) if text.contains('\n') => {
                let pad = " ".repeat(indent);
                text.lines().fold("|-".to_owned(), |out, line| format!("{out}\n{pad}{line}"))
            }
            Self::Text(text) if is_plain(text) => text.clone(),
            Self::Text(text) => format!("'{}'", text.replace('\'', "''")),
            Self::Plain(text) => text.clone(),
            _ => String::new(),
        }
    }
}

/// Whether a text means itself without quotes.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 11] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "inf", "nan"];
    text.starts_with(|char: char| char.is_ascii_alphabetic() || char == '(')
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.chars().any(char::is_control)
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}

/// Writes a comment, broken at words.
fn write_comment(out: &mut String, comment: &str, indent: usize) {
    const WIDTH: usize = 118;
    let pad = " ".repeat(indent);
    for paragraph in comment.lines() {
        let mut line = format!("{pad}#");
        for word in paragraph.split(' ') {
            if line.len() + 1 + word.len() > WIDTH {
                let _ = writeln!(out, "{line}");
                line = format!("{pad}#");
            }
            line.push(' ');
            line.push_str(word);
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

#[cfg(test)]
mod tests;
