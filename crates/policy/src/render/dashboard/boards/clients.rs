//! The clients of a Redis server: who does not read, who holds connections, who listens to what.

use crate::render::dashboard::spec::{Board, Panel, Row, Unit};

const NO_BUFFER: &str = "no client's replies wait";
const UNNAMED: &str = "the agent knows no pool";

pub(super) fn board() -> Board {
    Board {
        name: "clients",
        title: "Clients and pub/sub",
        about: "Slow subscribers, connections by class, name and pool, limits, and the channels' subscribers.",
        rows: vec![
            Row { title: "Slow subscribers", panels: slow() },
            Row { title: "Connections", panels: connections() },
            Row { title: "Pools", panels: pools() },
            Row { title: "Pub/sub", panels: channels() },
        ],
    }
}

fn slow() -> Vec<Panel> {
    vec![
        Panel::graph("slow", "Slowest readers, of their limit", Unit::Ratio)
            .about(
                "The part of its hard output buffer limit that the largest list of a group of clients fills. At \
                 100 % Redis cuts the client off; until then the list takes memory from the data.",
            )
            .alerts("{{target}} {{client}} {{class}}")
            .may_be_empty(NO_BUFFER),
        Panel::graph("slow-bytes", "Slowest readers, in bytes", Unit::Bytes)
            .about("The largest output lists, by client name, else library, else user, else host.")
            .query("redis_client_output_buffer_top_bytes{@target}", "{{target}} {{client}} {{class}}")
            .may_be_empty(NO_BUFFER),
        Panel::graph("slow-growth", "Growth of their lists", Unit::BytesPerSecond)
            .about("How fast the largest output lists grow; below 0 they drain.")
            .query("redis_client_output_buffer_top_growth_bytes_per_second{@target}", "{{target}} {{client}} {{class}}")
            .may_be_empty(NO_BUFFER),
        Panel::graph("buffers", "Output lists by class", Unit::Bytes)
            .about("Replies and messages that wait for all clients of a class together.")
            .query("redis_client_output_buffer_bytes{@target}", "{{target}} {{class}}")
            .stacked(),
        Panel::graph("over-soft-limit", "Clients over the soft limit", Unit::Count)
            .about("Clients that Redis will cut off if they stay there.")
            .query("redis_clients_over_soft_output_buffer_limit{@target}", "{{target}} {{class}}"),
        Panel::graph("cut-off", "Clients cut off", Unit::PerMinute)
            .about("Clients a minute that Redis closed because of an output or a query buffer over its limit.")
            .query(
                "60 * rate(redis_client_output_buffer_limit_disconnections_total{@target}[$__rate_interval])",
                "{{target}} output",
            )
            .may_be_empty("Redis counts them from version 7.4 on")
            .query(
                "60 * rate(redis_client_query_buffer_limit_disconnections_total{@target}[$__rate_interval])",
                "{{target}} query",
            )
            .may_be_empty("Redis counts them from version 7.4 on"),
    ]
}

fn connections() -> Vec<Panel> {
    vec![
        Panel::graph("connected", "Clients of their limit", Unit::Ratio)
            .about("Connected clients as a part of maxclients.")
            .alerts("{{target}}"),
        Panel::graph("rejected", "Refused connections", Unit::Count)
            .about("Connections refused because maxclients was reached, in the window that the alert looks back.")
            .alerts("{{target}}"),
        Panel::graph("stale", "Stale connections", Unit::Count)
            .about(
                "Normal clients that have been idle for longer than stale_after, neither subscribed nor blocked \
                 nor in MULTI.",
            )
            .alerts("{{target}}"),
        Panel::graph("classes", "Connections by class", Unit::Count)
            .about("normal, blocked, pubsub, replica, monitor and master.")
            .query("redis_clients{@target}", "{{target}} {{class}}")
            .stacked(),
        Panel::graph("names", "Connections by name", Unit::Count)
            .about("The most frequent client names; the rest is __other__.")
            .query("redis_clients_by_name{@target}", "{{target}} {{name}}")
            .stacked(),
        Panel::graph("libraries", "Connections by library", Unit::Count)
            .about("The most frequent client libraries; the rest is __other__.")
            .query("redis_clients_by_library{@target}", "{{target}} {{lib}}")
            .stacked(),
        Panel::graph("received", "New connections", Unit::PerSecond)
            .about("Connections a second that the server accepts. Many mean that a client does not keep its own.")
            .query("rate(redis_connections_received_total{@target}[$__rate_interval])", "{{target}}"),
        Panel::graph("blocked", "Blocked clients", Unit::Count)
            .about("Clients that wait in a blocking command such as BLPOP.")
            .query("redis_blocked_clients{@target}", "{{target}}"),
        Panel::graph("memory", "Memory of clients", Unit::Bytes)
            .about("Memory of the clients with all their buffers, by class.")
            .query("redis_client_memory_bytes{@target}", "{{target}} {{class}}")
            .may_be_empty("Redis tells it from version 6.2 on")
            .stacked(),
    ]
}

fn pools() -> Vec<Panel> {
    vec![
        Panel::graph("pools", "Usage of pools", Unit::Ratio)
            .about(
                "Connections in use as a part of the most that the pool may open, and callers that wait for one, \
                 on the right.",
            )
            .alerts("{{target}} {{pool}}")
            .may_be_empty(UNNAMED),
        Panel::graph("pool-connections", "Connections of pools", Unit::Count)
            .about("Open connections of each pool, in use and idle.")
            .query("pool_connections{@target}", "{{target}} {{pool}} {{state}}")
            .may_be_empty(UNNAMED)
            .query("pool_max_connections{@target}", "{{target}} {{pool}} most")
            .may_be_empty(UNNAMED),
    ]
}

fn channels() -> Vec<Panel> {
    vec![
        Panel::graph("channels", "Channels", Unit::Count)
            .about("Channels with at least one subscriber, and patterns.")
            .query("redis_pubsub_channels{@target}", "{{target}} channels")
            .query("redis_pubsub_patterns{@target}", "{{target}} patterns"),
        Panel::graph("subscribers", "Subscribers of channels", Unit::Count)
            .about(
                "The channels with the most subscribers, of those that the configuration names; the rest is \
                 __other__.",
            )
            .query("redis_pubsub_channel_subscribers{@target}", "{{target}} {{channel}}")
            .may_be_empty("the configuration names no channels"),
        Panel::graph("pattern-subscribers", "Subscribers by pattern", Unit::Count)
            .about(
                "Subscriptions to all channels that match a configured pattern. 0 means that nobody listens to \
                 what is published.",
            )
            .query("redis_pubsub_pattern_subscribers{@target}", "{{target}} {{pattern}}")
            .may_be_empty("the configuration names no channels"),
        Panel::graph("publishes", "Published messages", Unit::PerSecond)
            .about("PUBLISH commands a second.")
            .query(
                "sum by (target) (rate(redis_commands_total{@target, \
                 cmd=\"publish\"}[$__rate_interval]))",
                "{{target}}",
            )
            .may_be_empty("nothing has been published since the server started"),
    ]
}
