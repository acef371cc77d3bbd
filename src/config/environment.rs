//! The configuration without a file: the variables that Redis-backed services are configured by.
//!
//! `REDIS_URL` is the target `redis`, `REDIS_CACHE_URL` the target `cache`. `REDIS_PASSWORD` applies to both where the URL
//! has none, `REDIS_TLS=true` makes both TLS. `ENV_NAME` names the environment.
//!
//! `REDIS_CONNECT_TIMEOUT` and `REDIS_COMMAND_TIMEOUT` are milliseconds. A service applies the second to each command; here
//! it is the deadline of a poll. As a poll includes connecting, a longer connect timeout raises the deadline to itself, and
//! the interval is at least twice the deadline.

use std::time::Duration;

use super::redis::{RedisTarget, default_hit_ratio_window};
use super::{Config, LogSettings, Thresholds, WebSettings};
use crate::net::{RedisUrl, TlsSettings};
use reader::Secret;
use reader::{ConfigError, Problem};

/// The targets by the variable that holds their URL.
const URLS: [(&str, &str); 2] = [("REDIS_URL", "redis"), ("REDIS_CACHE_URL", "cache")];

type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// See [`Config::from_environment`].
pub(super) fn config(env: Lookup<'_>) -> Result<Option<Config>, ConfigError> {
    let get = |name: &str| env(name).filter(|value| !value.is_empty());
    if get(URLS[0].0).is_none() {
        return Ok(None);
    }
    let mut problems = Vec::new();
    let tls = boolean(&get, "REDIS_TLS", &mut problems).unwrap_or(false);
    let connect_timeout = milliseconds(&get, "REDIS_CONNECT_TIMEOUT", &mut problems);
    let command_timeout = milliseconds(&get, "REDIS_COMMAND_TIMEOUT", &mut problems);
    let mut redis = Vec::new();
    for (variable, name) in URLS {
        let Some(text) = get(variable) else { continue };
        match RedisUrl::parse(&text) {
            Ok(url) => {
                let mut target = RedisTarget::new(name.to_owned(), url);
                target.password = target.password.or_else(|| get("REDIS_PASSWORD").map(Secret::new));
                target.tls = target.tls.or_else(|| tls.then(TlsSettings::default));
                target.deadline = command_timeout.unwrap_or(target.deadline).max(connect_timeout.unwrap_or_default());
                target.connect_timeout = connect_timeout.unwrap_or(target.connect_timeout).min(target.deadline);
                target.interval = target.interval.max(2 * target.deadline);
                target.hit_ratio_window = default_hit_ratio_window(target.interval);
                redis.push(target);
            }
            Err(message) => problems.push(Problem::of_key(None, variable, None, message)),
        }
    }
    let policy = policy::shipped()?;
    if problems.is_empty() {
        let (web, log) = (WebSettings::default(), LogSettings::default());
        Ok(Some(Config {
            environment: get("ENV_NAME"),
            web,
            log,
            redis,
            services: Vec::new(),
            docker: Vec::new(),
            host: None,
            thresholds: Thresholds::default(),
            policy,
        }))
    } else {
        Err(ConfigError::new("environment".to_owned(), problems))
    }
}

fn boolean(get: &dyn Fn(&str) -> Option<String>, name: &str, problems: &mut Vec<Problem>) -> Option<bool> {
    let text = get(name)?;
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" => Some(true),
        "false" | "0" | "no" => Some(false),
        _ => {
            problems.push(Problem::of_key(None, name, Some(format!("{text:?}")), "must be true or false"));
            None
        }
    }
}

fn milliseconds(get: &dyn Fn(&str) -> Option<String>, name: &str, problems: &mut Vec<Problem>) -> Option<Duration> {
    let text = get(name)?;
    let millis = text.parse::<u64>().ok().filter(|millis| (10..=600_000).contains(millis));
    if millis.is_none() {
        let message = "must be a number of milliseconds from 10 to 600000";
        problems.push(Problem::of_key(None, name, Some(format!("{text:?}")), message));
    }
    millis.map(Duration::from_millis)
}
