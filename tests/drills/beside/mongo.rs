//! A `MongoDB` that says how many of its 1,000 connections are open. No real one can be had here.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use mongodb::bson::doc;

use super::{Beside, Neighbour};
use crate::scale::Scale;
use crate::support::mongo::{Answer, FakeMongo, hello};

/// 820 of 1,000 are open: more than 80 %.
pub(crate) const ALMOST_FULL: Beside = Beside { is_missing: || false, start: || Box::new(Mongo::start(820)) };

/// 960 of 1,000 are open: more than 95 %.
pub(crate) const FULL: Beside = Beside { is_missing: || false, start: || Box::new(Mongo::start(960)) };

const USUAL: i32 = 400;

struct Mongo {
    fake: FakeMongo,
    open: Arc<AtomicI32>,
    most: i32,
}

impl Mongo {
    fn start(most: i32) -> Self {
        let open = Arc::new(AtomicI32::new(USUAL));
        let told = Arc::clone(&open);
        let fake = FakeMongo::start(move |name| match name {
            "hello" | "isMaster" | "ismaster" => Answer::Reply(hello(doc! { "isWritablePrimary": true })),
            "serverStatus" => {
                let open = told.load(Ordering::Relaxed);
                Answer::Reply(doc! { "ok": 1.0, "connections": { "current": open, "available": 1_000 - open } })
            }
            _ => Answer::Reply(doc! { "ok": 1.0 }),
        });
        Self { fake, open, most }
    }
}

impl Neighbour for Mongo {
    fn tables(&self, scale: Scale) -> String {
        let (url, every) = (self.fake.address(), scale.text(15, 2));
        format!("[[mongodb]]\nname = \"db\"\nurl = {url:?}\ninterval = {every:?}\n")
    }

    fn over(&mut self) {
        self.open.store(self.most, Ordering::Relaxed);
    }

    fn under(&mut self) {
        self.open.store(USUAL, Ordering::Relaxed);
    }
}
