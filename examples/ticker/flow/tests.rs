use super::*;
use crate::exposition::latency_histogram;

const SETTINGS: FlowSettings = FlowSettings {
    capacity: 10_000,
    drop_policy: DropPolicy::Oldest,
    batch: 100,
    batch_interval: Duration::from_millis(100),
    window: Duration::from_mins(1),
    breaker: BreakerSettings { failures: 5, open: Duration::from_secs(30), successes: 2 },
    sampling_step: Duration::from_secs(1),
    shed_at: 0.8,
    seed: 1,
};
fn knobs() -> Knobs {
    Knobs { initialized: true, ..Knobs::default() }
}

/// A flow whose clock is turned by the test.
struct Driven {
    flow: Flow<u64>,
    start: Instant,
    millis: u64,
    next: u64,
    sent: Vec<u64>,
}

impl Driven {
    fn new(settings: FlowSettings, knobs: Knobs) -> Self {
        let start = Instant::now();
        let flow = Flow::new(start, settings, knobs, latency_histogram().unwrap());
        Self { flow, start, millis: 0, next: 0, sent: Vec::new() }
    }

    fn now(&self) -> Instant {
        self.start + Duration::from_millis(self.millis)
    }

    fn offer(&mut self, count: u64) {
        self.flow.offer(self.now(), self.next..self.next + count);
        self.next += count;
    }

    fn publish(&mut self) -> usize {
        let Some(batch) = self.flow.take_batch(self.now()) else { return 0 };
        self.sent.extend(batch.messages());
        self.flow.published(self.now(), &batch, Duration::from_millis(2));
        batch.messages().len()
    }

    fn fail(&mut self, failure: Failure) {
        let batch = self.flow.take_batch(self.now()).unwrap();
        self.flow.failed(self.now(), batch, failure);
    }

    fn snapshot(&mut self) -> Snapshot {
        let seen = self.flow.snapshot(self.now());
        let totals = seen.totals;
        let accounted = totals.published + totals.dropped + totals.sampled_out + totals.vanished + seen.pending as u64;
        assert_eq!(totals.received, accounted, "{seen:?}");
        seen
    }

    /// So many a second in slices of 10 ms, and a batch each 100 ms, for that long; `look` is called each 100 ms.
    fn run(&mut self, seconds: u64, per_second: u64, mut look: impl FnMut(&Snapshot)) {
        let end = self.millis + seconds * 1_000;
        while self.millis < end {
            self.offer(per_second / 100);
            self.millis += 10;
            if self.millis.is_multiple_of(100) {
                self.publish();
                look(&self.snapshot());
            }
        }
    }
}

#[test]
#[expect(clippy::float_cmp, reason = "exact in binary")]
fn what_flows_is_published_in_order_and_healthy() {
    let mut driven = Driven::new(SETTINGS, knobs());
    driven.run(120, 800, |seen| assert_eq!(seen.level, Level::Healthy));
    let seen = driven.snapshot();
    assert_eq!(seen.totals, Totals { received: 96_000, published: 96_000, ..Totals::default() });
    assert_eq!(seen.ingest_rate, 800.0);
    // The batch of this very moment is one more than those of a minute.
    assert_eq!((seen.publish_rate, seen.ratio), (601.0 * 80.0 / 60.0, 601.0 / 600.0));
    assert_eq!(seen.latency, LatencySummary { average: 2.0, p95: 2.0, p99: 2.0 });
    assert!(driven.sent.iter().copied().eq(0..96_000));
    assert_eq!(driven.flow.histogram().get_sample_count(), 96_000);
}

#[test]
fn a_drill_shows_the_sampling_rates_one_after_the_other() {
    let mut driven = Driven::new(SETTINGS, knobs());
    driven.run(60, 200, |seen| assert_eq!(seen.totals.sampled_out, 0));
    // Beyond the cap of 1,000 a second. The share that is let in, second by second.
    let mut shares = Vec::new();
    for _ in 0..6 {
        let before = driven.snapshot().totals;
        driven.run(1, 3_000, |_| ());
        let after = driven.snapshot().totals;
        shares.push(3_000 - (after.sampled_out - before.sampled_out));
        assert_eq!(after.dropped, 0, "nothing is shed");
    }
    // A step of a second after the first 100 pending, and one each second from then on. Three standard deviations of
    // the sampler are below 100.
    for (share, expected) in shares.iter().zip([3_000, 2_400, 1_500, 600, 600, 600]) {
        assert!(share.abs_diff(expected) < 200, "{shares:?}");
    }
    assert_eq!(driven.snapshot().level, Level::Overload);
}

#[test]
fn a_level_does_not_latch_by_its_own_sampling() {
    let recovered = |latch| {
        let mut driven = Driven::new(SETTINGS, Knobs { latch, ..knobs() });
        driven.run(60, 3_000, |_| ());
        // What one batch carries with room to spare, for longer than the window.
        driven.run(90, 500, |_| ());
        let seen = driven.snapshot();
        (seen.level, seen.totals.sampled_out, seen.ratio)
    };
    let (level, _, ratio) = recovered(false);
    assert_eq!(level, Level::Healthy);
    assert!((0.95..=1.05).contains(&ratio), "{ratio}");
    let (level, _, ratio) = recovered(true);
    assert_eq!(level, Level::Overload);
    assert!((0.19..=0.21).contains(&ratio), "{ratio}");
}

#[test]
fn a_failed_batch_is_tried_again_first() {
    let mut driven = Driven::new(SETTINGS, knobs());
    driven.offer(150);
    driven.fail(Failure::Publish);
    driven.fail(Failure::Connection);
    let seen = driven.snapshot();
    assert_eq!((seen.pending, seen.buffered, seen.breaker_failures), (150, 150, 2));
    assert_eq!((seen.totals.publish_errors, seen.totals.connection_errors), (1, 1));
    assert_eq!((driven.publish(), driven.publish(), driven.publish()), (100, 50, 0));
    assert!(driven.sent.iter().copied().eq(0..150));
    assert_eq!(driven.snapshot().breaker_failures, 0);
}

#[test]
fn a_batch_under_way_is_pending_and_the_oldest_of_it_go_when_it_finds_no_room() {
    let mut driven = Driven::new(FlowSettings { capacity: 120, ..SETTINGS }, knobs());
    driven.offer(110);
    let batch = driven.flow.take_batch(driven.now()).unwrap();
    let seen = driven.snapshot();
    assert_eq!((seen.pending, seen.buffered), (110, 10));
    driven.offer(40);
    driven.flow.failed(driven.now(), batch, Failure::Publish);
    let seen = driven.snapshot();
    assert_eq!((seen.pending, seen.buffered, seen.totals.dropped), (120, 120, 30));
    driven.publish();
    assert!(driven.sent.iter().copied().eq(30..130));
}

#[test]
fn with_redis_gone_it_buffers_until_it_is_full_and_drops_after_that() {
    let unshed = FlowSettings { sampling_step: Duration::from_hours(1), shed_at: 1.0, ..SETTINGS };
    let mut driven = Driven::new(unshed, knobs());
    for _ in 0..100 {
        driven.offer(1_000);
        driven.millis += 100;
        if let Some(batch) = driven.flow.take_batch(driven.now()) {
            driven.flow.failed(driven.now(), batch, Failure::Connection);
        }
    }
    let seen = driven.snapshot();
    assert_eq!((seen.breaker, seen.totals.connection_errors), (BreakerState::Open, 5));
    assert_eq!((seen.pending, seen.totals.dropped, seen.level), (10_000, 90_000, Level::Overload));
    assert_eq!(seen.last_failure, Some(driven.start + Duration::from_millis(500)));
    // Redis is back: a trial, another one, and the newest messages are those that were kept.
    driven.millis = 30_500;
    assert_eq!(driven.publish(), 100);
    assert_eq!(driven.snapshot().breaker, BreakerState::HalfOpen);
    driven.publish();
    assert_eq!(driven.snapshot().breaker, BreakerState::Closed);
    assert_eq!(driven.sent.first(), Some(&90_000));
}

#[test]
fn overload_sheds_at_the_door_before_the_buffer_is_full() {
    let slow = FlowSettings { sampling_step: Duration::from_hours(1), ..SETTINGS };
    let mut driven = Driven::new(slow, knobs());
    for _ in 0..10 {
        driven.offer(1_000);
    }
    let seen = driven.snapshot();
    assert_eq!((seen.pending, seen.totals.dropped), (8_001, 1_999));
}

#[test]
fn uncounted_loss_is_missing_in_the_accounts() {
    let mut driven = Driven::new(SETTINGS, Knobs { uncounted_loss: 0.03, ..knobs() });
    driven.run(100, 500, |_| ());
    let seen = driven.snapshot();
    assert_eq!((seen.totals.dropped, seen.totals.sampled_out), (0, 0));
    let missing = seen.totals.received - seen.totals.published - seen.pending as u64;
    assert_eq!(missing, seen.totals.vanished);
    // Of 50,000; the standard deviation is 38.
    assert!((1_350..=1_650).contains(&missing), "{missing}");
}

#[test]
fn before_it_is_initialized_messages_wait() {
    let mut driven = Driven::new(SETTINGS, Knobs { initialized: false, ..knobs() });
    driven.offer(10);
    assert_eq!(driven.publish(), 0);
    assert_eq!(driven.snapshot().pending, 10);
    driven.flow.knobs.initialized = true;
    assert_eq!(driven.publish(), 10);
}

#[test]
fn a_reset_keeps_the_accounts_even() {
    let mut driven = Driven::new(SETTINGS, knobs());
    driven.offer(250);
    driven.publish();
    let batch = driven.flow.take_batch(driven.now()).unwrap();
    driven.flow.reset(latency_histogram().unwrap());
    assert_eq!(driven.snapshot().totals, Totals { received: 150, ..Totals::default() });
    driven.flow.published(driven.now(), &batch, Duration::ZERO);
    assert_eq!(driven.snapshot().totals, Totals { received: 150, published: 100, ..Totals::default() });
    assert_eq!(driven.flow.histogram().get_sample_count(), 100);
}

#[test]
fn the_ratio_is_heeded_once_a_batch_is_little_of_what_came() {
    let mut driven = Driven::new(SETTINGS, knobs());
    driven.offer(90);
    assert_eq!(driven.snapshot().level, Level::Healthy);
    driven.millis = 1_999;
    assert_eq!(driven.snapshot().level, Level::Healthy);
    driven.millis = 2_000;
    let seen = driven.snapshot();
    assert_eq!((seen.ratio.to_string(), seen.level), ("0".to_owned(), Level::Overload));
    // Two minutes of silence later there is nothing in the window, and it begins anew.
    driven.publish();
    driven.millis = 120_000;
    driven.offer(1);
    assert_eq!(driven.snapshot().level, Level::Healthy);
}
