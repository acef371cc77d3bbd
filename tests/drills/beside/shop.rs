//! An API that fails with what it stands on: its broker, or its database.

use super::{Beside, Neighbour, broker};
use crate::scale::Scale;
use crate::support::api::{Api, Load};
use crate::support::mongo::{self, JavaServer};
use crate::support::pypi;
use crate::support::rabbitmq::Broker;

/// Its `RabbitMQ` stands still.
pub(crate) const ON_BROKER: Beside = Beside {
    is_missing: broker::is_missing,
    start: || {
        let broker = broker::started();
        let api = Api::on(&broker.amqp.to_string(), "");
        Box::new(OnBroker { load: None, api, broker })
    },
};

/// Its database is killed.
pub(crate) const ON_DATABASE: Beside = Beside {
    is_missing: || mongo::missing() || pypi::missing(),
    start: || {
        let database = JavaServer::start(0, 9);
        let api = Api::on("", &format!("127.0.0.1:{}", database.port));
        Box::new(OnDatabase { api, database })
    },
};

fn uses(on: &str, scale: Scale) -> String {
    format!("uses = [{on:?}]\ninterval = \"{}\"\n", scale.text(15, 5))
}

struct OnBroker {
    load: Option<Load>,
    api: Api,
    broker: Broker,
}

impl Neighbour for OnBroker {
    fn tables(&self, scale: Scale) -> String {
        broker::table(&self.broker, scale) + &self.api.table(&uses("broker", scale))
    }

    /// Who asks the API waits as long as it does.
    fn over(&mut self) {
        self.broker.signal("STOP");
        self.load = Some(Load::start(self.api.address, "/health", 4));
    }

    fn under(&mut self) {
        self.broker.signal("CONT");
        self.load = None;
    }
}

struct OnDatabase {
    api: Api,
    database: JavaServer,
}

impl Neighbour for OnDatabase {
    fn tables(&self, scale: Scale) -> String {
        let (url, every) = (self.database.url(), scale.text(15, 2));
        let health = "profile = \"health\"\n[[service.endpoint]]\nname = \"health\"\npath = \"/health\"\n";
        format!("[[mongodb]]\nname = \"db\"\nurl = {url:?}\ninterval = {every:?}\n")
            + &self.api.table(&(uses("db", scale) + health))
    }

    fn over(&mut self) {
        self.database.kill();
    }

    fn under(&mut self) {
        self.database = JavaServer::start(self.database.port, 9);
    }
}
