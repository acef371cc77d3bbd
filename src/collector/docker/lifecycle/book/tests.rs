//! The book on a desk: events, lists and inspections in any order, at times that the test sets.

mod lists;
mod names;
mod oom;
mod property;
mod recorded;
mod runs;
mod settle;
mod simulated;

use std::collections::BTreeMap;

use std::sync::Mutex;
use std::time::{Duration, UNIX_EPOCH};

use tokio::time::Instant;

use super::record::time_of;
use super::*;
use crate::collector::docker::container::{Health, RunState};
use crate::collector::docker::engine::{Age, Event, Inspected, List, Listed};
use crate::collector::parsed;

const SECOND: Duration = Duration::from_secs(1);

/// A book, a clock and a made-up engine's inspections.
struct Desk {
    book: Book,
    now: Moment,
    effects: Vec<Effect>,
}

/// The target of a configuration with these lines. Each is read once: a property test makes hundreds of them.
fn target(lines: &str) -> DockerTarget {
    static KNOWN: Mutex<BTreeMap<String, DockerTarget>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap();
    let read = || {
        let text = format!("[[docker]]\nname = \"engine\"\nurl = \"unix:///docker.sock\"\n{lines}\n");
        parsed(&text).remove(0)
    };
    known.entry(lines.to_owned()).or_insert_with(read).clone()
}

fn inspected(state: &str, started: Option<Nanos>, exit_code: i64) -> Inspected {
    let json = serde_json::json!({"State": {"Status": state, "ExitCode": exit_code}});
    let mut inspected: Inspected = serde_json::from_value(json).unwrap();
    inspected.started = started.and_then(time_of);
    inspected
}

fn told_by(inspected: Inspected) -> Inspection {
    Inspection::Told(Box::new(inspected))
}

fn listed(id: &str, name: &str, state: &str) -> Listed {
    Listed { id: id.to_owned(), name: name.to_owned(), state: state.to_owned(), ..Listed::default() }
}

/// An item that shows how long it has been so, to the second.
fn aged(id: &str, name: &str, state: &str, seconds: u64) -> Listed {
    let at_least = Duration::from_secs(seconds);
    Listed { age: Some(Age { at_least, below: at_least + SECOND }), ..listed(id, name, state) }
}

impl Desk {
    /// One whose events come, before any list.
    fn new(lines: &str) -> Self {
        let mut desk = Self::deaf(lines);
        desk.book.subscribed(desk.now);
        desk
    }

    /// One whose events do not come.
    fn deaf(lines: &str) -> Self {
        let now = Moment { wall: UNIX_EPOCH + Duration::from_secs(1_795_553_000), at: Instant::now() };
        Self { book: Book::new(&target(lines)), now, effects: Vec::new() }
    }

    /// One whose events come, and which has seen a list of these.
    fn watching(items: &[Listed]) -> Self {
        let mut desk = Self::new("");
        desk.list(items);
        desk.pass(20);
        desk
    }

    fn pass(&mut self, seconds: u64) {
        self.pass_millis(seconds * 1000);
    }

    fn pass_millis(&mut self, millis: u64) {
        let time = Duration::from_millis(millis);
        self.now = Moment { wall: self.now.wall + time, at: self.now.at + time };
    }

    fn nanos(&self) -> Nanos {
        nanos_of(self.now.wall).unwrap()
    }

    /// An event that happens now, a tenth of a second after the last one.
    fn event(&mut self, action: &str, id: &str, name: &str, attributes: &[(&str, &str)]) -> Event {
        self.pass_millis(100);
        let mut event = Event { kind: "container".to_owned(), action: action.to_owned(), ..Event::default() };
        event.actor.id = id.to_owned();
        event.time_nano = self.nanos();
        let own = [("name", name), ("image", "web:1")];
        event.actor.attributes =
            attributes.iter().chain(&own).map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        self.take(&event);
        event
    }

    /// What an exposition does first.
    fn settle(&mut self) {
        self.book.settle(self.now);
    }

    fn start(&mut self, id: &str, name: &str) {
        self.event("start", id, name, &[]);
    }

    fn die(&mut self, id: &str, name: &str, code: &str) {
        self.event("die", id, name, &[("exitCode", code)]);
    }

    fn take(&mut self, event: &Event) {
        let effects = self.book.event(event, self.now);
        self.effects.extend(effects);
    }

    fn list(&mut self, items: &[Listed]) {
        let asked = self.book.begin_list(self.now);
        self.answer_list(asked, items);
    }

    fn answer_list(&mut self, asked: Request, items: &[Listed]) {
        let list = List { containers: items.to_vec(), undecodable: 0 };
        let effects = self.book.list(asked, &list, self.now);
        self.effects.extend(effects);
    }

    /// Makes the inspection that is due, which must be of `id`.
    #[track_caller]
    fn inspect(&mut self, id: &str, answer: Inspection) {
        let ask = self.ask(id);
        self.answer(&ask, answer);
    }

    #[track_caller]
    fn ask(&mut self, id: &str) -> Request {
        let ask = self.book.next_inspection(self.now).expect("an inspection is due");
        assert_eq!(ask.id, id);
        ask
    }

    fn answer(&mut self, ask: &Request, answer: Inspection) {
        let effects = self.book.inspected(ask, answer, self.now);
        self.effects.extend(effects);
    }

    /// Tells of the newest run, which began a little before now and is in that state.
    #[track_caller]
    fn inspect_run(&mut self, id: &str, state: &str, started: Nanos, code: i64) {
        self.inspect(id, told_by(inspected(state, Some(started), code)));
    }

    /// Starts, restarts, OOM kills, and exits by reason: ok, error, oom, killed, unknown.
    #[track_caller]
    fn totals(&self, name: &str) -> (u64, u64, u64, [u64; 6]) {
        let (_, totals) = self.book.totals().find(|(known, _)| *known == name).expect("the name is known");
        (totals.starts, totals.restarts, totals.ooms, totals.exits)
    }

    fn names(&self) -> Vec<&str> {
        self.book.totals().map(|(name, _)| name).collect()
    }

    #[track_caller]
    fn container(&self, name: &str) -> Container {
        self.book.containers(self.now).into_iter().find(|container| container.name == name).expect("it is shown")
    }

    fn state(&self, name: &str) -> &'static str {
        self.container(name).state.as_str()
    }

    fn effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }
}

fn begin(id: &str, name: &str, from: ReadFrom) -> Effect {
    Effect::Begin(RunLog { id: id.to_owned(), name: name.to_owned(), from })
}

fn end(id: &str) -> Effect {
    Effect::End(id.to_owned())
}

fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}
