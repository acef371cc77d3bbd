//! What stands before and behind the services, held against the real ones.

mod latency;
mod nginx;
mod rabbitmq;
