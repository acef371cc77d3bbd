//! A group of a real Kafka that reads what is written, and then does not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{Beside, Neighbour};
use crate::scale::Scale;
use crate::support::kafka::{self, Kafka};
use crate::support::tls::Certificates;
use crate::support::wait::{SOON, pause, until};

/// Its consumers stand still while more is written.
pub(crate) const FALLS_BEHIND: Beside = Beside { is_missing: kafka::missing, start: || Box::new(Group::start()) };

struct Group {
    kafka: Arc<Kafka>,
    is_reading: Arc<AtomicBool>,
    is_over: Arc<AtomicBool>,
    traffic: Option<JoinHandle<()>>,
}

impl Group {
    fn start() -> Self {
        let kafka = Arc::new(Kafka::start(&Certificates::new()));
        kafka.client(1).create_topic("ticks", &[1]);
        kafka.client(1).find_coordinator("boards");
        let (is_reading, is_over) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
        let (on, reads, ends) = (Arc::clone(&kafka), Arc::clone(&is_reading), Arc::clone(&is_over));
        let mut written = 0;
        let mut step = move || {
            until(SOON, "the broker leads the topic", || on.client(1).produce("ticks", 0, 10).then_some(()));
            written += 10;
            let commits = |broker| on.client(broker).commit("boards", None, "ticks", 0, written);
            if reads.load(Ordering::Relaxed) {
                until(SOON, "somebody coordinates the group", || (1..=2).any(commits).then_some(()));
            }
        };
        step();
        let traffic = std::thread::spawn(move || {
            while !ends.load(Ordering::Relaxed) {
                step();
                pause(Duration::from_millis(200));
            }
        });
        Self { kafka, is_reading, is_over, traffic: Some(traffic) }
    }
}

impl Neighbour for Group {
    fn tables(&self, scale: Scale) -> String {
        let (every, most) = (scale.text(15, 1), scale.text(300, 1));
        format!(
            "[[kafka]]\nname = \"events\"\nbrokers = [\"127.0.0.1:{}\"]\ninterval = {every:?}\nmax_poll_interval = {most:?}\n",
            self.kafka.broker(1).plain
        )
    }

    fn over(&mut self) {
        self.is_reading.store(false, Ordering::Relaxed);
    }

    fn under(&mut self) {
        self.is_reading.store(true, Ordering::Relaxed);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(traffic) = self.traffic.take() {
            // What went wrong there was said there.
            let _ = traffic.join();
        }
    }
}
