//! What follows from what, and since when: the rules of rules/causes.rs, over the same ticks.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::elements::Element;
use super::samples::{Label, Millis, Samples, label, own_label};
use super::state::States;
use crate::render::promql::OWN;
use crate::{CONTAINER, DEPENDS_ON, Level, Policy, Severity, Times};

/// A target, or a container of an engine, of a site.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    site: Box<str>,
    target: Box<str>,
    container: Box<str>,
}

/// An element, and the name of the cause that reaches it.
type Reached = (Place, Box<str>);

/// Of a site, what stands on what: the element, by the name of what it stands on.
type Topology = BTreeMap<(Box<str>, Box<str>), BTreeSet<Place>>;

/// What is remembered of one level from which others follow.
#[derive(Debug)]
struct Watch {
    /// The places of its alert in the policy, and of itself in the alert.
    place: (usize, usize),
    /// Whether it silences itself on what stands on its element.
    silences_itself: bool,
    /// The ticks at which an element was reached, and by which cause, as far back as anything looks.
    reached: BTreeMap<Reached, Vec<Millis>>,
    /// What it silences while it fires, and for a time after that.
    firing: States,
}

/// An element on which alerts are silenced.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Silence {
    /// The places of the cause's alert in the policy, and of its level in the alert.
    pub(crate) cause: (usize, usize),
    /// Its labels, the label `cause` with what the cause is about, and [`OWN`] where that is the element and is no cause of
    /// itself.
    pub(crate) element: Vec<Label>,
    /// Whether the cause's alert fires, or did so a short time ago.
    pub(crate) is_firing: bool,
}

/// Every cause of a policy.
#[derive(Debug)]
pub(super) struct Causes {
    all: Vec<Watch>,
    topology: Topology,
    /// What was seen of each severity, by site and name, and when it was last.
    seen: BTreeMap<(Severity, Box<str>, Box<str>), Millis>,
    now: Millis,
}

impl Place {
    /// Of what has these labels; `None` if that is no target.
    fn of(labels: &[Label]) -> Option<Self> {
        let text = |name| label(labels, name).unwrap_or_default().into();
        let place = Self { site: text("site"), target: text("target"), container: text(CONTAINER) };
        (!place.target.is_empty()).then_some(place)
    }

    /// Its name as a cause: a target, or `engine/container`.
    fn cause(&self) -> Box<str> {
        if self.container.is_empty() {
            self.target.clone()
        } else {
            format!("{}/{}", self.target, self.container).into()
        }
    }

    fn labels(&self, cause: &str) -> Vec<Label> {
        let all = [("cause", cause), (CONTAINER, &self.container), ("site", &self.site), ("target", &self.target)];
        all.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| own_label(name, value)).collect()
    }
}

impl Causes {
    pub(super) fn new(policy: &Policy) -> Self {
        let watch = |cause: crate::Cause<'_>| {
            let alert = policy.alerts.iter().position(|alert| std::ptr::eq(alert, cause.alert))?;
            let level = cause.alert.levels.iter().position(|level| std::ptr::eq(level, cause.level))?;
            Some(Watch {
                place: (alert, level),
                silences_itself: cause.alert.silences_itself(),
                reached: BTreeMap::new(),
                firing: States::default(),
            })
        };
        let all = policy.causes().filter_map(watch).collect();
        Self { all, topology: Topology::new(), seen: BTreeMap::new(), now: Millis::MIN }
    }

    /// Takes what stands on what from the samples, and what causes are seen: the elements for which each level holds.
    pub(super) fn see<'t>(
        &mut self,
        policy: &Policy,
        samples: &impl Samples,
        now: Millis,
        holding: impl Fn((usize, usize)) -> Vec<&'t [Label]>,
    ) {
        (self.now, self.topology) = (now, topology(policy, samples, now));
        let oldest = before(now, policy.times.tail);
        self.seen.retain(|_, last| *last >= oldest);
        for watch in &mut self.all {
            let level = watch.level(policy);
            let mut reached = BTreeSet::new();
            for place in holding(watch.place).into_iter().filter_map(Place::of) {
                let cause = (place.site.clone(), place.cause());
                let others = self.topology.get(&cause).into_iter().flatten();
                let is_circle = |other: &Place| {
                    let back = self.topology.get(&(other.site.clone(), other.cause()));
                    place.container.is_empty()
                        && other.container.is_empty()
                        && back.is_some_and(|stand| stand.contains(&place))
                };
                let others = others.filter(|other| !(watch.silences_itself && is_circle(other)));
                reached.extend(others.map(|other| (other.clone(), cause.1.clone())));
                reached.insert((place, cause.1.clone()));
                self.seen.insert((level.severity, cause.0, cause.1), now);
            }
            watch.update(&policy.times, level, &reached, now);
        }
    }

    /// Whether a cause of that severity is seen, or was a short time ago, of which this is not the element itself.
    pub(super) fn explains(&self, labels: &[Label], severity: Severity) -> bool {
        let Some(place) = Place::of(labels) else { return false };
        let is_seen =
            |(site, cause): &(Box<str>, Box<str>)| self.seen.contains_key(&(severity, site.clone(), cause.clone()));
        self.topology.iter().any(|(cause, places)| places.contains(&place) && is_seen(cause))
    }

    /// What is silenced at this tick: the alert and level of the cause, and the labels of the element.
    pub(super) fn silenced(&self, policy: &Policy) -> Vec<Silence> {
        let mut all = Vec::new();
        for watch in &self.all {
            let early = watch.early(&policy.times, watch.level(policy), self.now);
            all.extend(early.map(|(place, cause)| Silence {
                cause: watch.place,
                element: watch.labels(place, cause),
                is_firing: false,
            }));
            let firing = watch.firing.active(watch.place).filter(|active| active.is_firing);
            all.extend(firing.map(|active| Silence {
                cause: watch.place,
                element: active.labels.to_vec(),
                is_firing: true,
            }));
        }
        all
    }
}

impl Watch {
    fn level<'p>(&self, policy: &'p Policy) -> &'p Level {
        &policy.alerts[self.place.0].levels[self.place.1]
    }

    fn update(&mut self, times: &Times, level: &Level, reached: &BTreeSet<Reached>, now: Millis) {
        for (place, cause) in reached {
            self.reached.entry((place.clone(), cause.clone())).or_default().push(now);
            self.firing.hold(&Element { labels: self.labels(place, cause).into(), value: 1.0 }, level.hold, now);
        }
        self.firing.release(times.tail(level), now);
        let oldest = before(now, level.hold + times.lead + times.memory);
        self.reached.retain(|_, ticks| {
            ticks.retain(|tick| *tick >= oldest);
            !ticks.is_empty()
        });
    }

    /// The labels of an element that a cause reaches.
    fn labels(&self, place: &Place, cause: &str) -> Vec<Label> {
        let own = (self.silences_itself && *place.cause() == *cause).then(|| own_label(OWN.0, OWN.1));
        let mut labels = place.labels(cause);
        labels.extend(own);
        labels.sort();
        labels
    }

    /// What was first reached so short a time ago that the cause's alert may not fire yet.
    fn early(&self, times: &Times, level: &Level, now: Millis) -> impl Iterator<Item = &Reached> {
        let begin = times.early(level).map(|early| before(now, early));
        // A cause that was there before that is not new, and everything older is forgotten.
        let is_new =
            move |ticks: &[Millis]| begin.is_some_and(|begin| ticks.first().is_some_and(|first| *first > begin));
        self.reached.iter().filter(move |(_, ticks)| is_new(ticks)).map(|(reached, _)| reached)
    }
}

fn topology(policy: &Policy, samples: &impl Samples, now: Millis) -> Topology {
    let mut topology = Topology::new();
    for track in samples.tracks(DEPENDS_ON).filter(|track| track.last(now, policy.times.gap).is_some()) {
        if let (Some(place), Some(cause)) = (Place::of(track.labels), label(track.labels, "cause")) {
            topology.entry((place.site.clone(), cause.into())).or_default().insert(place);
        }
    }
    topology
}

fn before(now: Millis, time: Duration) -> Millis {
    now.saturating_sub(Millis::try_from(time.as_millis()).unwrap_or(Millis::MAX))
}
