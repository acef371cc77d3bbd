//! Bodies that are none of a running container, and bodies that are anything.

use proptest::prelude::*;

use super::*;

const ALL: [&str; 9] = [V1_LIMITED, V1_UNLIMITED, V1_PAUSED, V1_STOPPED, V1_IO, V2_44, V2_52, PODMAN, WINDOWS];

fn sample(json: &str) -> Option<Sample> {
    Sample::read(&body(json), Dialect::default())
}

#[test]
fn zeros_of_what_does_not_run_are_no_sample() {
    assert_eq!(sample(V1_STOPPED), None);
    assert_eq!(sample("{}"), None);
    assert_eq!(sample(&V1_LIMITED.replace("2026-11-24T20:44:19.205859151Z", "0001-01-01T00:00:00Z")), None);
    assert_eq!(sample(&V1_LIMITED.replace("2026-11-24T20:44:19.205859151Z", "soon")), None);
    let stamped = V1_STOPPED.replacen("0001-01-01T00:00:00Z", "2026-11-24T20:44:19Z", 1);
    assert_eq!(sample(&stamped), None);
    assert!(sample(V1_PAUSED).is_some());
}

#[test]
fn a_machine_without_the_memory_controller_still_tells_the_rest() {
    let json = V1_LIMITED.split_once(r#""memory_stats""#).map(|(head, _)| format!(r#"{head}"memory_stats":{{}}}}"#));
    let sample = sample(&json.unwrap()).unwrap();
    assert_eq!((sample.memory.usage, sample.memory.working_set), (None, None));
    assert_eq!((sample.cpu.total, sample.tasks), (Some(1_174_653_421), Some(3)));
}

#[test]
fn the_body_does_not_say_who_it_is_about() {
    let text = exposed(&container("ticker", None), read(V2_52), Derived::default());
    assert!(!text.contains("another-name") && !text.contains("3b2f7d1c9e8a"), "{text}");
}

#[test]
fn the_system_is_that_of_the_body_or_of_the_engine() {
    let windows = Dialect { windows: true, podman: None };
    let of = |json: &str, engine: Dialect| engine.of_body(&body(json)).windows;
    assert!(of(WINDOWS, Dialect::default()));
    assert!(of(r#"{"os_type":"windows"}"#, Dialect::default()));
    assert!(of("{}", windows));
    assert!(of(r#"{"os_type":""}"#, windows));
    assert!(!of(r#"{"os_type":"linux","num_procs":8}"#, windows));
    assert!(!of(V1_LIMITED, Dialect::default()));
}

#[test]
fn bodies_cut_at_every_byte_are_errors_and_no_panics() {
    for json in ALL {
        let json = json.trim_end();
        for end in 0..json.len() {
            assert!(serde_json::from_str::<ContainerStatsResponse>(&json[..end]).is_err(), "{}", &json[..end]);
        }
    }
}

#[test]
fn every_metric_is_listed_once() {
    let listed = metrics();
    let mut names: Vec<&str> = listed.iter().map(|info| info.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), listed.len());
    // Those of all bodies together are all that there are, but for what needs more than one body.
    let groups = [crate::metric::catalog::Group { title: "Containers", intro: "", metrics: listed }];
    assert_eq!(crate::metric::catalog::problems(&groups), Vec::<String>::new());
}

/// Any JSON whose fields have the names that are read, or others.
fn anything() -> impl Strategy<Value = serde_json::Value> {
    let keys: Vec<&str> = vec![
        "read",
        "os_type",
        "num_procs",
        "cpu_stats",
        "cpu_usage",
        "total_usage",
        "usage_in_usermode",
        "usage_in_kernelmode",
        "percpu_usage",
        "online_cpus",
        "throttling_data",
        "periods",
        "throttled_periods",
        "throttled_time",
        "memory_stats",
        "usage",
        "max_usage",
        "failcnt",
        "limit",
        "stats",
        "total_inactive_file",
        "inactive_file",
        "anon",
        "privateworkingset",
        "networks",
        "eth0",
        "rx_bytes",
        "tx_bytes",
        "rx_packets",
        "pids_stats",
        "current",
        "blkio_stats",
        "io_service_bytes_recursive",
        "major",
        "minor",
        "op",
        "value",
        "storage_stats",
        "read_size_bytes",
        "write_size_bytes",
    ];
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        prop::sample::select(vec!["2026-11-24T20:44:19Z", "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "Read", "é"])
            .prop_map(Into::into),
        ".{0,8}".prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 64, 8, move |inner| {
        let key = prop_oneof![4 => prop::sample::select(keys.clone()).prop_map(str::to_owned), 1 => ".{0,20}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::hash_map(key, inner, 0..8)
                .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// A recorded body of which one number or text is something else.
fn mutated() -> impl Strategy<Value = serde_json::Value> {
    (prop::sample::select(ALL.to_vec()), any::<prop::sample::Index>(), anything()).prop_map(|(json, at, value)| {
        let mut body: serde_json::Value = serde_json::from_str(json).unwrap();
        let mut paths = Vec::new();
        leaves(&body, "", &mut paths);
        *body.pointer_mut(&paths[at.index(paths.len())]).unwrap() = value;
        body
    })
}

fn leaves(value: &serde_json::Value, path: &str, paths: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| leaves(value, &format!("{path}/{key}"), paths));
        }
        serde_json::Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| leaves(value, &format!("{path}/{at}"), paths));
        }
        _ => paths.push(path.to_owned()),
    }
}

/// Reads and names it in every way.
fn try_all(json: &serde_json::Value) {
    let Ok(body) = serde_json::from_value::<ContainerStatsResponse>(json.clone()) else { return };
    for dialect in [Dialect::default(), OF_PODMAN, Dialect { windows: true, podman: None }] {
        let Some(sample) = Sample::read(&body, dialect) else { continue };
        let limits = Limits { memory: i64::MIN, memory_swap: i64::MAX, nano_cpus: 1, ..Limits::default() };
        let before = Previous::of(&read(V2_44), None);
        let whole = Whole { limits: Some(&limits), has_limits: true, bits_per_second: Some(1), one_core: false };
        let derived = Derived::of(&sample, Some(&before), &Previous::of(&sample, None), whole);
        exposed(&container("ticker", Some(limits)), sample, derived);
    }
}

proptest! {
    #[test]
    fn any_json_is_read_without_panic(json in anything()) {
        try_all(&json);
    }

    #[test]
    fn any_changed_body_is_read_without_panic(json in mutated()) {
        try_all(&json);
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(json) = serde_json::from_slice(&bytes) {
            try_all(&json);
        }
    }
}
