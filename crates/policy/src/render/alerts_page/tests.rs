mod requirements;

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
        "| warning | `redis_ping_ms` above 100 ms (200 ms) | 80 ms | 5m | Redis operations runbook, alert thresholds |",
        "| critical, escalation infrastructure | `backpressure_level` at least 3 |  | 5m | Backpressure quick reference, \
         escalation |",
        "| warning | rise of `redis_cache_errors` in 1m, over 10m above 10 a minute |  | 5m | Redis operations \
         runbook, alert thresholds |",
        "| critical, not reachable | `service_up` is 0 |  | 1m | Backpressure quick reference, health check script |",
        "| warning, and growing | `container_memory_working_set_bytes` above 2 GiB, and growth of \
         `container_memory_working_set_bytes` a second, over 1h above 0 B |  | 5m | Backpressure quick reference, \
         red flags and emergency playbook |",
        "| critical | increase of `redis_rejected_connections_total` in 5m above 0 |  | at once | Redis connection \
         pooling guide, server metrics |",
        "| info | always |  | at once |  |",
    ] {
        assert!(page.contains(&format!("\n{row}\n")), "{row}\n{page}");
    }
    let why = "The quick reference says sustained; ten minutes are longer than a deployment or a cache that warms up.";
    assert!(page.contains(&format!("\n- {why}\n")));
    assert!(page.contains("these are silent: `RedisMemoryHigh`, `RedisMemoryGrowing`, `RedisEvicting`."));
}

#[test]
fn what_is_overridden_is_shown() {
    let text = "[[thresholds.redis_ping_high]]\ntarget = \"far\"\nwarning = 300\nwarning_for = \"9m\"\n\
                [thresholds.cache_errors]\nenabled = false\n";
    let policy = testing::policy_with(text);
    let page = page(&policy);
    assert!(page.contains("| warning | `redis_ping_ms` above 100 ms (200 ms); far: 300 ms for 9m | 80 ms | 5m |"));
    assert!(!page.contains("CacheErrors"), "{page}");
}
