//! The numbers of the sections Memory and Scripting Engines.

use super::{Field, gauge};
use crate::metric::Unit::{Bytes, Percent, Ratio, UnixSeconds};

pub(super) const FIELDS: &[Field] = &[
    Field::raw(
        "used_memory",
        gauge("redis_memory_used_bytes", "Bytes that the server has allocated.").unit(Bytes).source("INFO memory"),
    ),
    Field::raw(
        "used_memory_rss",
        gauge("redis_memory_used_rss_bytes", "Resident memory of the server as the operating system sees it.")
            .unit(Bytes)
            .source("INFO memory"),
    ),
    Field::raw(
        "used_memory_peak",
        gauge("redis_memory_used_peak_bytes", "Highest value of the allocated bytes so far.")
            .unit(Bytes)
            .source("INFO memory"),
    ),
    Field::raw(
        "used_memory_peak_time",
        gauge("redis_used_memory_peak_time_seconds", "When the allocated bytes had their highest value.")
            .unit(UnixSeconds)
            .source("INFO memory, Redis >= 8.2"),
    ),
    Field::percent(
        "used_memory_peak_perc",
        gauge("redis_used_memory_peak_ratio", "Allocated bytes as a part of their peak.")
            .unit(Ratio)
            .source("INFO memory, Redis >= 4.0"),
    ),
    Field::raw(
        "used_memory_overhead",
        gauge("redis_memory_used_overhead_bytes", "Bytes of the server's own data structures, without the data set.")
            .unit(Bytes)
            .source("INFO memory, Redis >= 4.0"),
    ),
    Field::raw(
        "used_memory_startup",
        gauge("redis_memory_used_startup_bytes", "Bytes that the server had allocated when it started.")
            .unit(Bytes)
            .source("INFO memory, Redis >= 4.0"),
    ),
    Field::raw(
        "used_memory_dataset",
        gauge("redis_memory_used_dataset_bytes", "Bytes of the data set: allocated bytes without the overhead.")
            .unit(Bytes)
            .source("INFO memory, Redis >= 4.0"),
    ),
    Field::percent(
        "used_memory_dataset_perc",
        gauge("redis_used_memory_dataset_ratio", "Bytes of the data set as a part of the net allocated bytes.")
            .unit(Ratio)
            .source("INFO memory, Redis >= 4.0"),
    ),
    Field::raw(
        "used_memory_lua",
        gauge("redis_memory_used_lua_bytes", "Bytes of the Lua engine.").unit(Bytes).source("INFO memory"),
    ),
    Field::raw(
        "used_memory_vm_eval",
        gauge(
            "redis_memory_used_vm_eval_bytes",
            "Bytes of the script engines for EVAL, outside of the allocated bytes.",
        )
        .unit(Bytes)
        .source("INFO memory, Redis >= 7.0"),
    ),
    Field::raw(
        "used_memory_scripts_eval",
        gauge("redis_memory_used_scripts_eval_bytes", "Bytes of the scripts cached for EVAL.")
            .unit(Bytes)
            .source("INFO memory, Redis >= 7.0"),
    ),
    Field::raw(
        "number_of_cached_scripts",
        gauge("redis_number_of_cached_scripts", "Scripts cached for EVAL.").source("INFO memory, Redis >= 4.0"),
    ),
    Field::raw(
        "number_of_functions",
        gauge("redis_number_of_functions", "Functions loaded with FUNCTION LOAD.").source("INFO memory, Redis >= 7.0"),
    ),
    Field::raw(
        "number_of_libraries",
        gauge("redis_number_of_libraries", "Function libraries loaded with FUNCTION LOAD.")
            .source("INFO memory, Redis >= 7.0"),
    ),
    Field::raw(
        "used_memory_vm_functions",
        gauge(
            "redis_memory_used_vm_functions_bytes",
            "Bytes of the script engines for functions, outside of the allocated bytes.",
        )
        .unit(Bytes)
        .source("INFO memory, Redis >= 7.0"),
    ),
    Field::raw(
        "used_memory_vm_total",
        gauge("redis_memory_used_vm_total", "Bytes of all script engines, outside of the allocated bytes.")
            .unit(Bytes)
            .source("INFO memory, Redis >= 7.0"),
    ),
    Field::raw(
        "used_memory_functions",
        gauge("redis_memory_used_functions_bytes", "Bytes of the loaded functions.")
            .unit(Bytes)
            .source("INFO memory, Redis >= 7.0"),
    ),
    Field::raw(
        "used_memory_scripts",
        gauge("redis_memory_used_scripts_bytes", "Bytes of the cached scripts and the loaded functions.")
            .unit(Bytes)
            .source("INFO memory, Redis >= 4.0"),
    ),
    Field::raw(
        "total_system_memory",
        gauge("redis_total_system_memory_bytes", "Memory of the machine that the server runs on.")
            .unit(Bytes)
            .source("INFO memory, Redis >= 3.2"),
    ),
    Field::raw(
        "maxmemory",
        gauge("redis_memory_max_bytes", "Limit on the allocated bytes; 0 means that there is none.")
            .unit(Bytes)
            .source("INFO memory, Redis >= 3.2"),
    ),
    Field::raw(
        "maxmemory_reservation",
        gauge("redis_memory_max_reservation_bytes", "Bytes reserved for what is not the cache.")
            .unit(Bytes)
            .source("INFO memory, Azure Cache"),
    ),
    Field::raw(
        "maxmemory_desired_reservation",
        gauge(
            "redis_memory_max_reservation_desired_bytes",
            "Bytes that are wanted as reserve for what is not the cache.",
        )
        .unit(Bytes)
        .source("INFO memory, Azure Cache"),
    ),
    Field::raw(
        "maxfragmentationmemory_reservation",
        gauge("redis_memory_max_fragmentation_reservation_bytes", "Bytes reserved for fragmentation.")
            .unit(Bytes)
            .source("INFO memory, Azure Cache"),
    ),
    Field::raw(
        "maxfragmentationmemory_desired_reservation",
        gauge(
            "redis_memory_max_fragmentation_reservation_desired_bytes",
            "Bytes that are wanted as reserve for fragmentation.",
        )
        .unit(Bytes)
        .source("INFO memory, Azure Cache"),
    ),
    Field::raw(
        "mem_fragmentation_ratio",
        gauge("redis_mem_fragmentation_ratio", "Resident memory divided by the allocated bytes.")
            .unit(Ratio)
            .source("INFO memory"),
    ),
    Field::raw(
        "mem_fragmentation_bytes",
        gauge("redis_mem_fragmentation_bytes", "Resident memory less the allocated bytes.")
            .unit(Bytes)
            .source("INFO memory, Redis >= 5.0"),
    ),
    Field::raw(
        "mem_not_counted_for_evict",
        gauge("redis_mem_not_counted_for_eviction_bytes", "Bytes that do not count towards the memory limit.")
            .unit(Bytes)
            .source("INFO memory, Redis >= 5.0"),
    ),
    Field::raw(
        "mem_replication_backlog",
        gauge("redis_mem_replication_backlog_bytes", "Bytes of the replication backlog.")
            .unit(Bytes)
            .source("INFO memory, Redis >= 5.0"),
    ),
    Field::raw(
        "mem_total_replication_buffers",
        gauge(
            "redis_mem_total_replication_buffers_bytes",
            "Bytes of the replication backlog and the replicas' output together.",
        )
        .unit(Bytes)
        .source("INFO memory, Redis >= 7.0"),
    ),
    Field::raw(
        "mem_replica_full_sync_buffer",
        gauge(
            "redis_mem_replica_full_sync_buffer_bytes",
            "Bytes that a replica keeps back while it loads a full synchronisation.",
        )
        .unit(Bytes)
        .source("INFO memory, Redis >= 8.0"),
    ),
    Field::raw(
        "mem_replicas_repl_buffer",
        gauge(
            "redis_mem_replicas_repl_buffer_bytes",
            "Bytes that a replica keeps back while it loads a full synchronisation.",
        )
        .unit(Bytes)
        .source("INFO memory, Valkey >= 8.0"),
    ),
    Field::raw(
        "mem_clients_slaves",
        gauge("redis_mem_clients_slaves", "Bytes of the connections of replicas.")
            .unit(Bytes)
            .source("INFO memory, Redis >= 5.0"),
    ),
    Field::raw(
        "mem_clients_normal",
        gauge("redis_mem_clients_normal", "Bytes of the connections of clients.")
            .unit(Bytes)
            .source("INFO memory, Redis >= 5.0"),
    ),
    Field::raw(
        "mem_cluster_links",
        gauge("redis_mem_cluster_links_bytes", "Bytes of the links to other nodes of the cluster.")
            .unit(Bytes)
            .source("INFO memory, Redis >= 7.0"),
    ),
    Field::raw(
        "mem_aof_buffer",
        gauge("redis_mem_aof_buffer_bytes", "Bytes of the buffer of the append only file.")
            .unit(Bytes)
            .source("INFO memory, Redis >= 5.0"),
    ),
    Field::raw(
        "mem_overhead_db_hashtable_rehashing",
        gauge(
            "redis_mem_overhead_db_hashtable_rehashing_bytes",
            "Bytes that growing hash tables of the databases use beside the data.",
        )
        .unit(Bytes)
        .source("INFO memory, Redis >= 7.4"),
    ),
    Field::raw(
        "allocator_allocated",
        gauge("redis_allocator_allocated_bytes", "Bytes allocated from the allocator, with internal fragmentation.")
            .unit(Bytes)
            .source("INFO memory, Redis >= 4.0"),
    ),
    Field::raw(
        "allocator_active",
        gauge("redis_allocator_active_bytes", "Bytes in the allocator's active pages, with external fragmentation.")
            .unit(Bytes)
            .source("INFO memory, Redis >= 4.0"),
    ),
    Field::raw(
        "allocator_resident",
        gauge("redis_allocator_resident_bytes", "Bytes that the allocator holds, with pages it can give back.")
            .unit(Bytes)
            .source("INFO memory, Redis >= 4.0"),
    ),
    Field::raw(
        "allocator_muzzy",
        gauge("redis_allocator_muzzy_bytes", "Bytes that the allocator has marked as free for the operating system.")
            .unit(Bytes)
            .source("INFO memory, Redis >= 7.4"),
    ),
    Field::raw(
        "allocator_frag_ratio",
        gauge("redis_allocator_frag_ratio", "Active bytes of the allocator divided by the allocated ones.")
            .unit(Ratio)
            .source("INFO memory, Redis >= 4.0"),
    ),
    Field::raw(
        "allocator_frag_bytes",
        gauge("redis_allocator_frag_bytes", "Active bytes of the allocator less the allocated ones.")
            .unit(Bytes)
            .source("INFO memory, Redis >= 4.0"),
    ),
    Field::raw(
        "allocator_rss_ratio",
        gauge("redis_allocator_rss_ratio", "Resident bytes of the allocator divided by the active ones.")
            .unit(Ratio)
            .source("INFO memory, Redis >= 4.0"),
    ),
    Field::raw(
        "allocator_rss_bytes",
        gauge("redis_allocator_rss_bytes", "Resident bytes of the allocator less the active ones.")
            .unit(Bytes)
            .source("INFO memory, Redis >= 4.0"),
    ),
    Field::raw(
        "rss_overhead_ratio",
        gauge("redis_rss_overhead_ratio", "Resident memory of the server divided by that of the allocator.")
            .unit(Ratio)
            .source("INFO memory, Redis >= 5.0"),
    ),
    Field::raw(
        "rss_overhead_bytes",
        gauge("redis_rss_overhead_bytes", "Resident memory of the server less that of the allocator.")
            .unit(Bytes)
            .source("INFO memory, Redis >= 5.0"),
    ),
    Field::raw(
        "active_defrag_running",
        gauge("redis_active_defrag_running", "CPU that the active defragmentation means to use now; 0 when it rests.")
            .unit(Percent)
            .source("INFO memory, Redis >= 4.0"),
    ),
    Field::raw(
        "lazyfree_pending_objects",
        gauge("redis_lazyfree_pending_objects", "Objects waiting to be freed in the background.")
            .source("INFO memory, Redis >= 4.0"),
    ),
    Field::raw(
        "lazyfreed_objects",
        gauge("redis_lazyfreed_objects", "Objects freed in the background so far.").source("INFO memory, Redis >= 6.2"),
    ),
    Field::raw(
        "engines_count",
        gauge("redis_scripting_engines_count", "Script engines that are registered.")
            .source("INFO scriptingengines, Valkey >= 9.1"),
    ),
    Field::raw(
        "engines_total_used_memory",
        gauge("redis_scripting_engines_memory_used_bytes", "Bytes that all script engines use.")
            .unit(Bytes)
            .source("INFO scriptingengines, Valkey >= 9.1"),
    ),
    Field::raw(
        "engines_total_memory_overhead",
        gauge(
            "redis_scripting_engines_memory_overhead_bytes",
            "Bytes of the server's own structures for all script engines.",
        )
        .unit(Bytes)
        .source("INFO scriptingengines, Valkey >= 9.1"),
    ),
];
