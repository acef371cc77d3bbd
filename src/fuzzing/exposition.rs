//! What is exported is what a scraper reads.

use std::collections::BTreeSet;

use crate::mapping::{Body, BodyFormat};
use crate::metric::text::{Format, exposition, is_metric_name};
use crate::metric::{Families, Kind, MAX_LABEL_BYTES, Rejections, Suffix};

/// A series: its name and its labels in their order. What a value is, is compared by its bits.
type Series = (String, Vec<(String, String)>, u64);

/// Asserts that a scraper reads just what was pushed: each series once, its labels unescaped, its value to the last bit.
/// Returns what was refused.
pub(crate) fn assert_exposable(families: Families) -> Rejections {
    let (rejections, series) = (families.rejections(), families.series());
    let families = families.into_sorted();
    let mut pushed: Vec<Series> = Vec::new();
    for family in &families {
        assert!(is_metric_name(family.name()), "{}", family.name());
        for sample in family.samples() {
            let labels: Vec<_> = sample.labels().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            let names: BTreeSet<_> = labels.iter().map(|(name, _)| name).collect();
            assert_eq!(names.len(), labels.len(), "a label twice: {labels:?}");
            assert!(labels.iter().all(|(_, value)| value.len() <= MAX_LABEL_BYTES), "{labels:?}");
            pushed.push((format!("{}{}", family.name(), sample.suffix().as_str()), labels, bits(sample.value())));
        }
    }
    assert_eq!(pushed.len(), series);
    let text = exposition(&families, Format::Prometheus);
    assert_eq!(text.lines().filter(|line| !line.starts_with('#')).count(), series);
    if series > 0 {
        let read = match Body::read(BodyFormat::Prometheus, text.as_bytes()) {
            Ok(body) => body.families,
            Err(error) => panic!("{error} of\n{text}"),
        };
        let mut read: Vec<Series> =
            read.into_iter()
                .flat_map(|family| {
                    let name = family.name;
                    family.samples.into_iter().map(move |sample| {
                        (format!("{name}{}", sample.suffix.as_str()), sample.labels, bits(sample.value))
                    })
                })
                .collect();
        pushed.sort_unstable();
        read.sort_unstable();
        assert_eq!(read, pushed, "{text}");
    }
    pushed.dedup_by(|one, other| (&one.0, &one.1) == (&other.0, &other.1));
    assert_eq!(pushed.len(), series, "a series twice");
    let open = exposition(&families, Format::OpenMetrics);
    assert!(open.ends_with("# EOF\n") && open.lines().filter(|line| !line.starts_with('#')).count() == series);
    rejections
}

/// A zero is written without its sign.
fn bits(value: f64) -> u64 {
    if value.is_nan() { f64::NAN.to_bits() } else { (value + 0.0).to_bits() }
}

/// Names, labels and values from outside: each line is a series, its parts between tabs.
pub(super) fn hostile_names(input: &[u8]) {
    const LIMIT: usize = 20;
    let text = String::from_utf8_lossy(input);
    let mut families = Families::with_limit(LIMIT);
    let mut lines = 0;
    for line in text.split('\u{1}') {
        lines += 1;
        let mut parts = line.split('\t');
        let (kind, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let value = parts.next().and_then(|value| value.parse().ok()).unwrap_or(1.0);
        let help = parts.next().unwrap_or_default();
        let parts: Vec<&str> = parts.collect();
        let mut labels: Vec<(&str, &str)> = Vec::new();
        for pair in parts.chunks_exact(2) {
            // What reads a label's name from outside has checked it.
            if crate::metric::text::is_label_name(pair[0]) && !labels.iter().any(|(name, _)| *name == pair[0]) {
                labels.push((pair[0], pair[1]));
            }
        }
        let (kind, suffix) = match kind {
            "c" => (Kind::Counter, Suffix::None),
            "u" => (Kind::Untyped, Suffix::None),
            _ => (Kind::Gauge, Suffix::None),
        };
        families.push_foreign((name, kind, help), suffix, &labels, value);
    }
    assert!(families.series() <= LIMIT);
    let Rejections { series_limit, duplicate, name } = families.rejections();
    assert_eq!(families.series() as u64 + series_limit + duplicate + name, lines);
    assert_exposable(families);
}
