//! A CLIENT LIST reply of 10,000 connections: reading it, and reducing it to a summary.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use clientlist::parse::clients;
use clientlist::{BufferLimits, ClassLimit, ClientTracker, Options, summarize};
use criterion::{Criterion, Throughput};
use manometer::collector::redis::RedisTarget;

const CLIENTS: u32 = 10_000;

/// Lines as Redis 7.2 writes them: 200 names, each fifth connection a subscriber, each hundredth with a backlog.
fn reply() -> String {
    let mut reply = String::new();
    for id in 1..=CLIENTS {
        let (flags, sub) = if id % 5 == 0 { ("P", 1) } else { ("N", 0) };
        let omem = if id % 100 == 0 { id * 20_504 } else { 0 };
        let _ = writeln!(
            reply,
            "id={id} addr=10.1.{}.{}:{} laddr=10.1.0.5:6379 fd={id} name=ticker-web-{:03} age=86{:03} idle={} \
             flags={flags} db=0 sub={sub} psub=0 ssub=0 multi=-1 qbuf=0 qbuf-free=20474 argv-mem=0 multi-mem=0 \
             rbs=1024 rbp=0 obl=0 oll=0 omem={omem} tot-mem={} events=r cmd=subscribe user=default redir=-1 resp=2 \
             lib-name=redis-py lib-ver=5.0.1",
            id / 256,
            id % 256,
            30_000 + id,
            id % 200,
            id % 1_000,
            id % 400,
            omem + 22_272,
        );
    }
    reply
}

fn options() -> Options {
    let pool =
        |name: &str, pattern: &str| format!("[[redis.pool]]\nname = \"{name}\"\nmatch = \"{pattern}\"\nmax = 500\n");
    let text = format!(
        "[[redis]]\nname = \"main\"\nurl = \"redis://127.0.0.1\"\n{}{}",
        pool("celery", "celery-*"),
        pool("web", "ticker-web-*")
    );
    Options { pools: crate::target::<RedisTarget>(&text).pools, ..Options::default() }
}

pub(crate) fn client_list(criterion: &mut Criterion) {
    let reply = reply();
    let options = options();
    let limit = ClassLimit { hard_bytes: 32 << 20, soft_bytes: 8 << 20, soft_seconds: 60 };
    let limits = BufferLimits { pubsub: limit, ..BufferLimits::default() };
    let mut group = criterion.benchmark_group("client_list");
    group.throughput(Throughput::Bytes(reply.len() as u64));
    group.bench_function("parse", |bencher| {
        bencher.iter(|| {
            let sizes = clients(black_box(reply.as_bytes())).flatten().filter_map(|client| client.omem);
            black_box(sizes.sum::<u64>())
        });
    });
    let mut tracker = ClientTracker::default();
    group.bench_function("summarize", |bencher| {
        bencher.iter(|| {
            let reply = black_box(reply.as_bytes());
            black_box(summarize(reply, &options, Some(&limits), &mut tracker, Instant::now()))
        });
    });
    group.finish();
}
