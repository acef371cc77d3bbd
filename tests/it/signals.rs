//! What the evaluator computes of a signal, against what the real Prometheus computes of the same samples.

use std::fmt::Write as _;
use std::time::Duration;

use manometer::policy::evaluate::{Label, Sample, Samples, Track, elements};
use manometer::policy::{Over, Policy, Series, Signal};

use crate::support::missing::missing;
use crate::support::promtool::test_rules;

/// A series with gaps, restarts and an end at random times; `None` is the end of it.
fn irregular(random: &mut fastrand::Rng) -> Vec<(i64, Option<f64>)> {
    let (mut time, mut value, mut samples) = (random.i64(0..60), random.f64() * 100.0, Vec::new());
    while time < 900 {
        match random.u32(0..20) {
            0 => {
                samples.push((time, None));
                time += random.i64(30..300);
            }
            1 => value = random.f64() * 10.0,
            2 => time += random.i64(60..400),
            3..6 => {}
            _ => value += random.f64() * 1000.0,
        }
        samples.push((time + 1, Some(value)));
        time += random.i64(2..40);
    }
    samples
}

/// The samples as promtool reads them, one a second.
fn notation(samples: &[(i64, Option<f64>)]) -> String {
    let (mut text, mut next) = (String::new(), 0);
    for (time, value) in samples {
        if *time > next {
            write!(text, "_x{} ", time - next).unwrap();
        }
        write!(text, "{} ", value.map_or_else(|| "stale".to_owned(), |value| value.to_string())).unwrap();
        next = time + 1;
    }
    text
}

/// The samples of one test, as an evaluation reads them.
struct Recorded(Vec<(String, Vec<Label>, Vec<Sample>)>);

impl Samples for Recorded {
    fn tracks<'s>(&'s self, metric: &str) -> impl Iterator<Item = Track<'s>> {
        let named = self.0.iter().filter(move |(name, ..)| name == metric);
        named.map(|(_, labels, samples)| Track { labels, samples })
    }
}

/// Histograms of two routes and two codes with irregular samples, and what is computed of them: beside the series above.
fn histograms(random: &mut fastrand::Rng, test: &mut String) {
    const BOUNDS: [&str; 4] = ["0.1", "0.5", "2.5", "+Inf"];
    let (mut series, mut recorded) = (String::new(), Vec::new());
    for (route, code) in [("/a", "200"), ("/a", "500"), ("/b", "200")] {
        let mut below: Vec<(i64, Option<f64>)> = irregular(random);
        for bound in BOUNDS {
            writeln!(
                series,
                "  - {{series: 'h_bucket{{route=\"{route}\",code=\"{code}\",le=\"{bound}\"}}', values: '{}'}}",
                notation(&below)
            )
            .unwrap();
            let labels =
                [("code", code), ("le", bound), ("route", route)].map(|(name, value)| (name.into(), value.into()));
            let sample = |&(time, value): &(i64, Option<f64>)| Sample {
                time: time * 1000,
                value: value.unwrap_or(Sample::STALE),
            };
            recorded.push(("h_bucket".to_owned(), labels.to_vec(), below.iter().map(sample).collect::<Vec<_>>()));
            // Each bucket has what is below it, and as much again.
            let more = 1.0 + random.f64();
            for (_, value) in &mut below {
                *value = value.map(|value| value * more);
            }
        }
    }
    let recorded = Recorded(recorded);
    *test = test.replacen("  promql_expr_test:\n", &format!("{series}  promql_expr_test:\n"), 1);
    let mut present = 0;
    for _ in 0..100 {
        let (seconds, now) = (random.u64(15..400), random.i64(0..1200));
        let part = f64::from(random.u32(1..100)) / 100.0;
        for by in [&["route"][..], &["code", "route"], &[]] {
            let signal = Signal::Quantile {
                part,
                series: Series { metric: "h_bucket".to_owned(), ..Series::default() },
                by: by.iter().map(|label| (*label).to_owned()).collect(),
                window: Duration::from_secs(seconds),
            };
            let kept: Vec<&str> = by.iter().copied().chain(["le"]).collect();
            let expr = format!("histogram_quantile({part}, sum by ({}) (rate(h_bucket[{seconds}s])))", kept.join(", "));
            let found = elements(&Policy::default(), &signal, &recorded, now * 1000);
            let count = format!("count({expr} >= 0) or vector(0)");
            writeln!(
                test,
                "  - {{expr: '{count}', eval_time: {now}s, exp_samples: [{{labels: '{{}}', value: {}}}]}}",
                found.len()
            )
            .unwrap();
            for element in found {
                let of: Vec<String> =
                    element.labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
                let (of, value) = (of.join(","), element.value);
                let expr = format!("histogram_quantile({part}, sum by (le) (rate(h_bucket{{{of}}}[{seconds}s])))");
                let close = format!("abs({expr} - ({value})) <= bool {:e}", value.abs() * 1e-9);
                writeln!(
                    test,
                    "  - {{expr: '{close}', eval_time: {now}s, exp_samples: [{{labels: '{{}}', value: 1}}]}}"
                )
                .unwrap();
                present += 1;
            }
        }
    }
    assert!(present > 200, "{present}");
}

/// Whatever the times of the samples are, the evaluator computes what Prometheus computes, to the ninth digit.
#[test]
fn signals_are_computed_as_prometheus_computes_them() {
    if missing(&["promtool"]) {
        return;
    }
    let mut random = fastrand::Rng::with_seed(7);
    let mut test = "rule_files: []\nevaluation_interval: 1s\ntests:\n- interval: 1s\n  input_series:\n".to_owned();
    let mut recorded = Recorded(Vec::new());
    for at in 0..30 {
        let samples = irregular(&mut random);
        writeln!(test, "  - {{series: 'm{at}', values: '{}'}}", notation(&samples)).unwrap();
        let sample =
            |&(time, value): &(i64, Option<f64>)| Sample { time: time * 1000, value: value.unwrap_or(Sample::STALE) };
        recorded.0.push((format!("m{at}"), Vec::new(), samples.iter().map(sample).collect()));
    }
    test.push_str("  promql_expr_test:\n");
    let (policy, mut present) = (Policy::default(), 0);
    for (metric, ..) in &recorded.0 {
        let series = || Series { metric: metric.clone(), ..Series::default() };
        for _ in 0..20 {
            let (seconds, now) = (random.u64(15..400), random.i64(0..1200));
            let (window, per) = (Duration::from_secs(seconds), Duration::from_mins(1));
            let over = |what, function: &str| {
                let signal = Signal::Over { what, series: series(), window, record: None };
                (signal, format!("{function}({metric}[{seconds}s])"))
            };
            for (signal, expr) in [
                (Signal::Value(series()), format!("last_over_time({metric}[2m])")),
                (Signal::Age(series()), format!("time() - last_over_time({metric}[2m])")),
                (Signal::Until(series()), format!("last_over_time({metric}[2m]) - time()")),
                (
                    Signal::Ratio { part: series(), whole: series(), window: Some(window), record: None },
                    format!("increase({metric}[{seconds}s]) / (increase({metric}[{seconds}s]) > 0)"),
                ),
                over(Over::Max, "max_over_time"),
                over(Over::Min, "min_over_time"),
                over(Over::Changes, "changes"),
                over(Over::Mean, "avg_over_time"),
                (Signal::Increase { series: series(), window }, format!("increase({metric}[{seconds}s])")),
                (Signal::Rate { series: series(), window, per }, format!("rate({metric}[{seconds}s]) * 60")),
                (Signal::Growth { series: series(), window }, format!("deriv({metric}[{seconds}s])")),
            ] {
                let value = elements(&policy, &signal, &recorded, now * 1000).first().map(|element| element.value);
                let (expr, expected) = match value {
                    // A processor that multiplies and adds in one step rounds once less.
                    Some(value) => (
                        format!("abs({expr} - ({value})) <= bool {:e}", value.abs() * 1e-9),
                        "[{labels: '{}', value: 1}]",
                    ),
                    None => (expr, "[]"),
                };
                present += usize::from(value.is_some());
                writeln!(test, "  - {{expr: '{expr}', eval_time: {now}s, exp_samples: {expected}}}").unwrap();
            }
        }
    }
    assert!(present > 1500, "{present}");
    histograms(&mut random, &mut test);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("signals.test.yml");
    std::fs::write(&file, test).unwrap();
    assert_eq!(test_rules(&[file]), Ok(()));
}
