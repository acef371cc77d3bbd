//! What every target has, whatever its kind, and what the agent can do with it.

use std::any::Any;
use std::fmt::Debug;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use futures_util::future::BoxFuture;
use serde::{Serialize, Serializer};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::hub::Hub;
use crate::metric::text::is_label_name;
use crate::net::resolve::Addresses;
use crate::topology::Said;
use reader::Table;

const DAY: Duration = Duration::from_hours(24);

/// The settings that every target has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TargetSettings {
    /// The `target` label.
    pub name: String,
    /// Time from the start of one poll to the start of the next.
    pub interval: Interval,
    /// The most that one poll may take; shorter than the interval.
    #[serde(serialize_with = "reader::duration")]
    pub deadline: Duration,
    /// The shortest interval that is learned from scrapes.
    #[serde(skip)]
    pub shortest_interval: Duration,
    /// The most of a learned interval that the deadline is, in percent.
    #[serde(skip)]
    pub interval_share: u32,
    /// Series beyond it are left out and counted.
    pub series_limit: usize,
    /// What is polled for it, where that can be several.
    pub instances: Option<Instances>,
    /// Labels of all its series, with their values.
    #[serde(serialize_with = "as_table", skip_serializing_if = "<[_]>::is_empty")]
    pub labels: Arc<[(String, String)]>,
    /// The targets that it uses; `None` where that is left to what is seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uses: Option<Vec<String>>,
    /// The container that it is, by name or as engine/name; `None` where that is left to what is seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// Which of its instances this one is: the address that is polled, in place of those that its name has.
    #[serde(skip)]
    pub node: Option<SocketAddr>,
    /// Where it was found; `None` of one that the configuration names.
    #[serde(skip)]
    pub found: Option<Found>,
}

/// Where a target was found that the configuration does not name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The file, the SRV name or the container that names it, for people.
    pub source: Arc<str>,
    /// The addresses of its host, all of which an entry allows. It is connected to these and to no other, whatever the name
    /// means by then.
    pub addresses: Arc<[IpAddr]>,
}

/// What is polled for a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Instances {
    /// What answers at its address.
    One,
    /// Each address that its name has, as an instance of its own.
    Resolved,
}

/// Time from the start of one poll to the start of the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interval {
    /// That of the scrapes; this one while nobody scrapes.
    Auto(Duration),
    /// This one, whoever scrapes.
    Every(Duration),
}

impl Interval {
    /// How long it is; of one that follows scrapes, while nobody scrapes.
    #[must_use]
    pub const fn length(self) -> Duration {
        match self {
            Self::Auto(length) | Self::Every(length) => length,
        }
    }
}

impl Serialize for Interval {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto(_) => serializer.serialize_str("auto"),
            Self::Every(length) => reader::duration(length, serializer),
        }
    }
}

/// What the settings are where a table does not say otherwise.
#[derive(Debug, Clone, Copy)]
pub struct Defaults {
    /// The name of the target, for a kind of which there is only one: its table is `[key]` and not `[[key]]`.
    pub only: Option<&'static str>,
    /// Time from one poll to the next while nobody scrapes.
    pub interval: Duration,
    /// The shortest interval that may be set, and that is learned.
    pub shortest_interval: Duration,
    /// The most that a poll may take, where `interval_share` allows it.
    pub deadline: Duration,
    /// The most of the interval that the deadline is, in percent. A short interval alone is no mistake: the deadline
    /// follows it.
    pub interval_share: u32,
    /// Series beyond which those of a target are left out.
    pub series_limit: usize,
    /// Whether the address of such a target may be a name with several addresses.
    pub has_instances: bool,
    /// Whether such a target may be a container.
    pub may_be_container: bool,
}

impl TargetSettings {
    /// Those of a target of which only the name is set.
    #[must_use]
    pub fn new(name: String, defaults: &Defaults) -> Self {
        let Defaults { interval, shortest_interval, interval_share, series_limit, .. } = *defaults;
        let deadline = defaults.deadline(interval);
        let (interval, instances) = (Interval::Auto(interval), defaults.has_instances.then_some(Instances::One));
        Self {
            name,
            interval,
            deadline,
            shortest_interval,
            interval_share,
            series_limit,
            instances,
            labels: Arc::default(),
            uses: None,
            container: None,
            node: None,
            found: None,
        }
    }

    /// Reads the keys that every table of a target has.
    pub fn read(table: &mut Table<'_>, defaults: &Defaults) -> Self {
        let name = match defaults.only {
            Some(name) if !table.has("name") => name.to_owned(),
            _ => read_name(table),
        };
        let usual = Self::new(name, defaults);
        let length = table.duration_or("interval", "auto", defaults.shortest_interval..=DAY);
        let interval = length.map_or(usual.interval, Interval::Every);
        let deadline = table.duration("deadline", Duration::from_millis(10)..=DAY);
        let deadline = deadline.unwrap_or_else(|| defaults.deadline(interval.length()));
        if deadline >= interval.length() {
            let text = |time| humantime::format_duration(time).to_string();
            let message =
                format!("must be shorter than the interval, which is {}; polls never overlap", text(interval.length()));
            table.problem(None, "deadline", Some(format!("{:?}", text(deadline))), message);
        }
        let series_limit = table.integer("series_limit", 100..=10_000_000).unwrap_or(defaults.series_limit);
        let instances = usual.instances.map(|one| table.choice("instances").unwrap_or(one));
        let uses = table.has("uses").then(|| table.strings("uses").into_iter().map(|(_, name)| name).collect());
        let container = if defaults.may_be_container { table.string("container") } else { None };
        let labels = read_labels(table, "labels").into();
        Self { interval, deadline, series_limit, instances, labels, uses, container, ..usual }
    }

    /// The only addresses that it may be reached at, where not every one will do.
    #[must_use]
    pub fn addresses(&self) -> Option<Addresses> {
        let found = || self.found.as_ref().map(|found| Addresses::Hosts(Arc::clone(&found.addresses)));
        self.node.map(Addresses::Node).or_else(found)
    }

    /// The deadline of polls that follow scrapes which come each `interval`.
    #[must_use]
    pub fn deadline_within(&self, interval: Duration) -> Duration {
        self.deadline.min(interval * self.interval_share / 100)
    }
}

impl Defaults {
    /// Those of most kinds.
    pub const USUAL: Self = Self {
        only: None,
        interval: Duration::from_secs(15),
        shortest_interval: Duration::from_secs(1),
        deadline: Duration::from_secs(5),
        interval_share: 50,
        series_limit: 2_000,
        has_instances: false,
        may_be_container: true,
    };

    /// The deadline that belongs to an interval.
    fn deadline(&self, interval: Duration) -> Duration {
        self.deadline.min(interval * self.interval_share / 100)
    }
}

/// Bytes of a label's value.
const MAX_VALUE: usize = 128;

/// Labels that rules and Prometheus itself give a meaning, or that the agent sets.
const TAKEN: [&str; 11] = [
    "target",
    "node",
    "site",
    "job",
    "instance",
    "alertname",
    "alertstate",
    "severity",
    "escalation",
    "condition",
    "scope",
];

/// Reads the labels that a table gives to series.
fn read_labels(table: &mut Table<'_>, key: &'static str) -> Vec<(String, String)> {
    let mut labels = Vec::new();
    for (line, name, value) in table.pairs(key) {
        let place = format!("{key}.{name}");
        if !is_label_name(&name) {
            table.problem(
                Some(line),
                &place,
                None,
                "is not a label name: letters, digits and _, not __ at its beginning",
            );
        } else if TAKEN.contains(&name.as_str()) {
            table.problem(
                Some(line),
                &place,
                None,
                "has a meaning of its own in series and alerts; choose another name",
            );
        } else if let Err(message) = check_label_value(&value) {
            refuse_value(table, line, &place, &value, message);
        } else {
            labels.push((name, value));
        }
    }
    labels
}

/// Whether a label may have that value; if not, why.
pub fn check_label_value(value: &str) -> Result<(), String> {
    match value {
        "" => Err("must not be empty: an empty label is no label".to_owned()),
        _ if has_credentials(value) => {
            Err("has a user or a password in it, and stands in every series and alert; write it without".to_owned())
        }
        _ if value.len() > MAX_VALUE || value.chars().any(char::is_control) => {
            Err(format!("must have at most {MAX_VALUE} bytes, and no control characters"))
        }
        _ => Ok(()),
    }
}

/// Whether a text looks like an address with a user or a password.
pub(super) fn has_credentials(text: &str) -> bool {
    text.split_once("://").is_some_and(|(_, rest)| {
        rest.contains('@')
            || ["password=", "passwd=", "pass="].iter().any(|key| rest.to_ascii_lowercase().contains(key))
    })
}

/// Reports what is wrong with a text, which is shown unless it may hold a secret.
pub(super) fn refuse_value(table: &Table<'_>, line: usize, key: &str, value: &str, message: String) {
    let shown = (!has_credentials(value)).then(|| format!("{value:?}"));
    table.problem(Some(line), key, shown, message);
}

fn as_table<S: Serializer>(pairs: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(name, value)| (name, value)))
}

fn read_name(table: &mut Table<'_>) -> String {
    let named = table.has("name");
    let (line, name) = table.string_at("name").map_or((None, String::new()), |(line, name)| (Some(line), name));
    if has_credentials(&name) {
        let message = "has a user or a password in it, and stands in every series and alert as the label target; name the \
                       target for what it is, and keep the address in url";
        table.problem(line, "name", None, message);
    } else if !named {
        table.problem(None, "name", None, "is missing; name the target, it becomes the label target");
    } else if name.is_empty() {
        table.problem(None, "name", None, "must be a text that is not empty; it becomes the label target");
    }
    name
}

/// Reads the address of a target, `absent` where the key is not there; `None` if there is none, or a wrong one, which is
/// reported.
pub fn read_url<T>(
    table: &mut Table<'_>,
    absent: Result<T, String>,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Option<T> {
    let is_absent = !table.has("url");
    let (line, url) = match table.string_at("url") {
        Some((line, text)) => (Some(line), parse(&text)),
        None if is_absent => (None, absent),
        None => return None,
    };
    // The value is not shown: it may hold a password.
    url.map_err(|message| table.problem(line, "url", None, message)).ok()
}

/// A configured target of any kind.
///
/// Its methods that poll return one future for the whole target: a kind whose targets have several instances drives
/// them all in it.
pub trait Target: Any + Debug + Send + Sync {
    /// What every target has.
    fn settings(&self) -> &TargetSettings;

    /// What it says of itself to others: its kind, and what it stands on.
    fn said(&self) -> Said;

    /// Whether `other` is of the same kind with the same settings, so that what runs for one is right for the other.
    fn is_same(&self, other: &dyn Target) -> bool;

    /// The line of the configuration that would bring a metric of its kind, if its settings leave that out.
    fn left_out(&self, metric: &str) -> Option<String>;

    /// Its table as a configuration file has it, without its secrets.
    fn to_toml(&self) -> Result<String, toml::ser::Error>;

    /// Makes it known to `hub` at once; the future polls it until `stop` is cancelled, and publishes each outcome.
    fn watch(&self, hub: Arc<Hub>, stop: CancellationToken) -> BoxFuture<'static, ()>;

    /// Polls it once and publishes the outcome.
    fn poll_once(&self, hub: Arc<Hub>) -> BoxFuture<'static, ()>;

    /// Polls it twice by the same collector, in time, and publishes each outcome.
    fn look(&self, look: Look) -> BoxFuture<'static, ()>;
}

/// Two polls of a target that end in time.
#[derive(Debug, Clone)]
pub struct Look {
    /// Where the outcome of the first poll is published.
    pub first: Arc<Hub>,
    /// Where that of the second one is, if there is one.
    pub second: Arc<Hub>,
    /// When the last poll has ended.
    pub until: Instant,
}

impl PartialEq for dyn Target {
    fn eq(&self, other: &Self) -> bool {
        self.is_same(other)
    }
}

impl Look {
    /// The time that is left.
    #[must_use]
    pub fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// The deadline of a poll that begins now, in hundredths of a second, for it is shown.
    #[must_use]
    pub fn deadline(&self, configured: Duration) -> Duration {
        let hundredths = u64::try_from(self.left().as_millis() / 10).unwrap_or(u64::MAX);
        configured.min(Duration::from_millis(hundredths.saturating_mul(10)))
    }
}
