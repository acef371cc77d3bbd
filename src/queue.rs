//! A bounded queue between two tasks, which exports how full it is, what it lost and how long it made others wait.
//!
//! Each queue has metrics of its own, a [`QueueMetrics`] whose names are whole literals where it is used.

use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::metric::{Families, Metric, MetricInfo};

/// Upper bounds of the waiting times, in seconds.
const BUCKETS: [f64; 6] = [0.001, 0.01, 0.1, 1.0, 10.0, 60.0];

/// What a full queue does with one more item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenFull {
    /// The oldest item makes room.
    DropOldest,
    /// The new item is lost.
    DropNewest,
    /// Whoever puts it waits for so long; then the new item is lost.
    Wait(Duration),
}

/// What one queue exports of itself.
#[derive(Debug)]
pub struct QueueMetrics {
    /// A gauge: the items in it.
    pub size: Metric<0>,
    /// A gauge: the items that it can hold.
    pub capacity: Metric<0>,
    /// A counter: the items that were lost because it was full.
    pub dropped: Metric<0>,
    /// A histogram: how long each item that was taken in had to wait for room.
    pub put_wait: Metric<0>,
    /// A gauge: the items taken out a second since the last export.
    pub throughput: Metric<0>,
}

impl QueueMetrics {
    /// For the catalog.
    #[must_use]
    pub fn infos(&self) -> Vec<MetricInfo> {
        [&self.size, &self.capacity, &self.dropped, &self.put_wait, &self.throughput]
            .map(|metric| *metric.info())
            .to_vec()
    }
}

/// A bounded queue.
#[derive(Debug)]
pub struct Queue<T> {
    /// Nothing is left half done under it, whoever panics.
    state: Mutex<State<T>>,
    capacity: usize,
    when_full: WhenFull,
    metrics: &'static QueueMetrics,
    /// One permit for an item that came, one for a place that became free.
    filled: Notify,
    freed: Notify,
}

#[derive(Debug)]
struct State<T> {
    items: VecDeque<T>,
    dropped: u64,
    /// Items taken in by the time that they waited: by bucket, the rest, and the sum.
    waits: [u64; BUCKETS.len() + 1],
    waited: Duration,
    taken: u64,
    /// Of the last export: when, and how many were taken until then.
    measured: (Instant, u64),
    throughput: f64,
}

impl<T> Queue<T> {
    /// An empty queue that holds at most `capacity` items, and at least one.
    #[must_use]
    pub fn new(capacity: usize, when_full: WhenFull, metrics: &'static QueueMetrics) -> Self {
        let state = State {
            items: VecDeque::new(),
            dropped: 0,
            waits: [0; BUCKETS.len() + 1],
            waited: Duration::ZERO,
            taken: 0,
            measured: (Instant::now(), 0),
            throughput: 0.0,
        };
        Self {
            state: Mutex::new(state),
            capacity: capacity.max(1),
            when_full,
            metrics,
            filled: Notify::new(),
            freed: Notify::new(),
        }
    }

    /// Adds an item without waiting; whether none was lost.
    pub fn offer(&self, item: T) -> bool {
        let mut state = self.state.lock();
        let mut lost = false;
        if state.items.len() >= self.capacity {
            state.dropped += 1;
            if self.when_full != WhenFull::DropOldest {
                return false;
            }
            state.items.pop_front();
            lost = true;
        }
        self.take_in(&mut state, item, Duration::ZERO);
        !lost
    }

    /// Adds an item, and waits for room if this queue waits; whether none was lost.
    pub async fn put(&self, item: T) -> bool {
        let WhenFull::Wait(patience) = self.when_full else { return self.offer(item) };
        let started = Instant::now();
        loop {
            // Asked for before the look, so that a place that becomes free in between is not missed.
            let freed = self.freed.notified();
            {
                let mut state = self.state.lock();
                if state.items.len() < self.capacity {
                    self.take_in(&mut state, item, started.elapsed());
                    if state.items.len() < self.capacity {
                        // Two places may have become free at once, and the second permit was merged with the first.
                        self.freed.notify_one();
                    }
                    return true;
                }
                if started.elapsed() >= patience {
                    state.dropped += 1;
                    return false;
                }
            }
            // Whether room or the deadline came first is seen in the next round.
            let _ = timeout_at(started + patience, freed).await;
        }
    }

    /// The next item, as soon as there is one. No item is lost if this is given up.
    pub async fn take(&self) -> T {
        loop {
            let filled = self.filled.notified();
            {
                let mut state = self.state.lock();
                if let Some(item) = state.items.pop_front() {
                    state.taken += 1;
                    if !state.items.is_empty() {
                        self.filled.notify_one();
                    }
                    self.freed.notify_one();
                    return item;
                }
            }
            filled.await;
        }
    }

    /// Exports what it counted.
    pub fn export(&self, out: &mut Families) {
        let mut state = self.state.lock();
        state.measure();
        let mut below = 0;
        let buckets: Vec<(f64, f64)> = BUCKETS
            .into_iter()
            .zip(state.waits)
            .map(|(bound, count)| {
                below += count;
                (bound, below as f64)
            })
            .collect();
        let all: u64 = state.waits.iter().sum();
        out.push(&self.metrics.size, [], state.items.len() as f64);
        out.push(&self.metrics.capacity, [], self.capacity as f64);
        out.push(&self.metrics.dropped, [], state.dropped as f64);
        out.push_histogram(&self.metrics.put_wait, [], &buckets, state.waited.as_secs_f64(), all as f64);
        out.push(&self.metrics.throughput, [], state.throughput);
    }

    fn take_in(&self, state: &mut State<T>, item: T, waited: Duration) {
        let bucket = BUCKETS.iter().position(|bound| waited.as_secs_f64() <= *bound).unwrap_or(BUCKETS.len());
        state.waits[bucket] += 1;
        state.waited += waited;
        state.items.push_back(item);
        self.filled.notify_one();
    }
}

impl<T> State<T> {
    fn measure(&mut self) {
        let (at, taken) = self.measured;
        let passed = at.elapsed();
        // Two exports of one moment have no time between them.
        if passed >= Duration::from_millis(1) {
            self.throughput = (self.taken - taken) as f64 / passed.as_secs_f64();
            self.measured = (Instant::now(), self.taken);
        }
    }
}

#[cfg(test)]
mod tests;
