//! The documents' variables as a configuration.

use super::*;
use crate::collector::KINDS;
use crate::config::Config;

fn targets(env: Lookup<'_>) -> Vec<RedisTarget> {
    Config::from_environment(env, KINDS).unwrap().unwrap().targets_of().cloned().collect()
}

#[test]
fn the_environment_of_a_service_is_a_configuration() {
    let env = |name: &str| {
        let value = match name {
            "REDIS_URL" => "redis://h/0",
            "REDIS_CACHE_URL" => "redis://:own@h/1",
            "REDIS_TLS" => "true",
            "REDIS_PASSWORD" => "shared",
            "REDIS_CONNECT_TIMEOUT" => "2000",
            "REDIS_COMMAND_TIMEOUT" => "8000",
            "ENV_NAME" => "production",
            _ => return None,
        };
        Some(value.to_owned())
    };
    let config = Config::from_environment(&env, KINDS).unwrap().unwrap();
    assert_eq!(config.environment.as_deref(), Some("production"));
    let redis = targets(&env);
    let names: Vec<&str> = redis.iter().map(|target| target.name.as_str()).collect();
    assert_eq!(names, ["redis", "cache"]);
    let passwords: Vec<&str> = redis.iter().map(|target| target.password.as_ref().unwrap().first().reveal()).collect();
    assert_eq!(passwords, ["shared", "own"]);
    assert!(redis.iter().all(|target| target.tls.is_some()));
    assert_eq!(redis[1].database, 1);
    assert_eq!(redis[0].connect_timeout, Duration::from_secs(2));
    assert_eq!((redis[0].deadline, redis[0].interval.length()), (Duration::from_secs(8), Duration::from_secs(16)));
    assert_eq!(Config::from_environment(&|_| None, KINDS).unwrap(), None);
}

#[test]
fn the_times_of_the_environment_fit_each_other() {
    // Milliseconds of the connect and of the command timeout; seconds of connect timeout, deadline, interval and window.
    for (connect, command, expected) in [
        (None, None, [5, 5, 15, 300]),
        (None, Some("2000"), [2, 2, 15, 300]),
        (None, Some("8000"), [5, 8, 16, 300]),
        (Some("3000"), None, [3, 5, 15, 300]),
        (Some("9000"), None, [9, 9, 18, 300]),
        (Some("9000"), Some("1000"), [9, 9, 18, 300]),
        (Some("1000"), Some("600000"), [1, 600, 1200, 2400]),
    ] {
        let env = |name: &str| match name {
            "REDIS_URL" => Some("redis://h".to_owned()),
            "REDIS_CONNECT_TIMEOUT" => connect.map(str::to_owned),
            "REDIS_COMMAND_TIMEOUT" => command.map(str::to_owned),
            _ => None,
        };
        let target = targets(&env).remove(0);
        let times = [target.connect_timeout, target.deadline, target.interval.length(), target.hit_ratio_window];
        assert_eq!(times, expected.map(Duration::from_secs), "{connect:?} {command:?}");
    }
}

#[test]
fn a_bad_environment_is_refused_whole() {
    let env = |name: &str| match name {
        "REDIS_URL" => Some("ftp://hunter2@h".to_owned()),
        "REDIS_TLS" => Some("maybe".to_owned()),
        "REDIS_COMMAND_TIMEOUT" => Some("5s".to_owned()),
        _ => None,
    };
    assert_eq!(
        Config::from_environment(&env, KINDS).unwrap_err().to_string(),
        "environment: REDIS_TLS = \"maybe\": must be true or false\n\
         environment: REDIS_COMMAND_TIMEOUT = \"5s\": must be a number of milliseconds from 10 to 600000\n\
         environment: REDIS_URL: the scheme \"ftp\" is unknown; use redis, rediss, valkey, valkeys, tcp or unix"
    );
}
