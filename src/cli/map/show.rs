//! `manometer map show`: the shipped mappings.

use std::process::ExitCode;

use super::{Refused, print};
use crate::mapping::profile::{self, PROFILES};

/// Prints a shipped mapping as it is, or a line for each.
pub(super) fn show(name: Option<&str>) -> Result<ExitCode, Refused> {
    let Some(name) = name else { return Ok(print(list().as_bytes())) };
    let profile = profile::find(name).map_err(|message| format!("{name:?} {message}"))?;
    Ok(print(profile.text.as_bytes()))
}

/// Each name with what the file says first.
fn list() -> String {
    let width = PROFILES.iter().map(|profile| profile.name.len()).max().unwrap_or_default();
    let line = |profile: &profile::Profile| {
        let first = profile.text.lines().next().unwrap_or_default().trim_start_matches(['#', ' ']);
        // A sentence that begins behind the first one may end on another line.
        let sentence = first.split_once(". ").map_or(first, |(sentence, _)| sentence);
        format!("{:width$}  {}\n", profile.name, sentence.trim_end_matches('.'))
    };
    PROFILES.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_profile_has_a_line() {
        assert_eq!(
            list(),
            "cache-api  A Node API with a Redis cache: the cache's health and statistics\n\
             health     A health page with the state of each dependency, 503 unless healthy; url is the whole address\n\
             load       A service that sheds load, and says so: 503 from a load of 0.8 on, with the body\n\
             nginx      nginx, by ngx_http_stub_status_module; url is the whole address, like \
             http://nginx:8080/stub_status\n\
             pool       The connection pool of a Python service, as JSON or as the dictionary that its log shows; url is \
             the whole address\n\
             rabbitmq   RabbitMQ, by its management API; url is http://rabbitmq:15672, and a header gives the user (tag \
             monitoring is enough)\n\
             ticker     A market data ticker that publishes to Redis: backpressure, publisher, circuit breaker, \
             subscriptions\n\
             websocket  The metrics summary of a WebSocket service; url is the whole address\n"
        );
    }
}
