//! What is asked of the alerts, row by row: where numbers and durations come from.

/// One row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// `T36`.
    pub(super) name: &'static str,
    /// What is asked.
    pub(super) text: &'static str,
    /// How long it must hold, where the row says so, as a rule has it.
    pub(super) hold: Option<&'static str>,
    /// Why no alert has it.
    pub(super) left: &'static str,
}

const fn row(name: &'static str, text: &'static str) -> Row {
    Row { name, text, hold: None, left: "" }
}

impl Row {
    const fn held(mut self, hold: &'static str) -> Self {
        self.hold = Some(hold);
        self
    }

    const fn left(mut self, why: &'static str) -> Self {
        self.left = why;
        self
    }
}

/// A threshold of something that the agent does not watch yet.
const LATER: &str = "later: the agent does not watch it yet";
/// A number that says what is normal.
const BASELINE: &str = "no alert: says what is usual, not what is wrong";
/// A number inside the service.
const OWN: &str = "no alert: how a service is to behave by itself; its level and its drops are watched";

/// Every row.
pub(super) const ROWS: [Row; 61] = [
    row("T1", "clients that are connected for longer than 300 s: stale connections"),
    row("T2", "used memory above 80 % of maxmemory"),
    row("T3", "memory fragmentation ratio above 1.5"),
    row("T4", "a PUBLISH in the slow log (10 ms)"),
    row("T5", "`Redis publish failed` in the logs"),
    row("T6", "`Connection timeout` in the logs"),
    row("T7", "publish latency above 100 ms, consistently"),
    row("T8", "CPU above 80 %, sustained"),
    row("T9", "memory that grows over time"),
    row("T10", "network saturated"),
    row("T11", "the service's health is not ok").held("1m"),
    row("T12", "more than 100 pending publishes").held("1m"),
    row("T13", "emergency: breaker open, publishes fail, latency above 500 ms"),
    row("T14", "emergency: memory above 2 GiB and growing"),
    row("T15", "memory above 3 GiB: restart"),
    row("T16", "out of memory errors"),
    row("T17", "emergency: CPU above 80 % sustained, slow answers, high latency"),
    row("T18", "emergency: Redis memory grows while a consumer does not read"),
    row("T19", "slow consumers by their output buffer"),
    row("T20", "success: more than 95 % of what comes in is published"),
    row("T21", "success: p99 of the publish latency below 100 ms"),
    row("T22", "success: level healthy, warning only briefly"),
    row("T23", "success: nothing is dropped, less than 1 % under critical load"),
    row("T24", "success: circuit breaker closed"),
    row("T25", "success: Redis memory does not grow"),
    row("T26", "success: CPU below 60 % on the average"),
    row("T27", "success: no Redis timeouts in the logs"),
    row("T28", "escalate: overload for more than 5 minutes").held("5m"),
    row("T29", "escalate: circuit breaker open for more than 2 minutes").held("2m"),
    row("T30", "escalate: more than 50 % dropped, consistently"),
    row("T31", "escalate: Redis memory above 90 %"),
    row("T32", "escalate: crashes for want of memory"),
    row("T33", "escalate: network above 80 % of the bandwidth"),
    row("T34", "escalate: two or more services in trouble"),
    row("T35", "Redis is not healthy for more than a minute").held("1m"),
    row("T36", "PING above 100 ms for more than 5 minutes").held("5m"),
    row("T37", "more than 10 cache errors a minute for more than 5 minutes").held("5m"),
    row("T38", "cache hit ratio below 30 % for more than 15 minutes").held("15m"),
    row("T39", "Redis memory above 80 % of maxmemory"),
    row("T40", "cache hit ratio below 50 %"),
    row("T41", "memory close to maxmemory, evictions"),
    row("T42", "more than 90 % of a pool in use").held("5m"),
    row("T43", "rejected connections: none are wanted"),
    row("T44", "round trip below 5 ms in one datacentre, below 50 ms across regions"),
    row("T45", "an operation through a pool takes 1-5 ms, a new connection 50-100 ms").left(BASELINE),
    row("T46", "capacity of channels: 1500, 2000 for chat, 500 for notifications").left(LATER),
    row("T47", "messages of a channel expire after 10 s").left(LATER),
    row("T48", "memory grows all the time"),
    row("T49", "nginx: active connections above 80 % of the most").left(LATER),
    row("T50", "p95 of the API's response time above 1 s").left(LATER),
    row("T51", "Celery: more than 1000 tasks in a queue").left(LATER),
    row("T52", "MongoDB: connections above 80 % of the most").left(LATER),
    row("T53", "Redis memory above 90 %"),
    row("T54", "load test: no request fails").left("no alert: belongs to a load test"),
    row("T55", "which resource is used up under load").left("no alert: a question for the dashboards"),
    row("T56", "limits of a task's run time").left(LATER),
    row("T57", "load of 0.8: not ready; 0.9 with a queue: shed").left(OWN),
    row("T58", "adaptive sampling from a load of 0.8").left(OWN),
    row("T59", "Kafka: time of a batch against the poll interval").left(LATER),
    row("T60", "sampling by level: 80 %, 50 %, 20 %").left(OWN),
    row("T61", "publish timeout 1 s, at most 100 ticks a call").left(OWN),
];

/// The row of that name.
pub(super) fn find(name: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name == name)
}
