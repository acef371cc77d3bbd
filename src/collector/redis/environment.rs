//! The configuration without a file: the variables that Redis-backed services are configured by.
//!
//! `REDIS_URL` (or `REDIS_ADDR`, as redis_exporter has it) is the target `redis`, `REDIS_CACHE_URL` the target `cache`.
//! `REDIS_PASSWORD` or the file `REDIS_PASSWORD_FILE` applies to both where the URL has none, and so does `REDIS_USER`.
//! `REDIS_TLS=true` makes both TLS. `ENV_NAME` names the environment.
//!
//! `REDIS_CONNECT_TIMEOUT` and `REDIS_COMMAND_TIMEOUT` are milliseconds. A service applies the second to each command; here
//! it is the deadline of a poll. As a poll includes connecting, a longer connect timeout raises the deadline to itself, and
//! the interval is at least twice the deadline.

use std::time::Duration;

use super::RedisTarget;
use crate::collector::TargetKind as _;
use crate::config::{Interval, Lookup, TargetSettings};
use crate::net::{Credential, RedisUrl};
use reader::{Problem, Secret};

/// The targets by the variables that may hold their URL.
const URLS: [(&[&str], &str); 2] = [(&["REDIS_URL", "REDIS_ADDR"], "redis"), (&["REDIS_CACHE_URL"], "cache")];

/// What the variables say of every target.
struct Shared {
    tls: bool,
    username: Option<String>,
    password: Option<String>,
    password_file: Option<String>,
    connect_timeout: Option<Duration>,
    command_timeout: Option<Duration>,
}

/// The targets that the variables describe.
pub(super) fn targets(env: Lookup<'_>, problems: &mut Vec<Problem>) -> Vec<RedisTarget> {
    let get = |name: &str| env(name).filter(|value| !value.is_empty());
    let shared = Shared {
        tls: boolean(&get, "REDIS_TLS", problems).unwrap_or(false),
        username: get("REDIS_USER"),
        password: get("REDIS_PASSWORD"),
        password_file: get("REDIS_PASSWORD_FILE"),
        connect_timeout: milliseconds(&get, "REDIS_CONNECT_TIMEOUT", problems),
        command_timeout: milliseconds(&get, "REDIS_COMMAND_TIMEOUT", problems),
    };
    let mut targets = Vec::new();
    for (variables, name) in URLS {
        let mut set = variables.iter().filter_map(|variable| Some((*variable, get(variable)?)));
        let Some((variable, text)) = set.next() else { continue };
        for (other, _) in set.filter(|(_, other)| *other != text) {
            problems.push(warning(other, format!("is not used, because {variable} is set")));
        }
        match RedisUrl::parse(&text) {
            Ok(url) => targets.push(shared.target(variable, name, &url, problems)),
            Err(message) => problems.push(Problem::of_key(None, variable, None, message)),
        }
    }
    if let (Some(_), Some(_), false) = (&shared.password, &shared.password_file, targets.is_empty()) {
        problems.push(warning("REDIS_PASSWORD_FILE", "is not used, because REDIS_PASSWORD is set"));
    }
    targets
}

fn warning(variable: &str, message: impl Into<String>) -> Problem {
    Problem::of_key(None, variable, None, message).as_warning()
}

impl Shared {
    fn target(&self, variable: &str, name: &str, url: &RedisUrl, problems: &mut Vec<Problem>) -> RedisTarget {
        let is_tls = url.tls || self.tls;
        problems.extend(url.warning(is_tls).map(|message| warning(variable, message)));
        let (connect, command) = (self.connect_timeout, self.command_timeout);
        let mut common = TargetSettings::new(name.to_owned(), &RedisTarget::DEFAULTS);
        common.deadline = command.unwrap_or(common.deadline).max(connect.unwrap_or_default());
        common.interval = Interval::Auto(common.interval.length().max(2 * common.deadline));
        let mut target = RedisTarget::new(common, url.clone());
        target.connect_timeout = connect.unwrap_or(target.connect_timeout);
        target.tls = is_tls.then(|| url.files.clone());
        if target.password.is_none() {
            target.username = target.username.or_else(|| self.username.clone());
            target.password = self.password(url, target.username.as_deref(), problems);
        }
        if target.username.is_some() && target.password.is_none() && problems.iter().all(Problem::is_warning) {
            let message = "a user needs a password; set REDIS_PASSWORD or REDIS_PASSWORD_FILE";
            problems.push(Problem::of_key(None, "REDIS_USER", None, message));
        }
        target
    }

    fn password(&self, url: &RedisUrl, username: Option<&str>, problems: &mut Vec<Problem>) -> Option<Credential> {
        if let Some(password) = &self.password {
            return Some(Secret::new(password).into());
        }
        let file = self.password_file.as_ref()?;
        Credential::of_server(file.into(), url, username)
            .map_err(|message| {
                problems.push(Problem::of_key(None, "REDIS_PASSWORD_FILE", Some(format!("{file:?}")), message));
            })
            .ok()
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

#[cfg(test)]
mod tests;
