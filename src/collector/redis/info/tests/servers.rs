//! One reply of each kind of server, for the fields in which they differ.

use super::*;

#[test]
fn redis_2_8() {
    assert_samples(
        REDIS_2_8,
        &[
            "redis_client_longest_output_list 2",
            "redis_client_biggest_input_buf 32",
            "redis_rdb_last_bgsave_status 0",
            "redis_rdb_last_bgsave_duration_sec -1",
            "redis_aof_last_write_status 1",
            "redis_latest_fork_seconds 0.00025",
            "redis_connected_slave_offset_bytes{slave_ip=\"10.0.0.2\",slave_port=\"6379\",slave_state=\"online\"} 1234",
            "redis_cpu_user_seconds_total 2.25",
            "redis_commands_total{cmd=\"get\"} 11",
            "redis_db_keys{db=\"db0\"} 4",
            "redis_db_keys_expiring{db=\"db0\"} 1",
            "redis_mem_allocator_info{mem_allocator=\"jemalloc-3.6.0\"} 1",
            "redis_info_malformed_fields 0",
        ],
    );
    for prefix in ["redis_connected_slave_lag", "redis_commands_rejected", "redis_db_avg_ttl", "redis_memory_max"] {
        assert_eq!(samples_of(REDIS_2_8, prefix), [""; 0], "{prefix}");
    }
}

#[test]
fn redis_8() {
    assert_samples(
        REDIS_8,
        &[
            "redis_io_thread_clients{thread=\"1\"} 2",
            "redis_io_thread_reads_total{thread=\"0\"} 8",
            "redis_io_thread_writes_total{thread=\"1\"} 20",
            "redis_used_memory_peak_time_seconds 1764474045",
            "redis_used_memory_peak_ratio 0.7654000000000001",
            "redis_server_time_seconds 1764474000.5",
            "redis_mem_replica_full_sync_buffer_bytes 12",
            "redis_expired_subkeys_total 5",
            "redis_expired_keys_active_total 2",
            "redis_io_threaded_prefetch_batches_total 9",
            "redis_client_output_buffer_limit_disconnections_total 2",
            "redis_eventloop_duration_sum_usec_total 4443921",
            "redis_rdb_saves_consecutive_failures 2",
            "redis_cluster_incompatible_ops 6",
            "redis_module_info{name=\"vectorset\",ver=\"1\",api=\"1\",filters=\"0\",usedby=\"[]\",using=\"[]\"} 1",
            "redis_commands_duration_seconds_total{cmd=\"get\"} 0.00002",
            "redis_db_avg_ttl_seconds{db=\"db0\"} 685620.459",
            "redis_db_keys_with_expiring_items{db=\"db0\"} 7",
            "redis_search_number_of_indexes 3",
            "redis_search_gc_collected_bytes 77",
            "redis_search_active_queries_total 2",
            "redis_info_malformed_fields 0",
        ],
    );
    assert_eq!(samples_of(REDIS_8, "redis_db_keys_cached"), [""; 0]);
    assert_eq!(samples_of(REDIS_8, "redis_latency_percentiles"), [""; 0]);
}

#[test]
fn valkey_8_has_a_label_more_and_its_own_mode() {
    assert_eq!(parse(VALKEY_8).mode(), Some("standalone"));
    assert_eq!(
        samples_of(VALKEY_8, "redis_instance_info"),
        ["redis_instance_info{role=\"master\",redis_version=\"7.2.4\",redis_build_id=\"4ed6032a97b67e84\",\
          redis_mode=\"standalone\",os=\"Linux 5.14.0-503.14.1.el9_5.x86_64 x86_64\",maxmemory_policy=\"noeviction\",\
          tcp_port=\"6379\",run_id=\"7769484dff765d89925a5dd005713fbda9f62d53\",process_id=\"1682048\",\
          master_replid=\"97096db9bcf142ac3672a8889244121130c6a3a9\",valkey_version=\"8.0.1\",\
          valkey_release_stage=\"\"} 1"]
    );
    assert_samples(
        VALKEY_8,
        &[
            "redis_io_threaded_freed_objects_total 3",
            "redis_io_threaded_polls_processed_total 4",
            "redis_replicas_waiting_psync 1",
            "redis_replicas_repl_buffer_peak_bytes 46",
            "redis_memory_max_bytes 0",
            "redis_db_keys{db=\"db15\"} 0",
        ],
    );
}

#[test]
fn valkey_9_replica_in_a_cluster() {
    let master = "master_host=\"2001:db8::7\",master_port=\"6379\"";
    assert!(parse(VALKEY_9).cluster_enabled());
    assert_samples(
        VALKEY_9,
        &[
            "redis_paused_timeout_seconds 1.5",
            "redis_expired_fields_total 42",
            "redis_expired_keys_with_volatile_items_stale_percentage 12.5",
            "redis_acl_access_denied_db_total 44",
            &format!("redis_master_link_up{{{master}}} 0"),
            &format!("redis_master_last_io_seconds_ago{{{master}}} -1"),
            &format!("redis_master_sync_in_progress{{{master}}} 1"),
            &format!("redis_slave_repl_offset{{{master}}} 12"),
            &format!("redis_slave_info{{{master},read_only=\"1\"}} 1"),
            "redis_slave_read_repl_offset 14",
            "redis_master_sync_ratio 0.25",
            "redis_master_sync_left_bytes 75",
            "redis_master_link_down_since_seconds 9",
            "redis_active_time_main_thread_seconds_total 3.5",
            "redis_active_time_io_thread_seconds_total{thread=\"1\"} 1.25",
            "redis_active_time_io_thread_seconds_total{thread=\"2\"} 0.75",
            "redis_tls_server_cert_expires_in_seconds 47",
            "redis_scripting_engines_memory_used_bytes 50",
            "redis_master_failover_state{state=\"unknown\"} 1",
            "redis_master_failover_state{state=\"no-failover\"} 0",
            "redis_db_keys_with_expiring_items{db=\"db0\"} 3",
            "redis_info_malformed_fields 0",
        ],
    );
    let identity = samples_of(VALKEY_9, "redis_instance_info");
    assert!(identity.len() == 1 && identity[0].ends_with("valkey_version=\"9.1.0\",valkey_release_stage=\"ga\"} 1"));
    assert_eq!(samples_of(VALKEY_9, "redis_active_time_io_thread").len(), 2);
    assert_eq!(samples_of(VALKEY_9, "redis_cluster_"), ["redis_cluster_enabled 1"]);
    assert_eq!(samples_of(VALKEY_9, "redis_db_keys{"), ["redis_db_keys{db=\"db0\"} 17"]);
    assert_eq!(samples_of(VALKEY_9, "redis_db_avg_ttl"), ["redis_db_avg_ttl_seconds{db=\"db0\"} 2.5"]);
}

#[test]
fn keydb_with_two_masters() {
    let (first, second) =
        ("master_host=\"192.168.10.30\",master_port=\"6379\"", "master_host=\"192.168.10.20\",master_port=\"6380\"");
    assert_samples(
        KEYDB,
        &[
            &format!("redis_master_link_up{{{first}}} 1"),
            &format!("redis_master_link_up{{{second}}} 0"),
            &format!("redis_master_last_io_seconds_ago{{{first}}} 8"),
            &format!("redis_master_last_io_seconds_ago{{{second}}} -1"),
            &format!("redis_master_sync_in_progress{{{second}}} 1"),
            &format!("redis_slave_repl_offset{{{first}}} 4323"),
            &format!("redis_slave_repl_offset{{{second}}} 4369"),
            "redis_connected_slave_lag_seconds{slave_ip=\"192.168.10.20\",slave_port=\"6379\",slave_state=\"online\"} 1",
            "redis_db_keys_cached{db=\"db0\"} 4",
            "redis_cached_keys_total 4",
            "redis_server_threads_total 2",
            "redis_long_lock_waits_total 3",
            "redis_current_client_thread 1",
            "redis_mvcc_depth 2",
            "redis_storage_provider_read_hits 11",
            "redis_storage_provider_read_misses 12",
            "redis_info_malformed_fields 0",
        ],
    );
    assert_eq!(samples_of(KEYDB, "redis_slave_info"), [""; 0]);
}

#[test]
fn sentinel_masters_and_a_plain_redis_has_none() {
    let master = "master_name=\"mymaster\",master_address=\"127.0.0.1:6379\"";
    assert_eq!(parse(SENTINEL).mode(), Some("sentinel"));
    assert_eq!(
        samples_of(SENTINEL, "redis_sentinel"),
        [
            &format!("redis_sentinel_master_sentinels{{{master}}} 1"),
            &format!("redis_sentinel_master_slaves{{{master}}} 1"),
            "redis_sentinel_master_state{master_name=\"mymaster\",state=\"ok\"} 1",
            "redis_sentinel_master_state{master_name=\"mymaster\",state=\"sdown\"} 0",
            "redis_sentinel_master_state{master_name=\"mymaster\",state=\"odown\"} 0",
            "redis_sentinel_master_state{master_name=\"mymaster\",state=\"unknown\"} 0",
            &format!("redis_sentinel_master_status{{{master},master_status=\"ok\"}} 1"),
            "redis_sentinel_masters 1",
            "redis_sentinel_running_scripts 0",
            "redis_sentinel_scripts_queue_length 0",
            "redis_sentinel_simulate_failure_flags 0",
            "redis_sentinel_tilt 0",
            "redis_sentinel_tilt_since_seconds -1",
        ]
    );
    assert_eq!(samples_of(REDIS_7_0, "redis_sentinel"), [""; 0]);
}
