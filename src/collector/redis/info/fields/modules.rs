//! The numbers of the bloom and JSON modules.

use super::Field::{self, Raw};
use crate::metric::metrics;

metrics! {
    pub(super) fn metrics;
    pub(super) const FIELDS: [(Field, Metric<0>)];
    Raw("bf_bloom_total_memory_bytes") => gauge "redis_bf_bloom_total_memory_bytes" [] Bytes,
        "Bytes of all bloom filter objects.", "INFO modules, valkey-bloom";
    Raw("bf_bloom_num_objects") => gauge "redis_bf_bloom_num_objects" [] Count,
        "Bloom filter objects.", "INFO modules, valkey-bloom";
    Raw("bf_bloom_num_filters_across_objects") => gauge "redis_bf_bloom_num_filters_across_objects" [] Count,
        "Filters in all bloom filter objects.", "INFO modules, valkey-bloom";
    Raw("bf_bloom_num_items_across_objects") => gauge "redis_bf_bloom_num_items_across_objects" [] Count,
        "Items in all bloom filter objects.", "INFO modules, valkey-bloom";
    Raw("bf_bloom_capacity_across_objects") => gauge "redis_bf_bloom_capacity_across_objects" [] Count,
        "Capacity of all bloom filter objects.", "INFO modules, valkey-bloom";
    Raw("bf_bloom_defrag_hits") => counter "redis_bf_bloom_defrag_hits_total" [] Count,
        "Bloom filter objects that the active defragmentation moved.", "INFO modules, valkey-bloom";
    Raw("bf_bloom_defrag_misses") => counter "redis_bf_bloom_defrag_misses_total" [] Count,
        "Bloom filter objects that the active defragmentation did not move.", "INFO modules, valkey-bloom";
    Raw("json_total_memory_bytes") => gauge "redis_json_total_memory_bytes" [] Bytes,
        "Bytes of all JSON documents.", "INFO modules, valkey-json";
    Raw("json_num_documents") => gauge "redis_json_num_documents" [] Count,
        "JSON documents.", "INFO modules, valkey-json";
}
