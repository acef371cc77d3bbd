//! The agent itself.

use super::{LONG, row};
use crate::row::{Drill, Row};
use crate::stack::{PLAIN, Parts};

fn kill(drill: &mut Drill) {
    drill.stack.site().agents[0].agent.signal("KILL");
    drill.wait(LONG);
    drill.stack.site().agents[0].start_again();
}

pub(crate) const ROWS: &[Row] = &[
    row("agent killed, /metrics", [1, 0, 0], "ManometerDown", 240, kill).unseen(),
    Row {
        parts: Parts { by_target: true, ..PLAIN },
        ..row("agent killed, /sd and /scrape", [1, 0, 0], "ManometerDown", 240, kill).unseen()
    },
    Row {
        parts: Parts { by_target: true, ..PLAIN },
        ..row("Redis stopped, /sd and /scrape", [1, 1, 0], "RedisDown", 120, |drill| {
            drill.stack.site().redis().kill();
            drill.wait(LONG);
            drill.stack.site().redis().start_again();
        })
    },
    row("agent restarted while Redis is down", [1, 1, 0], "RedisDown", 120, |drill| {
        drill.stack.site().redis().kill();
        drill.wait(LONG / 2);
        drill.stack.site().agents[0].restart();
        drill.wait(LONG / 2);
        drill.stack.site().redis().start_again();
    }),
];
