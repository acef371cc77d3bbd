use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ::mapping::discover::{DraftOptions, draft};
use ::mapping::profile::{PROFILES, find};
use ::mapping::testing::mapping;
use ::mapping::{
    BodyFormat, Dimension, LabelSource, Mapping, Merge, Merging, Missing, Parse, Rule, Value, evaluate, parse,
};
use metric::Kind;
use serde_json::json;

use super::*;
use crate::collector::{KINDS, parsed};
use crate::config::Config;

/// The services of a configuration.
fn services(text: &str) -> Vec<ServiceTarget> {
    parsed(text)
}

fn service(keys: &str) -> ServiceTarget {
    services(&format!("[[service]]\nname = \"s\"\nurl = \"http://h:80\"\n{keys}")).remove(0)
}

fn names(mapping: &Mapping) -> Vec<&str> {
    mapping.endpoints.iter().map(|endpoint| endpoint.name.as_str()).collect()
}

const EVERYTHING: &str = r#"
[[endpoint]]
name = "stats"
path = "/stats?all=1"
every = "1m"
timeout = "500ms"
statuses = [200, 503]
optional = true
error_at = "/error"
freshness = { at = "/made_at", max_age = "30s" }

[[endpoint]]
name = "series"
path = ""
format = "prometheus"
fallback_of = "stats"
pass_through = ["ticker_*", "orders"]

[[metric]]
name = "orders_total"
endpoint = "stats"
type = "counter"
help = "Orders so far."
each = "/markets/*"
at = ["/orders/total", "/orders"]
parse = "quantity"
unit = "kB"
suffix = "orders"
labels = { market = "$key", side = "buy", symbol = "$/symbol" }
limit = 3
merge = "max"
missing = "zero"

[[metric]]
name = "mode"
endpoint = "series"
type = "stateset"
at = "/mode"
states = ["fast", "slow"]
aliases = { quick = "fast" }
labels = { of = "engine" }
state_label = "phase"
level = "mode_level"
missing = "ignore"

[[metric]]
name = "build_info"
endpoint = "stats"
type = "info"
labels = { version = "$/version" }
"#;

#[test]
fn every_key_of_an_endpoint_reaches_its_setting() {
    let mapping = mapping(EVERYTHING);
    assert_eq!(names(&mapping), ["stats", "series"]);
    let [stats, series] = mapping.endpoints.as_slice() else { panic!() };
    assert_eq!((stats.path.as_str(), stats.every), ("/stats?all=1", Some(Duration::from_mins(1))));
    assert_eq!((stats.timeout, stats.statuses.as_slice()), (Duration::from_millis(500), [200, 503].as_slice()));
    assert_eq!((stats.optional, stats.skipped, stats.fallback_of), (true, false, None));
    assert_eq!(stats.error_at.as_ref().unwrap().to_string(), "/error");
    let freshness = stats.freshness.as_ref().unwrap();
    assert_eq!((freshness.at.to_string().as_str(), freshness.max_age), ("/made_at", Duration::from_secs(30)));
    assert_eq!((series.path.as_str(), series.format, series.fallback_of), ("", BodyFormat::Prometheus, Some(0)));
    assert_eq!((series.every, series.timeout, &series.statuses), (None, Duration::from_secs(2), &vec![200]));
    let passes = |name: &str| series.pass_through.matches(name);
    assert_eq!(["ticker_x", "orders", "orders_total"].map(passes), [true, true, false]);
}

#[test]
fn every_key_of_a_metric_reaches_its_setting() {
    let mapping = mapping(EVERYTHING);
    let [orders, mode, build] = mapping.rules.as_slice() else { panic!() };
    assert_eq!((orders.endpoint, mode.endpoint, build.endpoint), (0, 1, 0));
    let definition = &orders.definition;
    assert_eq!(
        (&*definition.name, definition.kind, &*definition.help),
        ("orders_total", Kind::Counter, "Orders so far.")
    );
    assert_eq!(definition.labels, ["market", "side", "symbol"]);
    let symbol = LabelSource::At("/symbol".parse().unwrap());
    assert_eq!(orders.labels, [LabelSource::Key(1), LabelSource::Fixed("buy".to_owned()), symbol]);
    assert_eq!(orders.each.as_ref().unwrap().to_string(), "/markets/*");
    assert_eq!(orders.at.iter().map(ToString::to_string).collect::<Vec<_>>(), ["/orders/total", "/orders"]);
    assert_eq!((orders.limit, orders.merging, orders.missing), (3, Merging::told(Merge::Max), Missing::Zero));
    let Value::Number { parse, unit, suffix, .. } = &orders.value else { panic!() };
    assert_eq!(
        (*parse, unit.unwrap().to_string().as_str(), suffix.as_deref()),
        (Parse::Quantity, "kB", Some("orders"))
    );
    assert_eq!(unit.unwrap().dimension(), Dimension::Size);
    let Value::States { states, level } = &mode.value else { panic!() };
    assert_eq!(states.labels().collect::<Vec<_>>(), ["fast", "slow", "unknown"]);
    assert_eq!((states.find("quick"), mode.missing), (Some(0), Missing::Ignore));
    assert_eq!(
        (&*mode.definition.help, &mode.definition.labels[..]),
        ("Mapped from series.", &["of".into(), "phase".into()][..])
    );
    assert_eq!(
        (&*level.as_ref().unwrap().name, &level.as_ref().unwrap().labels[..]),
        ("mode_level", &["of".into()][..])
    );
    assert_eq!(
        (&build.value, build.at.len(), build.limit, build.merging),
        (&Value::Info, 1, 10, Merging::told(Merge::Max))
    );
}

#[test]
fn every_profile_can_be_read_and_names_the_vocabulary_or_the_product() {
    for shipped in &PROFILES {
        let mapping = shipped.mapping().unwrap();
        assert!(!mapping.endpoints.is_empty() && !mapping.rules.is_empty(), "{}", shipped.name);
        for rule in &mapping.rules {
            // What a product's own exporter tells, under the product's name, is what dashboards of it know.
            if rule.definition.name.starts_with(&format!("{}_", shipped.name)) {
                continue;
            }
            let mut shared = metric::vocabulary::find(&rule.definition.name).unwrap();
            // Queues of a broker with virtual hosts are told apart by those as well.
            if rule.definition.labels.iter().any(|label| &**label == "vhost") {
                shared.labels.push("vhost".into());
            }
            assert_eq!(shared, *rule.definition, "{}", shipped.name);
        }
    }
}

#[test]
fn what_a_service_adds_to_its_profile_goes_before_it() {
    let ticker = find("ticker").unwrap().mapping().unwrap();
    let target = service(
        r#"
        profile = "ticker"
        skip = ["health"]
        [[service.endpoint]]
        name = "status"
        every = "30s"
        freshness = { max_age = "5m" }
        [[service.endpoint]]
        name = "extra"
        path = "/extra"
        fallback_of = "metrics"
        [[service.metric]]
        name = "backpressure_pending_publishes"
        endpoint = "extra"
        at = "/waiting"
        "#,
    );
    let found = &target.mapping;
    let [of_profile, all] = [names(&ticker), names(found)];
    assert_eq!(all[..of_profile.len()], of_profile);
    assert_eq!(all[of_profile.len()..], ["extra"]);
    let at = |name: &str| all.iter().position(|known| *known == name).unwrap();
    let changed = &found.endpoints[at("status")];
    let before = &ticker.endpoints[at("status")];
    assert_eq!(
        (changed.every, changed.path.as_str()),
        (Some(Duration::from_secs(30)), "/advanced/backpressure/status")
    );
    assert_eq!((changed.fallback_of, &changed.statuses), (before.fallback_of, &before.statuses));
    let freshness = changed.freshness.as_ref().unwrap();
    assert_eq!((freshness.at.to_string().as_str(), freshness.max_age), ("/timestamp", Duration::from_mins(5)));
    let skipped: Vec<&str> =
        found.endpoints.iter().filter(|endpoint| endpoint.skipped).map(|endpoint| endpoint.name.as_str()).collect();
    assert_eq!((skipped, target.skip), (vec!["health"], vec!["health".to_owned()]));
    assert_eq!(found.endpoints[at("extra")].fallback_of, Some(at("metrics")));
    let pending: Vec<&Rule> =
        found.rules.iter().filter(|rule| rule.definition.name == "backpressure_pending_publishes").collect();
    assert_eq!(
        pending.iter().map(|rule| rule.endpoint).collect::<Vec<_>>(),
        [at("extra"), at("metrics"), at("status"), at("series")]
    );
    assert_eq!(found.rules.len(), ticker.rules.len() + 1);
}

#[test]
fn the_only_endpoint_need_not_be_named() {
    let mapping = mapping(
        "[[endpoint]]\nname = \"e\"\npath = \"/e\"\n[[metric]]\nname = \"a\"\nat = \"/a\"\n\
         [[metric]]\nname = \"whole\"\nat = \"\"\nparse = \"length\"\n",
    );
    assert_eq!(mapping.rules.iter().map(|rule| rule.endpoint).collect::<Vec<_>>(), [0, 0]);
    assert!(mapping.rules[1].at[0].is_root());
}

#[test]
fn a_mapping_of_its_own_file_is_refused_with_its_name() {
    let error = parse("[[endpoint]]\nname = \"e\"\n", Path::new("my.toml"), &Arc::default()).unwrap_err();
    let expected = "my.toml:1: endpoint[0].path: is missing; write the path below the service's url, like \"/stats\"";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn two_services_may_share_names_that_they_describe_alike() {
    let found = services(
        r#"
        [[service]]
        name = "a"
        url = "http://a"
        profile = "ticker"
        [[service]]
        name = "b"
        url = "http://b"
        profile = "ticker"
        [[service]]
        name = "c"
        url = "http://c"
        profile = "cache-api"
        "#,
    );
    assert_eq!(found.len(), 3);
}

#[test]
fn every_key_of_a_service_reaches_its_setting() {
    let target = service(
        r#"
        profile = "load"
        interval = "30s"
        deadline = "3s"
        window = "10m"
        max_requests = 5
        max_retry_after = "90s"
        body_limit_kib = 64
        series_limit = 100
        [[service.header]]
        name = "X-Api-Key"
        value = "${API_KEY}"
        "#,
    );
    assert_eq!((target.name.as_str(), target.url.to_string().as_str()), ("s", "http://h"));
    assert_eq!((target.interval.length(), target.deadline), (Duration::from_secs(30), Duration::from_secs(3)));
    assert_eq!((target.window, target.max_requests), (Duration::from_mins(10), 5));
    assert_eq!((target.body_limit_kib, target.series_limit), (64, 100));
    assert_eq!(target.max_retry_after, Duration::from_secs(90));
    assert_eq!((target.profile.as_deref(), target.tls.as_ref()), (Some("load"), None));
    let [(name, value)] = target.headers.as_slice() else { panic!() };
    assert_eq!((name.as_str(), value.first().reveal()), ("X-Api-Key", "hunter2"));
    let shown = format!("{}{target:?}", toml::to_string(&target).unwrap());
    assert!(shown.contains("name = \"X-Api-Key\"\nvalue = \"<redacted>\"") && !shown.contains("hunter2"), "{shown}");
}

#[test]
fn what_a_service_does_not_say_follows_from_the_rest() {
    let times = |keys: &str| {
        let target = service(&format!("profile = \"load\"\n{keys}"));
        [target.interval.length(), target.deadline, target.window].map(|time| time.as_millis())
    };
    assert_eq!(times(""), [15_000, 5_000, 300_000]);
    assert_eq!(times("interval = \"5s\""), [5_000, 2_500, 300_000]);
    assert_eq!(times("interval = \"5m\""), [300_000, 5_000, 1_200_000]);
    let target = service("profile = \"load\"");
    assert_eq!((target.max_requests, target.body_limit_kib, target.series_limit), (3, 1024, 2000));
    let with_tls = services("[[service]]\nname = \"s\"\nurl = \"https://h\"\nprofile = \"load\"\n").remove(0);
    assert_eq!(with_tls.tls, Some(crate::net::TlsSettings::default()));
}

#[test]
fn a_drafted_service_is_valid_in_a_configuration() {
    let body = json!({"orders": 1, "a${HOME}": {"x-1": 1, "x-2": 2}});
    let source = DraftOptions {
        url: "http://127.0.0.1:8080".to_owned(),
        path: "/stats".to_owned(),
        status: 503,
        pause: Duration::from_secs(5),
        prefix: "app_".to_owned(),
        service: Some("app".to_owned()),
    };
    let sample = body.to_string();
    let drafted = draft(&source, sample.as_bytes(), sample.as_bytes()).unwrap();
    let target = &services(&drafted.text)[0];
    assert_eq!((target.name.as_str(), target.url.to_string().as_str()), ("app", "http://127.0.0.1:8080"));
    assert_eq!(target.mapping.endpoints[0].statuses, [200, 503]);
    assert_eq!(target.mapping.rules.len(), 2);
    assert!(evaluate(&target.mapping, 0, &body).misses.is_empty());
}

#[test]
fn the_query_of_a_whole_address_is_the_endpoints() {
    let read = |url: &str, profile: &str| {
        let text = format!("[[service]]\nname = \"s\"\nurl = {url:?}\nprofile = {profile:?}\n");
        let config = Config::parse(&text, Path::new("config.toml"), &|_| None, KINDS);
        config
            .map(|config| config.targets_of::<ServiceTarget>().cloned().collect::<Vec<_>>())
            .map_err(|error| error.to_string())
    };
    let target = read("http://h/pool?py=1&key=hunter2", "pool").unwrap().remove(0);
    assert_eq!(
        (target.url.to_string().as_str(), target.mapping.endpoints[0].path.as_str()),
        ("http://h/pool", "?py=1&key=hunter2")
    );
    assert!(!toml::to_string(&target).unwrap().contains("hunter2"));
    let error = |url, profile| read(url, profile).unwrap_err();
    assert_eq!(
        error("http://h/x?key=hunter2", "load"),
        "config.toml:1: service[0].url: has a query, and no endpoint of which it is the whole address; write the query \
         into path of the endpoint"
    );
    assert_eq!(
        error("http://u:1?hunter2@h/x", "pool"),
        "config.toml:3: service[0].url: has a query with a character that no query has; percent-encode @ # \\, spaces and \
         the like"
    );
}
