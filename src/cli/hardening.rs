//! What the process gives up before it reads a secret.

use std::io;

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use rustix::thread::set_no_new_privs;

/// From now on nothing that the process starts can gain privileges, and its memory, in which passwords are, goes to no core
/// file and to no other process of the same user. What the kernel refuses is done without: it is said, with what it was.
///
/// For the first thread, before it starts others.
pub(super) fn harden() -> Vec<(&'static str, io::Error)> {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let outcomes = [
        ("no_new_privs", set_no_new_privs(true)),
        ("RLIMIT_CORE", setrlimit(Resource::Core, none)),
        // A core file that is piped to a program knows no limit.
        ("PR_SET_DUMPABLE", set_dumpable_behavior(DumpableBehavior::NotDumpable)),
    ];
    outcomes.into_iter().filter_map(|(what, outcome)| Some((what, outcome.err()?.into()))).collect()
}
