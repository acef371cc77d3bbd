//! Which commands a server answers. A refused command is asked once for each run of the server, logged once, and never
//! raises its error counters again.

use std::collections::BTreeMap;

use tracing::warn;

use super::last_run::LastRun;
use crate::metric::{Families, metrics};

metrics! {
    pub(super) fn metrics;
    COMMAND_SUPPORTED: gauge "redis_command_supported" ["command"] Bool,
        "Whether the server answers the command; 0 means that it was refused once (ACL, rename, version) and is not \
         asked again until the server restarts.", "error replies";
}

/// The commands asked so far, of one run of a server.
#[derive(Debug, Default)]
pub(super) struct Support {
    run: LastRun,
    answered: BTreeMap<&'static str, bool>,
}

impl Support {
    /// Another run of the server than before is asked everything anew.
    pub(super) fn observe_run(&mut self, run_id: Option<&str>) {
        if self.run.observe(run_id) {
            self.answered.clear();
        }
    }

    /// A new connection is about to be made. A server whose run cannot be told, because it hides its id or refuses the
    /// command that tells it, may have been restarted since: it is asked everything anew.
    pub(super) fn reconnecting(&mut self, tells_run: &'static str) {
        if self.run.is_unknown() || !self.may_ask(tells_run) {
            self.answered.clear();
            self.run = LastRun::default();
        }
    }

    /// Whether the command may be sent: it was never refused by this run.
    pub(super) fn may_ask(&self, command: &'static str) -> bool {
        self.answered.get(command) != Some(&false)
    }

    /// The server answered.
    pub(super) fn answered(&mut self, command: &'static str) {
        self.answered.insert(command, true);
    }

    /// The server refused.
    pub(super) fn refused(&mut self, target: &str, command: &'static str, error: &str) {
        if self.answered.insert(command, false) != Some(false) {
            warn!(target_name = %target, command, %error, "command refused; it is not sent again to this run of the server");
        }
    }

    /// The commands and whether they are answered.
    pub(super) fn snapshot(&self) -> Vec<(&'static str, bool)> {
        self.answered.iter().map(|(command, answered)| (*command, *answered)).collect()
    }
}

/// Exports whether each command is answered.
pub(super) fn export(commands: &[(&'static str, bool)], out: &mut Families) {
    for (command, answered) in commands {
        out.push_bool(&COMMAND_SUPPORTED, [command], *answered);
    }
}

#[cfg(test)]
mod tests {
    use super::Support;

    #[test]
    fn a_refusal_holds_for_one_run() {
        let mut support = Support::default();
        support.reconnecting("INFO");
        support.refused("t", "CLIENT SETNAME", "NOPERM");
        support.observe_run(Some("a"));
        assert!(!support.may_ask("CLIENT SETNAME"), "what a new connection was refused holds for its run");
        support.answered("CLIENT SETNAME");
        assert!(support.may_ask("SLOWLOG GET"));
        support.refused("t", "SLOWLOG GET", "NOPERM");
        assert!(!support.may_ask("SLOWLOG GET"));
        support.reconnecting("INFO");
        support.observe_run(Some("a"));
        assert!(!support.may_ask("SLOWLOG GET"), "a new connection to the same run changes nothing");
        assert_eq!(support.snapshot(), [("CLIENT SETNAME", true), ("SLOWLOG GET", false)]);
        support.observe_run(Some("b"));
        assert!(support.may_ask("SLOWLOG GET"), "a restarted server may have other rights");
        support.refused("t", "INFO", "NOPERM");
        support.refused("t", "SLOWLOG GET", "NOPERM");
        assert!(!support.may_ask("INFO"));
        support.reconnecting("INFO");
        assert!(support.may_ask("INFO"), "without INFO a restart cannot be told from a reconnect");
        assert!(support.may_ask("SLOWLOG GET"));
    }
}
