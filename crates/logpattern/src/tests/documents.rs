//! Lines as the services of the documents write them, the patterns that they match, and near misses.

use super::*;

fn all() -> Patterns {
    Patterns::new(&settings(&SETS, Vec::new()))
}

fn reading(patterns: &Patterns, name: &str, line: &str) -> Option<Reading> {
    let hits = hits_of(patterns, "web", Stream::Stdout, line.as_bytes());
    let hit = hits.into_iter().find(|hit| patterns.name(hit.pattern) == name);
    hit.unwrap_or_else(|| panic!("{name} does not match {line}")).reading
}

#[test]
fn lines_of_the_documents_match() {
    let patterns = all();
    for (line, expected) in [
        ("2025-11-02 ERROR Redis: error on publish", &["redis_error", "redis_publish_failed", "severity_error"][..]),
        ("ERROR - Error while talking to REDIS", &["redis_error", "severity_error"]),
        ("WARNING Timeout waiting for broker", &["severity_warning", "timeout"]),
        ("request timed out", &["timeout"]),
        ("Published to ticker:options:256265 (latency=2.31ms)", &["published"]),
        ("ERROR Redis publish failed: boom", &["redis_error", "redis_publish_failed", "severity_error"]),
        ("Connection timeout", &["connection_timeout", "timeout"]),
        ("Connection timeout: redis:6379", &["connection_timeout", "timeout"]),
        ("Redis publish timeout on ticker:options:256265", &["redis_publish_timeout", "timeout"]),
        ("Received 250 ticks, sampling to 100", &["ticks_sampled"]),
        ("Published 3 mock ticks", &["mock_published"]),
        ("Published to ticker:mock", &["mock_published", "published"]),
        ("Out of memory: Killed process 12", &["out_of_memory"]),
        ("java.lang.OutOfMemoryError: heap", &["out_of_memory", "severity_error"]),
        ("OOM while loading", &["out_of_memory"]),
        ("Redis connection failed, continuing without Redis", &["redis_connection_failed", "severity_error"]),
        ("Redis connected", &["redis_connected"]),
        ("INFO Redis pool metrics: {'max_connections': 50}", &["pool_metrics"]),
        ("WARNING Redis pool near capacity: 93.4%", &["pool_near_capacity", "severity_warning"]),
        (
            "redis.exceptions.ConnectionError: Too many connections",
            &["pool_exhausted", "redis_error", "severity_error"],
        ),
        ("TimeoutError: Operation timed out", &["operation_timeout", "severity_error", "timeout"]),
        ("ConnectionResetError: [Errno 104] Connection reset by peer", &["severity_error", "stale_connection"]),
        (
            "redis.exceptions.ConnectionError: Connection closed by server.",
            &["redis_error", "severity_error", "stale_connection"],
        ),
        ("Reducing batch size to 400", &["batch_reduced"]),
        ("Server backpressure: waiting 2.0s (attempt 3)", &["client_backoff"]),
        ("DEBUG Dropped old metric: 1730541600.1", &["metric_dropped"]),
        ("MaxRetriesExceeded: Failed after 5 attempts", &["retries_exceeded", "severity_error"]),
        ("error", &["severity_error"]),
        ("task failed", &["severity_error"]),
        ("warning: low", &["severity_warning"]),
    ] {
        assert_eq!(names(&patterns, line.as_bytes()), expected, "{line}");
    }
}

#[test]
fn lines_of_redis_and_of_libraries_match() {
    let patterns = all();
    for (line, expected) in [
        (
            "1:M 02 Nov 2025 10:00:00.123 # Client id=7 addr=10.1.2.3:4 name=ws omem=33554432 cmd=subscribe \
             closed for overcoming of output buffer limits.",
            &["output_buffer_limit", "redis_server_warning"][..],
        ),
        (
            "1:M 02 Nov 2025 10:00:00.123 # Client id=7 scheduled to be closed ASAP for overcoming of output buffer limits.",
            &["output_buffer_limit", "redis_server_warning"],
        ),
        ("12 of 40 channels over capacity in group chat_1", &["channels_over_capacity"]),
        (
            "INFO Backpressure level changed: healthy -> warning (rate_ratio=0.91, latency=12.00ms, pending=120)",
            &["backpressure_level_changed"],
        ),
        ("ERROR Circuit breaker threshold reached (10 failures)", &["circuit_opened", "severity_error"]),
        ("Batch publish timeout - dropping 120 messages", &["batch_dropped", "message_dropped", "timeout"]),
        ("OOM command not allowed when used memory > 'maxmemory'.", &["redis_out_of_memory"]),
        ("Traceback (most recent call last):", &["traceback"]),
        ("thread 'main' panicked at src/main.rs:2:5:", &["panic"]),
        ("panic: runtime error: index out of range", &["panic", "severity_error"]),
        (
            "1:M 02 Nov 2025 10:00:00.123 # Can't save in background: fork: Cannot allocate memory",
            &["out_of_memory", "redis_server_warning"],
        ),
    ] {
        assert_eq!(names(&patterns, line.as_bytes()), expected, "{line}");
    }
}

#[test]
fn near_misses_do_not_match() {
    let patterns = all();
    for line in [
        "2025-11-02 10:00:00 INFO Connected to Redis redis://redis:6379/0 (pool: max_connections=50, timeout=5s)",
        "Connected to Redis redis://redis:6379/0 (pool: max_connections=50, timeout=5s)",
        "socket_timeout=5, retry_on_timeout=True, 'socket_connect_timeout': 5, connection timeout: 5000",
        r#"{"level":"warn","redis":{"timeout":5,"connection timeout":5}}"#,
        "INFO redis errors in the last minute: none seen, error budget whole",
        "redis stats: errors=0 failed=0 exceptions: 0",
        "redis check: no errors",
        "INFO 0 failed, 10 passed, timeout handler installed, warning light tested",
        "level=info msg=\"redis error handler and timeout set\"",
        "Redis not connected yet",
        "disconnected from redis",
        "Received 50 ticks",
        "pool metrics are off",
        "The boom was lowered, the room was warned of it",
        "1:M 02 Nov 2025 10:00:00.123 * Ready to accept connections",
        "1:C 02 Nov 2025 10:00:00.123 # oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo",
        "1:C 02 Nov 2025 10:00:00.123 # Redis version=7.0.15, bits=64, commit=00000000, modified=0, pid=1, just started",
        "republished tomorrow",
        "",
    ] {
        let expected: &[&str] = if line.contains("\"warn\"") { &["severity_warning"] } else { &[] };
        assert_eq!(names(&patterns, line.as_bytes()), expected, "{line}");
    }
}

#[test]
fn a_timeout_in_quotes_is_one_unless_it_is_a_key() {
    let patterns = all();
    for line in
        [r#"{"level":"error","msg":"timeout"}"#, r#"msg="redis timeout" n=1"#, "timeout: no answer", "timeouts!"]
    {
        assert!(names(&patterns, line.as_bytes()).contains(&"timeout".to_owned()), "{line}");
    }
    for line in [r#"{"timeout": "5s"}"#, "timeout: 5s", "timeout=none", "timeout_ms 5"] {
        assert!(!names(&patterns, line.as_bytes()).contains(&"timeout".to_owned()), "{line}");
    }
}

#[test]
fn numbers_are_read() {
    let patterns = all();
    let read = |name: &str, line: &str| reading(&patterns, name, line);
    assert_eq!(
        read("published", "Published to ticker:options:256265 (latency=2.31ms)"),
        Some(Reading::PublishLatency(0.002_31))
    );
    assert_eq!(read("published", "Published to ticker:options:256265"), None);
    assert_eq!(read("pool_near_capacity", "Redis pool near capacity: 93.4%"), Some(Reading::PoolUsage(0.934)));
    assert_eq!(read("pool_near_capacity", "Redis pool near capacity"), None);
    assert_eq!(
        read(
            "pool_metrics",
            "Redis pool metrics: {'max_connections': 50, 'created_connections': 12, 'available_connections': 8, \
             'in_use_connections': 4}"
        ),
        Some(Reading::Pool(Pool { max: Some(50.0), in_use: Some(4.0), idle: Some(8.0) }))
    );
    for (name, line, value) in [
        ("ticks_sampled", "Received 250 ticks, sampling to 100", 250.0),
        ("batch_reduced", "Reducing batch size to 400", 400.0),
        ("batch_dropped", "Batch publish timeout - dropping 120 messages", 120.0),
        ("client_backoff", "Server backpressure: waiting 2.5s (attempt 3)", 2.5),
        ("channels_over_capacity", "12 of 40 channels over capacity in group chat_1", 12.0),
    ] {
        assert_eq!(read(name, line), Some(Reading::Value(value)), "{line}");
    }
}
