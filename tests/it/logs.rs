//! `manometer logs`: what it prints, and its exit codes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use crate::support::agent::{command, output, stderr, stdout};

const LOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/logs/quotes.log");

#[test]
fn each_event_is_shown_with_what_it_counts_as_and_why() {
    let shown = output(&["logs", "test", LOG]);
    assert_eq!(shown.status.code(), Some(0), "{}", stderr(&shown));
    assert_eq!(
        stdout(&shown),
        "line 1, info: 2025-11-02 10:00:00,120 INFO app - redis error handler installed
    not redis_error: the event's level is too low
    not severity_error: the event's level is too low
lines 2-6, error: 2025-11-02 10:00:00,123 ERROR app - could not store the quote
    severity_error: ERROR
    traceback: Traceback (most recent call last)
    redis_error: redis.exceptions.ConnectionError: Error
    redis_connection_failed: Error 111 connecting to redis
    not connection_failed: the event has another cause, or one that says more
line 7, no level: 10.0.0.1 - - [02/Nov/2025:10:00:00 +0000] \"GET /errors?timeout=5 HTTP/1.1\" 200 512 \"-\" \"curl/8\"
    not severity_error: the line is one of an access log, or a metric
line 8, warning: 2025-11-02 10:00:02,123 WARNING app - order 17 rejected
    severity_warning: WARNING

events: 4, lines: 8
       1  redis_connection_failed
       1  redis_error
       1  severity_error
       1  severity_warning
       1  traceback
"
    );
}

#[test]
fn an_own_pattern_is_tried_alone_and_beside_sets() {
    let own = output(&["logs", "test", "--matching", "--pattern", r"rejected=order \d+ rejected", LOG]);
    assert_eq!(
        stdout(&own),
        "line 8, warning: 2025-11-02 10:00:02,123 WARNING app - order 17 rejected\n    rejected: order 17 rejected\n\n\
         events: 4, lines: 8\n       1  rejected\n"
    );
    let json = output(&["logs", "test", "--json", "--matching", "--set", "pool", "--pattern", "order", LOG]);
    let lines: Vec<serde_json::Value> = stdout(&json).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        lines,
        [
            serde_json::json!({
                "line": 8, "lines": 1, "level": "warning",
                "text": "2025-11-02 10:00:02,123 WARNING app - order 17 rejected",
                "matches": [{
                    "pattern": "pattern_1", "count": 1, "found": "order",
                    "line": "2025-11-02 10:00:02,123 WARNING app - order 17 rejected",
                }],
                "left_out": [],
            }),
            serde_json::json!({"totals": {"events": 4, "lines": 8, "matches": {"pattern_1": 1}}}),
        ]
    );
}

#[test]
fn nothing_found_is_exit_code_1_and_wrong_usage_64() {
    let mut child = command(&["logs", "test", "--event-start", "line", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"\x1b[31mall is well\x1b[0m\n  \xff").unwrap();
    let none = child.wait_with_output().unwrap();
    assert_eq!(none.status.code(), Some(1));
    assert_eq!(stdout(&none), "line 1, no level: all is well\nline 2, no level:   \u{fffd}\n\nevents: 2, lines: 2\n");
    for (arguments, message) in [
        (
            &["test", "--pattern", "(", LOG][..],
            "manometer: --pattern \"(\" is not a regular expression: unclosed group\n",
        ),
        (
            &["test", "--set", "redis", "--pattern", "redis_error=x", LOG],
            "manometer: --pattern \"redis_error=x\" has the name of a ready pattern, and would not be looked for; give it \
             another one\n",
        ),
        (
            &["test", "--pattern", "mine=x", "--pattern", "mine=y", LOG],
            "manometer: --pattern \"mine=y\" has the name of another --pattern, and would not be looked for; give it another \
             one\n",
        ),
        (&["test", "/no/such"], "manometer: /no/such: cannot be read: No such file or directory (os error 2)\n"),
    ] {
        let refused = output(&[&["logs"], arguments].concat());
        assert_eq!((refused.status.code(), stderr(&refused).as_str()), (Some(64), message));
    }
}

#[test]
fn what_is_no_log_is_refused_and_a_pipe_is_waited_for_aloud() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let refused = |file: &str| {
        let refused = output(&["logs", "test", file]);
        (refused.status.code(), stderr(&refused))
    };
    let at = path("");
    assert_eq!(refused(&at), (Some(64), format!("manometer: {at}: is a folder; name a file of it\n")));
    let (plain, packed) = (path("app.log.1"), path("app.log.2.gz"));
    std::fs::copy(LOG, &plain).unwrap();
    assert_eq!(output(&["logs", "test", &plain]).status.code(), Some(0));
    std::fs::copy(LOG, path("app.log.2")).unwrap();
    assert!(Command::new("gzip").arg(path("app.log.2")).status().unwrap().success());
    let message = format!("manometer: {packed}: is compressed; unpack it: zcat FILE | manometer logs test -\n");
    assert_eq!(refused(&packed), (Some(64), message));

    let pipe = path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut waiting = command(&["logs", "test", &pipe]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    BufReader::new(waiting.stderr.take().unwrap()).read_line(&mut said).unwrap();
    let expected = "cannot be opened yet; a pipe is waited for until a program writes to it";
    assert_eq!(said, format!("manometer: {pipe}: {expected}\n"));
    std::fs::write(&pipe, "ERROR app - it failed\n").unwrap();
    let read = waiting.wait_with_output().unwrap();
    assert_eq!(read.status.code(), Some(0));
    assert!(stdout(&read).contains("events: 1, lines: 1\n"), "{}", stdout(&read));
}

#[test]
fn a_ready_pattern_is_explained() {
    let explained = output(&["logs", "explain", "message_dropped"]);
    let text = stdout(&explained);
    assert!(
        text.starts_with("message_dropped (set redis)\nA message was lost between Redis and who should have had it.\n"),
        "{text}"
    );
    assert!(text.contains("It looks for\n  (?i-u)message is dropped|"), "{text}");
    let unknown = output(&["logs", "explain", "message"]);
    assert_eq!(unknown.status.code(), Some(64));
    assert!(stderr(&unknown).starts_with("manometer: no ready pattern is named \"message\"; there are redis_error, "));
}
