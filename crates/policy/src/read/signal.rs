//! `signal`: what is compared.

use std::time::Duration;

use crate::{Origin, Over, Series, Severity, Signal};
use reader::Table;

/// The forms, by the key that says which one it is.
const FORMS: [&str; 18] = [
    "value", "ratio", "rate", "increase", "mean", "max", "min", "changes", "growth", "forecast", "quantile", "age",
    "until", "down", "firing", "scrape", "drift", "always",
];

/// What a signal may say beside its form.
const MORE: [&str; 12] =
    ["of", "window", "per", "limit", "part", "by", "record", "where", "agent", "foreign", "all_nodes", "while_watched"];

/// Whose the series are, if not a target's.
const ORIGINS: [(&str, Origin); 2] = [("agent", Origin::Agent), ("foreign", Origin::Foreign)];

/// A key that is `true`, and what that says of the series.
type Flag = (&'static str, fn(&mut Series));

const FLAGS: [Flag; 2] =
    [("all_nodes", |series| series.all_nodes = true), ("while_watched", |series| series.while_watched = true)];

/// What is looked back at least, and at most.
const WINDOWS: std::ops::RangeInclusive<Duration> = Duration::from_mins(1)..=Duration::from_hours(7 * 24);

/// Reads the keys of a signal; those of a guard's comparison stay.
pub(super) fn read(table: &mut Table<'_>) -> Option<Signal> {
    let forms: Vec<&'static str> = FORMS.into_iter().filter(|form| table.has(form)).collect();
    match forms.as_slice() {
        [form] => {
            let mut signal = read_form(table, form);
            for (key, origin) in ORIGINS {
                if table.has(key)
                    && read_true(table, key)
                    && let Some(signal) = &mut signal
                {
                    signal.each_series(|series| series.origin = origin);
                }
            }
            for (key, set) in FLAGS {
                if table.has(key)
                    && read_true(table, key)
                    && let Some(signal) = &mut signal
                {
                    signal.each_series(set);
                }
            }
            if *form != "down" && signal.as_ref().is_some_and(Signal::is_while_watched) {
                table.problem(
                    None,
                    "while_watched",
                    None,
                    "belongs to down: other series end when a poll fails".to_owned(),
                );
            }
            signal
        }
        [] => {
            table.problem(None, "", None, format!("names no form; write one of {}", FORMS.join(", ")));
            skip(table, &[]);
            None
        }
        [first, others @ ..] => {
            let line = others.first().and_then(|form| table.line_of(form));
            table.problem(line, others[0], None, format!("{first} is set too; a signal has one form"));
            skip(table, &forms);
            None
        }
    }
}

/// Takes what belongs to a form, so that it is not reported as an unknown key.
fn skip(table: &mut Table<'_>, forms: &[&'static str]) {
    for key in forms.iter().chain(&MORE) {
        table.skip(key);
    }
}

fn read_form(table: &mut Table<'_>, form: &'static str) -> Option<Signal> {
    match form {
        "value" => read_filtered(table, form).map(Signal::Value),
        "down" => read_filtered(table, form).map(Signal::Down),
        "age" => read_filtered(table, form).map(Signal::Age),
        "until" => read_filtered(table, form).map(Signal::Until),
        "ratio" => {
            let (part, whole) = (read_plain(table, form), read_other(table, "of", "by what it is divided"));
            let window = table.duration("window", WINDOWS);
            let record = table.string("record");
            Some(Signal::Ratio { part: part?, whole: whole?, window, record })
        }
        "rate" => {
            let (series, window) = (read_filtered(table, form), read_window(table));
            let second = Duration::from_secs(1);
            let per = table.duration("per", second..=Duration::from_hours(24)).unwrap_or(second);
            Some(Signal::Rate { series: series?, window: window?, per })
        }
        "increase" => {
            let (series, window) = (read_filtered(table, form), read_window(table));
            Some(Signal::Increase { series: series?, window: window? })
        }
        "growth" => {
            let (series, window) = (read_filtered(table, form), read_window(table));
            Some(Signal::Growth { series: series?, window: window? })
        }
        "forecast" => {
            let (series, limit) = (read_plain(table, form), read_other(table, "limit", "what it must not reach"));
            let (window, record) = (read_window(table), table.string("record"));
            Some(Signal::Forecast { series: series?, limit: limit?, window: window?, record })
        }
        "quantile" => {
            let (series, part, window) = (read_filtered(table, form), read_part(table), read_window(table));
            let by = table.strings("by").into_iter().map(|(_, label)| label).collect();
            Some(Signal::Quantile { part: part?, series: series?, by, window: window? })
        }
        "firing" => {
            let words = Severity::ALL.map(|severity| (severity.as_str(), Signal::Firing(severity)));
            read_word(table, form, &words)
        }
        "scrape" => read_word(table, form, &[("down", Signal::Unreachable), ("absent", Signal::Absent)]),
        "drift" => read_true(table, form).then_some(Signal::Drift),
        "always" => read_true(table, form).then_some(Signal::Always),
        over => {
            let what = Over::ALL.into_iter().find(|what| what.as_str() == over);
            let (series, window) = (read_filtered(table, form), read_window(table));
            let record = table.string("record");
            Some(Signal::Over { what: what?, series: series?, window: window?, record })
        }
    }
}

fn read_plain(table: &mut Table<'_>, key: &'static str) -> Option<Series> {
    let (line, metric) = table.string_at(key)?;
    if metric.is_empty() {
        table.problem(Some(line), key, None, "is empty; name the metric");
        return None;
    }
    Some(Series { metric, ..Series::default() })
}

fn read_filtered(table: &mut Table<'_>, key: &'static str) -> Option<Series> {
    let series = read_plain(table, key);
    let mut labels = table.lists("where");
    labels.sort();
    for (label, values) in &labels {
        if values.is_empty() || values.iter().any(String::is_empty) {
            table.problem(None, "where", Some(format!("{label:?}")), "has no value; write one, or a list of them");
        }
    }
    series.map(|series| Series { labels, ..series })
}

fn read_other(table: &mut Table<'_>, key: &'static str, what: &str) -> Option<Series> {
    if !table.has(key) {
        table.problem(None, key, None, format!("is missing; name the metric that says {what}"));
    }
    read_plain(table, key)
}

/// The part of a quantile: as such, since "95" would be read as one as well.
fn read_part(table: &mut Table<'_>) -> Option<f64> {
    let Some((line, part)) = table.number("part") else {
        if !table.has("part") {
            table.problem(None, "part", None, "is missing; write 0.95 for the 95th percentile");
        }
        return None;
    };
    if part > 0.0 && part < 1.0 {
        return Some(part);
    }
    table.problem(Some(line), "part", Some(part.to_string()), "must be between 0 and 1; 0.95 is the 95th percentile");
    None
}

fn read_window(table: &mut Table<'_>) -> Option<Duration> {
    if !table.has("window") {
        table.problem(None, "window", None, "is missing; write how far it looks back, like \"5m\"");
    }
    table.duration("window", WINDOWS)
}

fn read_word(table: &mut Table<'_>, key: &'static str, words: &[(&str, Signal)]) -> Option<Signal> {
    let (line, text) = table.string_at(key)?;
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, signal)| signal.clone());
    if found.is_none() {
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        table.wrong(line, key, &text, format!("is not one of {}", words.join(", ")));
    }
    found
}

fn read_true(table: &mut Table<'_>, key: &'static str) -> bool {
    let line = table.line_of(key);
    let value = table.boolean(key);
    if value == Some(false) {
        table.problem(line, key, Some("false".to_owned()), "says nothing; write true, or another form");
    }
    value == Some(true)
}
