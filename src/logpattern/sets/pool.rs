//! `pool`: connection pools.

use super::Known;
use crate::logpattern::reading::Capture;

pub(super) const PATTERNS: &[Known] = &[
    Known::new(
        "pool_metrics",
        r"(?i-u)pool metrics: \{",
        "A sample of a connection pool, as a Python dictionary or JSON; it becomes pool_connections, pool_max_connections \
         and pool_usage_ratio.",
    )
    .capturing(Capture::Pool),
    Known::new(
        "pool_near_capacity",
        r"(?i-u)pool near capacity(?:: *(?<value>[0-9.]+) ?%)?",
        "A connection pool is nearly used up; where the line says by how much, that becomes pool_usage_ratio.",
    )
    .capturing(Capture::Percent),
    Known::new(
        "pool_exhausted",
        "(?i-u)too many connections|connection pool (?:is |was )?(?:exhausted|full)|pool exhausted|no connection available|max number of clients reached",
        "A connection was wanted and there was none: the pool is exhausted, or the server is at its limit.",
    ),
    Known::new(
        "stale_connection",
        r"(?i-u)connection reset by peer|broken pipe|connection closed by server|server closed the connection|connection (?:was )?lost\b|\bECONNRESET\b|\bEPIPE\b",
        "A connection was found dead when it was used: after an idle time, something between has dropped it.",
    ),
];
