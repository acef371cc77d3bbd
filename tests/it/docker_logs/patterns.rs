//! What the ready patterns count.

use super::*;

/// A script that prints lines in colour, by turns on standard output and standard error.
fn in_colour(lines: &[&str]) -> String {
    let mut script = String::new();
    for (at, line) in lines.iter().enumerate() {
        let _ = writeln!(script, "printf '\\033[3{}m%s\\033[0m\\n' {} >&{}", at % 8, shell_words(&[line]), 1 + at % 2);
    }
    script + STAY
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of lines and of what they count as")]
fn every_pattern_of_every_set_is_counted() {
    if unavailable() {
        return;
    }
    let docker = Docker::start();
    let agent = agent(&docker, "");
    let lines = [
        "2025-11-02 10:00:00 ERROR Redis publish failed: boom",
        "2025-11-02 10:00:00 ERROR Redis publish timeout on ticker:options:256265",
        "2025-11-02 10:00:00 ERROR Connection timeout",
        "2025-11-02 10:00:00 WARNING Redis connection failed, continuing without Redis",
        "2025-11-02 10:00:00 INFO Redis connected",
        "2025-11-02 10:00:00 INFO Connected to Redis redis:6379 (pool: max_connections=50, timeout=5s)",
        "TimeoutError: Operation timed out",
        "OOM command not allowed when used memory > 'maxmemory'.",
        "1:M 02 Nov 2025 10:00:00.123 # Client id=7 name=ws omem=33554432 closed for overcoming of output buffer limits.",
        "12 of 40 channels over capacity in group chat_1",
        "DEBUG Published to ticker:options:256265 (latency=2.31ms)",
        "INFO Published 3 mock ticks",
        "WARNING Received 250 ticks, sampling to 100",
        "INFO Backpressure level changed: healthy -> warning (rate_ratio=0.91, latency=12.00ms, pending=120)",
        "ERROR Circuit breaker threshold reached (10 failures)",
        "ERROR Batch publish timeout - dropping 120 messages",
        "Reducing batch size to 400",
        "Server backpressure: waiting 2.5s (attempt 3)",
        "DEBUG Dropped old metric: 1730541600.1",
        "MaxRetriesExceeded: Failed after 5 attempts",
        "java.lang.OutOfMemoryError: heap",
        "Traceback (most recent call last):",
        "thread 'main' panicked at src/main.rs:2:5:",
        "INFO Redis pool metrics: {'max_connections': 50, 'created_connections': 48, 'available_connections': 1, \
         'in_use_connections': 47}",
        "WARNING Redis pool near capacity: 94.0%",
        "redis.exceptions.ConnectionError: Too many connections",
        "ConnectionResetError: [Errno 104] Connection reset by peer",
        "NOAUTH Authentication required.",
        "connect ECONNREFUSED 10.0.0.1:9999",
        "MASTERDOWN Link with MASTER is down",
    ];
    docker.run_script("web", &["--network", "none"], &in_colour(&lines));
    let expected: BTreeMap<&str, f64> = [
        ("redis_error", 3.0),
        ("redis_publish_failed", 1.0),
        ("redis_publish_timeout", 1.0),
        ("redis_connection_failed", 1.0),
        ("redis_connected", 1.0),
        ("connection_timeout", 1.0),
        ("operation_timeout", 1.0),
        ("timeout", 4.0),
        ("redis_out_of_memory", 1.0),
        ("output_buffer_limit", 1.0),
        ("channels_over_capacity", 1.0),
        ("redis_server_warning", 1.0),
        ("published", 1.0),
        ("mock_published", 1.0),
        ("ticks_sampled", 1.0),
        ("backpressure_level_changed", 1.0),
        ("circuit_opened", 1.0),
        ("batch_dropped", 1.0),
        ("message_dropped", 1.0),
        ("auth_failed", 1.0),
        ("connection_failed", 1.0),
        ("readonly_or_failover", 1.0),
        ("batch_reduced", 1.0),
        ("client_backoff", 1.0),
        ("metric_dropped", 1.0),
        ("retries_exceeded", 1.0),
        ("out_of_memory", 1.0),
        ("traceback", 1.0),
        ("panic", 1.0),
        ("pool_metrics", 1.0),
        ("pool_near_capacity", 1.0),
        ("pool_exhausted", 1.0),
        ("stale_connection", 1.0),
        ("severity_error", 11.0),
        ("severity_warning", 3.0),
    ]
    .into();
    assert_matches(&agent, "web", "readonly_or_failover", 1.0);
    let seen = agent.next_poll("engine");
    let found = seen.series("container_log_matches_total", &[("name", "web")]);
    let found: BTreeMap<&str, f64> =
        found.iter().map(|sample| (sample.labels["pattern"].as_str(), sample.value)).collect();
    assert_eq!(found, expected);
    let web = [("name", "web")];
    seen.assert("container_log_lines_total", &[("name", "web"), ("stream", "stdout")], 15.0);
    seen.assert("container_log_lines_total", &[("name", "web"), ("stream", "stderr")], 15.0);
    seen.assert("container_log_follow_up", &web, 1.0);
    seen.assert("container_log_publish_latency_seconds", &web, 0.002_31);
    seen.assert("pool_max_connections", &[("pool", "web")], 50.0);
    seen.assert("pool_connections", &[("pool", "web"), ("state", "in_use")], 47.0);
    seen.assert("pool_connections", &[("pool", "web"), ("state", "idle")], 1.0);
    seen.assert("pool_usage_ratio", &[("pool", "web")], 0.94);
    for (pattern, value) in [
        ("ticks_sampled", 250.0),
        ("batch_dropped", 120.0),
        ("batch_reduced", 400.0),
        ("client_backoff", 2.5),
        ("channels_over_capacity", 12.0),
    ] {
        seen.assert("container_log_value", &[("name", "web"), ("pattern", pattern)], value);
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    let last = seen.value("container_log_last_line_timestamp_seconds", &web);
    assert!((now - 120.0..=now).contains(&last), "{last} {now}");
}
