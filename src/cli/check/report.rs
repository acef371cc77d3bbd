//! What a look found, for people, for Nagios and for programs.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Write as _};

use serde::{Serialize, Serializer};

use super::EXIT_UNKNOWN;
use crate::hub::TargetStatus;
use crate::policy::{Level, Severity};

/// Findings that are shown under one cause. A Redis that a thousand services use is one cause, and not a thousand lines.
const MOST_FOLLOWERS: usize = 20;

/// What is said of something, the worst last. The numbers of the exit codes are another order: those of Nagios.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    Ok,
    Info,
    Unknown,
    Warning,
    Critical,
}

impl Verdict {
    /// That of a level that fires.
    pub(super) const fn of(level: &Level) -> Self {
        match level.severity {
            Severity::Info => Self::Info,
            Severity::Warning => Self::Warning,
            Severity::Critical => Self::Critical,
        }
    }

    /// The exit code, by Nagios's convention.
    pub(super) const fn exit(self) -> u8 {
        match self {
            Self::Ok | Self::Info => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => EXIT_UNKNOWN,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Info => "info",
            Self::Unknown => "unknown",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// A number of things.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Count(pub(super) usize);

/// An alert that holds.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Finding {
    pub(super) alert: String,
    pub(super) verdict: Verdict,
    pub(super) severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) condition: Option<String>,
    /// The target, or the container as engine/name.
    #[serde(rename = "of")]
    pub(super) thing: String,
    pub(super) labels: BTreeMap<String, String>,
    #[serde(serialize_with = "finite")]
    pub(super) value: f64,
    /// The value in its unit.
    pub(super) number: String,
    /// What is compared.
    pub(super) signal: String,
    /// With what.
    pub(super) fires: String,
    pub(super) text: String,
    /// Why the poll failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
    /// What follows from it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) follows: Vec<Finding>,
}

/// A number that the policy compares.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    pub(super) alert: String,
    pub(super) verdict: Verdict,
    pub(super) signal: String,
    /// Whose number it is: the worst of all.
    #[serde(rename = "of")]
    pub(super) thing: String,
    pub(super) labels: BTreeMap<String, String>,
    #[serde(serialize_with = "finite")]
    pub(super) value: f64,
    pub(super) number: String,
    pub(super) thresholds: Vec<String>,
    /// Of how many it is the worst.
    #[serde(rename = "among")]
    pub(super) of: Count,
}

/// A target, and why its poll failed.
#[derive(Debug, Clone, Serialize)]
pub(super) struct TargetState {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<String>,
    collector: &'static str,
    up: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl TargetState {
    pub(super) fn new(status: &TargetStatus) -> Self {
        Self {
            name: status.key.target.clone(),
            node: status.key.node.clone(),
            collector: status.collector,
            up: status.up(),
            reason: status.error.as_ref().map(|error| error.reason.as_str()),
            error: status.error.as_ref().map(ToString::to_string),
        }
    }
}

/// All of it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    /// What nothing else explains, the worst first, each with what follows from it.
    pub(super) causes: Vec<Finding>,
    /// Every number that was compared.
    pub(super) rows: Vec<Row>,
    /// What could not be judged although it is watched, and why.
    pub(super) unknown: Vec<String>,
    pub(super) targets: Vec<TargetState>,
    /// Alerts that need history.
    #[serde(rename = "notJudgedInOneLook")]
    pub(super) left_out: Vec<String>,
    /// Alerts of which nothing that they compare was seen.
    pub(super) without_series: Vec<String>,
    /// Targets that were polled once: of those no rate is known.
    pub(super) once: Vec<String>,
    pub(super) seconds: f64,
}

/// The report as JSON, with its verdict.
#[derive(Serialize)]
struct Judged<'r> {
    verdict: Verdict,
    exit: u8,
    #[serde(flatten)]
    report: &'r Report,
}

impl Report {
    pub(super) fn verdict(&self) -> Verdict {
        let unknown = !self.unknown.is_empty() || (self.causes.is_empty() && self.rows.is_empty());
        let findings = self.causes.iter().map(|cause| cause.verdict);
        findings.chain(unknown.then_some(Verdict::Unknown)).max().unwrap_or(Verdict::Ok)
    }

    pub(super) fn json(&self) -> String {
        let verdict = self.verdict();
        let judged = Judged { verdict, exit: verdict.exit(), report: self };
        serde_json::to_string(&judged).unwrap_or_default() + "\n"
    }

    fn all(&self) -> impl Iterator<Item = &Finding> {
        self.causes.iter().flat_map(|cause| std::iter::once(cause).chain(&cause.follows))
    }

    /// The first line, which is all that many systems show.
    fn headline(&self) -> String {
        let verdict = self.verdict();
        let first = self.causes.iter().find(|cause| cause.verdict == verdict);
        let more = self.causes.iter().filter(|cause| cause.verdict >= Verdict::Unknown).count().saturating_sub(1);
        match (verdict, first) {
            (Verdict::Ok | Verdict::Info, _) => {
                format!("nothing is wrong: {} of {} are fine", plural(self.fine(), "number"), self.rows.len())
            }
            (_, Some(cause)) => {
                let mut text = format!("{} {}: {}", cause.alert, cause.thing, cause.text);
                if !cause.follows.is_empty() {
                    let _ = write!(text, " {} from it.", follow(cause.follows.len()));
                }
                if more > 0 {
                    let _ = write!(text, " And {more} more.");
                }
                text
            }
            (_, None) => self.unknown.first().cloned().unwrap_or_else(|| "nothing was judged".to_owned()),
        }
    }

    fn fine(&self) -> usize {
        self.rows.iter().filter(|row| row.verdict <= Verdict::Info).count()
    }

    /// What Nagios and its kin draw: counts, each with its unit, warning and critical ranges left open.
    fn perfdata(&self) -> String {
        let count = |verdict| self.all().filter(|finding| finding.verdict == verdict).count();
        let down = self.targets.iter().filter(|target| !target.up).count();
        format!(
            "critical={};;;0 warning={};;;0 info={};;;0 fine={};;;0;{} targets={};;;0 down={down};;;0 time={:.3}s;;;0",
            count(Verdict::Critical),
            count(Verdict::Warning),
            count(Verdict::Info),
            self.fine(),
            self.rows.len(),
            self.targets.len(),
            self.seconds,
        )
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.verdict().as_str().replace("info", "ok").to_uppercase();
        writeln!(f, "{word}: {} | {}", plain(&self.headline()), self.perfdata())?;
        for cause in &self.causes {
            write_finding(f, cause, "")?;
            for follower in cause.follows.iter().take(MOST_FOLLOWERS) {
                write_finding(f, follower, "    ")?;
            }
            let left = cause.follows.len().saturating_sub(MOST_FOLLOWERS);
            if left > 0 {
                writeln!(f, "    and {left} more that follow from it")?;
            }
        }
        for unknown in &self.unknown {
            writeln!(f, "unknown   {}", plain(unknown))?;
        }
        for row in self.rows.iter().filter(|row| row.verdict == Verdict::Ok) {
            let whose = match row.of {
                Count(1) => row.thing.clone(),
                Count(of) => format!("{}, the worst of {of}", row.thing),
            };
            let Row { alert, signal, number, thresholds, .. } = row;
            let thresholds = thresholds.join(", ");
            writeln!(f, "ok        {alert}: {} {number} ({}); {thresholds}", plain(signal), plain(&whose))?;
        }
        let list = |f: &mut fmt::Formatter<'_>, what: &str, names: &[String]| {
            if names.is_empty() { Ok(()) } else { writeln!(f, "{what}: {}", plain(&names.join(", "))) }
        };
        list(f, "not judged in one look, since they need history", &self.left_out)?;
        list(f, "polled once, so that no rate is known", &self.once)?;
        list(f, "not seen (manometer config check says what would change that)", &self.without_series)
    }
}

fn write_finding(f: &mut fmt::Formatter<'_>, finding: &Finding, indent: &str) -> fmt::Result {
    let Finding { alert, thing, signal, number, fires, text, error, .. } = finding;
    let word = finding.verdict.as_str();
    writeln!(f, "{indent}{word:9} {alert} {}: {} ({signal} {number}; {word} {fires})", plain(thing), plain(text))?;
    if let Some(error) = error {
        writeln!(f, "{indent}          {}", plain(error))?;
    }
    Ok(())
}

/// A foreign name must not end a line, begin perfdata, or talk to a terminal.
fn plain(text: &str) -> String {
    text.chars().map(|char| if char.is_control() || char == '|' { '?' } else { char }).collect()
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

fn follow(count: usize) -> String {
    if count == 1 { "1 alert follows".to_owned() } else { format!("{count} alerts follow") }
}

/// JSON has no word for infinity.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "so serde calls it")]
fn finite<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.is_finite() { serializer.serialize_f64(*value) } else { serializer.serialize_none() }
}
