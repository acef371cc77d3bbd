//! The configuration without a file: the variables that Redis-backed services are configured by.
//!
//! `REDIS_URL` is the target `redis`, `REDIS_CACHE_URL` the target `cache`. `REDIS_PASSWORD` applies to both where the URL
//! has none, `REDIS_TLS=true` makes both TLS. `ENV_NAME` names the environment.
//!
//! `REDIS_CONNECT_TIMEOUT` and `REDIS_COMMAND_TIMEOUT` are milliseconds. A service applies the second to each command; here
//! it is the deadline of a poll. As a poll includes connecting, a longer connect timeout raises the deadline to itself, and
//! the interval is at least twice the deadline.

use std::time::Duration;

use super::RedisTarget;
use crate::collector::TargetKind as _;
use crate::config::{Lookup, TargetSettings};
use crate::net::RedisUrl;
use reader::{Problem, Secret};

/// The targets by the variable that holds their URL.
const URLS: [(&str, &str); 2] = [("REDIS_URL", "redis"), ("REDIS_CACHE_URL", "cache")];

/// The targets that the variables describe; none without `REDIS_URL`.
pub(super) fn targets(env: Lookup<'_>, problems: &mut Vec<Problem>) -> Vec<RedisTarget> {
    let get = |name: &str| env(name).filter(|value| !value.is_empty());
    if get(URLS[0].0).is_none() {
        return Vec::new();
    }
    let tls = boolean(&get, "REDIS_TLS", problems).unwrap_or(false);
    let connect_timeout = milliseconds(&get, "REDIS_CONNECT_TIMEOUT", problems);
    let command_timeout = milliseconds(&get, "REDIS_COMMAND_TIMEOUT", problems);
    let mut targets = Vec::new();
    for (variable, name) in URLS {
        let Some(text) = get(variable) else { continue };
        match RedisUrl::parse(&text) {
            Ok(url) => {
                let mut common = TargetSettings::new(name.to_owned(), &RedisTarget::DEFAULTS);
                let is_tls = url.tls || tls;
                if let Some(warning) = url.warning(is_tls) {
                    problems.push(Problem::of_key(None, variable, None, warning).as_warning());
                }
                let files = url.files.clone();
                common.deadline = command_timeout.unwrap_or(common.deadline).max(connect_timeout.unwrap_or_default());
                common.interval = common.interval.max(2 * common.deadline);
                let mut target = RedisTarget::new(common, url);
                target.connect_timeout = connect_timeout.unwrap_or(target.connect_timeout);
                target.password =
                    target.password.or_else(|| get("REDIS_PASSWORD").map(|text| Secret::new(text).into()));
                target.tls = is_tls.then_some(files);
                targets.push(target);
            }
            Err(message) => problems.push(Problem::of_key(None, variable, None, message)),
        }
    }
    targets
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

#[cfg(test)]
mod tests;
