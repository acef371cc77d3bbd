//! Commands to several databases over the poll's own connection.

use redis::{Cmd, Value};

use crate::collector::redis::question::command;

/// Commands, each in its database, in one piece: behind them the connection is in its own database again.
#[derive(Debug)]
pub(in crate::collector::redis) struct Batch {
    home: u32,
    /// The database behind the last command.
    current: u32,
    steps: Vec<Step>,
    commands: Vec<Cmd>,
    /// Commands but SELECT.
    asked: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// SELECT of a database.
    Select(u32),
    /// What was asked, and its place among what was asked.
    Ask(usize),
}

impl Batch {
    /// Nothing yet, for a connection in this database.
    pub(in crate::collector::redis) const fn new(home: u32) -> Self {
        Self { home, current: home, steps: Vec::new(), commands: Vec::new(), asked: 0 }
    }

    /// Adds a command to a database.
    pub(in crate::collector::redis) fn add(&mut self, database: u32, command: Cmd) {
        if self.current != database {
            self.steps.push(Step::Select(database));
            self.commands.push(select(database));
            self.current = database;
        }
        self.steps.push(Step::Ask(self.asked));
        self.asked += 1;
        self.commands.push(command);
    }

    /// The commands, with what leads from one database to the next and home.
    pub(in crate::collector::redis) fn commands(&self) -> Vec<Cmd> {
        let back = (self.current != self.home).then(|| select(self.home));
        self.commands.iter().cloned().chain(back).collect()
    }

    /// Which of the commands that were added stands in this place; `None` for a SELECT.
    pub(in crate::collector::redis) fn asked_at(&self, place: usize) -> Option<usize> {
        match self.steps.get(place)? {
            Step::Select(_) => None,
            Step::Ask(place) => Some(*place),
        }
    }

    /// The replies to what was asked, in order. Where the database could not be selected the command went to another one, and
    /// its reply says nothing: then the error takes its place, with the database.
    pub(in crate::collector::redis) fn replies(&self, replies: Vec<Value>) -> Vec<Result<Value, (u32, Value)>> {
        let mut closed = None;
        let mut answers = Vec::with_capacity(replies.len());
        for (step, reply) in self.steps.iter().zip(replies) {
            match (step, &closed) {
                (Step::Select(database), _) => {
                    closed = matches!(reply, Value::ServerError(_)).then_some((*database, reply));
                }
                (Step::Ask(_), None) => answers.push(Ok(reply)),
                (Step::Ask(_), Some(error)) => answers.push(Err(error.clone())),
            }
        }
        answers
    }
}

fn select(database: u32) -> Cmd {
    command(&["SELECT", &database.to_string()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collector::redis::reply::build::{error, words};

    fn texts(batch: &Batch) -> Vec<String> {
        words(&batch.commands())
    }

    #[test]
    fn the_connection_comes_back_to_its_database() {
        let mut batch = Batch::new(1);
        for (database, key) in [(1, "a"), (0, "b"), (0, "c"), (2, "d")] {
            batch.add(database, command(&["TYPE", key]));
        }
        let sent = texts(&batch);
        assert_eq!(sent, ["TYPE a", "SELECT 0", "TYPE b", "TYPE c", "SELECT 2", "TYPE d", "SELECT 1"]);
        assert_eq!([0, 1, 2, 3, 6].map(|place| batch.asked_at(place)), [Some(0), None, Some(1), Some(2), None]);
        let replies = batch.replies((0..7).map(Value::Int).collect());
        let expected: Vec<Result<_, (u32, Value)>> = [0, 2, 3, 5].map(|number| Ok(Value::Int(number))).into();
        assert_eq!(replies, expected);
        let mut plain = Batch::new(3);
        plain.add(3, command(&["TYPE", "a"]));
        assert_eq!(texts(&plain), ["TYPE a"]);
        assert!(texts(&Batch::new(3)).is_empty());
    }

    #[test]
    fn what_went_to_the_wrong_database_says_nothing() {
        let error = || error("ERR DB index is out of range");
        let mut batch = Batch::new(0);
        batch.add(99, command(&["TYPE", "a"]));
        batch.add(0, command(&["TYPE", "b"]));
        let replies = batch.replies(vec![error(), Value::Int(1), Value::Okay, Value::Int(2)]);
        assert_eq!(replies, [Err((99, error())), Ok(Value::Int(2))]);
    }
}
