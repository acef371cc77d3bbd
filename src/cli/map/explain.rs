//! `manometer map explain`: how a mapping comes to the values of one metric.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use super::input::{self, Chosen};
use super::{FetchedArgs, MappingArgs, Refused, block_on, note, print};
use crate::collector::Collector as _;
use crate::collector::service::ServiceTarget;
use crate::collector::service::{Look, ServiceCollector, Snapshot, look};
use crate::mapping::{Body, Given, endpoints_of};
use crate::metric::Families;
use crate::metric::text::{Origin, write_samples};

/// Lines of the exposition that are shown.
const SHOWN: usize = 20;

/// Explains the metric by the body, by what the service says now, or by the mapping alone.
pub(super) fn explain(
    metric: &str,
    body: Option<&Path>,
    fetched: &FetchedArgs,
    arguments: &MappingArgs,
) -> Result<ExitCode, Refused> {
    let chosen = input::mapping(arguments)?;
    let given = match (body, &chosen.target) {
        (Some(path), _) => of_file(&chosen, path, fetched)?,
        (None, Some(target)) => block_on(live(target, metric))?,
        (None, None) => vec![Given::Unasked; chosen.mapping.endpoints.len()],
    };
    let text = crate::mapping::explain(&chosen.mapping, &given, metric)?;
    Ok(print(format!("{text}{}", exported(&chosen, &given, metric)).as_bytes()))
}

fn of_file(chosen: &Chosen, path: &Path, fetched: &FetchedArgs) -> Result<Vec<Given>, Refused> {
    let bytes = input::body(path, chosen)?;
    let assigned = input::assign(chosen, &bytes, fetched)?;
    if let Some(taken) = &assigned.note {
        note(taken);
    }
    Ok(assigned.given)
}

/// What the endpoints say that have to do with the metric.
async fn live(target: &ServiceTarget, metric: &str) -> Vec<Given> {
    let endpoints = &target.mapping.endpoints;
    let mut given: Vec<Given> = vec![Given::Unasked; endpoints.len()];
    let mut asked = endpoints_of(&target.mapping, metric);
    for index in asked.extract_if(.., |index| endpoints[*index].skipped) {
        given[index] = Given::Nothing("the configuration skips the endpoint".to_owned());
    }
    for (index, look) in look(target, &asked).await {
        given[index] = match look {
            Look::Useful(body) => Given::Body(body),
            Look::Failed(error) => Given::Nothing(error.to_string()),
            Look::Spared(primary) => {
                Given::Nothing(format!("it was not asked, for {} answered", endpoints[primary].name))
            }
        };
    }
    given
}

/// The metric's samples as a poll would export them.
fn exported(chosen: &Chosen, given: &[Given], metric: &str) -> String {
    let bodies: Vec<Option<Body>> = given.iter().map(Given::body).map(Option::<&Body>::cloned).collect();
    if bodies.iter().all(Option::is_none) {
        return String::new();
    }
    let (snapshot, _) = Snapshot::of_bodies(&chosen.mapping, &bodies, chosen.window);
    let mut families = Families::new();
    ServiceCollector::export(&snapshot, &mut families);
    let mut text = String::new();
    if let Some(family) = families.into_sorted().get(metric) {
        write_samples(&mut text, family, &Origin::default());
    }
    let samples: Vec<&str> = text.lines().collect();
    if samples.is_empty() {
        return "\nExported: nothing.\n".to_owned();
    }
    let mut lines = "\nExported:\n".to_owned();
    for sample in samples.iter().take(SHOWN) {
        let _ = writeln!(lines, "  {sample}");
    }
    if samples.len() > SHOWN {
        let _ = writeln!(lines, "  and {} more", samples.len() - SHOWN);
    }
    lines
}
