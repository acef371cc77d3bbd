//! Pools, queues, and the cache: what the documents of such services name, and what several collectors see.

use crate::metrics;

metrics! {
    pub(super) fn metrics;
    pub POOL_CONNECTIONS: gauge "pool_connections" ["pool", "state"] Count,
        "Open connections of a connection pool by state, as the pool itself tells them: in_use or idle.",
        "pool endpoint, log line of the pool";
    pub POOL_MAX_CONNECTIONS: gauge "pool_max_connections" ["pool"] Count,
        "Maximum number of connections that a connection pool may open.", "configuration, pool endpoint, log line of the pool";
    pub POOL_USAGE_RATIO: gauge "pool_usage_ratio" ["pool"] Ratio,
        "Connections of a connection pool in use, as a fraction of the maximum, as the pool itself tells them.",
        "pool endpoint, log line of the pool";
    pub POOL_OPEN_CONNECTIONS: gauge "pool_open_connections" ["pool"] Count,
        "Connections of a pool that are open at the server, taken by the application or not.", "CLIENT LIST";
    pub POOL_OPEN_RATIO: gauge "pool_open_ratio" ["pool"] Ratio,
        "Open connections of a pool, as a fraction of the maximum. A pool of redis-py never shrinks: there 1 means that \
         it was used up once, no more.", "CLIENT LIST, the configured max";
    pub POOL_BUSY_CONNECTIONS: gauge "pool_busy_connections" ["pool"] Count,
        "An estimate: open connections of a pool that are blocked, subscribed, in MULTI, or ran a command since the \
         previous poll; at the first poll and where the server does not count commands: ran one within idle_after, up \
         to a second more. A connection that is taken and silent is not among them; one that was used for a \
         millisecond is.", "CLIENT LIST flags, sub, psub, ssub, multi; tot-cmds, Valkey >= 8.0 or Redis >= 8.2; else idle";
    pub POOL_WAITING: gauge "pool_waiting" ["pool"] Count,
        "Callers waiting for a connection of the pool.", "pool endpoint";
    pub QUEUE_SIZE: gauge "queue_size" ["queue"] Count,
        "Items in a queue that wait to be taken: of Celery in the lists of all priorities, of BullMQ those that are paused or \
         prioritized too. Of the channels of processes that a group of channels_redis leads to, those in the fullest one.",
        "[[redis.queue]]: LLEN, ZCARD; queue endpoint";
    pub QUEUE_CAPACITY: gauge "queue_capacity" ["queue"] Count, "Items that a queue can hold.",
        "[[redis.queue]]: capacity and channel_capacity; queue endpoint";
    pub QUEUE_OLDEST: gauge "queue_oldest_seconds" ["queue"] Seconds,
        "How long the job that is next has waited, by the agent's clock and that of whoever put it there; absent while \
         none waits.", "[[redis.queue]]: enqueued_at of the RQ job, timestamp of the BullMQ job; queue endpoint";
    pub QUEUE_WORKERS: gauge "queue_workers" ["queue"] Count,
        "Workers of a queue. Of Celery they are the clients whose last command is BRPOP in the queue's database: they may wait \
         for other queues too; absent where that cannot be told.",
        "[[redis.queue]]: rq:workers and EXISTS; CLIENT LIST name, cmd, db, psub; queue endpoint";
    pub QUEUE_UNACKED: gauge "queue_unacked" ["queue"] Count,
        "Jobs that workers have taken and not finished. Celery keeps them by database: where several of its queues are \
         configured there, queue is __all__.",
        "[[redis.queue]]: HLEN unacked, ZCARD rq:wip, LLEN active; queue endpoint";
    pub QUEUE_PREFETCH: gauge "queue_prefetch" ["queue"] Count,
        "Jobs that the workers of a queue may hold at a time, all together.", "queue endpoint";
    pub QUEUE_FAILED: gauge "queue_failed" ["queue"] Count,
        "Failed jobs that the queue still keeps.", "[[redis.queue]]: ZCARD rq:failed, ZCARD failed; queue endpoint";
    pub QUEUE_DROPPED: counter "queue_items_dropped_total" ["queue"] Count,
        "Items lost because the queue was full.", "queue endpoint";
    pub CELERY_QUEUE_LENGTH: gauge "celery_queue_length" ["queue_name"] Count,
        "queue_size of a Celery queue, under celery-exporter's name: jobs in the lists of all priorities, without those that \
         workers hold.", "[[redis.queue]]: LLEN";
    pub CACHE_HITS: counter "redis_cache_hits" [] Count,
        "Lookups of the service's cache that found their key.", "cache statistics endpoint";
    pub CACHE_MISSES: counter "redis_cache_misses" [] Count,
        "Lookups of the service's cache that did not find their key; with Redis gone, many services count every \
         lookup here.", "cache statistics endpoint";
    pub CACHE_ERRORS: counter "redis_cache_errors" [] Count,
        "Failed operations of the service's cache.", "cache statistics endpoint";
    pub CACHE_SETS: counter "redis_cache_sets" [] Count, "Writes of the service's cache.", "cache statistics endpoint";
    pub CACHE_HIT_RATIO: gauge "redis_cache_hit_ratio" [] Ratio,
        "Fraction of key lookups that found their key, over the window of redis_cache_hit_ratio_window_seconds; \
         absent without lookups in it.", "INFO stats: keyspace_hits and keyspace_misses; cache statistics endpoint";
    pub CACHE_HIT_RATIO_WINDOW: gauge "redis_cache_hit_ratio_window_seconds" [] Seconds,
        "The time over which redis_cache_hit_ratio is computed.", "the configuration of the agent";
    pub CACHE_LOOKUP_RATE: gauge "redis_cache_lookups_per_second" [] PerSecond,
        "Key lookups a second, over the window of redis_cache_hit_ratio_window_seconds: what the hit ratio is worth.",
        "INFO stats: keyspace_hits and keyspace_misses; cache statistics endpoint";
    pub CONNECTION_STATUS: gauge "redis_connection_status" [] Bool,
        "Whether Redis answers: 1 connected, 0 not. Of a Redis target it is what the agent sees, of a service what \
         the service says.", "poll; health endpoint";
    pub PING_MS: gauge "redis_ping_ms" [] Milliseconds,
        "Mean round trip to Redis in milliseconds: of a Redis target the PINGs of the agent's last poll, of a service \
         its own measurement.", "PING; health endpoint";
}
