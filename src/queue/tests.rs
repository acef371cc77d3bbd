#![expect(clippy::float_cmp, reason = "whole numbers, or copied ones")]

use std::sync::Arc;

use tokio::time::{advance, sleep};

use super::*;
use crate::metric::text::{Format, exposition};

static METRICS: QueueMetrics = QueueMetrics {
    size: Metric::gauge("test_queue_size", &[], "Size."),
    capacity: Metric::gauge("test_queue_capacity", &[], "Capacity."),
    dropped: Metric::counter("test_queue_items_dropped_total", &[], "Dropped."),
    put_wait: Metric::histogram("test_queue_put_wait_seconds", &[], "Wait."),
    throughput: Metric::gauge("test_queue_throughput_per_second", &[], "Throughput."),
};

fn queue(capacity: usize, when_full: WhenFull) -> Arc<Queue<u32>> {
    Arc::new(Queue::new(capacity, when_full, &METRICS))
}

/// The samples of an export, without `test_queue_`.
fn samples(queue: &Queue<u32>) -> Vec<String> {
    let mut families = Families::new();
    queue.export(&mut families);
    let text = exposition(&families.into_sorted(), Format::Prometheus);
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples.map(|line| line.trim_start_matches("test_queue_").to_owned()).collect()
}

fn value(queue: &Queue<u32>, name: &str) -> f64 {
    let sample = samples(queue).into_iter().find_map(|line| line.strip_prefix(&format!("{name} ")).map(str::to_owned));
    sample.unwrap().parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_oldest_makes_room() {
    let queue = queue(2, WhenFull::DropOldest);
    assert_eq!([1, 2, 3, 4].map(|item| queue.offer(item)), [true, true, false, false]);
    assert!(!queue.put(5).await);
    assert_eq!((queue.take().await, queue.take().await), (4, 5));
    assert_eq!(value(&queue, "items_dropped_total"), 3.0);
}

#[tokio::test(start_paused = true)]
async fn the_newest_is_lost() {
    let queue = queue(2, WhenFull::DropNewest);
    assert_eq!([1, 2, 3].map(|item| queue.offer(item)), [true, true, false]);
    assert!(!queue.put(4).await);
    assert_eq!((queue.take().await, queue.take().await), (1, 2));
    assert_eq!(value(&queue, "items_dropped_total"), 2.0);
}

#[tokio::test(start_paused = true)]
async fn who_waits_gets_a_place_or_loses_the_item_after_the_time() {
    let queue = queue(1, WhenFull::Wait(Duration::from_secs(5)));
    assert!(queue.put(1).await);
    // Without waiting there is none.
    assert!(!queue.offer(2));
    let started = Instant::now();
    assert!(!queue.put(3).await);
    assert_eq!(started.elapsed().as_secs(), 5);
    let waiting = tokio::spawn({
        let queue = Arc::clone(&queue);
        async move { queue.put(4).await }
    });
    sleep(Duration::from_millis(50)).await;
    assert_eq!(queue.take().await, 1);
    assert!(waiting.await.unwrap());
    assert_eq!(queue.take().await, 4);
    assert_eq!(
        samples(&queue)[2..],
        [
            "put_wait_seconds_bucket{le=\"0.001\"} 1",
            "put_wait_seconds_bucket{le=\"0.01\"} 1",
            "put_wait_seconds_bucket{le=\"0.1\"} 2",
            "put_wait_seconds_bucket{le=\"1\"} 2",
            "put_wait_seconds_bucket{le=\"10\"} 2",
            "put_wait_seconds_bucket{le=\"60\"} 2",
            "put_wait_seconds_bucket{le=\"+Inf\"} 2",
            "put_wait_seconds_sum 0.05",
            "put_wait_seconds_count 2",
            "size 0",
            "throughput_per_second 0.39603960396039606",
        ]
    );
    assert_eq!(samples(&queue)[..2], ["capacity 1", "items_dropped_total 2"]);
}

#[tokio::test(start_paused = true)]
async fn throughput_is_what_was_taken_and_not_how_the_size_changed() {
    let queue = queue(100, WhenFull::DropNewest);
    for item in 0..40 {
        queue.offer(item);
    }
    for _ in 0..20 {
        queue.take().await;
    }
    advance(Duration::from_secs(10)).await;
    assert_eq!(value(&queue, "throughput_per_second"), 2.0);
    // As many come as go: the size stays.
    for item in 0..15 {
        queue.offer(item);
        queue.take().await;
    }
    advance(Duration::from_secs(5)).await;
    assert_eq!(value(&queue, "throughput_per_second"), 3.0);
    assert_eq!(value(&queue, "throughput_per_second"), 3.0);
    assert_eq!(value(&queue, "size"), 20.0);
    advance(Duration::from_secs(5)).await;
    assert_eq!(value(&queue, "throughput_per_second"), 0.0);
}

#[tokio::test(start_paused = true)]
async fn every_taker_and_every_putter_is_woken() {
    let queue = queue(2, WhenFull::Wait(Duration::from_mins(10)));
    let takers: Vec<_> = (0..50)
        .map(|_| {
            let queue = Arc::clone(&queue);
            tokio::spawn(async move { queue.take().await })
        })
        .collect();
    let putters: Vec<_> = (0..50)
        .map(|item| {
            let queue = Arc::clone(&queue);
            tokio::spawn(async move { queue.put(item).await })
        })
        .collect();
    for putter in putters {
        assert!(putter.await.unwrap());
    }
    let mut taken = Vec::new();
    for taker in takers {
        taken.push(taker.await.unwrap());
    }
    taken.sort_unstable();
    assert_eq!(taken, (0..50).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_taker_that_gives_up_takes_nothing_with_it() {
    let queue = queue(2, WhenFull::DropNewest);
    let given_up = tokio::time::timeout(Duration::from_secs(1), queue.take()).await;
    assert!(given_up.is_err());
    queue.offer(7);
    assert_eq!(queue.take().await, 7);
    // One that was woken and never looked wakes another.
    let first = tokio::spawn({
        let queue = Arc::clone(&queue);
        async move { queue.take().await }
    });
    let second = tokio::spawn({
        let queue = Arc::clone(&queue);
        async move { queue.take().await }
    });
    sleep(Duration::from_millis(1)).await;
    queue.offer(8);
    first.abort();
    assert!(first.await.is_err());
    assert_eq!(second.await.unwrap(), 8);
}
