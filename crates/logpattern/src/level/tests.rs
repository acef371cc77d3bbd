use super::*;

#[track_caller]
fn assert_levels(expected: Option<Level>, lines: &[&str]) {
    for line in lines {
        assert_eq!(of(line.as_bytes()), expected, "{line}");
    }
}

#[test]
fn information_in_the_forms_of_many_loggers() {
    assert_levels(
        Some(Level::Info),
        &[
            // Python's logging, basicConfig, Celery, uvicorn, gunicorn, loguru, structlog
            "2025-11-02 10:00:00 - app.redis - INFO - Connected",
            "INFO:app.redis:an error was foreseen",
            "[2025-11-02 10:00:00: INFO/MainProcess] Redis pool metrics",
            "INFO:     127.0.0.1 - \"GET / HTTP/1.1\" 200 OK",
            "[2025-11-02 10:00:00 +0000] [7] [INFO] Booting worker",
            "2025-11-02 10:00:00.123 | INFO     | app:main:7 - error budget",
            "2025-11-02 10:00:00 [info     ] redis error budget",
            r#"{"event": "redis error handler", "level": "info"}"#,
            r#"{"levelname": "INFO", "message": "error"}"#,
            // pino, bunyan, winston, NestJS
            r#"{"level":30,"time":1762077600000,"pid":7,"msg":"error handler"}"#,
            r#"{"name":"app","hostname":"h","pid":7,"level":30,"msg":"error","v":0}"#,
            "info: redis error handler installed",
            r#"{"message":"redis error","level":"info"}"#,
            "[Nest] 12  - 11/02/2025, 10:00:00 AM     LOG [RedisModule] error handler installed",
            // zap, zerolog, slog, logrus, klog
            "2025-11-02T10:00:00.000Z\tinfo\tredis/redis.go:12\tno error",
            "2025-11-02T10:00:00.000Z\tINFO\tredis/redis.go:12\tno error",
            r#"{"level":"info","ts":1762077600.1,"caller":"a.go:1","msg":"error"}"#,
            "10:00AM INF redis error handler",
            r#"{"time":"2025-11-02T10:00:00Z","level":"INFO","msg":"error"}"#,
            "time=2025-11-02T10:00:00Z level=INFO msg=\"an error\"",
            "2025/11/02 10:00:00 INFO redis error=none",
            "INFO[0012] redis error handler",
            "ts=1 level=info msg=\"an error\"",
            "ts=1 lvl=info msg=\"an error\"",
            "I1102 10:00:00.123456       1 main.go:12] error handler",
            // .NET console, Serilog, NLog
            "info: App.Redis[0]",
            "[10:00:00 INF] Redis error handler",
            r#"{"@t":"2025-11-02T10:00:00Z","@mt":"error handler"}"#,
            r#"{"Timestamp":"2025-11-02","Level":"Information","MessageTemplate":"error"}"#,
            r#"{"EventId":0,"LogLevel":"Information","Message":"error"}"#,
            "2025-11-02 10:00:00.0000|INFO|App.Redis|error handler",
            // log4j, logback, java.util.logging
            "2025-11-02 10:00:00,123 [main] INFO  c.e.App - error handler",
            "2025-11-02T10:00:00.123Z  INFO 1 --- [main] c.e.App : error handler",
            r#"{"@timestamp":"2025-11-02","message":"error","level":"INFO","level_value":20000}"#,
            "INFO: error handler installed",
            // Rails, Sidekiq, nginx, syslog, Rust
            "I, [2025-11-02T10:00:00.123456 #1]  INFO -- : error handler",
            "2025-11-02T10:00:00.123Z pid=1 tid=abc INFO: error handler",
            "2025/11/02 10:00:00 [notice] 7#7: error log opened",
            "<134>1 2025-11-02T10:00:00Z host app 7 - - error handler",
            "<30>Nov  2 10:00:00 host app[7]: error handler",
            "2025-11-02T10:00:00Z  INFO app::redis: error handler",
            "[2025-11-02T10:00:00Z INFO  app] error handler",
            // Redis
            "1:M 02 Nov 2025 10:00:00.123 * Ready to accept connections",
            "[7] 02 Nov 10:00:00.123 * The server is now ready",
            "pid=7 role=master timestamp=\"02 Nov 2025\" level=notice message=\"error\"",
        ],
    );
}

#[test]
fn other_levels() {
    assert_levels(
        Some(Level::Debug),
        &[
            "DEBUG root an ERROR that was foreseen",
            r#"{"level":"debug","msg":"error"}"#,
            r#"{"level":20,"msg":"error"}"#,
            "dbug: App.Redis[0]",
            "10:00AM DBG error",
            "[10:00:00 VRB] error",
            "1:M 02 Nov 2025 10:00:00.123 - Accepted 10.0.0.1:6379",
        ],
    );
    assert_levels(
        Some(Level::Warning),
        &[
            "2025-11-02 WARNING timeout",
            r#"{"level":40,"msg":"info"}"#,
            "W1102 10:00:00.123456       1 main.go:12] info",
            "warn: App.Redis[0]",
            "[10:00:00 WRN] info",
            "1:M 02 Nov 2025 10:00:00.123 # Server initialized",
            "1:20:M 02 Nov 2025 10:00:00.123 # WARNING overcommit_memory",
            r#"{"@t":"2025-11-02T10:00:00Z","@mt":"a","@l":"Warning"}"#,
        ],
    );
    assert_levels(
        Some(Level::Error),
        &[
            "level=error msg=\"INFO failed\"",
            "[error] for more info see",
            "error: INFO",
            "ERROR running INFO memory: timeout",
            r#"{"level":50,"msg":"connect ECONNREFUSED"}"#,
            r#"{"message":"connect ECONNREFUSED","level":"error"}"#,
            "fail: App.Redis[0]",
            "crit: App.Redis[0]",
            "E1102 10:00:00.123456       1 main.go:12] info",
            "[Nest] 12  - 11/02/2025, 10:00:00 AM   ERROR [RedisModule] info",
            "2025-11-02T10:00:00.000Z\terror\tredis/redis.go:12\tinfo",
            "10:00AM ERR info error=\"dial tcp\"",
            "E, [2025-11-02T10:00:00.123456 #1] ERROR -- : info",
            "<131>1 2025-11-02T10:00:00Z host app 7 - - info",
            "2025/11/02 10:00:00 [crit] 7#7: info",
            "lvl=eror msg=info",
        ],
    );
}

#[test]
fn what_names_no_level_has_none() {
    assert_levels(
        None,
        &[
            "",
            "Redis error",
            "Redis timeout; for more info: see",
            "error handling is described in the log of the module",
            r#"{"msg":"error","compression":{"ratio":6}}"#,
            r#"{"msg":"\"level\":30"}"#,
            r#"{"level":"loudest","msg":"x"}"#,
            r#"{"level":77,"msg":"x"}"#,
            "level=77 msg=x",
            "water level: high",
            "connect ECONNREFUSED 127.0.0.1:6379",
            "<999>x",
            "\u{fffd}\x07",
        ],
    );
}

#[test]
fn a_long_line_is_looked_at_up_to_a_bound() {
    let mut line = vec![b' '; LOOKED_AT];
    line.extend_from_slice(b" INFO ");
    assert_eq!(of(&line), None);
}
