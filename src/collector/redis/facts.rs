//! What one INFO says that decides how the next poll goes.

use std::time::{SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use super::info::Info;

/// What the last INFO said, and when.
#[derive(Debug, Default, Clone)]
pub(super) struct Facts {
    version: Option<(u32, u32, u32)>,
    pub(super) connected_clients: u64,
    pub(super) cluster_enabled: bool,
    /// Unix time.
    pub(super) start_time: Option<f64>,
    /// CONFIG GET knows `commandlog-*`: Valkey >= 8.1.
    pub(super) has_commandlog: bool,
    run_id: Option<String>,
    observed_at: Option<Instant>,
}

impl Facts {
    /// Whether the server has at least that major version; an unknown version has not.
    pub(super) fn is_at_least(&self, major: u32) -> bool {
        self.version.is_some_and(|version| version.0 >= major)
    }

    /// Takes note of an INFO.
    pub(super) fn observe(&mut self, info: &Info) {
        self.version = info.version_tuple();
        self.connected_clients = whole(info.number("connected_clients").unwrap_or(0.0));
        self.cluster_enabled = info.cluster_enabled();
        self.start_time = start_time(info, self.start_time);
        self.run_id = info.run_id().map(str::to_owned);
        self.observed_at = Some(Instant::now());
    }

    /// Whether the address now leads to another server (a failover behind one name) and not to the same one restarted:
    /// it was up already when the last one still answered.
    pub(super) fn is_other_server(&self, info: &Info) -> bool {
        let renamed = self.run_id.as_deref().zip(info.run_id()).is_some_and(|(before, now)| before != now);
        let silence = self.observed_at.map(|at| at.elapsed().as_secs_f64());
        renamed && info.uptime_seconds().zip(silence).is_some_and(|(uptime, silence)| uptime > silence + 1.0)
    }
}

/// When the server started: from its own clock where it tells it, so that the value does not jitter by the second in
/// which the poll happens to fall.
fn start_time(info: &Info, last: Option<f64>) -> Option<f64> {
    let uptime = info.uptime_seconds()?;
    if let Some(usec) = info.server_time_usec() {
        return Some((usec / 1e6).floor() - uptime);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs_f64();
    let computed = now.floor() - uptime;
    // Before Redis 6.2 only our own clock is at hand; a second more or less is the same start.
    Some(last.filter(|last| (last - computed).abs() <= 2.0).unwrap_or(computed))
}

/// A count that arrived as a float; Redis' counters are whole and not negative.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "float casts saturate, which is what is meant"
)]
pub(super) const fn whole(value: f64) -> u64 {
    value as u64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::info;
    use super::*;

    fn info(run_id: &str, uptime: u64, server_time: &str) -> Info {
        let text = format!(
            "# Server\r\nredis_version:7.0.15\r\nrun_id:{run_id}\r\n{server_time}uptime_in_seconds:{uptime}\r\n\
             # Clients\r\nconnected_clients:3\r\n"
        );
        info::parse(text.as_bytes())
    }

    #[test]
    fn the_start_is_read_from_the_servers_own_clock() {
        let mut facts = Facts::default();
        facts.observe(&info("a", 100, "server_time_usec:1700000000900000\r\n"));
        assert_eq!(facts.start_time, Some(1_699_999_900.0));
        assert_eq!(facts.connected_clients, 3);
        assert!(facts.is_at_least(7) && !facts.is_at_least(8));
    }

    #[test]
    fn without_that_clock_the_start_does_not_jitter() {
        let mut facts = Facts::default();
        facts.observe(&info("a", 100, ""));
        let first = facts.start_time.unwrap();
        // The same moment of a poll may fall into either of two seconds of uptime.
        for uptime in [99, 100, 101] {
            facts.observe(&info("a", uptime, ""));
            assert!((facts.start_time.unwrap() - first).abs() < f64::EPSILON);
        }
        facts.observe(&info("b", 1, ""));
        assert!(facts.start_time.unwrap() > first + 90.0, "a restart is a new start");
    }

    #[tokio::test(start_paused = true)]
    async fn a_failover_is_told_from_a_restart() {
        let mut facts = Facts::default();
        assert!(!facts.is_other_server(&info("a", 1000, "")), "the first sight is no change");
        facts.observe(&info("a", 1000, ""));
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(!facts.is_other_server(&info("a", 1010, "")));
        assert!(!facts.is_other_server(&info("b", 5, "")), "restarted since");
        assert!(facts.is_other_server(&info("b", 5000, "")), "it was up when the last one still answered");
    }
}
