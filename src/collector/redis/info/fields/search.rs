//! The numbers of the search modules: `RediSearch` and `valkey-search` share a prefix, and few names.

use super::Field::{self, Raw};
use crate::metric::metrics;

metrics! {
    pub(super) fn metrics;
    pub(super) const FIELDS: [(Field, Metric<0>)];
    Raw("search_number_of_indexes") => gauge "redis_search_number_of_indexes" [] Count,
        "Search indexes.", "INFO modules, RediSearch, valkey-search";
    Raw("search_used_memory_indexes") => gauge "redis_search_used_memory_indexes_bytes" [] Bytes,
        "Bytes of all indexes.", "INFO modules, RediSearch";
    Raw("search_smallest_memory_index") => gauge "redis_search_smallest_memory_index_bytes" [] Bytes,
        "Bytes of the smallest index.", "INFO modules, RediSearch";
    Raw("search_largest_memory_index") => gauge "redis_search_largest_memory_index_bytes" [] Bytes,
        "Bytes of the largest index.", "INFO modules, RediSearch";
    Raw("search_used_memory_vector_index") => gauge "redis_search_used_memory_vector_index_bytes" [] Bytes,
        "Bytes of all vector indexes.", "INFO modules, RediSearch";
    Raw("search_total_indexing_time") => counter "redis_search_indexing_time_ms_total" [] Milliseconds,
        "Time spent on indexing, in milliseconds.", "INFO modules, RediSearch";
    Raw("search_dialect_1") => gauge "redis_search_dialect_1" [] Bool,
        "Whether query dialect 1 has been used.", "INFO modules, RediSearch";
    Raw("search_dialect_2") => gauge "redis_search_dialect_2" [] Bool,
        "Whether query dialect 2 has been used.", "INFO modules, RediSearch";
    Raw("search_dialect_3") => gauge "redis_search_dialect_3" [] Bool,
        "Whether query dialect 3 has been used.", "INFO modules, RediSearch";
    Raw("search_dialect_4") => gauge "redis_search_dialect_4" [] Bool,
        "Whether query dialect 4 has been used.", "INFO modules, RediSearch";
    Raw("search_global_idle") => gauge "redis_search_global_idle" [] Count,
        "Idle cursors.", "INFO modules, RediSearch < 8.0";
    Raw("search_global_total") => gauge "redis_search_global_total" [] Count,
        "Cursors.", "INFO modules, RediSearch < 8.0";
    Raw("search_global_idle_user") => gauge "redis_search_global_idle_user" [] Count,
        "Idle cursors of users.", "INFO modules, RediSearch >= 8.0";
    Raw("search_global_idle_internal") => gauge "redis_search_global_idle_internal" [] Count,
        "Idle cursors of the cluster's own queries.", "INFO modules, RediSearch >= 8.0";
    Raw("search_global_total_user") => gauge "redis_search_global_total_user" [] Count,
        "Cursors of users.", "INFO modules, RediSearch >= 8.0";
    Raw("search_global_total_internal") => gauge "redis_search_global_total_internal" [] Count,
        "Cursors of the cluster's own queries.", "INFO modules, RediSearch >= 8.0";
    Raw("search_bytes_collected") => gauge "redis_search_collected_bytes" [] Bytes,
        "Bytes that the garbage collection freed.", "INFO modules, RediSearch < 8.0";
    Raw("search_total_cycles") => counter "redis_search_cycles_total" [] Count,
        "Cycles of the garbage collection.", "INFO modules, RediSearch < 8.0";
    Raw("search_total_ms_run") => counter "redis_search_run_ms_total" [] Milliseconds,
        "Time of the garbage collection, in milliseconds.", "INFO modules, RediSearch < 8.0";
    Raw("search_gc_bytes_collected") => gauge "redis_search_gc_collected_bytes" [] Bytes,
        "Bytes that the garbage collection freed.", "INFO modules, RediSearch >= 8.0";
    Raw("search_gc_total_docs_not_collected") => gauge "redis_search_gc_total_docs_not_collected" [] Count,
        "Deleted documents that the garbage collection has yet to free.", "INFO modules, RediSearch >= 8.0";
    Raw("search_gc_marked_deleted_vectors") => gauge "redis_search_gc_marked_deleted_vectors" [] Count,
        "Vectors that are marked as deleted.", "INFO modules, RediSearch >= 8.0";
    Raw("search_gc_total_cycles") => counter "redis_search_gc_cycles_total" [] Count,
        "Cycles of the garbage collection.", "INFO modules, RediSearch >= 8.0";
    Raw("search_gc_total_ms_run") => counter "redis_search_gc_run_ms_total" [] Milliseconds,
        "Time of the garbage collection, in milliseconds.", "INFO modules, RediSearch >= 8.0";
    Raw("search_number_of_active_indexes") => gauge "redis_search_number_of_active_indexes" [] Count,
        "Indexes that a query or the indexing uses now.", "INFO modules, RediSearch";
    Raw("search_number_of_active_indexes_running_queries") => gauge "redis_search_number_of_active_indexes_running_queries" [] Count,
        "Indexes that a query uses now.", "INFO modules, RediSearch";
    Raw("search_number_of_active_indexes_indexing") => gauge "redis_search_number_of_active_indexes_indexing" [] Count,
        "Indexes that the indexing uses now.", "INFO modules, RediSearch";
    Raw("search_total_active_write_threads") => gauge "redis_search_total_active_write_threads" [] Count,
        "Threads that write to an index now.", "INFO modules, RediSearch";
    Raw("search_total_num_docs_in_indexes") => gauge "redis_search_total_num_docs_in_indexes" [] Count,
        "Documents in all indexes.", "INFO modules, RediSearch";
    Raw("search_total_queries_processed") => counter "redis_search_queries_processed_total" [] Count,
        "Queries that were processed.", "INFO modules, RediSearch";
    Raw("search_total_query_commands") => counter "redis_search_query_commands_total" [] Count,
        "Query commands that were processed.", "INFO modules, RediSearch";
    Raw("search_total_query_execution_time_ms") => counter "redis_search_query_execution_time_ms_total" [] Milliseconds,
        "Time spent on queries, in milliseconds.", "INFO modules, RediSearch";
    Raw("search_total_active_queries") => counter "redis_search_active_queries_total" [] Count,
        "Queries that run now.", "INFO modules, RediSearch";
    Raw("search_errors_indexing_failures") => gauge "redis_search_errors_indexing_failures" [] Count,
        "Documents that could not be indexed.", "INFO modules, RediSearch";
    Raw("search_used_memory_bytes") => gauge "redis_search_used_memory_bytes" [] Bytes,
        "Bytes of the search module.", "INFO modules, valkey-search";
    Raw("search_number_of_attributes") => gauge "redis_search_number_of_attributes" [] Count,
        "Attributes of all indexes.", "INFO modules, valkey-search";
    Raw("search_total_indexed_documents") => gauge "redis_search_total_indexed_documents" [] Count,
        "Documents in all indexes.", "INFO modules, valkey-search";
    Raw("search_query_queue_size") => gauge "redis_search_query_queue_size" [] Count,
        "Queries that wait for a thread.", "INFO modules, valkey-search";
    Raw("search_writer_queue_size") => gauge "redis_search_writer_queue_size" [] Count,
        "Index updates that wait for a thread.", "INFO modules, valkey-search";
    Raw("search_string_interning_store_size") => gauge "redis_search_string_interning_store_size" [] Count,
        "Strings in the store of interned strings.", "INFO modules, valkey-search";
    Raw("search_vector_externing_hash_extern_errors") => gauge "redis_search_vector_externing_hash_extern_errors" [] Count,
        "Vectors that could not be moved out of a hash.", "INFO modules, valkey-search";
    Raw("search_vector_externing_num_lru_entries") => gauge "redis_search_vector_externing_num_lru_entries" [] Count,
        "Vectors in the cache of those moved out of hashes.", "INFO modules, valkey-search";
    Raw("search_worker_pool_suspend_cnt") => counter "redis_search_worker_pool_suspend_count" [] Count,
        "Times that the pool of threads was suspended.", "INFO modules, valkey-search";
    Raw("search_writer_resumed_cnt") => counter "redis_search_writer_resumed_count" [] Count,
        "Times that the writing threads were resumed.", "INFO modules, valkey-search";
    Raw("search_reader_resumed_cnt") => counter "redis_search_reader_resumed_count" [] Count,
        "Times that the reading threads were resumed.", "INFO modules, valkey-search";
    Raw("search_writer_suspension_expired_cnt") => counter "redis_search_writer_suspension_expired_count" [] Count,
        "Suspensions of the writing threads that ran out of time.", "INFO modules, valkey-search";
    Raw("search_rdb_load_success_cnt") => counter "redis_search_rdb_load_success_count" [] Count,
        "Loads of indexes from a dump that succeeded.", "INFO modules, valkey-search";
    Raw("search_rdb_load_failure_cnt") => counter "redis_search_rdb_load_failure_count" [] Count,
        "Loads of indexes from a dump that failed.", "INFO modules, valkey-search";
    Raw("search_rdb_save_success_cnt") => counter "redis_search_rdb_save_success_count" [] Count,
        "Saves of indexes to a dump that succeeded.", "INFO modules, valkey-search";
    Raw("search_rdb_save_failure_cnt") => counter "redis_search_rdb_save_failure_count" [] Count,
        "Saves of indexes to a dump that failed.", "INFO modules, valkey-search";
    Raw("search_successful_requests_count") => counter "redis_search_successful_requests_count" [] Count,
        "Queries that succeeded.", "INFO modules, valkey-search";
    Raw("search_failure_requests_count") => counter "redis_search_failure_requests_count" [] Count,
        "Queries that failed.", "INFO modules, valkey-search";
    Raw("search_hybrid_requests_count") => counter "redis_search_hybrid_requests_count" [] Count,
        "Queries that combined vectors with other attributes.", "INFO modules, valkey-search";
    Raw("search_inline_filtering_requests_count") => counter "redis_search_inline_filtering_requests_count" [] Count,
        "Queries that filtered while they searched the vectors.", "INFO modules, valkey-search";
    Raw("search_hnsw_add_exceptions_count") => counter "redis_search_hnsw_add_exceptions_count" [] Count,
        "Failures to add a vector to an HNSW index.", "INFO modules, valkey-search";
    Raw("search_hnsw_remove_exceptions_count") => counter "redis_search_hnsw_remove_exceptions_count" [] Count,
        "Failures to remove a vector from an HNSW index.", "INFO modules, valkey-search";
    Raw("search_hnsw_modify_exceptions_count") => counter "redis_search_hnsw_modify_exceptions_count" [] Count,
        "Failures to change a vector of an HNSW index.", "INFO modules, valkey-search";
    Raw("search_hnsw_search_exceptions_count") => counter "redis_search_hnsw_search_exceptions_count" [] Count,
        "Failures to search an HNSW index.", "INFO modules, valkey-search";
    Raw("search_hnsw_create_exceptions_count") => counter "redis_search_hnsw_create_exceptions_count" [] Count,
        "Failures to create an HNSW index.", "INFO modules, valkey-search";
    Raw("search_vector_externing_entry_count") => counter "redis_search_vector_externing_entry_count" [] Count,
        "Vectors moved out of hashes.", "INFO modules, valkey-search";
    Raw("search_vector_externing_generated_value_cnt") => counter "redis_search_vector_externing_generated_value_count" [] Count,
        "Values of hashes that were made again from a vector.", "INFO modules, valkey-search";
    Raw("search_vector_externing_lru_promote_cnt") => counter "redis_search_vector_externing_lru_promote_count" [] Count,
        "Vectors promoted in the cache of those moved out of hashes.", "INFO modules, valkey-search";
    Raw("search_vector_externing_deferred_entry_cnt") => counter "redis_search_vector_externing_deferred_entry_count" [] Count,
        "Vectors whose move out of a hash was put off.", "INFO modules, valkey-search";
}
