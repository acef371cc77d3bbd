//! A service's own Prometheus exposition: its series as a tree for rules, and as families that pass through.

use std::collections::HashMap;

use serde_json::{Map, Number, Value};

use super::body::Unreadable;
use metric::{Kind, Suffix};

/// Series of one foreign family.
#[derive(Debug, Clone, PartialEq)]
pub struct ForeignFamily {
    /// The family's name.
    pub name: String,
    /// Its type; a gauge if it names none, as nothing may be concluded from its values.
    pub kind: Kind,
    /// Its help text.
    pub help: String,
    /// Its samples.
    pub samples: Vec<ForeignSample>,
}

/// One sample.
#[derive(Debug, Clone, PartialEq)]
pub struct ForeignSample {
    /// What follows the family's name.
    pub suffix: Suffix,
    /// Names and values of its labels.
    pub labels: Vec<(String, String)>,
    /// Its value.
    pub value: f64,
}

/// The families of an exposition, in its order.
pub(super) fn read(text: &str) -> Result<Vec<ForeignFamily>, Unreadable> {
    let mut parsed = Parsed::default();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(comment) = line.strip_prefix('#') {
            parsed.header(comment);
        } else if !line.is_empty() {
            let (name, labels, value) = sample(line).ok_or_else(|| {
                Unreadable::Syntax(format!("line {} is not a sample of the Prometheus format", index + 1))
            })?;
            let (family, suffix) = parsed.of_sample(name);
            family.samples.push(ForeignSample { suffix, labels, value });
        }
    }
    Ok(parsed.families)
}

/// The families read so far.
#[derive(Default)]
struct Parsed {
    families: Vec<ForeignFamily>,
    by_name: HashMap<String, usize>,
}

impl Parsed {
    fn header(&mut self, comment: &str) {
        let mut words = comment.trim_start().splitn(3, ' ');
        let (Some(what @ ("HELP" | "TYPE")), Some(name), text) = (words.next(), words.next(), words.next()) else {
            return;
        };
        let text = text.unwrap_or_default().trim();
        let family = self.named(name);
        if what == "HELP" {
            family.help = unescaped(text);
        } else {
            family.kind = match text {
                "counter" => Kind::Counter,
                "histogram" => Kind::Histogram,
                "summary" => Kind::Summary,
                _ => Kind::Gauge,
            };
        }
    }

    /// The family of that name, made if it is not there.
    fn named(&mut self, name: &str) -> &mut ForeignFamily {
        let index = self.by_name.get(name).copied().unwrap_or_else(|| {
            self.by_name.insert(name.to_owned(), self.families.len());
            let (name, samples) = (name.to_owned(), Vec::new());
            self.families.push(ForeignFamily { name, kind: Kind::Gauge, help: String::new(), samples });
            self.families.len() - 1
        });
        &mut self.families[index]
    }

    /// Whether there is a family of that name and one of these types.
    fn has(&self, name: &str, kinds: &[Kind]) -> bool {
        self.by_name.get(name).is_some_and(|&index| kinds.contains(&self.families[index].kind))
    }

    /// The family that a sample belongs to, and what follows its name.
    fn of_sample(&mut self, name: &str) -> (&mut ForeignFamily, Suffix) {
        let parts = [
            (Suffix::Bucket, [Kind::Histogram].as_slice()),
            (Suffix::Sum, [Kind::Histogram, Kind::Summary].as_slice()),
            (Suffix::Count, [Kind::Histogram, Kind::Summary].as_slice()),
        ];
        for (suffix, kinds) in parts {
            if let Some(base) = name.strip_suffix(suffix.as_str())
                && self.has(base, kinds)
            {
                return (self.named(base), suffix);
            }
        }
        // OpenMetrics names a counter's family without _total; everybody else with it. Where there are both, each is one.
        if let Some(base) = name.strip_suffix("_total")
            && !self.by_name.contains_key(name)
            && self.has(base, &[Kind::Counter])
            && self.named(base).samples.is_empty()
            && let Some(index) = self.by_name.remove(base)
        {
            name.clone_into(&mut self.families[index].name);
            self.by_name.insert(name.to_owned(), index);
        }
        (self.named(name), Suffix::None)
    }
}

/// Names and values, in their order.
type Labels = Vec<(String, String)>;

/// `name{label="value",...} value [timestamp] [# exemplar]`.
fn sample(line: &str) -> Option<(&str, Labels, f64)> {
    let end = line.find(['{', ' ', '\t'])?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = Vec::new();
    if let Some(open) = rest.strip_prefix('{') {
        rest = open.trim_start();
        while !rest.starts_with('}') {
            let (label, after) = rest.split_once('=')?;
            let (value, after) = quoted(after.trim_start())?;
            labels.push((label.trim().to_owned(), value));
            rest = after.trim_start();
            rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
        }
        rest = &rest[1..];
    }
    let value = match rest.split_whitespace().next()? {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        text => text.parse().ok()?,
    };
    (!name.is_empty()).then_some((name, labels, value))
}

/// A help text as it is meant: it is escaped again when it is passed on.
fn unescaped(text: &str) -> String {
    let mut meant = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, characters.as_str().chars().next()) {
            ('\\', Some(escaped @ ('n' | '\\'))) => {
                meant.push(if escaped == 'n' { '\n' } else { '\\' });
                characters.next();
            }
            _ => meant.push(character),
        }
    }
    meant
}

/// The unescaped text in quotes at the start of `text`, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let inner = text.strip_prefix('"')?;
    let mut value = String::new();
    let mut characters = inner.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &inner[at + 1..])),
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

/// The series as rules see them.
pub(super) fn tree(families: &[ForeignFamily]) -> Value {
    let mut root = Map::new();
    for family in families {
        for sample in &family.samples {
            let name = format!("{}{}", family.name, sample.suffix.as_str());
            // What is not finite has no JSON number; the text is refused with the right reason.
            let value =
                Number::from_f64(sample.value).map_or_else(|| Value::from(sample.value.to_string()), Value::Number);
            if sample.labels.is_empty() {
                root.insert(name, value);
                continue;
            }
            let labels: Map<String, Value> =
                sample.labels.iter().map(|(label, value)| (label.clone(), Value::from(value.as_str()))).collect();
            let item =
                Value::from(Map::from_iter([("labels".to_owned(), Value::from(labels)), ("value".to_owned(), value)]));
            if let Value::Array(items) = root.entry(name).or_insert_with(|| Value::Array(Vec::new())) {
                items.push(item);
            }
        }
    }
    Value::Object(root)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const EXPOSITION: &str = "\
# HELP ticker_ticks_received_total Ticks received.
# TYPE ticker_ticks_received_total counter
ticker_ticks_received_total 1234
# TYPE ticker_publish_latency_seconds histogram
ticker_publish_latency_seconds_bucket{le=\"0.1\"} 3
ticker_publish_latency_seconds_bucket{le=\"+Inf\"} 4 1761912000000
ticker_publish_latency_seconds_sum 0.5
ticker_publish_latency_seconds_count 4
# TYPE errors counter
errors_total{ kind = \"a\\\"b\\n\" , code=\"5\", } 2 # {trace_id=\"x\"} 1
loose_count NaN
# EOF
";

    #[test]
    fn an_exposition_becomes_families() {
        let families = read(EXPOSITION).unwrap();
        let outline: Vec<_> =
            families.iter().map(|family| (family.name.as_str(), family.kind, family.samples.len())).collect();
        assert_eq!(
            outline,
            [
                ("ticker_ticks_received_total", Kind::Counter, 1),
                ("ticker_publish_latency_seconds", Kind::Histogram, 4),
                ("errors_total", Kind::Counter, 1),
                ("loose_count", Kind::Gauge, 1),
            ]
        );
        assert_eq!(families[0].help, "Ticks received.");
        assert_eq!(families[1].samples[1].labels, [("le".to_owned(), "+Inf".to_owned())]);
        assert_eq!(families[1].samples[2].suffix, Suffix::Sum);
        assert_eq!(
            families[2].samples[0].labels,
            [("kind".to_owned(), "a\"b\n".to_owned()), ("code".to_owned(), "5".to_owned())]
        );
    }

    #[test]
    fn a_counter_with_total_and_one_without_are_two() {
        let names = |text: &str| {
            let families = read(text).unwrap().into_iter();
            families.map(|family| (family.name, family.samples.len())).collect::<Vec<_>>()
        };
        let both = [("x".to_owned(), 1), ("x_total".to_owned(), 2)];
        let headers = "# TYPE x counter\nx 1\n# TYPE x_total counter\nx_total{a=\"1\"} 2\nx_total{a=\"2\"} 3\n";
        assert_eq!(names(headers), both);
        assert_eq!(names("# TYPE x counter\nx 1\nx_total{a=\"1\"} 2\nx_total{a=\"2\"} 3\n"), both);
        let openmetrics = "# TYPE x counter\nx_total{a=\"1\"} 2\nx_total{a=\"2\"} 3\n";
        assert_eq!(names(openmetrics), [("x_total".to_owned(), 2)]);
    }

    #[test]
    fn a_help_text_is_what_its_escapes_mean() {
        let help = |line: &str| read(&format!("# HELP a {line}\na 1")).unwrap()[0].help.clone();
        assert_eq!(help(r"one\ntwo\\three\\n"), "one\ntwo\\three\\n");
        assert_eq!(help(r#"C:\Temp "quoted" \"#), r#"C:\Temp "quoted" \"#);
    }

    #[test]
    fn rules_see_numbers_and_lists() {
        let tree = tree(&read(EXPOSITION).unwrap());
        assert_eq!(tree["ticker_ticks_received_total"], json!(1234.0));
        assert_eq!(tree["ticker_publish_latency_seconds_count"], json!(4.0));
        assert_eq!(tree["errors_total"], json!([{"labels": {"kind": "a\"b\n", "code": "5"}, "value": 2.0}]));
        assert_eq!(tree["loose_count"], json!("NaN"));
    }

    #[test]
    fn a_line_that_is_no_sample_is_named() {
        let wrong = |text| read(text).unwrap_err().to_string();
        let of_line = |line| format!("the body cannot be read: line {line} is not a sample of the Prometheus format");
        assert_eq!(wrong("a 1\n{\"json\": true}"), of_line(2));
        assert_eq!(wrong("a"), of_line(1));
        assert_eq!(wrong("a{b=\"c} 1"), of_line(1));
        assert_eq!(wrong("a{b} 1"), of_line(1));
        assert_eq!(wrong("a one"), of_line(1));
    }
}
