//! The places in a line where its level stands.

use std::sync::LazyLock;

use regex::bytes::{Captures, Regex};

use super::{Form, Level};

fn form(text: &str) -> Option<Regex> {
    Regex::new(text).ok()
}

/// Keys of JSON for a level, the better known first: a line may have a word and a number for it.
static JSON: Form = LazyLock::new(|| {
    form(
        r#"(?ix-u) [{,\s] "(?: level | severity | lvl | loglevel | log\.level | levelname | level_name | severitytext | severity_text | priority | @l | type_level )"
        \s* : \s* (?: "(?<word>[a-z]{1,13})" | "?(?<number>[0-9]{1,5})"? [,}\s] )"#,
    )
});

/// Serilog's compact JSON leaves the level away where it is Information.
static COMPACT: Form = LazyLock::new(|| form(r#"^\s*\{"@t":"#));

/// What stands at the very beginning of a line.
static START: Form = LazyLock::new(|| {
    form(
        r"(?x-u) ^ (?:
          # klog and glog: E0102 15:04:05.678901
          (?<glog>[IWEF])[0-9]{4}\ [0-9]{2}:[0-9]{2}:[0-9]{2}
        | # Redis, Valkey, KeyDB, Sentinel: 1:M 02 Nov 2025 10:00:00.123 #
          (?:\[?[0-9]+\]?:[A-Z0-9:]{1,6}\ |\[[0-9]+\]\ )[0-9]{1,2}\ [A-Z][a-z]{2}\ (?:[0-9]{4}\ )?[0-9:.]+\ (?<redis>[.*\#-])\ 
        | # syslog, and sd-daemon's prefix: <134>1 2026-
          <(?<priority>[0-9]{1,3})>
        | # Ruby's Logger: E, [2026-01-02T15:04:05.678901 #1] ERROR -- :
          (?<ruby>[DIWEF]),\ \[
        | # .NET's console, Python's basicConfig, uvicorn, winston, npm: fail: App.Quotes[0]
          (?<word>(?i:trce|trace|dbug|debug|verbose|info|information|log|notice|warn|warning|fail|error|err|crit|critical|fatal|panic|severe|silly|http)) (?::|\[[0-9]{4}\]|\ +-\ )
        )",
    )
});

/// A level between other things: after the time, in brackets, as a key. The leftmost counts.
static WITHIN: Form = LazyLock::new(|| {
    form(
        r#"(?x-u)
          # logfmt: level=info, lvl=eror
          (?:^|[\s{,|\[(])(?i:level|lvl|severity|loglevel|log\.level|levelname)["']?\s*[=:]\s*["']?(?:(?<key>[A-Za-z]{1,13})|(?<number>[0-9]{1,5})\b)
        | # brackets of all kinds: [info] |INFO| <error> (warn), gunicorn, nginx, Serilog's [12:00:00 INF], Celery's [.. INFO/MainProcess]
          [\[<|(:,\s](?<bracket>(?i:trace|debug|dbg|verbose|vrb|info|information|inf|notice|warn|warning|wrn|error|err|critical|crit|fatal|ftl|severe|alert|emerg))\s*[\]>|)]
        | # zap's console: a tab on both sides
          \t(?<tab>(?i:debug|info|warn|error|dpanic|panic|fatal))\t
        | # in capitals they stand for themselves
          \b(?<word>TRACE|DEBUG|VERBOSE|INFO|INFORMATION|NOTICE|WARN|WARNING|ERROR|ERR|CRITICAL|CRIT|FATAL|SEVERE|ALERT|EMERG|PANIC|FINE|FINER|FINEST|CONFIG|DPANIC)\b
        | # zerolog's console, Serilog's templates, NestJS's LOG
          (?:^|[0-9APMZ\]]\ +)(?<short>TRC|DBG|INF|WRN|ERR|FTL|PNC|VRB|LOG)\b
        "#,
    )
});

/// The level of a line of JSON.
pub(super) fn json(line: &[u8]) -> Option<Level> {
    let keys = JSON.as_ref()?;
    let found = keys.captures_iter(line).find_map(|found| named(&found, &["word"]).or_else(|| numbered(&found)));
    found.or_else(|| COMPACT.as_ref()?.is_match(line).then_some(Level::Info))
}

/// The level of any other line.
pub(super) fn text(line: &[u8]) -> Option<Level> {
    if let Some(found) = START.as_ref().and_then(|start| start.captures(line)) {
        let redis = found.name("redis").map(|sign| match sign.as_bytes() {
            b"#" => Level::Warning,
            b"*" => Level::Info,
            _ => Level::Debug,
        });
        let priority = || Level::of_priority(found.name("priority")?.as_bytes());
        if let Some(level) = redis.or_else(priority).or_else(|| named(&found, &["glog", "ruby", "word"])) {
            return Some(level);
        }
    }
    let mut within = WITHIN.as_ref()?.captures_iter(line);
    within.find_map(|found| named(&found, &["key", "bracket", "tab", "word", "short"]).or_else(|| numbered(&found)))
}

fn named(found: &Captures<'_>, groups: &[&str]) -> Option<Level> {
    groups.iter().find_map(|group| Level::of_word(found.name(group)?.as_bytes()))
}

fn numbered(found: &Captures<'_>) -> Option<Level> {
    Level::of_number(found.name("number")?.as_bytes())
}
