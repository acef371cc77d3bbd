//! `pool`: connection pools.

use super::Known;
use crate::reading::Capture;

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
        r#"(?i-u)too many connections|connection pool (?:is |was )?(?:exhausted|full)|pool (?:is |was )?exhausted|no connection (?:is )?available(?:$|[."'])|max(?:imum)? number of clients (?:is )?reached|max clients (?:limit )?reached|connection pool timeout|timeout waiting for idle object|could not get a resource|timeout waiting for a client|connection_?pool::timeouterror|waited [0-9.]+ sec(?:$|,| \()|timed out in bb8|waiting for a slot to become available|pool(?:error)?::timeout|timed out waiting for (?:a )?connection|maxconnectionserror|unable to acquire connection|unable to get connection|increase (?:'nettythreads' and/or )?connection pool size|pool is full"#,
        "A connection was wanted and there was none: the pool is exhausted, or the server is at its limit.",
    )
    .cause(4),
    Known::new(
        "stale_connection",
        r"(?i-u)connection reset\b|broken pipe\b|connection closed by server|server closed the connection|connection (?:was )?lost\b|\bECONNRESET\b|\bEPIPE\b|socket closed unexpectedly|unexpected end of stream|socketclosedunexpectedly|went away|connection (?:unexpectedly )?closed by (?:the )?(?:remote|peer)|error while (?:reading (?:line|bytes) from|writing bytes to) the server|unexpected end of file|discarding bad pubsub connection|use of closed network connection|the server was unable to process|(?:connection|broken pipe).*terminated by peer|unexpectedconnectionclosed|closedchannelexception|unable to write command into connection|: (?:unexpected )?EOF$",
        "A connection was found dead when it was used: after an idle time something between has dropped it, or the server ended.",
    )
    .of_redis(r"(?i-u)\bEOF\b|connection (?:is )?closed\b")
    .cause(9),
];
