//! The CPU of a poll of a large cluster: 500 topics of 50 partitions, and a group for each that has committed all of them.
//!
//! The broker answers at once, and the polls have the thread that is measured to themselves: the time is the agent's own.

#[path = "../../src/collector/kafka/tests/fake.rs"]
#[expect(dead_code, clippy::unwrap_used, reason = "this broker does nothing that a real one would not")]
mod fake;

use std::time::Duration;

use criterion::{Criterion, SamplingMode, Throughput};
use manometer::collector::Collector as _;
use manometer::collector::kafka::{KafkaCollector, KafkaTarget};
use manometer::metric::Families;
use tokio::runtime;

use self::fake::{Fake, Group, Topic, World};

const GROUPS: usize = 500;
const PARTITIONS: i32 = 50;

fn world() -> World {
    let mut world = World::default();
    for at in 0..GROUPS {
        let name = format!("topic-of-a-usual-length-{at}");
        let committed = (0..PARTITIONS).map(|index| (name.clone(), index, 1_000)).collect();
        let group = Group { coordinator: 1, members: 3, protocol: "consumer", is_new: false, committed };
        world.groups.insert(name.clone(), group);
        world.topics.push(Topic {
            name,
            is_internal: false,
            partitions: (0..PARTITIONS).map(|_| (1, 0, 5_000)).collect(),
        });
    }
    world
}

/// Nanoseconds of CPU that this thread has taken.
fn spent() -> u64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells the time of a thread");
    told.split(' ').next().and_then(|nanoseconds| nanoseconds.parse().ok()).expect("nanoseconds")
}

/// The CPU of as many turns.
fn measure(turns: u64, mut turn: impl FnMut()) -> Duration {
    let began = spent();
    (0..turns).for_each(|_| turn());
    Duration::from_nanos(spent() - began)
}

pub(crate) fn kafka(criterion: &mut Criterion) {
    let fake = Fake::start(1, world(), |_| None);
    let text =
        format!("[[kafka]]\nname = \"large\"\nbrokers = [\"127.0.0.1:{}\"]\ndeadline = \"14s\"\n", fake.ports[0]);
    let target: KafkaTarget = crate::target(&text);
    let mut collector = KafkaCollector::new(target.clone());
    let runtime = runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut poll = || runtime.block_on(collector.poll()).expect("a broker that answers");
    let snapshot = poll();

    let mut group = criterion.benchmark_group("kafka");
    group.throughput(Throughput::Elements(GROUPS as u64 * PARTITIONS as u64));
    group.sampling_mode(SamplingMode::Flat);
    group.bench_function("poll", |bencher| bencher.iter_custom(|turns| measure(turns, || drop(poll()))));
    group.bench_function("export", |bencher| {
        bencher.iter_custom(|turns| {
            measure(turns, || {
                let mut families = Families::with_limit(target.common.series_limit);
                KafkaCollector::export(&snapshot, &mut families);
            })
        });
    });
    group.finish();
}
