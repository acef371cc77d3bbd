//! The JSON answers.

use std::borrow::Cow;
use std::collections::BTreeMap;

use reader::{in_calendar, visible_json};
use serde::Serialize;

use crate::hub::{Excerpt, TargetStatus};
use crate::topology::View;

/// The envelope of Prometheus' own API.
#[derive(Serialize)]
struct Envelope<T> {
    status: &'static str,
    data: T,
}

#[derive(Serialize)]
struct Targets<'a> {
    targets: Vec<Target<'a>>,
    /// What is wrong with the sources of targets, and what is not watched of what they name; absent if nothing is.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notices: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Target<'a> {
    name: &'a str,
    /// Which instance of the target it is; absent for a target that is polled as one.
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<&'a str>,
    /// What names it: the configuration, or a file, an SRV name, a container.
    source: &'a str,
    collector: &'a str,
    address: &'a str,
    /// `up`, `down`, or `unknown` before the first poll.
    health: &'static str,
    /// Empty when the last poll succeeded.
    last_error: String,
    /// The reason label of the last error.
    last_error_reason: Option<&'static str>,
    /// RFC 3339.
    last_poll: Option<String>,
    /// Seconds.
    last_poll_duration: f64,
    /// Seconds.
    poll_interval: f64,
    polls: u64,
    failures: u64,
    /// What is left out of the polls, and why; absent if nothing is.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notes: &'a [String],
    /// The last log lines that patterns matched; absent unless the configuration wants them.
    #[serde(skip_serializing_if = "<[Excerpt]>::is_empty")]
    samples: &'a [Excerpt],
}

/// `/api/v1/targets`.
pub(super) fn targets(statuses: &[TargetStatus], notices: &[String]) -> String {
    let targets = statuses.iter().map(|status| Target {
        name: &status.key.target,
        node: status.key.node.as_deref(),
        source: status.source.as_deref().unwrap_or("configuration"),
        collector: status.collector,
        address: &status.address,
        health: health(status),
        last_error: status.error.as_ref().map(ToString::to_string).unwrap_or_default(),
        last_error_reason: status.error.as_ref().map(|error| error.reason.as_str()),
        last_poll: status.last_poll.map(|at| humantime::format_rfc3339_millis(in_calendar(at)).to_string()),
        last_poll_duration: status.last_duration.as_secs_f64(),
        poll_interval: status.interval.as_secs_f64(),
        polls: status.polls,
        failures: status.failures,
        notes: &status.notes,
        samples: &status.excerpts,
    });
    text(&Envelope { status: "success", data: Targets { targets: targets.collect(), notices } })
}

/// `/api/v1/topology`.
pub(super) fn topology(view: &View) -> String {
    text(&Envelope { status: "success", data: view.report() })
}

/// The word for a target's state.
pub(super) const fn health(status: &TargetStatus) -> &'static str {
    match (status.last_poll, status.up()) {
        (None, _) => "unknown",
        (Some(_), true) => "up",
        (Some(_), false) => "down",
    }
}

#[derive(Serialize)]
struct ScrapeTarget<'a> {
    targets: [&'a str; 1],
    labels: BTreeMap<&'a str, &'a str>,
}

/// `/sd`: each target is scraped at this agent's own address, which is the one that the request came to, and so is the agent
/// itself, where it has a name there.
pub(super) fn service_discovery(
    host: &str,
    site: Option<&str>,
    statuses: &[TargetStatus],
    agent: Option<&'static str>,
) -> String {
    let groups = statuses.iter().map(|status| {
        let fixed = [
            ("__param_target", status.key.target.as_str()),
            ("__meta_manometer_collector", status.collector),
            ("__meta_manometer_address", &status.address),
            ("instance", &status.address),
        ];
        let node = status.key.node.as_deref().map(|node| ("__param_node", node));
        fixed.into_iter().chain(node).chain(status.origin(site)).collect::<BTreeMap<_, _>>()
    });
    let own = agent.map(|agent| {
        let site = site.map(|site| ("site", site));
        [("__meta_manometer_collector", agent), ("instance", host)].into_iter().chain(site).collect()
    });
    let groups: Vec<ScrapeTarget<'_>> = groups
        .chain(own)
        .map(|mut labels| {
            labels.insert("__metrics_path__", "/scrape");
            ScrapeTarget { targets: [host], labels }
        })
        .collect();
    text(&groups)
}

fn text(value: &impl Serialize) -> String {
    // Serialising plain structs to a String cannot fail.
    let text = serde_json::to_string(value).unwrap_or_default();
    match visible_json(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(visible) => visible,
    }
}
