//! Whether the numbers of an alert fit together.

use super::{Alert, Compare, Level, Unit};

/// One thing that is wrong with a level.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// Its place among the alert's levels.
    pub level: usize,
    /// The place among the level's scopes; `None` for all other targets.
    pub scope: Option<usize>,
    /// What is wrong.
    pub field: Field,
    /// The value that is wrong.
    pub value: f64,
    /// Why, and what to do.
    pub message: String,
}

/// A number of a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// At which it fires.
    Fire,
    /// At which it ends.
    Resolve,
}

/// What is wrong with the numbers of an alert, as a whole and for each scope.
#[must_use]
pub fn faults(alert: &Alert) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (at, level) in alert.levels.iter().enumerate() {
        let everywhere = (None, Some(level.fire), level.resolve);
        let scopes = level.scopes.iter().enumerate().map(|(at, scope)| (Some(at), scope.fire, scope.resolve));
        for (scope, fire, resolve) in std::iter::once(everywhere).chain(scopes) {
            let Some(fire) = fire else { continue };
            let mut fault = |field, value, message: String| {
                faults.push(Fault { level: at, scope, field, value, message });
            };
            if let Some(message) = range(level, fire) {
                fault(Field::Fire, fire, message);
                continue;
            }
            if let Some(message) = milder(alert, at, scope, fire) {
                fault(Field::Fire, fire, message);
            }
            let Some(resolve) = resolve else { continue };
            if let Some(message) = range(level, resolve).or_else(|| side(level.compare, fire, resolve)) {
                fault(Field::Resolve, resolve, message);
            }
        }
    }
    faults
}

fn range(level: &Level, value: f64) -> Option<String> {
    if value < 0.0 {
        return Some("must not be negative; nothing that is compared ever is".to_owned());
    }
    (level.unit == Unit::Ratio && value > 1.0).then(|| "is a part of a whole; write 0.8 for 80 %".to_owned())
}

/// Whether the number that ends it lies where the signal comes from.
fn side(compare: Compare, fire: f64, resolve: f64) -> Option<String> {
    match compare {
        Compare::Above | Compare::AtLeast if resolve >= fire => {
            Some(format!("must be less than {fire}, at which it fires; otherwise it ends before it begins"))
        }
        Compare::Below | Compare::AtMost if resolve <= fire => {
            Some(format!("must be more than {fire}, at which it fires; otherwise it ends before it begins"))
        }
        _ => None,
    }
}

/// Whether a milder level of the same signal fires later than this one.
fn milder(alert: &Alert, at: usize, scope: Option<usize>, fire: f64) -> Option<String> {
    let level = &alert.levels[at];
    let number = |other: &Level| match scope {
        // Overrides of one table make one scope of each level, in the same order.
        Some(scope) => other.scopes.get(scope).and_then(|scope| scope.fire),
        None => Some(other.fire),
    };
    alert.levels.iter().filter(|other| other.severity < level.severity && comparable(level, other)).find_map(|other| {
        // A number that is wrong itself is reported already.
        let mild = number(other).filter(|mild| range(other, *mild).is_none())?;
        let (wrong, word) = match level.compare {
            Compare::Above | Compare::AtLeast => (fire < mild, "at least"),
            Compare::Below | Compare::AtMost => (fire > mild, "at most"),
            Compare::Equal => return None,
        };
        let (severe, mild_name) = (level.severity.as_str(), other.severity.as_str());
        wrong.then(|| format!("must be {word} {mild}, the number of {mild_name}: {severe} is the worse of the two"))
    })
}

/// Whether the numbers of two levels are of one scale: the CPU and its mean are, a ratio and a number of waiters are not.
fn comparable(level: &Level, other: &Level) -> bool {
    let direction = |compare| matches!(compare, Compare::Above | Compare::AtLeast);
    level.unit == other.unit
        && level.signal.series() == other.signal.series()
        && direction(level.compare) == direction(other.compare)
}
