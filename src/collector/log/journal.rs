//! Reads systemd's journal by journalctl, which is asked for one unit and follows it.

use std::io::ErrorKind;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::{Instant, sleep, sleep_until};

use super::board::{Fault, Problem};
use super::counting::Counting;
use super::files::Shared;
use super::settings::Beginning;
use crate::collector::lines::{Bucket, Cut, CutLine};
use crate::net::{Backoff, jittered};

/// After so long without an entry an event is complete.
const PAUSE: Duration = Duration::from_millis(500);

/// Bytes of an entry. A message has 48 KiB at most where systemd takes it from a service's output.
const MAX_ENTRY: usize = 1 << 20;

/// Bytes of what journalctl says of an error.
const MAX_SAID: usize = 400;

/// What followed for so long is in order: the next pause is a short one.
const HEALTHY: Duration = Duration::from_secs(30);

/// After so long without a word of what is wrong the journal is being read.
const SETTLED: Duration = Duration::from_secs(1);

/// Between two looks at whether counting may begin.
const LOOK: Duration = Duration::from_millis(100);

/// What of an entry is read.
#[derive(Debug, Deserialize)]
struct Entry {
    #[serde(rename = "__CURSOR")]
    cursor: String,
    #[serde(rename = "MESSAGE", default)]
    message: Option<Message>,
}

/// A message is a text, bytes where it is none, and the last one of several is the one that was meant.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Message {
    Text(String),
    Bytes(Vec<u8>),
    Several(Vec<String>),
}

impl Message {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
            Self::Several(texts) => texts.last().map(String::as_bytes).unwrap_or_default(),
        }
    }
}

/// Follows one unit for ever, behind `cursor` or from where the configuration says.
pub(super) async fn follow(shared: Arc<Shared>, unit: String, cursor: Option<String>) {
    let since = humantime::format_rfc3339_seconds(reader::in_calendar(std::time::SystemTime::now())).to_string();
    shared.board.log(&unit, |log| log.cursor.clone_from(&cursor));
    while !shared.board.is_shown(&unit) {
        sleep(LOOK).await;
    }
    let since = since.trim_end_matches('Z').replace('T', " ") + " UTC";
    let mut unit = Unit { shared, counting: None, cursor, name: unit, since };
    let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_mins(1));
    loop {
        let begun = Instant::now();
        let problem = unit.once().await;
        unit.shared.board.log(&unit.name, |log| log.is_open = false);
        unit.shared.board.problem(&unit.name, Some(problem));
        if begun.elapsed() >= HEALTHY {
            backoff.succeeded();
        }
        sleep(jittered(backoff.failed())).await;
    }
}

/// One unit.
struct Unit {
    shared: Arc<Shared>,
    name: String,
    /// What has been read and does not count yet; its place is the cursor.
    counting: Option<Counting<Option<String>>>,
    /// Behind what has been read.
    cursor: Option<String>,
    /// When following began, as journalctl reads it.
    since: String,
}

impl Unit {
    /// Follows until something is wrong.
    async fn once(&mut self) -> Problem {
        let mut child = match self.start() {
            Ok(child) => child,
            Err(error) => {
                let advice = match error.kind() {
                    ErrorKind::NotFound => {
                        "install systemd's journalctl where the agent runs, or read the service's file"
                    }
                    _ => "let the agent's user run journalctl",
                };
                return self.problem(Fault::of(&error), error.to_string(), advice);
            }
        };
        let (Some(mut out), Some(said)) = (child.stdout.take(), child.stderr.take()) else {
            return self.problem(Fault::Io, "no pipe".to_owned(), "report it");
        };
        let refused = Arc::new(AtomicBool::new(false));
        let mut said = tokio::spawn(self.hear(said, Arc::clone(&refused)));
        let read = self.read(&mut out, &refused).await;
        self.flush();
        // It has ended by itself, or says what cannot be read.
        let _ = child.start_kill();
        let status = child.wait().await;
        let said = tokio::time::timeout(PAUSE, &mut said).await.ok().and_then(Result::ok).unwrap_or_default();
        if let Some(fault) = read {
            return fault;
        }
        if said.contains("cursor") && self.cursor.take().is_some() {
            // It goes on at the time at which the agent started.
            tracing::warn!(unit = %self.name, %said, "the journal does not know the kept place any more");
        }
        let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        let fault = if is_refusal(&said) { Fault::Permission } else { Fault::Io };
        let said = if said.is_empty() { "without a word".to_owned() } else { said };
        self.problem(fault, format!("it ended ({status}): {said}"), advice(fault))
    }

    fn start(&self) -> std::io::Result<Child> {
        let mut command = Command::new("journalctl");
        command.args(["--follow", "--no-tail", "--all", "--no-pager", "--output=json", "--output-fields=MESSAGE"]);
        command.arg(format!("--unit={}", self.name));
        match (&self.cursor, self.shared.target.from) {
            (Some(cursor), _) => drop(command.arg(format!("--after-cursor={cursor}"))),
            (None, Beginning::End) => drop(command.arg(format!("--since={}", self.since))),
            (None, Beginning::Start) => {}
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn()
    }

    /// Reads what journalctl says beside the entries. It goes on after it has said that it sees only a part of them.
    fn hear(&self, mut said: ChildStderr, refused: Arc<AtomicBool>) -> impl Future<Output = String> + use<> {
        let (shared, name) = (Arc::clone(&self.shared), self.name.clone());
        let attempt = self.attempt();
        async move {
            let (mut text, mut buffer) = (Vec::new(), [0; 512]);
            while let Ok(read @ 1..) = said.read(&mut buffer).await {
                text.extend_from_slice(&buffer[..read.min(MAX_SAID - text.len())]);
                let words = words(&text);
                if is_refusal(&words) {
                    refused.store(true, Relaxed);
                    let fault = Fault::Permission;
                    let problem =
                        Problem { fault: Some(fault), attempt: attempt.clone(), cause: words, advice: advice(fault) };
                    shared.board.problem(&name, Some(problem));
                    shared.board.log(&name, |log| log.is_open = false);
                }
            }
            words(&text)
        }
    }

    /// Reads entries until there are no more.
    async fn read(&mut self, out: &mut (impl AsyncRead + Unpin), refused: &AtomicBool) -> Option<Problem> {
        let settings = &self.shared.target;
        let mut bucket = Bucket::new(settings.lines_per_second, settings.burst, Instant::now());
        let events = || self.shared.patterns.events("");
        self.counting = Some(Counting::new(events(), self.cursor.clone()));
        let (mut entry, mut buffer) = (Vec::new(), vec![0; 64 << 10]);
        let mut is_too_long = false;
        let begun = Instant::now();
        let mut last = begun;
        let mut is_new = true;
        loop {
            let is_open = self.counting.as_ref().is_some_and(Counting::is_open);
            let read = tokio::select! {
                read = out.read(&mut buffer) => read,
                () = sleep_until(last + PAUSE), if is_open => {
                    self.flush();
                    continue;
                }
                // What is wrong is said at once.
                () = sleep_until(begun + SETTLED), if is_new => {
                    is_new = false;
                    if !refused.load(Relaxed) {
                        self.opened();
                    }
                    continue;
                }
            };
            let read = match read {
                Ok(0) => return None,
                Ok(read) => read,
                Err(error) => return Some(self.problem(Fault::Io, error.to_string(), "it is tried again")),
            };
            last = Instant::now();
            let mut lines = 0;
            for piece in buffer[..read].split_inclusive(|byte| *byte == b'\n') {
                if entry.len() + piece.len() > MAX_ENTRY {
                    is_too_long = true;
                    entry.clear();
                } else {
                    entry.extend_from_slice(piece);
                }
                if !piece.ends_with(b"\n") {
                    continue;
                }
                if std::mem::take(&mut is_too_long) {
                    self.fault();
                } else {
                    lines += self.entry(&entry);
                }
                entry.clear();
            }
            self.publish();
            if lines > 0 && std::mem::take(&mut is_new) {
                self.opened();
            }
            let pause = bucket.take(lines, Instant::now());
            if !pause.is_zero() {
                sleep(pause).await;
                self.shared.board.log(&self.name, |log| log.paused += pause);
            }
        }
    }

    /// Counts an entry's lines; how many there are.
    fn entry(&mut self, text: &[u8]) -> u64 {
        let Ok(Entry { cursor, message }) = serde_json::from_slice(text) else {
            self.fault();
            return 0;
        };
        let Some(counting) = &mut self.counting else { return 0 };
        let message = message.as_ref().map(Message::bytes).unwrap_or_default();
        let (mut cut, mut lines) = (Cut::new(), 0);
        // Of a message of several lines the last one has its place.
        let (before, matcher) = (self.cursor.replace(cursor.clone()), &self.shared.matcher);
        let body = message.strip_suffix(b"\n").unwrap_or(message);
        let count = memchr::memchr_iter(b'\n', body).count() as u64 + 1;
        let mut each = |line: CutLine<'_>| {
            lines += 1;
            let behind = if lines == count { Some(cursor.clone()) } else { before.clone() };
            counting.line(matcher, &line, behind);
        };
        cut.feed(body, &mut each);
        cut.complete(&mut each);
        if body.is_empty() {
            each(CutLine { text: b"", bytes: 0, is_truncated: false });
        }
        count
    }

    fn opened(&self) {
        self.shared.board.log(&self.name, |log| log.is_open = true);
        self.shared.board.problem(&self.name, None);
    }

    fn fault(&self) {
        self.shared.board.log(&self.name, |log| log.faults[Fault::Format as usize] += 1);
    }

    /// Nothing comes for now.
    fn flush(&mut self) {
        if let Some(counting) = &mut self.counting {
            counting.flush(&self.shared.matcher);
        }
        self.publish();
    }

    fn publish(&mut self) {
        let Some(counting) = &mut self.counting else { return };
        let (counts, cursor) = (counting.take(), counting.place());
        self.shared.board.log(&self.name, |log| {
            log.add(counts);
            log.cursor = cursor;
        });
    }

    fn attempt(&self) -> String {
        format!("following the journal of {} by journalctl", self.name)
    }

    fn problem(&self, fault: Fault, cause: String, advice: &'static str) -> Problem {
        Problem { fault: Some(fault), attempt: self.attempt(), cause, advice }
    }
}

/// Whether journalctl says that it may not see everything.
fn is_refusal(said: &str) -> bool {
    ["ermission", "not seeing messages", "No journal files were opened"].iter().any(|words| said.contains(words))
}

const fn advice(fault: Fault) -> &'static str {
    match fault {
        Fault::Permission => "add the agent's user to the group systemd-journal",
        _ => "try the same journalctl by hand; it is started again",
    }
}

/// What was said, on one line.
fn words(said: &[u8]) -> String {
    String::from_utf8_lossy(said).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_all_forms() {
        let message = |json: &str| {
            let entry: Entry = serde_json::from_str(json).unwrap();
            (entry.cursor, entry.message.map(|message| String::from_utf8_lossy(message.bytes()).into_owned()))
        };
        let of = |text: &str| Some(text.to_owned());
        assert_eq!(message(r#"{"__CURSOR":"s=1","MESSAGE":"a","X":1}"#), ("s=1".to_owned(), of("a")));
        assert_eq!(message(r#"{"__CURSOR":"c","MESSAGE":[97,255]}"#).1, of("a\u{fffd}"));
        assert_eq!(message(r#"{"__CURSOR":"c","MESSAGE":["a","b"]}"#).1, of("b"));
        assert_eq!(message(r#"{"__CURSOR":"c","MESSAGE":null}"#).1, None);
        assert_eq!(message(r#"{"__CURSOR":"c"}"#).1, None);
        assert!(serde_json::from_str::<Entry>(r#"{"MESSAGE":"a"}"#).is_err());
    }
}
