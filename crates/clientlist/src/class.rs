//! What kind of client a connection is, and the output buffer limit of each kind.

use std::time::Duration;

use super::parse::Client;

metric::words! {
    /// The kind of a connection. Each has exactly one: the first of monitor, replica, master, pub/sub, blocked that fits,
    /// else normal.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum ClientClass {
        /// None of the others.
        Normal = "normal",
        /// Waits in a command such as BLPOP.
        Blocked = "blocked",
        /// Subscribes to channels, patterns or shard channels.
        PubSub = "pubsub",
        /// A replica of this server.
        Replica = "replica",
        /// Runs MONITOR.
        Monitor = "monitor",
        /// The link from this server, a replica, to its master.
        Master = "master",
    }
}

impl ClientClass {
    /// The class of a connection.
    #[must_use]
    pub fn of(client: &Client<'_>) -> Self {
        let subscribed = [client.sub, client.psub, client.ssub].into_iter().flatten().any(|count| count > 0);
        if client.has_flag(b'O') {
            Self::Monitor
        } else if client.has_flag(b'S') {
            Self::Replica
        } else if client.has_flag(b'M') {
            Self::Master
        } else if subscribed || client.has_flag(b'P') {
            Self::PubSub
        } else if client.has_flag(b'b') {
            Self::Blocked
        } else {
            Self::Normal
        }
    }

    /// Whether the connection is an application's, and not of the server's own kin or of an operator.
    pub(super) const fn is_application(self) -> bool {
        matches!(self, Self::Normal | Self::Blocked | Self::PubSub)
    }
}

/// `client-output-buffer-limit` of one class. 0 is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClassLimit {
    /// The server closes a connection at once whose output list reaches so many bytes.
    pub hard_bytes: u64,
    /// The server closes a connection whose output list stays at or above so many bytes for the soft limit's time.
    pub soft_bytes: u64,
    /// That time, seconds.
    pub soft_seconds: u64,
}

/// How near its end a connection is at least that has reached its soft limit: as near as Redis's own limits for
/// subscribers (`32mb 8mb 60`) put it.
const AT_SOFT_LIMIT: f64 = 0.25;

impl ClassLimit {
    /// The part of the hard limit that `bytes` take; `None` without one.
    pub(super) fn ratio(self, bytes: u64) -> Option<f64> {
        (self.hard_bytes > 0).then(|| bytes as f64 / self.hard_bytes as f64)
    }

    /// How near its end a connection is whose output list has `bytes`, and has been over the soft limit for so long: 1 is
    /// where the server closes it. `None` without a limit.
    pub(super) fn nearness(self, bytes: u64, over_soft: Option<Duration>) -> Option<f64> {
        let by_time = (self.soft_bytes > 0).then(|| match over_soft {
            Some(time) if self.soft_seconds > 0 => {
                let passed = (time.as_secs_f64() / self.soft_seconds as f64).min(1.0);
                (1.0 - AT_SOFT_LIMIT).mul_add(passed, AT_SOFT_LIMIT)
            }
            Some(_) => 1.0,
            None => 0.0,
        });
        [self.ratio(bytes), by_time].into_iter().flatten().reduce(f64::max)
    }

    /// Whether `bytes` reach the soft limit.
    pub(super) const fn reaches_soft(self, bytes: u64) -> bool {
        self.soft_bytes > 0 && bytes >= self.soft_bytes
    }
}

/// `client-output-buffer-limit` of CONFIG GET. The server knows three classes only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BufferLimits {
    /// Of normal and blocked clients, of MONITOR and of the link to the master.
    pub normal: ClassLimit,
    /// Of replicas (`slave` before Redis 5). The server never applies a limit below `repl-backlog-size`.
    pub replica: ClassLimit,
    /// Of subscribers.
    pub pubsub: ClassLimit,
}

impl BufferLimits {
    /// The limit that the server applies to a class of ours.
    pub(super) const fn of(&self, class: ClientClass) -> ClassLimit {
        match class {
            ClientClass::Replica => self.replica,
            ClientClass::PubSub => self.pubsub,
            ClientClass::Normal | ClientClass::Blocked | ClientClass::Monitor | ClientClass::Master => self.normal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(flags: &[u8], subscriptions: [Option<u64>; 3]) -> ClientClass {
        let [sub, psub, shard] = subscriptions;
        ClientClass::of(&Client { flags, sub, psub, ssub: shard, ..Client::default() })
    }

    #[test]
    fn a_connection_has_one_class_by_precedence() {
        assert_eq!(class(b"N", [Some(0); 3]), ClientClass::Normal);
        assert_eq!(class(b"", [None; 3]), ClientClass::Normal);
        assert_eq!(class(b"x", [None; 3]), ClientClass::Normal);
        assert_eq!(class(b"tUe", [None; 3]), ClientClass::Normal);
        assert_eq!(class(b"b", [Some(0); 3]), ClientClass::Blocked);
        assert_eq!(class(b"Pb", [Some(1), None, None]), ClientClass::PubSub);
        assert_eq!(class(b"P", [None; 3]), ClientClass::PubSub);
        assert_eq!(class(b"N", [Some(0), Some(1), None]), ClientClass::PubSub);
        assert_eq!(class(b"N", [Some(0), Some(0), Some(2)]), ClientClass::PubSub);
        assert_eq!(class(b"S", [Some(0); 3]), ClientClass::Replica);
        assert_eq!(class(b"OS", [Some(0); 3]), ClientClass::Monitor);
        assert_eq!(class(b"Mb", [Some(0); 3]), ClientClass::Master);
    }

    #[test]
    fn the_limit_of_a_class_is_the_one_that_the_server_applies() {
        let limit = |hard_bytes| ClassLimit { hard_bytes, soft_bytes: hard_bytes / 4, soft_seconds: 60 };
        let limits = BufferLimits { normal: limit(100), replica: limit(200), pubsub: limit(400) };
        let hard = ClientClass::ALL.map(|class| limits.of(class).hard_bytes);
        assert_eq!(hard, [100, 100, 400, 200, 100, 100]);
    }

    #[test]
    fn a_limit_of_zero_is_none() {
        assert_eq!(ClassLimit::default().ratio(5), None);
        assert!(!ClassLimit::default().reaches_soft(u64::MAX));
        let limit = ClassLimit { hard_bytes: 32, soft_bytes: 8, soft_seconds: 60 };
        assert_eq!(limit.ratio(8), Some(0.25));
        assert!(limit.reaches_soft(8));
        assert!(!limit.reaches_soft(7));
    }

    #[test]
    fn a_third_of_the_soft_limits_time_is_as_near_as_half_of_the_hard_limit() {
        let limit = ClassLimit { hard_bytes: 32, soft_bytes: 8, soft_seconds: 60 };
        let after = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(limit.nearness(4, None), Some(0.125));
        assert_eq!(limit.nearness(8, after(0)), Some(0.25));
        assert_eq!(limit.nearness(8, after(20)), Some(0.5));
        assert_eq!(limit.nearness(16, after(0)), Some(0.5));
        assert_eq!(limit.nearness(8, after(90)), Some(1.0));
        assert_eq!(ClassLimit { soft_bytes: 0, ..limit }.nearness(8, None), Some(0.25));
        assert_eq!(ClassLimit { hard_bytes: 0, ..limit }.nearness(4, None), Some(0.0));
        assert_eq!(ClassLimit { soft_seconds: 0, ..limit }.nearness(8, after(0)), Some(1.0));
        assert_eq!(ClassLimit::default().nearness(8, None), None);
    }
}
