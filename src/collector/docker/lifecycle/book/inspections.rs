//! What inspections tell, and which are to be made.

use super::{Book, Effect, Moment, Request};
use crate::collector::docker::engine::Inspected;
use crate::collector::docker::logs::ReadFrom;

/// What came of an inspection.
#[derive(Debug)]
pub(in super::super) enum Inspection {
    Told(Box<Inspected>),
    /// There is no such container, or it may not be inspected.
    Never,
    /// It may tell next time.
    Failed,
}

impl Book {
    /// The next inspection that is to be made, if there is one. Of one container there is one at a time.
    pub(in super::super) fn next_inspection(&mut self, now: Moment) -> Option<Request> {
        let may = self.may_inspect;
        let mut due = self.records.iter_mut().filter(|(_, record)| record.inspections.is_due);
        let (id, record) = due.find(|(_, record)| may && !record.inspections.is_under_way)?;
        (record.inspections.is_due, record.inspections.is_under_way) = (false, true);
        let id = id.clone();
        Some(self.request(id, now))
    }

    /// Whether an inspection is under way.
    pub(in super::super) fn is_inspecting(&self) -> bool {
        self.records.values().any(|record| record.inspections.is_under_way)
    }

    /// An inspection was given up without an answer: it is due again.
    pub(in super::super) fn give_up(&mut self, request: &Request) {
        if let Some(record) = self.records.get_mut(&request.id) {
            record.inspections.is_due |= std::mem::take(&mut record.inspections.is_under_way);
        }
    }

    /// Takes the answer to an inspection.
    pub(in super::super) fn inspected(&mut self, request: &Request, answer: Inspection, now: Moment) -> Vec<Effect> {
        self.counters.failed_inspections += u64::from(matches!(answer, Inspection::Failed));
        let stamp = self.stamp(now);
        let Some(record) = self.records.get_mut(&request.id) else { return Vec::new() };
        record.inspections.is_under_way = false;
        let was_live = record.runs.is_live();
        record.runs.settle(stamp);
        match answer {
            Inspection::Told(inspected) => record.inspected(inspected, request, stamp),
            Inspection::Failed => record.not_inspected(stamp),
            Inspection::Never => {
                record.not_inspected(stamp);
                record.runs.lose_inspections();
            }
        }
        self.finish(&request.id, was_live, ReadFrom::Start, stamp);
        std::mem::take(&mut self.effects)
    }
}
