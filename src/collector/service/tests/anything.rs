//! Whatever a service sends, nothing panics, nothing grows beyond its limit and nothing that is not finite is exported.

use std::time::Duration;

use proptest::prelude::*;

use mapping::profile::PROFILES;
use mapping::{Body, BodyFormat, Pointer, evaluate};
use metric::Families;
use metric::text::{Format as Exposition, exposition};
use serde_json::{Value as Json, json};

use crate::collector::Collector as _;
use crate::collector::service::{ServiceCollector, Snapshot};

/// Bytes of a label of the mapping; longer ones are cut.
const MAX_LABEL_BYTES: usize = 128;

const LIMIT: usize = 60;

/// Keys and words that profiles look for, among others.
fn word() -> impl Strategy<Value = String> {
    let known = "status,dependencies,checks,accounts,total_connections,timestamp,error,data,cache,redis,hits,latency,\
                 available,connections,by_channel,messages,total,ok,error: x,unknown,healthy,NaN,-Infinity,99.7%,2.3 ms,\
                 2025-10-31T12:00:00Z,0,__other__,backpressure_level,state,load,max_connections,errors,,/,~";
    let known: Vec<String> = known.split(',').map(str::to_owned).collect();
    prop_oneof![4 => proptest::sample::select(known), 1 => any::<String>()]
}

fn tree() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        word().prop_map(Json::from),
    ];
    leaf.prop_recursive(5, 64, 12, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..12).prop_map(Json::from),
            proptest::collection::btree_map(word(), inner, 0..12)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

/// A body that has something at each place where some rule of a profile looks, and much else.
fn likely_tree() -> impl Strategy<Value = Json> {
    let places: Vec<Pointer> = PROFILES
        .iter()
        .flat_map(|shipped| shipped.mapping().unwrap().rules.clone())
        .flat_map(|rule| {
            let each = rule.each.unwrap_or_default();
            rule.at.into_iter().map(move |at| each.at_keys(["k"; 3]).join(&at))
        })
        .collect();
    let planted = proptest::collection::vec((proptest::sample::select(places), tree()), 0..30);
    planted.prop_map(|planted| {
        let mut root = Json::Object(serde_json::Map::new());
        for (place, value) in planted {
            plant(&mut root, &place.to_string(), value);
        }
        root
    })
}

fn plant(mut at: &mut Json, place: &str, value: Json) {
    for key in place.split('/').skip(1) {
        if !at.is_object() {
            *at = Json::Object(serde_json::Map::new());
        }
        at = at.as_object_mut().unwrap().entry(key).or_insert(Json::Null);
    }
    *at = value;
}

/// Applies every profile to a body, wherever it came from.
fn check(tree: &Json) {
    for shipped in &PROFILES {
        let mapping = shipped.mapping().unwrap();
        let all: Vec<_> = (0..mapping.endpoints.len()).map(|endpoint| evaluate(&mapping, endpoint, tree)).collect();
        for (rule, points) in all.iter().flat_map(|evaluation| &evaluation.points) {
            let rule = &mapping.rules[*rule];
            assert!(points.len() <= rule.limit + 1, "{} points", points.len());
            for point in points {
                assert!(point.reading.number().is_none_or(f64::is_finite), "{point:?}");
                assert!(point.labels.iter().all(|label| label.len() <= MAX_LABEL_BYTES), "{point:?}");
            }
        }
        let misses = all.iter().map(|evaluation| evaluation.misses.len()).sum::<usize>();
        assert!(misses <= mapping.rules.len() * 11, "{misses} misses");
        let mut families = Families::with_limit(LIMIT);
        let bodies: Vec<_> = all.iter().map(|_| Some(Body { tree: tree.clone(), families: Vec::new() })).collect();
        let (snapshot, _) = Snapshot::of_bodies(&mapping, &bodies, Duration::from_mins(5));
        ServiceCollector::export(&snapshot, &mut families);
        assert!(families.series() <= LIMIT);
        let rejections = families.rejections();
        assert_eq!((rejections.duplicate, rejections.name), (0, 0), "{}", shipped.name);
        let text = exposition(&families.into_sorted(), Exposition::Prometheus);
        assert!(!text.contains("NaN\n") && !text.contains("Inf\n"), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_tree_is_evaluated_and_exported(tree in prop_oneof![tree(), likely_tree()]) {
        check(&tree);
    }

    #[test]
    fn any_json_is_read(tree in tree()) {
        let written = json!({ "any": tree }).to_string();
        for format in [BodyFormat::Json, BodyFormat::Python] {
            check(&Body::read(format, written.as_bytes()).unwrap().tree);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for format in [BodyFormat::Json, BodyFormat::Python, BodyFormat::Prometheus] {
            if let Ok(body) = Body::read(format, &bytes) {
                check(&body.tree);
            }
        }
    }

    #[test]
    fn any_text_that_looks_like_a_body_is_read_or_refused(
        text in "([{}\\[\\]()'\":,\\\\ \n#]|NaN|-?Infinity|None|True|nan|[-+0-9.eE]{1,6}|a_total|ä|\\\\x|le=\"|TYPE a |HELP a |counter|histogram){0,40}"
    ) {
        for format in [BodyFormat::Json, BodyFormat::Python, BodyFormat::Prometheus] {
            if let Ok(body) = Body::read(format, text.as_bytes()) {
                check(&body.tree);
            }
        }
    }

    #[test]
    fn a_pointer_is_written_as_it_is_read_and_leads_to_where_it_was_made(
        keys in proptest::collection::vec(any::<String>(), 0..6),
        value in any::<i64>(),
    ) {
        let pointer = keys.iter().fold(Pointer::default(), |pointer, key| pointer.child(key));
        let text = pointer.to_string();
        // A key that is a star is written like the star that stands for every one.
        prop_assume!(!keys.iter().any(|key| key == "*"));
        prop_assert_eq!(&text.parse::<Pointer>().unwrap(), &pointer);
        let body = keys.iter().rev().fold(Json::from(value), |inner, key| json!({ key: inner }));
        prop_assert_eq!(pointer.find(&body), Some(&Json::from(value)));
    }

    #[test]
    fn any_text_is_a_pointer_or_none(text in any::<String>()) {
        if let Ok(pointer) = text.parse::<Pointer>() {
            prop_assert_eq!(pointer.to_string(), text);
        }
    }
}
