//! The names of what is exported: those of Percona's `mongodb_exporter`, which makes them of the fields of serverStatus.

use crate::metric::{MetricInfo, metrics};

metrics! {
    fn own;
    pub(super) UP: gauge "mongodb_up" [] Bool,
        "Whether the last poll of the server succeeded; without Percona's label cluster_role.", "poll";
    pub(super) USED: gauge "mongodb_connections_used_ratio" [] Ratio,
        "Connections from clients as a part of the most that there may be: current by current and available; absent where the server \
         does not tell both.", "serverStatus connections";
    pub(super) VERSION: gauge "mongodb_version_info" ["mongodb"] Info, "The server's version.", "serverStatus version";
    pub(super) MEMBER_STATE: gauge "mongodb_member_state" ["state"] Bool,
        "What the server is: 1 for the current state, 0 for the others. Of a replica set primary, secondary, arbiter or other \
         (starting, recovering, rolling back, removed), else standalone or mongos.", "hello";
    pub(super) MY_STATE: untyped "mongodb_rs_myState" [] Count,
        "State of the member in its replica set: 1 primary, 2 secondary, 7 arbiter; absent in any other, which hello does not \
         tell apart, and outside a replica set.", "hello";
}

/// A field of serverStatus that is a metric by itself, or one for each of some words in the place of `*`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    /// Where it stands; of several the first that is there counts: servers have moved fields.
    pub(super) paths: &'static [&'static str],
    /// What may stand for `*`. Only the fields that are documented: what a server adds is no series.
    pub(super) words: &'static [&'static str],
}

const fn at(paths: &'static [&'static str]) -> Field {
    Field { paths, words: &[] }
}

const fn each(paths: &'static [&'static str], words: &'static [&'static str]) -> Field {
    Field { paths, words }
}

const OPERATIONS: &[&str] = &["insert", "query", "update", "delete", "getmore", "command"];
const LATENCIES: &[&str] = &["reads", "writes", "commands", "transactions"];
const TICKETS: &[&str] = &["read", "write"];

metrics! {
    fn numbers;
    /// The fields that are a number.
    pub(super) const NUMBERS: [(Field, Metric<0>)];
    at(&["uptime"]) => untyped "mongodb_ss_uptime" [] Seconds, "Time since the server was started.", "serverStatus uptime";
    at(&["network.bytesIn"]) => untyped "mongodb_ss_network_bytesIn" [] Bytes, "Bytes received.", "serverStatus network";
    at(&["network.bytesOut"]) => untyped "mongodb_ss_network_bytesOut" [] Bytes, "Bytes sent.", "serverStatus network";
    at(&["network.numRequests"]) => untyped "mongodb_ss_network_numRequests" [] Count,
        "Requests received.", "serverStatus network";
    at(&["mem.resident"]) => untyped "mongodb_ss_mem_resident" [] Count,
        "Memory in use, in MiB.", "serverStatus mem";
    at(&["mem.virtual"]) => untyped "mongodb_ss_mem_virtual" [] Count,
        "Address space in use, in MiB.", "serverStatus mem";
    at(&["metrics.cursor.timedOut"]) => untyped "mongodb_ss_metrics_cursor_timedOut" [] Count,
        "Cursors that were closed because nobody used them.", "serverStatus metrics.cursor";
    at(&["wiredTiger.cache.bytes currently in the cache"]) =>
        untyped "mongodb_ss_wt_cache_bytes_currently_in_the_cache" [] Bytes,
        "Bytes in the cache of the storage engine.", "serverStatus wiredTiger.cache";
    at(&["wiredTiger.cache.maximum bytes configured"]) =>
        untyped "mongodb_ss_wt_cache_maximum_bytes_configured" [] Bytes,
        "The most that the cache of the storage engine may hold.", "serverStatus wiredTiger.cache";
    at(&["wiredTiger.cache.tracked dirty bytes in the cache"]) =>
        untyped "mongodb_ss_wt_cache_tracked_dirty_bytes_in_the_cache" [] Bytes,
        "Bytes in the cache that are still to be written.", "serverStatus wiredTiger.cache";
}

metrics! {
    fn labelled;
    /// The fields that are a number for each of some words.
    pub(super) const LABELLED: [(Field, Metric<1>)];
    each(&["connections.*"], &["current", "available", "totalCreated", "rejected", "active", "threaded"]) =>
        untyped "mongodb_ss_connections" ["conn_type"] Count,
        "Connections from clients: current and available make the most that there may be; active are those with an operation, \
         totalCreated counts all since the start.", "serverStatus connections, rejected MongoDB >= 6.3";
    each(&["opcounters.*"], OPERATIONS) => untyped "mongodb_ss_opcounters" ["legacy_op_type"] Count,
        "Operations since the start, by type.", "serverStatus opcounters";
    each(&["opcountersRepl.*"], OPERATIONS) => untyped "mongodb_ss_opcountersRepl" ["legacy_op_type"] Count,
        "Replicated operations since the start, by type.", "serverStatus opcountersRepl";
    each(&["opLatencies.*.latency"], LATENCIES) => untyped "mongodb_ss_opLatencies_latency" ["op_type"] Microseconds,
        "Time that operations took since the start; with _ops it gives the mean.", "serverStatus opLatencies";
    each(&["opLatencies.*.ops"], LATENCIES) => untyped "mongodb_ss_opLatencies_ops" ["op_type"] Count,
        "Operations whose time was taken, since the start.", "serverStatus opLatencies";
    each(&["asserts.*"], &["regular", "warning", "msg", "user", "tripwire", "rollovers"]) =>
        untyped "mongodb_ss_asserts" ["assert_type"] Count, "Assertions raised since the start.", "serverStatus asserts";
    each(&["globalLock.currentQueue.*"], &["total", "readers", "writers"]) =>
        untyped "mongodb_ss_globalLock_currentQueue" ["count_type"] Count,
        "Operations that wait for a lock.", "serverStatus globalLock";
    each(&["metrics.cursor.open.*"], &["total", "noTimeout", "pinned"]) =>
        untyped "mongodb_ss_metrics_cursor_open" ["csr_type"] Count, "Cursors that are open.", "serverStatus metrics.cursor";
    each(&["metrics.document.*"], &["deleted", "inserted", "returned", "updated"]) =>
        untyped "mongodb_ss_metrics_document" ["doc_op_type"] Count,
        "Documents read and changed since the start.", "serverStatus metrics.document";
    each(&["wiredTiger.concurrentTransactions.*.available", "queues.execution.*.available"], TICKETS) =>
        untyped "mongodb_ss_wt_concurrentTransactions_available" ["txn_rw_type"] Count,
        "Tickets for operations that are free.", "serverStatus wiredTiger.concurrentTransactions, queues.execution MongoDB >= 8";
    each(&["wiredTiger.concurrentTransactions.*.out", "queues.execution.*.out"], TICKETS) =>
        untyped "mongodb_ss_wt_concurrentTransactions_out" ["txn_rw_type"] Count,
        "Tickets for operations that are taken.", "serverStatus wiredTiger.concurrentTransactions, queues.execution MongoDB >= 8";
    each(&["wiredTiger.concurrentTransactions.*.totalTickets", "queues.execution.*.totalTickets"], TICKETS) =>
        untyped "mongodb_ss_wt_concurrentTransactions_totalTickets" ["txn_rw_type"] Count,
        "Tickets for operations that there are.", "serverStatus wiredTiger.concurrentTransactions, queues.execution MongoDB >= 8";
}

/// Everything that a target may export.
pub(super) fn metrics() -> Vec<MetricInfo> {
    [own(), numbers(), labelled()].concat()
}
