//! `manometer logs test`: each event of a log with what it counts as, and why.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use reader::Names;
use serde_json::{Value, json};

use super::{EXIT_SOFTWARE, TestArgs, fail, note, write};
use crate::collector::docker::logs::decode::{Decoder, ansi};
use crate::logpattern::{Event, FollowSettings, LogEvents, LogPattern, Patterns, check_regex, known, level_of};

/// Bytes that are read at a time.
const PIECE: usize = 64 << 10;

/// How long a log may take to open before that is said.
const OPENING: Duration = Duration::from_secs(1);

/// How compressed files begin, and what unpacks them.
const COMPRESSED: [(&[u8], &str); 4] =
    [(b"\x1f\x8b", "zcat"), (b"\x28\xb5\x2f\xfd", "zstdcat"), (b"\xfd7zXZ\0", "xzcat"), (b"BZh", "bzcat")];

/// Characters of a line that are shown.
const SHOWN: usize = 160;

/// What the whole log adds up to.
#[derive(Debug, Default)]
struct Totals {
    lines: u64,
    events: u64,
    counts: BTreeMap<String, u64>,
}

pub(super) fn test(arguments: &TestArgs) -> Result<ExitCode, String> {
    let patterns = Patterns::new(&settings(arguments)?);
    let file = arguments.file.display();
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::IsADirectory => format!("{file}: is a folder; name a file of it"),
        _ => format!("{file}: cannot be read: {error}"),
    };
    let mut source = open(&arguments.file).map_err(unreadable)?;
    let mut out = BufWriter::new(io::stdout().lock());
    let (matcher, mut events) = (patterns.matcher(patterns.select("")), patterns.events(""));
    let (mut totals, mut broken, mut scratch) = (Totals::default(), Ok(()), Vec::new());
    let mut shown = |event: &Event<'_>| {
        let from = totals.lines + 1;
        totals.add(event, &patterns);
        if broken.is_ok() && !(arguments.matching && event.hits.is_empty()) {
            let text = if arguments.json { as_json(event, from, &patterns) } else { as_text(event, from, &patterns) };
            broken = write_on(&mut out, &text);
        }
    };
    // Without frames; the times that `docker logs --timestamps` puts before the lines are taken away.
    let (mut decoder, mut piece) = (Decoder::new(Some(false)), vec![0; PIECE]);
    let (mut ends_whole, mut is_first) = (true, true);
    loop {
        let length = source.read(&mut piece).map_err(unreadable)?;
        let unpacker = COMPRESSED.iter().find(|(magic, _)| is_first && piece[..length].starts_with(magic));
        if let Some((_, unpacker)) = unpacker {
            return Err(format!("{file}: is compressed; unpack it: {unpacker} FILE | manometer logs test -"));
        }
        is_first = false;
        let mut line = |line: crate::collector::docker::logs::decode::Line<'_>| {
            events.line(&matcher, line.stream, ansi::strip(line.text, &mut scratch), &mut shown);
        };
        if length == 0 {
            // What has no line end is a line too.
            let _ = decoder.feed(if ends_whole { b"" } else { b"\n" }, &mut line);
            break;
        }
        ends_whole = piece[length - 1] == b'\n';
        // Without frames nothing can be malformed.
        let _ = decoder.feed(&piece[..length], &mut line);
    }
    events.flush(&matcher, &mut shown);
    let text = if arguments.json { totals.as_json() } else { totals.as_text() };
    match broken.and_then(|()| write_on(&mut out, &text)).and_then(|()| write(&mut out, b"")) {
        Ok(()) => Ok(ExitCode::from(u8::from(totals.counts.is_empty()))),
        Err(error) => Ok(fail(EXIT_SOFTWARE, &error.to_string())),
    }
}

/// A reader that went away (`| head`) is no error, and gets nothing more.
fn write_on(out: &mut impl Write, text: &str) -> io::Result<()> {
    match out.write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// Opens the log. A pipe opens when somebody writes to it, and a share that hangs never does: that it is waited for is said.
fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    let (done, opened) = mpsc::channel();
    let wanted = path.to_owned();
    thread::spawn(move || done.send(File::open(wanted)));
    let file = opened.recv_timeout(OPENING).or_else(|_| {
        note(&format!("{}: cannot be opened yet; a pipe is waited for until a program writes to it", path.display()));
        opened.recv().map_err(io::Error::other)
    })??;
    Ok(Box::new(file))
}

fn settings(arguments: &TestArgs) -> Result<FollowSettings, String> {
    let mut settings = FollowSettings::default();
    if !(arguments.sets.is_empty() && arguments.patterns.is_empty()) {
        settings.sets.clone_from(&arguments.sets);
    }
    for (at, text) in arguments.patterns.iter().enumerate() {
        let name = |name: &&str| {
            name.starts_with(|first: char| first.is_ascii_lowercase())
                && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        };
        let named = text.split_once('=').filter(|(before, _)| name(before));
        let (name, regex) = named
            .map_or_else(|| (format!("pattern_{}", at + 1), text.as_str()), |(name, regex)| (name.to_owned(), regex));
        check_regex(regex, false).map_err(|message| format!("--pattern {regex:?} {message}"))?;
        let is_ready = settings.sets.iter().flat_map(|set| known(*set)).any(|known| known.name == name);
        if is_ready || settings.patterns.iter().any(|other| other.name == name) {
            let whose = if is_ready { "a ready pattern" } else { "another --pattern" };
            return Err(format!(
                "--pattern {text:?} has the name of {whose}, and would not be looked for; give it another one"
            ));
        }
        settings.patterns.push(LogPattern::new(name, regex));
    }
    if let Some(start) = &arguments.event_start {
        check_regex(start, false).map_err(|message| format!("--event-start {start:?} {message}"))?;
        settings.events.push(LogEvents { start: start.clone(), containers: Names::default() });
    }
    Ok(settings)
}

impl Totals {
    fn add(&mut self, event: &Event<'_>, patterns: &Patterns) {
        self.lines += u64::from(event.lines);
        self.events += 1;
        for hit in event.hits {
            *self.counts.entry(patterns.name(hit.pattern).to_owned()).or_default() += hit.count;
        }
    }

    fn as_text(&self) -> String {
        let counts = self.counts.iter().map(|(name, count)| format!("{count:>8}  {name}\n"));
        format!("\nevents: {}, lines: {}\n{}", self.events, self.lines, counts.collect::<String>())
    }

    fn as_json(&self) -> String {
        format!("{}\n", json!({"totals": {"events": self.events, "lines": self.lines, "matches": self.counts}}))
    }
}

/// The level that an event names, in a word.
fn level(event: &Event<'_>) -> Option<&'static str> {
    level_of(event.first()).map(crate::logpattern::Level::as_str)
}

/// Where an event stands, what it counts as and what made it, and what it does not count as.
fn as_text(event: &Event<'_>, from: u64, patterns: &Patterns) -> String {
    let to = from + u64::from(event.lines) - 1;
    let place = if from == to { format!("line {from}") } else { format!("lines {from}-{to}") };
    let mut out = format!("{place}, {}: {}\n", level(event).unwrap_or("no level"), shown(event.first()));
    for hit in event.hits {
        let line = event.line(hit);
        let found = patterns.found(hit.pattern, line).unwrap_or(line);
        // Writing to a String cannot fail.
        let _ = writeln!(out, "    {}: {}", patterns.name(hit.pattern), shown(found));
    }
    for left in event.left_out {
        let _ = writeln!(out, "    not {}: {}", patterns.name(left.pattern), left.why.as_str());
    }
    out
}

fn as_json(event: &Event<'_>, from: u64, patterns: &Patterns) -> String {
    let matches = event.hits.iter().map(|hit| {
        let line = event.line(hit);
        let found = patterns.found(hit.pattern, line).unwrap_or(line);
        json!({"pattern": patterns.name(hit.pattern), "count": hit.count, "line": shown(line), "found": shown(found)})
    });
    let left_out =
        event.left_out.iter().map(|left| json!({"pattern": patterns.name(left.pattern), "why": left.why.as_str()}));
    let event = json!({
        "line": from,
        "lines": event.lines,
        "level": level(event),
        "text": shown(event.first()),
        "matches": matches.collect::<Vec<Value>>(),
        "left_out": left_out.collect::<Vec<Value>>(),
    });
    format!("{event}\n")
}

/// A line as a terminal may have it: not too long, and without what would control it.
fn shown(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let cut = text.chars().nth(SHOWN).map_or("", |_| "...");
    text.chars().take(SHOWN).map(|letter| if letter.is_control() { ' ' } else { letter }).collect::<String>() + cut
}
