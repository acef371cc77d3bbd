//! Asking: INFO first, then the commands of all other questions in one write, then what needs their replies to be worded.

use redis::Value;
use tokio::time::{Instant, timeout_at};

use super::RedisCollector;
use super::info::InfoAll;
use super::link::Link;
use super::ping::{self, Pings};
use super::question::{Question as _, Request};
use super::reply;
use super::reply_error::{self, Meaning};
use super::session::SET_NAME;
use super::wire::Ending;
use crate::collector::{PollError, Reason};

/// The poll that runs.
pub(super) struct Talk {
    /// The connection; `None` once it cannot be used any more in this poll.
    pub(super) link: Option<Link>,
    /// When asking ends, answered or not, so that what was heard is handed in before the deadline.
    pub(super) until: Instant,
    /// The state that an error reply named.
    pub(super) state: Option<&'static str>,
    pub(super) connect_seconds: f64,
    /// Bytes of the replies that were heard.
    pub(super) bytes: usize,
    /// The round trips, where they were timed before INFO.
    pings: Option<Pings>,
    /// What may be tried again on a connection of its own.
    pub(super) due: Option<(usize, Request)>,
}

/// The questions of one write.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Those that need nothing but INFO.
    First,
    /// Those that need what the others told.
    Last,
    /// What the replies made necessary.
    More,
}

impl RedisCollector {
    /// The answer to INFO, over the open connection or a new one.
    ///
    /// A connection from an earlier poll may have ended since (the server's `timeout`, a restart): that is not a failure
    /// of this poll, so it connects again at once.
    pub(super) async fn ask_info(&mut self, until: Instant) -> Result<Talk, PollError> {
        let talk = |link: Link, pings| Talk {
            connect_seconds: link.connect_seconds,
            link: Some(link),
            until,
            state: None,
            bytes: 0,
            pings,
            due: None,
        };
        if let Some((mut link, pings)) = self.pinged(until).await {
            match self.info_over(&mut link).await {
                Ok(()) => return Ok(talk(link, pings)),
                Err(error) if error.reason == Reason::Connect => {}
                Err(error) => return Err(error),
            }
        }
        let mut link = self.connect_anew().await?;
        link.begin_poll(until);
        self.info_over(&mut link).await?;
        if let Some(why) = link.name_broke.take() {
            self.support.broke(SET_NAME, &why);
        }
        Ok(talk(link, None))
    }

    /// The open connection, with its PINGs: they come first, where they are known to be answered, so that it is they that find
    /// a server which hangs. Should they not be answered by half time, INFO is asked on a new connection.
    async fn pinged(&mut self, until: Instant) -> Option<(Link, Option<Pings>)> {
        let mut link = self.link.take()?;
        if !link.is_quiet() {
            return None;
        }
        link.begin_poll(until);
        if !self.may_ping() {
            return Some((link, None));
        }
        let half_time = until - until.saturating_duration_since(Instant::now()) / 2;
        let Self { target, support, pings, .. } = self;
        let pings = ping::measure(target, &mut link, support, pings, half_time).await.ok()?;
        Some((link, pings))
    }

    fn may_ping(&self) -> bool {
        self.target.commands.asks("ping") && self.support.may_ask(ping::COMMAND)
    }

    /// A new connection, on which what was refused may be allowed.
    ///
    /// Its name is asked for before INFO, so silence on that looks like a server that hangs: after a timeout the next attempt
    /// does without, and if that is answered the name gets a trial of its own.
    async fn connect_anew(&mut self) -> Result<Link, PollError> {
        self.support.reconnecting();
        self.questions.iter_mut().for_each(|question| question.renew());
        let named = self.support.may_ask(SET_NAME) && !self.name_late;
        let opened = self.connect(named).await;
        if let Err(error) = &opened {
            self.name_late = named && error.reason == Reason::Timeout;
        }
        opened
    }

    pub(super) async fn connect(&mut self, named: bool) -> Result<Link, PollError> {
        let Self { target, resolver, support, .. } = self;
        Link::open(target, resolver, support, named && target.commands.asks("setname")).await
    }

    /// Asks INFO. There is no limit but the poll's deadline: without an answer there is nothing to hand in.
    async fn info_over(&mut self, link: &mut Link) -> Result<(), PollError> {
        let Some(place) = self.questions.iter().position(|question| question.name() == InfoAll::NAME) else {
            return Ok(());
        };
        let attempt = format!("asking {} for INFO", self.target.endpoint);
        loop {
            let Some(request) = self.questions[place].begin(&self.facts) else { return Ok(()) };
            let (mut replies, ending) = link.ask([request.sent()], far()).await;
            if let Some(ending) = ending {
                return Err(ending.into_error(attempt, InfoAll::NAME));
            }
            let replies = replies.pop().unwrap_or_default();
            if let Some((code, detail)) = replies.iter().find_map(reply_error::of) {
                let error = reply_error::from_reply(attempt.clone(), InfoAll::NAME, code, detail);
                if reply_error::meaning(code, detail) != Meaning::Refused {
                    return Err(error);
                }
                let words = reply_error::words(code, detail);
                if self.questions[place].reword(Some(&words)) {
                    continue;
                }
                self.support.refused(InfoAll::NAME, &words);
                return Err(error);
            }
            let bytes: usize = replies.iter().map(reply::weight).sum();
            let heard = self.think(bytes, move |(questions, _)| questions[place].hear(replies)).await;
            let Err(error) = heard else { break };
            // Whoever says much and nothing that is known would not say less the second time.
            if bytes >= reply::EMPTY || !self.questions[place].reword(None) {
                let advice = "is this a Redis server, or a proxy that answers INFO in its own way?";
                return Err(PollError::new(Reason::Decode, attempt, error.to_string(), advice));
            }
        }
        self.questions[place].tell(&mut self.facts);
        self.support.observe_run(self.facts.run_id());
        self.support.answered(InfoAll::NAME);
        Ok(())
    }

    /// Times the PINGs.
    pub(super) async fn ping(&mut self, talk: &mut Talk) -> Option<Pings> {
        if talk.pings.is_some() || !self.may_ping() {
            return talk.pings;
        }
        let link = talk.link.as_mut()?;
        match ping::measure(&self.target, link, &mut self.support, &mut self.pings, talk.until).await {
            Ok(pings) => pings,
            Err(ending) => {
                self.blame(talk, ping::COMMAND, ending).await;
                None
            }
        }
    }

    /// Asks all questions but INFO. Whatever goes wrong costs the answer to what is asked, and nothing that was heard.
    pub(super) async fn ask(&mut self, talk: &mut Talk) {
        for part in [Part::First, Part::Last] {
            let mut requests = self.requests(talk, part);
            loop {
                self.exchange(talk, requests).await;
                // Before anything is worded or made with the help of what they say.
                for question in self.questions.iter().filter(|question| question.name() != InfoAll::NAME) {
                    question.tell(&mut self.facts);
                }
                requests = self.requests(talk, Part::More);
                if requests.is_empty() {
                    break;
                }
            }
        }
        self.try_again(talk).await;
    }

    /// The requests that the questions have, each with its question's place. What was left out and may be tried again is
    /// noted in `talk`.
    fn requests(&mut self, talk: &mut Talk, part: Part) -> Vec<(usize, Request)> {
        let Self { questions, facts, support, .. } = self;
        let mut requests = Vec::new();
        for (place, question) in questions.iter_mut().enumerate() {
            let request = match part {
                Part::More => question.more(facts),
                _ if question.name() == InfoAll::NAME || question.comes_last() != (part == Part::Last) => None,
                _ => question.begin(facts),
            };
            let Some(request) = request else { continue };
            if support.may_ask(request.name) {
                requests.push((place, request));
            } else if support.is_due(request.name) {
                talk.due.get_or_insert((place, request));
            }
        }
        requests
    }

    /// Sends the requests at once and lets their questions hear the replies.
    ///
    /// A connection that breaks may take replies with it that the server had ready (it closes a client over its output
    /// buffer limit with all that waits for it). So what was not answered is asked again one by one, on a new connection:
    /// then it is clear what broke it.
    async fn exchange(&mut self, talk: &mut Talk, mut requests: Vec<(usize, Request)>) {
        let mut together = true;
        while !requests.is_empty() && Instant::now() < talk.until {
            let Some(link) = &mut talk.link else { return };
            let count = if together { requests.len() } else { 1 };
            let asked = requests[..count].iter().map(|(_, request)| request.sent());
            let (heard, ending) = link.ask(asked, talk.until).await;
            let unanswered = count - heard.len();
            for ((place, request), replies) in requests.drain(..heard.len()).collect::<Vec<_>>().into_iter().zip(heard)
            {
                let again = self.hear(talk, place, &request, replies).await;
                requests.extend(again.map(|request| (place, request)));
            }
            match ending {
                None => {}
                Some(Ending::Broken(_)) if unanswered > 1 => {
                    self.reconnect(talk).await;
                    together = false;
                }
                Some(ending) => {
                    let (_, request) = requests.remove(0);
                    self.blame(talk, request.name, ending).await;
                }
            }
        }
    }

    /// Notes what ended the talk, and makes another connection unless the time is over.
    async fn blame(&mut self, talk: &mut Talk, command: &'static str, ending: Ending) {
        match ending {
            Ending::Late => talk.link = None,
            Ending::Broken(_) => {
                self.reconnect(talk).await;
                // Of a server that has gone nothing is known.
                if talk.link.is_none() {
                    return;
                }
            }
            Ending::Unfit(_) | Ending::Crowded | Ending::TooLarge(_) => self.reconnect(talk).await,
        }
        self.support.ended(command, &ending, self.target.deadline);
    }

    async fn reconnect(&mut self, talk: &mut Talk) {
        talk.link = None;
        let Ok(Ok(mut link)) = timeout_at(talk.until, self.connect_anew()).await else { return };
        link.begin_poll(talk.until);
        talk.link = Some(link);
    }

    /// Lets a question hear its replies, and notes whether its command is answered. Returns the request in other words,
    /// where the server refused these and there are others.
    pub(super) async fn hear(
        &mut self,
        talk: &mut Talk,
        place: usize,
        request: &Request,
        replies: Vec<Value>,
    ) -> Option<Request> {
        self.facts.lookups.count(&request.commands, &replies);
        // An error that concerns all of it.
        let error = {
            let errors = replies.iter().enumerate().filter_map(|(place, reply)| Some((place, reply_error::of(reply)?)));
            let question = &self.questions[place];
            let mut of_all = errors.filter(|(place, (code, detail))| !question.pardons(*place, code, detail));
            of_all
                .next()
                .map(|(_, (code, detail))| (reply_error::meaning(code, detail), reply_error::words(code, detail)))
        };
        let Some((meaning, words)) = error else {
            let bytes: usize = replies.iter().map(reply::weight).sum();
            talk.bytes += bytes;
            match self.think(bytes, move |(questions, _)| questions[place].hear(replies)).await {
                Ok(()) => self.support.answered(request.name),
                Err(error) => self.support.failed(request.name, &error.to_string()),
            }
            return None;
        };
        let question = &mut self.questions[place];
        match meaning {
            Meaning::Unready(state) => talk.state = Some(state),
            Meaning::Failed => self.support.failed(request.name, &words),
            Meaning::Refused | Meaning::Auth | Meaning::Turned if question.reword(Some(&words)) => {
                return question.begin(&self.facts);
            }
            Meaning::Refused | Meaning::Auth | Meaning::Turned => self.support.refused(request.name, &words),
        }
        None
    }
}

/// No limit of its own: the runner's deadline ends the poll.
pub(super) fn far() -> Instant {
    Instant::now() + std::time::Duration::from_hours(24)
}
