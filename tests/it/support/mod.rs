//! What every test stands on: real servers, the real agent, and strict readers of what they say.

pub(crate) mod agent;
pub(crate) mod alertmanager;
pub(crate) mod between;
pub(crate) mod cluster;
pub(crate) mod containers;
pub(crate) mod docker;
pub(crate) mod exposition;
pub(crate) mod fake;
pub(crate) mod http;
pub(crate) mod images;
pub(crate) mod kafka;
pub(crate) mod line;
pub(crate) mod missing;
pub(crate) mod mongo;
pub(crate) mod npm;
pub(crate) mod peer;
pub(crate) mod port;
pub(crate) mod process;
pub(crate) mod prometheus;
pub(crate) mod promtool;
pub(crate) mod pypi;
pub(crate) mod redis;
pub(crate) mod service;
pub(crate) mod ticker;
pub(crate) mod tls;
pub(crate) mod wait;
