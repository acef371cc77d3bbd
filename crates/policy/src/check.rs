//! Whether a policy speaks of what there is, in texts that can be read.

use super::render::Catalog;
use super::{Alert, CONTAINER, Level, NODE, OF_TARGET, Origin, Policy, Signal, Threshold};
use metric::{Kind, MetricInfo, Suffix, part_of};

/// Characters of an alert's name; mixtool's limit, and what fits into a list.
const LONGEST_NAME: usize = 40;

/// What is wrong with a policy, measured against the catalog (metrics and labels that nothing exports), and with its texts.
/// Each problem names the alert and what to do.
#[must_use]
pub fn check(policy: &Policy, catalog: &[MetricInfo]) -> Vec<String> {
    let catalog = Catalog::new(catalog);
    let mut problems = Vec::new();
    for alert in &policy.alerts {
        let mut found = texts(alert);
        for level in &alert.levels {
            for signal in level.signals() {
                found.extend(series(signal, &catalog));
            }
            found.extend(level.signal.record().and_then(|record| recorded(policy, record, &level.signal)));
            found.extend(placeholders(alert, level, &catalog));
        }
        found.extend(itself(alert, &catalog));
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

/// Of two targets only one stands on the other; of two containers, in each of which are several targets, each may.
fn itself(alert: &Alert, catalog: &Catalog) -> Option<String> {
    let is_of_container = |level: &Level| catalog.own_labels(&level.signal).contains(&CONTAINER);
    let problem = "inhibits itself, and is about containers, each of which may stand on the other; only an alert of targets \
                   silences itself on what stands on its own";
    (alert.silences_itself() && alert.levels.iter().any(is_of_container)).then(|| problem.to_owned())
}

fn series(signal: &Signal, catalog: &Catalog) -> Vec<String> {
    let mut problems = Vec::new();
    let wants_counter =
        matches!(signal, Signal::Rate { .. } | Signal::Increase { .. } | Signal::Ratio { window: Some(_), .. });
    for series in signal.series() {
        let name = &series.metric;
        // Who exports it is not known here.
        if series.origin == Origin::Foreign {
            continue;
        }
        let Some(info) = catalog.find(name) else {
            problems.push(format!(
                "nothing exports {name}{}",
                meant(name, catalog.names(), "; docs/METRICS.md lists what there is")
            ));
            continue;
        };
        let is_histogram = matches!(info.kind, Kind::Histogram | Kind::Summary);
        // Of a histogram only parts are series, and each of them is a counter.
        let part = part_of(name).filter(|_| is_histogram && info.name != name).map(|(_, suffix)| suffix);
        let is_quantile = matches!(signal, Signal::Quantile { .. });
        match if part.is_some() { Kind::Counter } else { info.kind } {
            _ if is_quantile && part == Some(Suffix::Bucket) => {}
            _ if is_quantile => {
                problems.push(format!("{name} is not the buckets of a histogram; a quantile is of x_bucket"));
            }
            Kind::Counter if !wants_counter => {
                problems.push(format!("{name} is a counter; use rate, increase or a ratio with a window"));
            }
            Kind::Gauge if wants_counter => {
                problems.push(format!("{name} is a gauge; rate and increase are for counters: use growth or mean"));
            }
            Kind::Histogram | Kind::Summary => {
                let kind = info.kind.as_str();
                problems.push(format!("{name} is a {kind}; use its series: a rate of {name}_count, or a quantile"));
            }
            _ => {}
        }
        let by = if let Signal::Quantile { by, .. } = signal { by.as_slice() } else { &[] };
        for label in series.labels.iter().map(|(label, _)| label).chain(by) {
            if !catalog.labels(name).contains(&label.as_str()) {
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

fn placeholders(alert: &Alert, level: &Level, catalog: &Catalog) -> Vec<String> {
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
fn label_of(level: &Level, label: &str, catalog: &Catalog) -> Option<String> {
    let known: Vec<&str> = match &level.signal {
        Signal::Firing(_) | Signal::Always => Vec::new(),
        Signal::Unreachable | Signal::Absent => Threshold::OF_AGENT.to_vec(),
        Signal::Drift => {
            let of_alert = |label| if label == Threshold::SEVERITY { Threshold::SEVERITY_OF } else { label };
            [&Threshold::OF_AGENT[..], &Threshold::LABELS.map(of_alert)].concat()
        }
        signal => {
            // A metric that does not exist is reported already.
            let series = *signal.series().first()?;
            if series.origin == Origin::Foreign {
                return None;
            }
            catalog.find(&series.metric)?;
            let own = catalog.labels(&series.metric);
            let first = if series.origin == Origin::Agent { Threshold::OF_AGENT } else { OF_TARGET };
            let node = (series.origin == Origin::Target && !series.all_nodes).then_some(NODE);
            let own = series.own_labels(own).filter(|label| signal.keeps(label));
            first.into_iter().chain(own).chain(node).collect()
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
