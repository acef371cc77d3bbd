//! A draft as text: TOML that can be read back, with comments that say what was seen.

use std::fmt::Write as _;

use super::DraftOptions;
use super::leaves::{Each, Leaf, Sighting};
use super::shape;
use crate::body::BodyFormat;
use crate::shown::{escaped, shown};

/// One `[[metric]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RuleDraft {
    comment: String,
    pub(super) name: String,
    each: Option<String>,
    at: String,
    /// Name and source.
    labels: Vec<(String, String)>,
    /// Further lines of TOML.
    lines: Vec<String>,
    place: String,
}

impl RuleDraft {
    /// A rule for a value. `notes` are said in the comment, the empty ones not.
    pub(super) fn of_leaf(leaf: &Leaf<'_>, name: String, mut lines: Vec<String>, notes: &[&str]) -> Self {
        let notes = notes.iter().filter(|note| !note.is_empty());
        let comment = notes.fold(seen(leaf), |text, note| format!("{text}; {note}"));
        if leaf.partial {
            lines.push("missing = \"ignore\"".to_owned());
        }
        let mut labels = Vec::new();
        if let Some(each) = &leaf.each {
            if let Some(outer) = &each.outer {
                add_labels(&outer.label, "1", "1", &mut labels);
            }
            add_labels(&each.label, "", "key", &mut labels);
            // States are not merged: each element needs its own.
            if each.count > DEFAULT_LIMIT && lines.iter().any(|line| line.starts_with("states")) {
                lines.push(format!("limit = {}", each.count.next_power_of_two()));
            }
        }
        Self {
            comment,
            name,
            each: leaf.each.as_ref().map(Each::pointer),
            at: leaf.at.to_string(),
            labels,
            lines,
            place: leaf.place(),
        }
    }

    /// The same with a label of a fixed value.
    pub(super) fn label(mut self, name: &str, value: &str) -> Self {
        self.labels.push((name.to_owned(), quoted(value)));
        self
    }

    /// Name and labels: two rules of one series would hide one another.
    pub(super) fn series(&self) -> String {
        format!("{}{:?}", self.name, self.labels)
    }

    pub(super) fn place(&self) -> String {
        self.place.clone()
    }

    /// Its TOML, with the comment above it.
    pub(super) fn text(&self, endpoint: &str) -> String {
        let mut text = format!("# {}.\n[[metric]]\nname = {}\n", self.comment, quoted(&self.name));
        let _ = writeln!(text, "endpoint = {}", quoted(endpoint));
        if let Some(each) = &self.each {
            let _ = writeln!(text, "each = {}", quoted(each));
        }
        if self.each.is_none() || !self.at.is_empty() {
            let _ = writeln!(text, "at = {}", quoted(&self.at));
        }
        if !self.labels.is_empty() {
            let labels: Vec<String> = self.labels.iter().map(|(name, source)| format!("{name} = {source}")).collect();
            let _ = writeln!(text, "labels = {{ {} }}", labels.join(", "));
        }
        for line in &self.lines {
            let _ = writeln!(text, "{line}");
        }
        text
    }
}

/// Elements of a rule that sets no limit.
const DEFAULT_LIMIT: usize = 10;

/// What tells elements apart: fields of what the wildcard `of` stands for, or its key.
fn add_labels(label: &shape::Label, of: &str, key: &str, labels: &mut Vec<(String, String)>) {
    let field = |field: &str| format!("\"${of}/{}\"", field.replace('~', "~0").replace('/', "~1"));
    let mut add = |name: String, source| {
        // What is within a queue may be named after one too.
        let is_taken = labels.iter().any(|(taken, _)| *taken == name);
        labels.push((if is_taken { format!("inner_{name}") } else { name }, source));
    };
    add(label.name.clone(), label.source.as_deref().map_or_else(|| format!("\"${key}\""), field));
    if let Some(second) = &label.second {
        add(shape::label_name(second), field(second));
    }
}

/// What stood there; of elements, what stood in one that changed, if any did.
fn seen(leaf: &Leaf<'_>) -> String {
    let of = |sample: usize, element: &str| {
        let mut seen = leaf.seen.iter().filter(|seen| seen.sample == sample);
        seen.find(|seen| seen.element == element).map(|seen| seen.value)
    };
    let changed = |seen: &&Sighting<'_>| of(1, &seen.element).is_some_and(|later| later != seen.value);
    let mut first = leaf.seen.iter().filter(|seen| seen.sample == 0);
    let example = first.find(changed).or(leaf.seen.first());
    let element = example.map_or("", |seen| seen.element.as_str());
    let values = match (of(0, element), of(1, element)) {
        (Some(one), Some(other)) if one == other => format!("{} in both samples", shown(one)),
        (Some(one), Some(other)) => format!("{}, then {}", shown(one), shown(other)),
        (one, other) => format!("{} in one sample", one.or(other).map(shown).unwrap_or_default()),
    };
    match &leaf.each {
        Some(each) => format!("{} elements; of {:?} {values}", each.count, escaped(element)),
        None => values,
    }
}

/// A text in TOML that the configuration reads as it stands: it expands `${VARIABLE}`.
pub(super) fn quoted(text: &str) -> String {
    let escape = |character: char| match character {
        '$' => "$$".to_owned(),
        '"' | '\\' => format!("\\{character}"),
        control if control.is_control() => format!("\\u{:04x}", u32::from(control)),
        other => other.to_string(),
    };
    format!("\"{}\"", text.chars().map(escape).collect::<String>())
}

/// A pattern in TOML: as it is, if that can be.
fn literal(pattern: &str) -> String {
    let is_plain =
        !pattern.contains(|c: char| c == '\'' || c.is_control()) && !pattern.contains("${") && !pattern.contains("$$");
    if is_plain { format!("'{pattern}'") } else { quoted(pattern) }
}

/// A name for the endpoint: the last part of its path.
pub(super) fn endpoint_name(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let name = path.rsplit('/').find(|part| !part.is_empty()).unwrap_or("root");
    name.chars().filter(|character| !character.is_control()).take(64).collect()
}

/// The head of a draft, and its endpoint.
pub(super) fn header(
    source: &DraftOptions,
    endpoint: &str,
    (format, patterns): (BodyFormat, &[String]),
    freshness: Option<&str>,
) -> String {
    let address = escaped(&format!("{}{}", source.url, source.path.split('?').next().unwrap_or_default()));
    let mut text = format!(
        "# A draft for {address}, made of two samples {} apart.\n\
         # It knows what was seen, not what is meant: look at names, types and units.\n",
        humantime::format_duration(source.pause),
    );
    if source.service.is_none() {
        text.push_str(
            "# In config.toml the tables are [[service.endpoint]] and [[service.metric]], below their [[service]].\n",
        );
    }
    text.push('\n');
    if let Some(name) = &source.service {
        let _ = writeln!(text, "[[service]]\nname = {}\nurl = {}\n", quoted(name), quoted(&source.url));
    }
    let _ = writeln!(text, "[[endpoint]]\nname = {}\npath = {}", quoted(endpoint), quoted(&source.path));
    match format {
        BodyFormat::Json => {}
        BodyFormat::Python => text += "format = \"python\"\n",
        BodyFormat::Prometheus => text += "format = \"prometheus\"\n",
        BodyFormat::Text => {
            text += "format = \"text\"\npatterns = [\n";
            for pattern in patterns {
                let _ = writeln!(text, "    {},", literal(pattern));
            }
            text += "]\n";
        }
    }
    if source.status != 200 {
        let _ = writeln!(text, "statuses = [200, {}]", source.status);
    }
    if let Some(at) = freshness {
        let _ = write!(
            text,
            "# The body says when it was made; this leaves out what is too old:\n\
             # freshness = {{ at = {}, max_age = \"60s\" }}\n",
            quoted(at)
        );
    }
    text
}

/// The whole text.
pub(super) fn finish(source: &DraftOptions, header: &str, entries: &[String]) -> String {
    let text = entries.iter().fold(header.to_owned(), |text, entry| {
        // One comment may stand right under another.
        let close =
            entry.starts_with("# Left out") && text.lines().last().is_some_and(|line| line.starts_with("# Left out"));
        format!("{text}{}{entry}", if close { "" } else { "\n" })
    });
    if source.service.is_some() { in_service(&text) } else { text }
}

/// The tables as those of a `[[service]]`.
fn in_service(text: &str) -> String {
    let line = |line: &str| match line {
        "[[endpoint]]" => "[[service.endpoint]]\n".to_owned(),
        "[[metric]]" => "[[service.metric]]\n".to_owned(),
        other => format!("{other}\n"),
    };
    text.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_back_as_it_was() {
        for text in ["plain", "a\"b\\c", "${HOME} $$ $key", "line\nbreak\u{7f}", "\u{20ac}'"] {
            let table: toml::Table = format!("a = {}", quoted(text)).parse().unwrap();
            assert_eq!(table["a"].as_str().map(|read| read.replace("$$", "$")).as_deref(), Some(text), "{text:?}");
        }
    }

    #[test]
    fn an_endpoint_is_named_by_the_end_of_its_path() {
        assert_eq!(endpoint_name("/advanced/backpressure/metrics?limit=1000"), "metrics");
        assert_eq!(endpoint_name("/stats/"), "stats");
        assert_eq!(endpoint_name("/"), "root");
        assert_eq!(endpoint_name(""), "root");
    }
}
