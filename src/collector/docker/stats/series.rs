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

    /// Adds a value, if it is known.
    pub(super) fn put(&mut self, metric: &Metric<2>, value: Option<f64>) {
        let Container { name, image, labels, .. } = self.container;
        if let Some(value) = value {
            self.out.push_with(metric, [name, image], labels, value);
        }
    }

    /// Adds a number, if it is known.
    pub(super) fn count(&mut self, metric: &Metric<2>, value: Option<u64>) {
        self.put(metric, value.map(|value| value as f64));
    }

    /// Adds a value with one more label, if it is known.
    pub(super) fn put_of(&mut self, metric: &Metric<3>, of: &str, value: Option<f64>) {
        let Container { name, image, labels, .. } = self.container;
        if let Some(value) = value {
            self.out.push_with(metric, [name, image, of], labels, value);
        }
    }

    /// Adds a number with one more label, if it is known.
    pub(super) fn count_of(&mut self, metric: &Metric<3>, of: &str, value: Option<u64>) {
        self.put_of(metric, of, value.map(|value| value as f64));
    }

    /// Adds a number with two more labels, if it is known.
    pub(super) fn count_of_two(&mut self, metric: &Metric<4>, [first, second]: [&str; 2], value: Option<u64>) {
        let Container { name, image, labels, .. } = self.container;
        if let Some(value) = value {
            self.out.push_with(metric, [name, image, first, second], labels, value as f64);
        }
    }

    /// Adds a number with four more labels.
    pub(super) fn count_of_four(&mut self, metric: &Metric<6>, of: [&str; 4], value: u64) {
        let Container { name, image, labels, .. } = self.container;
        let [first, second, third, fourth] = of;
        self.out.push_with(metric, [name, image, first, second, third, fourth], labels, value as f64);
    }
}

/// Nanoseconds in seconds.
pub(super) fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}
