//! Reading and naming an INFO ALL reply of a busy server: 150 commands with their percentiles.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, Throughput};
use manometer::collector::redis::info::{export, parse};
use manometer::metric::Families;

const RECORDED: &str = include_str!("../../tests/fixtures/info/redis-7.0.txt");

const COMMANDS: u64 = 150;

/// The recorded reply with the lines of many commands after those of the few that it has.
fn busy_reply() -> String {
    let (mut calls, mut percentiles) = (String::new(), String::new());
    for n in 0..COMMANDS {
        let (count, usec) = (n * 7919 + 104_729, n * 611_953 + 1_299_709);
        let _ = write!(
            calls,
            "cmdstat_command{n}|sub:calls={count},usec={usec},usec_per_call={:.2},rejected_calls={n},failed_calls={}\r\n",
            usec as f64 / count as f64,
            n / 3,
        );
        let _ =
            write!(percentiles, "latency_percentiles_usec_command{n}|sub:p50={n}.003,p99=1{n}.019,p99.9=2{n}.103\r\n");
    }
    RECORDED
        .replace("# Commandstats\r\n", &format!("# Commandstats\r\n{calls}"))
        .replace("# Latencystats\r\n", &format!("# Latencystats\r\n{percentiles}"))
}

pub(crate) fn info(criterion: &mut Criterion) {
    let reply = busy_reply();
    let mut group = criterion.benchmark_group("info");
    group.throughput(Throughput::Bytes(reply.len() as u64));
    group.bench_function("parse", |bencher| bencher.iter(|| parse(black_box(reply.as_bytes()))));
    let parsed = parse(reply.as_bytes());
    group.bench_function("export", |bencher| {
        bencher.iter(|| {
            let mut out = Families::new();
            export(black_box(&parsed), None, Some(1.0), &mut out);
            out.series()
        });
    });
    group.finish();
}
