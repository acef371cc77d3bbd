//! The cache hit ratio of the last minutes.
//!
//! The ratio of the counters since the server's start hides a collapse for hours; this one is of a window.

use std::time::{Duration, Instant};

use super::last_run::LastRun;
use super::lookups::Lookups;
use crate::collector::window::Window;
use crate::metric::vocabulary::resources::{
    CACHE_HIT_RATIO as RATIO, CACHE_HIT_RATIO_WINDOW as WINDOW, CACHE_LOOKUP_RATE as LOOKUP_RATE,
};
use crate::metric::{Families, MetricInfo};

/// The ratio of one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WindowedRatio {
    /// Hits by lookups, 0 to 1; `None` without lookups in the window.
    pub ratio: Option<f64>,
    /// Lookups a second; `None` before there are two moments.
    pub lookups: Option<f64>,
    /// How far the window reaches back at most.
    pub window: Duration,
}

/// The counters of the last window of one server.
#[derive(Debug)]
pub struct HitRatio {
    run: LastRun,
    /// The server's counters, and the agent's own part of them.
    window: Window<4>,
}

impl HitRatio {
    /// Nothing seen yet. `window` must be longer than the time between two calls of [`observe`](Self::observe), or
    /// there is never a ratio.
    #[must_use]
    pub fn new(window: Duration) -> Self {
        Self { run: LastRun::default(), window: Window::new(window, 2) }
    }

    /// Takes the server's counters (`keyspace_hits`, `keyspace_misses`) and gives the ratio of the window. The agent's own
    /// lookups before that moment are not those of an application.
    ///
    /// Another run id, or a counter that fell (CONFIG RESETSTAT), starts the window anew.
    pub fn observe(
        &mut self,
        now: Instant,
        run_id: Option<&str>,
        [hits, misses]: [u64; 2],
        own: Lookups,
    ) -> WindowedRatio {
        if self.run.observe(run_id) {
            self.window.restart();
        }
        let growth = self.window.observe(now, [hits, misses, own.hits, own.misses].map(|count| count as f64));
        let [hits, misses, own_hits, own_misses] = growth.map_or([0.0; 4], |growth| growth.by);
        // Not every server counts all of them.
        let (hits, misses) = ((hits - own_hits).max(0.0), (misses - own_misses).max(0.0));
        let lookups = hits + misses;
        WindowedRatio {
            ratio: (lookups > 0.0).then(|| hits / lookups),
            lookups: growth.and_then(|growth| growth.per_second(lookups)),
            window: self.window.span(),
        }
    }
}

/// Every metric of this module.
#[must_use]
pub fn metrics() -> Vec<MetricInfo> {
    vec![*RATIO.info(), *LOOKUP_RATE.info(), *WINDOW.info()]
}

/// Exports the ratio and its window.
pub fn export(ratio: &WindowedRatio, out: &mut Families) {
    out.push_known(&RATIO, [], ratio.ratio);
    out.push_known(&LOOKUP_RATE, [], ratio.lookups);
    out.push(&WINDOW, [], ratio.window.as_secs_f64());
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW_SECONDS: u64 = 300;

    struct Server {
        start: Instant,
        tracker: HitRatio,
    }

    impl Server {
        fn new() -> Self {
            Self { start: Instant::now(), tracker: HitRatio::new(Duration::from_secs(WINDOW_SECONDS)) }
        }

        fn at(&mut self, seconds: u64, run_id: &str, hits: u64, misses: u64) -> Option<f64> {
            let now = self.start + Duration::from_secs(seconds);
            self.tracker.observe(now, Some(run_id), [hits, misses], Lookups::default()).ratio
        }
    }

    #[test]
    fn it_is_the_ratio_of_the_window_not_of_the_servers_life() {
        let mut server = Server::new();
        assert_eq!(server.at(0, "a", 1_000_000, 0), None);
        assert_eq!(server.at(15, "a", 1_000_030, 10), Some(0.75));
        assert_eq!(server.at(30, "a", 1_000_030, 50), Some(0.375));
        // At 331 s the samples of 0 s, 15 s and 30 s are gone: nothing is left to compare with.
        assert_eq!(server.at(331, "a", 1_000_040, 50), None);
        assert_eq!(server.at(346, "a", 1_000_040, 60), Some(0.0));
        assert_eq!(server.at(361, "a", 1_000_050, 60), Some(0.5));
    }

    #[test]
    fn the_window_slides() {
        let mut server = Server::new();
        for poll in 0..=20 {
            server.at(poll * 15, "a", poll * 10, 0);
        }
        // The sample of 300 s before is still in, that of 315 s before is not.
        assert_eq!(server.at(315, "a", 200, 10), Some(190.0 / 200.0));
    }

    #[test]
    fn it_is_absent_without_traffic() {
        let mut server = Server::new();
        server.at(0, "a", 5, 5);
        assert_eq!(server.at(15, "a", 5, 5), None);
        assert_eq!(server.at(30, "a", 6, 5), Some(1.0));
        assert_eq!(server.at(45, "a", 6, 5), Some(1.0));
        assert_eq!(server.at(345, "a", 6, 5), None);
    }

    #[test]
    fn a_restart_starts_the_window_anew() {
        let mut server = Server::new();
        server.at(0, "a", 100, 100);
        // The new run has higher counters, as another server behind the same address may.
        assert_eq!(server.at(15, "b", 1_000, 1_000), None);
        assert_eq!(server.at(30, "b", 1_003, 1_001), Some(0.75));
    }

    #[test]
    fn counters_that_fall_start_the_window_anew() {
        let mut server = Server::new();
        server.at(0, "a", 100, 100);
        assert_eq!(server.at(15, "a", 0, 0), None);
        assert_eq!(server.at(30, "a", 1, 3), Some(0.25));
        assert_eq!(server.at(45, "a", 2, 2), None);
    }

    #[test]
    fn lookups_of_the_agent_are_no_applications() {
        let mut server = Server::new();
        let mut at = |seconds, counters, own: [u64; 2]| {
            let now = server.start + Duration::from_secs(seconds);
            let told = server.tracker.observe(now, Some("a"), counters, Lookups { hits: own[0], misses: own[1] });
            (told.ratio, told.lookups)
        };
        assert_eq!(at(0, [7, 100], [7, 100]), (None, None));
        assert_eq!(at(10, [8, 105], [8, 105]), (None, Some(0.0)), "an empty queue is no cache that misses");
        assert_eq!(at(20, [12, 111], [9, 110]), (Some(0.75), Some(0.2)));
        // One that does not count them.
        assert_eq!(at(25, [15, 112], [100, 200]), (None, Some(0.0)));
    }

    #[test]
    fn a_run_id_that_is_absent_is_no_restart() {
        let mut server = Server::new();
        server.at(0, "a", 0, 0);
        let now = server.start + Duration::from_secs(15);
        assert_eq!(server.tracker.observe(now, None, [1, 1], Lookups::default()).ratio, Some(0.5));
        assert_eq!(server.at(30, "a", 2, 2), Some(0.5));
        assert_eq!(server.at(45, "b", 3, 3), None);
    }

    #[test]
    fn a_moment_before_the_last_one_does_no_harm() {
        let mut server = Server::new();
        server.at(30, "a", 1, 1);
        assert_eq!(server.at(0, "a", 2, 2), Some(0.5));
    }

    #[test]
    fn the_window_is_exported_with_and_without_a_ratio() {
        let values = |ratio| {
            let mut families = Families::new();
            export(&WindowedRatio { ratio, lookups: None, window: Duration::from_secs(WINDOW_SECONDS) }, &mut families);
            ["redis_cache_hit_ratio", "redis_cache_hit_ratio_window_seconds"]
                .map(|name| families.get(name).and_then(|family| family.values().next().map(|(_, value)| value)))
        };
        assert_eq!(values(Some(0.25)), [Some(0.25), Some(300.0)]);
        assert_eq!(values(None), [None, Some(300.0)]);
    }

    /// redis-server 7.0.15: SET a 1, then GET a, GET a, GET b.
    #[test]
    fn recorded_counters_of_7_0_15() {
        let mut server = Server::new();
        assert_eq!(server.at(0, "37f921600897c91a6b676c687f45134fde78c523", 0, 0), None);
        assert_eq!(server.at(15, "37f921600897c91a6b676c687f45134fde78c523", 2, 1), Some(2.0 / 3.0));
        let now = server.start + Duration::from_secs(30);
        assert_eq!(server.tracker.observe(now, None, [5, 4], Lookups::default()).lookups, Some(0.3));
    }
}
