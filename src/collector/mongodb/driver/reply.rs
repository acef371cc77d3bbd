//! The replies to hello and serverStatus, to what is known here.

use mongodb::bson::{Bson, Document};

use super::super::{Member, Snapshot, Status};
use crate::net::Reached;

/// What the replies say, or why they say nothing.
pub(super) fn read(hello: &Document, status: &Document, reached: Option<Reached>) -> Result<Snapshot, &'static str> {
    let is_router = hello.get_str("msg").is_ok_and(|text| text == "isdbgrid");
    let has_set = hello.get_str("setName").is_ok();
    let member = Member::read(|field| hello.get_bool(field).unwrap_or(false), is_router, has_set);
    let version = status.get_str("version").ok().map(str::to_owned);
    let numbers = Status::read(|path| number(status, path));
    if numbers.is_empty() {
        return Err("it has no field that is known here");
    }
    Ok(Snapshot { member, version, status: numbers, reached })
}

/// The number at a path; no name of a field has a dot.
fn number(document: &Document, path: &str) -> Option<f64> {
    let mut parts = path.split('.');
    let mut value = document.get(parts.next()?)?;
    for part in parts {
        value = value.as_document()?.get(part)?;
    }
    match value {
        Bson::Int32(number) => Some(f64::from(*number)),
        Bson::Int64(number) => Some(*number as f64),
        Bson::Double(number) => Some(*number).filter(|number| number.is_finite()),
        _ => None,
    }
}
