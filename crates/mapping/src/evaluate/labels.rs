//! The labels of elements: where they come from, and what becomes of long ones.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::Value as Json;

use super::{DataPoint, within};
use crate::elements::Located;
use crate::miss::MissReason;
use crate::model::{LabelSource, Rule};
use crate::pointer::Pointer;
use metric::MAX_LABEL_BYTES;
use metric::text::cut;

/// The values of a rule's labels, in the body where it has them: they are copied only for those that are left in the end.
pub(super) type Labels<'a> = Vec<Cow<'a, str>>;

/// The labels of an element; the error says which one is missing.
pub(super) fn labels<'a>(rule: &'a Rule, element: &Located<'a>) -> Result<Labels<'a>, (MissReason, &'a LabelSource)> {
    let label = |source: &'a LabelSource| {
        let (pointer, value) = match source {
            LabelSource::Fixed(text) => return Ok(Cow::Borrowed(text.as_str())),
            LabelSource::Key(wildcard) => return Ok(element.step(*wildcard).key()),
            LabelSource::At(pointer) => (pointer, element.value),
            LabelSource::Above(wildcard, pointer) => (pointer, element.step(*wildcard).value),
        };
        match pointer.find(value) {
            Some(Json::String(text)) => Ok(Cow::Borrowed(text.as_str())),
            Some(Json::Number(number)) => Ok(Cow::Owned(number.to_string())),
            Some(Json::Bool(value)) => Ok(Cow::Borrowed(if *value { "true" } else { "false" })),
            Some(Json::Null) | None => Err((MissReason::Missing, source)),
            Some(_) => Err((MissReason::Type, source)),
        }
    };
    rule.labels.iter().map(label).collect()
}

/// Where in the body the text of a label stands, or would stand.
pub(super) fn label_place(rule: &Rule, element: &Located<'_>, label: &LabelSource) -> Pointer {
    match label {
        LabelSource::At(pointer) => within(rule, element, pointer),
        LabelSource::Above(wildcard, pointer) => {
            let each = rule.each.as_ref().map(|each| each.up_to(*wildcard)).unwrap_or_default();
            each.at_keys(element.keys()).join(pointer)
        }
        LabelSource::Fixed(_) | LabelSource::Key(_) => within(rule, element, &Pointer::default()),
    }
}

/// Cuts labels that are too long: here, at the end, so that only what is the same was merged. Of those that only the cut
/// would make the same, each ends in a short hash of the whole.
pub(super) fn shorten(points: &mut [DataPoint]) {
    let is_long = |label: &String| label.len() > MAX_LABEL_BYTES;
    if !points.iter().any(|point| point.labels.iter().any(is_long)) {
        return;
    }
    let short = |point: &DataPoint| -> Vec<String> {
        point.labels.iter().map(|label| cut(label, MAX_LABEL_BYTES).to_owned()).collect()
    };
    let mut times: HashMap<Vec<String>, usize> = HashMap::new();
    for point in points.iter() {
        *times.entry(short(point)).or_default() += 1;
    }
    for point in points {
        let short = short(point);
        let collides = times.get(&short).is_some_and(|times| *times > 1);
        for (label, short) in point.labels.iter_mut().zip(short).filter(|(label, _)| is_long(label)) {
            *label = if collides { hashed(label) } else { short };
        }
    }
}

/// The beginning of a label and a hash of all of it (FNV-1a): the same in every process, as names of series must be.
fn hashed(label: &str) -> String {
    let hash = label.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{}~{hash:08x}", cut(label, MAX_LABEL_BYTES - 9))
}
