//! What can be turned while the service runs.

use serde::{Deserialize, Serialize};

use crate::source::MAX_INSTRUMENTS;

/// All knobs. `instruments` is not among them: the registry has it, since subscriptions change it too.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Knobs {
    /// Of each instrument.
    pub(crate) ticks_per_second: f64,
    /// The share of the accepted messages that vanishes uncounted, 0 to 1.
    pub(crate) uncounted_loss: f64,
    pub(crate) latch: bool,
    pub(crate) initialized: bool,
    pub(crate) cache_gets_per_second: f64,
    /// Of `/health/load`.
    pub(crate) active: u64,
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
    pub(crate) ticks_per_second: f64,
    pub(crate) instruments: usize,
    pub(crate) uncounted_loss: f64,
    pub(crate) latch: bool,
    pub(crate) initialized: bool,
    pub(crate) cache_gets_per_second: f64,
    pub(crate) active: u64,
    pub(crate) queued: u64,
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
        change.check()?;
        Ok(change)
    }

    /// Says which value is out of bounds.
    pub(crate) fn check(&self) -> Result<(), String> {
        rate("ticks_per_second", self.ticks_per_second)?;
        rate("cache_gets_per_second", self.cache_gets_per_second)?;
        if self.instruments.is_some_and(|instruments| instruments > MAX_INSTRUMENTS) {
            return Err(format!("instruments must be from 0 to {MAX_INSTRUMENTS}"));
        }
        if self.stall_ms.is_some_and(|stall| stall > MAX_STALL_MS) {
            return Err(format!("stall_ms must be from 0 to {MAX_STALL_MS}"));
        }
        if self.uncounted_loss.is_some_and(|loss| !(0.0..=1.0).contains(&loss)) {
            return Err("uncounted_loss must be from 0 to 1".to_owned());
        }
        Ok(())
    }
}

fn rate(name: &str, value: Option<f64>) -> Result<(), String> {
    match value {
        Some(value) if !(0.0..=MAX_PER_SECOND).contains(&value) => {
            Err(format!("{name} must be from 0 to {MAX_PER_SECOND}"))
        }
        _ => Ok(()),
    }
}

impl Knobs {
    /// Turns those that the change names.
    pub(crate) fn apply(&mut self, change: &KnobChange) {
        fn set<T: Copy>(knob: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *knob = value;
            }
        }
        set(&mut self.ticks_per_second, change.ticks_per_second);
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
            uncounted_loss: 0.5,
            latch: false,
            initialized: true,
            cache_gets_per_second: 50.0,
            active: 3,
            queued: 4,
        };
        let before = knobs.clone();
        knobs.apply(&change);
        assert_eq!(knobs, Knobs { ticks_per_second: 2.0, latch: true, ..before });
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
