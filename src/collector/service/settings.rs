//! `[[service]]`: one service that tells its own numbers over HTTP.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use hyper::http::uri::PathAndQuery;
use serde::{Serialize, Serializer};

use super::{ServiceCollector, left_out};
use crate::collector::TargetKind;
use crate::config::{Defaults, TargetSettings, read_url};
use crate::net::headers::{self, check_header};
use crate::net::{BaseUrl, Credential, TlsSettings};
use crate::topology::Role;
use mapping::{Mapping, SHORTEST_INTERVAL, profile};
use reader::{Problem, Reader, Table};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_hours(24);

/// A validated `[[service]]`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServiceTarget {
    /// What every target has.
    #[serde(flatten)]
    pub common: TargetSettings,
    /// Where the service is.
    pub url: BaseUrl,
    /// The shipped mapping that it begins with.
    pub profile: Option<String>,
    /// Endpoints of the profile that are not fetched.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skip: Vec<String>,
    /// What `backpressure_drop_ratio`, `backpressure_unaccounted_messages` and `redis_cache_hit_ratio` look back.
    #[serde(serialize_with = "reader::duration")]
    pub window: Duration,
    /// Requests of one poll.
    pub max_requests: usize,
    /// The longest that an endpoint is left alone because it asks for that.
    #[serde(serialize_with = "reader::duration")]
    pub max_retry_after: Duration,
    /// Bytes of a body beyond which it is refused, in KiB.
    pub body_limit_kib: usize,
    /// Connections that the service can have open, where it does not tell it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_connections: Option<usize>,
    /// Headers of each request.
    #[serde(rename = "header", serialize_with = "headers", skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, Credential)>,
    /// TLS, if the scheme is `https`.
    pub tls: Option<TlsSettings>,
    /// What is read of it.
    #[serde(skip)]
    pub mapping: Arc<Mapping>,
}

fn headers<S: Serializer>(headers: &[(String, Credential)], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Header<'a> {
        name: &'a str,
        value: &'a Credential,
    }
    serializer.collect_seq(headers.iter().map(|(name, value)| Header { name, value }))
}

impl Deref for ServiceTarget {
    type Target = TargetSettings;

    fn deref(&self) -> &TargetSettings {
        &self.common
    }
}

impl DerefMut for ServiceTarget {
    fn deref_mut(&mut self) -> &mut TargetSettings {
        &mut self.common
    }
}

impl TargetKind for ServiceTarget {
    type Collector = ServiceCollector;

    const TITLE: &'static str = "Services";
    const INTRO: &'static str = "Of each `[[service]]` target, as far as its mapping finds them (docs/MAPPING.md). Series of \
        a service's own exposition that the mapping passes through keep their names.";
    const ROLE: Role = Role::Service;
    const SCHEMES: &'static [&'static str] = &["http", "https"];
    const DEFAULTS: Defaults =
        Defaults { shortest_interval: SHORTEST_INTERVAL, has_instances: true, ..Defaults::USUAL };

    fn stand_in(table: &mut Table<'_>) {
        if !table.has("endpoint") {
            table.put("profile", "health".to_owned());
        }
    }

    fn read(common: TargetSettings, table: &mut Table<'_>, reader: &Reader<'_>) -> Option<Self> {
        let missing = "is missing; write it like \"http://127.0.0.1:8080\"".to_owned();
        let url = read_url(table, Err(missing), address);
        let (url, query) = url.map_or((None, None), |(url, query)| (Some(url), query));
        let window = table.duration("window", 10 * SECOND..=2 * DAY);
        let window = window.unwrap_or_else(|| (300 * SECOND).max(4 * common.interval.length()));
        if window < 2 * common.interval.length() {
            table.problem(None, "window", None, "must span at least two intervals, or there is no difference to take");
        }
        let max_requests = table.integer("max_requests", 1..=100).unwrap_or(3);
        let max_retry_after = table.duration("max_retry_after", Duration::ZERO..=3600 * SECOND);
        let max_retry_after = max_retry_after.unwrap_or(300 * SECOND);
        let body_limit_kib = table.integer("body_limit_kib", 1..=64 * 1024).unwrap_or(1024);
        let max_connections = table.integer("max_connections", 1..=100_000_000);
        let headers: Vec<(String, Credential)> = table.tables("header").into_iter().filter_map(read_header).collect();
        if let Some(url) = &url {
            check_headers(table, url, &headers);
        }
        let tls = TlsSettings::read(table, reader, url.as_ref().is_some_and(BaseUrl::is_tls), "https://");
        let (profile, mut mapping, skip) = read_mapping(table);
        if let Some(query) = query {
            add_query(table, &mut mapping, &query);
        }
        let slowest = mapping.endpoints.iter().filter(|endpoint| !endpoint.skipped && endpoint.has_counters(&mapping));
        if slowest.filter_map(|endpoint| endpoint.every).any(|every| window < 2 * every) {
            let message =
                "must span at least two fetches of each endpoint with counters; raise it, or lower every there";
            table.problem(None, "window", None, message);
        }
        let url = url?;
        Some(Self {
            common,
            url,
            profile,
            skip,
            window,
            max_requests,
            max_retry_after,
            body_limit_kib,
            max_connections,
            headers,
            tls,
            mapping,
        })
    }

    /// No metric may be described in two ways.
    fn check_together(targets: &[(Option<usize>, Self)], reader: &Reader<'_>) {
        let mappings: Vec<(&str, &Mapping)> =
            targets.iter().map(|(_, target)| (target.name.as_str(), target.mapping.as_ref())).collect();
        // One alone has been checked as it was read.
        if mappings.len() < 2 {
            return;
        }
        for (second, message) in mapping::clashes(&mappings) {
            reader.problem(Problem::of_key(targets[second].0, "service.metric", None, message));
        }
    }

    fn left_out(&self, metric: &str) -> Option<String> {
        left_out::left_out(self, metric)
    }

    fn address(&self) -> String {
        self.url.to_string()
    }

    fn name_with_addresses(&self) -> Option<(String, u16)> {
        self.url.endpoint().name()
    }

    fn tls(&self) -> Option<&TlsSettings> {
        self.tls.as_ref()
    }

    fn collectors(self) -> impl Fn() -> ServiceCollector + Send + 'static {
        move || ServiceCollector::new(self.clone())
    }

    fn for_one_poll(mut self) -> Self {
        // There is no other poll to which an endpoint could be left.
        self.max_requests = usize::MAX;
        self
    }
}

/// An address and the query behind it. The error does not repeat the text: it may hold a password.
fn address(text: &str) -> Result<(BaseUrl, Option<String>), String> {
    let (address, query) = match text.split_once('?') {
        Some((address, query)) if !address.trim_start().starts_with("unix:") => (address, Some(query.trim_end())),
        _ => (text, None),
    };
    if query
        .is_some_and(|query| query.contains(['@', '#', '\\']) || PathAndQuery::try_from(format!("/?{query}")).is_err())
    {
        return Err(
            "has a query with a character that no query has; percent-encode @ # \\, spaces and the like".to_owned()
        );
    }
    Ok((BaseUrl::parse(address)?, query.map(str::to_owned)))
}

/// Gives the query of `url` to the endpoints of which `url` is the whole address.
fn add_query(table: &Table<'_>, mapping: &mut Arc<Mapping>, query: &str) {
    if !mapping.endpoints.iter().any(|endpoint| endpoint.path.is_empty()) {
        let message = "has a query, and no endpoint of which it is the whole address; write the query into path of the \
                       endpoint";
        table.problem(None, "url", None, message);
        return;
    }
    for endpoint in &mut Arc::make_mut(mapping).endpoints {
        if endpoint.path.is_empty() {
            endpoint.path = format!("?{query}");
        }
    }
}

fn read_header(mut table: Table<'_>) -> Option<(String, Credential)> {
    let name = table.string("name");
    let problems = table.problem_count();
    let value = Credential::read(&mut table, "value", "value_file");
    let is_told = table.problem_count() > problems;
    if name.is_none() {
        table.problem(None, "name", None, "is missing; name the header");
    }
    if value.is_none() && !is_told {
        table.problem(None, "value", None, "is missing or empty; set value, or value_file to a file that holds it");
    }
    let header = name.zip(value);
    let wrong = header.as_ref().and_then(|(name, value)| check_header(name, value.first()).err());
    if let Some(message) = &wrong {
        table.problem(None, "name", None, message);
    }
    table.finish();
    header.filter(|_| wrong.is_none())
}

/// Reports headers that are right each for itself and not together, or not with the url.
fn check_headers(table: &Table<'_>, url: &BaseUrl, headers: &[(String, Credential)]) {
    for (at, (name, _)) in headers.iter().enumerate() {
        if headers[..at].iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
            table.problem(None, "header", None, format!("header {name} stands twice; keep one of the two"));
        }
    }
    let values = headers.iter().map(|(name, value)| (name.as_str(), value.first()));
    if let Err(message) = headers::of_requests(url, values) {
        table.problem(None, "header", None, message);
    }
}

/// The profile's name, the mapping with what the table adds to it, and the endpoints that are left out of it.
fn read_mapping(table: &mut Table<'_>) -> (Option<String>, Arc<Mapping>, Vec<String>) {
    let profile = table.string_at("profile");
    let base = profile.as_ref().map(|(line, name)| {
        let shipped = profile::find(name).and_then(|found| found.mapping().map_err(|error| error.to_string()));
        shipped.unwrap_or_else(|message| {
            table.wrong(*line, "profile", name, message);
            Arc::default()
        })
    });
    let mut mapping = mapping::read(table, &base.unwrap_or_default());
    let skip = table.strings("skip");
    for (line, name) in &skip {
        if !Arc::make_mut(&mut mapping).skip(name) {
            let names: Vec<&str> = mapping.endpoints.iter().map(|endpoint| endpoint.name.as_str()).collect();
            let message = format!("is not an endpoint; there are {}", names.join(", "));
            table.wrong(*line, "skip", name, message);
        }
    }
    if mapping.endpoints.is_empty() && profile.is_none() {
        let message = "is missing, and there is no endpoint; set a profile, or add [[service.endpoint]] and \
                       [[service.metric]]";
        table.problem(None, "profile", None, message);
    }
    (profile.map(|(_, name)| name), mapping, skip.into_iter().map(|(_, name)| name).collect())
}

#[cfg(test)]
mod tests;
