//! Time in the policy and time on the clock.

use std::time::Duration;

use manometer::policy::{self, Policy};

/// By how much everything is faster: a minute of the policy takes six seconds with 10.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale(u32);

/// Alerts whose numbers grow as times shrink. As many messages are on their way between two readings as ever: of a shorter window
/// they are a larger part. A publish takes as long as ever, and on a busy machine longer for as long as ever.
const GROWN: [&str; 2] = ["MessagesLost", "PublishLatencyHigh"];

impl Scale {
    /// `SCALE` of the environment, from 1 to 10.
    pub(crate) fn of_environment() -> Result<Self, String> {
        let text = std::env::var("SCALE").unwrap_or_else(|_| "10".to_owned());
        let factor = text.parse().ok().filter(|factor| (1..=10).contains(factor));
        factor.map(Self).ok_or_else(|| format!("SCALE is {text:?}; it must be from 1 to 10"))
    }

    /// The same, but no faster than that.
    pub(crate) fn at_most(self, factor: u32) -> Self {
        Self(self.0.min(factor))
    }

    pub(crate) const fn factor(self) -> u32 {
        self.0
    }

    /// How long so many seconds of the policy take.
    pub(crate) fn clock(self, seconds: u64) -> Duration {
        Duration::from_secs(seconds) / self.0
    }

    /// How many seconds of the policy a time on the clock is.
    pub(crate) fn seconds(self, clock: Duration) -> u64 {
        (clock * self.0).as_secs()
    }

    /// `seconds` divided, in whole seconds, as a text for configurations; at least `least`.
    pub(crate) fn text(self, seconds: u64, least: u64) -> String {
        format!("{}s", self.whole(seconds, least))
    }

    pub(crate) fn whole(self, seconds: u64, least: u64) -> u64 {
        (seconds / u64::from(self.0)).max(least)
    }

    /// The shipped policy with all of its times divided.
    pub(crate) fn policy(self) -> Policy {
        let mut policy = policy::shipped().unwrap().divided(self.0);
        let grown = policy.alerts.iter_mut().filter(|alert| GROWN.contains(&alert.name.as_str()));
        grown.flat_map(|alert| &mut alert.levels).for_each(|level| level.fire *= f64::from(self.0));
        policy
    }

    /// The same numbers for the agent, which would not agree with the rules otherwise.
    pub(crate) fn thresholds(self) -> String {
        let policy = self.policy();
        let table = |name: &str| {
            let alert = policy.alert(name).unwrap();
            let numbers = alert.levels.iter().map(|level| format!("{} = {}\n", level.severity.as_str(), level.fire));
            format!("\n[thresholds.{}]\n{}", alert.key(), numbers.collect::<String>())
        };
        GROWN.map(table).concat()
    }

    /// A configuration of Alertmanager with its waits divided.
    pub(crate) fn routes(self, config: &str) -> String {
        let faster = |line: &str| {
            let (key, time) =
                line.split_once(": ").filter(|(key, _)| key.ends_with("_wait") || key.ends_with("_interval"))?;
            let time = humantime::parse_duration(time).ok()? / self.0;
            Some(format!("{key}: {}ms\n", time.as_millis()))
        };
        config.lines().map(|line| faster(line).unwrap_or_else(|| format!("{line}\n"))).collect()
    }
}
