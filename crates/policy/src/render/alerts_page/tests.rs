use super::*;
use crate::testing;

fn page(policy: &Policy) -> String {
    file(policy).text
}

#[test]
fn every_alert_has_its_levels_and_links() {
    let policy = crate::shipped().unwrap();
    let page = page(&policy);
    for alert in &policy.alerts {
        assert!(
            page.contains(&format!("\n### {}\n\n{} [Runbook](runbooks/{}.md)", alert.name, alert.summary, alert.name))
        );
    }
    for row in [
        "| warning | `redis_ping_ms` above 100 ms (200 ms) | 80 ms | 5m (T36) | T36 |",
        "| critical, escalation infrastructure | `backpressure_level` at least 3 |  | 5m (T28) | T28 |",
        "| warning | rise of `redis_cache_errors` in 1m, over 5m above 10 a minute |  | 5m (T37) | T37 |",
        "| critical, lost | `redis_publish_canary_received` is 0 |  | 2m, *ours* | T13 |",
        "| warning, and growing | `container_memory_working_set_bytes` above 2 GiB, and growth of \
         `container_memory_working_set_bytes` a second, over 1h above 0 B |  | 5m, *ours* | T9, T14 |",
        "| critical | increase of `redis_rejected_connections_total` in 5m above 0 |  | at once | T43 |",
        "| info | always |  | at once |  |",
    ] {
        assert!(page.contains(&format!("\n{row}\n")), "{row}\n{page}");
    }
    assert!(
        page.contains("\n- T8 says sustained; ten minutes are longer than a deployment or a cache that warms up.\n")
    );
    assert!(page.contains("these are silent: `Redis*`, `TargetPollFailing`."));
}

#[test]
fn every_row_that_is_asked_has_an_alert_or_a_reason() {
    let policy = crate::shipped().unwrap();
    let page = page(&policy);
    for (at, row) in ROWS.iter().enumerate() {
        assert_eq!(row.name, format!("T{}", at + 1));
        let line = page.lines().find(|line| line.starts_with(&format!("| {} |", row.name))).unwrap();
        assert!(!line.contains("switched off"), "{line}");
        assert_eq!(line.contains("](#"), row.left.is_empty(), "{line}");
    }
    for source in policy.alerts.iter().flat_map(|alert| &alert.levels).flat_map(|level| &level.source) {
        assert!(sources::find(source).is_some(), "{source} is no row");
    }
    assert!(
        page.contains("| T51 | Celery: more than 1000 tasks in a queue |  | later: the agent does not watch it yet |")
    );
}

#[test]
fn what_is_overridden_is_shown() {
    let text = "[[thresholds.redis_ping_high]]\ntarget = \"far\"\nwarning = 300\nwarning_for = \"9m\"\n\
                [thresholds.cache_errors]\nenabled = false\n";
    let policy = testing::policy_with(text);
    let page = page(&policy);
    assert!(
        page.contains("| warning | `redis_ping_ms` above 100 ms (200 ms); far: 300 ms for 9m | 80 ms | 5m (T36) |")
    );
    assert!(page.contains("for more than 5 minutes | 5m | none: switched off |"), "{page}");
}
