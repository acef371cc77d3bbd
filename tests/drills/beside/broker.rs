//! A `RabbitMQ` whose consumers have their hands full, or whose disk has no room.

use super::{Beside, Neighbour};
use crate::scale::Scale;
use crate::support::missing::missing;
use crate::support::process::Process;
use crate::support::pypi;
use crate::support::rabbitmq::Broker;

/// A consumer acknowledges nothing, and more waits.
pub(crate) const FULL_HANDS: Beside =
    Beside { is_missing, start: || Box::new(FullHands { broker: started(), consumer: None }) };

/// The disk has less room than the broker wants.
pub(crate) const ALARMED: Beside = Beside { is_missing, start: || Box::new(Alarmed(started())) };

pub(super) fn is_missing() -> bool {
    missing(&["rabbitmq-server"]) || pypi::missing()
}

/// A broker with the queue `jobs`.
pub(super) fn started() -> Broker {
    let broker = Broker::start();
    broker.ask("PUT", "/api/queues/%2f/jobs", r#"{"durable":true}"#);
    broker
}

pub(super) fn table(broker: &Broker, scale: Scale) -> String {
    broker.table(&format!("interval = \"{}\"\n", scale.text(15, 5)))
}

struct FullHands {
    consumer: Option<Process>,
    broker: Broker,
}

impl Neighbour for FullHands {
    fn tables(&self, scale: Scale) -> String {
        table(&self.broker, scale)
    }

    fn over(&mut self) {
        self.consumer = Some(self.broker.consumer("/", 2));
        self.broker.publish("%2f", 5);
    }

    fn under(&mut self) {
        self.consumer = None;
        self.broker.ask("DELETE", "/api/queues/%2f/jobs/contents", "");
    }
}

struct Alarmed(Broker);

impl Neighbour for Alarmed {
    fn tables(&self, scale: Scale) -> String {
        table(&self.0, scale)
    }

    fn over(&mut self) {
        self.0.control(&["set_disk_free_limit", "1000GB"]);
    }

    fn under(&mut self) {
        self.0.control(&["set_disk_free_limit", "1MB"]);
    }
}
