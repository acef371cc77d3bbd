//! Where one event ends and the next begins.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use regex::bytes::Regex;

use super::Role;
use crate::level::is_quiet;

/// How the events of a log begin.
#[derive(Debug, Clone, Default)]
pub enum Start {
    /// By the form of the lines: what is indented, belongs to a stack or names a cause goes on with the line before.
    #[default]
    Auto,
    /// Each line is an event.
    Line,
    /// Where this matches; all other lines go on.
    Matching(Regex),
}

/// A stack that an event has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Stack {
    /// None yet.
    #[default]
    None,
    /// Frames and source lines of Python; the exception's own line comes behind them.
    Python,
    /// That line has come.
    PythonDone,
    /// A traceback may come: a cause is announced.
    Chained,
    /// Frames of anything else.
    Frames,
    /// Goroutines of Go, whose frames are not indented.
    Go,
    /// The line of a panic of Rust that says where; the message is on the next one.
    Panic,
}

/// A line that carries a time or a level in front, as a logger writes them.
static STAMPED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?x-u) ^ \s{0,2} (?:
          [0-9]{4}[-/][0-9]{2}[-/][0-9]{2} | [0-9]{1,2}:[0-9]{2}(?::[0-9]{2}|[AP]M) | [0-9]{10} | [0-9]{1,3}(?:\.[0-9]{1,3}){3}[\ :] | [0-9]{1,2}[-/][A-Z0-9]
        | [0-9:]+:[A-Z]\ [0-9]{2}\ | \[[0-9]+\]\ [0-9]{2}\ 
        | [\[<][A-Z0-9a-z] | \{" | [IWEF][0-9]{4}\ | [DIWEF],\ \[ | [A-Z][a-z]{2}\ +[0-9]{1,2}\ [0-9]{2}:
        | (?i:trace|debug|info|notice|warn|warning|error|critical|fatal|trce|dbug|fail|crit)(?:\[|:|\ |\t|$)
        | (?:time|ts|level|lvl|pid|timestamp)=
        )"#,
    )
    .ok()
});

/// Whether a logger has put a time or a level before the line.
pub(super) fn is_stamped(line: &[u8]) -> bool {
    STAMPED.as_ref().is_some_and(|stamped| stamped.is_match(line))
}

/// What a line of `Start::Auto` is to the event that is open: `None` if it begins another one.
pub(super) fn role(line: &[u8], stack: Stack, first: &[u8]) -> Option<Role> {
    let text = line.trim_ascii_start();
    let Some(byte) = text.first() else { return Some(Role::Frame) };
    if text.len() < line.len() {
        return indented(line, text, stack);
    }
    match (stack, byte) {
        (_, b'}' | b']' | b')') if line.len() <= 3 => return Some(Role::Frame),
        (_, b'C') if line.starts_with(b"Caused by:") => return Some(Role::Cause),
        (_, b'S') if line.starts_with(b"Stack trace:") => return Some(Role::Frame),
        (Stack::Panic, _) => return Some(Role::Cause),
        (_, b'-') if line.starts_with(b"--- End of") || line.starts_with(b"---> ") => return Some(Role::Cause),
        (_, b'/' | b'0'..=b'9') if is_ruby_frame(line) => return Some(Role::Frame),
        (_, b'#') if line.get(1).is_some_and(u8::is_ascii_digit) => return Some(Role::Frame),
        (_, b'g') if line.starts_with(b"goroutine ") => return Some(Role::Frame),
        (_, b'n') if line.starts_with(b"note: ") => return Some(Role::Frame),
        (_, b'D') if line.starts_with(b"During handling of the above") => return Some(Role::Frame),
        (_, b'T') if line.starts_with(b"The above exception was") => return Some(Role::Frame),
        (Stack::None | Stack::Chained, b'T') if line.starts_with(b"Traceback (most recent") => {
            return Some(Role::Frame);
        }
        (Stack::Python, _) => return (!is_stamped(line)).then_some(Role::Cause),
        (Stack::Go, _) if line.ends_with(b")") || line.starts_with(b"created by ") => return Some(Role::Frame),
        _ => {}
    }
    let goes_on = match stack {
        // A message of several lines, and what is behind a stack, if every event of this log carries a time.
        Stack::PythonDone | Stack::Frames | Stack::Chained => is_stamped(first) && !is_stamped(line),
        // An exception behind a message of its own; one behind a harmless message is not its stack.
        Stack::None => names_exception(line) && is_stamped(first) && !is_quiet(first),
        _ => false,
    };
    goes_on.then_some(Role::Cause)
}

fn indented(line: &[u8], text: &[u8], stack: Stack) -> Option<Role> {
    if stack == Stack::Python || stack == Stack::Go || is_frame(text) {
        return Some(Role::Frame);
    }
    if text.starts_with(b"---> ")
        || text.starts_with(b"Suppressed:")
        || text.starts_with(b"Caused by:")
        || text.starts_with(b"[cause]:")
    {
        return Some(Role::Cause);
    }
    // A logger that indents its first line is not one that goes on with another.
    let few = line.len() - text.len() <= 2 && !line.starts_with(b"\t");
    (!(few && stack == Stack::None && is_stamped(line))).then_some(Role::Message)
}

/// A frame of a stack without its indentation.
fn is_frame(text: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 9] = [b"at ", b"from ", b"File \"", b"... ", b"--- ", b"^", b"~", b"in ", b"#"];
    BEGINNINGS.iter().any(|beginning| text.starts_with(beginning))
}

/// A frame of Ruby, which is not indented; Sidekiq's has the time and level of the event's other lines before it.
fn is_ruby_frame(line: &[u8]) -> bool {
    // Most lines begin with a digit: what looks for it is made once.
    static RUBY: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b".rb:"));
    let Some(at) = RUBY.find(line) else { return false };
    let rest = &line[at + RUBY.needle().len()..];
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && [&b":in `"[..], b":in '"].iter().any(|within| rest[digits..].starts_with(within))
}

/// A line that begins with the name of an exception, as stacks of Java, Node and Ruby do.
fn names_exception(line: &[u8]) -> bool {
    let end = line.iter().position(|byte| matches!(byte, b':' | b' ' | b'(')).unwrap_or(line.len());
    let name = &line[..end];
    let named: [&[u8]; 3] = [b"Error", b"Exception", b"Throwable"];
    named.iter().any(|word| name.ends_with(word)) || (line.starts_with(b"Exception in thread"))
}

/// The stack that an event is in after a line.
pub(super) fn stack(line: &[u8], role: Role, stack: Stack) -> Stack {
    let text = line.trim_ascii_start();
    if text.starts_with(b"Traceback (most recent call last)") {
        return Stack::Python;
    }
    if text.starts_with(b"goroutine ") {
        return Stack::Go;
    }
    if stack == Stack::Go {
        return Stack::Go;
    }
    if text.starts_with(b"During handling of the above") || text.starts_with(b"The above exception was") {
        return Stack::Chained;
    }
    match (role, stack) {
        (Role::Header, _) if text.ends_with(b":") && memchr::memmem::find(text, b" panicked at ").is_some() => {
            Stack::Panic
        }
        (Role::Frame, Stack::None | Stack::Panic) if !text.is_empty() => Stack::Frames,
        (Role::Cause, Stack::Python) => Stack::PythonDone,
        (Role::Cause, Stack::None | Stack::Panic) => Stack::Frames,
        (_, stack) => stack,
    }
}
