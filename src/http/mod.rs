//! The agent's HTTP side: the server, its web configuration, the routes; and the client that asks others.

pub mod client;
pub mod routes;
pub mod server;
pub mod web;
