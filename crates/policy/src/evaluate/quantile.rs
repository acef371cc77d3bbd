//! A quantile of a histogram, as `histogram_quantile` of Prometheus estimates it.

use std::collections::HashMap;

use super::elements::Element;
use super::samples::{Label, label};
use crate::{NODE, OF_SCRAPE, OF_TARGET};

/// The label of a bucket: what it counted did not exceed it.
const BOUND: &str = "le";

/// The quantile `part` of each histogram whose buckets these are, added up over all labels but those of its target and `by`.
pub(super) fn elements<'s>(buckets: &[Element<'_>], part: f64, by: &[String]) -> Vec<Element<'s>> {
    let kept = |(name, _): &&Label| {
        let of_target = OF_SCRAPE.iter().chain(&OF_TARGET).chain(&[NODE]);
        of_target.copied().chain(by.iter().map(String::as_str)).any(|kept| kept == &**name)
    };
    let mut found: HashMap<Vec<Label>, usize> = HashMap::new();
    let mut histograms: Vec<(Vec<Label>, Vec<Bucket>)> = Vec::new();
    for bucket in buckets {
        let Some(bound) = label(&bucket.labels, BOUND).and_then(|bound| bound.parse().ok()) else { continue };
        let labels: Vec<Label> = bucket.labels.iter().filter(kept).cloned().collect();
        let at = *found.entry(labels.clone()).or_insert_with(|| {
            histograms.push((labels, Vec::new()));
            histograms.len() - 1
        });
        histograms[at].1.push(Bucket { bound, count: bucket.value });
    }
    let quantiles = histograms.into_iter();
    quantiles
        .filter_map(|(labels, buckets)| Some(Element { labels: labels.into(), value: of(part, buckets)? }))
        .collect()
}

/// How much of what a histogram counted did not exceed a bound.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    bound: f64,
    count: f64,
}

/// The quantile of one histogram: within a bucket its values are taken to be spread evenly. Beyond the highest bound nothing
/// is known, and that bound is the answer.
fn of(part: f64, mut buckets: Vec<Bucket>) -> Option<f64> {
    buckets.sort_by(|one, other| one.bound.total_cmp(&other.bound));
    buckets.dedup_by(|next, bucket| {
        let is_same = next.bound.total_cmp(&bucket.bound).is_eq();
        if is_same {
            bucket.count += next.count;
        }
        is_same
    });
    let mut most = 0.0_f64;
    for bucket in &mut buckets {
        // Read one after the other, a bucket may lag behind a smaller one.
        most = most.max(bucket.count);
        bucket.count = most;
    }
    let [finite @ .., all] = buckets.as_slice() else { return None };
    let highest = finite.last()?;
    if all.bound < f64::INFINITY || all.count.is_nan() || all.count <= 0.0 {
        return None;
    }
    let rank = part * all.count;
    let at = finite.partition_point(|bucket| bucket.count < rank);
    let Some(bucket) = finite.get(at) else { return Some(highest.bound) };
    let below = match at.checked_sub(1) {
        Some(before) => finite[before],
        None if bucket.bound <= 0.0 => return Some(bucket.bound),
        None => Bucket { bound: 0.0, count: 0.0 },
    };
    Some(below.bound + (bucket.bound - below.bound) * ((rank - below.count) / (bucket.count - below.count)))
}
