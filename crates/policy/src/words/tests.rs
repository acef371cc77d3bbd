use super::*;

#[test]
fn numbers_of_the_policy_are_shown_to_people() {
    for (unit, value, expected) in [
        (Unit::Count, 2000.0, "2000"),
        (Unit::Count, 0.0, "0"),
        (Unit::Count, -0.0, "0"),
        (Unit::Ratio, 0.8, "80 %"),
        (Unit::Ratio, 0.55, "55 %"),
        (Unit::Ratio, 0.005, "0.5 %"),
        (Unit::Ratio, 1.0, "100 %"),
        (Unit::Factor, 1.5, "1.5"),
        (Unit::Seconds, 14_400.0, "4h"),
        (Unit::Seconds, 90.0, "1m30s"),
        (Unit::Seconds, 90_061.0, "1d1h1m1s"),
        (Unit::Seconds, 1.0, "1s"),
        (Unit::Seconds, 2.5, "2.5s"),
        (Unit::Seconds, 0.1, "100 ms"),
        (Unit::Seconds, 0.0, "0s"),
        (Unit::Seconds, -5.0, "-5s"),
        (Unit::Milliseconds, 100.0, "100 ms"),
        (Unit::Milliseconds, 0.5, "0.5 ms"),
        (Unit::Bytes, 2_147_483_648.0, "2 GiB"),
        (Unit::Bytes, 104_857_600.0, "100 MiB"),
        (Unit::Bytes, 1536.0, "1.5 KiB"),
        (Unit::Bytes, 100.0, "100 B"),
        (Unit::Rate, 0.0, "0 a second"),
        (Unit::PerMinute, 10.0, "10 a minute"),
    ] {
        assert_eq!(unit.show(value), expected, "{unit:?} {value}");
    }
}

// What Prometheus makes of more numbers than these is compared with a real promtool in tests/it/words.rs.
#[test]
fn numbers_are_rendered_as_prometheus_renders_them() {
    for (unit, value, expected) in [
        (Unit::Count, 3.2, "3"),
        (Unit::Count, 2.5, "2"),
        (Unit::Ratio, 0.95, "95%"),
        (Unit::Ratio, 0.123_456, "12.35%"),
        (Unit::Ratio, f64::INFINITY, "+Inf%"),
        (Unit::Ratio, 1000.0, "1e+05%"),
        (Unit::Factor, 0.000_012_345, "1.234e-05"),
        (Unit::Factor, 0.000_123_45, "0.0001234"),
        (Unit::Factor, 9999.9, "1e+04"),
        (Unit::Factor, f64::NAN, "NaN"),
        (Unit::Seconds, 14_400.0, "4h 0m 0s"),
        (Unit::Seconds, -100_000.0, "-1d 3h 46m 40s"),
        (Unit::Seconds, 0.1, "100ms"),
        (Unit::Seconds, 59.99, "59.99s"),
        (Unit::Seconds, 0.0, "0s"),
        (Unit::Milliseconds, 101.0, "101.0 ms"),
        (Unit::Bytes, 2_147_483_648.0, "2GiB"),
        (Unit::Bytes, 0.5, "0.5B"),
        (Unit::Rate, 0.003_333, "0.003"),
        (Unit::PerMinute, 11.0, "11.0"),
    ] {
        assert_eq!(unit.rendered(value), expected, "{unit:?} {value}");
    }
}

#[test]
fn times_in_sentences() {
    let words = |seconds| in_words(Duration::from_secs(seconds));
    assert_eq!(
        [0, 1, 60, 90, 300, 3600, 5400, 172_800].map(words),
        [
            "a moment",
            "1 second",
            "1 minute",
            "1 minute 30 seconds",
            "5 minutes",
            "1 hour",
            "1 hour 30 minutes",
            "2 days"
        ]
    );
}
