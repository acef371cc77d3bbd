//! A Redis server: whether it answers, what its memory does, what it works on.

use crate::render::dashboard::spec::{Board, Panel, Row, State, UP, Unit};

const FAILED: &[State] = &[(0, "failed", "red"), (1, "ok", "green")];
const WITHOUT_LIMIT: &str = "a server without maxmemory has no share of it";

pub(super) fn board() -> Board {
    Board {
        name: "redis",
        title: "Redis",
        about: "Latency, memory, commands, evictions, replication and persistence of each Redis server.",
        rows: vec![
            Row { title: "Does it answer", panels: reachable() },
            Row { title: "Memory", panels: memory() },
            Row { title: "Keys and cache", panels: keys() },
            Row { title: "What it works on", panels: commands() },
            Row { title: "Replication and persistence", panels: durability() },
        ],
    }
}

fn reachable() -> Vec<Panel> {
    vec![
        Panel::timeline("up", "Reachable", UP)
            .about(
                "Whether the agent's last poll of the server succeeded: it could be reached, took the password \
                 and answered INFO.",
            )
            .alerts("{{target}}"),
        Panel::graph("ping", "PING", Unit::Milliseconds)
            .about(
                "Mean and longest round trip of the PINGs of a poll. Of a service it is what the service measures \
                 itself.",
            )
            .alerts("{{target}}")
            .query("redis_ping_max_ms{@target}", "{{target}} longest"),
        Panel::graph("canary", "Publish canary", Unit::Seconds)
            .about(
                "Time from PUBLISH of a message of the agent to its arrival on the agent's subscription, and \
                 whether it arrived at all. It sees trouble that PING does not. Only of targets with canary = \
                 true.",
            )
            .alerts("{{target}}"),
        Panel::graph("lost-canaries", "Lost canaries", Unit::PerMinute)
            .about("Canaries a minute that did not arrive within the deadline of a poll.")
            .query("60 * rate(redis_publish_canaries_lost_total{@target}[$__rate_interval])", "{{target}}"),
        Panel::graph("uptime", "Uptime", Unit::Seconds)
            .about("Time since the server started. A step down is a restart.")
            .query("redis_uptime_in_seconds{@target}", "{{target}}"),
        Panel::graph("cpu", "CPU", Unit::Ratio)
            .about("CPU time of the server; 100 % is one core. Redis runs commands on one core only.")
            .query("rate(redis_cpu_user_seconds_total{@target}[$__rate_interval])", "{{target}} user")
            .query("rate(redis_cpu_sys_seconds_total{@target}[$__rate_interval])", "{{target}} system"),
    ]
}

fn memory() -> Vec<Panel> {
    vec![
        Panel::graph("memory", "Memory of its limit", Unit::Ratio)
            .about("Allocated bytes as a part of maxmemory; nothing where maxmemory is 0, which is no limit.")
            .alerts("{{target}}")
            .may_be_empty(WITHOUT_LIMIT),
        Panel::graph("memory-bytes", "Memory in bytes", Unit::Bytes)
            .about("Allocated and resident bytes, the data set's part, and the limit.")
            .query("redis_memory_used_bytes{@target}", "{{target}} used")
            .query("redis_memory_used_rss_bytes{@target}", "{{target}} resident")
            .query("redis_memory_used_dataset_bytes{@target}", "{{target}} data set")
            .query("redis_memory_max_bytes{@target} > 0", "{{target}} limit")
            .may_be_empty(WITHOUT_LIMIT),
        Panel::graph("memory-forecast", "Time until the memory is full", Unit::Seconds)
            .about(
                "When maxmemory is reached if memory goes on growing as in the last hour; nothing while it does \
                 not grow.",
            )
            .alerts("{{target}}")
            .may_be_empty("memory that does not grow is never full")
            .nothing("not growing"),
        Panel::graph("fragmentation", "Fragmentation", Unit::None)
            .about(
                "Resident by allocated memory. A small server is always fragmented, so its bytes count as well: \
                 they are on the right.",
            )
            .alerts("{{target}}")
            .query("redis_mem_fragmentation_bytes{@target}", "{{target}} bytes")
            .unit(Unit::Bytes),
        Panel::graph("evictions", "Evicted keys", Unit::PerSecond)
            .about(
                "Keys a second that were thrown away because of the memory limit, over the window that the alert \
                 looks back.",
            )
            .alerts("{{target}}"),
        Panel::graph("memory-of-clients", "Memory beside the data", Unit::Bytes)
            .about("What clients, replicas, scripts and the append only file take of the memory.")
            .query("redis_mem_clients_normal{@target}", "{{target}} clients")
            .query("redis_mem_clients_slaves{@target}", "{{target}} replicas")
            .query("redis_memory_used_scripts_bytes{@target}", "{{target}} scripts")
            .query("redis_mem_aof_buffer_bytes{@target}", "{{target}} append only file")
            .stacked(),
    ]
}

fn keys() -> Vec<Panel> {
    vec![
        Panel::graph("hit-ratio", "Cache hit ratio", Unit::Ratio)
            .about(
                "Part of the lookups that found their key: of a server by its own counters, of a service as its \
                 cache says. Nothing without lookups.",
            )
            .alerts("{{target}}")
            .max(1.0),
        Panel::graph("cache-errors", "Cache errors", Unit::PerMinute)
            .about("Operations of a service's cache that failed, a minute, over the window that the alert looks back.")
            .alerts("{{target}}"),
        Panel::graph("lookups", "Hits and misses", Unit::PerSecond)
            .about("Lookups a second in the server, and in the caches of services.")
            .query("rate(redis_keyspace_hits_total{@target}[$__rate_interval])", "{{target}} hits")
            .query("rate(redis_keyspace_misses_total{@target}[$__rate_interval])", "{{target}} misses")
            .query("rate(redis_cache_hits{@target}[$__rate_interval])", "{{target}} cache hits")
            .query("rate(redis_cache_misses{@target}[$__rate_interval])", "{{target}} cache misses"),
        Panel::graph("keys", "Keys", Unit::Count)
            .about("Keys by database.")
            .query("redis_db_keys{@target} > 0", "{{target}} {{db}}"),
        Panel::graph("expiring", "Keys with an expiry", Unit::Ratio)
            .about(
                "Part of the keys that will expire. A cache should be at 100 %: what never expires is never given \
                 back.",
            )
            .query("redis_db_keys_expiring{@target} / (redis_db_keys{@target} > 0)", "{{target}} {{db}}")
            .max(1.0),
        Panel::graph("expired", "Expired keys", Unit::PerSecond)
            .about("Keys a second that reached the end of their time.")
            .query("rate(redis_expired_keys_total{@target}[$__rate_interval])", "{{target}}"),
    ]
}

fn commands() -> Vec<Panel> {
    vec![
        Panel::graph("commands", "Commands", Unit::PerSecond)
            .about("Commands a second.")
            .query("rate(redis_commands_processed_total{@target}[$__rate_interval])", "{{target}}"),
        Panel::graph("top-commands", "Most frequent commands", Unit::PerSecond)
            .about("The ten most frequent commands.")
            .query(
                "topk(10, sum by (target, cmd) \
                 (rate(redis_commands_total{@target}[$__rate_interval])))",
                "{{target}} {{cmd}}",
            ),
        Panel::graph("command-time", "Most expensive commands", Unit::Ratio)
            .about("The ten commands that take most of the time; 100 % is a busy server.")
            .query(
                "topk(10, sum by (target, cmd) \
                 (rate(redis_commands_duration_seconds_total{@target}[$__rate_interval])))",
                "{{target}} {{cmd}}",
            ),
        Panel::graph("slowlog", "Slow PUBLISH commands", Unit::Count)
            .about(
                "PUBLISH commands that entered the slow log in the window that the alert looks back, and slow \
                 commands a minute of any kind.",
            )
            .alerts("{{target}} {{cmd}}")
            .may_be_empty("no PUBLISH has been slow since the agent watches")
            .query(
                "60 * sum by (target, cmd) \
                 (rate(redis_slowlog_entries_total{@target}[$__rate_interval]))",
                "{{target}} {{cmd}} a minute",
            )
            .unit(Unit::PerMinute)
            .may_be_empty("no command has been slow since the agent watches"),
        Panel::graph("errors", "Error replies", Unit::PerSecond)
            .about("Error replies a second by their first word.")
            .query("sum by (target, err) (rate(redis_errors_total{@target}[$__rate_interval]))", "{{target}} {{err}}")
            .may_be_empty("no command has failed since the server started"),
        Panel::graph("network", "Network", Unit::BytesPerSecond)
            .about("Bytes a second that the server reads and writes.")
            .query("rate(redis_net_input_bytes_total{@target}[$__rate_interval])", "{{target}} in")
            .query("rate(redis_net_output_bytes_total{@target}[$__rate_interval])", "{{target}} out"),
    ]
}

fn durability() -> Vec<Panel> {
    vec![
        Panel::timeline("link", "Link to the master", UP)
            .about("Of a replica: whether its link to the master is up.")
            .query("redis_master_link_up{@target}", "{{target}}")
            .may_be_empty("only a replica has a master"),
        Panel::graph("replicas", "Replicas", Unit::Count)
            .about("Replicas that are connected.")
            .query("redis_connected_slaves{@target}", "{{target}}"),
        Panel::graph("lag", "Lag of the replicas", Unit::Seconds)
            .about("Time since each replica acknowledged something.")
            .query("redis_connected_slave_lag_seconds{@target}", "{{target}} {{slave_ip}}:{{slave_port}}")
            .may_be_empty("no replica is connected"),
        Panel::timeline("last-save", "Last dump and append", FAILED)
            .about("Whether the last dump, and the last write to the append only file, succeeded.")
            .query("redis_rdb_last_bgsave_status{@target}", "{{target}} dump")
            .query(
                "redis_aof_last_write_status{@target} and redis_aof_enabled{@target} == 1",
                "{{target}} append only file",
            )
            .may_be_empty("the append only file is switched off"),
        Panel::graph("save-age", "Age of the last dump", Unit::Seconds)
            .about("Time since the last dump succeeded, where dumps are scheduled.")
            .query(
                "(time() - redis_rdb_last_save_timestamp_seconds{@target}) and redis_config_save_enabled{@target} == 1",
                "{{target}}",
            )
            .may_be_empty("no dumps are scheduled"),
        Panel::graph("unsaved", "Unsaved changes", Unit::Count)
            .about("Changes of the data since the last dump: what a crash loses where there is no append only file.")
            .query("redis_rdb_changes_since_last_save{@target}", "{{target}}"),
    ]
}
