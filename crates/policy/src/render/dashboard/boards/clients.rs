//! The clients of a Redis server: who does not read, who holds connections, who listens to what.

use crate::render::dashboard::spec::Unit::{Bytes, BytesPerSecond, Count, PerMinute, PerSecond, Ratio};

const NO_BUFFER: &str = "no client's replies wait";
const UNCOUNTED: &str = "Redis counts them from version 7.4 on, and before that only its log says it";
const UNNAMED: &str = "the agent knows no pool";

board! {
    "clients", "Clients and pub/sub",
    "Slow subscribers, connections by class, name and pool, limits, and the channels' subscribers.";

    "Slow subscribers" {
        graph("slow", "Slowest readers", Ratio, "How near the server is to cutting off the nearest client of a group: the \
            part of its hard output buffer limit that it fills, or of the time over its soft one that has passed. At \
            100 % it is cut off; until then what it does not read takes memory from the data.")
            .alerts("{{target}} {{client}} {{class}}").may_be_empty(NO_BUFFER)
            .query("redis_client_output_buffer_top_limit_ratio{@target}", "{{target}} {{client}} {{class}} of the hard limit")
                .may_be_empty(NO_BUFFER);
        graph("slow-bytes", "Slowest readers, in bytes", Bytes, "The largest output lists, by client name, else \
            library, else user, else host.")
            .query("redis_client_output_buffer_top_bytes{@target}", "{{target}} {{client}} {{class}}")
                .may_be_empty(NO_BUFFER);
        graph("slow-growth", "Growth of their lists", BytesPerSecond, "How fast the largest output lists grow; below 0 \
            they drain.")
            .query("redis_client_output_buffer_top_growth_bytes_per_second{@target}", "{{target}} {{client}} {{class}}")
                .may_be_empty(NO_BUFFER);
        graph("buffers", "Output lists by class", Bytes, "Replies and messages that wait for all clients of a class \
            together.")
            .query("redis_client_output_buffer_bytes{@target}", "{{target}} {{class}}").stacked();
        graph("over-soft-limit", "Clients over the soft limit", Count, "Clients that Redis will cut off if they stay \
            there.")
            .query("redis_clients_over_soft_output_buffer_limit{@target}", "{{target}} {{class}}");
        graph("cut-off", "Clients cut off", Count, "Clients that Redis closed because of an output buffer over its limit, \
            in the window that the alert looks back, as INFO or its log says; and a minute because of a query buffer.")
            .alerts("{{target}}").may_be_empty(UNCOUNTED)
            .query("60 * rate(redis_client_query_buffer_limit_disconnections_total{@target}[@rate])",
                "{{target}} query buffer a minute").unit(PerMinute).may_be_empty(UNCOUNTED);
    }
    "Connections" {
        graph("connected", "Clients of their limit", Ratio, "Connected clients as a part of maxclients.")
            .alerts("{{target}}");
        graph("rejected", "Refused connections", Count, "Connections refused because maxclients was reached, in the \
            window that the alert looks back.")
            .alerts("{{target}}");
        graph("stale", "Stale connections", Count, "Normal clients that have been idle for longer than stale_after, \
            neither subscribed nor blocked nor in MULTI.")
            .alerts("{{target}}");
        graph("classes", "Connections by class", Count, "normal, blocked, pubsub, replica, monitor and master.")
            .query("redis_clients{@target}", "{{target}} {{class}}").stacked();
        graph("names", "Connections by name", Count, "The most frequent client names; the rest is __other__.")
            .query("redis_clients_by_name{@target}", "{{target}} {{name}}").stacked();
        graph("libraries", "Connections by library", Count, "The most frequent client libraries; the rest is \
            __other__.")
            .query("redis_clients_by_library{@target}", "{{target}} {{lib}}").stacked();
        graph("addresses", "Connections by address", Count, "Where most clients connect from; the rest is __other__.")
            .query("redis_clients_by_address{@target}", "{{target}} {{address}}").stacked();
        graph("users", "Connections by user and database", Count, "The most frequent ACL users, and the databases that \
            their connections selected.")
            .query("redis_clients_by_user{@target}", "{{target}} {{user}}").may_be_empty("Redis tells it from version 6.0 on")
            .query("redis_clients_by_db{@target}", "{{target}} db {{db}}");
        graph("received", "New connections", PerSecond, "Connections a second that the server accepts. Many mean that \
            a client does not keep its own.")
            .query("rate(redis_connections_received_total{@target}[@rate])", "{{target}}");
        graph("blocked", "Blocked clients", Count, "Clients that wait in a blocking command such as BLPOP.")
            .query("redis_blocked_clients{@target}", "{{target}}");
        graph("memory", "Memory of clients", Bytes, "Memory of the clients with all their buffers, by class.")
            .query("redis_client_memory_bytes{@target}", "{{target}} {{class}}")
                .may_be_empty("Redis tells it from version 6.2 on")
            .stacked();
    }
    "Pools" {
        graph("pools", "Usage of pools", Ratio, "Of pools that tell it: connections in use as a part of the most that \
            the pool may open, and callers that wait for one, on the right. Of pools that the server sees: open \
            connections as a part of that most. A pool of redis-py never shrinks: 100 % open means that it was used up \
            once.")
            .alerts("{{target}} {{pool}}").may_be_empty(UNNAMED);
        graph("pool-connections", "Connections of pools", Count, "Of each pool what it tells itself, in use and idle, \
            and what the server sees: open ones, and an estimate of the busy ones.")
            .query("pool_connections{@target}", "{{target}} {{pool}} {{state}}").may_be_empty(UNNAMED)
            .query("pool_open_connections{@target}", "{{target}} {{pool}} open").may_be_empty(UNNAMED)
            .query("pool_busy_connections{@target}", "{{target}} {{pool}} busy").may_be_empty(UNNAMED)
            .query("pool_max_connections{@target}", "{{target}} {{pool}} most").may_be_empty(UNNAMED);
    }
    "Pub/sub" {
        graph("channels", "Channels", Count, "Channels with at least one subscriber, and patterns.")
            .query("redis_pubsub_channels{@target}", "{{target}} channels")
            .query("redis_pubsub_patterns{@target}", "{{target}} patterns");
        graph("subscribers", "Subscribers of channels", Count, "The channels with the most subscribers, of those that \
            the configuration names; the rest is __other__.")
            .query("redis_pubsub_channel_subscribers{@target}", "{{target}} {{channel}}")
                .may_be_empty("the configuration names no channels");
        graph("pattern-subscribers", "Subscribers by pattern", Count, "Subscriptions to all channels that match a \
            configured pattern. 0 means that nobody listens to what is published.")
            .query("redis_pubsub_pattern_subscribers{@target}", "{{target}} {{pattern}}")
                .may_be_empty("the configuration names no channels");
        graph("publishes", "Published messages", PerSecond, "PUBLISH commands a second.")
            .query("sum by (target) (rate(redis_commands_total{@target, cmd=\"publish\"}[@rate]))", "{{target}}")
                .may_be_empty("nothing has been published since the server started");
    }
}
