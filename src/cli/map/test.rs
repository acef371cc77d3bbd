//! `manometer map test`: a mapping applied to a body, without a service.

use std::path::Path;
use std::process::ExitCode;

use super::{FetchedArgs, MappingArgs, Refused, fail, input, note, print};
use crate::collector::Collector as _;
use crate::collector::service::{ServiceCollector, Snapshot};
use crate::mapping::{Body, Given, Keys, Mapping, Miss, advice, shown_pointer};
use crate::metric::text::{Format, exposition};
use crate::metric::{Families, Rejections};

/// Prints what a poll would export of the body, and says what it would miss.
pub(super) fn test(path: &Path, fetched: &FetchedArgs, arguments: &MappingArgs) -> Result<ExitCode, Refused> {
    let chosen = input::mapping(arguments)?;
    let bytes = input::body(path, &chosen)?;
    let assigned = input::assign(&chosen, &bytes, fetched)?;
    let bodies: Vec<Option<Body>> = assigned.given.iter().map(Given::body).map(Option::<&Body>::cloned).collect();
    let (snapshot, misses) = Snapshot::of_bodies(&chosen.mapping, &bodies, chosen.window);
    let mut families = Families::new();
    ServiceCollector::export(&snapshot, &mut families);
    let mut faults = describe(&chosen.mapping, &bodies, &misses);
    faults.extend(rejected(families.rejections()));
    if let Some(taken) = &assigned.note {
        note(taken);
    }
    let printed = print(exposition(&families.into_sorted(), Format::Prometheus).as_bytes());
    Ok(if faults.is_empty() { printed } else { fail(1, &faults.join("\n")) })
}

/// A line for each kind of miss: the first one, and how many more there are.
fn describe(mapping: &Mapping, bodies: &[Option<Body>], misses: &[Miss]) -> Vec<String> {
    let keys: Vec<Option<Keys>> = bodies.iter().map(|body| Some(Keys::of(&body.as_ref()?.tree))).collect();
    let line = |miss: &Miss| {
        let rule = &mapping.rules[miss.rule];
        let (body, keys) = bodies[rule.endpoint].as_ref().zip(keys[rule.endpoint].as_ref())?;
        let endpoint = &mapping.endpoints[rule.endpoint].name;
        let (name, at) = (&rule.definition.name, shown_pointer(&miss.at));
        let more = if miss.times > 1 { format!("; {} more like it", miss.times - 1) } else { String::new() };
        Some(format!("endpoint {endpoint}: {name} at {at}: {}{more}", advice(miss, &body.tree, keys)))
    };
    misses.iter().filter_map(line).collect()
}

/// A line for what could not be exported although it was read.
fn rejected(rejections: Rejections) -> Option<String> {
    let parts: Vec<String> = rejections
        .by_reason()
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(reason, count)| format!("{count} for {reason}"))
        .collect();
    (!parts.is_empty())
        .then(|| format!("samples were left out: {}; give each series once, under a name of its own", parts.join(", ")))
}
