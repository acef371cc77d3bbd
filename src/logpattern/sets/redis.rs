//! `redis`: errors and timeouts of Redis as services and Redis itself log them.

use super::Known;

/// Counts of errors that are none: `errors=0`, `no error`.
const NO_ERROR: &str =
    r#"(?i-u)\b(?:no|0|without) errors?\b|\berrors?(?:_\w+)?["']?\s*[=:]\s*["']?(?:0\b|none\b|null\b|false\b)"#;

pub(super) const PATTERNS: &[Known] = &[
    Known::new(
        "redis_error",
        "(?i-u)redis.*error|error.*redis",
        "A line above level INFO that names Redis and an error.",
    )
    .excluding(NO_ERROR)
    .loud(),
    Known::new(
        "redis_publish_failed",
        "(?i-u)redis publish failed|failed to publish (?:.{0,200} )?to redis",
        "A message could not be published to Redis.",
    ),
    Known::new(
        "redis_publish_timeout",
        "(?i-u)redis publish tim(?:eout|ed out)",
        "Redis did not take a message in time.",
    ),
    Known::new(
        "redis_connection_failed",
        "(?i-u)redis connection failed|could not connect to redis|error (?:[0-9]+ )?connecting to redis",
        "A service could not connect to Redis; where it says that it continues without, it runs degraded.",
    ),
    Known::new(
        "redis_connected",
        r"(?i-u)\bredis (?:re-?)?connected\b|\breconnected to redis\b",
        "A service has its connection to Redis (again): the end of redis_connection_failed.",
    ),
    Known::new(
        "connection_timeout",
        r#"(?i-u)connection (?:has |was )?timed out|connection timeout(?:$|[^\w=:"'-]|["'](?:$|[^:=])|:\s+[^\d\s"'{\[(-])|timeout connecting to"#,
        "A connection could not be made, or was given up, for want of an answer in time.",
    ),
    Known::new(
        "operation_timeout",
        "(?i-u)operation timed out|timeout reading from",
        "An operation had no answer in time: Redis is overloaded, or the network is bad.",
    ),
    Known::new(
        "timeout",
        r#"(?i-u)timed[ -]?out|timeouts?(?:error|exception|$|[^\w=:"'-]|["'](?:$|[^:=])|:\s+[^\d\s"'{\[(-])"#,
        "A line above level INFO that speaks of a timeout, and not of a setting of that name.",
    )
    .loud(),
    Known::new(
        "redis_out_of_memory",
        "(?-u)OOM command not allowed when used memory",
        "Redis refused a write because maxmemory is reached and nothing may be evicted.",
    ),
    Known::new(
        "output_buffer_limit",
        r"(?i-u)(?:closed|to be closed ASAP) for overcoming of output buffer limits",
        "Redis closed a client that did not read its replies or messages fast enough.",
    ),
    Known::new(
        "channels_over_capacity",
        r"(?i-u)\b(?<value>[0-9]+) of [0-9]+ channels over capacity in group",
        "channels_redis did not deliver a group's message to some of its channels; the number of those channels.",
    )
    .capturing(super::Capture::Value),
    Known::new(
        "redis_server_warning",
        r"(?-u)^[0-9]+:[XCSM] [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:.]+ # ",
        "A warning in Redis's own log (its level #), its greetings left out.",
    )
    .excluding(
        "(?-u)oO0OoO0|Redis version=|Redis [0-9]|onfiguration loaded|no config file|Server initialized|User requested|ready to exit",
    ),
];
