//! The agent as its users run it: the real binary, against real servers, scraped by a real Prometheus.
//!
//! One file an area. A program that is not installed skips its tests, loudly; where `CI` is set that is a failure.
//! `UPDATE_GOLDEN=1` writes the golden files anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "these are tests, helpers included")]

mod alert_rules;
mod alertmanager;
mod asking;
mod backpressure;
mod canary;
mod check;
mod clients;
mod cluster;
mod commands;
mod compatibility;
mod courses;
mod coverage;
mod deploy;
mod discover;
mod docker;
mod docker_cadvisor;
mod docker_lifecycle;
mod docker_logs;
mod docker_proxy;
mod docker_stats;
mod edge;
mod engines;
mod faults;
mod golden;
mod host;
mod http;
mod image;
mod incidents;
mod inert;
mod instances;
mod kafka;
mod keys;
mod kinds;
mod log_files;
mod logs;
mod map;
mod mongodb;
mod pools;
mod prometheus;
mod question;
mod queues;
mod redis_kinds;
mod render;
mod replay;
mod rotation;
mod runbooks;
mod sentinel;
mod service;
mod signals;
mod states;
mod support;
mod tls;
mod topology;
mod verdicts;
mod versions;
mod way_out;
mod words;
