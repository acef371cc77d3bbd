//! The CPU of a poll of a large cluster: 500 topics of 50 partitions, and a group for each that has committed all of them.
//!
//! The broker answers at once, and the polls have the thread that is measured to themselves: what is printed is the agent's own.
#![expect(clippy::expect_used, reason = "a bench that cannot be set up has nothing to measure")]
#![expect(clippy::print_stdout, reason = "that is what it is for")]

#[path = "../src/collector/kafka/tests/fake.rs"]
#[expect(dead_code, clippy::unwrap_used, reason = "this broker does nothing that a real one would not")]
mod fake;

use std::path::Path;

use manometer::collector::kafka::{KafkaCollector, KafkaTarget};
use manometer::collector::{Collector as _, KINDS};
use manometer::config::Config;
use manometer::metric::Families;

use self::fake::{Fake, Group, Topic, World};

const POLLS: usize = 12;
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

/// Milliseconds of CPU that this thread has taken.
fn spent() -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells the time of a thread");
    told.split(' ').next().and_then(|nanoseconds| nanoseconds.parse::<f64>().ok()).expect("nanoseconds") / 1e6
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let fake = Fake::start(1, world(), |_| None);
    let text =
        format!("[[kafka]]\nname = \"large\"\nbrokers = [\"127.0.0.1:{}\"]\ndeadline = \"14s\"\n", fake.ports[0]);
    let config = Config::parse(&text, Path::new("bench.toml"), &|_| None, KINDS).expect("a valid configuration");
    let target: &KafkaTarget = config.targets_of().next().expect("a target");
    let mut collector = KafkaCollector::new(target.clone());
    // As a test it only has to work.
    let polls = if std::env::args().any(|word| word == "--bench") { POLLS } else { 1 };
    for _ in 0..polls {
        let began = spent();
        let snapshot = collector.poll().await.expect("a broker that answers");
        let polled = spent();
        let mut families = Families::with_limit(target.common.series_limit);
        KafkaCollector::export(&snapshot, &mut families);
        println!("{:.1} ms to poll, {:.1} ms to export {} series", polled - began, spent() - polled, families.series());
    }
}
