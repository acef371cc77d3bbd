//! `[[kafka]]`: one Kafka cluster to watch.

use std::ops::{Deref, DerefMut};
use std::str::FromStr;
use std::time::Duration;

use reader::{Names, Reader, Table, set};
use serde::{Serialize, Serializer};

use super::KafkaCollector;
use crate::collector::TargetKind;
use crate::config::{Defaults, TargetSettings};
use crate::net::{Credential, Endpoint, TlsSettings};
use crate::topology::Role;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_hours(24);

/// The port of a broker where none is given.
const PORT: u16 = 9092;

/// Brokers that are named at most. One that answers names all the others.
const MAX_BROKERS: usize = 100;

/// How the agent proves who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// The password itself.
    Plain,
    /// A proof of it, with SHA-256.
    ScramSha256,
    /// A proof of it, with SHA-512.
    ScramSha512,
}

/// What a broker may ask for and the agent has not: a token, a ticket of Kerberos, an identity of a cloud.
const UNSUPPORTED: [&str; 4] = ["OAUTHBEARER", "GSSAPI", "KERBEROS", "AWS_MSK_IAM"];

/// What to do instead.
pub(super) const INSTEAD: &str = "give the agent a user of scram-sha-512, scram-sha-256 or plain on a listener that has it, or a \
                                  certificate in [kafka.tls]";

impl FromStr for Mechanism {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is = |name: &&str| name.eq_ignore_ascii_case(text);
        match Self::ALL.into_iter().find(|mechanism| is(&mechanism.name())) {
            Some(mechanism) => Ok(mechanism),
            None if UNSUPPORTED.iter().any(is) => Err(format!("is not supported; {INSTEAD}")),
            None => Err("is none of plain, scram-sha-256, scram-sha-512".to_owned()),
        }
    }
}

impl Mechanism {
    pub(super) const ALL: [Self; 3] = [Self::Plain, Self::ScramSha256, Self::ScramSha512];

    /// Its name on the wire.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

impl Serialize for Mechanism {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name().to_ascii_lowercase())
    }
}

/// A validated `[[kafka]]`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KafkaTarget {
    /// What every target has.
    #[serde(flatten)]
    pub common: TargetSettings,
    /// Brokers that are asked for the others.
    pub brokers: Vec<Endpoint>,
    /// The user, where the brokers want one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Credential>,
    /// How it is proved; `None` without a user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sasl_mechanism: Option<Mechanism>,
    /// The most that connecting may take, of the deadline.
    #[serde(serialize_with = "reader::duration")]
    pub connect_timeout: Duration,
    /// Consumer groups that are watched, by name; all if empty.
    #[serde(skip_serializing_if = "Names::is_empty")]
    pub groups: Names,
    /// Consumer groups that are not watched, by name.
    #[serde(skip_serializing_if = "Names::is_empty")]
    pub exclude_groups: Names,
    /// Topics that are watched, by name; all but Kafka's own if empty.
    #[serde(skip_serializing_if = "Names::is_empty")]
    pub topics: Names,
    /// Topics that are not watched, by name.
    #[serde(skip_serializing_if = "Names::is_empty")]
    pub exclude_topics: Names,
    /// Groups beyond it are left out, and counted.
    pub max_groups: usize,
    /// Partitions of topics beyond it are left out, and counted.
    pub max_partitions: usize,
    /// How long the consumers may take from one poll to the next; 0 if it is not known.
    #[serde(serialize_with = "reader::duration", skip_serializing_if = "Duration::is_zero")]
    pub max_poll_interval: Duration,
    /// TLS, if there is a table for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsSettings>,
}

impl Deref for KafkaTarget {
    type Target = TargetSettings;

    fn deref(&self) -> &TargetSettings {
        &self.common
    }
}

impl DerefMut for KafkaTarget {
    fn deref_mut(&mut self) -> &mut TargetSettings {
        &mut self.common
    }
}

impl KafkaTarget {
    /// Whether the configuration wants a group of that name.
    pub(super) fn wants_group(&self, name: &str) -> bool {
        (self.groups.is_empty() || self.groups.matches(name)) && !self.exclude_groups.matches(name)
    }

    /// Whether the configuration wants a topic of that name. Kafka's own ones must be asked for.
    pub(super) fn wants_topic(&self, name: &str, is_internal: bool) -> bool {
        let wanted = if self.topics.is_empty() { !is_internal } else { self.topics.matches(name) };
        wanted && !self.exclude_topics.matches(name)
    }
}

impl TargetKind for KafkaTarget {
    type Collector = KafkaCollector;

    const TITLE: &'static str = "Kafka";
    const INTRO: &'static str = "Of each `[[kafka]]` target: the topics of a cluster, and how far its consumer groups are behind \
        them. Names, types and labels are those of kafka_exporter wherever it has one; docs/KAFKA.md lists the differences.";
    const ROLE: Role = Role::Server;
    const DEFAULTS: Defaults = Defaults {
        deadline: Duration::from_secs(10),
        // Several questions one behind the other, and of several brokers one may hang.
        interval_share: 80,
        series_limit: 500_000,
        ..Defaults::USUAL
    };

    fn read(common: TargetSettings, table: &mut Table<'_>, reader: &Reader<'_>) -> Option<Self> {
        let is_missing = !table.has("brokers");
        let brokers: Vec<Endpoint> = table.each("brokers", |text| Endpoint::parse_tcp(text, PORT));
        if is_missing {
            table.problem(None, "brokers", None, "is missing; write it like [\"10.0.0.7:9092\"]");
        } else if brokers.len() > MAX_BROKERS {
            let message =
                format!("names {} brokers, at most {MAX_BROKERS}; one that answers names all others", brokers.len());
            table.problem(None, "brokers", None, message);
        }
        let tls = TlsSettings::read(table, reader, table.has("tls"), "");
        let username = table.string("username").filter(|username| !username.is_empty());
        let password = Credential::read(table, "password", "password_file");
        if username.is_some() != password.is_some() {
            let message = "user and password belong together; set username, and password or password_file";
            table.problem(None, "username", None, message);
        }
        let line = table.line_of("sasl_mechanism");
        let sasl_mechanism = table.parsed("sasl_mechanism");
        if sasl_mechanism.is_some() && username.is_none() {
            table.problem(
                line,
                "sasl_mechanism",
                None,
                "is how a user proves a password; set username and password too",
            );
        } else if sasl_mechanism == Some(Mechanism::Plain) && tls.is_none() {
            let message = "sends the password as it is over a connection that anyone on the way can read; add [kafka.tls], or \
                           use scram-sha-512";
            table.warn(line, "sasl_mechanism", message);
        }
        let connect = table.duration("connect_timeout", SECOND / 100..=DAY).unwrap_or(3 * SECOND);
        let sasl_mechanism = username.is_some().then(|| sasl_mechanism.unwrap_or(Mechanism::ScramSha512));
        let mut target = Self {
            brokers,
            username,
            password,
            sasl_mechanism,
            connect_timeout: connect.min(common.deadline),
            groups: Names::read(table, "groups"),
            exclude_groups: Names::read(table, "exclude_groups"),
            topics: Names::read(table, "topics"),
            exclude_topics: Names::read(table, "exclude_topics"),
            max_groups: 1_000,
            max_partitions: 50_000,
            max_poll_interval: table.duration("max_poll_interval", SECOND..=30 * DAY).unwrap_or_default(),
            tls,
            common,
        };
        set(&mut target.max_groups, table.integer("max_groups", 1..=100_000));
        set(&mut target.max_partitions, table.integer("max_partitions", 1..=1_000_000));
        (!target.brokers.is_empty()).then_some(target)
    }

    fn left_out(&self, metric: &str) -> Option<String> {
        let needs_interval = metric.starts_with("kafka_consumergroup_max_poll_interval");
        (needs_interval && self.max_poll_interval.is_zero())
            .then(|| "max_poll_interval = \"5m\" in [[kafka]]".to_owned())
    }

    fn address(&self) -> String {
        let texts: Vec<String> = self.brokers.iter().map(Endpoint::to_string).collect();
        texts.join(", ")
    }

    fn tls(&self) -> Option<&TlsSettings> {
        self.tls.as_ref()
    }

    fn collectors(self) -> impl Fn() -> KafkaCollector + Send + 'static {
        move || KafkaCollector::new(self.clone())
    }
}
