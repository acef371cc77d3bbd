//! `RabbitMQ`'s management API, by the profile: two virtual hosts with a queue of one name.

use std::time::Duration;

use crate::support::agent::{config_file, output, stderr, stdout};
use crate::support::exposition::Exposition;
use crate::support::missing::missing;
use crate::support::pypi;
use crate::support::rabbitmq::Broker;
use crate::support::wait::until;

/// What the broker counts it tells some seconds later.
const TOLD: Duration = Duration::from_secs(30);

fn poll(broker: &Broker) -> Exposition {
    let (_dir, file) = config_file(&broker.table(""));
    let output = output(&["poll", "--config", file.to_str().unwrap()]);
    assert!(output.status.success(), "{}", stderr(&output));
    Exposition::of(&stdout(&output))
}

fn check(broker: &Broker) -> String {
    let (_dir, file) = config_file(&broker.table(""));
    stdout(&output(&["check", "--config", file.to_str().unwrap()]))
}

#[test]
fn a_broker_has_its_queues_by_virtual_host_what_consumers_may_hold_and_its_alarms() {
    if missing(&["rabbitmq-server"]) || pypi::missing() {
        return;
    }
    let broker = Broker::start();
    broker.ask("PUT", "/api/vhosts/shop", "");
    for vhost in ["%2f", "shop"] {
        broker.ask("PUT", &format!("/api/queues/{vhost}/jobs"), r#"{"durable":true,"arguments":{"x-max-length":10}}"#);
    }
    broker.publish("%2f", 4);
    broker.publish("shop", 7);
    let _consumers = [broker.consumer("/", 1), broker.consumer("/", 2)];
    let of = |vhost| [("vhost", vhost), ("queue", "jobs")];
    let seen = until(TOLD, "the broker has counted", || {
        let seen = poll(&broker);
        let unacked = seen.get("queue_unacked", &of("/"));
        let is_told = unacked == Some(3.0) && seen.get("queue_size", &of("shop")) == Some(7.0);
        // What its nodes use comes with the next of their own looks.
        (is_told && seen.get("service_alarm", &[("alarm", "disk")]).is_some()).then_some(seen)
    });
    for (name, default, shop) in [
        ("queue_size", 1.0, 7.0),
        ("queue_unacked", 3.0, 0.0),
        ("queue_workers", 2.0, 0.0),
        ("queue_capacity", 10.0, 10.0),
        ("rabbitmq_queue_messages", 4.0, 7.0),
        ("rabbitmq_queue_messages_ready", 1.0, 7.0),
        ("rabbitmq_queue_messages_unacknowledged", 3.0, 0.0),
        ("rabbitmq_queue_consumers", 2.0, 0.0),
        ("rabbitmq_queue_messages_published_total", 4.0, 7.0),
    ] {
        seen.assert(name, &of("/"), default);
        seen.assert(name, &of("shop"), shop);
    }
    seen.assert("queue_prefetch", &of("/"), 3.0);
    assert_eq!(seen.get("queue_prefetch", &of("shop")), None, "nobody consumes there");
    for alarm in ["memory", "disk"] {
        seen.assert("service_alarm", &[("alarm", alarm)], 0.0);
    }
    let watermark = seen.label_values("rabbitmq_node_mem_limit", "rabbitmq_node");
    assert_eq!(watermark.len(), 1, "{watermark:?}");

    // Over: three are held of three, and one waits; in the other queue seven wait for nobody.
    let text = check(&broker);
    for found in [
        "The consumers of jobs of broker hold 100% of what they may hold unacknowledged, and more waits.",
        "7 jobs wait in jobs of broker, and there is no worker to take them.",
    ] {
        assert!(text.contains(found), "{text}");
    }
    assert!(!text.contains("ServiceAlarm critical"), "{text}");

    broker.control(&["set_disk_free_limit", "1000GB"]);
    until(TOLD, "the broker raises its alarm", || {
        check(&broker).contains("broker has raised its alarm disk: who publishes to it waits.").then_some(())
    });
    broker.control(&["set_disk_free_limit", "1MB"]);
    until(TOLD, "it is over", || (!check(&broker).contains("has raised its alarm")).then_some(()));
}
