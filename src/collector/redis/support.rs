//! What a server does not answer, and when it is asked again.
//!
//! A refusal (rights, an unknown command) is remembered and asked again once an hour, on a new connection and on a reload,
//! so that it raises the server's error counters no further. Any other error counts for its poll alone. What broke the
//! connection, or was too late twice running, is left out and tried again after a pause, on a connection of its own.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;
use tracing::{info, warn};

use super::last_run::LastRun;
use super::switches;
use super::wire::Ending;
use crate::metric::{Families, metrics};
use crate::net::Backoff;

/// How long a refusal is believed on one connection.
const REFUSAL: Duration = Duration::from_hours(1);

/// The pauses before what was left out is tried again: 1, 2, 4 ... minutes.
const FIRST_PAUSE: Duration = Duration::from_mins(1);
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

metrics! {
    pub(super) fn metrics;
    COMMAND_SUPPORTED: gauge "redis_command_supported" ["command"] Bool,
        "Whether the server answers the command. 0: it was refused (ACL, rename, version) and is asked again once an hour, \
         on a new connection and on a reload; or it broke the connection or was too late twice running, and is tried again \
         after 1, 2, 4 ... minutes, an hour at most, on a connection of its own.", "error replies";
}

/// What is known of a command.
#[derive(Debug)]
enum State {
    Answered,
    Refused {
        why: String,
        /// Until when it is not asked.
        until: Instant,
    },
    LeftOut {
        why: String,
        pauses: Backoff,
        until: Instant,
    },
}

/// What happened to a command, and in which poll.
#[derive(Debug)]
struct Failure {
    why: String,
    poll: u64,
}

/// The commands asked so far, of one target.
#[derive(Debug, Default)]
pub(super) struct Support {
    target: String,
    run: LastRun,
    states: BTreeMap<&'static str, State>,
    polls: u64,
    /// Those that failed in the last poll that asked them, for a reason that may pass.
    failing: BTreeMap<&'static str, Failure>,
    /// Those that were too late in the last poll that asked them.
    late: BTreeMap<&'static str, Failure>,
}

impl Support {
    pub(super) fn new(target: &str) -> Self {
        Self { target: target.to_owned(), ..Self::default() }
    }

    /// A poll begins: only what fails in it is told as having failed.
    pub(super) const fn begin_poll(&mut self) {
        self.polls += 1;
    }

    /// One for a connection on which nobody minds what is refused.
    pub(super) fn silent() -> Self {
        Self::default()
    }

    fn failure(&self, why: &str) -> Failure {
        Failure { why: why.to_owned(), poll: self.polls }
    }

    /// Another run of the server than before is asked everything anew.
    pub(super) fn observe_run(&mut self, run_id: Option<&str>) {
        if self.run.observe(run_id) {
            self.reconnecting();
            self.states.retain(|_, state| !matches!(state, State::LeftOut { .. }));
            self.late.clear();
        }
    }

    /// A new connection is about to be made: the rights on it may be others.
    pub(super) fn reconnecting(&mut self) {
        for state in self.states.values_mut() {
            if let State::Refused { until, .. } = state {
                *until = Instant::now();
            }
        }
    }

    /// Somebody read the configuration again, and may have mended what was wrong.
    pub(super) fn reloaded(&mut self) {
        self.reconnecting();
        for state in self.states.values_mut() {
            if let State::LeftOut { pauses, until, .. } = state {
                (*pauses, *until) = (pauses_of_a_trial(), Instant::now());
            }
        }
    }

    /// Whether the command may be sent with the others.
    pub(super) fn may_ask(&self, command: &str) -> bool {
        match self.states.get(command) {
            None | Some(State::Answered) => true,
            Some(State::Refused { until, .. }) => Instant::now() >= *until,
            Some(State::LeftOut { .. }) => false,
        }
    }

    /// Whether the command is left out, and may be tried again on a connection of its own.
    pub(super) fn is_due(&self, command: &str) -> bool {
        matches!(self.states.get(command), Some(State::LeftOut { until, .. }) if Instant::now() >= *until)
    }

    /// The server answered.
    pub(super) fn answered(&mut self, command: &'static str) {
        self.failing.remove(command);
        self.late.remove(command);
        if !matches!(self.states.insert(command, State::Answered), None | Some(State::Answered)) {
            info!(target_name = %self.target, command, "command answered again");
        }
    }

    /// The server refused.
    pub(super) fn refused(&mut self, command: &'static str, why: &str) {
        self.failing.remove(command);
        self.late.remove(command);
        let until = Instant::now() + REFUSAL;
        let state = State::Refused { why: why.to_owned(), until };
        if !matches!(self.states.insert(command, state), Some(State::Refused { .. })) {
            warn!(target_name = %self.target, command, error = why, "command refused; it is asked again once an hour");
        }
    }

    /// The server answered with an error that says nothing about rights, or with what cannot be read.
    pub(super) fn failed(&mut self, command: &'static str, why: &str) {
        if matches!(self.states.get(command), Some(State::LeftOut { .. })) {
            // It did not hurt the connection this time.
            self.states.remove(command);
        }
        self.late.remove(command);
        if self.failing.insert(command, self.failure(why)).is_none() {
            warn!(target_name = %self.target, command, error = why, "command failed; it is asked again at the next poll");
        }
    }

    /// It broke the connection.
    pub(super) fn broke(&mut self, command: &'static str, why: &str) {
        self.leave_out(command, format!("it broke the connection: {why}"));
    }

    /// It ended the talk on its connection.
    pub(super) fn ended(&mut self, command: &'static str, ending: &Ending, within: Duration) {
        match ending {
            Ending::Late => self.was_late(command, within),
            // It may have room at the next poll.
            Ending::Crowded => self.failed(command, &ending.to_string()),
            Ending::Broken(_) | Ending::Unfit(_) | Ending::TooLarge(_) => self.leave_out(command, ending.to_string()),
        }
    }

    /// There was no answer in time.
    pub(super) fn was_late(&mut self, command: &'static str, within: Duration) {
        let why = format!("no answer within {within:?}");
        let again = matches!(self.states.get(command), Some(State::LeftOut { .. }));
        if again || self.late.insert(command, self.failure(&why)).is_some() {
            self.leave_out(command, why);
        }
    }

    /// There was no answer in time, and once more on a connection of its own.
    pub(super) fn is_silent(&mut self, command: &'static str, within: Duration) {
        self.leave_out(command, format!("no answer within {within:?}"));
    }

    fn leave_out(&mut self, command: &'static str, why: String) {
        self.failing.remove(command);
        self.late.remove(command);
        let (mut pauses, is_new) = match self.states.remove(command) {
            Some(State::LeftOut { pauses, .. }) => (pauses, false),
            _ => (pauses_of_a_trial(), true),
        };
        let pause = pauses.failed();
        if is_new {
            warn!(target_name = %self.target, command, error = why, "command left out; it is tried again in a minute");
        }
        self.states.insert(command, State::LeftOut { why, pauses, until: Instant::now() + pause });
    }

    /// The commands and whether they are answered.
    pub(super) fn snapshot(&self) -> Vec<(&'static str, bool)> {
        self.states.iter().map(|(command, state)| (*command, matches!(state, State::Answered))).collect()
    }

    /// What is not answered, why, and what else could be done: for people.
    pub(super) fn notes(&self) -> impl Iterator<Item = String> {
        let states = self.states.iter().filter_map(|(command, state)| match state {
            State::Answered => None,
            State::Refused { why, .. } => Some(format!("{command} is refused: {why}")),
            State::LeftOut { why, pauses, .. } => {
                let times =
                    if pauses.failures() > 1 { format!(", {} times", pauses.failures()) } else { String::new() };
                let advice =
                    switches::line(command).map(|line| format!("; {line} leaves it alone")).unwrap_or_default();
                Some(format!("{command} is left out for some minutes: {why}{times}{advice}"))
            }
        });
        let failures = self.failing.iter().chain(&self.late).filter(|(_, failure)| failure.poll == self.polls);
        states.chain(failures.map(|(command, failure)| format!("{command} failed in the last poll: {}", failure.why)))
    }
}

const fn pauses_of_a_trial() -> Backoff {
    Backoff::new(FIRST_PAUSE, LONGEST_PAUSE)
}

/// Exports whether each command is answered.
pub(super) fn export(commands: &[(&'static str, bool)], out: &mut Families) {
    for (command, answered) in commands {
        out.push_bool(&COMMAND_SUPPORTED, [command], *answered);
    }
}

#[cfg(test)]
mod tests;
