//! The labels that every series of a container has.

use crate::collector::docker::container::Container;
use crate::metric::{Families, Metric};

/// Where the series of one container go.
pub(super) struct Series<'a> {
    container: &'a Container,
    out: &'a mut Families,
}

impl<'a> Series<'a> {
    pub(super) const fn new(container: &'a Container, out: &'a mut Families) -> Self {
        Self { container, out }
    }

    /// Adds a value, if it is known; `more` are the labels behind name and image.
    pub(super) fn put<const N: usize>(&mut self, metric: &'static Metric<N>, more: &[&str], value: Option<f64>) {
        let Container { name, image, labels, .. } = self.container;
        let mut own = [name.as_str(), image.as_str()].into_iter().chain(more.iter().copied());
        if let Some(value) = value {
            self.out.push_with(metric, std::array::from_fn(|_| own.next().unwrap_or_default()), labels, value);
        }
    }

    /// Adds a whole number, if it is known.
    pub(super) fn count<const N: usize>(&mut self, metric: &'static Metric<N>, more: &[&str], value: Option<u64>) {
        self.put(metric, more, value.map(|value| value as f64));
    }
}

/// Nanoseconds in seconds.
pub(super) fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}
