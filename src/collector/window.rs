//! What counters grew by over the last minutes.
//!
//! A ratio of counters since a server's start hides a collapse for hours; one of a window does not.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Samples that are kept over a window; more frequent ones overwrite the newest.
const MAX_SAMPLES: u32 = 512;

/// `N` values that are observed together, over a window.
#[derive(Debug)]
pub struct Window<const N: usize> {
    span: Duration,
    counters: usize,
    samples: VecDeque<(Instant, [f64; N])>,
}

/// The difference between the oldest sample of the window and the newest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Growth<const N: usize> {
    /// What each value grew by.
    pub by: [f64; N],
    /// The time between the two samples.
    pub over: Duration,
}

impl<const N: usize> Growth<N> {
    /// What grew by `amount` in that time, a second; `None` of no time.
    #[must_use]
    pub fn per_second(&self, amount: f64) -> Option<f64> {
        let seconds = self.over.as_secs_f64();
        (seconds > 0.0).then(|| amount / seconds)
    }
}

impl<const N: usize> Window<N> {
    /// Nothing seen yet. The first `counters` values only rise, unless their owner starts anew; the others may fall.
    ///
    /// `span` must be longer than the time between two observations, or there is never a difference.
    #[must_use]
    pub const fn new(span: Duration, counters: usize) -> Self {
        Self { span, counters, samples: VecDeque::new() }
    }

    /// How far it reaches back at most.
    #[must_use]
    pub const fn span(&self) -> Duration {
        self.span
    }

    /// Forgets everything: what is observed from now on belongs to another run.
    pub fn restart(&mut self) {
        self.samples.clear();
    }

    /// Takes the values of one moment and gives the growth over the window; `None` for the first ones. A counter that
    /// fell starts the window anew.
    pub fn observe(&mut self, now: Instant, values: [f64; N]) -> Option<Growth<N>> {
        let fell = |last: &[f64; N]| (0..self.counters).any(|at| values[at] < last[at]);
        if self.samples.back().is_some_and(|(_, last)| fell(last)) {
            self.samples.clear();
        }
        while self.samples.front().is_some_and(|(at, _)| now.saturating_duration_since(*at) > self.span) {
            self.samples.pop_front();
        }
        self.keep(now, values);
        self.growth()
    }

    /// The growth up to the last observation; `None` before the second one.
    #[must_use]
    pub fn growth(&self) -> Option<Growth<N>> {
        let ((first, oldest), (last, newest)) = (self.samples.front()?, self.samples.back()?);
        let by = std::array::from_fn(|at| newest[at] - oldest[at]);
        (self.samples.len() > 1).then(|| Growth { by, over: last.saturating_duration_since(*first) })
    }

    fn keep(&mut self, now: Instant, values: [f64; N]) {
        let step = self.span / MAX_SAMPLES;
        let before = self.samples.len().checked_sub(2).and_then(|index| self.samples.get(index));
        if before.is_some_and(|(at, _)| now.saturating_duration_since(*at) < step) {
            self.samples.pop_back();
        }
        self.samples.push_back((now, values));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: Duration = Duration::from_mins(5);

    fn observe<const N: usize>(
        window: &mut Window<N>,
        start: Instant,
        second: u64,
        values: [f64; N],
    ) -> Option<[f64; N]> {
        window.observe(start + Duration::from_secs(second), values).map(|growth| growth.by)
    }

    #[test]
    fn growth_is_between_the_oldest_and_the_newest() {
        let (start, mut window) = (Instant::now(), Window::new(SPAN, 1));
        assert_eq!(observe(&mut window, start, 0, [10.0, 7.0]), None);
        let growth = window.observe(start + Duration::from_secs(15), [25.0, 3.0]).unwrap();
        assert_eq!(growth, Growth { by: [15.0, -4.0], over: Duration::from_secs(15) });
        assert_eq!(observe(&mut window, start, 30, [26.0, 9.0]), Some([16.0, 2.0]));
        // The sample of 300 s before is still in, that of 315 s before is not.
        assert_eq!(observe(&mut window, start, 315, [30.0, 0.0]), Some([5.0, -3.0]));
        assert_eq!(observe(&mut window, start, 1000, [40.0, 0.0]), None);
    }

    #[test]
    fn a_counter_that_fell_starts_the_window_anew_and_a_gauge_does_not() {
        let (start, mut window) = (Instant::now(), Window::new(SPAN, 1));
        observe(&mut window, start, 0, [10.0, 7.0]);
        assert_eq!(observe(&mut window, start, 15, [10.0, 1.0]), Some([0.0, -6.0]));
        assert_eq!(observe(&mut window, start, 30, [9.0, 1.0]), None);
        assert_eq!(observe(&mut window, start, 45, [11.0, 1.0]), Some([2.0, 0.0]));
        window.restart();
        assert_eq!(observe(&mut window, start, 60, [12.0, 1.0]), None);
    }

    #[test]
    fn samples_are_bounded_and_the_window_stays_whole() {
        let (start, mut window) = (Instant::now(), Window::new(SPAN, 1));
        for milli in 0..400_000_u32 {
            window.observe(start + Duration::from_millis(milli.into()), [f64::from(milli)]);
        }
        assert!(window.samples.len() <= MAX_SAMPLES as usize + 2, "{}", window.samples.len());
        let oldest = window.samples.front().unwrap().1[0];
        assert!(oldest < 101_000.0, "{oldest}");
    }

    #[test]
    fn a_moment_before_the_last_one_does_no_harm() {
        let (start, mut window) = (Instant::now(), Window::new(SPAN, 1));
        observe(&mut window, start, 30, [1.0]);
        assert_eq!(window.observe(start, [2.0]), Some(Growth { by: [1.0], over: Duration::ZERO }));
    }
}
