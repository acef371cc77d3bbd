//! `manometer logs explain`: what a ready pattern counts.

use std::fmt::Write as _;

use clap::ValueEnum as _;

use crate::logpattern::{Known, PatternSet, known};

/// The pattern in words, with its expressions.
pub(super) fn explain(name: &str) -> Result<String, String> {
    let all = || PatternSet::value_variants().iter().flat_map(|set| known(*set).iter().map(move |known| (*set, known)));
    let Some((set, known)) = all().find(|(_, known)| known.name == name) else {
        let names: Vec<&str> = all().map(|(_, known)| known.name).collect();
        return Err(format!("no ready pattern is named {name:?}; there are {}", names.join(", ")));
    };
    let set = set.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    Ok(text(&set, known))
}

fn text(set: &str, known: &Known) -> String {
    let mut out = format!("{} (set {set})\n{}\n\n{}\n", known.name, known.meaning, known.judged());
    // Writing to a String cannot fail.
    let _ = writeln!(out, "\nIt looks for\n  {}", known.regex);
    if let Some(regex) = known.of_redis {
        let _ = writeln!(out, "and, in an event that names Redis, for\n  {regex}");
    }
    if let Some(regex) = known.exclude {
        let _ = writeln!(out, "but not in lines with\n  {regex}");
    }
    out
}
