use std::sync::Arc;

use redis::Value;

use super::super::info;
use super::super::reply::build::{array, bulk};
use super::*;
use crate::metric::text::{Format, exposition};

fn ints(numbers: &[i64]) -> Value {
    array(numbers.iter().copied().map(Value::Int))
}

fn command_resp2(name: &str, calls: i64, buckets: &[i64]) -> [Value; 2] {
    [bulk(name), array([bulk("calls"), Value::Int(calls), bulk("histogram_usec"), ints(buckets)])]
}

fn command_resp3(name: &str, calls: i64, buckets: &[(i64, i64)]) -> (Value, Value) {
    let buckets = buckets.iter().map(|&(bound, calls)| (Value::Int(bound), Value::Int(calls))).collect();
    let details =
        vec![(bulk("calls"), Value::Int(calls)), (Value::SimpleString("histogram_usec".into()), Value::Map(buckets))];
    (bulk(name), Value::Map(details))
}

fn histogram(command: &str, calls: u64, buckets: &[(u64, u64)]) -> CommandHistogram {
    CommandHistogram { command: command.to_owned(), calls, total_usec: None, buckets: buckets.to_vec() }
}

/// What redis-server 7.0.15 answers in RESP2.
fn recorded_histogram() -> Value {
    let commands = [
        command_resp2("config|set", 1, &[4, 1]),
        command_resp2("config|get", 4, &[16, 1, 33, 2, 66, 3, 528, 4]),
        command_resp2("debug", 2, &[33_816, 1, 67_633, 2]),
    ];
    array(commands.into_iter().flatten())
}

/// Exports the two replies, of a server with this INFO.
fn exported(latest: Value, histogram: Value, info: &str) -> Families {
    let mut facts = Facts::default();
    facts.learn_info(&Arc::new(info::parse(info.as_bytes())));
    let mut families = Families::new();
    let spikes = LatencyLatest.read(vec![latest]).unwrap();
    LatencyLatest::export(&LatencyLatest.answer(spikes, &facts), &mut families);
    let mut question = LatencyHistogram { enabled: true };
    let histograms = question.read(vec![histogram]).unwrap();
    LatencyHistogram::export(&question.answer(histograms, &facts), &mut families);
    families
}

#[test]
fn a_recorded_reply_gives_exact_samples() {
    let latest = array([array([bulk("command"), Value::Int(1_795_265_452), Value::Int(50), Value::Int(80)])]);
    // INFO was answered before the first CONFIG SET: its call is left to the next poll, and is not one of 0 microseconds.
    let info = "cmdstat_config|get:calls=4,usec=366\r\ncmdstat_debug:calls=2,usec=70223\r\n";
    let families = exported(latest, recorded_histogram(), info);
    let text = exposition(&families.into_sorted(), Format::Prometheus);
    let samples: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(
        samples,
        [
            r#"redis_commands_latencies_usec_bucket{cmd="config|get",le="16"} 1"#,
            r#"redis_commands_latencies_usec_bucket{cmd="config|get",le="33"} 2"#,
            r#"redis_commands_latencies_usec_bucket{cmd="config|get",le="66"} 3"#,
            r#"redis_commands_latencies_usec_bucket{cmd="config|get",le="528"} 4"#,
            r#"redis_commands_latencies_usec_bucket{cmd="config|get",le="+Inf"} 4"#,
            r#"redis_commands_latencies_usec_sum{cmd="config|get"} 366"#,
            r#"redis_commands_latencies_usec_count{cmd="config|get"} 4"#,
            r#"redis_commands_latencies_usec_bucket{cmd="debug",le="33816"} 1"#,
            r#"redis_commands_latencies_usec_bucket{cmd="debug",le="67633"} 2"#,
            r#"redis_commands_latencies_usec_bucket{cmd="debug",le="+Inf"} 2"#,
            r#"redis_commands_latencies_usec_sum{cmd="debug"} 70223"#,
            r#"redis_commands_latencies_usec_count{cmd="debug"} 2"#,
            r#"redis_latency_spike_duration_seconds{event_name="command"} 0.05"#,
            r#"redis_latency_spike_last{event_name="command"} 1795265452"#,
            r#"redis_latency_spike_max_seconds{event_name="command"} 0.08"#,
        ]
    );
}

#[test]
fn resp3_maps_mean_the_same() {
    let resp3 = Value::Map(vec![
        command_resp3("config|set", 1, &[(4, 1)]),
        command_resp3("config|get", 4, &[(66, 3), (16, 1), (33, 2), (528, 4)]),
        command_resp3("debug", 2, &[(33_816, 1), (67_633, 2)]),
    ]);
    assert_eq!(parse_histogram(&resp3).unwrap(), parse_histogram(&recorded_histogram()).unwrap());
}

#[test]
fn nothing_recorded_is_no_sample() {
    let families = exported(array([]), array([]), "");
    assert_eq!(families.series(), 0);
}

#[test]
fn calls_beyond_the_last_bound_are_counted_in_infinity() {
    let reply = array(command_resp2("eval", 3, &[524_288, 2]));
    assert_eq!(parse_histogram(&reply).unwrap(), [histogram("eval", 3, &[(524_288, 2)])]);
}

#[test]
fn a_spike_without_or_with_more_columns() {
    let spike = |max_ms| Spike { event: "fork".to_owned(), last_unix: 1, last_ms: 2, max_ms };
    for (columns, max_ms) in [(&[1, 2][..], None), (&[1, 2, 3], Some(3)), (&[1, 2, 3, 9, 9], Some(3))] {
        let event = array([bulk("fork")].into_iter().chain(columns.iter().copied().map(Value::Int)));
        assert_eq!(parse_latest(&array([event])).unwrap(), [spike(max_ms)]);
    }
}

#[test]
fn the_most_called_commands_are_kept() {
    let commands = (0..300).map(|index| command_resp3(&format!("c{index:03}"), index, &[(1, index)]));
    let histograms = parse_histogram(&Value::Map(commands.collect())).unwrap();
    assert_eq!(histograms.len(), MAX_COMMANDS);
    assert_eq!((histograms[0].calls, histograms[255].calls), (299, 44));
}

#[test]
fn another_shape_is_an_error() {
    for (reply, what) in [
        (Value::Nil, "LATENCY HISTOGRAM"),
        (array([bulk("get")]), "LATENCY HISTOGRAM"),
        (array([bulk("get"), Value::Int(1)]), "LATENCY HISTOGRAM: command"),
        (array([Value::Nil, array([])]), "LATENCY HISTOGRAM: command"),
        (array(command_resp2("get", -1, &[])), "LATENCY HISTOGRAM: calls"),
        (array(command_resp2("get", 1, &[1])), "LATENCY HISTOGRAM: buckets"),
        (array(command_resp2("get", 1, &[1, 2])), "LATENCY HISTOGRAM: command"),
        (array(command_resp2("get", 2, &[1, 2, 2, 1])), "LATENCY HISTOGRAM: command"),
        (array(command_resp2("get", 2, &[1, 1, 1, 2])), "LATENCY HISTOGRAM: command"),
    ] {
        assert_eq!(parse_histogram(&reply).unwrap_err().what, what);
    }
    assert_eq!(parse_latest(&Value::Int(1)).unwrap_err().what, "LATENCY LATEST");
    assert_eq!(parse_latest(&array([array([bulk("fork"), Value::Int(1)])])).unwrap_err().what, "LATENCY LATEST: event");
}
