//! A drafted rule must hold: it is read back as a user's file is, and applied to both samples.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value as Json;

use super::write::{RuleDraft, quoted};
use crate::evaluate::evaluate;
use crate::model::Rule;
use crate::read::parse;
use metric::Definition;

/// The rules that were checked so far, and what they are checked on.
pub(super) struct Checker<'v> {
    endpoint: String,
    samples: [&'v Json; 2],
    definitions: HashMap<String, Arc<Definition>>,
}

impl<'v> Checker<'v> {
    pub(super) fn new(endpoint: &str, samples: [&'v Json; 2]) -> Self {
        Self { endpoint: endpoint.to_owned(), samples, definitions: HashMap::new() }
    }

    /// The rule's text, if it can be read, misses nothing in either sample, and fits the rules before it; else why not.
    pub(super) fn check(&mut self, rule: &RuleDraft) -> Result<String, String> {
        let text = rule.text(&self.endpoint);
        let whole = format!("[[endpoint]]\nname = {}\npath = \"/\"\n{text}", quoted(&self.endpoint));
        let mapping = parse(&whole, Path::new("draft"), &Arc::default())
            .map_err(|error| error.to_string().lines().next().unwrap_or_default().to_owned())?;
        for sample in self.samples {
            if let Some(miss) = evaluate(&mapping, 0, sample).misses.first() {
                return Err(format!("{}; {}", miss.reason.as_str(), miss.reason.advice()));
            }
        }
        for definition in mapping.rules.iter().flat_map(Rule::definitions) {
            let name = definition.name.to_string();
            let known = self.definitions.entry(name).or_insert_with(|| Arc::clone(definition));
            if known.kind != definition.kind || known.labels != definition.labels {
                return Err(format!("{} has another type or other labels above", definition.name));
            }
        }
        Ok(text)
    }
}
