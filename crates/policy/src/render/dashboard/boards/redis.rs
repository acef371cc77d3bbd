//! A Redis server: whether it answers, what its memory does, what it works on.

use crate::render::dashboard::spec::Unit::{
    Bytes, BytesPerSecond, Count, Milliseconds, PerMinute, PerSecond, Ratio, Seconds,
};
use crate::render::dashboard::spec::{States, UP, Unit};

const FAILED: States = &[(0, "failed", "red"), (1, "ok", "green")];
const NO_CLUSTER: &str = "no node of a cluster is watched";
const NO_NODES: &str = "no target has several nodes";
const NO_SENTINEL: &str = "no Sentinel is watched";
const NO_KEY: &str = "there is no [[redis.key]]";
const NO_STREAM: &str = "no stream is among the keys of [[redis.key]]";
const A_CACHE: &str = "a cache that may evict anything has no limit to stay below";
const NO_LIMIT: &str = "a server without maxmemory has no such limit";

board! {
    "redis", "Redis",
    "Latency, memory, commands, evictions, replication and persistence of each Redis server.";

    "Does it answer" {
        timeline("up", "Reachable", UP, "Whether the agent's last poll of the server succeeded: it could be reached, \
            took the password and answered INFO.")
            .alerts("{{target}}");
        timeline("nodes-down", "Nodes that answer", UP, "Of a cluster, of a master with its replicas, or of the addresses of a name: whether the \
            last poll of each node succeeded. Those that are needed have nobody who serves in their place.")
            .alerts("{{target}}").may_be_empty(NO_NODES)
            .query("redis_node_needed{@target}", "{{target}} needed").may_be_empty(NO_NODES).nothing(NO_NODES);
        graph("flaps", "Downs and ups", Count, "How often the server went down or came back, in the window that the alert \
            looks back.")
            .alerts("{{target}}");
        graph("ping", "PING", Milliseconds, "Mean and longest round trip of the PINGs of a poll. Of a service it is \
            what the service measures itself.")
            .alerts("{{target}}")
            .query("redis_ping_max_ms{@target}", "{{target}} longest");
        graph("canary", "Publish canary", Seconds, "Time from PUBLISH of a message of the agent to its arrival on the \
            agent's subscription, and whether it arrived at all. It sees trouble that PING does not. Only of targets \
            with canary = true.")
            .alerts("{{target}}");
        graph("lost-canaries", "Lost canaries", PerMinute, "Canaries a minute that did not arrive within the deadline \
            of a poll.")
            .query("60 * rate(redis_publish_canaries_lost_total{@target}[@rate])", "{{target}}");
        graph("uptime", "Uptime", Seconds, "Time since the server started. A step down is a restart.")
            .alerts("{{target}}");
        graph("cpu", "CPU", Ratio, "CPU time of the thread that runs the commands, over the window that the alert looks \
            back, and of the whole server; 100 % is one core. Redis runs commands on one core only.")
            .alerts("{{target}} main thread")
            .query("rate(redis_cpu_user_seconds_total{@target}[@rate])", "{{target}} user")
            .query("rate(redis_cpu_sys_seconds_total{@target}[@rate])", "{{target}} system");
    }
    "Memory" folded {
        graph("memory", "Memory of its limit", Ratio, "Allocated bytes as a part of what they should stay below: \
            maxmemory, or the machine's memory without it. Nothing of a cache that may evict anything.")
            .alerts("{{target}}").may_be_empty(A_CACHE);
        graph("memory-bytes", "Memory in bytes", Bytes, "Allocated and resident bytes, the data set's part, and the \
            limit.")
            .query("redis_memory_used_bytes{@target}", "{{target}} used")
            .query("redis_memory_used_rss_bytes{@target}", "{{target}} resident")
            .query("redis_memory_used_dataset_bytes{@target}", "{{target}} data set")
            .query("redis_memory_max_bytes{@target} > 0", "{{target}} limit").may_be_empty(NO_LIMIT);
        graph("memory-forecast", "Time until the memory is full", Seconds, "When the limit is reached if memory goes \
            on growing as in the last hour; nothing while it does not grow, and of a cache.")
            .alerts("{{target}}").may_be_empty("memory that does not grow is never full").nothing("not growing");
        graph("fragmentation", "Fragmentation", Unit::None, "Resident by allocated memory. A small server is always \
            fragmented, so its bytes count as well: they are on the right.")
            .alerts("{{target}}")
            .query("redis_mem_fragmentation_bytes{@target}", "{{target}} bytes").unit(Bytes);
        graph("evictions", "Evicted keys", Count, "Keys that were thrown away because of the memory limit, in the window \
            that the alert looks back. Of a cache they are no alert: its hit ratio tells whether they are too many.")
            .alerts("{{target}}");
        graph("memory-of-clients", "Memory beside the data", Bytes, "What clients, replicas, scripts and the append \
            only file take of the memory.")
            .query("redis_mem_clients_normal{@target}", "{{target}} clients")
            .query("redis_mem_clients_slaves{@target}", "{{target}} replicas")
            .query("redis_memory_used_scripts_bytes{@target}", "{{target}} scripts")
            .query("redis_mem_aof_buffer_bytes{@target}", "{{target}} append only file").stacked();
        graph("memory-parts", "What fills the memory", Bytes, "The data, the tables that find it, clients, replicas, the replication \
            backlog, scripts and the empty server.")
            .query("redis_memory_part_bytes{@target}", "{{target}} {{part}}").stacked();
    }
    "Keys and cache" folded {
        graph("hit-ratio", "Cache hit ratio", Ratio, "Part of the lookups that found their key: of a server by its own \
            counters, of a service as its cache says. Nothing without lookups.")
            .alerts("{{target}}").max(1.0);
        graph("cache-errors", "Cache errors", PerMinute, "Operations of a service's cache that failed, a minute, over \
            the window that the alert looks back.")
            .alerts("{{target}}");
        graph("lookups", "Hits and misses", PerSecond, "Lookups a second in the server, and in the caches of services.")
            .query("rate(redis_keyspace_hits_total{@target}[@rate])", "{{target}} hits")
            .query("rate(redis_keyspace_misses_total{@target}[@rate])", "{{target}} misses")
            .query("rate(redis_cache_hits{@target}[@rate])", "{{target}} cache hits")
            .query("rate(redis_cache_misses{@target}[@rate])", "{{target}} cache misses");
        graph("keys", "Keys", Count, "Keys by database.").query("redis_db_keys{@target} > 0", "{{target}} {{db}}");
        graph("expiring", "Keys with an expiry", Ratio, "Part of the keys that will expire. A cache should be at 100 %: \
            what never expires is never given back.")
            .query("redis_db_keys_expiring{@target} / (redis_db_keys{@target} > 0)", "{{target}} {{db}}").max(1.0);
        graph("expired", "Expired keys", PerSecond, "Keys a second that reached the end of their time.")
            .query("rate(redis_expired_keys_total{@target}[@rate])", "{{target}}");
    }
    "Watched keys and streams" folded {
        graph("key-size", "Largest keys", Count, "Elements, or bytes of a text, of the ten largest watched keys, and of all others \
            that fit a pattern.")
            .query("topk(10, redis_key_size{@target})", "{{target}} {{db}} {{key}}").may_be_empty(NO_KEY).nothing(NO_KEY);
        graph("key-memory", "Keys that take most memory", Bytes, "The ten watched keys that take most memory; only with memory = true.")
            .query("topk(10, redis_key_memory_usage_bytes{@target})", "{{target}} {{db}} {{key}}").may_be_empty(NO_KEY)
            .nothing(NO_KEY);
        graph("key-count", "Keys of patterns and groups", Count, "Keys that fit each pattern, and the ten largest groups of keys, in the \
            last whole pass.")
            .query("redis_keys_count{@target}", "{{target}} {{db}} {{key}}").may_be_empty(NO_KEY)
            .query("topk(10, redis_key_group_count{@target})", "{{target}} {{db}} group {{key_group}}").may_be_empty(NO_KEY)
            .nothing(NO_KEY);
        graph("key-scan", "Age of the last pass", Seconds, "How old the numbers of patterns and groups are.")
            .query("redis_key_scan_age_seconds{@target}", "{{target}} {{db}}").may_be_empty(NO_KEY).nothing(NO_KEY);
        graph("stream-lag", "Groups behind their streams", Count, "Entries that were not delivered to a consumer group yet.")
            .alerts("{{target}} {{db}} {{stream}} {{group}}").may_be_empty(NO_STREAM).nothing(NO_STREAM);
        graph("stream-pending", "Oldest pending entry", Seconds, "How long ago the oldest entry was added that a consumer group has not \
            acknowledged.")
            .alerts("{{target}} {{db}} {{stream}} {{group}}").may_be_empty("nothing is pending, or no stream is watched")
            .nothing("nothing is pending");
        graph("stream-entries", "Pending entries", Count, "Entries that were delivered to a consumer group and are not acknowledged.")
            .query("redis_stream_group_messages_pending{@target}", "{{target}} {{db}} {{stream}} {{group}}").may_be_empty(NO_STREAM)
            .nothing(NO_STREAM);
        graph("stream-length", "Length of streams", Count, "Entries of each stream. One that is never trimmed grows for ever.")
            .query("redis_stream_length{@target}", "{{target}} {{db}} {{stream}}").may_be_empty(NO_STREAM).nothing(NO_STREAM);
    }
    "What it works on" folded {
        graph("commands", "Commands", PerSecond, "Commands a second.")
            .query("rate(redis_commands_processed_total{@target}[@rate])", "{{target}}");
        graph("top-commands", "Most frequent commands", PerSecond, "The ten most frequent commands.")
            .query("topk(10, sum by (target, cmd) (rate(redis_commands_total{@target}[@rate])))", "{{target}} {{cmd}}");
        graph("command-time", "Most expensive commands", Ratio, "The ten commands that take most of the time; 100 % is \
            a busy server.")
            .query("topk(10, sum by (target, cmd) (rate(redis_commands_duration_seconds_total{@target}[@rate])))",
                "{{target}} {{cmd}}");
        graph("errors", "Error replies", PerSecond, "Error replies a second by their first word.")
            .query("sum by (target, err) (rate(redis_errors_total{@target}[@rate]))", "{{target}} {{err}}")
                .may_be_empty("no command has failed since the server started");
        graph("network", "Network", BytesPerSecond, "Bytes a second that the server reads and writes.")
            .query("rate(redis_net_input_bytes_total{@target}[@rate])", "{{target}} in")
            .query("rate(redis_net_output_bytes_total{@target}[@rate])", "{{target}} out");
    }
    "Latency by command" folded {
        graph("percentiles", "Slowest commands", Seconds, "99th percentile of the time that the server takes for a command, of the \
            ten slowest, since it started or its statistics were reset.")
            .query("topk(10, redis_latency_percentiles_usec{@target, quantile=\"99\"}) / 1000000", "{{target}} {{cmd}}")
                .may_be_empty("Redis tells it from version 7.0 on")
            .nothing("Redis tells it from version 7.0 on");
        graph("p99", "p99 by command", Seconds, "99th percentile of what the ten slowest commands took in the time that a point of the \
            graph stands for, of the server's histograms.")
            .query("topk(10, histogram_quantile(0.99, sum by (target, cmd, le) \
                (rate(redis_commands_latencies_usec_bucket{@target}[@rate])))) / 1000000", "{{target}} {{cmd}}")
                .may_be_empty("Redis tells it from version 7 on")
            .nothing("Redis tells it from version 7 on");
        graph("spikes", "Latency spikes", Seconds, "Length of the last latency spike of each event that the server watches; \
            latency-monitor-threshold switches it on.")
            .query("redis_latency_spike_duration_seconds{@target}", "{{target}} {{event_name}}")
                .may_be_empty("latency-monitor-threshold is 0, or there was no spike")
            .nothing("none recorded");
        graph("call-time", "Mean time by command", Seconds, "CPU time of one call, of the ten commands that take most for one.")
            .query("topk(10, sum by (target, cmd) (rate(redis_commands_duration_seconds_total{@target}[@rate])) / \
                (sum by (target, cmd) (rate(redis_commands_total{@target}[@rate])) > 0))", "{{target}} {{cmd}}");
        graph("failed-calls", "Failed and rejected calls", PerSecond, "Calls a second that failed, or were refused before they ran, by \
            command.")
            .query("sum by (target, cmd) (rate(redis_commands_failed_calls_total{@target}[@rate])) > 0", "{{target}} {{cmd}} failed")
                .may_be_empty("no call fails")
            .query("sum by (target, cmd) (rate(redis_commands_rejected_calls_total{@target}[@rate])) > 0",
                "{{target}} {{cmd}} rejected").may_be_empty("no call is rejected")
            .nothing("none");
    }
    "Slow log" folded {
        graph("slowlog", "Slow PUBLISH commands", Count, "PUBLISH commands that entered the slow log in the window \
            that the alert looks back, and slow commands a minute of any kind.")
            .alerts("{{target}} publish").may_be_empty("no PUBLISH has been slow since the agent watches")
            .query("60 * sum by (target, cmd) (rate(redis_slowlog_entries_total{@target}[@rate]))",
                "{{target}} {{cmd}} a minute").unit(PerMinute)
                .may_be_empty("no command has been slow since the agent watches");
        graph("slow-time", "Time in slow commands", Ratio, "Part of the time that the server spent in commands which entered the slow \
            log, by command.")
            .query("sum by (target, cmd) (rate(redis_slowlog_duration_seconds_total{@target}[@rate])) > 0", "{{target}} {{cmd}}")
                .may_be_empty("no command has been slow since the agent watches")
            .nothing("no slow command");
        graph("slow-last", "Newest slow command", Seconds, "Duration of the newest entry of the slow log, however old it is.")
            .query("redis_last_slow_execution_duration_seconds{@target}", "{{target}}");
    }
    "Replication" folded {
        timeline("link", "Link to the master", UP, "Of a replica: whether its link to the master is up.")
            .alerts("{{target}}").may_be_empty("only a replica has a master");
        graph("replicas", "Replicas", Count, "Replicas that are connected.")
            .alerts("{{target}}");
        graph("lag", "Lag of the replicas", Seconds, "Time since each replica acknowledged something.")
            .alerts("{{target}} {{slave_ip}}:{{slave_port}}")
                .may_be_empty("no replica is connected");
        graph("backlog", "Replication backlog", Bytes, "What the backlog holds, and its size: a replica that was away for longer than \
            it reaches needs a full synchronisation.")
            .query("redis_repl_backlog_history_bytes{@target}", "{{target}} held")
            .query("redis_replication_backlog_bytes{@target}", "{{target}} size");
        graph("behind", "Bytes behind the master", Bytes, "What each replica has not acknowledged of what its master wrote.")
            .query("-(redis_connected_slave_offset_bytes{@target} - on (target) group_left () redis_master_repl_offset{@target})",
                "{{target}} {{slave_ip}}:{{slave_port}}").may_be_empty("no replica is connected")
            .nothing("no replica is connected");
        graph("resyncs", "Full synchronisations", Count, "Full synchronisations with replicas since the server started.")
            .query("redis_replica_resyncs_full{@target}", "{{target}}");
    }
    "Persistence" folded {
        timeline("last-save", "Last dump and append", FAILED, "Whether the last dump, and the last write to the append \
            only file, succeeded.")
            .query("redis_rdb_last_bgsave_status{@target}", "{{target}} dump")
            .query("redis_aof_last_write_status{@target} and redis_aof_enabled{@target} == 1",
                "{{target}} append only file").may_be_empty("the append only file is switched off");
        graph("writes", "Refused writes", Count, "Whether the server refuses all writes (MISCONF), whether the last write \
            to its append only file succeeded, and writes that were refused for want of replicas in the window that the \
            alert looks back.")
            .alerts("{{target}}").may_be_empty("no write has been refused for want of replicas");
        graph("saves", "Dumps", Unit::None, "Whether the last dump succeeded, and the age of the last one that did, as a \
            multiple of the longest time that the server's save allows for what has changed.")
            .alerts("{{target}}").may_be_empty("nothing has changed since the last dump");
        graph("save-age", "Age of the last dump", Seconds, "Time since the last dump succeeded, where dumps are \
            scheduled.")
            .query("(time() - redis_rdb_last_save_timestamp_seconds{@target}) and \
                redis_config_save_enabled{@target} == 1",
                "{{target}}").may_be_empty("no dumps are scheduled");
        graph("unsaved", "Unsaved changes", Count, "Changes of the data since the last dump: what a crash loses where \
            there is no append only file.")
            .query("redis_rdb_changes_since_last_save{@target}", "{{target}}");
        graph("fork", "Last fork", Seconds, "How long the last fork, for a dump or a rewrite of the append only file, \
            stopped the server.")
            .alerts("{{target}}");
    }
    "Cluster" folded {
        timeline("cluster", "Cluster state", FAILED, "Of a node of a cluster: whether there is a node for each slot.")
            .alerts("{{target}}").may_be_empty(NO_CLUSTER).nothing(NO_CLUSTER);
        graph("cluster-slots", "Hash slots", Count, "Hash slots that belong to a node, and those whose node is failing or suspected \
            to be, as each node sees it.")
            .query("redis_cluster_slots_assigned{@target}", "{{target}} assigned").may_be_empty(NO_CLUSTER)
            .query("redis_cluster_slots_fail{@target}", "{{target}} failing").may_be_empty(NO_CLUSTER)
            .query("redis_cluster_slots_pfail{@target}", "{{target}} suspected").may_be_empty(NO_CLUSTER).nothing(NO_CLUSTER);
        graph("cluster-nodes", "Nodes", Count, "Nodes that each node knows, and primaries that serve slots.")
            .query("redis_cluster_known_nodes{@target}", "{{target}} known").may_be_empty(NO_CLUSTER)
            .query("redis_cluster_size{@target}", "{{target}} primaries").may_be_empty(NO_CLUSTER).nothing(NO_CLUSTER);
    }
    "Cluster, node by node" folded {
        graph("cluster-failing", "Failing nodes", Count, "Nodes that the cluster holds to be failing, as the nodes see it.")
            .alerts("{{target}} {{role}}").may_be_empty(NO_CLUSTER).nothing(NO_CLUSTER);
        graph("unreplicated", "Primaries without replica", Count, "Primaries with hash slots that have no replica which could \
            take over.")
            .alerts("{{target}}").may_be_empty(NO_CLUSTER).nothing(NO_CLUSTER);
        graph("slots-uncovered", "Hash slots without a node", Count, "Hash slots that belong to no node, or to one that fails.")
            .alerts("{{target}}").may_be_empty(NO_CLUSTER).nothing(NO_CLUSTER);
        graph("slots-open", "Open hash slots", Count, "Hash slots on their way from a node (migrating) or to it (importing).")
            .alerts("{{target}} {{direction}}").may_be_empty(NO_CLUSTER).nothing(NO_CLUSTER);
        graph("failovers", "Failovers", Count, "Replicas that were promoted, and masters that Sentinels name anew, in the window \
            that the alert looks back.")
            .alerts("{{target}}").may_be_empty(NO_SENTINEL).nothing(NO_NODES);
    }
    "Sentinel" folded {
        timeline("quorum", "Quorum", UP, "Of a Sentinel: whether enough others are reachable from it to agree on a failover.")
            .alerts("{{target}} {{master_name}}").may_be_empty(NO_SENTINEL).nothing(NO_SENTINEL);
        graph("sentinel-ok", "Reachable peers", Count, "Sentinels and replicas of a master that are not down, as each Sentinel \
            sees them, and the quorum.")
            .query("redis_sentinel_master_ok_sentinels{@target}", "{{target}} {{master_name}} Sentinels").may_be_empty(NO_SENTINEL)
            .query("redis_sentinel_master_ok_slaves{@target}", "{{target}} {{master_name}} replicas").may_be_empty(NO_SENTINEL)
            .query("redis_sentinel_master_setting_ckquorum{@target}", "{{target}} {{master_name}} quorum")
            .may_be_empty(NO_SENTINEL).nothing(NO_SENTINEL);
        timeline("sentinel-status", "Masters", UP, "Whether each Sentinel sees its masters as ok.")
            .query("redis_sentinel_master_status{@target}", "{{target}} {{master_name}}").may_be_empty(NO_SENTINEL)
            .nothing(NO_SENTINEL);
        graph("sentinel-peers", "Sentinels and replicas", Count, "What each Sentinel knows of a master: other Sentinels, itself \
            counted, and replicas.")
            .query("redis_sentinel_master_sentinels{@target}", "{{target}} {{master_name}} Sentinels").may_be_empty(NO_SENTINEL)
            .query("redis_sentinel_master_slaves{@target}", "{{target}} {{master_name}} replicas").may_be_empty(NO_SENTINEL)
            .nothing(NO_SENTINEL);
        graph("tilt", "Sentinel in TILT mode", Count, "Of a Sentinel: whether it trusts nothing that it sees, and starts \
            no failover.")
            .alerts("{{target}}").may_be_empty(NO_SENTINEL).nothing(NO_SENTINEL);
        graph("sentinel", "Masters as Sentinels see them", Count, "Of a Sentinel: whether it takes a master for down, \
            alone (sdown) or with enough others (odown).")
            .alerts("{{target}} {{master_name}}").may_be_empty(NO_SENTINEL).nothing(NO_SENTINEL);
    }
}
