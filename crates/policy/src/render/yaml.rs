//! YAML, as much of it as the rendered files need: mappings, lists, texts and comments, laid out as people write them.

use std::borrow::Cow;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Yaml {
    /// A text, quoted where it must be; one of several lines becomes a block.
    Text(String),
    /// A text that is quoted even where it need not be.
    Quoted(String),
    /// What is known to need no quotes: `5m`, `1`, `true`.
    Plain(String),
    /// Keys with their values, in this order.
    Map(Vec<(Cow<'static, str>, Self)>),
    /// Values.
    List(Vec<Self>),
    /// A mapping or a list on one line.
    Inline(Box<Self>),
    /// An item of a list, or the value of a key, with a comment above it.
    Commented(String, Box<Self>),
}

impl Yaml {
    /// A text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// What is known to need no quotes.
    #[must_use]
    pub fn plain(text: impl Into<String>) -> Self {
        Self::Plain(text.into())
    }

    /// A mapping.
    #[must_use]
    pub fn map<K: Into<Cow<'static, str>>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    /// The mapping or list on one line.
    #[must_use]
    pub fn inline(self) -> Self {
        Self::Inline(Box::new(self))
    }

    /// The value below a comment.
    #[must_use]
    pub fn commented(self, comment: impl Into<String>) -> Self {
        Self::Commented(comment.into(), Box::new(self))
    }

    /// The whole document, below a comment.
    #[must_use]
    pub fn document(&self, comment: &str) -> String {
        let mut out = String::new();
        write_comment(&mut out, comment, 0);
        if *self != Self::Map(Vec::new()) {
            self.write(&mut out, 0);
        }
        out
    }

    /// Writes it in lines of their own.
    fn write(&self, out: &mut String, indent: usize) {
        match self {
            Self::Map(entries) if !entries.is_empty() => {
                for (key, value) in entries {
                    let value = value.below_comment(out, indent);
                    out.extend([&" ".repeat(indent), &**key, ":"]);
                    if value.is_block() {
                        out.push('\n');
                        value.write(out, indent + 2);
                    } else {
                        out.extend([" ", &value.scalar(indent + 2), "\n"]);
                    }
                }
            }
            Self::List(items) if !items.is_empty() => {
                for item in items {
                    let item = item.below_comment(out, indent);
                    let mut text = String::new();
                    item.write(&mut text, indent + 2);
                    // The first line begins behind the dash.
                    out.extend([&" ".repeat(indent), "- ", text.trim_start()]);
                }
            }
            _ => out.extend([&" ".repeat(indent), &self.scalar(indent), "\n"]),
        }
    }

    /// Writes its comment, if it has one, and returns what stands below.
    fn below_comment(&self, out: &mut String, indent: usize) -> &Self {
        let Self::Commented(comment, value) = self else { return self };
        write_comment(out, comment, indent);
        value
    }

    /// Whether it begins on a line of its own.
    fn is_block(&self) -> bool {
        match self {
            Self::Map(entries) => !entries.is_empty(),
            Self::List(items) => !items.is_empty(),
            _ => false,
        }
    }

    /// What stands behind its key. Lines of a block of text are indented.
    fn scalar(&self, indent: usize) -> String {
        match self {
            Self::Text(text) if text.contains('\n') => {
                let pad = " ".repeat(indent);
                text.lines().fold("|-".to_owned(), |out, line| format!("{out}\n{pad}{line}"))
            }
            Self::Text(text) if is_plain(text) => text.clone(),
            Self::Text(text) | Self::Quoted(text) => format!("'{}'", text.replace('\'', "''")),
            Self::Plain(text) => text.clone(),
            Self::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| format!("{key}: {}", value.scalar(indent)));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
            }
            Self::List(items) => {
                let items = items.iter().map(|item| item.scalar(indent));
                format!("[{}]", items.collect::<Vec<_>>().join(", "))
            }
            Self::Inline(value) | Self::Commented(_, value) => value.scalar(indent),
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
    for paragraph in comment.lines() {
        let mut line = format!("{:indent$}#", "");
        for word in paragraph.split(' ') {
            if line.len() + 1 + word.len() > WIDTH {
                out.extend([&line, "\n"]);
                line = format!("{:indent$}#", "");
            }
            line.extend([" ", word]);
        }
        out.extend([line.trim_end(), "\n"]);
    }
}

#[cfg(test)]
mod tests;
