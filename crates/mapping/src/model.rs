//! What a mapping consists of.

use std::sync::Arc;
use std::time::Duration;

use super::body::{Body, BodyFormat, Unreadable};
use super::convert::Parse;
use super::merging::Merging;
use super::pointer::Pointer;
use super::states::States;
use super::text::Patterns;
use super::unit::SourceUnit;
use metric::{Definition, Kind};
use reader::Names;

/// Everything that is read of one service. Immutable once it is read: collectors share it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mapping {
    /// What is fetched, in the order of importance.
    pub endpoints: Vec<Endpoint>,
    /// What is taken from it. Of several rules for one series the first that has a value wins.
    pub rules: Vec<Rule>,
}

impl Mapping {
    /// Leaves out the endpoint of that name; `false` if there is none.
    pub fn skip(&mut self, name: &str) -> bool {
        let endpoint = self.endpoints.iter_mut().find(|endpoint| endpoint.name == name);
        endpoint.map(|endpoint| endpoint.skipped = true).is_some()
    }
}

/// One address of a service.
#[derive(Debug, Clone, PartialEq)]
pub struct Endpoint {
    /// The `endpoint` label.
    pub name: String,
    /// Path and query, below the service's URL.
    pub path: String,
    /// Time between two fetches; each poll without it.
    pub every: Option<Duration>,
    /// The most that one fetch may take.
    pub timeout: Duration,
    /// Statuses at which the body is read; with any other the endpoint is down.
    pub statuses: Vec<u16>,
    /// How the body is written.
    pub format: BodyFormat,
    /// What is captured of a text.
    pub patterns: Patterns,
    /// It is fetched only while that endpoint (an index) does not answer usefully.
    pub fallback_of: Option<usize>,
    /// It is not fetched at all.
    pub skipped: bool,
    /// A service without this endpoint (404, 405, 410, 501) has not failed: it is of a kind without it.
    pub optional: bool,
    /// Where the body says when it was made.
    pub freshness: Option<Freshness>,
    /// A value here that is neither missing nor null means that the body is an error report, whatever the status.
    pub error_at: Option<Pointer>,
    /// Where the body says which one of several instances it is of.
    pub instance: Option<Pointer>,
    /// Series of a Prometheus body that are exported as they are.
    pub pass_through: Names,
    /// A rule reads the health of the whole service of it.
    pub tells_health: bool,
}

impl Endpoint {
    /// Reads the bytes of its answer.
    pub fn read(&self, bytes: &[u8]) -> Result<Body, Unreadable> {
        Body::captured(self.format, &self.patterns, bytes)
    }

    /// Whether the mapping reads a counter of it.
    #[must_use]
    pub fn has_counters(&self, mapping: &Mapping) -> bool {
        let mine = |rule: &&Rule| mapping.endpoints[rule.endpoint].name == self.name;
        mapping.rules.iter().filter(mine).any(|rule| rule.definition.kind == Kind::Counter)
    }
}

/// When a body is too old to be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freshness {
    /// A timestamp.
    pub at: Pointer,
    /// Older bodies are stale: nothing of them is exported.
    pub max_age: Duration,
}

/// One metric of one endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The index of the endpoint.
    pub endpoint: usize,
    /// Name, type, labels, help.
    pub definition: Arc<Definition>,
    /// The elements, if there are several: a pointer with wildcards. `at` and label pointers are relative to each.
    pub each: Option<Pointer>,
    /// Where the value stands: of several places the first that has one.
    pub at: Vec<Pointer>,
    /// What the value is.
    pub value: Value,
    /// The values of the definition's labels, in their order (without the label of the states).
    pub labels: Vec<LabelSource>,
    /// Elements beyond it become one, `__other__`.
    pub limit: usize,
    /// What several elements become.
    pub merging: Merging,
    /// What it means if there is no value.
    pub missing: Missing,
    /// What it speaks of, where the service has several of its kind.
    pub source: Option<Arc<str>>,
}

impl Rule {
    /// The companion gauge of its states.
    #[must_use]
    pub const fn level(&self) -> Option<&Arc<Definition>> {
        match &self.value {
            Value::States { level, .. } => level.as_ref(),
            Value::Number { .. } | Value::Info => None,
        }
    }

    /// Whether it counts elements.
    #[must_use]
    pub const fn counts(&self) -> bool {
        matches!(self.value, Value::Number { parse: Parse::Count, .. })
    }

    /// Where the number stands that its value is divided by.
    #[must_use]
    pub const fn divisor(&self) -> Option<&Pointer> {
        match &self.value {
            Value::Number { divisor, .. } => divisor.as_ref(),
            Value::States { .. } | Value::Info => None,
        }
    }

    /// Everything that it gives samples to.
    pub fn definitions(&self) -> impl Iterator<Item = &Arc<Definition>> {
        std::iter::once(&self.definition).chain(self.level())
    }
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number, in the base unit once it is converted.
    Number {
        /// How it is written.
        parse: Parse,
        /// Its unit, where the text does not say.
        unit: Option<SourceUnit>,
        /// A word behind the number that is not a unit: `ticks/sec`.
        suffix: Option<String>,
        /// What the number is multiplied by.
        scale: Option<f64>,
        /// Where the number stands, in the same element, that it is divided by.
        divisor: Option<Pointer>,
        /// Texts that are yes, where `parse` asks for yes or no; any other is no.
        words: Vec<String>,
    },
    /// One of a closed set of words: a series for each, 1 for the one that it is.
    States {
        /// The words.
        states: States,
        /// A companion gauge: the place of the state in the list. It has the same labels but for that of the states.
        level: Option<Arc<Definition>>,
    },
    /// The constant 1: the labels carry the information.
    Info,
}

/// Where a label's value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LabelSource {
    /// The mapping.
    Fixed(String),
    /// The key or index that the wildcard of that number stands for: `$1`, and `$key` for the last one.
    Key(usize),
    /// A text within the element: `$/symbol`.
    At(Pointer),
    /// A text within the member of the wildcard of that number, `$1/name`; `$0/name` is one of the whole body.
    Above(usize, Pointer),
}

/// What it means if a value is not there or null.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Missing {
    /// No sample, and a miss is counted.
    Absent,
    /// No sample, and nothing is wrong.
    Ignore,
    /// The value is 0.
    Zero,
}
