//! How a mapping comes to the values of one metric: every rule of it, where it looks, what it finds, what becomes of that,
//! and which rule wins.

mod computed;
mod words;

use std::collections::HashMap;
use std::fmt::Write as _;

use super::advice::advice;
use super::body::Body;
use super::evaluate::{DataPoint, Evaluation, evaluate, evaluate_one, find, locate, place};
use super::miss::MissReason;
use super::model::{Mapping, Missing, Rule};
use super::nearest::Keys;
use super::shown::{escaped, shown, shown_pointer};
use super::source::Idle;
use metric::{Definition, vocabulary};
use reader::nearest_names;

/// Elements and series that are shown of one rule.
const SHOWN: usize = 10;

/// What is at hand of one endpoint.
#[derive(Debug, Clone)]
pub enum Given {
    /// Its body.
    Body(Body),
    /// Why there is none.
    Nothing(String),
    /// Nobody asked for it.
    Unasked,
}

impl Given {
    /// The body, if there is one.
    #[must_use]
    pub const fn body(&self) -> Option<&Body> {
        match self {
            Self::Body(body) => Some(body),
            Self::Nothing(_) | Self::Unasked => None,
        }
    }
}

/// Explains a metric, for people. `given` is in the order of the mapping's endpoints. The error names the metrics that
/// may have been meant.
pub fn explain(mapping: &Mapping, given: &[Given], metric: &str) -> Result<String, String> {
    let explained = Explained::new(mapping, given, metric);
    let computed = computed::find(metric);
    let passing = explained.passing();
    let Some(definition) = explained.definition().or_else(|| vocabulary::find(metric)) else {
        if passing.is_empty() {
            return Err(unknown(mapping, given, metric));
        }
        return Ok(format!("{metric}: a series of the service's own.\n{passing}"));
    };
    let mut text = format!("{metric}: {}. {}\n", definition.kind.as_str(), definition.help);
    for (number, index) in explained.rules.iter().enumerate() {
        explained.rule(&mut text, number, *index);
    }
    text += &passing;
    if let Some(computed) = computed {
        explained.computed(&mut text, computed);
    } else if explained.rules.is_empty() && passing.is_empty() {
        text += "\nNo rule of this mapping gives it; add a [[metric]] with this name.\n";
    }
    Ok(text)
}

/// The indices of the endpoints that have a rule for the metric, or for one that it is computed from.
#[must_use]
pub fn endpoints_of(mapping: &Mapping, metric: &str) -> Vec<usize> {
    let names = computed::sources(metric);
    let gives = |rule: &Rule| names.iter().any(|name| is_of(rule, name));
    (0..mapping.endpoints.len())
        .filter(|index| {
            let passes = mapping.endpoints[*index].pass_through.matches(metric);
            passes || mapping.rules.iter().any(|rule| rule.endpoint == *index && gives(rule))
        })
        .collect()
}

/// Whether the rule gives that metric, itself or as its level.
fn is_of(rule: &Rule, metric: &str) -> bool {
    rule.definitions().any(|definition| definition.name == metric)
}

fn unknown(mapping: &Mapping, given: &[Given], metric: &str) -> String {
    let vocabulary = vocabulary::metrics();
    let of_mapping = mapping.rules.iter().flat_map(Rule::definitions);
    let of_bodies = given.iter().filter_map(Given::body).flat_map(|body| &body.families);
    let names = of_mapping
        .map(|definition| &*definition.name)
        .chain(vocabulary.iter().map(|info| info.name))
        .chain(of_bodies.map(|series| series.name.as_str()));
    let mut nearest = nearest_names(names, metric);
    nearest.truncate(3);
    let advice = if nearest.is_empty() {
        "name one of the mapping, or of docs/METRICS.md".to_owned()
    } else {
        format!("did you mean {}?", nearest.join(" or "))
    };
    format!("no metric is named {metric:?}; {advice}")
}

/// One metric with all that is at hand.
struct Explained<'a> {
    mapping: &'a Mapping,
    given: &'a [Given],
    metric: &'a str,
    /// The indices of its rules.
    rules: Vec<usize>,
    evaluations: Vec<Option<Evaluation>>,
    /// The sources that are left out.
    idle: Idle,
    /// The rule that each series comes from.
    winners: HashMap<(String, Vec<String>), usize>,
}

impl<'a> Explained<'a> {
    fn new(mapping: &'a Mapping, given: &'a [Given], metric: &'a str) -> Self {
        let evaluations: Vec<Option<Evaluation>> = given
            .iter()
            .enumerate()
            .map(|(index, given)| given.body().map(|body| evaluate(mapping, index, &body.tree)))
            .collect();
        let rules = (0..mapping.rules.len()).filter(|index| is_of(&mapping.rules[*index], metric)).collect();
        let mut idle = Idle::default();
        idle.update(mapping, &evaluations.iter().map(Option::as_ref).collect::<Vec<_>>());
        let mut explained = Self { mapping, given, metric, rules, evaluations, idle, winners: HashMap::new() };
        for (index, rule) in mapping.rules.iter().enumerate().filter(|(_, rule)| !explained.idle.has(rule)) {
            for point in explained.points(index).to_vec() {
                explained.winners.entry((rule.definition.name.to_string(), point.labels)).or_insert(index);
            }
        }
        explained
    }

    fn definition(&self) -> Option<Definition> {
        let mut definitions = self.mapping.rules[*self.rules.first()?].definitions();
        definitions.find(|definition| definition.name == self.metric).map(|definition| Definition::clone(definition))
    }

    fn points(&self, rule: usize) -> &[DataPoint] {
        let evaluation = self.evaluations[self.mapping.rules[rule].endpoint].as_ref();
        evaluation.map_or(&[], |evaluation| evaluation.of_rule(rule))
    }

    fn rule(&self, text: &mut String, number: usize, index: usize) {
        let rule = &self.mapping.rules[index];
        let endpoint = &self.mapping.endpoints[rule.endpoint];
        let count = self.rules.len();
        let _ = write!(text, "\nRule {} of {count}: endpoint {}, path {:?}", number + 1, endpoint.name, endpoint.path);
        if let Some(primary) = endpoint.fallback_of {
            let _ = write!(text, ", asked only while {} gives nothing", self.mapping.endpoints[primary].name);
        }
        let _ = writeln!(text, "\n  {}", words::places(rule));
        let _ = writeln!(text, "  {}", words::conversion(rule, self.metric));
        match &self.given[rule.endpoint] {
            Given::Unasked => {}
            Given::Nothing(why) => {
                let _ = writeln!(text, "  no body: {why}");
            }
            Given::Body(body) => {
                self.elements(text, rule, body);
                let _ = writeln!(text, "  {}", self.outcome(index));
            }
        }
    }

    /// What stands where the rule looks, and what becomes of it.
    fn elements(&self, text: &mut String, rule: &Rule, body: &Body) {
        let keys = Keys::of(&body.tree);
        // An ignored value is to be explained too.
        let missing = if rule.missing == Missing::Ignore { Missing::Absent } else { rule.missing };
        let strict = Rule { missing, ..rule.clone() };
        let Some(elements) = locate(rule, &body.tree) else {
            let endpoints = self.mapping.endpoints.clone();
            for miss in evaluate(&Mapping { endpoints, rules: vec![strict] }, rule.endpoint, &body.tree).misses {
                let _ = writeln!(text, "  {}: {}", shown_pointer(&miss.at), advice(&miss, &body.tree, &keys));
            }
            return;
        };
        for element in elements.iter().take(SHOWN) {
            let at = place(rule, element);
            let _ = write!(text, "  {}: ", shown_pointer(&at));
            let (point, misses) = evaluate_one(&strict, self.mapping.endpoints[rule.endpoint].format, element);
            let found = find(rule, element.value).map(|(_, value)| value);
            if let Some(found) = found {
                text.push_str(&shown(found));
            }
            if let Some(point) = point {
                let how = if found.is_none() { "not there, so by missing = \"zero\"" } else { "" };
                let result = words::result(rule, self.metric, &point, found);
                let _ = write!(text, "{how} -> {result}");
            }
            for miss in &misses {
                let in_words = || advice(miss, &body.tree, &keys);
                let _ = match found {
                    None if rule.missing == Missing::Ignore => {
                        write!(text, "not there, and nothing is wrong: missing is \"ignore\"")
                    }
                    None => write!(text, "{}", in_words()),
                    Some(_) if matches!(miss.reason, MissReason::Missing | MissReason::Unmatched) => {
                        write!(text, "; {}: {}", shown_pointer(&miss.at), in_words())
                    }
                    Some(_) => write!(text, "; {}: {}", miss.reason.as_str(), miss.reason.advice()),
                };
            }
            text.push('\n');
        }
        if elements.len() > SHOWN {
            let _ = writeln!(text, "  and {} more", elements.len() - SHOWN);
        }
        if elements.len() > rule.limit {
            let _ =
                writeln!(text, "  of the {} elements, limit = {} are series of their own", elements.len(), rule.limit);
        }
    }

    /// Whether the rule's values are the ones that are exported.
    fn outcome(&self, index: usize) -> String {
        let rule = &self.mapping.rules[index];
        if let Some(source) = rule.source.as_deref().filter(|_| self.idle.has(rule)) {
            return format!("left out: source {source:?} has counted nothing, and another one has");
        }
        let name = &rule.definition.name;
        let points = self.points(index);
        let winner = |point: &DataPoint| self.winners.get(&(name.to_string(), point.labels.clone())).copied();
        let lost: Vec<usize> = points.iter().filter_map(winner).filter(|winner| *winner != index).collect();
        match (points.len(), lost.first()) {
            (0, _) => "gives nothing".to_owned(),
            (_, None) if self.rules.len() == 1 => "wins: it is the only rule".to_owned(),
            (_, None) => "wins: no rule before it has a value for the same series".to_owned(),
            (all, Some(first)) => {
                let number = self.rules.iter().position(|rule| rule == first).map_or(0, |at| at + 1);
                let endpoint = &self.mapping.endpoints[self.mapping.rules[*first].endpoint].name;
                let what = if lost.len() == all {
                    "gives way".to_owned()
                } else {
                    format!("{} of {all} give way", lost.len())
                };
                format!("{what}: rule {number} stands before it and has a value (endpoint {endpoint})")
            }
        }
    }

    /// The endpoints that pass the metric through.
    fn passing(&self) -> String {
        let mut text = String::new();
        for (endpoint, given) in self.mapping.endpoints.iter().zip(self.given) {
            let Some(pattern) = endpoint.pass_through.matching(self.metric) else {
                continue;
            };
            let series = given.body().and_then(|body| body.families.iter().find(|series| series.name == self.metric));
            let Some(series) = series else { continue };
            let found = format!("{} of type {}", series.samples.len(), series.kind.as_str());
            let _ = writeln!(
                text,
                "\nPassed through by endpoint {}, path {:?}, pattern {:?}: samples {found}",
                endpoint.name, endpoint.path, pattern
            );
        }
        text
    }
}

/// An element's key in front of what is said of it.
fn label_text(rule: &Rule, labels: &[String]) -> String {
    let pairs: Vec<String> =
        rule.definition.labels.iter().zip(labels).map(|(name, value)| format!("{name}={:?}", escaped(value))).collect();
    if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) }
}

#[cfg(test)]
mod tests;
