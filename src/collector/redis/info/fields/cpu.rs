//! The plain numbers of the section CPU.

use super::{Field, counter};
use crate::metric::Unit::Seconds;

pub(super) const FIELDS: &[Field] = &[
    Field::raw(
        "used_cpu_sys",
        counter("redis_cpu_sys_seconds_total", "System CPU time of the server.").unit(Seconds).source("INFO cpu"),
    ),
    Field::raw(
        "used_cpu_user",
        counter("redis_cpu_user_seconds_total", "User CPU time of the server.").unit(Seconds).source("INFO cpu"),
    ),
    Field::raw(
        "used_cpu_sys_children",
        counter("redis_cpu_sys_children_seconds_total", "System CPU time of the child processes.")
            .unit(Seconds)
            .source("INFO cpu"),
    ),
    Field::raw(
        "used_cpu_user_children",
        counter("redis_cpu_user_children_seconds_total", "User CPU time of the child processes.")
            .unit(Seconds)
            .source("INFO cpu"),
    ),
    Field::raw(
        "used_cpu_sys_main_thread",
        counter("redis_cpu_sys_main_thread_seconds_total", "System CPU time of the main thread.")
            .unit(Seconds)
            .source("INFO cpu, Redis >= 6.2"),
    ),
    Field::raw(
        "used_cpu_user_main_thread",
        counter("redis_cpu_user_main_thread_seconds_total", "User CPU time of the main thread.")
            .unit(Seconds)
            .source("INFO cpu, Redis >= 6.2"),
    ),
    Field::raw(
        "used_active_time_main_thread",
        counter("redis_active_time_main_thread_seconds_total", "Time that the main thread was active.")
            .unit(Seconds)
            .source("INFO cpu, Valkey >= 9.0"),
    ),
];
