//! Whatever comes, in whatever order: nothing panics, no counter goes back, and what is kept is bounded.

use proptest::prelude::*;

use super::*;

const IDS: [&str; 4] = ["a", "b", "c", "d"];
const NAMES: [&str; 3] = ["web", "db", "job"];
const STATES: [&str; 7] = ["created", "running", "paused", "restarting", "exited", "dead", "stopping"];
const ACTIONS: [&str; 14] = [
    "create",
    "start",
    "die",
    "oom",
    "kill",
    "pause",
    "unpause",
    "rename",
    "update",
    "destroy",
    "restart",
    "stop",
    "health_status: healthy",
    "attach",
];

#[derive(Debug, Clone)]
enum Step {
    Pass(u64),
    Event { action: usize, id: usize, name: usize, forged: bool, back: i64 },
    Ask,
    List(Vec<(usize, usize, usize, u64)>),
    Inspect { state: usize, back: i64, code: i64, oom: bool, restarts: u64, kind: u8 },
    Stream(bool),
    May(bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let item = (0..IDS.len(), 0..NAMES.len(), 0..STATES.len(), 0_u64..60);
    let inspect = (0..STATES.len(), 0_i64..5000, 0_i64..140, any::<bool>(), 0_u64..5, 0_u8..4);
    let event = (0..ACTIONS.len(), 0..IDS.len(), 0..NAMES.len(), any::<bool>(), 0_i64..3000);
    let step = prop_oneof![
        2 => (0_u64..20_000).prop_map(Step::Pass),
        6 => event.prop_map(|(action, id, name, forged, back)| Step::Event { action, id, name, forged, back }),
        1 => Just(Step::Ask),
        2 => proptest::collection::vec(item, 0..4).prop_map(Step::List),
        4 => inspect.prop_map(|(state, back, code, oom, restarts, kind)| {
            Step::Inspect { state, back, code, oom, restarts, kind }
        }),
        1 => any::<bool>().prop_map(Step::Stream),
        1 => any::<bool>().prop_map(Step::May),
    ];
    proptest::collection::vec(step, 0..80)
}

fn run(steps: Vec<Step>, lines: &str) -> Result<(), TestCaseError> {
    let mut desk = Desk::deaf(lines);
    let mut asked = desk.book.begin_list(desk.now);
    let mut last: BTreeMap<String, Totals> = BTreeMap::new();
    for step in steps {
        match step {
            Step::Pass(millis) => desk.pass_millis(millis),
            Step::Event { action, id, name, forged, back } => {
                let mut event =
                    Event { kind: "container".to_owned(), action: ACTIONS[action].to_owned(), ..Event::default() };
                event.actor.id = IDS[id].to_owned();
                event.time_nano = desk.nanos() - back * 1_000_000;
                let forged: &[(&str, &str)] =
                    if forged { &[("exitCode", "0"), ("signal", "x")] } else { &[("exitCode", "1")] };
                event.actor.attributes = labels(&[forged, &[("name", NAMES[name])]].concat());
                desk.take(&event);
            }
            Step::Ask => asked = desk.book.begin_list(desk.now),
            Step::List(items) => {
                let items: Vec<Listed> = items
                    .into_iter()
                    .map(|(id, name, state, age)| aged(IDS[id], NAMES[name], STATES[state], age))
                    .collect();
                desk.answer_list(asked.clone(), &items);
            }
            Step::Inspect { state, back, code, oom, restarts, kind } => {
                if let Some(ask) = desk.book.next_inspection(desk.now) {
                    let started = (STATES[state] != "created").then(|| desk.nanos() - back * 1_000_000);
                    let mut told = inspected(STATES[state], started, code);
                    (told.oom_killed, told.restarts) = (oom, restarts);
                    match kind {
                        0 => desk.answer(&ask, Inspection::Never),
                        1 => desk.answer(&ask, Inspection::Failed),
                        2 => desk.book.give_up(&ask),
                        _ => desk.answer(&ask, told_by(told)),
                    }
                }
            }
            Step::Stream(true) => desk.book.subscribed(desk.now),
            Step::Stream(false) => desk.book.unsubscribed(),
            Step::May(may) => desk.book.set_may_inspect(may),
        }
        let now: BTreeMap<String, Totals> =
            desk.book.totals().map(|(name, totals)| (name.to_owned(), totals.clone())).collect();
        for (name, totals) in &now {
            if let Some(before) = last.get(name).filter(|_| !desk.effects.contains(&Effect::Forget(name.clone()))) {
                prop_assert!(totals.starts >= before.starts && totals.restarts >= before.restarts);
                prop_assert!(totals.ooms >= before.ooms);
                prop_assert!(totals.exits.iter().zip(before.exits).all(|(now, before)| *now >= before));
            }
            prop_assert!(totals.restarts <= totals.starts);
        }
        last = now;
        let shown = desk.book.containers(desk.now);
        let mut names: Vec<&str> = shown.iter().map(|container| container.name.as_str()).collect();
        names.dedup();
        prop_assert_eq!(names.len(), shown.len());
        prop_assert!(desk.book.records.len() <= 2 * desk.book.target.max_containers);
        prop_assert!(names.iter().all(|name| last.contains_key(*name)));
    }
    Ok(())
}

proptest! {
    #[test]
    fn nothing_goes_back(steps in steps()) {
        run(steps, "keep_removed = \"30s\"")?;
    }

    #[test]
    fn nor_with_a_limit(steps in steps()) {
        run(steps, "max_containers = 2\nkeep_removed = \"0s\"")?;
    }
}
