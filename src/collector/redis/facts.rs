//! What the server told of itself, with which it is asked and its replies are understood.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use super::info::Info;
use super::keys::StreamKey;
use super::last_run::LastRun;
use super::lookups::Lookups;
use super::server_config::ServerConfig;
use super::slot::Slots;

/// What the last INFO and CONFIG GET said.
#[derive(Debug, Default)]
pub struct Facts {
    /// INFO of the poll that runs; `None` between polls.
    pub(super) info: Option<Arc<Info>>,
    /// CONFIG GET of the poll that runs; `None` between polls.
    pub(super) config: Option<Arc<ServerConfig>>,
    /// CLIENT LIST of the poll that runs; `None` between polls.
    pub(super) client_list: Option<Arc<Vec<u8>>>,
    version: Option<(u32, u32, u32)>,
    pub(super) connected_clients: u64,
    /// The least limit of a normal client's output buffer, bytes; 0 is none, or not known.
    pub(super) normal_limit: u64,
    pub(super) cluster_enabled: bool,
    pub(super) loading: bool,
    /// Unix time.
    pub(super) start_time: Option<f64>,
    /// CONFIG GET knows `commandlog-*`: Valkey >= 8.1.
    pub(super) has_commandlog: bool,
    /// How often the address led to another server.
    pub(super) failovers: u64,
    /// How often the server became a primary that was a replica at the poll before.
    pub(super) promotions: u64,
    /// The role at the last poll.
    role: Option<Role>,
    /// The hash slots that the node serves; `None` where it is none of a cluster, or its slots are not known.
    pub(super) slots: Option<Slots>,
    /// The watched keys that are streams, in the poll that runs.
    pub(super) streams: Vec<StreamKey>,
    /// What the agent has looked up, and what of it before the INFO of the poll that runs.
    pub(super) lookups: Lookups,
    pub(super) lookups_before: Lookups,
    run: LastRun,
    observed_at: Option<Instant>,
}

impl Facts {
    /// Whether the server has at least that major version; an unknown version has not.
    pub(super) fn is_at_least(&self, major: u32) -> bool {
        self.version.is_some_and(|version| version.0 >= major)
    }

    /// Whether the server that answered INFO in this poll is a Sentinel.
    pub(super) fn is_sentinel(&self) -> bool {
        self.info.as_ref().is_some_and(|info| info.mode() == Some("sentinel"))
    }

    /// Whether the server says that it is a replica.
    pub(super) fn is_replica(&self) -> bool {
        self.info.as_ref().and_then(|info| info.role()) == Some("slave")
    }

    /// The id of the run that answered INFO in this poll.
    pub(super) fn run_id(&self) -> Option<&str> {
        self.info.as_ref()?.run_id()
    }

    /// Whether this server may be asked for the key: no other node of its cluster is known to hold it.
    #[must_use]
    pub fn holds(&self, key: &[u8]) -> bool {
        self.slots.as_ref().is_none_or(|slots| slots.holds(key))
    }

    /// Why some of `keys` have no numbers, where nobody asks the other nodes: one of them is known to hold them.
    #[must_use]
    pub fn held_elsewhere<'k>(&self, what: &str, keys: impl Iterator<Item = &'k [u8]>) -> Option<String> {
        let mut keys = keys.filter(|key| !self.holds(key));
        let first = reader::visible(&String::from_utf8_lossy(keys.next()?)).into_owned();
        let more = keys.count();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        Some(format!(
            "{what} of other nodes of the cluster are not read ({first}{more}): set cluster = true on the target, then all nodes are"
        ))
    }

    /// Learns from an INFO.
    pub(super) fn learn_info(&mut self, info: &Arc<Info>) {
        self.lookups_before = self.lookups;
        self.failovers += u64::from(self.is_other_server(info));
        let is_same = !self.run.differs(info.run_id());
        let role = Role::of(info);
        let is_promoted = self.role == Some(Role::Replica) && role == Some(Role::Primary);
        self.promotions += u64::from(is_same && is_promoted);
        self.role = role;
        self.version = info.version_tuple();
        self.connected_clients = whole(info.number("connected_clients").unwrap_or(0.0));
        self.cluster_enabled = info.cluster_enabled();
        self.loading = info.loading();
        self.start_time = start_time(info, self.start_time);
        if self.run.observe(info.run_id()) {
            // Another server, or another configuration.
            (self.normal_limit, self.has_commandlog, self.slots) = (0, false, None);
        }
        self.observed_at = Some(Instant::now());
        self.info = Some(Arc::clone(info));
    }

    /// Learns from a CONFIG GET.
    pub(super) fn learn_config(&mut self, config: &Arc<ServerConfig>) {
        self.has_commandlog = config.number("commandlog-execution-slower-than").is_some();
        if let Some(limit) = config.output_limit("normal") {
            let limits = [limit.hard_bytes, limit.soft_bytes];
            self.normal_limit = limits.into_iter().filter(|limit| *limit > 0).min().unwrap_or(0);
        }
        self.config = Some(Arc::clone(config));
    }

    /// Lets go of the replies themselves: they are large, and another poll must not be understood with them.
    pub(super) fn forget_replies(&mut self) {
        self.info = None;
        self.config = None;
        self.client_list = None;
        self.streams.clear();
    }

    /// Whether the address now leads to another server (a failover behind one name) and not to the same one restarted:
    /// it was up already when the last one still answered.
    fn is_other_server(&self, info: &Info) -> bool {
        let silence = self.observed_at.map(|at| at.elapsed().as_secs_f64());
        // Uptime counts whole seconds, and the reply took its time: up to a second is no evidence.
        let was_up = info.uptime_seconds().zip(silence).is_some_and(|(uptime, silence)| uptime > silence + 1.0);
        self.run.differs(info.run_id()) && was_up
    }
}

/// What a server is to others of the same data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Primary,
    Replica,
}

impl Role {
    fn of(info: &Info) -> Option<Self> {
        match info.role()? {
            "master" => Some(Self::Primary),
            "slave" => Some(Self::Replica),
            _ => None,
        }
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

    fn info(run_id: &str, uptime: u64, server_time: &str) -> Arc<Info> {
        let text = format!(
            "# Server\r\nredis_version:7.0.15\r\nrun_id:{run_id}\r\n{server_time}uptime_in_seconds:{uptime}\r\n\
             # Clients\r\nconnected_clients:3\r\n"
        );
        Arc::new(info::parse(text.as_bytes()))
    }

    #[test]
    fn the_start_is_read_from_the_servers_own_clock() {
        let mut facts = Facts::default();
        facts.learn_info(&info("a", 100, "server_time_usec:1700000000900000\r\n"));
        assert_eq!(facts.start_time, Some(1_699_999_900.0));
        assert_eq!(facts.connected_clients, 3);
        assert!(facts.is_at_least(7) && !facts.is_at_least(8));
    }

    #[test]
    fn without_that_clock_the_start_does_not_jitter() {
        let mut facts = Facts::default();
        facts.learn_info(&info("a", 100, ""));
        let first = facts.start_time.unwrap();
        // The same moment of a poll may fall into either of two seconds of uptime.
        for uptime in [99, 100, 101] {
            facts.learn_info(&info("a", uptime, ""));
            assert!((facts.start_time.unwrap() - first).abs() < f64::EPSILON);
        }
        facts.learn_info(&info("b", 1, ""));
        assert!(facts.start_time.unwrap() > first + 90.0, "a restart is a new start");
    }

    #[test]
    fn a_key_is_asked_for_unless_another_node_is_known_to_hold_it() {
        let mut facts = Facts::default();
        assert!(facts.holds(b"foo"), "nothing is known of slots");
        facts.learn_info(&info("a", 100, ""));
        facts.slots = Slots::parse("0-5460");
        assert!(!facts.holds(b"foo") && facts.holds(b"user1000"));
        facts.learn_info(&info("b", 1, ""));
        assert!(facts.holds(b"foo"), "another server has other slots");
    }

    #[test]
    fn what_other_nodes_hold_is_told_by_its_first_key() {
        let mut facts = Facts::default();
        let held = |facts: &Facts, keys: &[&str]| facts.held_elsewhere("keys", keys.iter().map(|key| key.as_bytes()));
        assert_eq!(held(&facts, &["foo"]), None);
        facts.slots = Slots::parse("0-5460");
        assert_eq!(held(&facts, &["user1000"]), None);
        let said = |which| {
            format!(
                "keys of other nodes of the cluster are not read ({which}): set cluster = true on the target, then all nodes are"
            )
        };
        assert_eq!(held(&facts, &["user1000", "foo"]), Some(said("foo")));
        assert_eq!(held(&facts, &["bar\n", "user1000", "foo"]), Some(said("bar\\n and 1 more")));
    }

    #[test]
    fn a_promotion_is_that_of_the_same_run() {
        let mut facts = Facts::default();
        let mut became = |run: &str, role: &str| {
            let text = format!("run_id:{run}\r\nrole:{role}\r\nredis_mode:standalone\r\n");
            facts.learn_info(&Arc::new(info::parse(text.as_bytes())));
            facts.promotions
        };
        let course =
            [("a", "master"), ("a", "slave"), ("a", "slave"), ("a", "master"), ("a", "slave"), ("b", "master")];
        // Whoever was started anew as a primary was configured so.
        assert_eq!(course.map(|(run, role)| became(run, role)), [0, 0, 0, 1, 1, 1]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failover_is_told_from_a_restart() {
        let mut facts = Facts::default();
        assert!(!facts.is_other_server(&info("a", 1000, "")), "the first sight is not a change");
        facts.learn_info(&info("a", 1000, ""));
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(!facts.is_other_server(&info("a", 1010, "")));
        assert!(!facts.is_other_server(&info("b", 5, "")), "restarted since");
        assert!(facts.is_other_server(&info("b", 5000, "")), "it was up when the last one still answered");
    }
}
