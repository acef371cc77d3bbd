//! Elements of elements, some of them, their number, and numbers made of two.

use super::*;

/// What an array of arrays of names and values has, as `HAProxy` writes it.
fn fields(kind: &str, proxy: &str, sessions: u32) -> Json {
    let field = |name: &str, value: Json| json!({"objType": kind, "field": {"name": name}, "value": {"value": value}});
    json!([field("pxname", proxy.into()), field("scur", sessions.into())])
}

#[test]
fn of_names_and_values_a_filter_finds_the_right_one() {
    let body = json!([fields("Frontend", "web", 7), fields("Backend", "web", 3), fields("Backend", "api", 4)]);
    let rule = "each = \"/[0/objType=Backend]\"\nat = \"/[field/name=scur]/value/value\"\n\
                labels = { proxy = \"$/[field/name=pxname]/value/value\" }";
    assert_evaluated(rule, &body, &["api 4", "web 3"], &NONE);
    assert_evaluated("at = \"/0/[field/name=qcur]\"", &body, &NONE, &["missing /0/[field/name=qcur] 1"]);
    assert_evaluated("each = \"/[0/objType=Server]\"\nparse = \"count\"", &body, &["0"], &NONE);
    assert_evaluated("each = \"/[0/kind=Server]\"\nparse = \"count\"", &body, &NONE, &["missing /[0/kind=Server] 1"]);
}

#[test]
fn the_last_item_is_the_newest() {
    let body = json!({"history": [{"value": 1}, {"value": 2}]});
    assert_evaluated("at = \"/history/-1/value\"", &body, &["2"], &NONE);
    assert_evaluated("at = \"/history/-1/value\"", &json!({"history": []}), &NONE, &["missing /history/-1/value 1"]);
}

#[test]
fn elements_of_elements_have_labels_of_what_is_above_them() {
    let body = json!({"site": "one", "upstreams": {
        "api": {"zone": "z1", "peers": [{"server": "a:1", "active": 2}, {"server": "b:1", "active": 3}]},
        "web": {"peers": [{"server": "c:1", "active": 4}]},
    }});
    let each = "each = \"/upstreams/*/peers/*\"\n";
    let rule =
        format!("{each}at = \"/active\"\nlabels = {{ upstream = \"$1\", server = \"$/server\", peer = \"$key\" }}");
    // In the order of the labels: peer, server, upstream.
    assert_evaluated(&rule, &body, &["0,a:1,api 2", "0,c:1,web 4", "1,b:1,api 3"], &NONE);
    let rule = format!("{each}at = \"/active\"\nlabels = {{ by = \"$0/site\", upstream = \"$1\" }}");
    assert_evaluated(&rule, &body, &["one,api 5", "one,web 4"], &NONE);
    let rule = format!("{each}at = \"/active\"\nlabels = {{ zone = \"$1/zone\" }}");
    assert_evaluated(&rule, &body, &["z1 5"], &["missing /upstreams/web/zone 1"]);
    let rule = format!("{each}parse = \"count\"\nlabels = {{ upstream = \"$1\" }}");
    assert_evaluated(&rule, &body, &["api 2", "web 1"], &NONE);
}

#[test]
fn elements_are_counted_with_a_condition_and_without() {
    let body = json!([
        {"service": "db", "status": "critical"}, {"service": "db", "status": "passing"},
        {"service": "web", "status": "passing"}, {"service": "web", "status": null}, {"service": "web", "status": 3},
    ]);
    let count = "each = \"/*\"\nparse = \"count\"\n";
    assert_evaluated(count, &body, &["5"], &NONE);
    assert_evaluated(count, &json!([]), &["0"], &NONE);
    assert_evaluated(count, &json!({"a": {}}), &["1"], &NONE);
    assert_evaluated(count, &json!(1), &NONE, &["missing /* 1"]);
    let by_service = format!("{count}labels = {{ service = \"$/service\" }}");
    assert_evaluated(&by_service, &body, &["db 2", "web 3"], &NONE);
    assert_evaluated(&by_service, &json!([]), &NONE, &NONE);
    // A service without a critical check has 0 of them.
    let critical = format!("{by_service}\nat = \"/status\"\nis = [\"critical\", \"3\"]");
    assert_evaluated(&critical, &body, &["db 1", "web 1"], &["missing /3/status 1"]);
    let rule = "each = \"/*\"\nat = \"/status\"\nis = \"critical\"\nparse = \"count\"\nmissing = \"ignore\"";
    assert_evaluated(rule, &body, &["1"], &NONE);
    let up = "at = \"/0/status\"\nparse = \"bool\"\nis = \"passing\"";
    assert_evaluated(up, &body, &["0"], &NONE);
    assert_evaluated(up, &json!([{"status": "passing"}]), &["1"], &NONE);
    assert_evaluated(up, &json!([{"status": ["passing"]}]), &NONE, &["type /0/status 1"]);
}

#[test]
fn a_number_is_scaled_and_divided_by_another_of_its_element() {
    let body = json!({"celsius": 215, "disks": [
        {"used": 30, "all": 120}, {"used": "1 KiB", "all": "4 KiB"}, {"used": 5, "all": 0}, {"used": 5}, {"all": 4},
    ]});
    assert_evaluated("at = \"/celsius\"\nscale = 0.1", &body, &["21.5"], &NONE);
    assert_evaluated("at = \"/celsius\"\nscale = -1_000", &body, &["-215000"], &NONE);
    assert_evaluated("at = \"/celsius\"\nscale = 1e308", &body, &NONE, &["not_finite /celsius 1"]);
    let share =
        "each = \"/disks/*\"\nat = \"/used\"\ndivided_by = \"/all\"\nparse = \"quantity\"\nlabels = { d = \"$key\" }";
    assert_evaluated(share, &body, &["0 0.25", "1 0.25"], &["missing /disks/2/all 3"]);
    assert_evaluated(&format!("{share}\nmissing = \"ignore\""), &body, &["0 0.25", "1 0.25"], &NONE);
    assert_evaluated(
        "each = \"/disks/*\"\nat = \"/all\"\ndivided_by = \"/all\"\nlimit = 1\nmissing = \"ignore\"",
        &json!({"disks": [{"all": 1}, {"all": 2}]}),
        &["1"],
        &NONE,
    );
}
