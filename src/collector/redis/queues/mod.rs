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
use super::keys::batch::Batch;
use super::question::{Question, Request};
use super::reply::Unexpected;
use super::reply_error;
use super::slot::Slots;
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
    batch: Batch,
    /// The slots of which `steps` are, where it is a node of a cluster.
    slots: Option<Slots>,
    /// On the new connection what was refused may be allowed.
    is_renewed: bool,
    /// What the second round trip of the poll that runs asks.
    further: Vec<Further>,
    further_batch: Batch,
    note: Option<String>,
    held_elsewhere: Option<String>,
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
    /// Which keys a node of a cluster holds is told by others.
    const COMES_LAST: bool = true;
    const METRICS: fn() -> Vec<MetricInfo> = reading::metrics;
    type Heard = Heard;
    type Answer = QueuesAnswer;

    fn new(target: &RedisTarget) -> Self {
        let (tables, database) = (target.queues.clone(), target.database);
        let steps = plan::steps(&tables, database);
        let has_instances = target.node.is_some();
        Self {
            tables,
            database,
            has_instances,
            steps,
            batch: Batch::new(database),
            slots: None,
            is_renewed: false,
            further: Vec::new(),
            further_batch: Batch::new(database),
            note: None,
            held_elsewhere: None,
        }
    }

    fn prepare(&mut self, facts: &Facts) {
        if facts.slots != self.slots {
            self.steps = plan::steps(&self.tables, self.database);
            self.held_elsewhere = None;
            if !self.has_instances {
                let keys = self.steps.iter().map(|step| step.key.as_bytes());
                self.held_elsewhere = facts.held_elsewhere("keys of [[redis.queue]]", keys);
            }
            self.steps.retain(|step| facts.holds(step.key.as_bytes()));
            self.slots.clone_from(&facts.slots);
        }
        // Not before: a request that is under way is sent over a new connection as it is.
        if std::mem::take(&mut self.is_renewed) {
            self.steps.iter_mut().for_each(|step| step.refused = None);
        }
        self.note = None;
        self.batch = Batch::new(self.database);
        let asked = self.steps.iter().filter(|step| step.refused.is_none());
        asked.for_each(|step| self.batch.add(step.db, step.command()));
    }

    fn commands(&self, facts: &Facts) -> Vec<Cmd> {
        if self.has_instances && facts.is_replica() { Vec::new() } else { self.batch.commands() }
    }

    fn left_out(&self, _: &Facts) -> Option<String> {
        self.held_elsewhere.clone()
    }

    fn renew(&mut self) {
        self.is_renewed = true;
    }

    fn pardons(&self, _place: usize, code: &str, detail: &str) -> bool {
        reply_error::is_of_a_key(code, detail)
    }

    fn read(&self, replies: Vec<Value>) -> Result<Heard, Unexpected> {
        let mut replies = answers(&self.batch, replies);
        let each = self.steps.iter().map_while(|step| step.refused.clone().or_else(|| replies.next()));
        Ok(Heard { replies: each.collect(), further: Vec::new() })
    }

    fn more(&mut self, heard: &Heard, facts: &Facts) -> Option<Request> {
        self.further = answer::further(&self.tables, &self.steps, &heard.replies, facts);
        self.further_batch = Batch::new(self.database);
        for further in &self.further {
            self.further_batch.add(further.db, further.command.clone());
        }
        let commands = self.further_batch.commands();
        (!commands.is_empty()).then_some(Request { name: "HGET", commands, reply: Self::REPLY })
    }

    fn read_more(&self, heard: &mut Heard, replies: Vec<Value>) -> Result<(), Unexpected> {
        heard.further = answers(&self.further_batch, replies).collect();
        Ok(())
    }

    fn answer(&mut self, heard: Heard, facts: &Facts) -> QueuesAnswer {
        let list = facts.client_list.as_deref().map(Vec::as_slice);
        let (answer, note) = answer::answer(&self.tables, &self.steps, &self.further, &heard, self.database, list);
        self.note = note;
        self.further.clear();
        for (step, reply) in self.steps.iter_mut().zip(heard.replies) {
            step.refused = Some(reply).filter(is_refusal);
        }
        answer
    }

    fn note(&self) -> Option<String> {
        self.note.clone()
    }

    fn export(answer: &QueuesAnswer, out: &mut Families) {
        reading::export(answer, out);
    }
}

/// The replies to what was asked; of a database that could not be selected, the refusal.
fn answers(batch: &Batch, replies: Vec<Value>) -> impl Iterator<Item = Value> {
    batch.replies(replies).into_iter().map(|reply| reply.unwrap_or_else(|(_, refusal)| refusal))
}

/// Whether asking again over the same connection would bring the same, and an error more in what the server counts.
fn is_refusal(reply: &Value) -> bool {
    reply_error::of(reply).is_some_and(|(code, _)| matches!(code, "NOPERM" | "ERR"))
}
