//! What the schedule breaks.

pub(crate) mod agent;
pub(crate) mod engine;
pub(crate) mod redis;
pub(crate) mod service;
