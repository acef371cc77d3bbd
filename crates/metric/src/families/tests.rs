use super::*;
use crate::text::{Format, exposition};

const GAUGE: Metric<1> = Metric::gauge("x_bytes", &["name"], "Bytes.");
const STATE: Metric<1> = Metric::gauge("x_state", &["state"], "State.");
const HISTOGRAM: Metric<1> = Metric::histogram("x_usec", &["cmd"], "Microseconds.");
const SUMMARY: Metric<1> = Metric::summary("x_seconds", &["cmd"], "Seconds.");

fn lines(families: Families) -> Vec<String> {
    let text = exposition(&families.into_sorted(), Format::Prometheus);
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

#[test]
fn labels_are_escaped_and_cut_at_a_character() {
    let mut families = Families::new();
    families.push(&GAUGE, ["a\"b\\c\nd"], 1.5);
    families.push(&GAUGE, [&"ä".repeat(200)], 2.0);
    let expected = "ä".repeat(128);
    assert_eq!(
        lines(families),
        [r#"x_bytes{name="a\"b\\c\nd"} 1.5"#.to_owned(), format!("x_bytes{{name=\"{expected}\"}} 2")]
    );
}

#[test]
fn values_are_written_as_prometheus_reads_them() {
    let cases = [
        (0.0, "0"),
        (-1.0, "-1"),
        (1e15, "1000000000000000"),
        (0.000_003, "0.000003"),
        (18_446_744_073_709_551_615.0, "18446744073709552000"),
        (f64::INFINITY, "+Inf"),
        (f64::NEG_INFINITY, "-Inf"),
        (f64::NAN, "NaN"),
    ];
    for (value, text) in cases {
        let mut families = Families::new();
        families.push(&GAUGE, ["n"], value);
        assert_eq!(lines(families), [format!("x_bytes{{name=\"n\"}} {text}")]);
    }
}

#[test]
fn a_duplicate_is_refused_and_counted() {
    let mut families = Families::new();
    families.push(&GAUGE, ["a"], 1.0);
    families.push(&GAUGE, ["a"], 2.0);
    assert_eq!(families.rejections(), Rejections { duplicate: 1, ..Rejections::default() });
    assert_eq!(lines(families), ["x_bytes{name=\"a\"} 1"]);
}

#[test]
fn the_series_limit_holds() {
    let mut families = Families::with_limit(2);
    for name in ["a", "b", "c", "d"] {
        families.push(&GAUGE, [name], 1.0);
    }
    assert_eq!(families.series(), 2);
    assert_eq!(families.rejections().series_limit, 2);
    assert_eq!(lines(families), ["x_bytes{name=\"a\"} 1", "x_bytes{name=\"b\"} 1"]);
}

#[test]
fn a_name_from_outside_must_be_one_and_keep_its_type() {
    let mut families = Families::new();
    families.push_foreign(("redis_cluster_x", Kind::Gauge, "X."), Suffix::None, &[], 1.0);
    families.push_foreign(("redis_cluster_x", Kind::Counter, "X."), Suffix::None, &[], 2.0);
    families.push_foreign(("redis-cluster", Kind::Gauge, "X."), Suffix::None, &[], 3.0);
    families.push_foreign(("9x", Kind::Gauge, "X."), Suffix::None, &[], 3.0);
    families.push_foreign(("", Kind::Gauge, "X."), Suffix::None, &[], 3.0);
    assert_eq!(families.rejections().name, 4);
    assert_eq!(lines(families), ["redis_cluster_x 1"]);
}

#[test]
fn an_unknown_state_is_shown_as_unknown() {
    let mut families = Families::new();
    families.push_state_set(&STATE, &["ok", "unknown"], "melting");
    assert_eq!(lines(families), ["x_state{state=\"ok\"} 0", "x_state{state=\"unknown\"} 1"]);
}

#[test]
fn histograms_and_summaries_have_their_parts() {
    let mut families = Families::new();
    families.push_histogram(&HISTOGRAM, ["get"], &[(1.0, 3.0), (2.0, 4.0)], 6.5, 5.0);
    families.push_summary(&SUMMARY, ["get"], &[("50", 0.1)], 6.5, 5.0);
    assert_eq!(
        lines(families),
        [
            "x_seconds{cmd=\"get\",quantile=\"50\"} 0.1",
            "x_seconds_sum{cmd=\"get\"} 6.5",
            "x_seconds_count{cmd=\"get\"} 5",
            "x_usec_bucket{cmd=\"get\",le=\"1\"} 3",
            "x_usec_bucket{cmd=\"get\",le=\"2\"} 4",
            "x_usec_bucket{cmd=\"get\",le=\"+Inf\"} 5",
            "x_usec_sum{cmd=\"get\"} 6.5",
            "x_usec_count{cmd=\"get\"} 5",
        ]
    );
}

#[test]
fn a_reserved_sample_gets_its_value_and_has_its_place() {
    let mut families = Families::with_limit(2);
    let (first, second) = (families.reserve(&GAUGE, ["a"]), families.reserve(&GAUGE, ["b"]));
    families.push(&GAUGE, ["c"], 1.0);
    let refused = families.reserve(&GAUGE, ["d"]);
    families.set(&first, 9.0);
    families.set(&refused, 7.0);
    drop(second);
    assert_eq!(lines(families), ["x_bytes{name=\"a\"} 9", "x_bytes{name=\"b\"} 0"]);
}

#[test]
fn samples_are_read_as_they_were_pushed() {
    let mut families = Families::new();
    families.push(&GAUGE, ["a\"b\n"], 1.0);
    families.push_with(&GAUGE, ["a"], &[("team".to_owned(), "blue".to_owned())], 2.0);
    families.push_histogram(&HISTOGRAM, ["get"], &[(1.0, 3.0)], 6.5, 5.0);
    let family = families.get("x_bytes").unwrap();
    let read: Vec<(Vec<(&str, &str)>, f64)> =
        family.samples().map(|sample| (sample.labels().collect(), sample.value())).collect();
    assert_eq!(read, [(vec![("name", "a\"b\n")], 1.0), (vec![("name", "a"), ("team", "blue")], 2.0)]);
    assert_eq!(family.value(&[("name", "a\"b\n")]), Some(1.0));
    assert_eq!(family.value(&[("team", "blue")]), Some(2.0));
    assert_eq!(family.value(&[("name", "none")]), None);
    let buckets: Vec<Option<&str>> =
        families.get("x_usec").unwrap().samples().map(|sample| sample.label("le")).collect();
    assert_eq!(buckets, [Some("1"), Some("+Inf"), None, None]);
    assert_eq!(families.get("x_usec").unwrap().value(&[]), None);
}

#[test]
fn values_that_join_to_the_same_text_are_different_samples() {
    const TWO: Metric<2> = Metric::gauge("x_two", &["a", "b"], "Two.");
    let mut families = Families::new();
    families.push(&TWO, ["a", "bc"], 1.0);
    families.push(&TWO, ["ab", "c"], 2.0);
    families.push_first(&TWO, &["abc"], 3.0);
    assert_eq!(families.rejections(), Rejections::default());
    assert_eq!(lines(families), [r#"x_two{a="a",b="bc"} 1"#, r#"x_two{a="ab",b="c"} 2"#, r#"x_two{a="abc"} 3"#]);
}

#[test]
fn samples_that_were_pushed_in_turns_stand_by_family_in_their_order() {
    const OTHER_GAUGE: Metric<1> = Metric::gauge("a_bytes", &["name"], "Bytes.");
    const REFUSED: Metric<1> = Metric::gauge("b_bytes", &["name"], "Bytes.");
    let mut families = Families::with_limit(9);
    for (at, name) in ["x", "y", "z"].into_iter().enumerate() {
        families.push(&GAUGE, [name], at as f64);
        families.push_with(&OTHER_GAUGE, [name], &[("team".to_owned(), "blue".to_owned())], 10.0 + at as f64);
        families.push(&OTHER_GAUGE, [name], 20.0 + at as f64);
    }
    families.push(&REFUSED, ["x"], 1.0);
    let samples = families.into_sorted();
    assert_eq!(samples.series(), 9);
    assert_eq!(samples.iter().map(|family| family.name()).collect::<Vec<_>>(), ["a_bytes", "x_bytes"]);
    assert_eq!(
        exposition(&samples, Format::Prometheus).lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>(),
        [
            r#"a_bytes{name="x",team="blue"} 10"#,
            r#"a_bytes{name="x"} 20"#,
            r#"a_bytes{name="y",team="blue"} 11"#,
            r#"a_bytes{name="y"} 21"#,
            r#"a_bytes{name="z",team="blue"} 12"#,
            r#"a_bytes{name="z"} 22"#,
            r#"x_bytes{name="x"} 0"#,
            r#"x_bytes{name="y"} 1"#,
            r#"x_bytes{name="z"} 2"#,
        ]
    );
    assert_eq!(samples.get("x_bytes").unwrap().value(&[("name", "z")]), Some(2.0));
    assert!(samples.get("b_bytes").is_none());
}

#[test]
fn families_share_the_names_of_labels_and_not_their_samples() {
    let mut families = Families::new();
    for number in 0..3 {
        let name = format!("x_{number}");
        for (labels, value) in [([("a", "1")], 1.0), ([("b", "1")], 2.0), ([("c", "1")], 3.0), ([("a", "1")], 4.0)] {
            families.push_foreign((&name, Kind::Gauge, "X."), Suffix::None, &labels, value);
        }
    }
    assert_eq!(families.rejections(), Rejections { duplicate: 3, ..Rejections::default() });
    let each = |name: &str| families.get(name).unwrap().values().collect::<Vec<_>>();
    for name in ["x_0", "x_1", "x_2"] {
        assert_eq!(each(name), [("a=\"1\"", 1.0), ("b=\"1\"", 2.0), ("c=\"1\"", 3.0)]);
    }
}
