//! Containers' lives, as an engine tells them line by line: an event, a list, or the inspection that is due.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::{Duration, UNIX_EPOCH};

use tokio::time::Instant;

use super::{Book, Effect, Inspection, Moment, Totals};
use crate::collector::docker::DockerTarget;
use crate::collector::docker::engine::{Event, Inspected, List};
use crate::collector::docker::lifecycle::export;
use crate::collector::parsed;
use crate::fuzzing::assert_exposable;
use crate::metric::{Families, Rejections};

const TABLE: &str =
    "[[docker]]\nname = \"engine\"\nurl = \"unix:///docker.sock\"\nmax_containers = 3\nkeep_removed = \"1s\"\n";

/// Between two lines.
const STEP: Duration = Duration::from_millis(300);

/// No counter goes back, no name is shown twice, and what is kept is bounded.
pub(in crate::collector::docker) fn lives(input: &[u8]) {
    static TARGET: LazyLock<DockerTarget> = LazyLock::new(|| parsed(TABLE).remove(0));
    let mut now = Moment { wall: UNIX_EPOCH + Duration::from_secs(1_795_553_000), at: Instant::now() };
    let mut book = Book::new(&TARGET);
    book.subscribed(now);
    let mut last: BTreeMap<String, Totals> = BTreeMap::new();
    for line in input.split(|byte| *byte == b'\n') {
        now = Moment { wall: now.wall + STEP, at: now.at + STEP };
        let effects = tell(&mut book, line, now);
        book.settle(now);
        let totals: BTreeMap<String, Totals> =
            book.totals().map(|(name, totals)| (name.to_owned(), totals.clone())).collect();
        for (name, totals) in &totals {
            assert!(totals.restarts <= totals.starts, "{name:?}");
            if let Some(before) = last.get(name).filter(|_| !effects.contains(&Effect::Forget(name.clone()))) {
                assert!(totals.starts >= before.starts && totals.restarts >= before.restarts, "{name:?}");
                assert!(totals.ooms >= before.ooms, "{name:?}");
                assert!(totals.exits.iter().zip(before.exits).all(|(now, before)| *now >= before), "{name:?}");
            }
        }
        assert!(book.records.len() <= 2 * TARGET.max_containers && totals.len() <= 2 * TARGET.max_containers);
        last = totals;
    }
    let mut families = Families::new();
    export::containers(&book.containers(now), &mut families);
    export::totals(&book, true, &mut families);
    assert_eq!(assert_exposable(families), Rejections::default());
}

fn tell(book: &mut Book, line: &[u8], now: Moment) -> Vec<Effect> {
    if let Ok(list) = serde_json::from_slice::<List>(line) {
        let asked = book.begin_list(now);
        return book.list(asked, &list, now);
    }
    if let Ok(inspected) = serde_json::from_slice::<Inspected>(line) {
        let due = book.next_inspection(now);
        return due.map_or_else(Vec::new, |due| book.inspected(&due, Inspection::Told(Box::new(inspected)), now));
    }
    serde_json::from_slice::<Event>(line).map_or_else(|_| Vec::new(), |event| book.event(&event, now))
}
