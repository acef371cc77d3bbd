//! `commands` of a `[[redis]]`: which questions are switched off.

use std::collections::BTreeSet;

use serde::{Serialize, Serializer};

use super::clients::ClientList;
use super::ping;
use super::question::{QUESTIONS, Question as _};
use super::session::SET_NAME;
use reader::Table;

/// The switches of commands that are not questions of the table.
const OTHERS: [(&str, &str); 2] = [(SET_NAME, "setname"), (ping::COMMAND, "ping")];

/// The questions that are switched off, by key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Switches {
    off: BTreeSet<&'static str>,
}

impl Switches {
    /// Whether what has this key is asked.
    #[must_use]
    pub fn asks(&self, key: &str) -> bool {
        !self.off.contains(key)
    }

    pub(super) fn read(mut table: Table<'_>) -> Self {
        let off = keys().into_iter().filter(|key| table.boolean(key) == Some(false)).collect();
        table.finish();
        Self { off }
    }
}

impl Serialize for Switches {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(keys().into_iter().map(|key| (key, self.asks(key))))
    }
}

/// Every key, once.
fn keys() -> BTreeSet<&'static str> {
    switches().map(|(_, key)| key).collect()
}

/// Commands with their keys.
fn switches() -> impl Iterator<Item = (&'static str, &'static str)> {
    QUESTIONS.iter().filter_map(|row| Some((row.name, row.switch?))).chain(OTHERS)
}

/// The line of the configuration that switches the command off.
pub(super) fn line(command: &str) -> Option<String> {
    if command == ClientList::NAME {
        // It has a key of its own.
        return Some("client_list = false".to_owned());
    }
    let (_, key) = switches().find(|(known, _)| *known == command)?;
    Some(format!("commands = {{ {key} = false }}"))
}
