//! An engine with a truth: what the book counts is what happened, however late its events, lists and inspections are.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

/// What happens next in the engine, after so many milliseconds.
#[derive(Debug, Clone)]
enum Act {
    /// Of the container with that number: it starts if it does not run, and else ends.
    Turn {
        container: usize,
        code: i64,
        oom: bool,
        kill: bool,
    },
    /// So many events are read.
    Read(usize),
    Ask,
    List,
    Inspect,
    Answer,
    /// Events stop or come again.
    Stream,
}

/// What happens, and after how many milliseconds each. A failure is shown in a line.
#[derive(Clone)]
struct Acts(Vec<(u64, Act)>);

impl std::fmt::Debug for Acts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|(wait, act)| write!(f, "{wait} {act:?}; "))
    }
}

#[derive(Debug, Default, Clone)]
struct Truth {
    started: Option<Nanos>,
    live: bool,
    code: i64,
    oom_flag: bool,
    starts: u64,
    ooms: u64,
    exits: [u64; 6],
}

struct World {
    desk: Desk,
    containers: Vec<Truth>,
    unread: VecDeque<Event>,
    lists: VecDeque<(Request, Vec<Listed>)>,
    inspections: VecDeque<(Request, Inspected)>,
    hears: bool,
}

fn acts(outages: bool) -> impl Strategy<Value = Acts> {
    let turn = (0_usize..2, prop_oneof![Just(0_i64), Just(1), Just(137)], any::<bool>(), any::<bool>());
    let act = prop_oneof![
        8 => turn.prop_map(|(container, code, oom, kill)| Act::Turn { container, code, oom: oom && code != 0, kill }),
        6 => (1_usize..6).prop_map(Act::Read),
        1 => Just(Act::Ask),
        1 => Just(Act::List),
        3 => Just(Act::Inspect),
        3 => Just(Act::Answer),
        u32::from(outages) => Just(Act::Stream),
    ];
    // Restarts by policy come a tenth of a second after the end, at the earliest.
    proptest::collection::vec((100_u64..1500, act), 0..120).prop_map(Acts)
}

impl World {
    fn new() -> Self {
        let mut desk = Desk::new("");
        desk.list(&[listed("0", "c0", "created"), listed("1", "c1", "created")]);
        while let Some(ask) = desk.book.next_inspection(desk.now) {
            desk.answer(&ask, told_by(inspected("created", None, 0)));
        }
        let containers = vec![Truth::default(); 2];
        let (unread, lists, inspections) = (VecDeque::new(), VecDeque::new(), VecDeque::new());
        Self { desk, containers, unread, lists, inspections, hears: true }
    }

    fn tell(&mut self, container: usize, action: &str, more: &[(&str, &str)]) {
        self.desk.pass_millis(1);
        let mut event = Event { kind: "container".to_owned(), action: action.to_owned(), ..Event::default() };
        (event.actor.id, event.time_nano) = (container.to_string(), self.desk.nanos());
        event.actor.attributes = labels(&[more, &[("name", &*format!("c{container}"))]].concat());
        self.unread.push_back(event);
    }

    fn act(&mut self, act: &Act) {
        match *act {
            Act::Turn { container, code, oom, kill } if self.containers[container].live => {
                let truth = &mut self.containers[container];
                truth.live = false;
                truth.code = code;
                truth.oom_flag = oom;
                truth.ooms += u64::from(oom);
                let kill = kill && !oom && code == 137;
                let reason = if code == 0 {
                    0
                } else if oom {
                    2
                } else if code == 137 {
                    if kill { 3 } else { 5 }
                } else {
                    1
                };
                truth.exits[reason] += 1;
                if oom {
                    self.tell(container, "oom", &[]);
                }
                if kill {
                    self.tell(container, "kill", &[("signal", "9")]);
                }
                self.tell(container, "die", &[("exitCode", &code.to_string())]);
            }
            Act::Turn { container, .. } => {
                self.desk.pass_millis(1);
                let started = self.desk.nanos();
                let truth = &mut self.containers[container];
                (truth.started, truth.live, truth.code, truth.oom_flag) = (Some(started), true, 0, false);
                truth.starts += 1;
                self.tell(container, "start", &[]);
            }
            Act::Read(count) => self.read(count),
            Act::Ask => {
                let asked = self.desk.book.begin_list(self.desk.now);
                let items = (0..self.containers.len()).map(|container| self.item(container)).collect();
                self.lists.push_back((asked, items));
            }
            Act::List => {
                if let Some((asked, items)) = self.lists.pop_front() {
                    self.desk.answer_list(asked, &items);
                }
            }
            Act::Inspect => {
                if let Some(ask) = self.desk.book.next_inspection(self.desk.now) {
                    let truth = &self.containers[ask.id.parse::<usize>().unwrap()];
                    let state = match truth.started {
                        Some(_) if truth.live => "running",
                        Some(_) => "exited",
                        None => "created",
                    };
                    let mut told = inspected(state, truth.started, truth.code);
                    told.oom_killed = truth.oom_flag;
                    self.inspections.push_back((ask, told));
                }
            }
            Act::Answer => {
                if let Some((ask, told)) = self.inspections.pop_front() {
                    self.desk.answer(&ask, told_by(told));
                }
            }
            Act::Stream if self.hears => {
                self.hears = false;
                self.desk.book.unsubscribed();
            }
            Act::Stream => {
                self.hears = true;
                self.desk.book.subscribed(self.desk.now);
            }
        }
    }

    fn read(&mut self, count: usize) {
        // What happens while nobody listens is repeated after the next subscription.
        for _ in 0..count {
            let Some(event) = self.hears.then(|| self.unread.pop_front()).flatten() else { return };
            self.desk.take(&event);
        }
    }

    fn item(&self, container: usize) -> Listed {
        let truth = &self.containers[container];
        let name = format!("c{container}");
        let id = container.to_string();
        match truth.started {
            None => listed(&id, &name, "created"),
            Some(started) if truth.live => {
                aged(&id, &name, "running", u64::try_from((self.desk.nanos() - started) / 1_000_000_000).unwrap())
            }
            // How long ago it ended is not looked at here.
            Some(_) => Listed { exit_code: Some(truth.code), ..listed(&id, &name, "exited") },
        }
    }

    /// Everything that is under way arrives, and two quiet polls follow.
    fn settle(&mut self) {
        if !self.hears {
            self.act(&Act::Stream);
        }
        for _ in 0..4 {
            self.read(usize::MAX);
            while !self.lists.is_empty() {
                self.act(&Act::List);
            }
            while !self.inspections.is_empty() {
                self.act(&Act::Answer);
            }
            self.desk.pass(10);
            self.act(&Act::Ask);
            self.act(&Act::List);
            for _ in 0..8 {
                self.act(&Act::Inspect);
                self.act(&Act::Answer);
            }
        }
    }
}

proptest! {
    /// All events come, if late: every start, end with its reason, and OOM kill is counted exactly once.
    #[test]
    fn with_events_the_counts_are_exact(acts in acts(false)) {
        let mut world = World::new();
        for (wait, act) in acts.0 {
            world.desk.pass_millis(wait);
            world.act(&act);
            // An engine's events are read within a second.
            if world.unread.front().is_some_and(|event| world.desk.nanos() - event.time_nano > 1_000_000_000) {
                world.read(usize::MAX);
            }
        }
        world.settle();
        for (container, truth) in world.containers.iter().enumerate() {
            let totals = world.desk.totals(&format!("c{container}"));
            prop_assert_eq!(totals, (truth.starts, truth.starts.saturating_sub(1), truth.ooms, truth.exits));
            prop_assert_eq!(world.desk.state(&format!("c{container}")) == "running", truth.live);
        }
    }

    /// Events stop and are repeated: nothing is counted twice and nothing is lost, though a reason may be.
    #[test]
    fn over_outages_starts_and_ends_are_exact(acts in acts(true)) {
        let mut world = World::new();
        for (wait, act) in acts.0 {
            world.desk.pass_millis(wait);
            world.act(&act);
            if world.unread.front().is_some_and(|event| world.desk.nanos() - event.time_nano > 1_000_000_000) {
                world.read(usize::MAX);
            }
        }
        world.settle();
        for (container, truth) in world.containers.iter().enumerate() {
            let (starts, restarts, ooms, exits) = world.desk.totals(&format!("c{container}"));
            prop_assert_eq!((starts, restarts), (truth.starts, truth.starts.saturating_sub(1)));
            prop_assert_eq!(exits.iter().sum::<u64>(), truth.exits.iter().sum::<u64>());
            prop_assert_eq!(ooms, truth.ooms);
        }
    }
}
