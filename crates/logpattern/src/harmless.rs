//! Lines that speak of errors and mean none: access logs, metrics, paths, settings, counts of zero.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::bytes::Regex;

/// A line of an access log, whoever writes it.
static ACCESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?x-u)
          "(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|CONNECT|TRACE|QUERY|WebSocket)\ [^"]*"?\ (?:HTTP/[0-9.]+"\ )?(?:[1-5][0-9]{2}\b|\[accepted\]|for\ )
        | \b(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)\ /\S*\ (?:HTTP/[0-9.]+\ )?[1-5][0-9]{2}\b
        | \bStarted\ [A-Z]+\ "/
        "#,
    )
    .ok()
});

/// A line of an exposition of metrics, and of an access log that is known by its beginning.
static WHOLE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x-u) ^ (?:
          \[GIN\]
        | \#\ (?:HELP|TYPE|UNIT)\ 
        | [a-zA-Z_:][a-zA-Z0-9_:.]*(?:\{[^}]*\})?\ +[-+]?(?:[0-9][-+0-9.eE]*|NaN|Inf)(?:\ [0-9]+)?$
        )",
    )
    .ok()
});

/// Words of trouble in a place where they are none.
static PART: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?ix-u)
          # a path: /static/error.css?timeout=5
          (?:^|[\s"'=(:>])(?:[a-z][a-z0-9+.-]*://[\w.@:-]*)?/[\w./%~+-]*(?:error|timeout|fail|exception|warn|refused|oom)[\w./%~+?&=,;-]*
        | [?&][\w.%-]*(?:error|timeout|fail|warn)[\w.%-]*=[^\s"'&]*
          # a count or value that says none: errors=0, "last_error": null, retry_on_error=[]
        | \b[\w.-]*(?:error|fail(?:ed|ures?)?|exception|timeout|timed_out|warn(?:ing)?|dropped|lost|rejected|refused|exhausted)s?(?:[_.-]\w+)*["']?\s*[=:]\s*["']?(?:0+(?:\.0+)?\b|none\b|null\b|nil\b|false\b|\[\s*\]|\{\s*\}|""|''|<nil>|n/a\b|off\b|never\b|disabled\b)["']?
        | \b(?:no|0|zero|without(?:\ any)?|any)\ +(?:\w+\ +){0,2}?(?:errors?|fail(?:ed|ures?)|exceptions?|timeouts?|warnings?|dropped|timed\ out|lost|rejected)\b
        | \b(?:errors?|fail(?:ed|ures?)|exceptions?|timeouts?|warnings?|dropped|timed\ out|lost)\ +(?:is|are|was|were)?\ *(?:0|none|zero)\b
        | \b(?:error|exception|fail(?:ure)?|timeout)-(?:free|handler|page|budget|rate|boundary)\b
          # the name of a setting, of a metric, of a field: retry_on_timeout, redis_errors_total, socket_timeout
        | \b\w+_(?:errors?|timeouts?|fail(?:ed|ures?)?|exceptions?|warn(?:ings?)?)(?:_\w+)?\b
        | \b(?:errors?|timeouts?|fail(?:ed|ures?)|exceptions?|warnings?)_\w+\b
        "#,
    )
    .ok()
});

/// Whether the line as a whole is one that means no trouble whatever words are in it.
pub(super) fn is_harmless(line: &[u8]) -> bool {
    let is = |form: &LazyLock<Option<Regex>>| form.as_ref().is_some_and(|form| form.is_match(line));
    // A request stands in quotes, or it has a path: to look for two bytes costs a tenth of the expression.
    memchr::memchr2(b'"', b'/', line).is_some() && is(&ACCESS) || is(&WHOLE)
}

/// The line without the words that mean no trouble where they stand.
pub(super) fn scrubbed(line: &[u8]) -> Cow<'_, [u8]> {
    PART.as_ref().map_or(Cow::Borrowed(line), |part| part.replace_all(line, &b" ~ "[..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_logs_and_metrics_are_harmless_as_a_whole() {
        for line in [
            r#"10.0.0.1 - - [02/Nov/2025:10:00:00 +0000] "GET /errors?timeout=5 HTTP/1.1" 200 512 "-" "curl/8""#,
            r#"INFO:     10.0.0.1:5 - "GET /api/error HTTP/1.1" 500 Internal Server Error"#,
            "GET /static/error.css 304 1.2 ms - -",
            "[GIN] 2025/11/02 - 10:00:00 | 200 | 1.2ms | 10.0.0.1 | GET \"/error\"",
            r#"Started GET "/errors" for 10.0.0.1 at 2025-11-02"#,
            "# HELP redis_errors_total Errors of Redis",
            "redis_errors_total 0",
            r#"redis_errors_total{kind="timeout"} 3 1762077600000"#,
        ] {
            assert!(is_harmless(line.as_bytes()), "{line}");
        }
        for line in ["Redis error", "GET redis timeout 200", "ERROR GET quotes failed: 500", "error 5"] {
            assert_eq!(is_harmless(line.as_bytes()), line == "error 5", "{line}");
        }
    }

    #[test]
    fn words_are_taken_away_where_they_mean_nothing() {
        for (line, left) in [
            ("see /docs/redis-error-codes now", "see ~  now"),
            (r#"{"last_error":null,"a":1}"#, r#"{" ~ ,"a":1}"#),
            ("redis 0 timeouts", "redis  ~ "),
            ("retry_on_timeout enabled", " ~  enabled"),
            ("retry_on_error=[]", " ~ "),
        ] {
            assert_eq!(
                String::from_utf8_lossy(&scrubbed(line.as_bytes())).replace("  ~ ", " ~ "),
                left.replace("  ~ ", " ~ "),
                "{line}"
            );
        }
        for line in
            ["Redis error: timed out", "[2025: ERROR/MainProcess] failed", "read: i/o timeout", "dial tcp: 10 errors"]
        {
            assert_eq!(scrubbed(line.as_bytes()), line.as_bytes(), "{line}");
        }
    }
}
