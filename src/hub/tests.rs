use std::io::Read as _;
use std::time::Duration;

use super::*;
use crate::metric::{Kind, Metric, Suffix};

const KEYS: Metric<1> = Metric::gauge("redis_db_keys", &["db"], "Keys.");
const CALLS: Metric<0> = Metric::counter("redis_calls_total", &[], "Calls.");
const OWN: Metric<0> = Metric::gauge("a_self", &[], "Own.");

fn status(name: &str) -> TargetStatus {
    TargetStatus {
        key: Key::of(name),
        source: None,
        labels: Arc::default(),
        collector: "redis",
        address: "127.0.0.1:6379".to_owned(),
        interval: Duration::from_secs(10),
        polls: 1,
        failures: 0,
        last_duration: Duration::from_millis(2),
        last_poll: Some(std::time::SystemTime::UNIX_EPOCH),
        error: None,
        excerpts: Vec::new(),
        notes: Vec::new(),
    }
}

/// A hub whose renderings age by change alone, however slow the machine is.
fn ageless() -> Hub {
    Hub { max_age: Duration::MAX, ..Hub::new(|_| {}) }
}

fn families(keys: f64) -> Families {
    let mut families = Families::new();
    families.push(&KEYS, ["db0"], keys);
    families.push(&CALLS, [], 7.0);
    families
}

fn text(exposition: &Exposition) -> String {
    String::from_utf8(exposition.plain().to_vec()).unwrap()
}

#[test]
fn joins_targets_under_one_header() {
    let hub = Hub::new(|own| own.push(&OWN, [], 1.0));
    hub.publish(status("b"), families(2.0));
    hub.publish(status("a"), families(1.0));
    assert_eq!(
        text(&hub.render(Format::Prometheus)),
        "# HELP a_self Own.\n# TYPE a_self gauge\na_self 1\n\
         # HELP redis_calls_total Calls.\n# TYPE redis_calls_total counter\n\
         redis_calls_total{target=\"a\"} 7\nredis_calls_total{target=\"b\"} 7\n\
         # HELP redis_db_keys Keys.\n# TYPE redis_db_keys gauge\n\
         redis_db_keys{target=\"a\",db=\"db0\"} 1\nredis_db_keys{target=\"b\",db=\"db0\"} 2\n"
    );
}

#[test]
fn targets_that_differ_are_joined_by_name() {
    let hub = Hub::new(|_| {});
    for (target, names) in [("a", "b c e"), ("b", "a c d"), ("c", "a b c d e"), ("d", "e")] {
        let mut families = Families::new();
        for name in names.split(' ') {
            families.push_foreign((name, Kind::Gauge, "X."), Suffix::None, &[], 1.0);
        }
        hub.publish(status(target), families);
    }
    let text = text(&hub.render(Format::Prometheus));
    let samples: Vec<&str> = text.lines().filter_map(|line| line.strip_suffix("\"} 1")).collect();
    let expected = "a b,a c,b a,b c,c a,c b,c c,d b,d c,e a,e c,e d".replace(' ', "{target=\"");
    assert_eq!(samples, expected.split(',').collect::<Vec<_>>());
    assert_eq!(text.lines().filter(|line| line.starts_with("# TYPE")).count(), 5);
}

#[test]
fn a_rendering_is_shared_until_a_target_changes() {
    let hub = ageless();
    hub.publish(status("a"), families(1.0));
    assert!(hub.current(Format::Prometheus).is_none());
    let first = hub.render(Format::Prometheus);
    assert!(Arc::ptr_eq(&first, &hub.render(Format::Prometheus)));
    assert!(Arc::ptr_eq(&first, &hub.current(Format::Prometheus).unwrap()));
    hub.publish(status("a"), families(5.0));
    assert!(hub.current(Format::Prometheus).is_none());
    assert!(text(&hub.render(Format::Prometheus)).contains("redis_db_keys{target=\"a\",db=\"db0\"} 5\n"));
    hub.remove("a");
    assert_eq!(text(&hub.render(Format::Prometheus)), "");
}

#[test]
fn the_agents_own_metrics_do_not_wait_for_a_target() {
    let calls = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&calls);
    let own = move |own: &mut Families| {
        own.push(&OWN, [], counted.fetch_add(1, Ordering::Relaxed) as f64);
    };
    let hub = Hub { max_age: Duration::ZERO, ..Hub::new(own) };
    for expected in ["a_self 0\n", "a_self 1\n", "a_self 2\n"] {
        assert!(text(&hub.render(Format::Prometheus)).ends_with(expected));
    }
}

#[test]
fn an_announced_target_keeps_what_it_has() {
    let hub = ageless();
    hub.announce(status("a"));
    assert_eq!(hub.statuses().len(), 1);
    assert_eq!(text(&hub.render(Format::Prometheus)), "");
    hub.publish(status("a"), families(1.0));
    hub.announce(status("a"));
    assert!(text(&hub.render(Format::Prometheus)).contains("redis_db_keys{target=\"a\",db=\"db0\"} 1\n"));
}

#[test]
fn only_what_is_known_to_be_short_is_rendered_on_any_thread() {
    let hub = Hub::new(|_| {});
    hub.publish(status("a"), families(1.0));
    assert!(hub.render_if_short(Format::Prometheus).is_none(), "nobody knows how long it takes");
    let first = text(&hub.render(Format::Prometheus));
    hub.publish(status("a"), families(2.0));
    let turn = hub.rendering.lock();
    assert!(hub.render_if_short(Format::Prometheus).is_none(), "another thread renders");
    drop(turn);
    let second = text(&hub.render_if_short(Format::Prometheus).unwrap());
    assert_eq!(second, first.replace("db=\"db0\"} 1\n", "db=\"db0\"} 2\n"));
    hub.rendering.lock().lengths = [SHORT + 1, 0];
    hub.publish(status("a"), families(3.0));
    assert!(hub.render_if_short(Format::Prometheus).is_none(), "it takes long");
}

#[test]
fn openmetrics_differs_in_headers_and_end_only() {
    let hub = Hub::new(|_| {});
    let mut families = families(1.0);
    families.push_foreign(("redis_odd_counter", Kind::Counter, "Says \"no\"."), Suffix::None, &[], 3.0);
    hub.publish(status("a"), families);
    assert_eq!(
        text(&hub.render(Format::OpenMetrics)),
        "# HELP redis_calls Calls.\n# TYPE redis_calls counter\nredis_calls_total{target=\"a\"} 7\n\
         # HELP redis_db_keys Keys.\n# TYPE redis_db_keys gauge\nredis_db_keys{target=\"a\",db=\"db0\"} 1\n\
         # HELP redis_odd_counter Says \\\"no\\\".\n# TYPE redis_odd_counter unknown\n\
         redis_odd_counter{target=\"a\"} 3\n# EOF\n"
    );
}

#[test]
fn no_two_families_have_one_name_in_openmetrics() {
    let hub = Hub::new(|_| {});
    let (mut gauge, mut counter) = (Families::new(), Families::new());
    gauge.push_foreign(("jobs", Kind::Gauge, "Now."), Suffix::None, &[], 1.0);
    counter.push_foreign(("jobs_total", Kind::Counter, "Ever."), Suffix::None, &[], 2.0);
    hub.publish(status("a"), gauge);
    hub.publish(status("b"), counter);
    assert_eq!(
        text(&hub.render(Format::OpenMetrics)),
        "# HELP jobs Now.\n# TYPE jobs gauge\njobs{target=\"a\"} 1\n\
         # HELP jobs_total Ever.\n# TYPE jobs_total unknown\njobs_total{target=\"b\"} 2\n# EOF\n"
    );
    let alone = hub.render_target(&Key::of("b"), Format::OpenMetrics).unwrap();
    assert_eq!(&alone.plain()[..], b"# HELP jobs Ever.\n# TYPE jobs counter\njobs_total 2\n# EOF\n");
}

#[test]
fn a_target_alone_has_no_target_label() {
    let hub = Hub::new(|own| own.push(&OWN, [], 1.0));
    hub.publish(status("a"), families(1.0));
    let body = hub.render_target(&Key::of("a"), Format::Prometheus).unwrap();
    assert_eq!(
        &body.plain()[..],
        b"# HELP redis_calls_total Calls.\n# TYPE redis_calls_total counter\nredis_calls_total 7\n\
          # HELP redis_db_keys Keys.\n# TYPE redis_db_keys gauge\nredis_db_keys{db=\"db0\"} 1\n"
    );
    assert!(hub.render_target(&Key::of("b"), Format::Prometheus).is_none());
}

#[test]
fn another_type_of_a_known_name_is_left_out() {
    let hub = Hub::new(|_| {});
    let mut counter = Families::new();
    counter.push_foreign(("redis_cluster_x", Kind::Counter, "X."), Suffix::None, &[], 1.0);
    let mut gauge = Families::new();
    gauge.push_foreign(("redis_cluster_x", Kind::Gauge, "X."), Suffix::None, &[], 2.0);
    hub.publish(status("a"), counter);
    hub.publish(status("b"), gauge);
    assert_eq!(
        text(&hub.render(Format::Prometheus)),
        "# HELP redis_cluster_x X.\n# TYPE redis_cluster_x counter\nredis_cluster_x{target=\"a\"} 1\n"
    );
    let left_out = || hub.rendering.lock().left_out.iter().cloned().collect::<Vec<_>>();
    assert_eq!(left_out(), [("redis_cluster_x".to_owned(), "b".to_owned())]);
    hub.remove("a");
    assert_eq!(
        text(&hub.render(Format::Prometheus)),
        "# HELP redis_cluster_x X.\n# TYPE redis_cluster_x gauge\nredis_cluster_x{target=\"b\"} 2\n"
    );
    assert_eq!(left_out(), []);
}

#[test]
fn a_stale_rendering_is_not_kept() {
    let hub = ageless();
    hub.publish(status("a"), families(1.0));
    let first = Arc::downgrade(&hub.render(Format::Prometheus));
    assert!(first.upgrade().is_some(), "the next scrape gets it too");
    hub.publish(status("a"), families(2.0));
    assert!(first.upgrade().is_none());
}

#[test]
fn gzip_holds_the_same_text() {
    for (body, is_at_hand) in [("x".repeat(SHORT), true), ("x".repeat(SHORT + 1), false)] {
        let exposition = Exposition::new(body);
        assert_eq!(exposition.gzip_at_hand().is_some(), is_at_hand);
        let mut unpacked = String::new();
        flate2::read::GzDecoder::new(&exposition.gzip()[..]).read_to_string(&mut unpacked).unwrap();
        assert_eq!(unpacked, text(&exposition));
        assert!(exposition.gzip_at_hand().is_some());
    }
}
