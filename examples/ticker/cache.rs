//! A cache in Redis, used at a steady pace, and its figures.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use redis::Pipeline;

use crate::link::{Link, LinkError};

/// The longest that an answer of Redis may take.
pub(crate) const ANSWER_DEADLINE: Duration = Duration::from_secs(1);

/// At fifty GETs a second each key is asked for every 2 s, filled by the first miss and then hit for its lifetime:
/// 15 / (15 + 2) = 88 % are hits.
const KEYS: u32 = 100;
const LIFETIME_MS: u32 = 15_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct CacheCounts {
    pub(crate) hits: u64,
    /// Those that Redis did not answer included.
    pub(crate) misses: u64,
    pub(crate) errors: u64,
    pub(crate) sets: u64,
}

/// What was counted since the start or the last reset.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    counts: Mutex<CacheCounts>,
}

impl Cache {
    pub(crate) fn counts(&self) -> CacheCounts {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn reset(&self) {
        self.count(|counts| *counts = CacheCounts::default());
    }

    fn count(&self, change: impl FnOnce(&mut CacheCounts)) {
        change(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// GETs of so many keys, and a SET of each that is missing. It says whether Redis answered.
    pub(crate) async fn use_once(&self, link: &Link, gets: usize) -> bool {
        let keys: Vec<String> = (0..gets).map(|_| format!("cache:ticker:{}", fastrand::u32(0..KEYS))).collect();
        let mut commands = Pipeline::with_capacity(gets);
        for key in &keys {
            commands.cmd("GET").arg(key);
        }
        let found: Result<Vec<Option<Vec<u8>>>, LinkError> = link.query(&commands).await;
        let Ok(found) = found else {
            self.count(|counts| {
                counts.misses += gets as u64;
                counts.errors += gets as u64;
            });
            return false;
        };
        let missing: Vec<&String> =
            keys.iter().zip(&found).filter(|(_, found)| found.is_none()).map(|(key, _)| key).collect();
        self.count(|counts| {
            counts.hits += (gets - missing.len()) as u64;
            counts.misses += missing.len() as u64;
        });
        missing.is_empty() || self.fill(link, &missing).await
    }

    async fn fill(&self, link: &Link, keys: &[&String]) -> bool {
        let mut commands = Pipeline::with_capacity(keys.len());
        for key in keys {
            commands.cmd("SET").arg(key).arg("{}").arg("PX").arg(LIFETIME_MS).ignore();
        }
        let set = link.query::<()>(&commands).await.is_ok();
        let count = keys.len() as u64;
        self.count(|counts| if set { counts.sets += count } else { counts.errors += count });
        set
    }
}
