use redis::Value;

use super::super::reply::build::{array, bulk, flat, map};
use super::*;
use crate::metric::Families;
use crate::metric::text::{Format, exposition};

/// The reply of redis-server 7.0.15 to CONFIG GET with all keys.
const RECORDED: &[(&str, &str)] = &[
    ("tcp-keepalive", "300"),
    ("io-threads", "1"),
    ("client-output-buffer-limit", "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"),
    ("maxmemory-policy", "noeviction"),
    ("maxclients", "10000"),
    ("maxmemory", "0"),
    ("latency-monitor-threshold", "1"),
    ("slowlog-max-len", "128"),
    ("appendonly", "no"),
    ("timeout", "0"),
    ("repl-backlog-size", "1048576"),
    ("save", ""),
    ("tcp-backlog", "511"),
    ("slowlog-log-slower-than", "1000"),
    ("databases", "16"),
];

fn parse_pairs(pairs: &[(&str, &str)]) -> ServerConfig {
    parse(&[flat(pairs)]).unwrap()
}

fn samples(config: &ServerConfig) -> Vec<String> {
    let mut families = Families::new();
    export(config, &mut families);
    assert_eq!(families.rejections().by_reason().map(|(_, number)| number), [0, 0, 0]);
    exposition(&families.into_sorted(), Format::Prometheus)
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter(|line| !line.starts_with("redis_config_key_value") && !line.starts_with("redis_config_value"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_recorded_reply_gives_exact_samples() {
    let config = parse_pairs(RECORDED);
    assert_eq!(config.databases(), Some(16));
    assert!(config.malformed.is_empty());
    assert_eq!(
        samples(&config),
        [
            r"redis_config_appendonly 0",
            r#"redis_config_client_output_buffer_limit_bytes{class="normal",limit="hard"} 0"#,
            r#"redis_config_client_output_buffer_limit_bytes{class="normal",limit="soft"} 0"#,
            r#"redis_config_client_output_buffer_limit_bytes{class="slave",limit="hard"} 268435456"#,
            r#"redis_config_client_output_buffer_limit_bytes{class="slave",limit="soft"} 67108864"#,
            r#"redis_config_client_output_buffer_limit_bytes{class="pubsub",limit="hard"} 33554432"#,
            r#"redis_config_client_output_buffer_limit_bytes{class="pubsub",limit="soft"} 8388608"#,
            r#"redis_config_client_output_buffer_limit_overcome_seconds{class="normal",limit="soft"} 0"#,
            r#"redis_config_client_output_buffer_limit_overcome_seconds{class="slave",limit="soft"} 60"#,
            r#"redis_config_client_output_buffer_limit_overcome_seconds{class="pubsub",limit="soft"} 60"#,
            "redis_config_io_threads 1",
            "redis_config_latency_monitor_threshold_seconds 0.001",
            "redis_config_maxclients 10000",
            "redis_config_maxmemory 0",
            r#"redis_config_maxmemory_policy{policy="noeviction"} 1"#,
            "redis_config_repl_backlog_size 1048576",
            "redis_config_save_enabled 0",
            "redis_config_slowlog_log_slower_than_seconds 0.001",
            "redis_config_slowlog_max_len 128",
            "redis_config_tcp_backlog 511",
            "redis_config_tcp_keepalive_seconds 300",
            "redis_config_timeout_seconds 0",
        ]
    );
}

#[test]
fn each_key_is_shown_as_redis_exporter_shows_it() {
    let config = parse_pairs(&[("maxmemory-policy", "allkeys-lru"), ("slowlog-max-len", "128"), ("save", "3600 1")]);
    let mut families = Families::new();
    export(&config, &mut families);
    let text = exposition(&families.into_sorted(), Format::Prometheus);
    let named = |line: &&str| line.starts_with("redis_config_key_value{") || line.starts_with("redis_config_value{");
    assert_eq!(
        text.lines().filter(named).collect::<Vec<_>>(),
        [
            r#"redis_config_key_value{key="maxmemory-policy",value="allkeys-lru"} 1"#,
            r#"redis_config_key_value{key="slowlog-max-len",value="128"} 1"#,
            r#"redis_config_key_value{key="save",value="3600 1"} 1"#,
            r#"redis_config_value{key="slowlog-max-len"} 128"#,
        ]
    );
}

/// The words of each command that the question has.
fn asked(question: &ConfigGet, facts: &Facts) -> Vec<usize> {
    question.commands(facts).iter().map(|command| command.args_iter().count() - 2).collect()
}

#[test]
fn a_server_that_takes_one_key_is_asked_for_one_and_then_for_the_others() {
    let mut facts = Facts::default();
    facts.learn_info(&Arc::new(crate::collector::redis::info::parse(b"redis_version:7.4.0\r\n")));
    let mut question = ConfigGet { name: "CONFIG".to_owned(), one_by_one: false, proven: false };
    let all = keys().count();
    assert_eq!(asked(&question, &facts), [all]);
    assert!(!question.reword(Some("NOPERM no")), "a right that lacks for all lacks for one");
    assert!(question.reword(Some("ERR wrong number of arguments for 'config|get' command")));
    assert_eq!(asked(&question, &facts), [1], "so that another refusal is one error and not twenty");
    assert!(!question.reword(Some("ERR wrong number of arguments for 'config|get' command")), "no third way");
    let mut heard = question.read(vec![flat(&[("client-output-buffer-limit", "normal 1mb 512kb 60")])]).unwrap();
    let rest = question.more(&heard, &facts).unwrap();
    assert_eq!(rest.commands.len(), all - 1);
    question.read_more(&mut heard, vec![flat(&[("maxclients", "10")]), array([])]).unwrap();
    assert_eq!((heard.number("maxclients"), heard.output_limit("normal").unwrap().hard_bytes), (Some(10.0), 1 << 20));
    assert_eq!(asked(&question, &facts), vec![1; all], "from now on all at once");
    assert!(question.more(&heard, &facts).is_none());
    question.renew();
    assert_eq!(asked(&question, &facts), [1]);
}

#[test]
fn a_map_and_single_key_replies_mean_the_same() {
    let whole = parse_pairs(RECORDED);
    assert_eq!(parse(&[map(RECORDED)]).unwrap(), whole);
    let single: Vec<Value> = RECORDED.iter().map(|pair| flat(&[*pair])).collect();
    assert_eq!(parse(&single).unwrap(), whole);
}

#[test]
fn absent_stays_absent() {
    let config = parse(&[array([])]).unwrap();
    assert_eq!(config, ServerConfig::default());
    assert_eq!(config.databases(), None);
    assert_eq!(config.output_limit("pubsub"), None);
    assert!(samples(&config).is_empty());
}

#[test]
fn both_names_of_the_replica_class_are_one_class() {
    let limit = OutputLimit { hard_bytes: 1, soft_bytes: 2, soft_seconds: 3 };
    for name in ["slave", "replica"] {
        let config = parse_pairs(&[("client-output-buffer-limit", &format!("{name} 1 2 3"))]);
        assert_eq!(config.output_limit("slave"), Some(limit));
        assert_eq!(config.output_limit("replica"), Some(limit));
        assert_eq!(config.output_limit("normal"), None);
        assert_eq!(
            samples(&config)[0],
            format!(r#"redis_config_client_output_buffer_limit_bytes{{class="{name}",limit="hard"}} 1"#)
        );
    }
}

#[test]
fn a_limit_that_is_cut_short_or_bad_leaves_the_others() {
    for value in ["pubsub 32mb 8mb 60 normal 0 0", "normal x 0 0 pubsub 32mb 8mb 60", "other 1 1 1 pubsub 32mb 8mb 60"]
    {
        let config = parse_pairs(&[("client-output-buffer-limit", value), ("maxclients", "10")]);
        let pubsub = OutputLimit { hard_bytes: 32 << 20, soft_bytes: 8 << 20, soft_seconds: 60 };
        assert_eq!(config.output_limit("pubsub"), Some(pubsub), "{value}");
        assert_eq!(config.output_limit("normal"), None, "{value}");
        assert_eq!(config.malformed, ["client-output-buffer-limit"], "{value}");
        assert_eq!(config.number("maxclients"), Some(10.0), "{value}");
    }
    assert_eq!(parse_pairs(&[("client-output-buffer-limit", "")]).output_limit("normal"), None);
}

#[test]
fn a_bad_value_costs_its_own_key_only() {
    let config = parse_pairs(&[("databases", "many"), ("appendonly", "maybe"), ("maxclients", "7")]);
    assert_eq!(config.databases(), None);
    assert_eq!(config.number("appendonly"), None);
    assert_eq!(config.number("maxclients"), Some(7.0));
    assert_eq!(config.malformed, ["databases", "appendonly"]);
}

#[test]
fn memory_is_read_with_units() {
    for (value, bytes) in [
        ("0", Some(0)),
        ("100", Some(100)),
        ("100b", Some(100)),
        ("1k", Some(1_000)),
        ("1kb", Some(1_024)),
        ("256mb", Some(268_435_456)),
        ("2M", Some(2_000_000)),
        ("1GB", Some(1_073_741_824)),
        ("3g", Some(3_000_000_000)),
        ("18446744073709551615", Some(u64::MAX)),
        ("18446744073709551615kb", None),
        ("", None),
        ("mb", None),
        ("-1", None),
        ("5%", None),
        ("1é", None),
    ] {
        assert_eq!(memory(value), bytes, "{value}");
    }
}

#[test]
fn the_slow_log_that_is_off_is_minus_one() {
    assert_eq!(
        samples(&parse_pairs(&[("slowlog-log-slower-than", "-1")])),
        ["redis_config_slowlog_log_slower_than_seconds -1"]
    );
}

#[test]
fn commandlog_keeps_its_own_units() {
    let config = parse_pairs(&[
        ("commandlog-execution-slower-than", "10000"),
        ("commandlog-slow-execution-max-len", "128"),
        ("commandlog-request-larger-than", "1048576"),
        ("commandlog-large-request-max-len", "129"),
        ("commandlog-reply-larger-than", "-1"),
        ("commandlog-large-reply-max-len", "130"),
    ]);
    assert_eq!(
        samples(&config),
        [
            "redis_commandlog_execution_slower_than 10000",
            "redis_commandlog_large_reply_max_len 130",
            "redis_commandlog_large_request_max_len 129",
            "redis_commandlog_reply_larger_than -1",
            "redis_commandlog_request_larger_than 1048576",
            "redis_commandlog_slow_execution_max_len 128",
        ]
    );
}

#[test]
fn a_key_that_was_not_asked_for_is_ignored() {
    assert_eq!(parse_pairs(&[("requirepass", "secret")]), ServerConfig::default());
    assert!(keys().all(|key| !key.contains("pass") && !key.contains("auth") && !key.contains("user")));
}

#[test]
fn another_shape_is_an_error() {
    assert_eq!(parse(&[Value::Nil]).unwrap_err().to_string(), "CONFIG GET: expected pairs of key and value, got nil");
    assert_eq!(parse(&[array([bulk("save")])]).unwrap_err().got, "an array of 1");
    assert_eq!(parse(&[array([bulk("save"), Value::Nil])]).unwrap_err().what, "CONFIG GET: value");
}
