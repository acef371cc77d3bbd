//! Samples at irregular times, with gaps and an end, against what the real promtool (2.42) makes of them.

use std::time::Duration;

use super::Recorded;
use crate::evaluate::{Sample, elements};
use crate::{Policy, Series, Signal};

/// Seconds and values.
const GAUGE: &[(i64, f64)] =
    &[(0, 10.0), (7, 13.0), (22, 11.0), (37, Sample::STALE), (52, 20.0), (68, 20.5), (103, 18.0)];
const COUNTER: &[(i64, f64)] = &[(3, 100.0), (18, 107.0), (33, 120.0), (41, 2.0), (60, 5.5), (130, 9.0), (145, 9.0)];
/// So large that a slope drowns in rounding where sums are not taken with care.
const BIG: &[(i64, f64)] =
    &[(0, 2e9), (15, 2_000_000_100.25), (30, 2_000_000_190.5), (50, 2_000_000_333.0), (95, 2_000_000_610.125)];
/// Began a short time ago, and was close to 0 then.
const YOUNG: &[(i64, f64)] = &[(40, 1.0), (55, 4.0), (70, 8.0)];

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
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn windows_go_by_the_times_of_their_samples() {
    let recorded = recorded();
    // Increase, rate, mean and slope.
    for (metric, minutes, now, expected) in [
        (
            "gauge",
            1,
            70,
            [
                Some(12.391_304_347_826_088),
                Some(0.206_521_739_130_434_78),
                Some(17.166_666_666_666_664),
                Some(0.218_520_782_396_087_94),
            ],
        ),
        (
            "gauge",
            1,
            120,
            [Some(30.857_142_857_142_854), Some(0.514_285_714_285_714_2), Some(19.25), Some(-0.071_428_571_428_571_42)],
        ),
        ("gauge", 1, 150, [None, None, Some(18.0), None]),
        (
            "gauge",
            2,
            70,
            [
                Some(27.128_676_470_588_232),
                Some(0.226_072_303_921_568_6),
                Some(14.899_999_999_999_999),
                Some(0.159_874_883_068_288_15),
            ],
        ),
        (
            "gauge",
            2,
            120,
            [
                Some(48.349_514_563_106_794),
                Some(0.402_912_621_359_223_3),
                Some(15.416_666_666_666_666),
                Some(0.093_329_951_813_340_1),
            ],
        ),
        (
            "gauge",
            2,
            150,
            [
                Some(31.105_392_156_862_745),
                Some(0.259_211_601_307_189_57),
                Some(19.5),
                Some(-0.044_463_498_285_154_335),
            ],
        ),
        (
            "counter",
            1,
            70,
            [Some(26.428_571_428_571_43), Some(0.440_476_190_476_190_5), Some(58.625), Some(-2.846_405_228_758_17)],
        ),
        ("counter", 1, 120, [None, None, Some(5.5), None]),
        ("counter", 1, 150, [Some(0.0), Some(0.0), Some(9.0), Some(0.0)]),
        (
            "counter",
            2,
            70,
            [Some(33.161_184_210_526_315), Some(0.276_343_201_754_386), Some(66.9), Some(-1.987_091_675_447_839_8)],
        ),
        (
            "counter",
            2,
            120,
            [Some(30.029_605_263_157_894), Some(0.250_246_710_526_315_75), Some(66.9), Some(-1.987_091_675_447_839_8)],
        ),
        (
            "counter",
            2,
            150,
            [Some(9.642_857_142_857_142), Some(0.080_357_142_857_142_85), Some(29.1), Some(-0.466_370_815_957_486_1)],
        ),
        (
            "big",
            1,
            70,
            [Some(324.1875), Some(5.403_124_999_999_999), Some(2_000_000_207.916_666_5), Some(6.675_675_683_923_671)],
        ),
        ("big", 1, 120, [None, None, Some(2_000_000_610.125), None]),
        ("big", 1, 150, [None, None, Some(2_000_000_610.125), None]),
        (
            "big",
            2,
            70,
            [Some(444.000_000_000_000_06), Some(3.7), Some(2_000_000_155.937_5), Some(6.615_296_803_652_968)],
        ),
        (
            "big",
            2,
            120,
            [
                Some(770.684_210_526_315_7),
                Some(6.422_368_421_052_631_5),
                Some(2_000_000_246.775),
                Some(6.435_244_014_732_965),
            ],
        ),
        ("big", 2, 150, [Some(524.53125), Some(4.371_093_75), Some(2_000_000_377.875), Some(6.405_451_127_819_549)]),
        (
            "young",
            1,
            70,
            [Some(8.0), Some(0.133_333_333_333_333_33), Some(4.333_333_333_333_333), Some(0.233_333_333_333_333_34)],
        ),
        ("young", 1, 120, [None, None, Some(8.0), None]),
        ("young", 1, 150, [None, None, None, None]),
        (
            "young",
            2,
            70,
            [Some(8.0), Some(0.066_666_666_666_666_67), Some(4.333_333_333_333_333), Some(0.233_333_333_333_333_34)],
        ),
        (
            "young",
            2,
            120,
            [Some(9.75), Some(0.081_249_999_999_999_99), Some(4.333_333_333_333_333), Some(0.233_333_333_333_333_34)],
        ),
        (
            "young",
            2,
            150,
            [Some(9.75), Some(0.081_249_999_999_999_99), Some(4.333_333_333_333_333), Some(0.233_333_333_333_333_34)],
        ),
    ] {
        let (series, window) = (Series { metric: metric.to_owned(), labels: Vec::new() }, Duration::from_mins(minutes));
        let signals = [
            Signal::Increase { series: series.clone(), window },
            Signal::Rate { series: series.clone(), window, per: Duration::from_secs(1) },
            Signal::Mean { series: series.clone(), window, record: None },
            Signal::Growth { series, window },
        ];
        let values = signals.map(|signal| value(&recorded, &signal, now));
        assert_eq!(values, expected, "{metric} {minutes} {now}");
    }
}

#[test]
fn a_value_counts_for_five_minutes_unless_its_series_ended() {
    let recorded = recorded();
    for (metric, now, expected) in [
        ("gauge", 36, Some(11.0)),
        ("gauge", 37, None),
        ("gauge", 51, None),
        ("gauge", 70, Some(20.5)),
        ("gauge", 403, Some(18.0)),
        ("gauge", 404, None),
        ("gauge", 445, None),
        ("gauge", 446, None),
        ("counter", 36, Some(120.0)),
        ("counter", 37, Some(120.0)),
        ("counter", 51, Some(2.0)),
        ("counter", 70, Some(5.5)),
        ("counter", 403, Some(9.0)),
        ("counter", 404, Some(9.0)),
        ("counter", 445, Some(9.0)),
        ("counter", 446, None),
        ("big", 36, Some(2_000_000_190.5)),
        ("big", 37, Some(2_000_000_190.5)),
        ("big", 51, Some(2_000_000_333.0)),
        ("big", 70, Some(2_000_000_333.0)),
        ("big", 403, None),
        ("big", 404, None),
        ("big", 445, None),
        ("big", 446, None),
        ("young", 36, None),
        ("young", 37, None),
        ("young", 51, Some(1.0)),
        ("young", 70, Some(8.0)),
        ("young", 403, None),
        ("young", 404, None),
        ("young", 445, None),
        ("young", 446, None),
    ] {
        let signal = Signal::Value(Series { metric: metric.to_owned(), labels: Vec::new() });
        assert_eq!(value(&recorded, &signal, now), expected, "{metric} {now}");
    }
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
        let series = Series { metric: metric.to_owned(), labels: Vec::new() };
        let mean = value(&recorded, &Signal::Mean { series, window, record: None }, 30).unwrap();
        assert!(mean.total_cmp(&expected).is_eq() || (mean.is_nan() && expected.is_nan()), "{metric} {mean}");
    }
}
