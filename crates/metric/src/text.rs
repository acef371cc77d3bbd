//! The Prometheus text format: names, labels, values, headers and samples.

use std::collections::HashSet;
use std::fmt::Write as _;

use super::{Family, Kind};

/// The two text formats that are served. Their samples are the same bytes; headers and the end differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Prometheus text 0.0.4 (and 1.0.0, which is the same for ASCII names).
    Prometheus,
    /// OpenMetrics 1.0.0.
    OpenMetrics,
}

/// Whether `name` is a metric name that every Prometheus accepts: `[a-zA-Z_:][a-zA-Z0-9_:]*`.
#[must_use]
pub fn is_metric_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_' || first == b':')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':')
}

/// Whether `name` is a label name that others than Prometheus may give: `[a-zA-Z_][a-zA-Z0-9_]*`, and not `__` first.
#[must_use]
pub fn is_label_name(name: &str) -> bool {
    is_metric_name(name) && !name.contains(':') && !name.starts_with("__")
}

/// The beginning of `value` that has at most `limit` bytes and ends with a whole character.
#[must_use]
pub fn cut(value: &str, limit: usize) -> &str {
    &value[..value.floor_char_boundary(limit)]
}

/// Appends a label value or a help, escaped. Hardly any needs it, so whether one does is asked first, in a way that takes the
/// bytes many at a time.
fn push_escaped(out: &mut String, value: &str, quotes: bool) {
    let quote = if quotes { b'"' } else { b'\n' };
    let is_special = |byte: u8| matches!(byte, b'\\' | b'\n') || byte == quote;
    if !value.bytes().fold(false, |any, byte| any | is_special(byte)) {
        out.push_str(value);
        return;
    }
    for character in value.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '"' if quotes => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            other => out.push(other),
        }
    }
}

/// Appends `a="x",b="y"`, escaped, behind labels that begin at `start`.
pub(crate) fn write_labels<'l>(out: &mut String, start: usize, labels: impl Iterator<Item = (&'l str, &'l str)>) {
    for (name, value) in labels {
        if out.len() > start {
            out.push(',');
        }
        out.push_str(name);
        out.push_str("=\"");
        push_escaped(out, value, true);
        out.push('"');
    }
}

/// Appends a sample value: whole numbers without a point, and the names that Prometheus reads for the rest.
pub(crate) fn write_value(out: &mut String, value: f64) {
    /// Every whole number below it has an exact f64.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.is_nan() {
        out.push_str("NaN");
    } else if value.is_infinite() {
        out.push_str(if value > 0.0 { "+Inf" } else { "-Inf" });
    } else if value.fract() == 0.0 && value.abs() < EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "a whole number below 2^53 fits")]
        let whole = value as i64;
        // Writing to a String cannot fail.
        let _ = write!(out, "{whole}");
    } else {
        let _ = write!(out, "{value}");
    }
}

/// Appends the `# HELP` and `# TYPE` lines of a family; `is_family` tells whether there is another one of a name.
pub fn write_header(
    out: &mut String,
    format: Format,
    (name, kind, help): (&str, Kind, &str),
    is_family: impl Fn(&str) -> bool,
) {
    // OpenMetrics names a counter's family without `_total`, and knows no counter without it; such a one (a name that
    // redis_exporter made up) is of unknown type there, so that its sample keeps its name. So is `x_total` beside a gauge `x`:
    // no two families have one name.
    let (name, kind) = match (format, kind) {
        (Format::OpenMetrics, Kind::Counter) => match name.strip_suffix("_total") {
            Some(base) if !is_family(base) => (base, "counter"),
            _ => (name, "unknown"),
        },
        (Format::OpenMetrics, Kind::Untyped) => (name, "unknown"),
        (_, kind) => (name, kind.as_str()),
    };
    out.push_str("# HELP ");
    out.push_str(name);
    out.push(' ');
    // Only OpenMetrics escapes quotes in help; 0.0.4 would show the backslash.
    push_escaped(out, help, format == Format::OpenMetrics);
    out.push_str("\n# TYPE ");
    out.push_str(name);
    out.push(' ');
    out.push_str(kind);
    out.push('\n');
}

/// The labels that all samples of a target begin with.
#[derive(Debug, Default)]
pub struct Origin {
    /// As they are written.
    text: String,
    /// A label of a sample that has the name of one of them gets `exported_` in front, as Prometheus does it.
    renamed: Vec<(String, String)>,
}

impl Origin {
    /// These labels, escaped.
    #[must_use]
    pub fn new(labels: &[(&str, &str)]) -> Self {
        let mut text = String::new();
        write_labels(&mut text, 0, labels.iter().copied());
        let renamed = match labels {
            // The name of the target is the label of all, and of no sample.
            [] | [_] => Vec::new(),
            _ => labels.iter().map(|(name, _)| ((*name).to_owned(), format!("exported_{name}"))).collect(),
        };
        Self { text, renamed }
    }

    /// What a sample's label is called behind these.
    fn name_of<'l>(&'l self, label: &'l str) -> &'l str {
        let renamed = self.renamed.iter().find(|(taken, _)| taken == label);
        renamed.map_or(label, |(_, renamed)| renamed)
    }
}

/// Appends the samples of a family.
pub fn write_samples(out: &mut String, family: Family<'_>, origin: &Origin) {
    for sample in family.samples() {
        out.push_str(family.name());
        out.push_str(sample.suffix().as_str());
        out.push('{');
        let start = out.len();
        out.push_str(&origin.text);
        write_labels(out, start, sample.labels().map(|(label, value)| (origin.name_of(label), value)));
        if out.len() == start {
            out.pop();
        } else {
            out.push('}');
        }
        out.push(' ');
        write_value(out, sample.value());
        out.push('\n');
    }
}

/// The exposition of one target, without the labels that name it.
#[must_use]
pub fn exposition<'f>(families: impl IntoIterator<Item = Family<'f>> + Clone, format: Format) -> String {
    let mut out = String::new();
    // Nobody asks for them in the other format.
    let asked_for = families.clone().into_iter().filter(|_| format == Format::OpenMetrics);
    let names: HashSet<&str> = asked_for.map(|family| family.name()).collect();
    for family in families {
        let head = (family.name(), family.kind(), family.help());
        write_header(&mut out, format, head, |name| names.contains(name));
        write_samples(&mut out, family, &Origin::default());
    }
    if format == Format::OpenMetrics {
        out.push_str("# EOF\n");
    }
    out
}
