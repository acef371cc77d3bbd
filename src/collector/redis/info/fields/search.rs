//! The numbers of the search modules: `RediSearch` and `valkey-search` share a prefix, and few names.

use super::{Field, counter, gauge};
use crate::metric::Unit::{Bool, Bytes, Milliseconds};

pub(super) const FIELDS: &[Field] = &[
    Field::raw(
        "search_number_of_indexes",
        gauge("redis_search_number_of_indexes", "Search indexes.").source("INFO modules, RediSearch, valkey-search"),
    ),
    Field::raw(
        "search_used_memory_indexes",
        gauge("redis_search_used_memory_indexes_bytes", "Bytes of all indexes.")
            .unit(Bytes)
            .source("INFO modules, RediSearch"),
    ),
    Field::raw(
        "search_smallest_memory_index",
        gauge("redis_search_smallest_memory_index_bytes", "Bytes of the smallest index.")
            .unit(Bytes)
            .source("INFO modules, RediSearch"),
    ),
    Field::raw(
        "search_largest_memory_index",
        gauge("redis_search_largest_memory_index_bytes", "Bytes of the largest index.")
            .unit(Bytes)
            .source("INFO modules, RediSearch"),
    ),
    Field::raw(
        "search_used_memory_vector_index",
        gauge("redis_search_used_memory_vector_index_bytes", "Bytes of all vector indexes.")
            .unit(Bytes)
            .source("INFO modules, RediSearch"),
    ),
    Field::raw(
        "search_total_indexing_time",
        counter("redis_search_indexing_time_ms_total", "Time spent on indexing, in milliseconds.")
            .unit(Milliseconds)
            .source("INFO modules, RediSearch"),
    ),
    Field::raw(
        "search_dialect_1",
        gauge("redis_search_dialect_1", "Whether query dialect 1 has been used.")
            .unit(Bool)
            .source("INFO modules, RediSearch"),
    ),
    Field::raw(
        "search_dialect_2",
        gauge("redis_search_dialect_2", "Whether query dialect 2 has been used.")
            .unit(Bool)
            .source("INFO modules, RediSearch"),
    ),
    Field::raw(
        "search_dialect_3",
        gauge("redis_search_dialect_3", "Whether query dialect 3 has been used.")
            .unit(Bool)
            .source("INFO modules, RediSearch"),
    ),
    Field::raw(
        "search_dialect_4",
        gauge("redis_search_dialect_4", "Whether query dialect 4 has been used.")
            .unit(Bool)
            .source("INFO modules, RediSearch"),
    ),
    Field::raw(
        "search_global_idle",
        gauge("redis_search_global_idle", "Idle cursors.").source("INFO modules, RediSearch < 8.0"),
    ),
    Field::raw(
        "search_global_total",
        gauge("redis_search_global_total", "Cursors.").source("INFO modules, RediSearch < 8.0"),
    ),
    Field::raw(
        "search_global_idle_user",
        gauge("redis_search_global_idle_user", "Idle cursors of users.").source("INFO modules, RediSearch >= 8.0"),
    ),
    Field::raw(
        "search_global_idle_internal",
        gauge("redis_search_global_idle_internal", "Idle cursors of the cluster's own queries.")
            .source("INFO modules, RediSearch >= 8.0"),
    ),
    Field::raw(
        "search_global_total_user",
        gauge("redis_search_global_total_user", "Cursors of users.").source("INFO modules, RediSearch >= 8.0"),
    ),
    Field::raw(
        "search_global_total_internal",
        gauge("redis_search_global_total_internal", "Cursors of the cluster's own queries.")
            .source("INFO modules, RediSearch >= 8.0"),
    ),
    Field::raw(
        "search_bytes_collected",
        gauge("redis_search_collected_bytes", "Bytes that the garbage collection freed.")
            .unit(Bytes)
            .source("INFO modules, RediSearch < 8.0"),
    ),
    Field::raw(
        "search_total_cycles",
        counter("redis_search_cycles_total", "Cycles of the garbage collection.")
            .source("INFO modules, RediSearch < 8.0"),
    ),
    Field::raw(
        "search_total_ms_run",
        counter("redis_search_run_ms_total", "Time of the garbage collection, in milliseconds.")
            .unit(Milliseconds)
            .source("INFO modules, RediSearch < 8.0"),
    ),
    Field::raw(
        "search_gc_bytes_collected",
        gauge("redis_search_gc_collected_bytes", "Bytes that the garbage collection freed.")
            .unit(Bytes)
            .source("INFO modules, RediSearch >= 8.0"),
    ),
    Field::raw(
        "search_gc_total_docs_not_collected",
        gauge(
            "redis_search_gc_total_docs_not_collected",
            "Deleted documents that the garbage collection has yet to free.",
        )
        .source("INFO modules, RediSearch >= 8.0"),
    ),
    Field::raw(
        "search_gc_marked_deleted_vectors",
        gauge("redis_search_gc_marked_deleted_vectors", "Vectors that are marked as deleted.")
            .source("INFO modules, RediSearch >= 8.0"),
    ),
    Field::raw(
        "search_gc_total_cycles",
        counter("redis_search_gc_cycles_total", "Cycles of the garbage collection.")
            .source("INFO modules, RediSearch >= 8.0"),
    ),
    Field::raw(
        "search_gc_total_ms_run",
        counter("redis_search_gc_run_ms_total", "Time of the garbage collection, in milliseconds.")
            .unit(Milliseconds)
            .source("INFO modules, RediSearch >= 8.0"),
    ),
    Field::raw(
        "search_number_of_active_indexes",
        gauge("redis_search_number_of_active_indexes", "Indexes that a query or the indexing uses now.")
            .source("INFO modules, RediSearch"),
    ),
    Field::raw(
        "search_number_of_active_indexes_running_queries",
        gauge("redis_search_number_of_active_indexes_running_queries", "Indexes that a query uses now.")
            .source("INFO modules, RediSearch"),
    ),
    Field::raw(
        "search_number_of_active_indexes_indexing",
        gauge("redis_search_number_of_active_indexes_indexing", "Indexes that the indexing uses now.")
            .source("INFO modules, RediSearch"),
    ),
    Field::raw(
        "search_total_active_write_threads",
        gauge("redis_search_total_active_write_threads", "Threads that write to an index now.")
            .source("INFO modules, RediSearch"),
    ),
    Field::raw(
        "search_total_num_docs_in_indexes",
        gauge("redis_search_total_num_docs_in_indexes", "Documents in all indexes.").source("INFO modules, RediSearch"),
    ),
    Field::raw(
        "search_total_queries_processed",
        counter("redis_search_queries_processed_total", "Queries that were processed.")
            .source("INFO modules, RediSearch"),
    ),
    Field::raw(
        "search_total_query_commands",
        counter("redis_search_query_commands_total", "Query commands that were processed.")
            .source("INFO modules, RediSearch"),
    ),
    Field::raw(
        "search_total_query_execution_time_ms",
        counter("redis_search_query_execution_time_ms_total", "Time spent on queries, in milliseconds.")
            .unit(Milliseconds)
            .source("INFO modules, RediSearch"),
    ),
    Field::raw(
        "search_total_active_queries",
        counter("redis_search_active_queries_total", "Queries that run now.").source("INFO modules, RediSearch"),
    ),
    Field::raw(
        "search_errors_indexing_failures",
        gauge("redis_search_errors_indexing_failures", "Documents that could not be indexed.")
            .source("INFO modules, RediSearch"),
    ),
    Field::raw(
        "search_used_memory_bytes",
        gauge("redis_search_used_memory_bytes", "Bytes of the search module.")
            .unit(Bytes)
            .source("INFO modules, valkey-search"),
    ),
    Field::raw(
        "search_number_of_attributes",
        gauge("redis_search_number_of_attributes", "Attributes of all indexes.").source("INFO modules, valkey-search"),
    ),
    Field::raw(
        "search_total_indexed_documents",
        gauge("redis_search_total_indexed_documents", "Documents in all indexes.")
            .source("INFO modules, valkey-search"),
    ),
    Field::raw(
        "search_query_queue_size",
        gauge("redis_search_query_queue_size", "Queries that wait for a thread.").source("INFO modules, valkey-search"),
    ),
    Field::raw(
        "search_writer_queue_size",
        gauge("redis_search_writer_queue_size", "Index updates that wait for a thread.")
            .source("INFO modules, valkey-search"),
    ),
    Field::raw(
        "search_string_interning_store_size",
        gauge("redis_search_string_interning_store_size", "Strings in the store of interned strings.")
            .source("INFO modules, valkey-search"),
    ),
    Field::raw(
        "search_vector_externing_hash_extern_errors",
        gauge("redis_search_vector_externing_hash_extern_errors", "Vectors that could not be moved out of a hash.")
            .source("INFO modules, valkey-search"),
    ),
    Field::raw(
        "search_vector_externing_num_lru_entries",
        gauge("redis_search_vector_externing_num_lru_entries", "Vectors in the cache of those moved out of hashes.")
            .source("INFO modules, valkey-search"),
    ),
    Field::raw(
        "search_worker_pool_suspend_cnt",
        counter("redis_search_worker_pool_suspend_count", "Times that the pool of threads was suspended.")
            .source("INFO modules, valkey-search"),
    ),
    Field::raw(
        "search_writer_resumed_cnt",
        counter("redis_search_writer_resumed_count", "Times that the writing threads were resumed.")
            .source("INFO modules, valkey-search"),
    ),
    Field::raw(
        "search_reader_resumed_cnt",
        counter("redis_search_reader_resumed_count", "Times that the reading threads were resumed.")
            .source("INFO modules, valkey-search"),
    ),
    Field::raw(
        "search_writer_suspension_expired_cnt",
        counter(
            "redis_search_writer_suspension_expired_count",
            "Suspensions of the writing threads that ran out of time.",
        )
        .source("INFO modules, valkey-search"),
    ),
    Field::raw(
        "search_rdb_load_success_cnt",
        counter("redis_search_rdb_load_success_count", "Loads of indexes from a dump that succeeded.")
            .source("INFO modules, valkey-search"),
    ),
    Field::raw(
        "search_rdb_load_failure_cnt",
        counter("redis_search_rdb_load_failure_count", "Loads of indexes from a dump that failed.")
            .source("INFO modules, valkey-search"),
    ),
    Field::raw(
        "search_rdb_save_success_cnt",
        counter("redis_search_rdb_save_success_count", "Saves of indexes to a dump that succeeded.")
            .source("INFO modules, valkey-search"),
    ),
    Field::raw(
        "search_rdb_save_failure_cnt",
        counter("redis_search_rdb_save_failure_count", "Saves of indexes to a dump that failed.")
            .source("INFO modules, valkey-search"),
    ),
    Field::raw(
        "search_successful_requests_count",
        counter("redis_search_successful_requests_count", "Queries that succeeded.")
            .source("INFO modules, valkey-search"),
    ),
    Field::raw(
        "search_failure_requests_count",
        counter("redis_search_failure_requests_count", "Queries that failed.").source("INFO modules, valkey-search"),
    ),
    Field::raw(
        "search_hybrid_requests_count",
        counter("redis_search_hybrid_requests_count", "Queries that combined vectors with other attributes.")
            .source("INFO modules, valkey-search"),
    ),
    Field::raw(
        "search_inline_filtering_requests_count",
        counter(
            "redis_search_inline_filtering_requests_count",
            "Queries that filtered while they searched the vectors.",
        )
        .source("INFO modules, valkey-search"),
    ),
    Field::raw(
        "search_hnsw_add_exceptions_count",
        counter("redis_search_hnsw_add_exceptions_count", "Failures to add a vector to an HNSW index.")
            .source("INFO modules, valkey-search"),
    ),
    Field::raw(
        "search_hnsw_remove_exceptions_count",
        counter("redis_search_hnsw_remove_exceptions_count", "Failures to remove a vector from an HNSW index.")
            .source("INFO modules, valkey-search"),
    ),
    Field::raw(
        "search_hnsw_modify_exceptions_count",
        counter("redis_search_hnsw_modify_exceptions_count", "Failures to change a vector of an HNSW index.")
            .source("INFO modules, valkey-search"),
    ),
    Field::raw(
        "search_hnsw_search_exceptions_count",
        counter("redis_search_hnsw_search_exceptions_count", "Failures to search an HNSW index.")
            .source("INFO modules, valkey-search"),
    ),
    Field::raw(
        "search_hnsw_create_exceptions_count",
        counter("redis_search_hnsw_create_exceptions_count", "Failures to create an HNSW index.")
            .source("INFO modules, valkey-search"),
    ),
    Field::raw(
        "search_vector_externing_entry_count",
        counter("redis_search_vector_externing_entry_count", "Vectors moved out of hashes.")
            .source("INFO modules, valkey-search"),
    ),
    Field::raw(
        "search_vector_externing_generated_value_cnt",
        counter(
            "redis_search_vector_externing_generated_value_count",
            "Values of hashes that were made again from a vector.",
        )
        .source("INFO modules, valkey-search"),
    ),
    Field::raw(
        "search_vector_externing_lru_promote_cnt",
        counter(
            "redis_search_vector_externing_lru_promote_count",
            "Vectors promoted in the cache of those moved out of hashes.",
        )
        .source("INFO modules, valkey-search"),
    ),
    Field::raw(
        "search_vector_externing_deferred_entry_cnt",
        counter("redis_search_vector_externing_deferred_entry_count", "Vectors whose move out of a hash was put off.")
            .source("INFO modules, valkey-search"),
    ),
];
