//! From pushed samples to the text of a scrape: about the samples of a busy Redis and of a hundred containers.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use manometer::metric::text::{Format, exposition};
use manometer::metric::{Families, Kind, Metric, Suffix};

const COMMANDS: Metric<1> = Metric::counter("redis_commands_total", &["cmd"], "Calls.");
const LATENCY: Metric<1> = Metric::histogram("redis_commands_latencies_usec", &["cmd"], "Latency.");
const READS: Metric<3> = Metric::counter("container_fs_reads_total", &["name", "image", "device"], "Reads.");

/// The texts that name the samples, made once.
struct Names {
    plain: Vec<String>,
    commands: Vec<String>,
}

fn push(names: &Names) -> Families {
    let mut out = Families::new();
    for (at, name) in names.plain.iter().enumerate() {
        out.push_foreign((name, Kind::Gauge, "Plain."), Suffix::None, &[], at as f64);
    }
    for (at, command) in names.commands.iter().enumerate() {
        out.push(&COMMANDS, [command], at as f64 * 1000.5);
        let buckets = [(1.0, 3.0), (3.0, 9.0), (7.0, 80.0), (15.0, 90.0), (33.0, 95.0), (66.0, 99.0)];
        out.push_histogram(&LATENCY, [command], &buckets, 1234.5, 100.0);
        for device in ["sda", "sdb", "sdc"] {
            out.push(&READS, [command, "registry.example.org/app:1.2.3", device], at as f64);
        }
    }
    out
}

pub(crate) fn series(criterion: &mut Criterion) {
    let names = Names {
        plain: (0..200).map(|at| format!("redis_plain_{at}")).collect(),
        commands: (0..100).map(|at| format!("command{at}")).collect(),
    };
    let mut group = criterion.benchmark_group("exposition");
    group.throughput(Throughput::Elements(push(&names).series() as u64));
    group.bench_function("push", |bencher| bencher.iter(|| push(black_box(&names)).series()));
    let families = push(&names).into_sorted();
    group.bench_function("write", |bencher| bencher.iter(|| exposition(black_box(&families), Format::Prometheus)));
    group.bench_function("push_and_write", |bencher| {
        bencher.iter(|| exposition(&push(black_box(&names)).into_sorted(), Format::Prometheus).len());
    });
    group.finish();
}
