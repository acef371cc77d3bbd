use super::*;
use crate::metric::text::{Format, exposition};

fn command(name: &str, calls: u64, usec: u64, rejected_calls: Option<u64>, failed_calls: Option<u64>) -> CommandStat {
    CommandStat { name: name.into(), calls, usec, rejected_calls, failed_calls }
}

#[test]
fn command_lines() {
    for (line, expected) in [
        ("calls=21,usec=175,usec_per_call=8.33", Some(command("x", 21, 175, None, None))),
        ("calls=75,usec=1260,usec_per_call=16.80", Some(command("x", 75, 1260, None, None))),
        (
            "calls=75,usec=1024,usec_per_call=16.80,rejected_calls=5,failed_calls=10",
            Some(command("x", 75, 1024, Some(5), Some(10))),
        ),
        (
            "calls=7,usec=9,usec_per_call=1.28,rejected_calls=0,failed_calls=0,slowlog_count=3,slowlog_time_ms_sum=4",
            Some(command("x", 7, 9, Some(0), Some(0))),
        ),
        ("failed_calls=4,usec=3,new=what,rejected_calls=2,calls=1", Some(command("x", 1, 3, Some(2), Some(4)))),
        ("borked_values", None),
        ("usec_per_call=16.80", None),
        ("calls=75", None),
        ("", None),
        ("calls=ABC,usec=1260,usec_per_call=16.80", None),
        ("calls=75,usec=DEF,usec_per_call=16.80", None),
        ("calls=75,usec=1024,usec_per_call=16.80,rejected_calls=ABC,failed_calls=10", None),
        ("calls=75,usec=1024,usec_per_call=16.80,rejected_calls=5,failed_calls=ABC", None),
        ("calls=1,usec=-5,usec_per_call=1.00", None),
        ("calls=1,usec=18446744073709551616,usec_per_call=1.00", None),
        ("calls=1,usec=18446744073709551615,usec_per_call=1.00", Some(command("x", 1, u64::MAX, None, None))),
    ] {
        assert_eq!(parse_command(b"x", line.as_bytes()), expected, "{line}");
    }
}

#[test]
fn error_lines() {
    assert_eq!(parse_error(b"ERR", b"count=4"), Some(ErrorStat { name: "ERR".into(), count: 4 }));
    for line in ["borked_values", "count=ABC", "count=-1", "count", ""] {
        assert_eq!(parse_error(b"ERR", line.as_bytes()), None, "{line}");
    }
}

#[test]
fn latency_lines() {
    for (line, expected) in [
        ("p50=0.001,p99=1.003,p99.9=3.007", Some(vec![("50", 0.001), ("99", 1.003), ("99.9", 3.007)])),
        ("p50=0.001", Some(vec![("50", 0.001)])),
        ("", Some(vec![])),
        ("p50=a", None),
        ("=1.0", None),
        ("50=1.0", None),
        ("pxx=1.0", None),
        ("p50", None),
    ] {
        let mut stats = LatencyStats::default();
        let parsed = parse_latency(&mut stats, b"ping", line.as_bytes()).map(|()| {
            stats.values.iter().map(|(place, value)| (&*stats.percentiles[*place], *value)).collect::<Vec<_>>()
        });
        assert_eq!(parsed, expected, "{line}");
        assert_eq!(stats.commands.len(), usize::from(expected.is_some()), "{line}");
    }
}

#[test]
fn percentiles_without_end_are_refused() {
    let mut stats = LatencyStats::default();
    for percentile in 0..MAX_PERCENTILES {
        assert_eq!(parse_latency(&mut stats, b"x", format!("p{percentile}=1").as_bytes()), Some(()));
    }
    assert_eq!(parse_latency(&mut stats, b"x", b"p99.99=1"), None);
    assert_eq!(parse_latency(&mut stats, b"x", b"p7=1"), Some(()));
}

#[test]
fn usec_of_a_command_is_that_of_its_sub_commands_too() {
    let mut commands = [
        command("config|set", 1, 20, None, None),
        command("get", 1, 4, None, None),
        command("config|get", 1, 100, None, None),
        command("configure", 1, 7000, None, None),
        command("config", 1, 3, None, None),
        command("client|list", 1, u64::MAX, None, None),
        command("client|info", 1, 1, None, None),
    ];
    commands.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(usec(&commands, "config"), Some(123));
    assert_eq!(usec(&commands, "config|set"), Some(20));
    assert_eq!(usec(&commands, "configure"), Some(7000));
    assert_eq!(usec(&commands, "get"), Some(4));
    assert_eq!(usec(&commands, "client"), Some(u64::MAX));
    assert_eq!(usec(&commands, "conf"), None);
    assert_eq!(usec(&commands, "zadd"), None);
    assert_eq!(usec(&[], "get"), None);
}

#[test]
fn export_has_a_summary_only_with_sum_and_count() {
    let commands = [command("get", 2, 9, Some(1), None)];
    let errors = [ErrorStat { name: "ERR".into(), count: 3 }];
    let mut latencies = LatencyStats::default();
    parse_latency(&mut latencies, b"get", b"p50=4.015,p99.9=5.5").unwrap();
    parse_latency(&mut latencies, b"set", b"p50=4.015,p99.9=5.5").unwrap();
    let mut out = Families::new();
    export(&commands, &errors, &latencies, &mut out);
    let text = exposition(&out.into_sorted(), Format::Prometheus);
    let samples: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(
        samples,
        [
            "redis_commands_duration_seconds_total{cmd=\"get\"} 0.000009",
            "redis_commands_rejected_calls_total{cmd=\"get\"} 1",
            "redis_commands_total{cmd=\"get\"} 2",
            "redis_errors_total{err=\"ERR\"} 3",
            "redis_latency_percentiles_usec{cmd=\"get\",quantile=\"50\"} 4.015",
            "redis_latency_percentiles_usec{cmd=\"get\",quantile=\"99.9\"} 5.5",
            "redis_latency_percentiles_usec_sum{cmd=\"get\"} 9",
            "redis_latency_percentiles_usec_count{cmd=\"get\"} 2",
        ]
    );
}
