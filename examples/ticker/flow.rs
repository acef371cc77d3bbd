//! The messages' way from the source to Redis, and where each of them is.
//!
//! One value behind one lock, so that at every moment
//! `received = published + dropped + sampled out + pending`, where pending is what waits in the buffer or is under way
//! to Redis. (What `uncounted_loss` takes is missing on the right, which is what that knob is for.)
//!
//! It takes its time from its callers and does no input or output: the publisher takes a [`Batch`], sends it, and
//! reports how that went.

mod accounts;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use clap::Args;
use fastrand::Rng;
use prometheus::Histogram;

use crate::arguments::interval;
use crate::breaker::{Breaker, BreakerSettings, BreakerState};
use crate::knobs::Knobs;
use crate::latency::{Latencies, LatencySummary};
use crate::level::{Level, Pressure};
use crate::queue::{BoundedQueue, DropPolicy};
use crate::rate::RateWindow;
use crate::sampler::{Decision, Door, DoorSettings};
pub(crate) use accounts::Totals;

/// What does not change while it runs, and the arguments that set it.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct FlowSettings {
    /// The beginning of everything random.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Messages that wait at most.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) capacity: usize,
    /// Which message goes when the buffer is full.
    #[arg(long, value_enum, default_value_t = DropPolicy::Oldest)]
    pub(crate) drop_policy: DropPolicy,
    /// Messages of a batch at most: with the interval, the most that can be published.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) batch: u32,
    /// From one batch to the next.
    #[arg(long, default_value = "100ms", value_parser = interval)]
    pub(crate) batch_interval: Duration,
    #[command(flatten)]
    pub(crate) breaker: BreakerSettings,
    /// Over which the rates are computed.
    #[arg(long, default_value = "60s", value_parser = interval)]
    pub(crate) window: Duration,
    /// How long a level must last until the sampling rate follows it by one level.
    #[arg(long, default_value = "1s", value_parser = humantime::parse_duration)]
    pub(crate) sampling_step: Duration,
    /// The share of the capacity above which OVERLOAD sheds; with 1 the drop policy acts instead.
    #[arg(long, default_value_t = 0.8)]
    pub(crate) shed_at: f64,
}

impl FlowSettings {
    pub(crate) fn door(&self) -> DoorSettings {
        // The cast saturates, and a share of a capacity is far below 2^53.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to the capacity")]
        let shed_above = (self.shed_at < 1.0).then_some((self.capacity as f64 * self.shed_at) as usize);
        DoorSettings { step: self.sampling_step, shed_above }
    }
}

/// Messages under way to Redis. They stay pending until [`Flow::published`] or [`Flow::failed`] has them back.
#[derive(Debug)]
#[must_use]
pub(crate) struct Batch<T>(Vec<T>);

impl<T> Batch<T> {
    pub(crate) fn messages(&self) -> &[T] {
        &self.0
    }
}

/// Why a batch was not published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// There was no connection to be had.
    Connection,
    /// There was one, and an error or no answer in time.
    Publish,
}

/// All that is told of one moment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Snapshot {
    pub(crate) totals: Totals,
    /// Waiting and under way.
    pub(crate) pending: usize,
    /// Waiting.
    pub(crate) buffered: usize,
    pub(crate) capacity: usize,
    /// Received a second, before sampling.
    pub(crate) ingest_rate: f64,
    /// Published a second.
    pub(crate) publish_rate: f64,
    pub(crate) ratio: f64,
    pub(crate) latency: LatencySummary,
    pub(crate) level: Level,
    pub(crate) breaker: BreakerState,
    pub(crate) breaker_failures: u32,
    pub(crate) breaker_successes: u32,
    pub(crate) last_failure: Option<Instant>,
    pub(crate) initialized: bool,
}

/// The whole way.
#[derive(Debug)]
pub(crate) struct Flow<T> {
    settings: FlowSettings,
    pub(crate) knobs: Knobs,
    queue: BoundedQueue<T>,
    in_flight: usize,
    door: Door,
    breaker: Breaker,
    totals: Totals,
    received: RateWindow,
    sampled_out: RateWindow,
    published: RateWindow,
    /// Since when there has been something in the window of what was received.
    busy_since: Instant,
    latencies: Latencies,
    histogram: Histogram,
    random: Rng,
}

impl<T> Flow<T> {
    /// Nothing yet. `histogram` is where the publish latencies in seconds go.
    pub(crate) fn new(now: Instant, settings: FlowSettings, knobs: Knobs, histogram: Histogram) -> Self {
        let window = || RateWindow::new(now, settings.window);
        Self {
            settings,
            knobs,
            queue: BoundedQueue::new(settings.capacity, settings.drop_policy),
            in_flight: 0,
            door: Door::new(now, settings.door()),
            breaker: Breaker::new(settings.breaker),
            totals: Totals::default(),
            received: window(),
            sampled_out: window(),
            published: window(),
            busy_since: now,
            latencies: Latencies::default(),
            histogram,
            random: Rng::with_seed(settings.seed),
        }
    }

    /// Messages that have arrived now. The level is measured once for all of them.
    pub(crate) fn offer(&mut self, now: Instant, messages: impl IntoIterator<Item = T>) {
        if self.received.total(now) == 0 {
            self.busy_since = now;
        }
        let level = self.level(now);
        self.door.follow(now, level);
        for message in messages {
            self.totals.received += 1;
            self.received.add(now, 1);
            match self.door.decide(self.pending(), self.random.f64()) {
                Decision::Shed => self.totals.dropped += 1,
                Decision::SampleOut => {
                    self.totals.sampled_out += 1;
                    self.sampled_out.add(now, 1);
                }
                Decision::Accept => self.accept(message),
            }
        }
    }

    fn accept(&mut self, message: T) {
        if self.knobs.uncounted_loss > 0.0 && self.random.f64() < self.knobs.uncounted_loss {
            self.totals.vanished += 1;
        } else if self.queue.push(message, &mut self.random).is_some() {
            self.totals.dropped += 1;
        }
    }

    /// The next batch, if there is something to publish and the breaker lets it through.
    pub(crate) fn take_batch(&mut self, now: Instant) -> Option<Batch<T>> {
        if !self.knobs.initialized || !self.breaker.allows(now) || self.queue.len() == 0 {
            return None;
        }
        let batch = self.queue.take(self.settings.batch as usize);
        self.in_flight += batch.len();
        Some(Batch(batch))
    }

    /// Redis has the batch. Each of its messages took as long as the whole of it.
    pub(crate) fn published(&mut self, now: Instant, batch: &Batch<T>, latency: Duration) {
        let count = batch.0.len();
        self.in_flight -= count;
        self.totals.published += count as u64;
        self.published.add(now, count as u64);
        self.latencies.add(latency, count);
        for _ in 0..count {
            self.histogram.observe(latency.as_secs_f64());
        }
        self.breaker.succeeded();
    }

    /// The batch was not published, or not known to be: its messages are the first of the buffer again, and those that
    /// find no room there, the oldest of them, are dropped. One that Redis had in spite of an error is published twice
    /// and counted once.
    pub(crate) fn failed(&mut self, now: Instant, batch: Batch<T>, failure: Failure) {
        self.in_flight -= batch.0.len();
        self.totals.dropped += self.queue.put_back(batch.0).len() as u64;
        match failure {
            Failure::Connection => self.totals.connection_errors += 1,
            Failure::Publish => self.totals.publish_errors += 1,
        }
        self.breaker.failed(now);
    }

    fn pending(&self) -> usize {
        self.queue.len() + self.in_flight
    }

    /// Everything of this moment.
    pub(crate) fn snapshot(&mut self, now: Instant) -> Snapshot {
        Snapshot {
            totals: self.totals,
            pending: self.pending(),
            buffered: self.queue.len(),
            capacity: self.queue.capacity(),
            ingest_rate: self.received.per_second(now),
            publish_rate: self.published.per_second(now),
            ratio: self.ratio(now),
            latency: self.latencies.summary(),
            level: self.level(now),
            breaker: self.breaker.state(),
            breaker_failures: self.breaker.failures(),
            breaker_successes: self.breaker.successes(),
            last_failure: self.breaker.last_failure(),
            initialized: self.knobs.initialized,
        }
    }

    /// A handle to the latencies that were observed since the last reset.
    pub(crate) fn histogram(&self) -> &Histogram {
        &self.histogram
    }

    /// Counts from nothing again, with latencies in another `histogram`. What is pending counts as received anew, or it
    /// would be published without ever having come.
    pub(crate) fn reset(&mut self, histogram: Histogram) {
        self.totals = Totals { received: self.pending() as u64, ..Totals::default() };
        self.histogram = histogram;
    }
}
