//! Samples at irregular times, with gaps and an end, against what the real promtool (2.42) makes of them.

use std::time::Duration;

use super::Recorded;
use crate::evaluate::{Sample, elements};
use crate::{Over, Policy, Series, Signal};

/// Seconds and values.
const GAUGE: &[(i64, f64)] =
    &[(0, 10.0), (7, 13.0), (22, 11.0), (37, Sample::STALE), (52, 20.0), (68, 20.5), (103, 18.0)];
const COUNTER: &[(i64, f64)] = &[(3, 100.0), (18, 107.0), (33, 120.0), (41, 2.0), (60, 5.5), (130, 9.0), (145, 9.0)];
/// So large that a slope drowns in rounding where sums are not taken with care.
const BIG: &[(i64, f64)] =
    &[(0, 2e9), (15, 2_000_000_100.25), (30, 2_000_000_190.5), (50, 2_000_000_333.0), (95, 2_000_000_610.125)];
/// Began a short time ago, and was close to 0 then.
const YOUNG: &[(i64, f64)] = &[(40, 1.0), (55, 4.0), (70, 8.0)];

/// Series, minutes of the window, seconds of the evaluation; increase, rate, mean and slope, as promtool prints them.
const WINDOWS: &str = "\
gauge 1 70 12.391304347826088 0.20652173913043478 17.166666666666664 0.21852078239608794
gauge 1 120 30.857142857142854 0.5142857142857142 19.25 -0.07142857142857142
gauge 1 150 - - 18.0 -
gauge 2 70 27.128676470588232 0.2260723039215686 14.899999999999999 0.15987488306828815
gauge 2 120 48.349514563106794 0.4029126213592233 15.416666666666666 0.0933299518133401
gauge 2 150 31.105392156862745 0.25921160130718957 19.5 -0.044463498285154335
counter 1 70 26.42857142857143 0.4404761904761905 58.625 -2.84640522875817
counter 1 120 - - 5.5 -
counter 1 150 0.0 0.0 9.0 0.0
counter 2 70 33.161184210526315 0.276343201754386 66.9 -1.9870916754478398
counter 2 120 30.029605263157894 0.25024671052631575 66.9 -1.9870916754478398
counter 2 150 9.642857142857142 0.08035714285714285 29.1 -0.4663708159574861
big 1 70 324.1875 5.403124999999999 2000000207.9166665 6.675675683923671
big 1 120 - - 2000000610.125 -
big 1 150 - - 2000000610.125 -
big 2 70 444.00000000000006 3.7 2000000155.9375 6.615296803652968
big 2 120 770.6842105263157 6.4223684210526315 2000000246.775 6.435244014732965
big 2 150 524.53125 4.37109375 2000000377.875 6.405451127819549
young 1 70 8.0 0.13333333333333333 4.333333333333333 0.23333333333333334
young 1 120 - - 8.0 -
young 1 150 - - - -
young 2 70 8.0 0.06666666666666667 4.333333333333333 0.23333333333333334
young 2 120 9.75 0.08124999999999999 4.333333333333333 0.23333333333333334
young 2 150 9.75 0.08124999999999999 4.333333333333333 0.23333333333333334
";

fn recorded() -> Recorded {
    let mut recorded = Recorded::default();
    for (metric, samples) in [("gauge", GAUGE), ("counter", COUNTER), ("big", BIG), ("young", YOUNG)] {
        recorded.add(metric, &[], samples);
    }
    recorded
}

fn value(recorded: &Recorded, signal: &Signal, now: i64) -> Option<f64> {
    let elements = elements(&Policy::default(), signal, recorded, now * 1000);
    assert!(elements.len() <= 1, "{elements:?}");
    elements.first().map(|element| element.value)
}

#[test]
fn windows_go_by_the_times_of_their_samples() {
    let recorded = recorded();
    for row in WINDOWS.lines() {
        let [metric, minutes, now, expected @ ..] = &row.split(' ').collect::<Vec<_>>()[..] else { panic!("{row}") };
        let window = Duration::from_mins(minutes.parse().unwrap());
        let series = Series { metric: (*metric).to_owned(), ..Series::default() };
        let signals = [
            Signal::Increase { series: series.clone(), window },
            Signal::Rate { series: series.clone(), window, per: Duration::from_secs(1) },
            Signal::Over { what: Over::Mean, series: series.clone(), window, record: None },
            Signal::Growth { series, window },
        ];
        let now = now.parse().unwrap();
        let values = signals.map(|signal| value(&recorded, &signal, now));
        let expected: Vec<Option<f64>> = expected.iter().map(|value| value.parse().ok()).collect();
        assert_eq!(values, expected[..], "{row}");
    }
}

#[test]
fn a_value_counts_for_the_gap_also_if_its_series_ended() {
    let mut recorded = Recorded::default();
    recorded.add("gone", &[], &[(0, 1.0), (10, 2.0)]);
    recorded.add("ended", &[], &[(0, 1.0), (10, Sample::STALE), (300, 3.0)]);
    for (metric, now, expected) in [
        ("gone", 0, Some(1.0)),
        ("gone", 9, Some(1.0)),
        ("gone", 130, Some(2.0)),
        ("gone", 131, None),
        ("ended", 10, Some(1.0)),
        ("ended", 120, Some(1.0)),
        ("ended", 121, None),
        ("ended", 300, Some(3.0)),
    ] {
        let signal = Signal::Value(Series { metric: metric.to_owned(), ..Series::default() });
        assert_eq!(value(&recorded, &signal, now), expected, "{metric} {now}");
    }
}

#[test]
fn what_a_gauge_was_over_a_time_and_what_two_counters_rose_by() {
    let mut recorded = Recorded::default();
    recorded.add("m", &[], &[(0, 1.0), (15, 1.0), (30, 0.0), (45, 1.0), (60, 4.0)]);
    recorded.add("part", &[], &[(0, 10.0), (30, 13.0), (60, 16.0)]);
    recorded.add("whole", &[], &[(0, 100.0), (30, 110.0), (60, 124.0)]);
    recorded.add("still", &[], &[(0, 5.0), (30, 5.0), (60, 5.0)]);
    let window = Duration::from_mins(1);
    let series = |metric: &str| Series { metric: metric.to_owned(), ..Series::default() };
    for (what, expected) in [(Over::Max, 4.0), (Over::Min, 0.0), (Over::Changes, 3.0), (Over::Mean, 1.4)] {
        let signal = Signal::Over { what, series: series("m"), window, record: None };
        assert_eq!(value(&recorded, &signal, 60), Some(expected), "{what:?}");
    }
    let ratio =
        |whole| Signal::Ratio { part: series("part"), whole: series(whole), window: Some(window), record: None };
    assert_eq!(value(&recorded, &ratio("whole"), 60), Some(0.25));
    assert_eq!(value(&recorded, &ratio("still"), 60), None);
    assert_eq!(value(&recorded, &Signal::Age(series("m")), 90), Some(86.0));
    assert_eq!(value(&recorded, &Signal::Until(series("whole")), 60), Some(64.0));
}

#[test]
fn agents_and_what_is_fixed_are_not_told_apart() {
    let mut recorded = Recorded::default();
    for (instance, value) in [("a", 1.0), ("b", 3.0)] {
        let labels = [("instance", instance), ("job", "manometer"), ("stat", "p99"), ("target", "main")];
        recorded.add("m", &labels, &[(0, value)]);
    }
    let labels = vec![("stat".to_owned(), vec!["p99".to_owned()])];
    let signal = Signal::Value(Series { metric: "m".to_owned(), labels, ..Series::default() });
    let found = elements(&Policy::default(), &signal, &recorded, 0);
    let labels: Vec<(&str, &str)> = found[0].labels.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!((found.len(), labels, found[0].value), (1, vec![("target", "main")], 3.0));
}

#[test]
fn what_is_infinite_or_not_a_number_stays_so() {
    let mut recorded = Recorded::default();
    for (metric, values) in [
        ("infinite", [1.0, f64::INFINITY, 2.0]),
        ("both", [f64::NEG_INFINITY, 1.0, f64::INFINITY]),
        ("none", [1.0, f64::NAN, 1.0]),
    ] {
        recorded.add(metric, &[], &[(0, values[0]), (15, values[1]), (30, values[2])]);
    }
    let window = Duration::from_mins(1);
    for (metric, expected) in [("infinite", f64::INFINITY), ("both", f64::NAN), ("none", f64::NAN)] {
        let series = Series { metric: metric.to_owned(), ..Series::default() };
        let mean = value(&recorded, &Signal::Over { what: Over::Mean, series, window, record: None }, 30).unwrap();
        assert!(mean.total_cmp(&expected).is_eq() || (mean.is_nan() && expected.is_nan()), "{metric} {mean}");
    }
}

#[test]
fn a_quantile_is_of_all_that_is_not_told_apart() {
    let mut recorded = Recorded::default();
    let mut add = |route: &str, code: &str, counts: &[(&str, f64)]| {
        for (bound, count) in counts {
            let labels = [("code", code), ("job", "manometer"), ("le", bound), ("route", route), ("target", "api")];
            recorded.add("m_bucket", &labels, &[(0, 0.0), (60, *count)]);
        }
    };
    // Of a hundred 94 within 0.1 s, by two codes together; the 95th is a fifth of the way from there to 0.5.
    add("/a", "200", &[("0.1", 80.0), ("0.5", 85.0), ("+Inf", 85.0)]);
    add("/a", "500", &[("0.1", 14.0), ("0.5", 14.0), ("1", 14.0), ("+Inf", 15.0)]);
    // All beyond the highest bound; a bucket that was read late; nothing counted; no bound above all.
    add("/slow", "200", &[("0.1", 0.0), ("1.0", 1.0), ("+Inf", 50.0)]);
    add("/late", "200", &[("0.1", 96.0), ("0.5", 90.0), ("+Inf", 100.0)]);
    add("/idle", "200", &[("0.1", 0.0), ("+Inf", 0.0)]);
    add("/half", "200", &[("0.1", 5.0), ("0.5", 9.0)]);
    add("/alone", "200", &[("+Inf", 9.0)]);
    add("/below", "200", &[("-1", 9.0), ("0.5", 9.0), ("+Inf", 9.0)]);
    let signal = |by: &[&str]| Signal::Quantile {
        part: 0.95,
        series: Series { metric: "m_bucket".to_owned(), ..Series::default() },
        by: by.iter().map(|label| (*label).to_owned()).collect(),
        window: Duration::from_mins(1),
    };
    let (by_route, whole) = (signal(&["route"]), signal(&[]));
    let found = elements(&Policy::default(), &by_route, &recorded, 60_000);
    let found: Vec<(String, f64)> = found
        .iter()
        .map(|element| {
            let labels: Vec<String> = element.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
            (labels.join(" "), (element.value * 1e9).round() / 1e9)
        })
        .collect();
    let expected = [("/a", 0.18), ("/slow", 1.0), ("/late", 0.098_958_333), ("/below", -1.0)];
    assert_eq!(found, expected.map(|(route, value)| (format!("route={route} target=api"), value)));
    let all = elements(&Policy::default(), &whole, &recorded, 60_000);
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].labels.len(), 1, "{all:?}");
}
