//! OOM kills that the engine does not tell: by the kernel's log, and by the control group before it is gone.

use super::*;

const OOM: [u64; 6] = [0, 0, 1, 0, 0, 0];
const UNEXPLAINED: [u64; 6] = [0, 0, 0, 0, 0, 1];

/// A container that runs, with inspections that never see an OOM kill.
fn running() -> Desk {
    let mut desk = Desk::watching(&[]);
    desk.start("a", "hungry");
    let started = desk.nanos();
    desk.inspect_run("a", "running", started, 0);
    desk
}

impl Desk {
    fn oom_killed(&mut self, count: Option<u64>) {
        let effects = self.book.oom_killed("a", self.now.wall, count, self.now);
        self.effects.extend(effects);
    }

    /// It dies by SIGKILL, and whatever comes late has come.
    fn killed(&mut self, started: Nanos) {
        self.die("a", "hungry", "137");
        self.inspect_run("a", "exited", started, 137);
    }
}

#[test]
fn a_kill_that_the_kernel_logged_is_why_it_ended_before_or_after_its_event() {
    for is_late in [false, true] {
        let mut desk = running();
        let started = desk.nanos();
        let killed = desk.now.wall;
        if !is_late {
            desk.oom_killed(None);
        }
        desk.killed(started);
        if is_late {
            desk.pass(2);
            desk.book.oom_killed("a", killed, None, desk.now);
        }
        assert_eq!(desk.totals("hungry"), (1, 0, 1, OOM), "late: {is_late}");
        // The event that was thought lost tells of the same one.
        desk.event("oom", "a", "hungry", &[]);
        assert_eq!(desk.totals("hungry"), (1, 0, 1, OOM));
    }
}

#[test]
fn what_the_engine_told_is_not_counted_again() {
    let mut desk = running();
    let started = desk.nanos();
    desk.event("oom", "a", "hungry", &[]);
    desk.oom_killed(None);
    desk.oom_killed(Some(1));
    desk.killed(started);
    assert_eq!(desk.totals("hungry"), (1, 0, 1, OOM));
}

#[test]
fn a_kill_of_which_the_engine_tells_twice_is_one() {
    let mut desk = running();
    let started = desk.nanos();
    // A tenth of a second apart.
    desk.event("oom", "a", "hungry", &[]);
    desk.event("oom", "a", "hungry", &[]);
    assert_eq!(desk.totals("hungry").2, 1);
    desk.pass(1);
    desk.event("oom", "a", "hungry", &[]);
    assert_eq!(desk.totals("hungry").2, 2);
    // Children that are killed one right after the other: the control group knows how many.
    desk.event("oom", "a", "hungry", &[]);
    desk.oom_killed(Some(3));
    assert_eq!(desk.totals("hungry").2, 3);
    desk.killed(started);
    assert_eq!(desk.totals("hungry"), (1, 0, 3, OOM));
}

#[test]
fn what_the_control_group_had_counted_before_the_end_is_why_it_ended() {
    let mut desk = running();
    let started = desk.nanos();
    desk.oom_killed(Some(0));
    desk.pass(15);
    assert_eq!(desk.totals("hungry").2, 0);
    desk.oom_killed(Some(2));
    desk.oom_killed(Some(2));
    assert_eq!(desk.totals("hungry").2, 2, "as many as it says");
    desk.killed(started);
    assert_eq!(desk.totals("hungry"), (1, 0, 2, OOM));
}

#[test]
fn a_kill_in_one_run_does_not_explain_the_next_one() {
    let mut desk = running();
    let started = desk.nanos();
    desk.oom_killed(Some(1));
    desk.killed(started);
    desk.pass(20);
    desk.start("a", "hungry");
    let again = desk.nanos();
    desk.inspect_run("a", "running", again, 0);
    desk.oom_killed(Some(0));
    desk.killed(again);
    desk.pass(20);
    desk.settle();
    assert_eq!(desk.totals("hungry").3, [0, 0, 1, 0, 0, 1]);
}

#[test]
fn what_was_counted_before_the_agent_looked_is_no_news() {
    let mut desk = Desk::watching(&[listed("a", "hungry", "running")]);
    let started = desk.nanos() - 3_600_000_000_000;
    desk.inspect_run("a", "running", started, 0);
    desk.oom_killed(Some(3));
    desk.pass(15);
    desk.oom_killed(Some(3));
    assert_eq!(desk.totals("hungry").2, 0);
    desk.killed(started);
    desk.pass(20);
    desk.settle();
    assert_eq!(desk.totals("hungry"), (0, 0, 0, UNEXPLAINED));
    assert_eq!(desk.container("hungry").ended, Some(ExitReason::SigkillUnexplained), "seen with its own eyes");
    // A kill after that is.
    let mut desk = Desk::watching(&[listed("a", "hungry", "running")]);
    desk.oom_killed(Some(3));
    desk.pass(15);
    desk.oom_killed(Some(4));
    assert_eq!(desk.totals("hungry").2, 1);
}

#[test]
fn what_the_kernel_killed_after_the_end_of_a_run_was_in_the_next_one_if_that_comes_soon() {
    for (seconds, exits) in [(3, [0, 0, 1, 0, 0, 1]), (20, [0, 0, 0, 0, 0, 2])] {
        let mut desk = running();
        let started = desk.nanos();
        desk.killed(started);
        desk.pass(1);
        desk.oom_killed(None);
        desk.settle();
        assert_eq!(desk.totals("hungry").2, 0);
        // The engine stamps the start when it hears of it.
        desk.pass(seconds);
        desk.start("a", "hungry");
        let again = desk.nanos();
        desk.killed(again);
        desk.pass(20);
        desk.settle();
        assert_eq!(desk.totals("hungry"), (2, 1, exits[2], exits), "{seconds} s");
    }
}

#[test]
fn a_kill_that_the_kernel_told_before_the_engine_told_of_the_container_counts() {
    let mut desk = Desk::watching(&[]);
    desk.oom_killed(None);
    desk.start("a", "hungry");
    let started = desk.nanos();
    assert_eq!(desk.totals("hungry").2, 1);
    desk.killed(started);
    assert_eq!(desk.totals("hungry"), (1, 0, 1, OOM));
    // And those of which nobody will ever tell are not kept for ever.
    for _ in 0..1000 {
        let wall = desk.now.wall;
        desk.book.oom_killed("of another engine", wall, None, desk.now);
    }
    assert_eq!(desk.book.unclaimed_kills.len(), UNCLAIMED_KILLS);
}

#[test]
fn nobody_else_is_concerned() {
    let mut desk = running();
    let effects = desk.book.oom_killed("another", desk.now.wall, None, desk.now);
    assert_eq!(effects, []);
    assert_eq!(desk.totals("hungry").2, 0);
}

#[test]
fn what_is_removed_while_it_runs_is_torn_away_unless_it_was_stopped() {
    let removed = |is_stopped: bool, seconds: u64| {
        let mut desk = running();
        desk.event("kill", "a", "hungry", &[("signal", if is_stopped { "15" } else { "9" })]);
        desk.die("a", "hungry", "137");
        if is_stopped {
            desk.event("stop", "a", "hungry", &[]);
        }
        desk.pass(seconds);
        desk.event("destroy", "a", "hungry", &[]);
        desk.container("hungry").is_torn_away
    };
    assert!(removed(false, 1));
    assert!(!removed(true, 1));
    assert!(!removed(false, 11), "it was down for a while before");
    // A list alone does not tell whether it was stopped.
    let mut desk = running();
    desk.pass(20);
    desk.list(&[]);
    assert_eq!((desk.state("hungry"), desk.container("hungry").is_torn_away), ("removed", false));
    // Nor does the stop of an earlier run count.
    let mut desk = running();
    desk.event("kill", "a", "hungry", &[("signal", "15")]);
    desk.die("a", "hungry", "0");
    desk.event("stop", "a", "hungry", &[]);
    desk.start("a", "hungry");
    desk.die("a", "hungry", "137");
    desk.event("destroy", "a", "hungry", &[]);
    assert!(desk.container("hungry").is_torn_away);
}
