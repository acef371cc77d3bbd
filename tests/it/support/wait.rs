//! Waiting for what is waited for.

use std::fmt::Display;
use std::time::{Duration, Instant};

/// Long enough for anything that happens at all, on a slow machine that does much else.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// Between two looks at a condition.
const LOOK: Duration = Duration::from_millis(20);

/// How many times as long everything takes: what runs the tests in an emulated machine says so.
fn patience() -> u32 {
    std::env::var("TESTS_PATIENCE").ok().and_then(|times| times.parse().ok()).unwrap_or(1)
}

/// Looks until `condition` yields something; fails the test with `what`, as it is said then, when `deadline` passes first.
#[track_caller]
pub(crate) fn until<T>(deadline: Duration, what: impl Display, mut condition: impl FnMut() -> Option<T>) -> T {
    let (started, deadline) = (Instant::now(), deadline * patience());
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(started.elapsed() < deadline, "not within {deadline:?}: {what}");
        pause(LOOK);
    }
}

/// From now on this thread, and what it starts, computes when nobody else does: for tests that compute for a minute and wait for
/// nothing, beside those whose agents are scraped each second.
pub(crate) fn give_way() {
    rustix::process::setpriority_process(None, 10).unwrap();
}

/// Lets time pass, for what is about time itself.
#[expect(clippy::disallowed_methods, reason = "the one place that waits between two looks")]
pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}
