//! The `MongoDB` collector: hello and serverStatus of one server, by the official driver.
//!
//! Authentication, TLS and the protocol are the driver's; it is behind the feature `mongodb`, and nothing but
//! [`driver`](self) names it. Settings and names are there without it too, so that configuration, catalog and rules are the same.

#[cfg(not(feature = "mongodb"))]
#[path = "absent.rs"]
mod driver;
#[cfg(feature = "mongodb")]
mod driver;
mod metrics;
mod settings;
mod snapshot;

use self::driver::Driver;
use super::{Collector, Health, PollError};
use crate::config::TargetSettings;
use crate::metric::{Families, MetricInfo};
use crate::topology::Sight;

pub use self::settings::{MongodbTarget, Tls};
pub use self::snapshot::{Member, Snapshot, Status};

/// Watches one `MongoDB` server.
pub struct MongodbCollector {
    target: MongodbTarget,
    driver: Driver,
}

impl MongodbCollector {
    /// A collector that has not connected yet.
    #[must_use]
    pub fn new(target: MongodbTarget) -> Self {
        Self { target, driver: Driver::new() }
    }
}

impl Collector for MongodbCollector {
    const NAME: &'static str = "mongodb";
    type Snapshot = Snapshot;

    fn metrics() -> Vec<MetricInfo> {
        metrics::metrics()
    }

    async fn poll(&mut self) -> Result<Snapshot, PollError> {
        self.driver.poll(&self.target).await
    }

    fn pace(&mut self, settings: &TargetSettings) {
        (*self.target).clone_from(settings);
    }

    fn export(snapshot: &Snapshot, out: &mut Families) {
        snapshot::export(snapshot, out);
    }

    fn export_health(health: &Health<'_>, out: &mut Families) {
        out.push_bool(&metrics::UP, [], health.error.is_none());
        if health.error.is_some() {
            snapshot::export_member(Member::Unknown, out);
        }
    }

    fn sight(&self, snapshot: &Snapshot) -> Sight {
        Sight { reached: snapshot.reached, ..Sight::default() }
    }
}
