//! What stands beside Redis in a drill: proxies, brokers, databases and APIs, real ones where there are.

mod broker;
mod kafka;
mod mongo;
mod shop;
mod web;

pub(crate) use broker::{ALARMED, FULL_HANDS};
pub(crate) use kafka::FALLS_BEHIND;
pub(crate) use mongo::{ALMOST_FULL, FULL};
pub(crate) use shop::{ON_BROKER, ON_DATABASE};
pub(crate) use web::{NGINX, SLOW_API};

use crate::scale::Scale;

/// Something that can be driven over what its alert compares, and back under it.
pub(crate) trait Neighbour {
    /// Its tables of the agent's configuration.
    fn tables(&self, scale: Scale) -> String;
    fn over(&mut self);
    fn under(&mut self);
}

/// A kind of neighbour.
#[derive(Clone, Copy)]
pub(crate) struct Beside {
    /// Whether it cannot be had here; it says so, and fails where `CI` is set.
    pub(crate) is_missing: fn() -> bool,
    pub(crate) start: fn() -> Box<dyn Neighbour>,
}
