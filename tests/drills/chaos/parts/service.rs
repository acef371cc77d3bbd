//! Services: one whose every answer is decided here, and the example.

use std::net::SocketAddr;

use serde_json::json;

use super::super::Scene;
use super::super::plan::{About, Kind, Needs};
use super::super::truth::Is;
use crate::relay::Relay;
use crate::support::service::{Answer, Service};
use crate::support::ticker::Ticker;

/// What orders wait; a service that answers what it is told to.
pub(crate) struct Orders(pub(crate) Service);

impl Orders {
    pub(crate) const NAME: &'static str = "orders";

    pub(crate) fn start() -> Self {
        let orders = Self(Service::start());
        orders.0.json("/orders", &json!({"pending": 5}));
        orders
    }

    pub(crate) fn table(&self) -> String {
        format!(
            "[[service]]\nname = \"{}\"\nurl = \"{}\"\ninterval = \"5s\"\nuses = []\n[[service.endpoint]]\nname = \"orders\"\n\
             path = \"/orders\"\n[[service.metric]]\nendpoint = \"orders\"\nname = \"orders_pending\"\nat = \"/pending\"\n",
            Self::NAME,
            self.0.url()
        )
    }

    fn answers(&self, scene: &Scene<'_>, answer: Answer) {
        scene.truth.make(Self::NAME, Is::Down, || {
            self.0.answer("/orders", answer);
        });
    }
}

const fn about(name: &'static str) -> About {
    let pages = "ServiceUnhealthy";
    About {
        name,
        longest: 40,
        pages: Some(pages),
        may: &["ServiceUnhealthy", "ServiceFlapping"],
        needs: Needs::Nothing,
    }
}

const HEAL: fn(&mut Orders, &Scene<'_>) = |orders, scene| {
    scene.truth.make(Orders::NAME, Is::Up, || {
        orders.0.json("/orders", &json!({"pending": 5}));
    });
};

pub(crate) const ORDERS: &[Kind<Orders>] = &[
    Kind {
        about: about("answers 500"),
        begin: |orders, scene| orders.answers(scene, Answer::Body(500, "{}".to_owned())),
        heal: HEAL,
    },
    Kind {
        about: about("hangs"),
        begin: |orders, scene| orders.answers(scene, Answer::Hang(b"HTTP/1.1 200 OK\r\n".to_vec())),
        heal: HEAL,
    },
    Kind { about: about("closes"), begin: |orders, scene| orders.answers(scene, Answer::Raw(Vec::new())), heal: HEAL },
    Kind {
        about: about("answers garbage"),
        begin: |orders, scene| orders.answers(scene, Answer::Raw(vec![0xff; 4096])),
        heal: HEAL,
    },
    Kind {
        about: about("answers a page"),
        begin: |orders, scene| orders.answers(scene, Answer::Body(200, "<html>be right back</html>".to_owned())),
        heal: HEAL,
    },
    Kind {
        about: about("answers 503, Retry-After: 3600"),
        begin: |orders, scene| {
            let head = vec!["Retry-After: 3600".to_owned()];
            orders.answers(scene, Answer::With(503, head, "{}".to_owned()));
        },
        heal: HEAL,
    },
];

/// The example service on a Redis, behind an address that stays.
pub(crate) struct Example {
    ticker: Option<Ticker>,
    door: Relay,
    start: Box<dyn Fn() -> Ticker + Send>,
}

impl Example {
    pub(crate) const NAME: &'static str = "ticker";

    pub(crate) fn start(start: impl Fn() -> Ticker + Send + 'static) -> Self {
        let ticker = start();
        let door = Relay::start(ticker.address, |_, _| false);
        Self { ticker: Some(ticker), door, start: Box::new(start) }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.door.address()
    }
}

/// What may page after it was away: its counters tell of it.
const AWAY: &[&str] =
    &["ServiceUnhealthy", "ServiceFlapping", "Circuit*", "Backpressure*", "DropRateHigh", "MessagesLost"];

pub(crate) const TICKER: &[Kind<Example>] = &[
    Kind {
        about: About { may: AWAY, ..about("kill -9, and started again") },
        begin: |example, scene| {
            scene.truth.ended(Example::NAME);
            example.ticker = None;
            scene.truth.set(Example::NAME, Is::Down);
        },
        heal: |example, scene| {
            scene.truth.make(Example::NAME, Is::Up, || {
                let ticker = (example.start)();
                example.door.lead(ticker.address);
                example.ticker = Some(ticker);
            });
        },
    },
    Kind {
        about: About { may: AWAY, ..about("SIGSTOP") },
        begin: |example, scene| {
            scene.truth.make(Example::NAME, Is::Down, || example.ticker.as_ref().unwrap().signal("STOP"));
        },
        heal: |example, scene| {
            scene.truth.make(Example::NAME, Is::Up, || example.ticker.as_ref().unwrap().signal("CONT"));
        },
    },
    Kind {
        about: about("its health page closes"),
        begin: |example, _| example.door.refuse(|path, _| path.starts_with("/health")),
        heal: |example, _| example.door.refuse(|_, _| false),
    },
];
