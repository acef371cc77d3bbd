//! The agent's HTTP side: the server, its web configuration, and the routes.

pub mod routes;
pub mod server;
pub mod web;
