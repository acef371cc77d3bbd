use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::testing;

mod shapes;

/// One rule of one endpoint.
fn mapping(rule: &str) -> Arc<Mapping> {
    testing::mapping(&format!("[[endpoint]]\nname = \"e\"\npath = \"/e\"\n[[metric]]\nname = \"m\"\n{rule}"))
}

fn evaluated(rule: &str, body: &Json) -> Evaluation {
    evaluate(&mapping(rule), 0, body)
}

/// The labels and the value of each point: of a state its place, `?` if it is not known.
fn points_of(evaluation: &Evaluation) -> Vec<String> {
    let text = |point: &DataPoint| {
        let value = match point.reading {
            Reading::Number(number) => number.to_string(),
            Reading::State(place) => place.to_string(),
            Reading::UnknownState => "?".to_owned(),
        };
        format!("{} {value}", point.labels.join(",")).trim_start().to_owned()
    };
    evaluation.points.iter().flat_map(|(_, points)| points).map(text).collect()
}

/// Reason, place and number of each miss.
fn misses_of(evaluation: &Evaluation) -> Vec<String> {
    let text = |miss: &Miss| format!("{} {} {}", miss.reason.as_str(), miss.at, miss.times);
    evaluation.misses.iter().map(text).collect()
}

#[track_caller]
fn assert_evaluated(rule: &str, body: &Json, points: &[&str], misses: &[&str]) {
    let evaluation = evaluated(rule, body);
    assert_eq!(points_of(&evaluation), points, "points of {rule}");
    assert_eq!(misses_of(&evaluation), misses, "misses of {rule}");
}

const NONE: [&str; 0] = [];

#[test]
fn a_number_is_read_from_where_it_stands() {
    let body = json!({"a": {"b": [10, 20.5]}, "1": "x"});
    assert_evaluated("at = \"/a/b/1\"", &body, &["20.5"], &NONE);
    assert_evaluated("at = \"/a/b\"\nparse = \"length\"", &body, &["2"], &NONE);
    assert_evaluated("at = \"\"\nparse = \"length\"", &body, &["2"], &NONE);
    assert_evaluated("at = \"\"", &json!(7), &["7"], &NONE);
}

#[test]
fn of_several_places_the_first_with_a_value_counts() {
    let rule = "at = [\"/new\", \"/old\", \"\"]\nparse = \"length\"";
    assert_evaluated(rule, &json!({"new": [1], "old": [1, 2]}), &["1"], &NONE);
    assert_evaluated(rule, &json!({"new": null, "old": [1, 2]}), &["2"], &NONE);
    assert_evaluated(rule, &json!({"older": 3}), &["1"], &NONE);
    // Without any it is the first that is named.
    assert_evaluated("at = [\"/new\", \"/old\"]", &json!({}), &NONE, &["missing /new 1"]);
    // A value of the wrong type is a value: the next place is not another try.
    assert_evaluated("at = [\"/new\", \"/old\"]", &json!({"new": {}, "old": 1}), &NONE, &["type /new 1"]);
}

#[test]
fn what_is_not_there_or_null_is_absent_zero_or_ignored() {
    for body in [json!({}), json!({"n": null}), json!([]), json!("text")] {
        assert_evaluated("at = \"/n\"", &body, &NONE, &["missing /n 1"]);
        assert_evaluated("at = \"/n\"\nmissing = \"absent\"", &body, &NONE, &["missing /n 1"]);
        assert_evaluated("at = \"/n\"\nmissing = \"zero\"", &body, &["0"], &NONE);
        assert_evaluated("at = \"/n\"\nmissing = \"ignore\"", &body, &NONE, &NONE);
    }
    // Only what is missing may be left out: anything else is still a mistake.
    let body = json!({"n": "12"});
    assert_evaluated("at = \"/n\"\nmissing = \"zero\"", &body, &NONE, &["string_number /n 1"]);
    assert_evaluated("at = \"/n\"\nmissing = \"ignore\"", &body, &NONE, &["string_number /n 1"]);
}

#[test]
fn every_reason_for_a_miss() {
    let states = "at = \"/v\"\ntype = \"stateset\"\nstates = [\"ok\"]";
    let each = "each = \"/v/*\"\nat = \"\"\nlabels = { fixed = \"x\" }\n";
    let two = json!([1, 2]);
    for (rule, value, reading, miss) in [
        ("at = \"/v\"", json!(null), None, "missing /v 1"),
        ("at = \"/v\"", json!({}), None, "type /v 1"),
        ("at = \"/v\"", json!(true), None, "type /v 1"),
        ("at = \"/v\"", json!("ten"), None, "type /v 1"),
        ("at = \"/v\"", json!("10"), None, "string_number /v 1"),
        ("at = \"/v\"", json!("1e3"), None, "string_number /v 1"),
        ("at = \"/v\"", json!("NaN"), None, "not_finite /v 1"),
        ("at = \"/v\"", json!("-Infinity"), None, "not_finite /v 1"),
        ("at = \"/v\"\nparse = \"quantity\"", json!("many"), None, "malformed /v 1"),
        ("at = \"/v\"\nparse = \"duration\"", json!("soon"), None, "malformed /v 1"),
        ("at = \"/v\"\nparse = \"timestamp\"", json!("today"), None, "malformed /v 1"),
        ("at = \"/v\"\nparse = \"quantity\"", json!("5 apples"), None, "unit /v 1"),
        ("at = \"/v\"\nparse = \"quantity\"\nunit = \"ms\"", json!("5 MB"), None, "unit /v 1"),
        (states, json!("odd"), Some("?"), "state /v 1"),
        (states, json!(false), Some("?"), "state /v 1"),
        (states, json!(3), Some("?"), "state /v 1"),
        (states, json!([]), None, "type /v 1"),
        ("at = \"/v\"", json!(9_007_199_254_740_993_u64), Some("9007199254740992"), "precision /v 1"),
        ("at = \"/v\"", json!(-9_007_199_254_740_993_i64), Some("-9007199254740992"), "precision /v 1"),
        ("at = \"/v\"\ntype = \"counter\"\nnamed_by = \"x\"", json!(-1), None, "negative /v 1"),
        (&format!("{each}merge = \"error\""), two, None, "duplicate /v/1 1"),
    ] {
        let body = json!({ "v": value });
        assert_evaluated(rule, &body, reading.as_slice(), &[miss]);
    }
}

#[test]
fn elements_are_told_apart_by_their_keys_and_fields() {
    let body = json!({"pools": {
        "web": {"size": {"now": 4}, "kind": "redis", "shard": 1, "tls": true},
        "jobs": {"size": {"now": 9}, "kind": "redis", "shard": 2, "tls": false},
    }});
    let rule = "each = \"/pools/*\"\nat = \"/size/now\"\n";
    let labels = "labels = { pool = \"$key\", kind = \"$/kind\", shard = \"$/shard\", tls = \"$/tls\", by = \"us\" }";
    // In the order of the labels' values: by, kind, pool, shard, tls.
    let expected = ["us,redis,jobs,2,false 9", "us,redis,web,1,true 4"];
    assert_evaluated(&format!("{rule}{labels}"), &body, &expected, &NONE);
    // What stands behind the star narrows each element.
    let nested = "each = \"/pools/*/size\"\nat = \"/now\"\nlabels = { pool = \"$key\" }";
    assert_evaluated(nested, &body, &["jobs 9", "web 4"], &NONE);
}

#[test]
fn elements_of_an_array_have_places() {
    let body = json!({"shards": [{"n": 5, "name": "a"}, {"n": 6, "name": "b"}, {"n": null, "name": "c"}]});
    let rule = "each = \"/shards/*\"\nat = \"/n\"\n";
    let by_key = format!("{rule}labels = {{ shard = \"$key\" }}");
    assert_evaluated(&by_key, &body, &["0 5", "1 6"], &["missing /shards/2/n 1"]);
    let by_name = format!("{rule}labels = {{ shard = \"$/name\" }}\nmissing = \"zero\"");
    assert_evaluated(&by_name, &body, &["a 5", "b 6", "c 0"], &NONE);
    let whole = "each = \"/*\"\nat = \"\"\nlabels = { at = \"$key\" }";
    assert_evaluated(whole, &json!([1.5, 2.5]), &["0 1.5", "1 2.5"], &NONE);
}

#[test]
fn elements_that_are_nowhere_are_missing_and_no_elements_are_none() {
    let rule = "each = \"/pools/*/size\"\nat = \"\"\nlabels = { pool = \"$key\" }";
    assert_evaluated(rule, &json!({"pools": {}}), &NONE, &NONE);
    for body in [json!({}), json!({"pools": 5}), json!({"pools": null}), json!({"pools": {"web": {"sice": 1}}})] {
        assert_evaluated(rule, &body, &NONE, &["missing /pools/*/size 1"]);
        assert_evaluated(&format!("{rule}\nmissing = \"ignore\""), &body, &NONE, &NONE);
        assert_evaluated(&format!("{rule}\nmissing = \"zero\""), &body, &NONE, &NONE);
    }
}

#[test]
fn a_label_that_is_not_there_is_named_and_cannot_be_made_up() {
    let body = json!({"pools": [{"n": 1, "name": "a"}, {"n": 2}, {"n": 3, "name": null}, {"n": 4, "name": []}]});
    let rule = "each = \"/pools/*\"\nat = \"/n\"\nlabels = { pool = \"$/name\" }\n";
    let both = ["missing /pools/1/name 2", "type /pools/3/name 1"];
    assert_evaluated(rule, &body, &["a 1"], &both);
    assert_evaluated(&format!("{rule}missing = \"zero\""), &body, &["a 1"], &both);
    assert_evaluated(&format!("{rule}missing = \"ignore\""), &body, &["a 1"], &["type /pools/3/name 1"]);
}

#[test]
fn misses_of_many_elements_are_one_with_their_number() {
    let body = json!({"v": {"a": "1", "b": [], "c": "2", "d": 1, "e": "3"}});
    let rule = "each = \"/v/*\"\nlabels = { v = \"$key\" }";
    assert_evaluated(rule, &body, &["d 1"], &["string_number /v/a 3", "type /v/b 1"]);
}

#[test]
fn labels_are_cut_at_the_end_and_at_a_character() {
    let rule = "each = \"/*\"\nlabels = { v = \"$key\" }";
    let label = |key: String| evaluated(rule, &json!({ key: 1 })).points[0].1[0].labels[0].clone();
    assert_eq!(label("x".repeat(256)), "x".repeat(256));
    assert_eq!(label("x".repeat(257)), "x".repeat(256));
    assert_eq!(label("ä".repeat(200)), "ä".repeat(128));
    assert_eq!(label(format!("x{}", "ä".repeat(200))), format!("x{}", "ä".repeat(127)));
    let by_field = "each = \"/*\"\nat = \"/n\"\nlabels = { v = \"$/name\" }";
    let evaluation = evaluated(by_field, &json!([{"n": 1, "name": "€".repeat(100)}]));
    assert_eq!(evaluation.points[0].1[0].labels, ["€".repeat(85)]);
}

#[test]
fn labels_that_differ_only_behind_the_cut_stay_two() {
    let rule = "each = \"/*\"\nat = \"/n\"\nlabels = { v = \"$/name\" }";
    let long = |end: &str| format!("{}{end}", "q".repeat(256));
    let item = |name: String, n: u32| json!({"name": name, "n": n});
    let body = json!([item(long("-a"), 1), item(long("-b"), 2), item(long("-b"), 4), item("r".repeat(300), 8)]);
    let evaluation = evaluated(rule, &body);
    let labels: Vec<(&str, Reading)> =
        evaluation.points[0].1.iter().map(|point| (point.labels[0].as_str(), point.reading)).collect();
    let hashed = |hash: &str| format!("{}~{hash}", "q".repeat(247));
    let (a, b, r) = (hashed("1e15151b"), hashed("1f1516ae"), "r".repeat(256));
    let expected = [(&*a, 1.0), (&*b, 6.0), (&*r, 8.0)].map(|(label, n)| (label, Reading::Number(n)));
    assert_eq!(labels, expected);
}

#[test]
fn what_several_become_is_what_they_are() {
    let items: Vec<Json> = (0..13_u32)
        .map(|at| json!({"t": 1_795_731_000 + at, "up": at != 11, "r": 0.5, "lag_ms": 10 * at, "n": 1}))
        .collect();
    let rule = |name: &str, more: &str| {
        let text =
            format!("[[endpoint]]\nname = \"e\"\npath = \"/\"\n[[metric]]\nname = \"{name}\"\neach = \"/*\"\n{more}");
        let mapping = testing::mapping(&text);
        let evaluation = evaluate(&mapping, 0, &Json::from(items.clone()));
        let points = evaluation.of_rule(0).iter();
        points.map(|point| (point.labels.concat(), point.reading.number().unwrap())).collect::<Vec<_>>()
    };
    let rest = |name: &str, more: &str| {
        let points = rule(name, &format!("{more}\nlabels = {{ q = \"$key\" }}"));
        points.into_iter().find(|(label, _)| label == "__other__").map(|(_, number)| number)
    };
    assert_eq!(rest("app_last_run_timestamp_seconds", "at = \"/t\"\nparse = \"timestamp\""), Some(1_795_731_000.0));
    assert_eq!(rest("app_up", "at = \"/up\"\nparse = \"bool\""), Some(0.0));
    assert_eq!(rest("app_usage_ratio", "at = \"/r\""), Some(0.5));
    assert_eq!(rest("app_hit_ratio", "at = \"/r\"\nmerge = \"min\""), Some(0.5));
    assert_eq!(rest("app_lag_seconds", "at = \"/lag_ms\"\nunit = \"ms\""), Some(0.02));
    assert_eq!(rest("app_jobs", "at = \"/n\""), Some(3.0));
    let one = |name: &str, more: &str| {
        rule(name, &format!("{more}\nlabels = {{ q = \"all\" }}")).first().map(|(_, number)| *number)
    };
    assert_eq!(one("app_last_run_timestamp_seconds", "at = \"/t\"\nparse = \"timestamp\""), Some(1_795_731_012.0));
    assert_eq!(one("app_last_run_timestamp_seconds", "at = \"/t\"\nmerge = \"oldest\""), Some(1_795_731_000.0));
    assert_eq!(one("app_up", "at = \"/up\"\nparse = \"bool\""), Some(0.0));
    assert_eq!(one("app_lag_seconds", "at = \"/lag_ms\"\nunit = \"ms\""), Some(0.12));
    assert_eq!(one("app_jobs", "at = \"/n\""), Some(13.0));
}

#[test]
fn elements_with_the_same_labels_are_added_compared_or_refused() {
    let body = json!({"v": [{"k": "a", "n": 5}, {"k": "b", "n": 1}, {"k": "a", "n": 3}, {"k": "a", "n": 4}]});
    let rule = "each = \"/v/*\"\nat = \"/n\"\nlabels = { k = \"$/k\" }\n";
    assert_evaluated(rule, &body, &["a 12", "b 1"], &NONE);
    assert_evaluated(&format!("{rule}merge = \"sum\""), &body, &["a 12", "b 1"], &NONE);
    assert_evaluated(&format!("{rule}merge = \"max\""), &body, &["a 5", "b 1"], &NONE);
    assert_evaluated(&format!("{rule}merge = \"error\""), &body, &["b 1"], &["duplicate /v/2/n 2"]);
    let huge = json!({"v": [{"k": "a", "n": f64::MAX}, {"k": "a", "n": f64::MAX}]});
    assert_eq!(evaluated(rule, &huge).points[0].1[0].reading, Reading::Number(f64::MAX));
}

#[test]
fn beyond_the_limit_the_smallest_become_one() {
    let body = json!({"a": 5, "b": 7, "c": 7, "d": 1, "e": 7, "f": 2});
    let rule = "each = \"/*\"\nlabels = { by = \"us\", v = \"$key\" }\nlimit = 2\n";
    // Of equal ones the first by label, whatever the order of the body.
    assert_evaluated(rule, &body, &["us,b 7", "us,c 7", "us,__other__ 15"], &NONE);
    assert_evaluated(&format!("{rule}merge = \"max\""), &body, &["us,b 7", "us,c 7", "us,__other__ 7"], &NONE);
    let refused = ["us,b 7", "us,c 7"];
    assert_evaluated(&format!("{rule}merge = \"error\""), &body, &refused, &["limit /* 1"]);
    let at_the_limit = json!({"a": 5, "b": 7});
    assert_evaluated(rule, &at_the_limit, &["us,a 5", "us,b 7"], &NONE);
}

#[test]
fn an_element_with_the_name_of_the_rest_belongs_to_it() {
    let body = json!({"__other__": 9, "a": 5, "b": 3, "c": 2});
    let rule = "each = \"/*\"\nlabels = { v = \"$key\" }\nlimit = 2\n";
    assert_evaluated(rule, &body, &["__other__ 14", "a 5"], &NONE);
}

#[test]
fn states_are_words_numbers_or_yes_and_no() {
    let states = "at = \"/v\"\ntype = \"stateset\"\nstates = [\"ok\", \"degraded\", \"down\"]\n";
    let aliases = "aliases = { healthy = \"ok\", error = \"down\", \"0\" = \"down\", \"1\" = \"ok\", true = \"ok\", false = \"down\" }";
    let rule = format!("{states}{aliases}");
    for (value, place) in [
        (json!("ok"), "0"),
        (json!("DEGRADED"), "1"),
        (json!(" Healthy "), "0"),
        (json!("error: Error 111 connecting to redis:6379"), "2"),
        (json!(0), "2"),
        (json!(1.0), "0"),
        (json!(true), "0"),
        (json!(false), "2"),
        (json!("unknown"), "?"),
        (json!("Unknown: not started"), "?"),
    ] {
        assert_evaluated(&rule, &json!({ "v": value }), &[place], &NONE);
    }
    for value in [json!("melting"), json!(""), json!(2), json!(1.5)] {
        assert_evaluated(&rule, &json!({ "v": value }), &["?"], &["state /v 1"]);
    }
    assert_evaluated(&rule, &json!({"v": null}), &NONE, &["missing /v 1"]);
    // Zero is the first state.
    assert_evaluated(&format!("{rule}\nmissing = \"zero\""), &json!({}), &["0"], &NONE);
}

#[test]
fn states_of_elements_cannot_be_merged() {
    let rule = "each = \"/*\"\nat = \"/s\"\ntype = \"stateset\"\nstates = [\"up\", \"down\"]\n";
    let body =
        json!([{"s": "up", "k": "a"}, {"s": "down", "k": "b"}, {"s": "down", "k": "a"}, {"s": "down", "k": "c"}]);
    let labelled = format!("{rule}labels = {{ k = \"$/k\" }}\n");
    assert_evaluated(&labelled, &body, &["b 1", "c 1"], &["duplicate /2/s 1"]);
    // The first ones by label, for none is larger than another.
    let by_key = format!("{rule}labels = {{ k = \"$key\" }}\nlimit = 2\n");
    assert_evaluated(&by_key, &body, &["0 0", "1 1"], &["limit /* 1"]);
}

#[test]
fn an_info_is_always_one() {
    let labels = "labels = { version = \"$/version\" }\n";
    let single = format!("type = \"info\"\n{labels}");
    assert_evaluated(&single, &json!({"version": "1.2"}), &["1.2 1"], &NONE);
    assert_evaluated(&single, &json!({}), &NONE, &["missing /version 1"]);
    let nodes = json!([{"version": "1"}, {"version": "2"}, {"version": "2"}, {"version": "3"}]);
    let each = format!("type = \"info\"\neach = \"/*\"\n{labels}");
    assert_evaluated(&each, &nodes, &["1 1", "2 1", "3 1"], &NONE);
    assert_evaluated(&format!("{each}limit = 1"), &nodes, &["1 1", "__other__ 1"], &NONE);
}

#[test]
fn only_the_rules_of_the_endpoint_are_applied() {
    let text = "[[endpoint]]\nname = \"a\"\npath = \"/a\"\n[[endpoint]]\nname = \"b\"\npath = \"/b\"\n\
                [[metric]]\nname = \"x\"\nendpoint = \"b\"\nat = \"/n\"\n\
                [[metric]]\nname = \"y\"\nendpoint = \"a\"\nat = \"/n\"\n\
                [[metric]]\nname = \"z\"\nendpoint = \"b\"\nat = \"/m\"\n";
    let mapping = testing::mapping(text);
    let body = json!({"n": 1, "m": 2});
    let rules = |endpoint| {
        let evaluation = evaluate(&mapping, endpoint, &body);
        evaluation.points.iter().map(|(rule, points)| (*rule, points[0].reading)).collect::<Vec<_>>()
    };
    assert_eq!(rules(0), [(1, Reading::Number(1.0))]);
    assert_eq!(rules(1), [(0, Reading::Number(1.0)), (2, Reading::Number(2.0))]);
    assert_eq!(rules(2), []);
}

#[test]
fn what_people_are_shown_is_where_the_value_was_found() {
    let mapping = mapping("each = \"/v/*\"\nat = [\"/status\", \"\"]\nlabels = { v = \"$key\" }");
    let (rule, body) = (&mapping.rules[0], json!({"v": {"a/b": {"status": 1}, "c": 2, "d": null}}));
    let elements = locate(rule, &body).unwrap();
    let places: Vec<String> = elements.iter().map(|element| place(rule, element).to_string()).collect();
    assert_eq!(places, ["/v/a~1b/status", "/v/c", "/v/d/status"]);
    assert_eq!(
        find(rule, elements[1].value).map(|(at, value)| (at.to_string(), value)),
        Some((String::new(), &json!(2)))
    );
    assert_eq!(find(rule, elements[2].value), None);
}
