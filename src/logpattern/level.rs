//! The level that a log line names.

use std::sync::LazyLock;

use regex::bytes::Regex;

/// Words for levels. In capitals they stand for themselves; small ones only where nothing else is meant: as `level=info`,
/// in brackets, or at the start before a colon.
static LEVEL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?x-u)
        \b (?: (?<quiet>INFO|DEBUG|TRACE|NOTICE|VERBOSE) | WARN(?:ING)? | ERROR | ERR | CRITICAL | CRIT | FATAL | SEVERE | ALERT | EMERG ) \b
        | (?i: \b (?: level | severity | lvl ) ["']? \s* [=:] \s* ["']? (?: (?<quiet_key>info|debug|trace|notice) | [a-z]+ ) )
        | (?i: [\[<|(] \s* (?: (?<quiet_bracket>info|debug|trace|notice|verbose) | warn(?:ing)? | error | err | critical | fatal ) \s* [\]>|)] )
        | ^ (?i: (?: (?<quiet_start>info|debug|trace|notice) | warn(?:ing)? | error ) \s* : )
        "#,
    )
    .ok()
});

/// Whether the first level that the line names is INFO or below. A line that names none is not quiet.
pub(super) fn is_quiet(line: &[u8]) -> bool {
    let Some(found) = LEVEL.as_ref().and_then(|level| level.captures(line)) else { return false };
    ["quiet", "quiet_key", "quiet_bracket", "quiet_start"].iter().any(|name| found.name(name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_level_counts() {
        for quiet in [
            "2025-11-02 10:00:00 - app.redis - INFO - Connected",
            "[2025-11-02 10:00:00: INFO/MainProcess] Redis pool metrics",
            "INFO:     127.0.0.1 - \"GET / HTTP/1.1\" 200 OK",
            "DEBUG root an ERROR that was foreseen",
            "ts=1 level=info msg=\"an error\"",
            r#"{"level":"debug","msg":"error"}"#,
            "2025-11-02 [info] redis error budget",
            "info: redis error handler installed",
        ] {
            assert!(is_quiet(quiet.as_bytes()), "{quiet}");
        }
        for loud in [
            "",
            "Redis error",
            "ERROR running INFO memory: timeout",
            "2025-11-02 WARNING timeout",
            "level=error msg=\"INFO failed\"",
            "[error] for more info see",
            "Redis timeout; for more info: see",
            "error: INFO",
            "\u{fffd}\x07",
        ] {
            assert!(!is_quiet(loud.as_bytes()), "{loud}");
        }
    }
}
