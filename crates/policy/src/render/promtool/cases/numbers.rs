//! Values close to a number, on either side of it.

use std::time::Duration;

pub(super) use crate::render::promtool::world::readable;
use crate::{Compare, Level, Scope, Signal};

/// How close: much closer than the tenth by which a wrong number would have to differ at least. Not the same on both sides:
/// half a window of the one and half of the other must not make the number itself.
const NEAR: f64 = 0.03;
const SHORT: f64 = 0.035;

/// What a level is compared with, for one target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Numbers {
    pub(super) compare: Compare,
    pub(super) fire: f64,
    pub(super) resolve: Option<f64>,
    pub(super) hold: Duration,
}

impl Numbers {
    /// Those of all targets, or of a scope; `None` where it is switched off.
    pub(super) fn of(level: &Level, scope: Option<&Scope>) -> Option<Self> {
        let (fire, resolve, hold) = match scope {
            Some(scope) => (scope.fire?, scope.resolve, scope.hold),
            None => (level.fire, level.resolve, level.hold),
        };
        Some(Self { compare: level.compare, fire, resolve, hold })
    }

    /// Just far enough to fire.
    pub(super) fn beyond(&self, signal: &Signal) -> f64 {
        beyond(self.compare, self.fire, signal)
    }

    /// Just not far enough to fire.
    pub(super) fn short(&self) -> f64 {
        short(self.compare, self.fire)
    }

    /// Between the number that ends it and the one at which it fires, close to the former.
    pub(super) fn held(&self) -> Option<f64> {
        let resolve = self.resolve?;
        let near = (resolve * NEAR).min((self.fire - resolve).abs() / 2.0);
        Some(readable(if self.fire > resolve { resolve + near } else { resolve - near }))
    }

    /// Just far enough back to end it.
    pub(super) fn back(&self) -> f64 {
        self.resolve.map_or_else(|| self.short(), |resolve| short(self.compare, resolve))
    }

    /// Whether the number itself does not fire.
    pub(super) fn is_exclusive(&self) -> bool {
        matches!(self.compare, Compare::Above | Compare::Below)
    }
}

/// A value that compares so with the number, and only just.
pub(super) fn beyond(compare: Compare, number: f64, signal: &Signal) -> f64 {
    match compare {
        // Where the value is computed it is not exact, and must not be taken for 1.
        Compare::Above if number == 0.0 && signal.is_inexact() => 0.5,
        Compare::Above if number == 0.0 => 1.0,
        Compare::Below if number == 0.0 => -1.0,
        Compare::Above => readable(number * (1.0 + NEAR)),
        Compare::Below => readable(number * (1.0 - NEAR)),
        // What comes out is not exactly what was meant.
        Compare::AtLeast if signal.is_inexact() => readable(number * (1.0 + NEAR)),
        Compare::AtMost if signal.is_inexact() => readable(number * (1.0 - NEAR)),
        Compare::AtLeast | Compare::AtMost | Compare::Equal => number,
    }
}

/// A value that comes as close as can be without comparing so with the number.
pub(super) fn closest(compare: Compare, number: f64, signal: &Signal) -> f64 {
    match compare {
        Compare::Above | Compare::Below if number == 0.0 || !signal.is_inexact() => number,
        _ => short(compare, number),
    }
}

/// A value that just does not compare so with the number.
pub(super) fn short(compare: Compare, number: f64) -> f64 {
    match compare {
        Compare::Equal | Compare::AtMost if number == 0.0 => 1.0,
        Compare::AtLeast if number == 0.0 => -1.0,
        Compare::Equal => 0.0,
        Compare::Above | Compare::AtLeast => readable(number * (1.0 - SHORT)),
        Compare::Below | Compare::AtMost => readable(number * (1.0 + SHORT)),
    }
}
