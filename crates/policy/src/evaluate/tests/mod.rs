mod alerts;
mod windows;

use std::collections::BTreeMap;

use super::{Label, Sample, Samples, Track};

/// Series that a test makes.
#[derive(Default)]
struct Recorded(BTreeMap<String, Vec<Recording>>);

/// A series: its labels and its samples.
type Recording = (Vec<Label>, Vec<Sample>);

impl Recorded {
    /// A series with these labels, and samples at these seconds.
    fn add(&mut self, metric: &str, labels: &[(&str, &str)], samples: &[(i64, f64)]) {
        let mut labels: Vec<Label> = labels.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        labels.sort_unstable();
        let samples = samples.iter().map(|&(seconds, value)| Sample { time: seconds * 1000, value }).collect();
        self.0.entry(metric.to_owned()).or_default().push((labels, samples));
    }
}

impl Samples for Recorded {
    fn tracks<'s>(&'s self, metric: &str) -> impl Iterator<Item = Track<'s>> {
        self.0.get(metric).into_iter().flatten().map(|(labels, samples)| Track { labels, samples })
    }
}
