//! What can be turned while the service runs.

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::source::MAX_INSTRUMENTS;

/// All knobs, and the arguments that set them at the start.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Args)]
pub(crate) struct Knobs {
    /// Ticks a second of each instrument; 100,000 a second are made of all at most.
    #[arg(long, default_value_t = 2.0)]
    pub(crate) ticks_per_second: f64,
    /// Instruments at the start. From then on the registry has them, since subscriptions change it too.
    #[arg(long, default_value_t = 100)]
    pub(crate) instruments: usize,
    /// The share of the accepted messages that vanishes without being counted, 0 to 1.
    #[arg(long, default_value_t = 0.0)]
    pub(crate) uncounted_loss: f64,
    /// Compute the level's ratio as published by received: sampling lowers it, so that a level once reached stays.
    #[arg(long)]
    pub(crate) latch: bool,
    /// Whether the publisher publishes; `false` as if it were not there yet.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    pub(crate) initialized: bool,
    /// The pace of the cache.
    #[arg(long, default_value_t = 50.0)]
    pub(crate) cache_gets_per_second: f64,
    /// Active requests that /health/load tells.
    #[arg(long, default_value_t = 0)]
    pub(crate) active: u64,
    /// Queued requests that /health/load tells.
    #[arg(long, default_value_t = 0)]
    pub(crate) queued: u64,
}

/// The body of `POST /admin/knobs`: what is to change.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KnobChange {
    pub(crate) ticks_per_second: Option<f64>,
    pub(crate) instruments: Option<usize>,
    /// The publisher stands still for so many milliseconds, once.
    pub(crate) stall_ms: Option<u64>,
    pub(crate) uncounted_loss: Option<f64>,
    pub(crate) latch: Option<bool>,
    #[serde(default)]
    pub(crate) reset_counters: bool,
    pub(crate) initialized: Option<bool>,
    pub(crate) cache_gets_per_second: Option<f64>,
    pub(crate) active: Option<u64>,
    pub(crate) queued: Option<u64>,
}

/// The answer of `/admin/knobs`.
#[derive(Debug, Serialize)]
pub(crate) struct KnobsShown {
    #[serde(flatten)]
    pub(crate) knobs: Knobs,
    /// What `uncounted_loss` has taken; told here alone.
    pub(crate) vanished: u64,
}

/// The highest rate of an instrument, and of the cache.
const MAX_PER_SECOND: f64 = 10_000.0;
const MAX_STALL_MS: u64 = 600_000;

impl KnobChange {
    /// Reads a body; the error says which key is wrong, and how.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, String> {
        // Of a struct, serde would take an array as well.
        let object: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(body).map_err(|error| format!("a JSON object is expected: {error}"))?;
        let change: Self = serde_json::from_value(object.into()).map_err(|error| error.to_string())?;
        let mut turned = Knobs::default();
        turned.apply(&change);
        turned.check()?;
        if change.stall_ms.is_some_and(|stall| stall > MAX_STALL_MS) {
            return Err(format!("stall_ms must be from 0 to {MAX_STALL_MS}"));
        }
        Ok(change)
    }
}

impl Knobs {
    /// Says which value is out of bounds.
    pub(crate) fn check(&self) -> Result<(), String> {
        for (name, rate) in
            [("ticks_per_second", self.ticks_per_second), ("cache_gets_per_second", self.cache_gets_per_second)]
        {
            if !(0.0..=MAX_PER_SECOND).contains(&rate) {
                return Err(format!("{name} must be from 0 to {MAX_PER_SECOND}"));
            }
        }
        if self.instruments > MAX_INSTRUMENTS {
            return Err(format!("instruments must be from 0 to {MAX_INSTRUMENTS}"));
        }
        if !(0.0..=1.0).contains(&self.uncounted_loss) {
            return Err("uncounted_loss must be from 0 to 1".to_owned());
        }
        Ok(())
    }

    /// Turns those that the change names.
    pub(crate) fn apply(&mut self, change: &KnobChange) {
        fn set<T: Copy>(knob: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *knob = value;
            }
        }
        set(&mut self.ticks_per_second, change.ticks_per_second);
        set(&mut self.instruments, change.instruments);
        set(&mut self.uncounted_loss, change.uncounted_loss);
        set(&mut self.latch, change.latch);
        set(&mut self.initialized, change.initialized);
        set(&mut self.cache_gets_per_second, change.cache_gets_per_second);
        set(&mut self.active, change.active);
        set(&mut self.queued, change.queued);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_names_what_it_changes() {
        let change = KnobChange::parse(br#"{"ticks_per_second":2,"instruments":1000,"latch":true}"#).unwrap();
        let expected = KnobChange {
            ticks_per_second: Some(2.0),
            instruments: Some(1_000),
            latch: Some(true),
            ..KnobChange::default()
        };
        assert_eq!(change, expected);
        let mut knobs = Knobs {
            ticks_per_second: 1.0,
            instruments: 7,
            uncounted_loss: 0.5,
            latch: false,
            initialized: true,
            cache_gets_per_second: 50.0,
            active: 3,
            queued: 4,
        };
        let before = knobs;
        knobs.apply(&change);
        assert_eq!(knobs, Knobs { ticks_per_second: 2.0, instruments: 1_000, latch: true, ..before });
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (body, expected) in [
            (r#"{"instrument":1}"#, "unknown field `instrument`"),
            (r#"{"instruments":10001}"#, "instruments must be from 0 to 10000"),
            (r#"{"instruments":-1}"#, "invalid value: integer `-1`, expected usize"),
            (r#"{"ticks_per_second":10001}"#, "ticks_per_second must be from 0 to 10000"),
            (r#"{"cache_gets_per_second":-1}"#, "cache_gets_per_second must be from 0 to 10000"),
            (r#"{"stall_ms":600001}"#, "stall_ms must be from 0 to 600000"),
            (r#"{"uncounted_loss":1.5}"#, "uncounted_loss must be from 0 to 1"),
            (r#"{"latch":"yes"}"#, "invalid type: string \"yes\", expected a boolean"),
            ("[1]", "a JSON object is expected: invalid type: sequence"),
            ("", "a JSON object is expected: EOF"),
        ] {
            let error = KnobChange::parse(body.as_bytes()).unwrap_err();
            assert!(error.starts_with(expected), "{body}: {error}");
        }
    }
}
