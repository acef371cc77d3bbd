use super::*;
use crate::testing;

const PAGE: &str = "# RedisPingHigh\n\n<!-- rendered -->\nold\n<!-- /rendered -->\n\n## What it means\n\nIt is slow.\n";

fn pages(pages: &[(&str, &str)]) -> BTreeMap<String, String> {
    pages.iter().map(|(name, page)| ((*name).to_owned(), (*page).to_owned())).collect()
}

fn rendered(policy: &Policy, pages: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let files = files(policy, &Catalog::new(&testing::metrics()), pages);
    files.into_iter().map(|file| (file.path.display().to_string(), file.text)).collect()
}

#[test]
fn the_block_has_the_numbers_and_the_rest_stays() {
    let policy = crate::shipped().unwrap();
    let files = rendered(&policy, &pages(&[("RedisPingHigh", PAGE)]));
    assert_eq!(files[1].0, "docs/runbooks/RedisPingHigh.md");
    let expected = "# RedisPingHigh\n\n<!-- rendered -->\n\
        | severity | fires when | ends at | for |\n|---|---|---|---|\n\
        | info | `redis_ping_ms` above 5 ms |  | 15m |\n\
        | warning | `redis_ping_ms` above 100 ms | 80 ms | 5m |\n\
        | critical | `redis_ping_ms` above 500 ms | 400 ms | 2m |\n\n\
        Panel `ping` of dashboard `manometer-redis`. What is compared:\n\n\
        ```promql\nmax without (job, instance) (last_over_time(redis_ping_ms{job=\"manometer\", target!=\"\"}[2m]))\n```\n\
        <!-- /rendered -->\n\n## What it means\n\nIt is slow.\n";
    assert_eq!(files[1].1, expected);
    // Rendering what was rendered changes nothing.
    assert_eq!(rendered(&policy, &pages(&[("RedisPingHigh", expected)]))[1].1, expected);
}

#[test]
fn the_index_has_every_alert_and_the_other_pages() {
    let mut policy = crate::shipped().unwrap();
    let pages = pages(&[("RedisPingHigh", PAGE), ("first-minutes", "# The first minutes\n\nLook.\n")]);
    let index = &rendered(&policy, &pages)[0];
    assert_eq!(index.0, "docs/runbooks/README.md");
    assert!(index.1.contains("\n- [The first minutes](first-minutes.md)\n\n| alert |"), "{}", index.1);
    let row = "\n| [RedisPingHigh](RedisPingHigh.md) | Redis answers PING slowly. | info, warning, critical |\n";
    assert!(index.1.contains(row), "{}", index.1);
    policy.alerts.retain(|alert| alert.name != "RedisPingHigh");
    let files = rendered(&policy, &pages);
    assert!(
        files[1].1.contains("<!-- rendered -->\nThis alert is switched off in the configuration.\n<!-- /rendered -->")
    );
}

#[test]
fn a_page_that_is_missing_or_has_no_block_is_named() {
    let mut policy = crate::shipped().unwrap();
    policy.alerts.truncate(3);
    let twice = format!("{PAGE}{PAGE}");
    let problems = problems(&policy, &pages(&[("RedisPingHigh", "# RedisPingHigh\n"), ("RedisDown", &twice)]));
    assert_eq!(
        problems,
        [
            "RedisDown: docs/runbooks/RedisDown.md has no block for the numbers; write a line <!-- rendered --> and below it a \
             line <!-- /rendered -->, once",
            "RedisPingHigh: docs/runbooks/RedisPingHigh.md has no block for the numbers; write a line <!-- rendered --> and \
             below it a line <!-- /rendered -->, once",
            "RedisPublishStalled: has no runbook; write docs/runbooks/RedisPublishStalled.md",
        ]
    );
}
