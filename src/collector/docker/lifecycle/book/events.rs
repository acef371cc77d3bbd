//! What events tell.

use super::record::{Forged, Record, signal_number};
use super::run::Note;
use super::runs::Counted;
use super::{Book, Effect, Moment};
use crate::collector::docker::container::RunState;
use crate::collector::docker::engine::Event;
use crate::collector::docker::lifecycle::action::Action;
use crate::collector::docker::logs::{From, Run};
use crate::collector::docker::select;

impl Book {
    /// Takes an event.
    pub(in super::super) fn event(&mut self, event: &Event, now: Moment) -> Vec<Effect> {
        let action = Action::of(event);
        self.counters.events[action.index()] += 1;
        self.last_event = self.last_event.max(Some(event.time_nano));
        let mut effects = Vec::new();
        if matches!(action, Action::Exec | Action::Other) || event.actor.id.is_empty() || !self.recent.insert(event) {
            return effects;
        }
        let note = self.note(now);
        let is_known = self.records.contains_key(&event.actor.id);
        if !is_known && !self.meet(action, event, now, note) {
            return effects;
        }
        let is_repeated = self.live.is_none_or(|(_, since)| event.time_nano < since);
        let Some(record) = self.records.get_mut(&event.actor.id) else { return effects };
        let (at, id) = (event.time_nano, &event.actor.id);
        let was_live = record.runs.is_live();
        // What is overdue is counted without what this event adds.
        let mut counted = record.runs.settle(note);
        self.names.count(&record.container.name, std::mem::take(&mut counted));
        match action {
            // A list may be faster than the events of the last run.
            _ if record.removed.is_some() && !matches!(action, Action::Die | Action::Oom | Action::Kill) => {
                return effects;
            }
            Action::Create => record.note_event(None, note),
            Action::Start => {
                record.forged = Forged::by(&event.actor.attributes);
                counted = record.runs.start(at, is_repeated, note);
                if record.runs.began_at(at) {
                    record.begin(at, note);
                    effects.push(Effect::Begin(Run {
                        id: id.clone(),
                        name: record.container.name.clone(),
                        from: From::Start,
                    }));
                }
                self.due.insert(id.clone());
            }
            Action::Die => {
                let code = event.attribute("exitCode").or_else(|| event.attribute("containerExitCode"));
                let told = code.filter(|_| !record.forged.exit_code).and_then(|code| code.parse().ok());
                counted = record.runs.die(at, told, is_known, note);
                if !record.runs.is_live() && record.removed.is_none() {
                    record.end(note);
                    effects.push(Effect::End(id.clone()));
                    self.due.insert(id.clone());
                }
            }
            Action::Oom => counted = record.runs.oom(at),
            Action::Kill => {
                let signal = event.attribute("signal").filter(|_| !record.forged.signal).and_then(signal_number);
                record.runs.kill(at, signal);
            }
            Action::Pause if was_live => record.note_event(Some(RunState::Paused), note),
            Action::Unpause if was_live => record.note_event(Some(RunState::Running), note),
            Action::Health(Some(health)) => {
                record.note_event(None, note);
                record.container.health = health;
            }
            Action::Health(None) | Action::Update => {
                self.due.insert(id.clone());
            }
            Action::Rename => {
                record.note_event(None, note);
                let name = event.attribute("name").unwrap_or_default().trim_start_matches('/').to_owned();
                self.rename(id, &name, &mut effects);
            }
            Action::Destroy => {
                record.remove(now, note);
                effects.push(Effect::End(id.clone()));
                self.due.remove(id);
            }
            _ => {}
        }
        if let Some(record) = self.records.get_mut(id) {
            if was_live || record.runs.is_live() {
                record.see(now.wall);
            }
            if !self.may_inspect {
                record.runs.lose_inspections();
            }
            counted.add(record.runs.settle(note));
            self.names.count(&record.container.name, counted);
        }
        self.keep_bounds(&mut effects);
        effects
    }

    /// Begins to watch a container that an event is the first to tell of; whether it is wanted.
    fn meet(&mut self, action: Action, event: &Event, now: Moment, note: Note) -> bool {
        let state = match action {
            Action::Create => RunState::Created,
            Action::Start | Action::Unpause | Action::Oom | Action::Kill | Action::Health(_) => RunState::Running,
            Action::Pause => RunState::Paused,
            Action::Die => RunState::Exited,
            // It is on its way out, or the next list tells more than the event does.
            _ => return false,
        };
        let id = &event.actor.id;
        let Some(name) = event.attribute("name").map(|name| name.trim_start_matches('/')) else { return false };
        let mut labels = event.actor.attributes.clone();
        // Docker labels of these names cannot be told from the event's own attributes. The list knows them.
        for own in ["name", "image"].iter().chain(action.attributes()) {
            labels.remove(*own);
        }
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
        let mut record = Record::new(id, name, state, note, now.wall);
        event.attribute("image").unwrap_or_default().clone_into(&mut record.container.image);
        record.set_labels(select::exported(&self.target, &labels));
        if action.attributes().is_empty() {
            record.forged = Forged::by(&event.actor.attributes);
        }
        if !matches!(action, Action::Create | Action::Start | Action::Die) {
            record.runs.found(false, None, note);
        }
        record.event = Some(note);
        self.hold(name);
        self.records.insert(id.clone(), record);
        true
    }
}
