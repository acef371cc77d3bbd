//! What the commands of `map` are given: a mapping, and a body with its endpoint.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::{FetchedArgs, MappingArgs, Refused, WINDOW};
use reader::file;

use crate::collector::KINDS;
use crate::collector::service::ServiceTarget;
use crate::config::Config;
use crate::mapping::{Body, Given, Mapping, fitting, profile};

/// Bytes of a body beyond which it is refused, as for a service that sets no limit.
const BODY_LIMIT: usize = 1024 * 1024;

/// The size of a mapping file in KiB beyond which it is refused.
const FILE_LIMIT: u64 = 1024;

/// A mapping, and how it is applied.
pub(super) struct Chosen {
    pub(super) mapping: Arc<Mapping>,
    /// What computed metrics look back.
    pub(super) window: Duration,
    body_limit: usize,
    /// The service that it is of.
    pub(super) target: Option<ServiceTarget>,
}

/// Reads the mapping that the arguments name.
pub(super) fn mapping(arguments: &MappingArgs) -> Result<Chosen, String> {
    if let (Some(file), Some(name)) = (&arguments.config, &arguments.target) {
        let target = service(file, name)?;
        return Ok(Chosen {
            mapping: Arc::clone(&target.mapping),
            window: target.window,
            body_limit: target.body_limit_kib * 1024,
            target: Some(target),
        });
    }
    let base = match &arguments.profile {
        Some(name) => {
            let found = profile::find(name).map_err(|message| format!("{name:?} {message}"))?;
            found.mapping().map_err(|error| error.to_string())?
        }
        None => Arc::default(),
    };
    let whole = match &arguments.mapping {
        Some(path) => {
            let unreadable = |message| format!("{}: {message}", path.display());
            let text = file::read(path, FILE_LIMIT).map_err(unreadable)?;
            mapping::parse(&text, path, &base).map_err(|error| error.to_string())?
        }
        None => base,
    };
    Ok(Chosen { mapping: whole, window: WINDOW, body_limit: BODY_LIMIT, target: None })
}

fn service(file: &Path, name: &str) -> Result<ServiceTarget, String> {
    let config = Config::load(file, KINDS).map_err(|error| error.to_string())?;
    let services: Vec<&ServiceTarget> = config.targets_of().collect();
    let names: Vec<&str> = services.iter().map(|target| target.name.as_str()).collect();
    let known = match names.as_slice() {
        [] => "there is no [[service]]".to_owned(),
        names => format!("there are {}", names.join(", ")),
    };
    let message = format!("no service is named {name:?}; {known}");
    services.into_iter().find(|target| target.name == name).cloned().ok_or(message)
}

/// The bytes of a body, from a file, a pipe or, as `-`, the standard input.
pub(super) fn body(path: &Path, chosen: &Chosen) -> Result<Vec<u8>, String> {
    let unreadable = |error: std::io::Error| format!("{}: cannot be read: {error}", path.display());
    let limit = chosen.body_limit;
    let bytes = if path == Path::new("-") {
        bounded(std::io::stdin().lock(), limit)
    } else {
        File::open(path).and_then(|file| bounded(file, limit))
    };
    let bytes = bytes.map_err(unreadable)?;
    if bytes.len() > limit {
        let message = format!("{}: is larger than {limit} bytes, which no answer may be", path.display());
        return Err(message);
    }
    Ok(bytes)
}

/// At most a byte more than the limit.
fn bounded(source: impl Read, limit: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A body that was read, by endpoint.
#[derive(Debug)]
pub(super) struct Assigned {
    /// In the order of the mapping's endpoints.
    pub(super) given: Vec<Given>,
    /// Which endpoint was taken, if that was a choice.
    pub(super) note: Option<String>,
}

/// Reads a body as that of the endpoint it is of.
pub(super) fn assign(chosen: &Chosen, bytes: &[u8], fetched: &FetchedArgs) -> Result<Assigned, Refused> {
    let mapping = &*chosen.mapping;
    let names = || mapping.endpoints.iter().map(|endpoint| endpoint.name.as_str()).collect::<Vec<_>>().join(", ");
    let (taken, note) = match (&fetched.endpoint, mapping.endpoints.len()) {
        (Some(name), _) => {
            let at = mapping.endpoints.iter().position(|endpoint| endpoint.name == *name);
            let message = || format!("no endpoint is named {name:?}; there are {}", names());
            (vec![at.ok_or_else(message)?], None)
        }
        (None, 0) => return Err("the mapping has no endpoint; add [[endpoint]]".to_owned().into()),
        (None, 1) => (vec![0], None),
        (None, _) => {
            let taken = fitting(mapping, bytes);
            let of: Vec<&str> = taken.iter().map(|index| mapping.endpoints[*index].name.as_str()).collect();
            if taken.is_empty() {
                let message =
                    format!("no endpoint finds anything in the body; name it with --endpoint: there are {}", names());
                return Err(Refused(1, message));
            }
            let note = format!("the body is taken for that of endpoint {}", of.join(" and "));
            (taken, Some(note))
        }
    };
    let mut given = vec![Given::Nothing("the body at hand is of another endpoint".to_owned()); mapping.endpoints.len()];
    for index in taken {
        given[index] = Given::Body(read(mapping, index, bytes, fetched.status).map_err(|message| Refused(1, message))?);
    }
    Ok(Assigned { given, note })
}

/// Reads a body as the endpoint's is read in a poll.
fn read(mapping: &Mapping, index: usize, bytes: &[u8], status: Option<u16>) -> Result<Body, String> {
    let endpoint = &mapping.endpoints[index];
    let name = &endpoint.name;
    if let Some(status) = status.filter(|status| !endpoint.statuses.contains(status)) {
        let read: Vec<String> = endpoint.statuses.iter().map(u16::to_string).collect();
        let message = format!(
            "endpoint {name}: with HTTP status {status} the body is not read; add it to statuses, which are {}",
            read.join(", ")
        );
        return Err(message);
    }
    let body = endpoint
        .read(bytes)
        .map_err(|error| format!("endpoint {name}: {error}; check format, and whether it is the right body"))?;
    if let Some(at) = &endpoint.error_at
        && at.find(&body.tree).is_some_and(|value| !value.is_null())
    {
        return Err(format!(
            "endpoint {name}: the body is an error report, for {at} is there; nothing of it is exported"
        ));
    }
    Ok(body)
}
