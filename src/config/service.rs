//! `[[service]]`: one service that tells its own numbers over HTTP.

use std::sync::Arc;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::net::headers::{self, check_header};
use crate::net::{BaseUrl, TlsSettings};
use mapping::{Mapping, SHORTEST_INTERVAL, profile};
use reader::Secret;
use reader::{Reader, Table, set};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_hours(24);

/// A validated `[[service]]`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServiceTarget {
    /// The `target` label.
    pub name: String,
    /// Where the service is.
    pub url: BaseUrl,
    /// The shipped mapping that it begins with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Endpoints of the profile that are not fetched.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skip: Vec<String>,
    /// Time from the start of one poll to the next.
    #[serde(serialize_with = "reader::duration")]
    pub interval: Duration,
    /// The most that a poll may take.
    #[serde(serialize_with = "reader::duration")]
    pub deadline: Duration,
    /// What `backpressure_drop_ratio`, `backpressure_unaccounted_messages` and `redis_cache_hit_ratio` look back.
    #[serde(serialize_with = "reader::duration")]
    pub window: Duration,
    /// Requests of one poll.
    pub max_requests: usize,
    /// Bytes of a body beyond which it is refused, in KiB.
    pub body_limit_kib: usize,
    /// Samples beyond it are left out and counted.
    pub series_limit: usize,
    /// Headers of each request.
    #[serde(rename = "header", serialize_with = "headers", skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, Secret)>,
    /// TLS, if the scheme is `https`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsSettings>,
    /// What is read of it.
    #[serde(skip)]
    pub mapping: Arc<Mapping>,
}

fn headers<S: Serializer>(headers: &[(String, Secret)], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Header<'a> {
        name: &'a str,
        value: &'a Secret,
    }
    serializer.collect_seq(headers.iter().map(|(name, value)| Header { name, value }))
}

/// Reads every `[[service]]`, and checks that no metric is described in two ways.
pub(super) fn read_all(tables: Vec<Table<'_>>, reader: &Reader<'_>) -> Vec<ServiceTarget> {
    let read = |table: Table<'_>| Some((table.line, read(table, reader)?));
    let (lines, targets): (Vec<Option<usize>>, Vec<ServiceTarget>) = tables.into_iter().filter_map(read).unzip();
    let mappings: Vec<(&str, &Mapping)> =
        targets.iter().map(|target| (target.name.as_str(), target.mapping.as_ref())).collect();
    if mappings.len() > 1 {
        for (second, message) in mapping::clashes(&mappings) {
            reader.problem(super::Problem::of_key(lines[second], "service.metric", None, message));
        }
    }
    targets
}

fn read(mut table: Table<'_>, reader: &Reader<'_>) -> Option<ServiceTarget> {
    let name = super::read_name(&mut table);
    let url = read_url(&mut table);
    let interval = table.duration("interval", SHORTEST_INTERVAL..=DAY).unwrap_or(15 * SECOND);
    let deadline = super::read_deadline(&mut table, interval, 5 * SECOND);
    let window = table.duration("window", 10 * SECOND..=2 * DAY).unwrap_or_else(|| (300 * SECOND).max(4 * interval));
    if window < 2 * interval {
        table.problem(None, "window", None, "must span at least two intervals, or there is no difference to take");
    }
    let (max_requests, body_limit_kib) =
        (table.integer("max_requests", 1..=100), table.integer("body_limit_kib", 1..=64 * 1024));
    let mut series_limit = 2_000;
    set(&mut series_limit, table.integer("series_limit", 100..=10_000_000));
    let headers: Vec<(String, Secret)> = table.tables("header").into_iter().filter_map(read_header).collect();
    if let Some(url) = &url {
        check_headers(&table, url, &headers);
    }
    let tls = TlsSettings::read(&mut table, reader, url.as_ref().is_some_and(BaseUrl::is_tls), "https://");
    let (profile, mapping, skip) = read_mapping(&mut table);
    let slowest = mapping.endpoints.iter().filter(|endpoint| !endpoint.skipped && endpoint.has_counters(&mapping));
    if slowest.filter_map(|endpoint| endpoint.every).any(|every| window < 2 * every) {
        let message = "must span at least two fetches of each endpoint with counters; raise it, or lower every there";
        table.problem(None, "window", None, message);
    }
    table.finish();
    Some(ServiceTarget {
        name,
        url: url?,
        profile,
        skip,
        interval,
        deadline,
        window,
        max_requests: max_requests.unwrap_or(3),
        body_limit_kib: body_limit_kib.unwrap_or(1024),
        series_limit,
        headers,
        tls,
        mapping,
    })
}

fn read_url(table: &mut Table<'_>) -> Option<BaseUrl> {
    let present = table.has("url");
    let Some((line, text)) = table.string_at("url") else {
        if !present {
            table.problem(None, "url", None, "is missing; write it like \"http://127.0.0.1:8080\"");
        }
        return None;
    };
    // The value is not shown: it may hold a password.
    BaseUrl::parse(&text).map_err(|message| table.problem(Some(line), "url", None, message)).ok()
}

fn read_header(mut table: Table<'_>) -> Option<(String, Secret)> {
    let name = table.string("name");
    let problems = table.problem_count();
    let value = table.secret("value", "value_file");
    let is_told = table.problem_count() > problems;
    if name.is_none() {
        table.problem(None, "name", None, "is missing; name the header");
    }
    if value.is_none() && !is_told {
        table.problem(None, "value", None, "is missing or empty; set value, or value_file to a file that holds it");
    }
    let header = name.zip(value);
    let wrong = header.as_ref().and_then(|(name, value)| check_header(name, value).err());
    if let Some(message) = &wrong {
        table.problem(None, "name", None, message);
    }
    table.finish();
    header.filter(|_| wrong.is_none())
}

/// Reports headers that are right each for itself and not together, or not with the url.
fn check_headers(table: &Table<'_>, url: &BaseUrl, headers: &[(String, Secret)]) {
    for (at, (name, _)) in headers.iter().enumerate() {
        if headers[..at].iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
            table.problem(None, "header", None, format!("header {name} stands twice; keep one of the two"));
        }
    }
    if let Err(message) = headers::of_requests(url, headers) {
        table.problem(None, "header", None, message);
    }
}

/// The profile's name, the mapping with what the table adds to it, and the endpoints that are left out of it.
fn read_mapping(table: &mut Table<'_>) -> (Option<String>, Arc<Mapping>, Vec<String>) {
    let profile = table.string_at("profile");
    let base = profile.as_ref().map(|(line, name)| {
        let shipped = profile::find(name).and_then(|found| found.mapping().map_err(|error| error.to_string()));
        shipped.unwrap_or_else(|message| {
            table.problem(Some(*line), "profile", Some(format!("{name:?}")), message);
            Arc::default()
        })
    });
    let mut mapping = mapping::read(table, &base.unwrap_or_default());
    let skip = table.strings("skip");
    for (line, name) in &skip {
        if !Arc::make_mut(&mut mapping).skip(name) {
            let names: Vec<&str> = mapping.endpoints.iter().map(|endpoint| endpoint.name.as_str()).collect();
            let message = format!("is not an endpoint; there are {}", names.join(", "));
            table.problem(Some(*line), "skip", Some(format!("{name:?}")), message);
        }
    }
    if mapping.endpoints.is_empty() && profile.is_none() {
        let message = "is missing, and there is no endpoint; set a profile, or add [[service.endpoint]] and \
                       [[service.metric]]";
        table.problem(None, "profile", None, message);
    }
    (profile.map(|(_, name)| name), mapping, skip.into_iter().map(|(_, name)| name).collect())
}
