//! One level of an alert from tick to tick.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use super::causes::Causes;
use super::elements::Element;
use super::join::Index;
use super::samples::{Label, Millis, label, own_label};
use super::state::{Active, States};
use crate::{CONTAINER, Guard, Level, Policy, Severity, Signal};

/// A level, with what was prepared for it and what is remembered of it.
#[derive(Debug)]
pub(super) struct Watched {
    /// The places of its alert in the policy and of itself in the alert.
    place: (usize, usize),
    /// The place of what it compares among all signals.
    pub(super) signal: usize,
    /// Those of its guards.
    pub(super) guards: Vec<usize>,
    /// That of what lets it go on.
    lasts: Option<usize>,
    /// The place of the scope of each target that has one.
    scopes: HashMap<String, usize>,
    states: States,
}

/// What a level has for one target.
struct Numbers {
    fire: Option<f64>,
    resolve: Option<f64>,
    hold: Duration,
}

impl Watched {
    pub(super) fn new(place: (usize, usize), level: &Level, mut signal: impl FnMut(&Signal) -> usize) -> Self {
        let scopes = level.scopes.iter().enumerate();
        Self {
            place,
            signal: signal(&level.signal),
            guards: level.guards.iter().map(|guard| signal(&guard.signal)).collect(),
            lasts: level.lasts.as_ref().map(|lasts| signal(&lasts.signal)),
            scopes: scopes.flat_map(|(at, scope)| scope.targets.iter().map(move |name| (name.clone(), at))).collect(),
            states: States::default(),
        }
    }

    /// The places of its alert in the policy and of itself in the alert.
    pub(super) const fn place(&self) -> (usize, usize) {
        self.place
    }

    /// The place of its alert.
    pub(super) const fn alert(&self) -> usize {
        self.place.0
    }

    pub(super) fn level<'p>(&self, policy: &'p Policy) -> &'p Level {
        &policy.alerts[self.place.0].levels[self.place.1]
    }

    pub(super) fn active(&self) -> impl Iterator<Item = Active> {
        self.states.active(self.place)
    }

    fn numbers(&self, level: &Level, labels: &[Label]) -> Numbers {
        let own = if self.scopes.is_empty() { None } else { label(labels, "target") };
        match own.and_then(|target| self.scopes.get(target)) {
            Some(&at) => {
                let scope = &level.scopes[at];
                Numbers { fire: scope.fire, resolve: scope.resolve, hold: scope.hold }
            }
            None => Numbers { fire: Some(level.fire), resolve: level.resolve, hold: level.hold },
        }
    }

    /// What is beyond the number at which the level fires, or, where it fires already, beyond the one that ends it or among what is
    /// `lasting`.
    fn beyond<'t, 's>(
        &self,
        level: &Level,
        elements: &'t [Element<'s>],
        lasting: &[&Element<'s>],
    ) -> Vec<&'t Element<'s>> {
        let is_beyond = |element: &&Element<'s>| {
            let Numbers { fire, resolve, .. } = self.numbers(level, &element.labels);
            let beyond = |number| level.compare.holds(element.value, number);
            let is_held = || resolve.is_some_and(beyond) && self.states.is_firing(&element.labels);
            let goes_on = || is_held() || lasting.iter().any(|lasting| std::ptr::eq(*lasting, *element));
            // Where the alert is off, nothing lets it go on either.
            fire.is_some_and(|fire| beyond(fire) || goes_on())
        };
        elements.iter().filter(is_beyond).collect()
    }

    /// The elements that are beyond it and for which every guard holds; `of` has the elements of each signal.
    pub(super) fn holding<'t, 's, 'g, 'e: 'g>(
        &self,
        policy: &Policy,
        elements: &'t [Element<'s>],
        of: impl Fn(usize) -> &'g [Element<'e>],
    ) -> Vec<&'t Element<'s>> {
        let level = self.level(policy);
        let mut lasting = Vec::new();
        if let Some((guard, signal)) = level.lasts.as_ref().zip(self.lasts) {
            lasting.extend(elements.iter().filter(|element| self.states.is_firing(&element.labels)));
            if !lasting.is_empty() {
                lasting = guarded(&lasting, guard, of(signal));
            }
        }
        let mut holding = self.beyond(level, elements, &lasting);
        for (guard, &signal) in level.guards.iter().zip(&self.guards) {
            if !holding.is_empty() {
                holding = guarded(&holding, guard, of(signal));
            }
        }
        holding
    }

    /// Whether it must hold there for the time of all targets, and not for another one.
    pub(super) fn has_general_hold(&self, policy: &Policy, labels: &[Label]) -> bool {
        let level = self.level(policy);
        self.numbers(level, labels).hold == level.hold
    }

    /// Goes on to the next tick, at which these hold.
    pub(super) fn update(&mut self, level: &Level, holding: &[&Element<'_>], now: Millis) {
        for element in holding {
            let Numbers { hold, .. } = self.numbers(level, &element.labels);
            self.states.hold(element, hold, now);
        }
        self.states.release(level.keep_firing, now);
    }
}

/// Those for which the guard holds as well: for an element of its signal that belongs to them.
fn guarded<'t, 's>(holding: &[&'t Element<'s>], guard: &Guard, elements: &[Element<'_>]) -> Vec<&'t Element<'s>> {
    let elements = elements.iter().filter(|element| guard.compare.holds(element.value, guard.number));
    let index = Index::new(elements.map(|element| &*element.labels), holding.iter().map(|element| &*element.labels));
    holding.iter().copied().filter(|element| index.find(&element.labels).is_some()).collect()
}

/// The number of targets and containers of each site that have a firing alert of that severity, of another alert than `own`,
/// which no cause explains.
pub(super) fn in_trouble<'s>(
    policy: &Policy,
    levels: &[Watched],
    own: usize,
    severity: Severity,
    causes: &Causes,
) -> Vec<Element<'s>> {
    let counted = levels.iter().filter(|other| {
        let level = other.level(policy);
        other.alert() != own && level.severity == severity && level.page
    });
    let firing = counted.flat_map(|other| other.states.firing()).filter(|labels| !causes.explains(labels, severity));
    let mut sites: BTreeMap<&str, BTreeSet<(&str, &str)>> = BTreeMap::new();
    for labels in firing {
        let text = |name| label(labels, name).unwrap_or_default();
        if !text("target").is_empty() {
            sites.entry(text("site")).or_default().insert((text("target"), text(CONTAINER)));
        }
    }
    let element = |(site, elements): (&str, BTreeSet<_>)| {
        let labels: Vec<Label> = if site.is_empty() { Vec::new() } else { vec![own_label("site", site)] };
        Element { labels: labels.into(), value: elements.len() as f64 }
    };
    sites.into_iter().map(element).collect()
}
