//! The queues of applications: how many jobs wait, for how long, who works on them, what failed.
//!
//! `kinds` is the table of what each library keeps in which key; `plan` makes the questions of it, all in one round trip; what
//! the replies name (the next job, the channels of a group) is asked in a second one. An error reply that concerns a key costs
//! the number of that key alone, and a queue whose keys another node of the cluster holds is not told by this one.

mod answer;
mod kinds;
mod plan;
mod reading;
mod settings;
#[cfg(test)]
mod tests;
mod workers;

use redis::{Cmd, Value};

use self::answer::Further;
pub use self::kinds::Kind;
use self::plan::Step;
pub use self::reading::QueuesAnswer;
pub(super) use self::settings::read;
pub use self::settings::{MAX_QUEUES, Queues};
use super::facts::Facts;
use super::question::{Question, Request};
use super::reply::Unexpected;
use super::reply_error;
use crate::collector::redis::RedisTarget;
use crate::metric::{Families, MetricInfo};

/// The questions of all queues.
#[derive(Debug)]
pub struct QueueSizes {
    tables: Vec<Queues>,
    database: u32,
    /// Whether the server may be a replica of another instance, which tells the same.
    has_instances: bool,
    steps: Vec<Step>,
    /// Whether `steps` are but those of one node of a cluster.
    is_part: bool,
    /// What the second round trip of the poll that runs asks.
    further: Vec<Further>,
    note: Option<String>,
}

/// The replies as they came, one for each question.
#[derive(Debug)]
pub struct Heard {
    replies: Vec<Value>,
    further: Vec<Value>,
}

impl Question for QueueSizes {
    const NAME: &'static str = "LLEN";
    const SWITCH: Option<&'static str> = Some("queues");
    const METRICS: fn() -> Vec<MetricInfo> = reading::metrics;
    type Heard = Heard;
    type Answer = QueuesAnswer;

    fn new(target: &RedisTarget) -> Self {
        let (tables, database) = (target.queues.clone(), target.database);
        let steps = plan::steps(&tables, database, &Facts::default());
        let has_instances = target.node.is_some();
        Self { tables, database, has_instances, steps, is_part: false, further: Vec::new(), note: None }
    }

    fn prepare(&mut self, facts: &Facts) {
        if facts.slots.is_some() || self.is_part {
            self.steps = plan::steps(&self.tables, self.database, facts);
            self.is_part = facts.slots.is_some();
        }
    }

    fn commands(&self, facts: &Facts) -> Vec<Cmd> {
        let role = facts.info.as_ref().and_then(|info| info.role());
        if self.has_instances && role == Some("slave") {
            return Vec::new();
        }
        plan::in_databases(self.steps.iter().map(|step| (step.db, step.command())), self.database)
    }

    fn pardons(&self, _place: usize, code: &str, detail: &str) -> bool {
        reply_error::is_of_a_key(code, detail)
    }

    fn read(&self, replies: Vec<Value>) -> Result<Heard, Unexpected> {
        let replies = plan::of_databases(self.steps.iter().map(|step| step.db), self.database, replies);
        Ok(Heard { replies, further: Vec::new() })
    }

    fn more(&mut self, heard: &Heard, facts: &Facts) -> Option<Request> {
        self.further = answer::further(&self.tables, &self.steps, &heard.replies, facts);
        let commands = self.further.iter().map(|further| (further.db, further.command.clone()));
        let commands = plan::in_databases(commands, self.database);
        (!commands.is_empty()).then_some(Request { name: "HGET", commands })
    }

    fn read_more(&self, heard: &mut Heard, replies: Vec<Value>) -> Result<(), Unexpected> {
        heard.further = plan::of_databases(self.further.iter().map(|further| further.db), self.database, replies);
        Ok(())
    }

    fn answer(&mut self, heard: Heard, facts: &Facts) -> QueuesAnswer {
        let list = facts.client_list.as_deref().map(Vec::as_slice);
        let (answer, note) = answer::answer(&self.tables, &self.steps, &self.further, &heard, self.database, list);
        self.note = note;
        self.further.clear();
        answer
    }

    fn note(&self) -> Option<String> {
        self.note.clone()
    }

    fn export(answer: &QueuesAnswer, out: &mut Families) {
        reading::export(answer, out);
    }
}
