//! What events tell.

use std::time::SystemTime;

use super::record::{Forged, Record, signal_number};
use super::run::Stamp;
use super::{Book, Effect, Moment, UNCLAIMED_KILLS, nanos_of};
use crate::collector::docker::container::RunState;
use crate::collector::docker::engine::Event;
use crate::collector::docker::lifecycle::action::Action;
use crate::collector::docker::logs::ReadFrom;
use crate::collector::docker::select;

impl Book {
    /// Takes an event.
    pub(in super::super) fn event(&mut self, event: &Event, now: Moment) -> Vec<Effect> {
        let action = Action::of(event);
        self.counters.events[action as usize] += 1;
        self.last_event = self.last_event.max(Some(event.time_nano));
        let id = &event.actor.id;
        if matches!(action, Action::Exec | Action::Other) || id.is_empty() || !self.recent.insert(event) {
            return Vec::new();
        }
        let stamp = self.stamp(now);
        let is_known = self.records.contains_key(id);
        if !is_known && !self.watch_from(action, event, stamp) {
            return Vec::new();
        }
        let Some(record) = self.records.get_mut(id) else { return Vec::new() };
        // A list may be faster than the events of the last run, which still count. Nothing else is told of what is gone.
        if record.removed.is_some() && !matches!(action, Action::Die | Action::Oom | Action::Kill) {
            return Vec::new();
        }
        let was_live = record.runs.is_live();
        // What is overdue is counted without what this event adds.
        record.runs.settle(stamp);
        match action {
            Action::Start | Action::Die | Action::Oom | Action::Kill => {
                // What the engine repeats after a subscription happened before it.
                let subscribed = self.live.map(|live| nanos_of(live.wall).unwrap_or(0));
                let is_repeated = subscribed.is_none_or(|subscribed| event.time_nano < subscribed);
                record.run_event(action, event, is_known, is_repeated, stamp);
            }
            Action::Rename => {
                record.event = Some(stamp);
                let name = event.attribute("name").unwrap_or_default().trim_start_matches('/').to_owned();
                self.rename(id, &name);
            }
            Action::Destroy => {
                record.container.is_torn_away = record.is_torn_away(stamp);
                record.removed(stamp);
                self.effects.push(Effect::End(id.clone()));
            }
            _ => record.state_event(action, event, was_live, stamp),
        }
        if let Some(record) = self.records.get_mut(id)
            && (was_live || record.runs.is_live())
        {
            record.seen_running(stamp);
        }
        self.finish(id, was_live, ReadFrom::Start, stamp);
        self.keep_bounds();
        std::mem::take(&mut self.effects)
    }

    /// The kernel tells that it killed a process of a container for want of memory at that time, or the control group that it
    /// had killed so many by then.
    pub(in super::super) fn oom_killed(
        &mut self,
        id: &str,
        at: SystemTime,
        count: Option<u64>,
        now: Moment,
    ) -> Vec<Effect> {
        let (stamp, Some(at)) = (self.stamp(now), nanos_of(at)) else { return Vec::new() };
        if count.is_none() {
            self.unclaimed_kills.truncate(UNCLAIMED_KILLS - 1);
            self.unclaimed_kills.push_front((id.to_owned(), at));
        }
        let Some(record) = self.records.get_mut(id) else { return Vec::new() };
        let was_live = record.runs.is_live();
        record.runs.settle(stamp);
        if let Some(count) = count {
            record.runs.oom_kills(at, count);
        }
        self.finish(id, was_live, ReadFrom::Start, stamp);
        std::mem::take(&mut self.effects)
    }

    /// Begins to watch a container that an event is the first to tell of; whether it is wanted.
    fn watch_from(&mut self, action: Action, event: &Event, stamp: Stamp) -> bool {
        let state = match action {
            Action::Create => RunState::Created,
            Action::Start | Action::Unpause | Action::Oom | Action::Kill | Action::Health => RunState::Running,
            Action::Pause => RunState::Paused,
            Action::Die => RunState::Exited,
            // It is on its way out, or the next list tells more than the event does.
            _ => return false,
        };
        let id = &event.actor.id;
        let name = event.attribute("name").unwrap_or_default().trim_start_matches('/');
        let mut labels = event.actor.attributes.clone();
        // Docker labels of these names cannot be told from the event's own attributes. The list knows them.
        labels
            .retain(|key, _| !matches!(key.as_str(), "name" | "image") && !action.attributes().contains(&key.as_str()));
        if name.is_empty() || !select::is_wanted(&self.target, name, &labels) {
            return false;
        }
        if self.present() >= self.target.max_containers {
            // The next list counts them all; until then no more are remembered than could be watched.
            if self.ignored.len() < self.target.max_containers {
                self.ignored.insert(id.clone());
            }
            return false;
        }
        let mut record = Record::new(id, name, event.attribute("image").unwrap_or_default(), state, stamp);
        record.set_labels(&self.target, &labels);
        if action.attributes().is_empty() {
            record.forged = Forged::by(&event.actor.attributes);
        }
        if !matches!(action, Action::Create | Action::Start | Action::Die) {
            record.runs.existed(false, None, stamp);
        }
        record.event = Some(stamp);
        self.claim(name);
        self.records.insert(id.clone(), record);
        true
    }
}

impl Record {
    /// An event of a run: its start, its end, or what tells why it ends.
    fn run_event(&mut self, action: Action, event: &Event, is_known: bool, is_repeated: bool, stamp: Stamp) {
        let at = event.time_nano;
        match action {
            Action::Start => {
                // Nothing of its own is in a start event: all that stands there are labels.
                self.forged = Forged::by(&event.actor.attributes);
                self.runs.start(at, is_repeated, stamp);
                // An event that is late may tell of an earlier run than the one that goes on.
                if self.runs.is_live_since(at) {
                    self.begin(at, stamp);
                }
                self.inspections.is_due = true;
            }
            Action::Die => {
                let code = event.attribute("exitCode").or_else(|| event.attribute("containerExitCode"));
                let told = code.filter(|_| !self.forged.exit_code).and_then(|code| code.parse().ok());
                self.runs.die(at, told, is_known, stamp);
                if !self.runs.is_live() && self.removed.is_none() {
                    self.turn(RunState::Exited, stamp);
                    self.inspections.is_due = true;
                }
            }
            Action::Kill => {
                let signal = event.attribute("signal").filter(|_| !self.forged.signal).and_then(signal_number);
                self.runs.kill(at, signal);
            }
            _ => self.runs.oom(at),
        }
    }

    /// An event of the container's state beside its runs.
    fn state_event(&mut self, action: Action, event: &Event, was_live: bool, stamp: Stamp) {
        match action {
            Action::Create => self.event = Some(stamp),
            Action::Pause if was_live => self.set_state(RunState::Paused, stamp),
            Action::Unpause if was_live => self.set_state(RunState::Running, stamp),
            Action::Stop => self.stopped = Some(stamp.at),
            Action::Health if let Some(health) = Action::health(event) => {
                self.event = Some(stamp);
                self.container.health = health;
            }
            // What has changed is not in the event, or not in known words.
            Action::Health | Action::Update => self.inspections.is_due = true,
            _ => {}
        }
    }
}
