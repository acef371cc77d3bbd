//! Courses of events as they were measured, under the shipped rules: what fires, and when.
//!
//! The rendered tests try each rule by itself, close to its numbers. Here it is about what a fault looks like as a whole.

use std::fmt::Write as _;

use crate::support::missing::missing;
use crate::support::promtool::test_shipped_rules;

/// One fault.
struct Course {
    name: &'static str,
    /// Metric, its own labels, and a value each fifteen seconds as promtool reads them.
    series: &'static [(&'static str, &'static str, &'static str)],
    /// What fires then, and nothing else: `Alert severity`.
    fires: &'static [(&'static str, &'static [&'static str])],
}

const COURSES: [Course; 10] = [
    Course {
        name: "a cache fills up, and stays full",
        series: &[
            ("redis_memory_max_bytes", "", "134217728x800"),
            ("redis_memory_used_bytes", "", "10000000+1550000x80 134200000x240 134210000x480"),
            ("redis_evictable", "", "1x800"),
            ("redis_evicted_keys_total", "", "0x80 0+100x720"),
        ],
        fires: &[("45m", &[]), ("60m", &[]), ("80m", &[]), ("130m", &[]), ("199m", &[])],
    },
    Course {
        name: "a store fills up, and evicts",
        series: &[
            ("redis_memory_limit_bytes", "", "100x200"),
            ("redis_memory_used_bytes", "", "50x20 85x40 95x140"),
            ("redis_evictable", "", "0x200"),
            ("redis_evicted_keys_total", "", "0x60 0+100x140"),
        ],
        fires: &[
            ("4m", &[]),
            ("14m", &["RedisMemoryHigh warning"]),
            ("20m", &["RedisEvicting warning", "RedisMemoryHigh critical", "RedisMemoryHigh warning"]),
        ],
    },
    Course {
        name: "a key that is not there is looked up now and then",
        series: &[("redis_cache_hit_ratio", "", "0x200"), ("redis_cache_lookups_per_second", "", "0.0033x200")],
        fires: &[("16m", &[]), ("45m", &[])],
    },
    Course {
        name: "a cache in use misses",
        series: &[("redis_cache_hit_ratio", "", "0.2x200"), ("redis_cache_lookups_per_second", "", "5x200")],
        fires: &[("14m", &[]), ("16m", &["CacheHitRatioLow warning"])],
    },
    Course {
        name: "a breaker opens again and again",
        series: &[(
            "backpressure_circuit_state",
            "state=\"closed\"",
            "1x8 0 0 0 1 0 0 0 1 0 0 0 1 0 0 0 1 0 0 0 1 0 0 0 1 0 0 0 1 0 0 0 1 0 0 0 1 0 0 0 1 0 0 0 1",
        )],
        fires: &[("3m", &[]), ("12m", &["CircuitNotClosed critical"])],
    },
    Course {
        name: "an hour at level warning, with few drops",
        series: &[
            ("backpressure_level", "", "1x240"),
            ("backpressure_level_state", "level=\"warning\"", "1x240"),
            ("backpressure_drop_ratio", "", "0.009x240"),
            ("backpressure_dropped_total", "", "1000+9x240"),
            ("backpressure_published_total", "", "1000000+991x240"),
        ],
        fires: &[("59m", &["BackpressureCritical warning", "DropRateHigh warning"])],
    },
    // `pubsub 32mb 8mb 60`, 200 kB a second: cut off a minute after 8 MB, and it comes back.
    Course {
        name: "a subscriber does not read",
        series: &[
            (
                "redis_client_output_buffer_top_cutoff_ratio",
                "client=\"d\",class=\"pubsub\"",
                "0.09 0.18 0.27 0.45 0.63 0.82 1 0 0.09 0.18 0.27 0.45 0.63 0.82 1 0x20",
            ),
            ("redis_client_output_buffer_limit_disconnections_total", "", "0x6 1x7 2x20"),
        ],
        fires: &[
            ("45s", &[]),
            ("1m", &["RedisSlowSubscriber warning"]),
            ("2m30s", &["RedisClientCutOff critical", "RedisSlowSubscriber warning"]),
        ],
    },
    // 500 ticks a second, Redis stopped for ten seconds: 13,985 ticks are dropped, and the breaker opens for half a minute.
    Course {
        name: "a burst of drops",
        series: &[
            (
                "backpressure_drop_ratio",
                "",
                "0x8 0.069 0.148 0.142 0.132 0.123 0.115 0.109 0.102 0.097x10 0.057 0.005 0x60",
            ),
            ("backpressure_level", "", "0x8 2 2 3 3 3 0x40"),
            ("backpressure_circuit_state", "state=\"closed\"", "1x8 0 0 1x44"),
            ("backpressure_circuit_state", "state=\"open\"", "0x8 1 1 0x44"),
            ("backpressure_pending_publishes", "", "10x8 1024 1024 2 4 6 40x40"),
            ("backpressure_rate_ratio", "", "1x8 0.1 0 0.337 0.193 0.204 0.532 1x40"),
        ],
        fires: &[("2m", &[]), ("3m30s", &["DropRateHigh warning"]), ("8m", &["DropRateHigh warning"]), ("14m", &[])],
    },
    // It says degraded, then its page answers 500.
    Course {
        name: "the page of the health dies while others live",
        series: &[
            ("service_up", "", "1x120"),
            ("manometer_target_up", "collector=\"service\"", "1x120"),
            ("service_endpoint_up", "endpoint=\"health\"", "1x20 0x100"),
            ("service_health", "status=\"ok\"", "0x120"),
            ("service_health", "status=\"degraded\"", "1x20 0x100"),
            ("service_health", "status=\"unknown\"", "0x20 1x100"),
        ],
        fires: &[
            ("4m", &["ServiceUnhealthy critical"]),
            ("10m", &["ServiceEndpointFailing warning", "ServiceUnhealthy critical"]),
            ("25m", &["ServiceEndpointFailing warning", "ServiceUnhealthy critical"]),
        ],
    },
    Course {
        name: "messages get lost on their way through Redis",
        series: &[
            ("redis_publish_canary_seconds", "", "0.002x8 9x40"),
            ("redis_publish_canary_received", "", "1x8 0x40"),
        ],
        fires: &[("3m", &[]), ("5m", &["RedisPublishStalled critical"])],
    },
];

impl Course {
    /// As a test of promtool.
    fn test(&self) -> String {
        let mut text = format!("- name: {:?}\n  interval: 15s\n  input_series:\n", self.name);
        for (metric, labels, values) in self.series {
            let comma = if labels.is_empty() { "" } else { "," };
            let series = format!("{metric}{{job=\"manometer\",instance=\"a\",target=\"t\"{comma}{labels}}}");
            writeln!(text, "  - {{series: '{series}', values: '{values}'}}").unwrap();
        }
        writeln!(text, "  - {{series: 'up{{job=\"manometer\",instance=\"a\"}}', values: '1x1000'}}").unwrap();
        text.push_str("  promql_expr_test:\n");
        for (at, fires) in self.fires {
            let expr = "group by (alertname, severity) (ALERTS{alertstate=\"firing\", target=\"t\", alertname!=\"CauseInhibitor\"})";
            writeln!(text, "  - expr: '{expr}'\n    eval_time: {at}\n    exp_samples:").unwrap();
            for alert in *fires {
                let (name, severity) = alert.split_once(' ').unwrap();
                writeln!(text, "    - {{labels: '{{alertname=\"{name}\",severity=\"{severity}\"}}', value: 1}}")
                    .unwrap();
            }
        }
        text
    }
}

#[test]
fn what_was_measured_fires_what_it_should() {
    if missing(&["promtool"]) {
        return;
    }
    let tests: Vec<String> = COURSES.iter().map(Course::test).collect();
    test_shipped_rules(&["causes", "thresholds"], &tests.concat());
}
