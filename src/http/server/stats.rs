//! What the server counts of its own work.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use hyper::StatusCode;

use crate::metric::{Families, metrics};

metrics! {
    pub fn metrics;
    REQUESTS: counter "manometer_http_requests_total" ["code"] Count,
        "HTTP requests answered, by class of status code.", "the agent's HTTP server";
    REQUESTS_IN_FLIGHT: gauge "manometer_http_requests_in_flight" [] Count,
        "HTTP requests being answered.", "the agent's HTTP server";
    REQUESTS_REJECTED: counter "manometer_http_requests_rejected_total" ["reason"] Count,
        "HTTP requests and connections rejected by the server, by reason.", "the agent's HTTP server";
    CONNECTIONS: gauge "manometer_http_connections" [] Count, "Open HTTP connections.", "the agent's HTTP server";
    CONNECTIONS_ACCEPTED: counter "manometer_http_connections_accepted_total" [] Count,
        "HTTP connections accepted.", "the agent's HTTP server";
    CONNECTIONS_EVICTED: counter "manometer_http_connections_evicted_total" [] Count,
        "HTTP connections closed to make room for new ones: idle ones, and else those whose clients read slowly.",
        "the agent's HTTP server";
    CONNECTIONS_TIMED_OUT: counter "manometer_http_connections_timed_out_total" [] Count,
        "HTTP connections closed because a request, a response or the next request took too long.",
        "the agent's HTTP server";
}

const CODES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

metric::words! {
    /// Why the server turned a request or a connection away itself.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) enum Rejection {
        /// All connections are busy: 503.
        Connections = "connections",
        /// Too many requests in flight: 503.
        Requests = "requests",
        /// Too many passwords to verify: 503.
        AuthBusy = "auth_busy",
        /// `rate_limit` of the web configuration: 429.
        RateLimit = "rate_limit",
        /// No credentials or wrong ones: 401.
        Unauthorized = "unauthorized",
        /// None, two, or one that cannot be: 400.
        Host = "host",
        /// 414.
        UriTooLong = "uri_too_long",
        /// 413.
        BodyTooLarge = "body_too_large",
        /// Not HTTP, or a head over the limit: 400 or 431.
        Malformed = "malformed",
        /// The TLS handshake failed.
        Tls = "tls",
    }
}

/// The counters, shared by all listeners.
#[derive(Debug, Default)]
pub struct ServerStats {
    connections: AtomicUsize,
    accepted: AtomicU64,
    evicted: AtomicU64,
    timed_out: AtomicU64,
    in_flight: AtomicUsize,
    requests: [AtomicU64; CODES.len()],
    rejected: [AtomicU64; Rejection::ALL.len()],
}

/// The counters at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatsSnapshot {
    /// Open connections.
    pub connections: usize,
    /// Connections accepted.
    pub accepted: u64,
    /// Idle or slow connections closed to make room.
    pub evicted: u64,
    /// Connections closed at a deadline.
    pub timed_out: u64,
    /// Requests being answered.
    pub in_flight: usize,
    /// Requests answered, by class of status code.
    pub requests: Vec<(&'static str, u64)>,
    /// Requests and connections turned away, by reason.
    pub rejected: Vec<(&'static str, u64)>,
}

impl ServerStats {
    /// The counters now.
    #[must_use]
    pub fn snapshot(&self) -> StatsSnapshot {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        StatsSnapshot {
            connections: self.connections.load(Ordering::Relaxed),
            accepted: load(&self.accepted),
            evicted: load(&self.evicted),
            timed_out: load(&self.timed_out),
            in_flight: self.in_flight.load(Ordering::Relaxed),
            requests: CODES.into_iter().zip(self.requests.iter().map(load)).collect(),
            rejected: Rejection::ALL.map(Rejection::as_str).into_iter().zip(self.rejected.iter().map(load)).collect(),
        }
    }

    pub(super) fn accepted(&self) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn evicted(&self) {
        self.evicted.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn timed_out(&self) {
        self.timed_out.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn rejected(&self, reason: Rejection) {
        self.rejected[reason as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn answered(&self, status: StatusCode) {
        if let Some(class) = self.requests.get(usize::from(status.as_u16() / 100).wrapping_sub(1)) {
            class.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts a connection until the guard is dropped.
    pub(super) fn open(&self) -> Counted<'_> {
        self.connections.fetch_add(1, Ordering::Relaxed);
        Counted(&self.connections)
    }

    /// Counts a request until the guard is dropped; `None` when there are `limit` already.
    pub(super) fn begin(&self, limit: usize) -> Option<Counted<'_>> {
        let before = self.in_flight.fetch_add(1, Ordering::Relaxed);
        let guard = Counted(&self.in_flight);
        (before < limit).then_some(guard)
    }
}

/// One that is counted as long as it lives.
#[derive(Debug)]
pub(super) struct Counted<'a>(&'a AtomicUsize);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Exports the counters.
pub fn export(stats: &ServerStats, out: &mut Families) {
    let stats = stats.snapshot();
    for (code, count) in stats.requests {
        out.push(&REQUESTS, [code], count as f64);
    }
    out.push(&REQUESTS_IN_FLIGHT, [], stats.in_flight as f64);
    for (reason, count) in stats.rejected {
        out.push(&REQUESTS_REJECTED, [reason], count as f64);
    }
    out.push(&CONNECTIONS, [], stats.connections as f64);
    out.push(&CONNECTIONS_ACCEPTED, [], stats.accepted as f64);
    out.push(&CONNECTIONS_EVICTED, [], stats.evicted as f64);
    out.push(&CONNECTIONS_TIMED_OUT, [], stats.timed_out as f64);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::text::{Format, exposition};

    #[test]
    fn exports_what_was_counted() {
        let stats = ServerStats::default();
        stats.accepted();
        stats.accepted();
        let _open = stats.open();
        stats.answered(StatusCode::OK);
        stats.answered(StatusCode::NOT_FOUND);
        stats.rejected(Rejection::Requests);
        stats.evicted();
        let first = stats.begin(1).unwrap();
        assert!(stats.begin(1).is_none());
        let mut families = Families::new();
        export(&stats, &mut families);
        drop(first);
        assert_eq!(stats.snapshot().in_flight, 0);
        let text = exposition(&families.into_sorted(), Format::Prometheus);
        let samples: Vec<_> = text.lines().filter(|line| !line.starts_with('#') && !line.ends_with(" 0")).collect();
        assert_eq!(
            samples,
            [
                "manometer_http_connections 1",
                "manometer_http_connections_accepted_total 2",
                "manometer_http_connections_evicted_total 1",
                "manometer_http_requests_in_flight 1",
                "manometer_http_requests_rejected_total{reason=\"requests\"} 1",
                "manometer_http_requests_total{code=\"2xx\"} 1",
                "manometer_http_requests_total{code=\"4xx\"} 1",
            ]
        );
    }

    #[test]
    fn each_rejection_is_counted_under_its_own_reason() {
        use Rejection::{
            AuthBusy, BodyTooLarge, Connections, Host, Malformed, RateLimit, Requests, Tls, Unauthorized, UriTooLong,
        };
        for (rejection, reason) in [
            (Connections, "connections"),
            (Requests, "requests"),
            (AuthBusy, "auth_busy"),
            (RateLimit, "rate_limit"),
            (Unauthorized, "unauthorized"),
            (Host, "host"),
            (UriTooLong, "uri_too_long"),
            (BodyTooLarge, "body_too_large"),
            (Malformed, "malformed"),
            (Tls, "tls"),
        ] {
            let stats = ServerStats::default();
            stats.rejected(rejection);
            let counted: Vec<_> = stats.snapshot().rejected.into_iter().filter(|(_, count)| *count > 0).collect();
            assert_eq!(counted, [(reason, 1)]);
        }
    }

    #[test]
    fn every_family_is_listed_and_every_listed_one_is_pushed() {
        let mut families = Families::new();
        export(&ServerStats::default(), &mut families);
        let mut listed: Vec<_> = metrics().iter().map(|info| info.name).collect();
        listed.sort_unstable();
        let pushed: Vec<_> = families.into_sorted().iter().map(|family| family.name().to_owned()).collect();
        assert_eq!(pushed, listed);
    }
}
