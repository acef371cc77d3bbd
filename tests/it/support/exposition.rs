//! A strict reader of the Prometheus text format and of OpenMetrics.
//!
//! It refuses what Prometheus takes or overlooks: a sample without its TYPE, a family in two pieces or out of order, a
//! series twice, a histogram whose buckets are not cumulative.

use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Label names and values of one series.
pub(crate) type Labels = BTreeMap<String, String>;

/// One series.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    /// With its suffix (`_bucket`, `_sum`).
    pub(crate) name: String,
    pub(crate) labels: Labels,
    pub(crate) value: f64,
}

/// All series under one TYPE.
#[derive(Debug)]
pub(crate) struct Family {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) samples: Vec<Sample>,
}

/// A whole exposition.
#[derive(Debug)]
pub(crate) struct Exposition {
    pub(crate) families: Vec<Family>,
}

impl Exposition {
    /// Reads `text`; the test fails if it is not flawless.
    #[track_caller]
    pub(crate) fn of(text: &str) -> Self {
        Self::parse(text).unwrap_or_else(|error| panic!("{error}, in:\n{text}"))
    }

    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if !text.is_empty() && !text.ends_with('\n') {
            return Err("the last line has no end".to_owned());
        }
        let mut families: Vec<Family> = Vec::new();
        let mut helped = None;
        let mut ended = false;
        for line in text.lines() {
            let fail = |what: &str| format!("{what}: {line}");
            if ended {
                return Err(fail("a line after # EOF"));
            } else if line == "# EOF" {
                ended = true;
            } else if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, help) = help.split_once(' ').ok_or_else(|| fail("HELP without text"))?;
                if help.is_empty() || helped.replace(name).is_some() {
                    return Err(fail("HELP out of place"));
                }
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').ok_or_else(|| fail("TYPE without a type"))?;
                if helped.take().is_some_and(|helped| helped != name) {
                    return Err(fail("HELP of another family"));
                }
                if !["counter", "gauge", "histogram", "summary", "untyped"].contains(&kind) {
                    return Err(fail("an unknown type"));
                }
                families.push(Family { name: name.to_owned(), kind: kind.to_owned(), samples: Vec::new() });
            } else {
                let sample = sample(line).ok_or_else(|| fail("no sample"))?;
                let family = families.last_mut().filter(|family| helped.is_none() && family.takes(&sample.name));
                family.ok_or_else(|| fail("a sample outside its family"))?.samples.push(sample);
            }
        }
        let exposition = Self { families };
        exposition.check(ended)?;
        Ok(exposition)
    }

    fn check(&self, open_metrics: bool) -> Result<(), String> {
        // In OpenMetrics the names of counters lose their end, and with it the order.
        let names = |family: &Family| if open_metrics { String::new() } else { family.name.clone() };
        if let Some(pair) = self.families.windows(2).find(|pair| names(&pair[0]) > names(&pair[1])) {
            return Err(format!("{} comes before {}", pair[0].name, pair[1].name));
        }
        let mut once = HashSet::new();
        if let Some(family) = self.families.iter().find(|family| !once.insert(&family.name)) {
            return Err(format!("{} has two TYPEs", family.name));
        }
        let mut seen = HashSet::new();
        for family in &self.families {
            if family.samples.is_empty() {
                return Err(format!("{} has no sample", family.name));
            }
            for sample in &family.samples {
                if !seen.insert((&sample.name, &sample.labels)) {
                    return Err(format!("twice: {} {:?}", sample.name, sample.labels));
                }
                if family.kind == "counter" && sample.value < 0.0 {
                    return Err(format!("a counter below 0: {}", sample.name));
                }
            }
            if family.kind == "histogram" {
                family.check_buckets()?;
            }
        }
        Ok(())
    }

    pub(crate) fn family(&self, name: &str) -> Option<&Family> {
        self.families.iter().find(|family| family.name == name)
    }

    pub(crate) fn samples(&self) -> impl Iterator<Item = &Sample> {
        self.families.iter().flat_map(|family| &family.samples)
    }

    /// The series of that name that have at least these labels.
    pub(crate) fn series<'a>(&'a self, name: &str, labels: &[(&str, &str)]) -> Vec<&'a Sample> {
        let fits = |sample: &&Sample| {
            sample.name == name
                && labels.iter().all(|(key, value)| sample.labels.get(*key).is_some_and(|found| found == value))
        };
        self.samples().filter(fits).collect()
    }

    /// The value of the one series of that name with these labels; `None` if there is none.
    #[track_caller]
    pub(crate) fn get(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        match self.series(name, labels)[..] {
            [] => None,
            [sample] => Some(sample.value),
            ref several => panic!("several series fit {name} {labels:?}: {several:?}"),
        }
    }

    /// The value of the one series of that name with these labels, which must be there.
    #[track_caller]
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.get(name, labels).unwrap_or_else(|| {
            let others: Vec<&Sample> = self.samples().filter(|sample| sample.name == name).collect();
            panic!("no series {name} {labels:?}; of that name there are {others:?}")
        })
    }

    /// Fails unless the series has exactly that value.
    #[track_caller]
    #[expect(clippy::float_cmp, reason = "whole numbers, or copied ones")]
    pub(crate) fn assert(&self, name: &str, labels: &[(&str, &str)], expected: f64) {
        assert_eq!(self.value(name, labels), expected, "{name} {labels:?}");
    }

    /// The values of one label over the series of that name.
    pub(crate) fn label_values(&self, name: &str, label: &str) -> BTreeSet<String> {
        self.series(name, &[]).iter().filter_map(|sample| sample.labels.get(label).cloned()).collect()
    }
}

impl Family {
    /// Whether a sample of that name belongs to it: in OpenMetrics a counter's TYPE goes without `_total`.
    fn takes(&self, sample: &str) -> bool {
        let Some(suffix) = sample.strip_prefix(self.name.as_str()) else { return false };
        match self.kind.as_str() {
            "counter" => suffix.is_empty() || suffix == "_total",
            "histogram" => ["_bucket", "_sum", "_count"].contains(&suffix),
            "summary" => ["", "_sum", "_count"].contains(&suffix),
            _ => suffix.is_empty(),
        }
    }

    fn check_buckets(&self) -> Result<(), String> {
        let mut last: BTreeMap<Labels, (f64, f64)> = BTreeMap::new();
        for sample in self.samples.iter().filter(|sample| sample.name.ends_with("_bucket")) {
            let mut labels = sample.labels.clone();
            let bound = labels.remove("le").and_then(|le| le.parse::<f64>().ok());
            let bound = bound.ok_or_else(|| format!("{} without le", sample.name))?;
            let (below, count) = last.get(&labels).copied().unwrap_or((f64::NEG_INFINITY, 0.0));
            if bound <= below || sample.value < count {
                return Err(format!("{} is not cumulative at le={bound}: {labels:?}", sample.name));
            }
            last.insert(labels, (bound, sample.value));
        }
        for sample in self.samples.iter().filter(|sample| sample.name.ends_with("_count")) {
            if last.get(&sample.labels) != Some(&(f64::INFINITY, sample.value)) {
                return Err(format!("{} differs from its bucket +Inf: {:?}", sample.name, sample.labels));
            }
        }
        Ok(())
    }
}

/// `name{label="value",...} value`; a timestamp is refused.
fn sample(line: &str) -> Option<Sample> {
    let end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = Labels::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        loop {
            let (key, after) = rest.split_once("=\"")?;
            let (value, after) = label_value(after)?;
            if !is_name(key) || labels.insert(key.to_owned(), value).is_some() {
                return None;
            }
            rest = after;
            match rest.strip_prefix(',') {
                Some(after) => rest = after,
                None => break,
            }
        }
        rest = rest.strip_prefix('}')?;
    }
    let value = rest.strip_prefix(' ')?.parse().ok()?;
    is_name(name).then(|| Sample { name: name.to_owned(), labels, value })
}

/// The unescaped value up to its closing quote, and what follows the quote.
fn label_value(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(match characters.next()?.1 {
                'n' => '\n',
                escaped @ ('\\' | '"') => escaped,
                _ => return None,
            }),
            other => value.push(other),
        }
    }
    None
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
}

#[test]
fn flaws_are_refused() {
    let refused = |text: &str| Exposition::parse(text).unwrap_err();
    assert_eq!(refused("a 1\n"), "a sample outside its family: a 1");
    assert_eq!(refused("# TYPE a gauge\na 1\na 1\n"), "twice: a {}");
    assert_eq!(refused("# TYPE a gauge\na 1\n# TYPE a gauge\na{b=\"c\"} 1\n"), "a has two TYPEs");
    assert_eq!(refused("# TYPE b gauge\nb 1\n# TYPE a gauge\na 1\n"), "b comes before a");
    assert_eq!(refused("# TYPE a gauge\na{b=\"c} 1\n"), "no sample: a{b=\"c} 1");
    assert_eq!(refused("# TYPE a gauge\na 1 1600000000\n"), "no sample: a 1 1600000000");
    assert_eq!(refused("# TYPE a gauge\na 1"), "the last line has no end");
    assert_eq!(refused("# TYPE a gauge\n"), "a has no sample");
    let buckets = "# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n";
    assert_eq!(refused(buckets), "h_bucket is not cumulative at le=inf: {}");
    let good = Exposition::of("# HELP a_total A.\n# TYPE a_total counter\na_total{b=\"x\\\"\\\\\\n,}\",c=\"\"} 1e3\n");
    good.assert("a_total", &[("b", "x\"\\\n,}"), ("c", "")], 1000.0);
}
