//! What several fields of INFO say together, with the configuration at hand: numbers that rules compare.

use std::time::{SystemTime, UNIX_EPOCH};

use super::Info;
use super::fields::Text;
use crate::collector::redis::server_config::ServerConfig;
use crate::metric::{Families, metrics};

metrics! {
    pub(super) fn metrics;
    EVICTABLE: gauge "redis_evictable" [] Bool,
        "Whether keys may be evicted without harm: as evictable of the target says, else 1 where maxmemory_policy is one of \
         allkeys-*: a cache.", "the configuration of the agent, INFO memory";
    MEMORY_LIMIT: gauge "redis_memory_limit_bytes" [] Bytes,
        "What the allocated bytes should stay below: maxmemory, or where that is 0 the memory of the machine. Absent where \
         keys that may be evicted make room: under allkeys-*, unless evictable = false.", "INFO memory";
    MAIN_THREAD_CPU: counter "redis_cpu_main_thread_seconds_total" [] Seconds,
        "CPU time of the thread that runs the commands, system and user; before Redis 6.2 that of all threads.",
        "INFO cpu";
    SAVE_AGE: gauge "redis_rdb_save_age_ratio" [] Ratio,
        "Age of the last dump that succeeded, as a multiple of the longest time that save allows for as many changes as there \
         are; absent while nothing is to be saved.", "INFO persistence, CONFIG GET save";
}

/// The numbers of one poll.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Verdicts {
    evictable: Option<bool>,
    memory_limit: Option<f64>,
    main_thread_cpu: Option<f64>,
    save_age: Option<f64>,
}

impl Verdicts {
    /// `evictable` is what the target's settings say.
    pub(super) fn of(info: &Info, config: Option<&ServerConfig>, evictable: Option<bool>) -> Self {
        let evicts_all = info.text(Text::MaxmemoryPolicy).map(|policy| policy.starts_with("allkeys-"));
        let evictable = evictable.or(evicts_all);
        Self {
            evictable,
            memory_limit: memory_limit(info, evicts_all == Some(true) && evictable == Some(true)),
            main_thread_cpu: sum(info, ["used_cpu_sys_main_thread", "used_cpu_user_main_thread"])
                .or_else(|| sum(info, ["used_cpu_sys", "used_cpu_user"])),
            save_age: config.and_then(|config| save_age(info, config)),
        }
    }

    pub(super) fn export(&self, out: &mut Families) {
        out.push_known(&EVICTABLE, [], self.evictable.map(f64::from));
        out.push_known(&MEMORY_LIMIT, [], self.memory_limit);
        out.push_known(&MAIN_THREAD_CPU, [], self.main_thread_cpu);
        out.push_known(&SAVE_AGE, [], self.save_age);
    }
}

/// `makes_room`: at its limit it evicts what may be evicted.
fn memory_limit(info: &Info, makes_room: bool) -> Option<f64> {
    let max = info.number("maxmemory")?;
    if max > 0.0 {
        return (!makes_room).then_some(max);
    }
    info.number("total_system_memory").filter(|machine| *machine > 0.0)
}

fn sum(info: &Info, keys: [&str; 2]) -> Option<f64> {
    let [one, other] = keys.map(|key| info.number(key));
    Some(one? + other?)
}

fn save_age(info: &Info, config: &ServerConfig) -> Option<f64> {
    let changes = info.number("rdb_changes_since_last_save")?;
    let due = config.save_points().filter(|(_, at_least)| changes >= *at_least);
    let longest = due.map(|(seconds, _)| seconds).reduce(f64::max).filter(|seconds| *seconds > 0.0)?;
    let now = info.server_time_usec().map(|usec| usec / 1e6).or_else(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
        Some(since.as_secs_f64())
    })?;
    Some((now - info.number("rdb_last_save_time")?).max(0.0) / longest)
}

#[cfg(test)]
mod tests {
    use redis::Value;

    use super::super::parse;
    use super::*;
    use crate::collector::redis::server_config;

    fn info(text: &str) -> Info {
        parse(format!("# Memory\r\n{}\r\n", text.replace(' ', "\r\n")).as_bytes())
    }

    fn config(save: &str) -> ServerConfig {
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        server_config::parse(&[Value::Array(vec![text("save"), text(save)])]).unwrap()
    }

    #[test]
    fn a_cache_has_no_limit_and_what_must_not_be_evicted_has() {
        let limit = |policy: &str, max: u64, evictable| {
            let text = format!("maxmemory:{max} maxmemory_policy:{policy} total_system_memory:800");
            let verdicts = Verdicts::of(&info(&text), None, evictable);
            (verdicts.memory_limit, verdicts.evictable)
        };
        assert_eq!(limit("noeviction", 100, None), (Some(100.0), Some(false)));
        assert_eq!(limit("volatile-lru", 100, None), (Some(100.0), Some(false)));
        assert_eq!(limit("volatile-lru", 100, Some(true)), (Some(100.0), Some(true)), "without a TTL nothing goes");
        assert_eq!(limit("allkeys-lru", 100, None), (None, Some(true)));
        assert_eq!(limit("allkeys-lfu", 100, Some(false)), (Some(100.0), Some(false)));
        assert_eq!(limit("allkeys-lru", 0, None), (Some(800.0), Some(true)), "without a limit nothing is evicted");
        assert_eq!(Verdicts::of(&info("used_memory:1"), None, None), Verdicts::default());
    }

    #[test]
    fn the_main_thread_is_told_apart_since_6_2() {
        let of = |text: &str| Verdicts::of(&info(text), None, None).main_thread_cpu;
        assert_eq!(of("used_cpu_sys:1 used_cpu_user:2"), Some(3.0));
        let newer = "used_cpu_sys:1 used_cpu_user:2 used_cpu_sys_main_thread:0.5 used_cpu_user_main_thread:0.25";
        assert_eq!(of(newer), Some(0.75));
        assert_eq!(of("used_cpu_sys:1"), None);
    }

    #[test]
    fn a_dump_is_late_by_the_longest_time_that_its_changes_allow() {
        let age = |changes: u64, save: &str| {
            let text =
                format!("rdb_changes_since_last_save:{changes} rdb_last_save_time:1000 server_time_usec:4600000000");
            Verdicts::of(&info(&text), Some(&config(save)), None).save_age
        };
        assert_eq!(age(0, "3600 1 300 100"), None, "nothing has changed");
        assert_eq!(age(1, "3600 1 300 100"), Some(1.0));
        assert_eq!(age(100, "3600 1 300 100"), Some(1.0));
        assert_eq!(age(100, "3600 1000 300 100"), Some(12.0));
        assert_eq!(age(100, ""), None);
    }
}
