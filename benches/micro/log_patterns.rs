//! Log lines of 135 bytes: matching them with twenty patterns and with all that are shipped, and reading them from the
//! frames in which the engine sends them.

use std::hint::black_box;

use criterion::{BenchmarkGroup, Criterion, Throughput};
use manometer::collector::docker::logs::decode::{Decoder, ansi};
use manometer::logpattern::{Event, Events, FollowSettings, LogPattern, Matcher, PatternSet, Patterns, Stream};

const LINES: usize = 10_000;

/// What a service logs all the time.
fn harmless(at: usize) -> String {
    let line = format!(
        "2026-11-24 20:50:40,{:03} INFO ticker.publisher - request {at} handled: path=/api/v1/quotes/NIFTY status=200 \
         duration=12.4ms user=4711 trace=9f2c",
        at % 1_000
    );
    format!("{line:.135}")
}

/// Lines of which one in `every` matches.
fn lines(every: usize) -> Vec<String> {
    let line = |at: usize| {
        if at % every == every - 1 {
            format!(
                "{:<135}",
                format!("2026-11-24 20:50:40,276 ERROR ticker.publisher - Redis publish failed: attempt {at}")
            )
        } else {
            harmless(at)
        }
    };
    let lines: Vec<String> = (0..LINES).map(line).collect();
    assert!(lines.iter().all(|line| line.len() == 135), "{}", lines[0].len());
    lines
}

/// Lines of trouble of many clients, each of another form: what one automaton of all patterns has no room for.
fn trouble() -> Vec<String> {
    let events = include_str!("../../tests/fixtures/logs/events.jsonl");
    let line = |event: &str| {
        let event: serde_json::Value = serde_json::from_str(event).expect("an object a line");
        let is_trouble = event["expected"].as_array().is_some_and(|names| !names.is_empty());
        let text = event["text"].as_str().filter(|text| is_trouble && !text.contains('\n'))?;
        Some(format!("{text:<135.135}"))
    };
    let lines: Vec<String> = events.lines().filter_map(line).collect();
    assert!(lines.len() > 100, "{}", lines.len());
    lines.iter().cycle().step_by(7).take(LINES).cloned().collect()
}

/// The patterns of two sets and four of a user's own: twenty.
fn twenty() -> Matcher {
    let own = vec![
        LogPattern::new("order_rejected", r"order \d+ rejected"),
        LogPattern::new("slow_request", r"duration=(?<value>[0-9]{4,})ms"),
        LogPattern::new("status_5xx", r"status=5\d\d"),
        LogPattern::new("upstream", "upstream (?:connect|read) error"),
    ];
    let sets = vec![PatternSet::Redis, PatternSet::Pool];
    matcher(&FollowSettings { sets, patterns: own, ..FollowSettings::default() }, 20)
}

fn matcher(settings: &FollowSettings, count: usize) -> Matcher {
    let patterns = Patterns::new(settings);
    assert!(patterns.len() >= count, "{}", patterns.len());
    patterns.matcher(patterns.select("web"))
}

fn count(matcher: &Matcher, lines: &[String]) -> usize {
    let (mut events, mut hits) = (Events::default(), 0);
    let mut each = |event: &Event<'_>| hits += event.hits.len();
    for line in lines {
        events.line(matcher, Stream::Stderr, black_box(line.as_bytes()), &mut each);
    }
    events.flush(matcher, &mut each);
    hits
}

/// The bytes of an answer of the engine.
fn framed(lines: &[String]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let content = format!("2026-11-24T20:50:40.{at:09}Z {line}\n");
        bytes.extend_from_slice(&[2, 0, 0, 0]);
        bytes.extend_from_slice(&u32::try_from(content.len()).expect("a short line").to_be_bytes());
        bytes.extend_from_slice(content.as_bytes());
    }
    bytes
}

fn read(group: &mut BenchmarkGroup<'_, criterion::measurement::WallTime>, name: &str, matcher: &Matcher, every: usize) {
    let bytes = framed(&lines(every));
    group.bench_function(name, |bencher| {
        let mut scratch = Vec::new();
        bencher.iter(|| {
            let (mut decoder, mut events, mut hits) = (Decoder::new(None), Events::default(), 0);
            let mut each = |event: &Event<'_>| hits += event.hits.len();
            // The transport hands on so many bytes at a time.
            for chunk in black_box(&bytes).chunks(16 << 10) {
                decoder
                    .feed(chunk, &mut |line| {
                        events.line(matcher, line.stream, ansi::strip(line.text, &mut scratch), &mut each);
                    })
                    .expect("well-formed frames");
            }
            events.flush(matcher, &mut each);
            hits
        });
    });
}

pub(crate) fn log_patterns(criterion: &mut Criterion) {
    let twenty = twenty();
    let all = matcher(&FollowSettings::default(), 30);
    let (none, some) = (lines(usize::MAX), lines(100));
    assert_eq!(count(&twenty, &none) + count(&all, &none), 0);
    // Each is an error of Redis, and a failed publish.
    assert_eq!(count(&twenty, &some), 2 * LINES / 100);
    let mut group = criterion.benchmark_group("log_patterns");
    group.throughput(Throughput::Elements(LINES as u64));
    group.bench_function("20 patterns, none matches", |bencher| bencher.iter(|| count(&twenty, black_box(&none))));
    group.bench_function("20 patterns, 1 % match", |bencher| bencher.iter(|| count(&twenty, black_box(&some))));
    group.bench_function("all shipped, none matches", |bencher| bencher.iter(|| count(&all, black_box(&none))));
    group.bench_function("all shipped, 1 % match", |bencher| bencher.iter(|| count(&all, black_box(&some))));
    let (each, trouble) = (lines(1), trouble());
    group.bench_function("all shipped, every line matches", |bencher| bencher.iter(|| count(&all, black_box(&each))));
    group.bench_function("all shipped, many kinds of trouble", |bencher| {
        bencher.iter(|| count(&all, black_box(&trouble)));
    });
    read(&mut group, "frames and 20 patterns, none matches", &twenty, usize::MAX);
    read(&mut group, "frames and 20 patterns, 1 % match", &twenty, 100);
    group.finish();
}
