//! The plain numbers of the section CPU.

use super::Field::{self, Raw};
use crate::metric::metrics;

metrics! {
    pub(super) fn metrics;
    pub(super) const FIELDS: [(Field, Metric<0>)];
    Raw("used_cpu_sys") => counter "redis_cpu_sys_seconds_total" [] Seconds,
        "System CPU time of the server.", "INFO cpu";
    Raw("used_cpu_user") => counter "redis_cpu_user_seconds_total" [] Seconds,
        "User CPU time of the server.", "INFO cpu";
    Raw("used_cpu_sys_children") => counter "redis_cpu_sys_children_seconds_total" [] Seconds,
        "System CPU time of the child processes.", "INFO cpu";
    Raw("used_cpu_user_children") => counter "redis_cpu_user_children_seconds_total" [] Seconds,
        "User CPU time of the child processes.", "INFO cpu";
    Raw("used_cpu_sys_main_thread") => counter "redis_cpu_sys_main_thread_seconds_total" [] Seconds,
        "System CPU time of the main thread.", "INFO cpu, Redis >= 6.2";
    Raw("used_cpu_user_main_thread") => counter "redis_cpu_user_main_thread_seconds_total" [] Seconds,
        "User CPU time of the main thread.", "INFO cpu, Redis >= 6.2";
    Raw("used_active_time_main_thread") => counter "redis_active_time_main_thread_seconds_total" [] Seconds,
        "Time that the main thread was active.", "INFO cpu, Valkey >= 9.0";
}
