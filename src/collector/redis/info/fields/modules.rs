//! The numbers of the bloom and JSON modules.

use super::{Field, counter, gauge};
use crate::metric::Unit::Bytes;

pub(super) const FIELDS: &[Field] = &[
    Field::raw(
        "bf_bloom_total_memory_bytes",
        gauge("redis_bf_bloom_total_memory_bytes", "Bytes of all bloom filter objects.")
            .unit(Bytes)
            .source("INFO modules, valkey-bloom"),
    ),
    Field::raw(
        "bf_bloom_num_objects",
        gauge("redis_bf_bloom_num_objects", "Bloom filter objects.").source("INFO modules, valkey-bloom"),
    ),
    Field::raw(
        "bf_bloom_num_filters_across_objects",
        gauge("redis_bf_bloom_num_filters_across_objects", "Filters in all bloom filter objects.")
            .source("INFO modules, valkey-bloom"),
    ),
    Field::raw(
        "bf_bloom_num_items_across_objects",
        gauge("redis_bf_bloom_num_items_across_objects", "Items in all bloom filter objects.")
            .source("INFO modules, valkey-bloom"),
    ),
    Field::raw(
        "bf_bloom_capacity_across_objects",
        gauge("redis_bf_bloom_capacity_across_objects", "Capacity of all bloom filter objects.")
            .source("INFO modules, valkey-bloom"),
    ),
    Field::raw(
        "bf_bloom_defrag_hits",
        counter("redis_bf_bloom_defrag_hits_total", "Bloom filter objects that the active defragmentation moved.")
            .source("INFO modules, valkey-bloom"),
    ),
    Field::raw(
        "bf_bloom_defrag_misses",
        counter(
            "redis_bf_bloom_defrag_misses_total",
            "Bloom filter objects that the active defragmentation did not move.",
        )
        .source("INFO modules, valkey-bloom"),
    ),
    Field::raw(
        "json_total_memory_bytes",
        gauge("redis_json_total_memory_bytes", "Bytes of all JSON documents.")
            .unit(Bytes)
            .source("INFO modules, valkey-json"),
    ),
    Field::raw(
        "json_num_documents",
        gauge("redis_json_num_documents", "JSON documents.").source("INFO modules, valkey-json"),
    ),
];
