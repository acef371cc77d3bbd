//! What stands beside Redis: driven over the numbers of the documents, and back.

use super::{LONG, row};
use crate::beside::{
    ALARMED, ALMOST_FULL, Beside, FALLS_BEHIND, FULL, FULL_HANDS, NGINX, ON_BROKER, ON_DATABASE, SLOW_API,
};
use crate::row::{Drill, Row};
use crate::stack::{PLAIN, Parts};

/// Nobody uses Redis there.
const fn beside(beside: Beside) -> Parts {
    Parts { services: 0, beside: Some(beside), ..PLAIN }
}

fn drive_for(drill: &mut Drill, seconds: u64) {
    drill.stack.site().neighbour().over();
    drill.begins();
    drill.wait(seconds);
    drill.stack.site().neighbour().under();
}

fn drive(drill: &mut Drill) {
    drive_for(drill, LONG);
}

/// The same; what follows on the API fires meanwhile, and nobody is told of it.
fn drive_below(drill: &mut Drill, follows: &str) {
    drill.stack.site().neighbour().over();
    drill.begins();
    drill.wait(LONG);
    let firing = drill.stack.judges.firing();
    drill.stack.site().neighbour().under();
    assert!(firing.iter().any(|alert| alert == follows), "{follows} does not fire, only {firing:?}");
}

pub(crate) const ROWS: &[Row] = &[
    Row {
        parts: beside(NGINX),
        ..row("nginx, 85 % of its connections", [0, 0, 1], "ServiceConnectionsHigh", 420, drive)
    },
    // A request that takes longer than a look is not in it.
    Row { parts: beside(SLOW_API), ..row("API, p95 above 1 s", [0, 0, 1], "ServiceLatencyHigh", 420, drive).unseen() },
    Row {
        parts: beside(FULL_HANDS),
        ..row("RabbitMQ, consumers at their prefetch", [0, 0, 1], "QueueAtPrefetch", 480, drive)
    },
    Row { parts: beside(ALARMED), ..row("RabbitMQ, no room on its disk", [1, 0, 0], "ServiceAlarm", 240, drive) },
    Row {
        parts: beside(FALLS_BEHIND),
        ..row("Kafka, a group falls behind", [0, 0, 2], "KafkaConsumerSlow", 600, |drill| drive_for(drill, 3 * LONG))
            .unseen()
    },
    Row {
        parts: beside(ALMOST_FULL),
        ..row("MongoDB, 82 % of its connections", [0, 0, 1], "MongoConnectionsHigh", 420, drive)
    },
    Row {
        parts: beside(FULL),
        ..row("MongoDB, 96 % of its connections", [1, 0, 0], "MongoConnectionsHigh", 180, drive)
    },
    Row {
        parts: beside(ON_BROKER),
        ..row("API, its RabbitMQ stands still", [1, 0, 0], "ServiceUnhealthy", 240, |drill| {
            drive_below(drill, "ServiceLatencyHigh");
        })
    },
    Row {
        parts: beside(ON_DATABASE),
        ..row("API, its MongoDB killed", [1, 0, 0], "MongoDown", 180, |drill| drive_below(drill, "ServiceUnhealthy"))
    },
    Row {
        parts: Parts { tables: "[[redis.queue]]\nkind = \"list\"\nname = \"jobs\"\n", services: 0, ..PLAIN },
        ..row("queue of 1,200 jobs", [0, 0, 1], "QueueBacklog", 420, |drill| {
            let jobs = vec!["a job"; 1_200];
            let mut connection = drill.stack.site().redis().connect();
            redis::cmd("RPUSH").arg("jobs").arg(&jobs).exec(&mut connection).unwrap();
            drill.wait(LONG);
            redis::cmd("DEL").arg("jobs").exec(&mut connection).unwrap();
        })
    },
];
