//! The level that a log line names, in the forms that people use.
//!
//! What names none is of no known level, and that is not an error: a pattern looks at the words then.

mod forms;

use std::sync::LazyLock;

use regex::bytes::Regex;

/// Bytes of a line in which its level is looked for. JSON has it behind the message now and then.
const LOOKED_AT: usize = 4 << 10;

/// How severe a line says that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Trace, debug, verbose.
    Debug,
    /// Information, and what a server calls a notice.
    Info,
    /// Warning.
    Warning,
    /// Error and whatever is worse.
    Error,
}

impl Level {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// That of a word, whatever its case, or of its abbreviation.
    fn of_word(word: &[u8]) -> Option<Self> {
        let mut lower = [0; 12];
        let lower = lower.get_mut(..word.len())?;
        lower.copy_from_slice(word);
        lower.make_ascii_lowercase();
        Some(match &*lower {
            b"trace" | b"trc" | b"trce" | b"debug" | b"dbg" | b"dbug" | b"verbose" | b"vrb" | b"fine" | b"finer"
            | b"finest" | b"silly" | b"d" | b"v" | b"t" => Self::Debug,
            b"info" | b"inf" | b"information" | b"informational" | b"notice" | b"log" | b"config" | b"http"
            | b"success" | b"i" | b"n" => Self::Info,
            b"warn" | b"warning" | b"wrn" | b"w" => Self::Warning,
            b"error" | b"err" | b"eror" | b"fail" | b"critical" | b"crit" | b"fatal" | b"ftl" | b"severe"
            | b"alert" | b"emerg" | b"emergency" | b"panic" | b"pnc" | b"dpanic" | b"e" | b"f" | b"c" => Self::Error,
            _ => return None,
        })
    }

    /// That of a number: tens of pino, bunyan and Python's logging, thousands of logback, 0 to 7 of syslog.
    fn of_number(digits: &[u8]) -> Option<Self> {
        let number: u32 = std::str::from_utf8(digits).ok()?.parse().ok()?;
        Some(match number {
            0..=3 | 50 | 60 | 40_000 => Self::Error,
            4 | 40 | 30_000 => Self::Warning,
            5 | 6 | 30 | 20_000 => Self::Info,
            7 | 10 | 20 | 5_000 | 10_000 => Self::Debug,
            _ => return None,
        })
    }

    /// That of a priority in front of a syslog message: its facility times eight, and its severity.
    fn of_priority(digits: &[u8]) -> Option<Self> {
        let number: u32 = std::str::from_utf8(digits).ok()?.parse().ok()?;
        (number < 192).then(|| Self::of_number(&[b'0' + (number % 8) as u8])).flatten()
    }
}

/// The level that a line names; `None` if it names none.
#[must_use]
pub fn of(line: &[u8]) -> Option<Level> {
    let line = &line[..line.len().min(LOOKED_AT)];
    if line.trim_ascii_start().starts_with(b"{") {
        return forms::json(line);
    }
    forms::text(line)
}

/// Whether the line names a level of INFO or below. A line that names none is not quiet.
pub(super) fn is_quiet(line: &[u8]) -> bool {
    of(line).is_some_and(|level| level <= Level::Info)
}

/// An expression that is written here, compiled when it is first used.
type Form = LazyLock<Option<Regex>>;

#[cfg(test)]
mod tests;
