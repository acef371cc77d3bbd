//! Whether a policy speaks of what there is, in texts that can be read.

use std::collections::BTreeMap;

use super::{Alert, Level, NODE, OF_TARGET, Origin, Policy, Signal, Threshold};
use metric::{Kind, MetricInfo};

/// Characters of an alert's name; mixtool's limit, and what fits into a list.
const LONGEST_NAME: usize = 40;

/// What is wrong with a policy, measured against the catalog (metrics and labels that nothing exports), and with its texts.
/// Each problem names the alert and what to do.
#[must_use]
pub fn check(policy: &Policy, catalog: &[MetricInfo]) -> Vec<String> {
    let catalog: BTreeMap<&str, &MetricInfo> = catalog.iter().map(|info| (info.name, info)).collect();
    let mut problems = Vec::new();
    for alert in &policy.alerts {
        let mut found = texts(alert);
        for level in &alert.levels {
            let guards = level.guards.iter().map(|guard| &guard.signal);
            for signal in std::iter::once(&level.signal).chain(guards) {
                found.extend(series(signal, &catalog));
            }
            found.extend(level.signal.record().and_then(|record| recorded(policy, record, &level.signal)));
            found.extend(placeholders(alert, level, &catalog));
        }
        for message in found {
            let problem = format!("{}: {message}", alert.name);
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
    }
    problems
}

/// The rules of mixtool and pint for names and texts.
fn texts(alert: &Alert) -> Vec<String> {
    let mut problems = Vec::new();
    let name = &alert.name;
    let is_camel = name.starts_with(|char: char| char.is_ascii_uppercase())
        && name.ends_with(|char: char| char.is_ascii_lowercase() || char.is_ascii_digit())
        && name.chars().all(|char| char.is_ascii_alphanumeric());
    if !is_camel {
        problems.push(
            "is not a valid name for an alert; write words without spaces, each with a capital: RedisMemoryHigh"
                .to_owned(),
        );
    }
    if name.len() > LONGEST_NAME {
        problems.push(format!("its name has {} characters; {LONGEST_NAME} are the most", name.len()));
    }
    let summary = &alert.summary;
    if !(summary.starts_with(|char: char| char.is_ascii_uppercase()) && summary.ends_with('.')) {
        problems.push(format!("summary {summary:?} is not a sentence; begin with a capital and end with a full stop"));
    }
    if summary.contains(['{', '}']) {
        problems.push(format!("summary {summary:?} has a placeholder; values belong in the description"));
    }
    problems
}

fn series(signal: &Signal, catalog: &BTreeMap<&str, &MetricInfo>) -> Vec<String> {
    let mut problems = Vec::new();
    let wants_counter =
        matches!(signal, Signal::Rate { .. } | Signal::Increase { .. } | Signal::Ratio { window: Some(_), .. });
    for series in signal.series() {
        let name = &series.metric;
        // Who exports it is not known here.
        if series.origin == Origin::Foreign {
            continue;
        }
        let Some(info) = catalog.get(name.as_str()) else {
            problems.push(format!(
                "nothing exports {name}{}",
                meant(name, catalog.keys().copied(), "; docs/METRICS.md lists what there is")
            ));
            continue;
        };
        match info.kind {
            Kind::Counter if !wants_counter => {
                problems.push(format!("{name} is a counter; use rate, increase or a ratio with a window"));
            }
            Kind::Gauge if wants_counter => {
                problems.push(format!("{name} is a gauge; rate and increase are for counters: use growth or mean"));
            }
            Kind::Histogram | Kind::Summary => {
                problems.push(format!("{name} is a {}; no signal has a form for that", info.kind.as_str()));
            }
            _ => {}
        }
        for (label, _) in &series.labels {
            if !info.labels.contains(&label.as_str()) {
                let others = match info.labels {
                    [] => "; it has none of its own".to_owned(),
                    labels => format!("; it has {}", labels.join(", ")),
                };
                problems
                    .push(format!("{name} has no label {label}{}", meant(label, info.labels.iter().copied(), &others)));
            }
        }
    }
    problems
}

/// A recording rule is named `level:metric:operations`, and keeps one number.
fn recorded(policy: &Policy, record: &str, signal: &Signal) -> Option<String> {
    let parts: Vec<&str> = record.split(':').collect();
    let is_word = |part: &&str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    if parts.len() != 3 || !parts.iter().all(is_word) {
        return Some(format!(
            "record {record:?} is not a valid name; write level:metric:operation, like target:redis_x_per_y:ratio"
        ));
    }
    let mut levels = policy.alerts.iter().flat_map(|alert| &alert.levels);
    let clash = levels.any(|level| level.signal.record() == Some(record) && !level.signal.is_same(signal));
    clash.then(|| format!("record {record:?} is the name of another signal too; give each its own"))
}

fn placeholders(alert: &Alert, level: &Level, catalog: &BTreeMap<&str, &MetricInfo>) -> Vec<String> {
    let mut problems = Vec::new();
    let mut rest = alert.description.as_str();
    let mut seen = 0;
    while let Some((_, after)) = rest.split_once('{') {
        seen += 1;
        let Some((placeholder, tail)) = after.split_once('}') else {
            problems.push("description has a { without }; write both".to_owned());
            break;
        };
        rest = tail;
        let message = match placeholder {
            "value" | "job" => None,
            "threshold" | "beyond" => {
                let is_state = level.signal.state().is_some();
                is_state.then(|| format!("a level has no number for {{{placeholder}}}; say it in words"))
            }
            "target" | "reason" => {
                (!level.signal.has_target()).then(|| format!("a level is not about a target; remove {{{placeholder}}}"))
            }
            "for" => level.hold.is_zero().then(|| "a level fires at once; remove {for}".to_owned()),
            "window" => {
                level.signal.window().is_none().then(|| "a level looks back on nothing; remove {window}".to_owned())
            }
            "condition" => level.condition.is_none().then(|| "a level has no condition; remove {condition}".to_owned()),
            other => match other.strip_prefix("label:") {
                Some(label) => label_of(level, label, catalog),
                None => Some(format!(
                    "description has {{{other}}}; known are {{target}}, {{value}}, {{threshold}}, {{beyond}}, {{for}}, \
                     {{window}}, {{reason}}, {{condition}}, {{job}} and {{label:name}}"
                )),
            },
        };
        problems.extend(message);
    }
    if seen == 0 {
        problems.push("description has no placeholder; say of which target, like {target}".to_owned());
    }
    problems
}

/// What is wrong with `{label:name}` in the description of a level.
fn label_of(level: &Level, label: &str, catalog: &BTreeMap<&str, &MetricInfo>) -> Option<String> {
    let known: Vec<&str> = match &level.signal {
        Signal::Firing(_) | Signal::Always => Vec::new(),
        Signal::Unreachable | Signal::Absent => Threshold::OF_AGENT.to_vec(),
        Signal::Drift => {
            let of_alert = |label| if label == Threshold::SEVERITY { Threshold::SEVERITY_OF } else { label };
            [&Threshold::OF_AGENT[..], &Threshold::LABELS.map(of_alert)].concat()
        }
        signal => {
            let of = |metric: &str| catalog.get(metric).map(|info| info.labels);
            // A metric that does not exist is reported already.
            let series = *signal.series().first()?;
            if series.origin == Origin::Foreign {
                return None;
            }
            let own = of(&series.metric)?;
            let first = if series.origin == Origin::Agent { Threshold::OF_AGENT } else { OF_TARGET };
            let node = (series.origin == Origin::Target && !series.all_nodes).then_some(NODE);
            first.into_iter().chain(series.own_labels(own)).chain(node).collect()
        }
    };
    if known.contains(&label) {
        return None;
    }
    let others =
        if known.is_empty() { "; there are none".to_owned() } else { format!("; there are {}", known.join(", ")) };
    Some(format!("what it compares has no label {label}{}", meant(label, known.iter().copied(), &others)))
}

/// "; did you mean x?", or what else there is to say.
fn meant<'a>(name: &str, known: impl Iterator<Item = &'a str>, otherwise: &str) -> String {
    reader::nearest(known, name).map_or_else(|| otherwise.to_owned(), |nearest| format!("; did you mean {nearest}?"))
}

#[cfg(test)]
mod tests;
