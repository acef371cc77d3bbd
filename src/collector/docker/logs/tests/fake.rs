//! An engine that sends what a test wrote down.

use std::collections::{HashMap, VecDeque};
use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep_until};

use super::super::source::{Body, Refused, Source};

/// The time at which every test begins, in seconds since 1970.
pub(super) const START: u64 = 1_800_000_000;

/// What comes of opening a log.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    Refused(Refused),
    Log(Vec<Piece>),
}

/// What comes of reading it. Behind the last piece nothing comes any more.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    Bytes(Vec<u8>),
    Wait(Duration),
    Until(Instant),
    End,
    Broken,
}

#[derive(Clone)]
pub(super) struct Fake(Arc<Inner>);

struct Inner {
    origin: Instant,
    may: AtomicBool,
    is_remote: AtomicBool,
    terminal: Mutex<Option<bool>>,
    answers: Mutex<HashMap<String, VecDeque<Answer>>>,
    opened: Mutex<Vec<(String, Option<u64>, u64)>>,
}

impl Fake {
    pub(super) fn new() -> Self {
        Self(Arc::new(Inner {
            origin: Instant::now(),
            may: AtomicBool::new(true),
            is_remote: AtomicBool::new(false),
            terminal: Mutex::default(),
            answers: Mutex::default(),
            opened: Mutex::default(),
        }))
    }

    /// The next answer for a container. Without one its log is open and silent.
    pub(super) fn answer(&self, id: &str, answer: Answer) {
        self.0.answers.lock().unwrap().entry(id.to_owned()).or_default().push_back(answer);
    }

    pub(super) fn log(&self, id: &str, pieces: impl IntoIterator<Item = Piece>) {
        self.answer(id, Answer::Log(pieces.into_iter().collect()));
    }

    pub(super) fn allow(&self, may: bool) {
        self.0.may.store(may, Relaxed);
    }

    pub(super) fn is_remote(&self) {
        self.0.is_remote.store(true, Relaxed);
    }

    pub(super) fn has_terminal(&self, has: bool) {
        *self.0.terminal.lock().unwrap() = Some(has);
    }

    /// What was opened: since when, and seconds after the start.
    pub(super) fn opened(&self, id: &str) -> Vec<(Option<u64>, u64)> {
        let opened = self.0.opened.lock().unwrap();
        opened.iter().filter(|(of, ..)| of == id).map(|(_, since, at)| (*since, *at)).collect()
    }
}

impl Source for Fake {
    type Body = FakeLog;

    fn may(&self) -> bool {
        self.0.may.load(Relaxed)
    }

    fn now(&self) -> u64 {
        START * 1_000_000_000 + u64::try_from(self.0.origin.elapsed().as_nanos()).unwrap()
    }

    fn has_our_clock(&self) -> bool {
        !self.0.is_remote.load(Relaxed)
    }

    async fn open(&self, id: &str, since: Option<u64>) -> Result<FakeLog, Refused> {
        self.0.opened.lock().unwrap().push((id.to_owned(), since, self.0.origin.elapsed().as_secs()));
        let answer = self.0.answers.lock().unwrap().get_mut(id).and_then(VecDeque::pop_front);
        match answer.unwrap_or(Answer::Log(Vec::new())) {
            Answer::Refused(refused) => Err(refused),
            Answer::Log(pieces) => Ok(FakeLog(pieces.into())),
        }
    }

    async fn has_terminal(&self, _id: &str) -> Option<bool> {
        *self.0.terminal.lock().unwrap()
    }
}

pub(super) struct FakeLog(VecDeque<Piece>);

impl Body for FakeLog {
    fn framed(&self) -> Option<bool> {
        None
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, String> {
        loop {
            // What is waited for stays at the front: this may be dropped and called again.
            match self.0.front().cloned() {
                Some(Piece::Wait(time)) => self.0[0] = Piece::Until(Instant::now() + time),
                Some(Piece::Until(time)) => {
                    sleep_until(time).await;
                    self.0.pop_front();
                }
                Some(Piece::Bytes(bytes)) => {
                    self.0.pop_front();
                    return Ok(Some(bytes.into()));
                }
                Some(Piece::End) => return Ok(None),
                Some(Piece::Broken) => return Err("broken".to_owned()),
                None => pending().await,
            }
        }
    }
}
