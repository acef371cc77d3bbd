//! Who works on queues, by what CLIENT LIST shows.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::kinds::Workers;
use super::settings::Queues;
use clientlist::parse::clients;

/// Stands between the name of a `BullMQ` queue and that of its worker.
const WORKER: &[u8] = b":w:";

/// Clients, by what workers are known by.
#[derive(Debug, Default)]
pub(super) struct Seen<'a> {
    by_name: HashMap<&'a [u8], u64>,
    by_command: HashMap<(u64, &'a [u8]), u64>,
    /// Those that listen to a pattern, by database: as every worker of Celery does, whatever else it does.
    listeners: HashMap<u64, u64>,
    /// Queues that a worker may wait for, by database and command.
    rivals: HashMap<(u64, &'static str), u64>,
}

impl<'a> Seen<'a> {
    /// Reads CLIENT LIST; nothing where no queue has workers that it shows.
    pub(super) fn read(tables: &[Queues], database: u32, list: &'a [u8]) -> Option<Self> {
        let mut seen = Self::default();
        for queues in tables {
            if let Workers::LastCommand(command) = queues.kind.workers {
                *seen.rivals.entry((queues.database(database), command)).or_default() += queues.names.len() as u64;
            }
        }
        let named = tables.iter().any(|queues| queues.kind.workers == Workers::Name);
        if !named && seen.rivals.is_empty() {
            return None;
        }
        for client in clients(list).flatten() {
            if named && !client.name.is_empty() {
                let end = memchr::memmem::find(client.name, WORKER).unwrap_or(client.name.len());
                *seen.by_name.entry(&client.name[..end]).or_default() += 1;
            }
            if let Some(db) = client.db.filter(|_| !seen.rivals.is_empty()) {
                *seen.by_command.entry((db, client.cmd)).or_default() += 1;
                *seen.listeners.entry(db).or_default() += u64::from(client.psub.is_some_and(|patterns| patterns > 0));
            }
        }
        Some(seen)
    }

    /// The workers of a queue; `None` where they cannot be told.
    pub(super) fn workers(&self, queues: &Queues, name: &str, database: u32) -> Option<u64> {
        match queues.kind.workers {
            Workers::Unseen => None,
            Workers::Name => {
                let name = format!("{}:{}", queues.prefix, STANDARD.encode(name));
                Some(self.by_name.get(name.as_bytes()).copied().unwrap_or(0))
            }
            Workers::LastCommand(command) => {
                let db = queues.database(database);
                let waiting = self.by_command.get(&(db, command.as_bytes())).copied().unwrap_or(0);
                let listening = self.listeners.get(&db).copied().unwrap_or(0);
                match (waiting, listening) {
                    (0, 0) => Some(0),
                    // Who listens and does not wait has its hands full, or works on other queues.
                    (0, _) => None,
                    // Which queue they wait for is not shown.
                    (waiting, _) => (self.rivals.get(&(db, command)) == Some(&1)).then_some(waiting),
                }
            }
        }
    }
}
