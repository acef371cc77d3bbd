use std::sync::Arc;

use super::*;
use crate::metric::text::{Format, exposition};
use crate::metric::vocabulary;

const WINDOW: Duration = Duration::from_mins(5);

/// A service that is read every ten seconds.
struct Service {
    derive: Derive,
    now: Instant,
    /// Added to the index of each rule: another number is another source.
    source: usize,
}

/// `name value`, or `name{label,label} value`; a `*` before it marks what is of an earlier poll.
fn samples(source: usize, text: &str) -> Vec<MappedSample> {
    let sample = |(line, text): (usize, &str)| {
        let (series, value) = text.trim().rsplit_once(' ').unwrap();
        let (name, labels) =
            series.trim_start_matches('*').split_once('{').unwrap_or((series.trim_start_matches('*'), ""));
        let labels = labels.trim_end_matches('}').split(',').filter(|label| !label.is_empty());
        let definition = vocabulary::find(name).unwrap_or_else(|| panic!("{name} is in the vocabulary"));
        MappedSample {
            definition: Arc::new(definition),
            labels: labels.map(str::to_owned).collect(),
            value: value.parse().unwrap(),
            rule: source + line,
            fresh: !series.starts_with('*'),
            run: 0,
        }
    };
    text.lines().filter(|line| !line.trim().is_empty()).enumerate().map(sample).collect()
}

impl Service {
    fn new() -> Self {
        Self { derive: Derive::new(WINDOW), now: Instant::now(), source: 0 }
    }

    fn poll(&mut self, text: &str) -> Derived {
        self.now += Duration::from_secs(10);
        self.derive.observe(&samples(self.source, text), self.now)
    }

    /// Received, published, dropped, sampled out and pending.
    fn accounts(&mut self, [received, published, dropped, sampled_out, pending]: [f64; 5]) -> Derived {
        self.poll(&format!(
            "backpressure_received_total {received}
             backpressure_published_total {published}
             backpressure_dropped_total {dropped}
             backpressure_sampled_out_total {sampled_out}
             backpressure_pending_publishes {pending}"
        ))
    }
}

impl Derived {
    fn of(&self, wanted: &Metric<0>) -> Option<f64> {
        let mut values = self.values.iter().filter(|(metric, _)| metric.info().name == wanted.info().name);
        values.next().map(|(_, value)| *value)
    }
}

fn lines(derived: &Derived) -> Vec<String> {
    let mut families = Families::new();
    derived.export(&mut families);
    let text = exposition(&families.into_sorted(), Format::Prometheus);
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

const ONLY_WINDOW: [&str; 1] = ["backpressure_window_seconds 300"];

#[test]
fn rates_and_ratios_are_of_counters() {
    let mut service = Service::new();
    assert_eq!(lines(&service.accounts([1000.0, 800.0, 10.0, 100.0, 90.0])), ONLY_WINDOW);
    assert_eq!(
        lines(&service.accounts([2000.0, 1550.0, 60.0, 300.0, 90.0])),
        [
            "backpressure_drop_ratio 0.05",
            "backpressure_ingest_rate 100",
            "backpressure_publish_rate 75",
            "backpressure_publish_ratio 0.9375",
            "backpressure_rate_ratio 0.75",
            "backpressure_sampling_ratio 0.8",
            "backpressure_unaccounted_messages 0",
            "backpressure_unaccounted_ratio 0",
            "backpressure_unaccounted_total 0",
            "backpressure_window_seconds 300",
        ]
    );
}

#[test]
fn a_rate_of_counters_replaces_the_one_that_the_service_tells() {
    let mut service = Service::new();
    let told = "backpressure_ingest_rate 55\nbackpressure_publish_rate 44\nbackpressure_rate_ratio 0.7\n";
    let with = |counters: &str| format!("{told}{counters}");
    let derived = service.poll(&with(""));
    assert_eq!(
        (derived.of(&pressure::INGEST_RATE), derived.of(&pressure::PUBLISH_RATE), derived.of(&pressure::RATE_RATIO)),
        (Some(55.0), Some(44.0), Some(0.8))
    );
    let counters = |received: u32| {
        format!(
            "backpressure_received_total {received}\nbackpressure_published_total {received}\n\
             backpressure_dropped_total 0\nbackpressure_pending_publishes 0"
        )
    };
    service.poll(&with(&counters(10)));
    let derived = service.poll(&with(&counters(40)));
    assert_eq!(
        (derived.of(&pressure::INGEST_RATE), derived.of(&pressure::PUBLISH_RATE), derived.of(&pressure::RATE_RATIO)),
        (Some(3.0), Some(3.0), Some(1.0))
    );
    for name in ["backpressure_ingest_rate", "backpressure_publish_rate", "backpressure_rate_ratio"] {
        assert!(derived.replaces(name), "{name}");
    }
    assert!(!derived.replaces("backpressure_pending_publishes") && !derived.replaces("redis_cache_hit_ratio"));
}

#[test]
fn without_traffic_there_is_no_ratio() {
    let mut service = Service::new();
    let quiet = [1000.0, 900.0, 0.0, 100.0, 0.0];
    service.accounts(quiet);
    assert_eq!(
        lines(&service.accounts(quiet)),
        [
            "backpressure_ingest_rate 0",
            "backpressure_publish_rate 0",
            "backpressure_unaccounted_messages 0",
            "backpressure_unaccounted_total 0",
            "backpressure_window_seconds 300",
        ]
    );
    let told = service.poll("backpressure_ingest_rate 0\nbackpressure_publish_rate 0");
    assert_eq!((told.of(&pressure::INGEST_RATE), told.of(&pressure::RATE_RATIO)), (Some(0.0), None));
}

#[test]
fn the_drop_ratio_is_of_the_window_and_not_of_the_last_poll() {
    let mut service = Service::new();
    let mut poll =
        |published: f64, dropped: f64| service.accounts([0.0, published, dropped, 0.0, 0.0]).of(&pressure::DROP_RATIO);
    assert_eq!(poll(100.0, 0.0), None);
    assert_eq!(poll(150.0, 50.0), Some(0.5));
    assert_eq!(poll(300.0, 50.0), Some(0.2));
    // The sample of five minutes before is the oldest that counts.
    for step in 0..28 {
        assert!(poll(300.0 + f64::from(step), 50.0).is_some_and(|ratio| ratio > 0.1));
    }
    assert_eq!(poll(350.0, 50.0), Some(0.0));
}

#[test]
fn what_is_published_dropped_sampled_out_or_pending_is_accounted_for() {
    let mut service = Service::new();
    service.accounts([1000.0, 500.0, 200.0, 250.0, 50.0]);
    let all = service.accounts([1100.0, 560.0, 210.0, 260.0, 70.0]);
    assert_eq!((all.of(&pressure::UNACCOUNTED), all.of(&pressure::UNACCOUNTED_RATIO)), (Some(0.0), Some(0.0)));
    let seven = service.accounts([1200.0, 643.0, 220.0, 270.0, 60.0]);
    assert_eq!((seven.of(&pressure::UNACCOUNTED), seven.of(&pressure::UNACCOUNTED_RATIO)), (Some(7.0), Some(0.035)));
    // What was pending comes out: nothing is lost twice.
    let same = service.accounts([1200.0, 703.0, 220.0, 270.0, 0.0]);
    assert_eq!(same.of(&pressure::UNACCOUNTED), Some(7.0));
}

#[test]
fn a_restart_of_the_service_is_no_loss() {
    let mut service = Service::new();
    service.accounts([100_000.0, 99_000.0, 1000.0, 0.0, 0.0]);
    service.accounts([101_000.0, 99_900.0, 1100.0, 0.0, 0.0]);
    assert_eq!(lines(&service.accounts([40.0, 30.0, 0.0, 0.0, 10.0])), ONLY_WINDOW);
    let after = service.accounts([140.0, 140.0, 0.0, 0.0, 0.0]);
    assert_eq!(
        (after.of(&pressure::UNACCOUNTED), after.of(&pressure::DROP_RATIO), after.of(&pressure::INGEST_RATE)),
        (Some(0.0), Some(0.0), Some(10.0))
    );
}

#[test]
fn values_vanish_with_their_source() {
    let mut service = Service::new();
    service.accounts([0.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(service.accounts([10.0, 10.0, 0.0, 0.0, 0.0]).of(&pressure::INGEST_RATE), Some(1.0));
    // The counter of what was received is gone; what the publisher says is still there.
    let rest = service.poll("backpressure_published_total 20\nbackpressure_dropped_total 0");
    assert_eq!(
        (rest.of(&pressure::INGEST_RATE), rest.of(&pressure::PUBLISH_RATE), rest.of(&pressure::UNACCOUNTED)),
        (None, None, None)
    );
    assert_eq!(lines(&service.poll("backpressure_pending_publishes 0")), [""; 0]);
    // Nor does it come back with a difference to what was before.
    assert_eq!(lines(&service.accounts([500.0, 100.0, 0.0, 0.0, 0.0])), ONLY_WINDOW);
}

#[test]
fn held_values_do_not_distort() {
    let mut service = Service::new();
    service.accounts([0.0, 0.0, 0.0, 0.0, 0.0]);
    let first = service.accounts([100.0, 100.0, 0.0, 0.0, 0.0]);
    // The counter of what was received is that of ten seconds before, all others went on.
    let held = "*backpressure_received_total 100
                backpressure_published_total 200
                backpressure_dropped_total 0
                backpressure_sampled_out_total 0
                backpressure_pending_publishes 0";
    let while_held = service.poll(held);
    assert_eq!(
        (while_held.of(&pressure::INGEST_RATE), while_held.of(&pressure::UNACCOUNTED)),
        (first.of(&pressure::INGEST_RATE), Some(0.0))
    );
    let fresh = service.accounts([300.0, 300.0, 0.0, 0.0, 0.0]);
    assert_eq!(
        (fresh.of(&pressure::INGEST_RATE), fresh.of(&pressure::PUBLISH_RATE), fresh.of(&pressure::UNACCOUNTED)),
        (Some(10.0), Some(10.0), Some(0.0))
    );
}

#[test]
fn numbers_of_two_sources_have_no_difference() {
    let mut service = Service::new();
    service.accounts([1000.0, 700.0, 0.0, 300.0, 0.0]);
    service.accounts([2000.0, 1400.0, 0.0, 600.0, 0.0]);
    // The publisher's statistics fail: another endpoint has counters of another start, and none of what was sampled out.
    service.source = 100;
    let other = service.poll(
        "backpressure_received_total 2100
         backpressure_published_total 5000
         backpressure_dropped_total 0
         backpressure_pending_publishes 0",
    );
    assert_eq!(lines(&other), ONLY_WINDOW);
    service.source = 0;
    assert_eq!(lines(&service.accounts([2200.0, 1540.0, 0.0, 660.0, 0.0])), ONLY_WINDOW);
    let again = service.accounts([2300.0, 1610.0, 0.0, 690.0, 0.0]);
    assert_eq!(
        (again.of(&pressure::UNACCOUNTED), again.of(&pressure::DROP_RATIO), again.of(&pressure::PUBLISH_RATE)),
        (Some(0.0), Some(0.0), Some(7.0))
    );
}

#[test]
fn a_service_that_does_not_sample_leaves_nothing_out() {
    let mut service = Service::new();
    let mut poll = |received: u32, published: u32| {
        service.poll(&format!(
            "backpressure_received_total {received}\nbackpressure_published_total {published}\n\
             backpressure_dropped_total 0\nbackpressure_pending_publishes 0"
        ))
    };
    poll(100, 100);
    let derived = poll(200, 190);
    assert_eq!(
        (derived.of(&pressure::SAMPLING_RATIO), derived.of(&pressure::UNACCOUNTED), derived.of(&pressure::RATE_RATIO)),
        (Some(1.0), Some(10.0), Some(0.9))
    );
}

#[test]
fn the_hit_ratio_is_of_the_lookups_in_the_window() {
    let mut service = Service::new();
    let mut poll =
        |hits: u32, misses: u32| lines(&service.poll(&format!("redis_cache_hits {hits}\nredis_cache_misses {misses}")));
    let window = "redis_cache_hit_ratio_window_seconds 300";
    assert_eq!(poll(9_000_000, 1000), [window]);
    assert_eq!(poll(9_000_001, 1003), ["redis_cache_hit_ratio 0.25", window, "redis_cache_lookups_per_second 0.4"]);
    // Reset to nothing, and no lookup since.
    assert_eq!(poll(0, 0), [window]);
    assert_eq!(poll(0, 0), [window, "redis_cache_lookups_per_second 0"]);
    assert_eq!(poll(9, 1), ["redis_cache_hit_ratio 0.9", window, "redis_cache_lookups_per_second 0.5"]);
    assert_eq!(lines(&service.poll("redis_cache_hits 10")), [""; 0]);
}

#[test]
fn the_usage_of_a_pool_is_computed_unless_it_is_told() {
    let mut service = Service::new();
    let derived = service.poll(
        "pool_connections{web,in_use} 4
         pool_connections{web,idle} 8
         pool_max_connections{web} 50
         pool_connections{jobs,in_use} 5
         pool_max_connections{jobs} 10
         pool_usage_ratio{jobs} 0.45
         pool_connections{boundless,in_use} 5
         pool_connections{closed,in_use} 0
         pool_max_connections{closed} 0
         pool_connections{__other__,in_use} 7
         pool_max_connections{__other__} 9",
    );
    assert_eq!(derived.pools, [("web".to_owned(), 0.08)]);
    assert_eq!(lines(&derived), ["pool_usage_ratio{pool=\"web\"} 0.08"]);
}

#[test]
fn what_is_missing_at_two_readings_is_lost_and_counted_once() {
    let mut service = Service::new();
    let mut lost = |received: f64, published: f64| {
        service.accounts([received, published, 0.0, 0.0, 0.0]).of(&pressure::UNACCOUNTED_TOTAL)
    };
    assert_eq!(lost(1000.0, 1000.0), None);
    assert_eq!(lost(2000.0, 1970.0), Some(0.0), "they may be on their way from one counter to the other");
    assert_eq!(lost(3000.0, 3000.0), Some(0.0), "and were");
    assert_eq!(lost(4000.0, 3900.0), Some(0.0));
    assert_eq!(lost(5000.0, 4880.0), Some(100.0));
    assert_eq!(lost(6000.0, 5900.0), Some(100.0));
    // The service was restarted: what was lost before stays counted.
    assert_eq!(lost(10.0, 10.0), None);
    assert_eq!(lost(1010.0, 960.0), Some(100.0));
    assert_eq!(lost(2010.0, 1940.0), Some(150.0));
}

#[test]
fn the_publish_ratio_is_of_the_window_and_leaves_sampling_out() {
    let mut service = Service::new();
    let mut counted = |received, published, sampled_out| {
        service.accounts([received, published, 0.0, sampled_out, 0.0]).of(&pressure::PUBLISH_RATIO)
    };
    assert_eq!(counted(0.0, 0.0, 0.0), None);
    assert_eq!(counted(1000.0, 200.0, 800.0), Some(1.0), "the rest is left out on purpose");
    assert_eq!(counted(2000.0, 900.0, 800.0), Some(0.75));
    // What waits is on its way at first, and is late when it has waited for a tenth of the window.
    let mut service = Service::new();
    let mut waiting = |received, published, pending| {
        service.accounts([received, published, 0.0, 0.0, pending]).of(&pressure::PUBLISH_RATIO)
    };
    assert_eq!(waiting(0.0, 0.0, 0.0), None);
    assert_eq!(waiting(100.0, 80.0, 20.0), Some(1.0));
    assert_eq!(waiting(220.0, 150.0, 20.0), Some(0.75), "50 of the others are lost");
    assert_eq!(waiting(400.0, 300.0, 100.0), Some(0.75));
    // Without counters it is of the rates that the service tells, each for as long as it was told.
    let mut service = Service::new();
    let mut told = |received: u32, published: u32| {
        let rates = format!("backpressure_ingest_rate {received}\nbackpressure_publish_rate {published}");
        service.poll(&rates).of(&pressure::PUBLISH_RATIO)
    };
    assert_eq!(told(100, 100), None);
    assert_eq!(told(100, 100), Some(1.0));
    assert_eq!(told(100, 0), Some(0.5));
    assert_eq!(told(0, 0), Some(0.5), "a closed market changes nothing");
}
