//! `[[docker]]`: the containers of one Docker engine.

use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::{DockerCollector, Memory, left_out, select};
use crate::collector::TargetKind;
use crate::config::{Defaults, TargetSettings, read_url};
use crate::logpattern::FollowSettings;
use crate::net::{BaseUrl, TlsSettings};
use crate::topology::Role;
use reader::{Names, Reader, Table};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

/// Where an engine listens unless it was told otherwise.
const DEFAULT_URL: &str = "unix:///var/run/docker.sock";

/// The port of `tcp://` where none is given, and the one with certificates.
const PORT: u16 = 2375;
const TLS_PORT: u16 = 2376;

/// How to write an address.
const URL_FIX: &str = "write it like unix:///var/run/docker.sock, tcp://127.0.0.1:2375 or https://engine:2376";

/// Where Linux shows its control groups.
const CGROUP_ROOT: &str = "/sys/fs/cgroup";

/// Docker labels that a target may ask for, and those that it may export: each is a label of every series.
const MAX_LABELS: usize = 32;

/// A validated `[[docker]]`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own")]
pub struct DockerTarget {
    /// What every target has.
    #[serde(flatten)]
    pub common: TargetSettings,
    /// Where the engine is: `unix:///var/run/docker.sock`, `tcp://host:2375` (the same as `http`) or `https://host:2376`.
    pub url: BaseUrl,
    /// TLS, if the scheme is `https`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsSettings>,
    /// The most that one request of a poll may take.
    #[serde(serialize_with = "reader::duration")]
    pub call_timeout: Duration,
    /// Statistics that are asked for at the same time; by the engine's version unless it is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<usize>,
    /// Containers that are watched, by name; all if empty.
    #[serde(skip_serializing_if = "Names::is_empty")]
    pub containers: Names,
    /// Containers that are not watched, by name.
    #[serde(skip_serializing_if = "Names::is_empty")]
    pub exclude: Names,
    /// Docker labels that a watched container has, all of them: `key` or `key=value`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub with_labels: Vec<String>,
    /// Docker labels that become labels of its series, as `container_label_<name>`.
    pub export_labels: Vec<String>,
    /// Whether what belongs to a Compose service is expected to run.
    pub compose: bool,
    /// Containers beyond it are not watched, and counted.
    pub max_containers: usize,
    /// Whether containers are inspected: limits, restarts, exit codes and OOM kills that no event told need it.
    pub inspect: bool,
    /// How long the series of a removed container stay.
    #[serde(serialize_with = "reader::duration")]
    pub keep_removed: Duration,
    /// What a container's network may carry in bits a second, either way; for `container_network_bandwidth_ratio`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bandwidth_bits_per_second: Option<u64>,
    /// Where the control groups of the engine's machine are; `None` if they are not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cgroup_root: Option<PathBuf>,
    /// Whether the traffic of containers is wanted.
    pub network: bool,
    /// Whether the processes of each container are looked at one by one.
    pub processes: bool,
    /// How often the engine is asked for what containers have written to their own file systems; 0 is never.
    #[serde(serialize_with = "reader::duration", skip_serializing_if = "Duration::is_zero")]
    pub disk_usage_interval: Duration,
    /// Whether series have the labels of cAdvisor that change by themselves: `id`, one series for each CPU, machine ids.
    pub cadvisor_labels: bool,
    /// Containers whose work is done on one thread, by name: `container_cpu_one_core_ratio` is for them.
    #[serde(skip_serializing_if = "Names::is_empty")]
    pub single_threaded: Names,
    /// Which logs are followed, and for what; none without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logs: Option<FollowSettings>,
}

/// The label name of a Docker label, as cAdvisor makes it.
pub(super) fn label_name(key: &str) -> String {
    let sane = |char: char| if char.is_ascii_alphanumeric() || char == '_' { char } else { '_' };
    format!("container_label_{}", key.chars().map(sane).collect::<String>())
}

impl Deref for DockerTarget {
    type Target = TargetSettings;

    fn deref(&self) -> &TargetSettings {
        &self.common
    }
}

impl DerefMut for DockerTarget {
    fn deref_mut(&mut self) -> &mut TargetSettings {
        &mut self.common
    }
}

impl TargetKind for DockerTarget {
    type Collector = DockerCollector;

    const TITLE: &'static str = "Containers";
    const INTRO: &'static str = "Of each `[[docker]]` target, under cAdvisor's names wherever the Engine API can feed them. \
        Docker labels that `export_labels` names become labels `container_label_<name>`; docs/COMPATIBILITY.md lists the \
        differences.";
    const ROLE: Role = Role::Engine;
    const DEFAULTS: Defaults = Defaults {
        deadline: Duration::from_secs(10),
        // A sweep over two hundred containers takes four seconds: it gets more of a short interval than other polls.
        interval_share: 80,
        series_limit: 50_000,
        may_be_container: false,
        ..Defaults::USUAL
    };

    fn read(common: TargetSettings, table: &mut Table<'_>, reader: &Reader<'_>) -> Option<Self> {
        let with_tls = table.has("tls");
        let url = read_url(table, BaseUrl::parse(DEFAULT_URL), |text| parse_url(text, with_tls));
        // A wrong URL has no scheme to which the table could be held.
        let is_tls = url.as_ref().is_none_or(BaseUrl::is_tls);
        let tls = TlsSettings::read(table, reader, is_tls, "tcp:// or https://");
        let call_timeout = table.duration("call_timeout", SECOND / 100..=DAY).unwrap_or(5 * SECOND);
        Some(Self {
            url: url?,
            tls,
            call_timeout: call_timeout.min(common.deadline),
            concurrency: table.integer("concurrency", 1..=256),
            containers: Names::read(table, "containers"),
            exclude: Names::read(table, "exclude"),
            with_labels: read_wanted_labels(table),
            export_labels: read_exported_labels(table),
            compose: table.boolean("compose").unwrap_or(true),
            max_containers: table.integer("max_containers", 1..=10_000).unwrap_or(500),
            inspect: table.boolean("inspect").unwrap_or(true),
            keep_removed: table.duration("keep_removed", Duration::ZERO..=30 * DAY).unwrap_or(15 * MINUTE),
            bandwidth_bits_per_second: table.integer("bandwidth_bits_per_second", 1..=1_000_000_000_000_000),
            cgroup_root: read_cgroup_root(table),
            network: table.boolean("network").unwrap_or(true),
            processes: table.boolean("processes").unwrap_or(false),
            disk_usage_interval: table.duration("disk_usage_interval", MINUTE..=30 * DAY).unwrap_or_default(),
            cadvisor_labels: table.boolean("cadvisor_labels").unwrap_or(false),
            single_threaded: Names::read(table, "single_threaded"),
            logs: FollowSettings::read(table.table("logs")),
            common,
        })
    }

    fn left_out(&self, metric: &str) -> Option<String> {
        left_out::left_out(self, metric)
    }

    fn address(&self) -> String {
        self.url.to_string()
    }

    fn tls(&self) -> Option<&TlsSettings> {
        self.tls.as_ref()
    }

    fn collectors(self) -> impl Fn() -> DockerCollector + Send + 'static {
        let memory = Arc::new(Memory::new(&self));
        move || DockerCollector::new(Arc::clone(&memory))
    }
}

/// The address as docker's own tools write it: `tcp` is HTTP, and HTTPS with certificates.
fn parse_url(text: &str, with_tls: bool) -> Result<BaseUrl, String> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix("tcp://") {
        let (scheme, port) = if with_tls { ("https", TLS_PORT) } else { ("http", PORT) };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.is_empty() {
            return Err(format!("has no host; {URL_FIX}"));
        }
        // The colon of an IPv6 address stands within brackets, that of a password before the @.
        let host = authority.rsplit(['@', ']']).next().unwrap_or_default();
        let port = if host.contains(':') { String::new() } else { format!(":{port}") };
        return BaseUrl::parse(&format!("{scheme}://{authority}{port}{path}"));
    }
    let scheme = text.split_once(':').map(|(scheme, _)| scheme);
    match scheme {
        Some("unix" | "http" | "https") => BaseUrl::parse(text),
        Some("npipe") => Err(format!("names a Windows pipe, which the agent cannot open; {URL_FIX}")),
        Some("ssh") => {
            Err("needs an ssh client, which the agent is not; forward the engine's socket with ssh -L and name that"
                .to_owned())
        }
        Some("fd") => Err(format!("is where an engine listens, not where it is reached; {URL_FIX}")),
        _ if text.is_empty() => Err(format!("is empty; {URL_FIX}")),
        _ => Err(format!("has no scheme or an unknown one; {URL_FIX}")),
    }
}

/// The folder of the control groups; none if it is empty.
fn read_cgroup_root(table: &mut Table<'_>) -> Option<PathBuf> {
    let key = "cgroup_root";
    let path = table.string(key).unwrap_or_else(|| CGROUP_ROOT.to_owned());
    if !path.is_empty() && !path.starts_with('/') {
        let message = format!("is no absolute path; write it like {CGROUP_ROOT}, or \"\" to leave the files alone");
        table.problem(None, key, Some(format!("{path:?}")), message);
    }
    (!path.is_empty()).then(|| path.into())
}

/// `key` or `key=value`, all of which a container must have.
fn read_wanted_labels(table: &mut Table<'_>) -> Vec<String> {
    let key = "with_labels";
    let mut wanted = Vec::new();
    for (line, label) in table.strings(key) {
        if label.is_empty() || label.starts_with('=') {
            let message = "names no label; write the key of a Docker label, or key=value";
            table.problem(Some(line), key, Some(format!("{label:?}")), message);
        } else {
            wanted.push(label);
        }
    }
    check_count(table, key, wanted.len());
    wanted
}

/// Docker labels that become labels of the series: no two of them the same one.
fn read_exported_labels(table: &mut Table<'_>) -> Vec<String> {
    let key = "export_labels";
    if !table.has(key) {
        return [select::PROJECT, select::SERVICE].map(str::to_owned).into();
    }
    let mut exported: Vec<String> = Vec::new();
    for (line, label) in table.strings(key) {
        let name = label_name(&label);
        let shown = Some(format!("{label:?}"));
        if label.is_empty() {
            table.problem(Some(line), key, shown, "names no label; write the key of a Docker label");
        } else if let Some(other) = exported.iter().find(|other| label_name(other) == name) {
            let message = if *other == label {
                "stands twice; keep one of the two".to_owned()
            } else {
                format!("becomes the label {name}, and {other:?} does too; keep one of the two")
            };
            table.problem(Some(line), key, shown, message);
        } else {
            exported.push(label);
        }
    }
    check_count(table, key, exported.len());
    exported
}

fn check_count(table: &Table<'_>, key: &str, count: usize) {
    if count > MAX_LABELS {
        table.problem(None, key, None, format!("names {count} labels; {MAX_LABELS} are the most"));
    }
}

#[cfg(test)]
mod tests;
