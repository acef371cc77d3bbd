//! Asking: the commands of all questions in one write, their replies, and what a second round trip adds.

use redis::Value;

use super::RedisCollector;
use super::facts::Facts;
use super::info::InfoAll;
use super::link::Link;
use super::question::{Asked, Export, Question as _, Request};
use super::reply::Unexpected;
use super::reply_error::{self, Meaning};
use crate::collector::redis::RedisTarget;
use crate::collector::{PollError, Reason};

/// What came of asking.
#[derive(Default)]
pub(super) struct Answers {
    pub(super) of_questions: Vec<Box<dyn Export>>,
    /// The state that an error reply named.
    pub(super) state: Option<&'static str>,
}

impl RedisCollector {
    /// Asks what is `wanted`, and returns the answers and the state that an error reply named.
    pub(super) async fn ask(&mut self, link: &mut Link, wanted: fn(&str) -> bool) -> Result<Answers, PollError> {
        self.facts.forget_replies();
        let mut answers = Answers::default();
        let first = self.requests(|question, facts| question.begin(facts), wanted);
        let ends = self.exchange(link, &first, &mut answers).await?;
        // Before anything is made of a reply, and before a refusal is noted: it holds for the run that INFO tells.
        for question in &self.questions {
            question.tell(&mut self.facts);
        }
        self.support.observe_run(self.facts.run_id());
        self.note(ends);
        let more = self.requests(|question, facts| question.more(facts), wanted);
        let ends = self.exchange(link, &more, &mut answers).await?;
        self.note(ends);
        let facts = &self.facts;
        answers.of_questions = self.questions.iter_mut().filter_map(|question| question.answer(facts)).collect();
        self.facts.forget_replies();
        Ok(answers)
    }

    /// The requests that the questions have, each with its question's place.
    fn requests(
        &mut self,
        of: impl Fn(&mut dyn Asked, &Facts) -> Option<Request>,
        wanted: fn(&str) -> bool,
    ) -> Vec<(usize, Request)> {
        let Self { questions, facts, support, .. } = self;
        let requests = questions.iter_mut().enumerate();
        let requests = requests.filter_map(|(place, question)| Some((place, of(question.as_mut(), facts)?)));
        requests.filter(|(_, request)| wanted(request.name) && support.may_ask(request.name)).collect()
    }

    /// Sends the requests at once and lets their questions hear the replies; returns how each command ended.
    ///
    /// A reply that is an error, or cannot be read, is left out; but wrong credentials fail the poll, and so does an INFO that
    /// cannot be read, or a server that says of INFO that it does not serve now.
    async fn exchange(
        &mut self,
        link: &mut Link,
        requests: &[(usize, Request)],
        answers: &mut Answers,
    ) -> Result<Vec<(&'static str, Result<(), String>)>, PollError> {
        let mut ends = Vec::with_capacity(requests.len());
        if requests.is_empty() {
            return Ok(ends);
        }
        let asked = link.ask(requests.iter().flat_map(|(_, request)| &request.commands)).await;
        let attempt = || format!("polling {}", self.target.endpoint);
        let mut replies = asked.map_err(|error| reply_error::from_redis(attempt(), &error))?.into_iter();
        for (place, request) in requests {
            let own = replies.by_ref().take(request.commands.len()).collect();
            let end = match outcome(&self.target, request.name, own)? {
                Outcome::Replies(replies) => match self.questions[*place].hear(replies) {
                    Err(error) if request.name == InfoAll::NAME => return Err(self.not_redis(&error)),
                    read => read.map_err(|error| error.to_string()),
                },
                Outcome::Refused(error) => Err(error),
                Outcome::Unready(state) => {
                    answers.state = Some(state);
                    continue;
                }
            };
            ends.push((request.name, end));
        }
        Ok(ends)
    }

    /// Remembers which commands the server answers.
    fn note(&mut self, ends: Vec<(&'static str, Result<(), String>)>) {
        for (name, end) in ends {
            match end {
                Ok(()) => self.support.answered(name),
                Err(error) => self.support.refused(&self.target.name, name, &error),
            }
        }
    }

    /// The poll's error where the reply to INFO cannot be read.
    fn not_redis(&self, error: &Unexpected) -> PollError {
        let attempt = format!("asking {} for INFO", self.target.endpoint);
        let advice = "is this a Redis server, or a proxy that answers INFO in its own way?";
        PollError::new(Reason::Decode, attempt, error.to_string(), advice)
    }
}

/// How a request ended.
#[derive(Debug)]
enum Outcome {
    /// A reply for each command.
    Replies(Vec<Value>),
    /// The server is in a state in which it does not answer this.
    Unready(&'static str),
    /// The server will not answer this, whenever it is asked.
    Refused(String),
}

fn outcome(target: &RedisTarget, name: &str, replies: Vec<Value>) -> Result<Outcome, PollError> {
    let Some((code, detail)) = replies.iter().find_map(reply_error::of) else { return Ok(Outcome::Replies(replies)) };
    match reply_error::meaning(code, detail) {
        Meaning::Unready(state) if name != InfoAll::NAME => Ok(Outcome::Unready(state)),
        Meaning::Refused => Ok(Outcome::Refused(reply_error::words(code, detail))),
        _ => Err(reply_error::from_reply(format!("asking {} for {name}", target.endpoint), code, detail)),
    }
}
