//! The places in a line where its level stands.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::{Form, Level};

fn form(text: &str) -> Option<Regex> {
    Regex::new(text).ok()
}

/// Keys of JSON for a level, the better known first: a line may have a word and a number for it.
static JSON: Form = LazyLock::new(|| {
    form(
        r#"(?ix-u) [{,\s] "(?: level | severity | lvl | loglevel | log\.level | levelname | level_name | severitytext | severity_text | priority | @l | type_level )"
        \s* : \s* (?: "(?:[a-z]{1,13})" | "?(?:[0-9]{1,5})"? [,}\s] )"#,
    )
});

/// Serilog's compact JSON leaves the level away where it is Information.
static COMPACT: Form = LazyLock::new(|| form(r#"^\s*\{"@t":"#));

/// What stands at the very beginning of a line.
static START: Form = LazyLock::new(|| {
    form(
        r"(?x-u) ^ (?:
          # klog and glog: E0102 15:04:05.678901
          (?:[IWEF])[0-9]{4}\ [0-9]{2}:[0-9]{2}:[0-9]{2}
        | # Redis, Valkey, KeyDB, Sentinel: 1:M 02 Nov 2025 10:00:00.123 #
          (?:\[?[0-9]+\]?:[A-Z0-9:]{1,6}\ |\[[0-9]+\]\ )[0-9]{1,2}\ [A-Z][a-z]{2}\ (?:[0-9]{4}\ )?[0-9:.]+\ (?:[.*\#-])\ 
        | # syslog, and sd-daemon's prefix: <134>1 2026-
          <(?:[0-9]{1,3})>
        | # Ruby's Logger: E, [2026-01-02T15:04:05.678901 #1] ERROR -- :
          (?:[DIWEF]),\ \[
        | # .NET's console, Python's basicConfig, uvicorn, winston, npm: fail: App.Quotes[0]
          (?:(?i:trce|trace|dbug|debug|verbose|info|information|log|notice|warn|warning|fail|error|err|crit|critical|fatal|panic|severe|silly|http)) (?::|\[[0-9]{4}\]|\ +-\ )
        )",
    )
});

/// A level between other things: after the time, in brackets, as a key. The leftmost counts.
static WITHIN: Form = LazyLock::new(|| {
    form(
        r#"(?x-u)
          # logfmt: level=info, lvl=eror
          (?:^|[\s{,|\[(])(?i:level|lvl|severity|loglevel|log\.level|levelname)["']?\s*[=:]\s*["']?(?:(?:[A-Za-z]{1,13})|(?:[0-9]{1,5})\b)
        | # brackets of all kinds: [info] |INFO| <error> (warn), gunicorn, nginx, Serilog's [12:00:00 INF], Celery's [.. INFO/MainProcess]
          [\[<|(:,\s](?:(?i:trace|debug|dbg|verbose|vrb|info|information|inf|notice|warn|warning|wrn|error|err|critical|crit|fatal|ftl|severe|alert|emerg))\s*[\]>|)]
        | # zap's console: a tab on both sides
          \t(?:(?i:debug|info|warn|error|dpanic|panic|fatal))\t
        | # in capitals they stand for themselves
          \b(?:TRACE|DEBUG|VERBOSE|INFO|INFORMATION|NOTICE|WARN|WARNING|ERROR|ERR|CRITICAL|CRIT|FATAL|SEVERE|ALERT|EMERG|PANIC|FINE|FINER|FINEST|CONFIG|DPANIC)\b
        | # zerolog's console, Serilog's templates, NestJS's LOG
          (?:^|[0-9APMZ\]]\ +)(?:TRC|DBG|INF|WRN|ERR|FTL|PNC|VRB|LOG)\b
        "#,
    )
});

/// The level of a line of JSON.
pub(super) fn json(line: &[u8]) -> Option<Level> {
    let found = JSON.as_ref()?.find_iter(line).find_map(|found| last_word(found.as_bytes()));
    found.or_else(|| COMPACT.as_ref()?.is_match(line).then_some(Level::Info))
}

/// The level of any other line.
pub(super) fn text(line: &[u8]) -> Option<Level> {
    let at_start = START.as_ref().and_then(|start| at_start(start.find(line)?.as_bytes()));
    at_start.or_else(|| WITHIN.as_ref()?.find_iter(line).find_map(|found| last_word(found.as_bytes())))
}

/// The level of what stands at a line's beginning, by its form.
fn at_start(found: &[u8]) -> Option<Level> {
    match found {
        [b'<', priority @ .., b'>'] => Level::of_priority(priority),
        [b'0'..=b'9' | b'[', .., sign, b' '] => Some(match sign {
            b'#' => Level::Warning,
            b'*' => Level::Info,
            _ => Level::Debug,
        }),
        [letter, b'0'..=b'9', ..] => Level::of_word(&[*letter]),
        _ => {
            let end = found.iter().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(found.len());
            Level::of_word(&found[..end])
        }
    }
}

/// The level that the last word of a form is, or the last number.
fn last_word(found: &[u8]) -> Option<Level> {
    let end = found.iter().rposition(u8::is_ascii_alphanumeric)? + 1;
    let start = found[..end].iter().rposition(|byte| !byte.is_ascii_alphanumeric()).map_or(0, |at| at + 1);
    let word = &found[start..end];
    if word[0].is_ascii_digit() { Level::of_number(word) } else { Level::of_word(word) }
}
