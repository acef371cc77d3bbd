//! `manometer map explain`.

use super::*;

#[test]
fn a_metric_is_explained_by_a_body() {
    let dir = tempfile::tempdir().unwrap();
    let body =
        write(dir.path(), "body", r#"{"ticks_received_per_sec": 1000, "ticks_published_per_sec": "950\u001b[31m"}"#);
    let explain = |metric| {
        output(&[
            "map",
            "explain",
            metric,
            "--profile",
            "ticker",
            "--endpoint",
            "metrics",
            "--body",
            body.to_str().unwrap(),
        ])
    };
    let rate = stdout(&explain("backpressure_publish_rate"));
    assert!(rate.contains("\n  /ticks_published_per_sec: \"950\\u{1b}[31m\"; type: point at a value"), "{rate}");
    assert!(rate.ends_with("\nExported: nothing.\n"), "{rate}");
    assert_output(
        &explain("backpressure_rate_ratio"),
        0,
        "backpressure_rate_ratio: gauge. Publish rate divided by ingest rate; absent while nothing is received.\n\n\
         Computed: backpressure_publish_rate divided by backpressure_ingest_rate; absent while nothing is received.\n  \
         backpressure_publish_rate: 2 rules, no value\n  \
         backpressure_ingest_rate: 1000 (metrics /ticks_received_per_sec)\n\nExported: nothing.\n",
        "",
    );
    assert_output(
        &explain("backpressure_pending_publish"),
        64,
        "",
        "manometer: no metric is named \"backpressure_pending_publish\"; did you mean backpressure_pending_publishes?\n",
    );
}

#[test]
fn a_live_service_is_asked_for_what_the_metric_needs() {
    let (fake, heads) = service(|_| r#"{"latency": 2.5}"#.to_owned());
    let config = |url: &str| {
        format!(
            "[[service]]\nname = \"shop\"\nurl = {url:?}\nskip = [\"rest\"]\n\
             [[service.endpoint]]\nname = \"numbers\"\npath = \"/numbers\"\n\
             [[service.endpoint]]\nname = \"texts\"\npath = \"/texts\"\nfallback_of = \"numbers\"\n\
             [[service.endpoint]]\nname = \"rest\"\npath = \"/rest\"\n\
             [[service.endpoint]]\nname = \"other\"\npath = \"/other\"\n\
             [[service.metric]]\nname = \"shop_latency\"\nendpoint = \"numbers\"\nat = \"/latency\"\n\
             [[service.metric]]\nname = \"shop_latency\"\nendpoint = \"texts\"\nat = \"/latency\"\n\
             [[service.metric]]\nname = \"shop_latency\"\nendpoint = \"rest\"\nat = \"/latency\"\n\
             [[service.metric]]\nname = \"shop_orders\"\nendpoint = \"other\"\nat = \"/orders\"\n"
        )
    };
    let dir = tempfile::tempdir().unwrap();
    let explain = |url: &str| {
        let file = write(dir.path(), "config.toml", &config(url));
        output(&["map", "explain", "shop_latency", "--config", file.to_str().unwrap(), "--target", "shop"])
    };
    let url = http(&fake);
    let outcomes = |output: &Output| -> Vec<String> {
        let text = stdout(output);
        let mark = |line: &&str| ["  no body", "  wins", "  gives", "  shop"].iter().any(|mark| line.starts_with(mark));
        text.lines().filter(mark).map(str::to_owned).collect()
    };
    let skipped = "  no body: the configuration skips the endpoint";
    assert_eq!(
        outcomes(&explain(&url)),
        [
            "  wins: no rule before it has a value for the same series",
            "  no body: it was not asked, for numbers answered",
            skipped,
            "  shop_latency 2.5",
        ]
    );
    assert_eq!(heads.lock().unwrap().len(), 1);
    drop(fake);
    let dead = outcomes(&explain(&url));
    assert!(dead[0].starts_with(&format!("  no body: GET {url}/numbers: ")), "{dead:?}");
    assert!(dead[1].starts_with(&format!("  no body: GET {url}/texts: ")), "{dead:?}");
    assert_eq!(dead[2..], [skipped]);
}
