//! `[[metric]]`: what is taken from a body.

use std::borrow::Cow;
use std::str::FromStr as _;
use std::sync::Arc;

use clap::ValueEnum;

use crate::merging::is_moment;
use crate::{
    BodyFormat, Dimension, Endpoint, LabelSource, Merge, Merging, Missing, Parse, Pointer, Rule, SourceUnit, States,
    Value,
};
use metric::{Definition, Kind, vocabulary};
use reader::Table;

/// Elements of an `each` that become series of their own unless the rule says otherwise.
const DEFAULT_LIMIT: usize = 10;

/// The `type` of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Type {
    Gauge,
    Counter,
    Untyped,
    Stateset,
    Info,
}

/// Labels of the vocabulary that hold a state.
const STATE_LABELS: [&str; 3] = ["level", "state", "status"];

/// Reads one rule; `None` if it is of no use.
pub(super) fn read(mut table: Table<'_>, endpoints: &[Endpoint]) -> Option<Rule> {
    let endpoint = read_endpoint_name(&mut table, endpoints);
    let name = table.string_at("name");
    if name.is_none() {
        table.problem(None, "name", None, "is missing; name the metric");
    }
    let kind = table.choice::<Type>("type");
    let shared = name.as_ref().and_then(|(_, name)| vocabulary::find(name));
    let has_instances = endpoint.is_some_and(|at| endpoints[at].instance.is_some());
    refuse_useless(&table, kind, shared.as_ref(), has_instances);
    let each: Option<Pointer> = table.parsed("each");
    let wildcards = each.as_ref().map(Pointer::wildcards);
    if wildcards == Some(0) {
        let message = "has no * and no [key=x]; write one where the elements are, like \"/accounts/*\"";
        table.problem(None, "each", None, message);
    }
    let at = read_places(&mut table, each.is_some() || kind == Some(Type::Info));
    let labels = read_labels(&mut table, wildcards);
    let names: Vec<String> = labels.iter().map(|(label, _)| label.clone()).collect();
    let is_text = endpoint.is_some_and(|at| endpoints[at].format == BodyFormat::Text);
    let value = read_value(&mut table, kind, shared.as_ref(), &names, (is_text, each.is_some()));
    if let Some(endpoint) = endpoint {
        check_groups(&table, &endpoints[endpoint], each.as_ref(), &at);
    }
    let named_by = table.string("named_by").filter(|owner| !owner.is_empty());
    let state_label = table.string("state_label");
    let help = table.string("help");
    let limit = table.integer("limit", 1..=10_000).unwrap_or(DEFAULT_LIMIT);
    let merge = read_merge(&mut table, name.as_ref().map_or("", |(_, name)| name), &value);
    let missing = table.choice("missing").unwrap_or(Missing::Absent);
    let source = table.string("source").filter(|source| !source.is_empty()).map(Arc::from);
    let rule = endpoint.zip(name).and_then(|(endpoint, (line, name))| {
        let has_states = matches!(value, Value::States { .. });
        let definition = shared.map_or_else(
            || {
                let state_label = has_states.then(|| state_label.unwrap_or_else(|| "state".to_owned()));
                let labels = names.iter().cloned().chain(state_label).map(Cow::Owned).collect();
                let by = named_by.as_ref().map(|owner| format!(", under its name of {owner}")).unwrap_or_default();
                let help = help.unwrap_or_else(|| format!("Mapped from {}{by}.", endpoints[endpoint].name));
                let kind = match kind {
                    Some(Type::Counter) => Kind::Counter,
                    Some(Type::Untyped) => Kind::Untyped,
                    Some(Type::Gauge | Type::Stateset | Type::Info) | None => Kind::Gauge,
                };
                let definition = Definition { name: Cow::Owned(name.clone()), kind, labels, help: Cow::Owned(help) };
                own(definition, named_by.is_some())
            },
            |shared| of_vocabulary(shared, has_states, &names),
        );
        let ordered = definition.and_then(|definition| Ok((ordered(&definition, labels, has_states)?, definition)));
        let (labels, definition) = ordered.map_err(|message| table.wrong(line, "name", &name, message)).ok()?;
        let merging = merge.map_or_else(|| Merging::usual(&definition, &value), Merging::told);
        let definition = Arc::new(definition);
        Some(Rule { endpoint, definition, each, at, value, labels, limit, merging, missing, source })
    });
    table.finish();
    rule
}

/// Reports keys that say nothing beside the others: who writes them expects something that will not happen.
fn refuse_useless(table: &Table<'_>, kind: Option<Type>, shared: Option<&Definition>, has_instances: bool) {
    let has_states = kind == Some(Type::Stateset);
    let is_number = !matches!(kind, Some(Type::Stateset | Type::Info));
    let of_states = "belongs to type = \"stateset\"; set the type, or remove it";
    let of_numbers = "belongs to a number; remove it, or the type";
    let of_own = "is given by the shared name; remove it, or rename the metric";
    let of_each = "belongs to each; remove it";
    let is_useless = [
        ("states", !has_states, of_states),
        ("aliases", !has_states, of_states),
        ("level", !has_states, of_states),
        ("state_label", !has_states, of_states),
        ("parse", !is_number, of_numbers),
        ("unit", !is_number, of_numbers),
        ("suffix", !is_number, of_numbers),
        ("merge", !is_number, of_numbers),
        ("scale", !is_number, of_numbers),
        ("divided_by", !is_number, of_numbers),
        ("is", !is_number, of_numbers),
        ("help", shared.is_some(), of_own),
        ("named_by", shared.is_some(), of_own),
        ("state_label", has_states && shared.is_some(), of_own),
        ("limit", !table.has("each"), of_each),
        ("merge", is_number && !table.has("each") && !has_instances, of_each),
    ];
    for (key, is_useless, message) in is_useless {
        if let Some(line) = table.line_of(key).filter(|_| is_useless) {
            table.problem(Some(line), key, None, message);
        }
    }
}

/// Of a text nothing can be found but what its patterns capture.
fn check_groups(table: &Table<'_>, endpoint: &Endpoint, each: Option<&Pointer>, at: &[Pointer]) {
    let Some(keys) = endpoint.patterns.keys().filter(|_| endpoint.format == BodyFormat::Text) else { return };
    let (key, places) = each.map_or(("at", at), |each| ("each", std::slice::from_ref(each)));
    for place in places {
        if place.first_key().is_some_and(|first| !keys.contains(&first)) {
            let message = format!("is captured by no pattern; there are {}", keys.join(", "));
            table.problem(None, key, Some(format!("{:?}", place.to_string())), message);
        }
    }
}

/// What the rule says of several values, if it does.
fn read_merge(table: &mut Table<'_>, name: &str, value: &Value) -> Option<Merge> {
    if let Some((line, text)) = table.string_at("duplicates") {
        table.wrong(line, "duplicates", &text, format!("has become merge; write merge = {text:?}"));
    }
    let line = table.line_of("merge");
    let merge = table.choice("merge")?;
    let Value::Number { parse, .. } = value else { return Some(merge) };
    let message = match (merge, is_moment(name, *parse)) {
        (Merge::Sum, true) => {
            "adds up, and the sum of moments is not a moment; write \"newest\" or \"oldest\", or leave merge out"
        }
        (Merge::Newest | Merge::Oldest, false) => {
            "is for moments; write \"max\" or \"min\", or set parse = \"timestamp\""
        }
        _ => return Some(merge),
    };
    table.problem(line, "merge", None, message);
    None
}

fn read_endpoint_name(table: &mut Table<'_>, endpoints: &[Endpoint]) -> Option<usize> {
    let Some((line, name)) = table.string_at("endpoint") else {
        if endpoints.len() == 1 {
            return Some(0);
        }
        table.problem(None, "endpoint", None, "is missing; name the endpoint that the value stands in");
        return None;
    };
    let found = endpoints.iter().position(|endpoint| endpoint.name == name);
    if found.is_none() {
        let names: Vec<&str> = endpoints.iter().map(|endpoint| endpoint.name.as_str()).collect();
        let message = match names.as_slice() {
            [] => "is not an endpoint; add [[service.endpoint]] with name and path".to_owned(),
            names => format!("is not an endpoint; there are {}", names.join(", ")),
        };
        table.wrong(line, "endpoint", &name, message);
    }
    found
}

fn read_places(table: &mut Table<'_>, may_be_whole: bool) -> Vec<Pointer> {
    if !(may_be_whole || table.has("at")) {
        let message = "is missing; write where the value stands, like \"/data/hits\", or \"\" for the whole body";
        table.problem(None, "at", None, message);
    }
    let mut places = table.each("at", |text| match Pointer::from_str(text) {
        Ok(pointer) if pointer.is_wild() => Err("has a *; write what leads to it into each".to_owned()),
        read => read.map_err(|error| error.to_string()),
    });
    if places.is_empty() {
        places.push(Pointer::default());
    }
    places
}

fn read_value(
    table: &mut Table<'_>,
    kind: Option<Type>,
    shared: Option<&Definition>,
    labels: &[String],
    (is_text, has_each): (bool, bool),
) -> Value {
    if let Some(shared) = shared {
        let wanted = if shared.kind == Kind::Counter { Type::Counter } else { Type::Gauge };
        let is_other =
            |kind| kind != wanted && (wanted == Type::Counter || kind == Type::Counter || kind == Type::Untyped);
        if kind.is_some_and(is_other) {
            let message = format!("{} is a {}; leave type out", shared.name, shared.kind.as_str());
            table.problem(None, "type", None, message);
        }
    }
    let (names, aliases) = (table.strings("states"), table.pairs("aliases"));
    let level = table.string_at("level");
    let number = read_number(table, is_text, has_each);
    match kind {
        Some(Type::Stateset) => {
            let states = read_states(table, names, aliases);
            Value::States { states, level: level.and_then(|(line, name)| read_level(table, line, &name, labels)) }
        }
        Some(Type::Info) => Value::Info,
        _ => number,
    }
}

fn read_number(table: &mut Table<'_>, is_text: bool, has_each: bool) -> Value {
    let parse = table.choice("parse").unwrap_or(if is_text { Parse::Quantity } else { Parse::Number });
    let suffix = table.string("suffix");
    let unknown = |()| format!("is not a unit; there are {}", SourceUnit::names());
    let unit = table.each("unit", |text| text.parse::<SourceUnit>().map_err(unknown)).pop();
    if suffix.is_some() && parse != Parse::Quantity {
        table.problem(None, "suffix", None, "belongs to parse = \"quantity\"; set parse, or remove suffix");
    }
    if let Some(unit) = unit {
        let fits = match parse {
            Parse::Number | Parse::Quantity => true,
            Parse::Duration => unit.dimension() == Dimension::Time,
            Parse::Timestamp | Parse::Bool | Parse::Length | Parse::Count => false,
        };
        if !fits {
            let message = "does not go with parse; a duration is of a unit of time, and what is not a number has none";
            table.problem(None, "unit", Some(format!("{:?}", unit.to_string())), message);
        }
    }
    let scale = table.factor("scale");
    let divisor: Option<Pointer> = table.parsed("divided_by");
    if divisor.as_ref().is_some_and(Pointer::is_wild) {
        table.problem(None, "divided_by", None, "has a *; point at one number of the element");
    }
    let words: Vec<String> = table.strings("is").into_iter().map(|(_, word)| word).collect();
    let message = match parse {
        Parse::Count if !has_each => Some(("parse", "counts elements; add each")),
        Parse::Bool | Parse::Count => None,
        _ if !words.is_empty() => Some(("is", "belongs to parse = \"bool\" or \"count\"; set parse, or remove it")),
        _ => None,
    };
    if let Some((key, message)) = message {
        table.problem(None, key, None, message);
    }
    if matches!(parse, Parse::Bool | Parse::Count | Parse::Timestamp) && (scale.is_some() || divisor.is_some()) {
        let key = if scale.is_some() { "scale" } else { "divided_by" };
        table.problem(None, key, None, "does not go with parse; it is for numbers, quantities, durations and lengths");
    }
    Value::Number { parse, unit, suffix, scale, divisor, words }
}

fn read_states(table: &Table<'_>, names: Vec<(usize, String)>, aliases: Vec<(usize, String, String)>) -> States {
    let states = States::new(
        names.into_iter().map(|(_, name)| name).collect(),
        aliases.into_iter().map(|(_, word, state)| (word, state)).collect(),
    );
    if states.count() == 0 {
        table.problem(None, "states", None, "is missing; list the states in the order of their severity");
    }
    for state in states.dangling() {
        table.problem(None, "aliases", Some(format!("{state:?}")), "is not one of states");
    }
    for state in states.repeated() {
        table.problem(None, "states", Some(format!("{state:?}")), "stands twice, as a state or as an alias; keep one");
    }
    states
}

/// The companion of a state: a gauge with the labels that the rule itself has.
fn read_level(table: &Table<'_>, line: usize, name: &str, labels: &[String]) -> Option<Arc<Definition>> {
    let definition = vocabulary::find(name).map_or_else(
        || {
            let labels = labels.iter().cloned().map(Cow::Owned).collect();
            let help = Cow::Borrowed("The place of the current state among the states, from 0.");
            own(Definition { name: Cow::Owned(name.to_owned()), kind: Kind::Gauge, labels, help }, false)
        },
        |shared| {
            let fits = shared.kind == Kind::Gauge && shared.labels == labels;
            fits.then_some(shared).ok_or_else(|| "must be a gauge with the labels of this metric; rename it".to_owned())
        },
    );
    definition.map(Arc::new).map_err(|message| table.wrong(line, "level", name, message)).ok()
}

/// A definition of the vocabulary, if it is of the kind that the rule is, with those of the rule's labels that it may have.
fn of_vocabulary(mut shared: Definition, has_states: bool, labels: &[String]) -> Result<Definition, String> {
    let has_state_label = shared.labels.last().is_some_and(|label| STATE_LABELS.contains(&label.as_ref()));
    if has_states && !has_state_label {
        return Err("is a number and has no label for states; leave type out".to_owned());
    }
    let optional = vocabulary::optional_labels(&shared.name).iter();
    let given = optional.filter(|optional| labels.iter().any(|label| label == *optional));
    shared.labels.extend(given.map(|label| Cow::Borrowed(*label)));
    Ok(shared)
}

/// A definition that is not of the vocabulary, if it may exist.
fn own(definition: Definition, is_borrowed: bool) -> Result<Definition, String> {
    if is_borrowed { definition.check_borrowed() } else { definition.check() }?;
    if let Some(prefix) = vocabulary::reserved(&definition.name) {
        return Err(format!(
            "names that begin with {prefix} are the agent's own; take one of docs/METRICS.md, or another beginning"
        ));
    }
    match definition.labels.iter().enumerate().find(|(at, label)| definition.labels[..*at].contains(label)) {
        Some((_, label)) => Err(format!("has the label {label} twice; set state_label to another name")),
        None => Ok(definition),
    }
}

/// `wildcards` is their number in `each`, if there is one.
fn read_labels(table: &mut Table<'_>, wildcards: Option<usize>) -> Vec<(String, LabelSource)> {
    let mut labels = Vec::new();
    for (line, label, text) in table.pairs("labels") {
        match label_source(&text, wildcards) {
            Ok(source) => labels.push((label, source)),
            Err(message) => table.wrong(line, "labels", &text, message),
        }
    }
    labels
}

fn label_source(text: &str, wildcards: Option<usize>) -> Result<LabelSource, String> {
    let Some(source) = text.strip_prefix('$') else { return Ok(LabelSource::Fixed(text.to_owned())) };
    let (name, pointer) = source.find('/').map_or((source, None), |at| (&source[..at], Some(&source[at..])));
    let pointer = pointer.map(Pointer::from_str).transpose().map_err(|error| error.to_string())?;
    if pointer.as_ref().is_some_and(Pointer::is_wild) {
        return Err("has a *; a label has one value".to_owned());
    }
    let wildcard = match name {
        "" | "0" => 0,
        "key" if pointer.is_none() => wildcards.ok_or("needs each, which has the keys")?,
        number => number.parse::<usize>().ok().filter(|number| *number > 0).ok_or(
            "is neither \"$key\" nor \"$1\" for a key, nor a pointer like \"$/symbol\" or \"$1/name\" for a text",
        )?,
    };
    if wildcard > wildcards.unwrap_or(0) {
        return Err(format!("is of wildcard {wildcard}, and each has {}", wildcards.unwrap_or(0)));
    }
    match (name, pointer) {
        ("", Some(pointer)) => Ok(LabelSource::At(pointer)),
        (_, Some(pointer)) => Ok(LabelSource::Above(wildcard, pointer)),
        (_, None) if wildcard > 0 => Ok(LabelSource::Key(wildcard)),
        (_, None) => Err("is the whole body; point at a text in it, like \"$0/name\"".to_owned()),
    }
}

/// The sources in the order of the definition's labels.
fn ordered(
    definition: &Definition,
    mut labels: Vec<(String, LabelSource)>,
    has_states: bool,
) -> Result<Vec<LabelSource>, String> {
    let wanted = definition.labels.len() - usize::from(has_states && !definition.labels.is_empty());
    let mut sources = Vec::new();
    for name in &definition.labels[..wanted] {
        let Some(at) = labels.iter().position(|(label, _)| label == name) else {
            let all = definition.labels[..wanted].join(", ");
            let is_state = !has_states && STATE_LABELS.contains(&name.as_ref());
            let hint = if is_state { ", or set type = \"stateset\" if the value is a word" } else { "" };
            return Err(format!("has the labels {all}; add {name} to labels{hint}"));
        };
        sources.push(labels.swap_remove(at).1);
    }
    match labels.first() {
        Some((label, _)) if definition.labels.is_empty() => Err(format!("has no labels; remove {label}")),
        Some((label, _)) if definition.labels[wanted..].iter().any(|own| own == label) => {
            Err(format!("sets the label {label} to the state; remove it from labels"))
        }
        Some((label, _)) => Err(format!("has no label {label}; its labels are {}", definition.labels.join(", "))),
        None => Ok(sources),
    }
}
