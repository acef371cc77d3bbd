//! The numbers of the sections Memory and Scripting Engines.

use super::Field::{self, Percent, Raw};
use crate::metric::metrics;

metrics! {
    pub(super) fn metrics;
    pub(super) const FIELDS: [(Field, Metric<0>)];
    Raw("used_memory") => gauge "redis_memory_used_bytes" [] Bytes,
        "Bytes that the server has allocated.", "INFO memory";
    Raw("used_memory_rss") => gauge "redis_memory_used_rss_bytes" [] Bytes,
        "Resident memory of the server as the operating system sees it.", "INFO memory";
    Raw("used_memory_peak") => gauge "redis_memory_used_peak_bytes" [] Bytes,
        "Highest value of the allocated bytes so far.", "INFO memory";
    Raw("used_memory_peak_time") => gauge "redis_used_memory_peak_time_seconds" [] UnixSeconds,
        "When the allocated bytes had their highest value.", "INFO memory, Redis >= 8.2";
    Percent("used_memory_peak_perc") => gauge "redis_used_memory_peak_ratio" [] Ratio,
        "Allocated bytes as a fraction of their peak.", "INFO memory, Redis >= 4.0";
    Raw("used_memory_overhead") => gauge "redis_memory_used_overhead_bytes" [] Bytes,
        "Bytes of the server's own data structures, without the data set.", "INFO memory, Redis >= 4.0";
    Raw("used_memory_startup") => gauge "redis_memory_used_startup_bytes" [] Bytes,
        "Bytes that the server had allocated when it started.", "INFO memory, Redis >= 4.0";
    Raw("used_memory_dataset") => gauge "redis_memory_used_dataset_bytes" [] Bytes,
        "Bytes of the data set: allocated bytes without the overhead.", "INFO memory, Redis >= 4.0";
    Percent("used_memory_dataset_perc") => gauge "redis_used_memory_dataset_ratio" [] Ratio,
        "Bytes of the data set as a fraction of the net allocated bytes.", "INFO memory, Redis >= 4.0";
    Raw("used_memory_lua") => gauge "redis_memory_used_lua_bytes" [] Bytes, "Bytes of the Lua engine.", "INFO memory";
    Raw("used_memory_vm_eval") => gauge "redis_memory_used_vm_eval_bytes" [] Bytes,
        "Bytes of the script engines for EVAL, not part of the allocated bytes.", "INFO memory, Redis >= 7.0";
    Raw("used_memory_scripts_eval") => gauge "redis_memory_used_scripts_eval_bytes" [] Bytes,
        "Bytes of the scripts cached for EVAL.", "INFO memory, Redis >= 7.0";
    Raw("number_of_cached_scripts") => gauge "redis_number_of_cached_scripts" [] Count,
        "Scripts cached for EVAL.", "INFO memory, Redis >= 4.0";
    Raw("number_of_functions") => gauge "redis_number_of_functions" [] Count,
        "Functions loaded with FUNCTION LOAD.", "INFO memory, Redis >= 7.0";
    Raw("number_of_libraries") => gauge "redis_number_of_libraries" [] Count,
        "Function libraries loaded with FUNCTION LOAD.", "INFO memory, Redis >= 7.0";
    Raw("used_memory_vm_functions") => gauge "redis_memory_used_vm_functions_bytes" [] Bytes,
        "Bytes of the script engines for functions, not part of the allocated bytes.", "INFO memory, Redis >= 7.0";
    Raw("used_memory_vm_total") => gauge "redis_memory_used_vm_total" [] Bytes,
        "Bytes of all script engines, not part of the allocated bytes.", "INFO memory, Redis >= 7.0";
    Raw("used_memory_functions") => gauge "redis_memory_used_functions_bytes" [] Bytes,
        "Bytes of the loaded functions.", "INFO memory, Redis >= 7.0";
    Raw("used_memory_scripts") => gauge "redis_memory_used_scripts_bytes" [] Bytes,
        "Bytes of the cached scripts and the loaded functions.", "INFO memory, Redis >= 4.0";
    Raw("total_system_memory") => gauge "redis_total_system_memory_bytes" [] Bytes,
        "Memory of the machine that the server runs on.", "INFO memory, Redis >= 3.2";
    Raw("maxmemory") => gauge "redis_memory_max_bytes" [] Bytes,
        "Limit on the allocated bytes; 0 means that there is none.", "INFO memory, Redis >= 3.2";
    Raw("maxmemory_reservation") => gauge "redis_memory_max_reservation_bytes" [] Bytes,
        "Bytes reserved for uses other than the cache.", "INFO memory, Azure Cache";
    Raw("maxmemory_desired_reservation") => gauge "redis_memory_max_reservation_desired_bytes" [] Bytes,
        "Bytes wanted as a reserve for uses other than the cache.", "INFO memory, Azure Cache";
    Raw("maxfragmentationmemory_reservation") => gauge "redis_memory_max_fragmentation_reservation_bytes" [] Bytes,
        "Bytes reserved for fragmentation.", "INFO memory, Azure Cache";
    Raw("maxfragmentationmemory_desired_reservation") => gauge "redis_memory_max_fragmentation_reservation_desired_bytes" [] Bytes,
        "Bytes wanted as a reserve for fragmentation.", "INFO memory, Azure Cache";
    Raw("mem_fragmentation_ratio") => gauge "redis_mem_fragmentation_ratio" [] Ratio,
        "Resident memory divided by the allocated bytes.", "INFO memory";
    Raw("mem_fragmentation_bytes") => gauge "redis_mem_fragmentation_bytes" [] Bytes,
        "Resident memory less the allocated bytes.", "INFO memory, Redis >= 5.0";
    Raw("mem_not_counted_for_evict") => gauge "redis_mem_not_counted_for_eviction_bytes" [] Bytes,
        "Bytes that do not count towards the memory limit.", "INFO memory, Redis >= 5.0";
    Raw("mem_replication_backlog") => gauge "redis_mem_replication_backlog_bytes" [] Bytes,
        "Bytes of the replication backlog.", "INFO memory, Redis >= 5.0";
    Raw("mem_total_replication_buffers") => gauge "redis_mem_total_replication_buffers_bytes" [] Bytes,
        "Bytes of the replication backlog and the replicas' output together.", "INFO memory, Redis >= 7.0";
    Raw("mem_replica_full_sync_buffer") => gauge "redis_mem_replica_full_sync_buffer_bytes" [] Bytes,
        "Bytes that a replica holds back while it loads a full synchronisation.", "INFO memory, Redis >= 8.0";
    Raw("mem_replicas_repl_buffer") => gauge "redis_mem_replicas_repl_buffer_bytes" [] Bytes,
        "Bytes that a replica holds back while it loads a full synchronisation.", "INFO memory, Valkey >= 8.0";
    Raw("mem_clients_slaves") => gauge "redis_mem_clients_slaves" [] Bytes,
        "Bytes of the connections of replicas.", "INFO memory, Redis >= 5.0";
    Raw("mem_clients_normal") => gauge "redis_mem_clients_normal" [] Bytes,
        "Bytes of the connections of clients.", "INFO memory, Redis >= 5.0";
    Raw("mem_cluster_links") => gauge "redis_mem_cluster_links_bytes" [] Bytes,
        "Bytes of the links to other nodes of the cluster.", "INFO memory, Redis >= 7.0";
    Raw("mem_aof_buffer") => gauge "redis_mem_aof_buffer_bytes" [] Bytes,
        "Bytes of the buffer of the append only file.", "INFO memory, Redis >= 5.0";
    Raw("mem_overhead_db_hashtable_rehashing") => gauge "redis_mem_overhead_db_hashtable_rehashing_bytes" [] Bytes,
        "Bytes that growing hash tables of the databases use beside the data.", "INFO memory, Redis >= 7.4";
    Raw("allocator_allocated") => gauge "redis_allocator_allocated_bytes" [] Bytes,
        "Bytes allocated from the allocator, with internal fragmentation.", "INFO memory, Redis >= 4.0";
    Raw("allocator_active") => gauge "redis_allocator_active_bytes" [] Bytes,
        "Bytes in the allocator's active pages, with external fragmentation.", "INFO memory, Redis >= 4.0";
    Raw("allocator_resident") => gauge "redis_allocator_resident_bytes" [] Bytes,
        "Bytes that the allocator holds, with pages it can give back.", "INFO memory, Redis >= 4.0";
    Raw("allocator_muzzy") => gauge "redis_allocator_muzzy_bytes" [] Bytes,
        "Bytes that the allocator has marked as free for the operating system.", "INFO memory, Redis >= 7.4";
    Raw("allocator_frag_ratio") => gauge "redis_allocator_frag_ratio" [] Ratio,
        "Active bytes of the allocator divided by the allocated ones.", "INFO memory, Redis >= 4.0";
    Raw("allocator_frag_bytes") => gauge "redis_allocator_frag_bytes" [] Bytes,
        "Active bytes of the allocator less the allocated ones.", "INFO memory, Redis >= 4.0";
    Raw("allocator_rss_ratio") => gauge "redis_allocator_rss_ratio" [] Ratio,
        "Resident bytes of the allocator divided by the active ones.", "INFO memory, Redis >= 4.0";
    Raw("allocator_rss_bytes") => gauge "redis_allocator_rss_bytes" [] Bytes,
        "Resident bytes of the allocator less the active ones.", "INFO memory, Redis >= 4.0";
    Raw("rss_overhead_ratio") => gauge "redis_rss_overhead_ratio" [] Ratio,
        "Resident memory of the server divided by that of the allocator.", "INFO memory, Redis >= 5.0";
    Raw("rss_overhead_bytes") => gauge "redis_rss_overhead_bytes" [] Bytes,
        "Resident memory of the server less that of the allocator.", "INFO memory, Redis >= 5.0";
    Raw("active_defrag_running") => gauge "redis_active_defrag_running" [] Percent,
        "CPU that active defragmentation aims to use now; 0 when it is idle.", "INFO memory, Redis >= 4.0";
    Raw("lazyfree_pending_objects") => gauge "redis_lazyfree_pending_objects" [] Count,
        "Objects waiting to be freed in the background.", "INFO memory, Redis >= 4.0";
    Raw("lazyfreed_objects") => gauge "redis_lazyfreed_objects" [] Count,
        "Objects freed in the background so far.", "INFO memory, Redis >= 6.2";
    Raw("engines_count") => gauge "redis_scripting_engines_count" [] Count,
        "Script engines that are registered.", "INFO scriptingengines, Valkey >= 9.1";
    Raw("engines_total_used_memory") => gauge "redis_scripting_engines_memory_used_bytes" [] Bytes,
        "Bytes that all script engines use.", "INFO scriptingengines, Valkey >= 9.1";
    Raw("engines_total_memory_overhead") => gauge "redis_scripting_engines_memory_overhead_bytes" [] Bytes,
        "Bytes of the server's own structures for all script engines.", "INFO scriptingengines, Valkey >= 9.1";
}
