use super::*;
use crate::{FollowSettings, LogEvents, Patterns};

fn all() -> Patterns {
    Patterns::new(&FollowSettings::default())
}

/// Each event of a text: its lines, and the names of what it counts as, without the coarse ones.
fn events_of(patterns: &Patterns, text: &str) -> Vec<(u32, Vec<String>)> {
    const COARSE: [&str; 5] = ["redis_error", "timeout", "severity_error", "severity_warning", "traceback"];
    let (matcher, mut events) = (patterns.matcher(patterns.select("web")), patterns.events("web"));
    let mut found = Vec::new();
    let mut each = |event: &Event<'_>| {
        let names = event.hits.iter().map(|hit| patterns.name(hit.pattern).to_owned());
        found.push((event.lines, names.filter(|name| !COARSE.contains(&name.as_str())).collect()));
    };
    for line in text.lines() {
        events.line(&matcher, Stream::Stderr, line.as_bytes(), &mut each);
    }
    events.flush(&matcher, &mut each);
    assert!(!events.is_open());
    found
}

#[track_caller]
fn assert_events(text: &str, expected: &[(u32, &[&str])]) {
    let found = events_of(&all(), text);
    let found: Vec<(u32, Vec<&str>)> =
        found.iter().map(|(lines, names)| (*lines, names.iter().map(String::as_str).collect())).collect();
    let expected: Vec<(u32, Vec<&str>)> = expected.iter().map(|(lines, names)| (*lines, names.to_vec())).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn a_chain_of_exceptions_of_python_is_one_event_with_its_last_cause() {
    let text = r#"2025-11-02 10:00:00 ERROR app - could not store the quote
Traceback (most recent call last):
  File "/usr/lib/python3.11/site-packages/redis/connection.py", line 264, in connect
    sock = self._connect()
           ^^^^^^^^^^^^^^^
ConnectionRefusedError: [Errno 111] Connection refused

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/quotes.py", line 7, in store
    raise TimeoutError("Timeout reading from socket")
redis.exceptions.ConnectionError: Error 111 connecting to 127.0.0.1:6379. Connection refused.
2025-11-02 10:00:01 INFO app - next"#;
    assert_events(text, &[(13, &["redis_connection_failed"]), (1, &[])]);
}

#[test]
fn tracebacks_without_a_logger_are_an_event_each() {
    let one = "Traceback (most recent call last):\n  File \"/app/a.py\", line 1, in <module>\n    a()\n\
               redis.exceptions.TimeoutError: Timeout reading from socket\n";
    assert_events(&one.repeat(3), &[(4, &["operation_timeout"][..]); 3]);
}

#[test]
fn the_root_of_a_java_stack_is_its_cause() {
    let text = "2025-11-02 10:00:00,123 [main] ERROR c.e.App - quote not stored
redis.clients.jedis.exceptions.JedisConnectionException: Could not get a resource from the pool
\tat redis.clients.jedis.util.Pool.getResource(Pool.java:84)
\t... 3 more
Caused by: redis.clients.jedis.exceptions.JedisConnectionException: Failed to connect to any host resolved for DNS name.
\tat redis.clients.jedis.DefaultJedisSocketFactory.connect(DefaultJedisSocketFactory.java:63)
Caused by: java.net.ConnectException: Connection refused
\tat java.base/sun.nio.ch.Net.pollConnect(Native Method)
2025-11-02 10:00:01,123 [main] INFO  c.e.App - next";
    assert_events(text, &[(8, &["redis_connection_failed"]), (1, &[])]);
    let text = "Exception in thread \"main\" redis.clients.jedis.exceptions.JedisException: Could not get a resource from the pool
\tat redis.clients.jedis.util.Pool.getResource(Pool.java:84)
Caused by: java.util.NoSuchElementException: Timeout waiting for idle object, borrowMaxWaitDuration=PT0.2S
\tat org.apache.commons.pool2.impl.GenericObjectPool.borrowObject(GenericObjectPool.java:308)";
    assert_events(text, &[(4, &["pool_exhausted"])]);
}

#[test]
fn stacks_of_other_languages() {
    let net = "fail: App.Quotes[0]
      quote not stored
      StackExchange.Redis.RedisConnectionException: It was not possible to connect to the redis server(s).
       ---> System.Net.Sockets.SocketException (111): Connection refused
         at StackExchange.Redis.ConnectionMultiplexer.ConnectImpl(ConfigurationOptions configuration)
         --- End of inner exception stack trace ---
info: App.Quotes[0]
      no error";
    assert_events(net, &[(6, &["redis_connection_failed"]), (2, &[])]);
    let node = "could not store the quote Error: connect ECONNREFUSED 127.0.0.1:6379
    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1555:16) {
  errno: -111,
  code: 'ECONNREFUSED',
  port: 6379
}
listening on 8080";
    assert_events(node, &[(6, &["redis_connection_failed"]), (1, &[])]);
    let go = "panic: redis: connection pool timeout

goroutine 1 [running]:
main.main()
\t/app/main.go:7 +0x1d
exit status 2";
    assert_events(go, &[(5, &["panic", "pool_exhausted"]), (1, &[])]);
    let rust = "thread 'main' panicked at src/main.rs:2:5:
called `Result::unwrap()` on an `Err` value: Connection refused (os error 111)
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
next";
    assert_events(rust, &[(3, &["panic", "connection_failed"]), (1, &[])]);
    let php = "PHP Fatal error:  Uncaught RedisException: Connection refused in /app/a.php:3
Stack trace:
#0 /app/a.php(3): Redis->connect('redis', 6379)
#1 {main}
  thrown in /app/a.php on line 3";
    assert_events(php, &[(5, &["redis_connection_failed"])]);
}

#[test]
fn the_level_of_an_event_is_that_of_its_first_line() {
    assert_events(
        "info: App.Quotes[0]\n      redis error handler, timeout 5\nE1102 10:00:00.123456 1 a.go:1] redis: connection pool timeout",
        &[(2, &[]), (1, &["pool_exhausted"])],
    );
}

#[test]
fn what_is_of_nobody_is_not_said_to_be_of_redis() {
    assert_events(
        "connect ECONNREFUSED 10.0.0.1:9999\nconnect ECONNREFUSED 10.0.0.1:6379\n[redis-worker] connect ECONNREFUSED 10.0.0.1:5432",
        &[(1, &["connection_failed"]), (1, &["redis_connection_failed"]), (1, &["connection_failed"])],
    );
}

#[test]
fn how_events_begin_can_be_set() {
    let with = |start: &str| {
        let event = LogEvents { start: start.to_owned(), containers: reader::Names::default() };
        Patterns::new(&FollowSettings { events: vec![event], ..FollowSettings::default() })
    };
    let text = "begin\nsecond\n  third\nbegin";
    let lines = |patterns: &Patterns| events_of(patterns, text).iter().map(|(lines, _)| *lines).collect::<Vec<_>>();
    assert_eq!(lines(&with("^begin")), [3, 1]);
    assert_eq!(lines(&with("line")), [1, 1, 1, 1]);
    assert_eq!(lines(&all()), [1, 2, 1]);
}

#[test]
fn an_event_is_bounded() {
    let patterns = all();
    let (matcher, mut events) = (patterns.matcher(patterns.select("web")), Events::default());
    let mut lines = Vec::new();
    let line = format!("    error {}", "x".repeat(16 << 10));
    for _ in 0..2_500 {
        events.line(&matcher, Stream::Stdout, line.as_bytes(), &mut |event| {
            assert!(event.text.len() <= MAX_TEXT + MAX_LINES as usize, "{}", event.text.len());
            assert_eq!(event.hits.len(), 1);
            lines.push(event.lines);
        });
    }
    events.flush(&matcher, &mut |event| lines.push(event.lines));
    assert_eq!(lines, [1_000, 1_000, 500]);
}

#[test]
fn a_failure_that_is_logged_with_its_message_and_its_stack_is_one_event() {
    let failures = [
        ("ConnectionError", "Error 111 connecting to 127.0.0.1:6379. Connection refused.", "redis_connection_failed"),
        ("TimeoutError", "Timeout reading from socket", "operation_timeout"),
        ("TimeoutError", "Timeout connecting to server", "connection_timeout"),
        ("MaxConnectionsError", "Too many connections", "pool_exhausted"),
        ("ConnectionError", "Connection closed by server.", "stale_connection"),
        ("ReadOnlyError", "You can't write against a read only replica.", "readonly_or_failover"),
    ];
    let mut text = String::new();
    for (name, message, _) in &failures {
        text += &[
            "2025-11-02 10:00:00,123 ERROR app - store failed: ",
            message,
            "\n2025-11-02 10:00:00,123 ERROR app - could not store the quote\nTraceback (most recent call last):\n  \
             File \"/usr/lib/redis/connection.py\", line 264, in connect\n    raise ",
            name,
            "(\"",
            message,
            "\")\nTimeoutError: timed out\n\nDuring handling of the above exception, another exception occurred:\n\n\
             Traceback (most recent call last):\n  File \"/app/quotes.py\", line 7, in store\n    raise ",
            name,
            "(\"",
            message,
            "\")\nredis.exceptions.",
            name,
            ": ",
            message,
            "\n",
        ]
        .concat();
    }
    let expected: Vec<(u32, Vec<&str>)> = failures.iter().map(|(_, _, name)| (13, vec![*name])).collect();
    let expected: Vec<(u32, &[&str])> = expected.iter().map(|(lines, names)| (*lines, names.as_slice())).collect();
    assert_events(&text, &expected);
    // Of another moment, and without a stack, the same message is another failure.
    let again = "2025-11-02 10:00:00,123 ERROR app - Timeout reading from socket\n";
    let later = "2025-11-02 10:00:05,123 ERROR app - no quote\nTraceback (most recent call last):\n  File \"a.py\"\n\
                 redis.exceptions.TimeoutError: Timeout reading from socket";
    let each = &["operation_timeout"][..];
    assert_events(&format!("{again}{again}{later}"), &[(1, each), (1, each), (4, each)]);
}
