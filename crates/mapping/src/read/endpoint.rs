//! `[[endpoint]]`: one address of a service, and how its body is read.

use std::collections::HashSet;
use std::time::Duration;

use http::uri::PathAndQuery;

use crate::{BodyFormat, Endpoint, Freshness, Pattern, Patterns, Pointer};
use reader::{Names, Table, set};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_hours(24);

/// A service is not asked more often, by whatever mistake.
pub const SHORTEST_INTERVAL: Duration = Duration::from_secs(5);

/// Patterns of one endpoint, and lists: each looks through the whole body.
const MAX_PATTERNS: usize = 32;

/// The most that one fetch may take unless the endpoint says otherwise.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(2);

/// Reads one endpoint: a change of the one of the base that has its name, or a new one. `own` are the names that the
/// tables before it have.
pub(super) fn read(mut table: Table<'_>, endpoints: &mut Vec<Endpoint>, own: &mut HashSet<String>) {
    let Some(name) = table.string("name").filter(|name| !name.is_empty()) else {
        table.problem(None, "name", None, "is missing; name the endpoint, it becomes the label endpoint");
        return;
    };
    if !own.insert(name.clone()) {
        let message = "another endpoint of this service has this name; names must differ";
        table.problem(None, "name", Some(format!("{name:?}")), message);
    }
    let known = endpoints.iter().position(|endpoint| endpoint.name == name);
    let mut endpoint = known.map_or_else(|| new(name), |at| endpoints[at].clone());
    read_path(&mut table, &mut endpoint, known.is_some());
    if let Some(every) = table.duration("every", SHORTEST_INTERVAL..=DAY) {
        endpoint.every = Some(every);
    }
    set(&mut endpoint.timeout, table.duration("timeout", SECOND / 100..=60 * SECOND));
    let statuses = table.integers("statuses", 200..=599);
    if !statuses.is_empty() {
        endpoint.statuses = statuses;
    }
    set(&mut endpoint.format, table.choice("format"));
    read_patterns(&mut table, &mut endpoint);
    set(&mut endpoint.optional, table.boolean("optional"));
    if let Some((line, primary)) = table.string_at("fallback_of") {
        let above = &endpoints[..known.unwrap_or(endpoints.len())];
        endpoint.fallback_of = above.iter().position(|endpoint| endpoint.name == primary);
        if endpoint.fallback_of.is_none() {
            let message = "is not an endpoint above this one; a fallback stands below what it replaces";
            table.wrong(line, "fallback_of", &primary, message);
        }
    }
    if let Some(pointer) = read_pointer(&mut table, "error_at") {
        endpoint.error_at = Some(pointer);
    }
    if let Some(pointer) = read_pointer(&mut table, "instance") {
        endpoint.instance = Some(pointer);
    }
    read_freshness(table.table("freshness"), &mut endpoint);
    read_pass_through(&mut table, &mut endpoint);
    table.finish();
    match known {
        Some(at) => endpoints[at] = endpoint,
        None => endpoints.push(endpoint),
    }
}

fn read_path(table: &mut Table<'_>, endpoint: &mut Endpoint, is_known: bool) {
    let present = table.has("path");
    let Some((line, path)) = table.string_at("path") else {
        if !(present || is_known) {
            table.problem(None, "path", None, "is missing; write the path below the service's url, like \"/stats\"");
        }
        return;
    };
    let message = if !(path.is_empty() || path.starts_with(['/', '?'])) {
        "must begin with /; it is a path below the url of the service, another host is another service"
    } else if path.contains('#') || PathAndQuery::try_from(format!("/{path}")).is_err() {
        "has a character that no path has; percent-encode spaces, # and the like"
    } else {
        endpoint.path = path;
        return;
    };
    // A query may hold a key, and a whole URL a password.
    let shown = path.split(['?', '#']).next().filter(|_| !path.contains('@'));
    table.problem(Some(line), "path", shown.map(|shown| format!("{shown:?}")), message);
}

/// A pointer to one value.
fn read_pointer(table: &mut Table<'_>, key: &'static str) -> Option<Pointer> {
    let pointer: Pointer = table.parsed(key)?;
    if pointer.is_wild() {
        table.problem(None, key, Some(format!("{:?}", pointer.to_string())), "has a *; point at one value");
        return None;
    }
    Some(pointer)
}

fn new(name: String) -> Endpoint {
    Endpoint {
        name,
        path: String::new(),
        every: None,
        timeout: DEFAULT_TIMEOUT,
        statuses: vec![200],
        format: BodyFormat::Json,
        patterns: Patterns::default(),
        fallback_of: None,
        skipped: false,
        optional: false,
        freshness: None,
        error_at: None,
        instance: None,
        pass_through: Names::default(),
        tells_health: false,
    }
}

fn read_freshness(mut table: Table<'_>, endpoint: &mut Endpoint) {
    if table.line.is_none() {
        return;
    }
    let has_place = table.has("at");
    let before = endpoint.freshness.take();
    let (at, max_age) = (read_pointer(&mut table, "at"), table.duration("max_age", SECOND..=DAY));
    let max_age = max_age.or(before.as_ref().map(|before| before.max_age)).unwrap_or(60 * SECOND);
    match at.or(before.map(|before| before.at)) {
        Some(at) => endpoint.freshness = Some(Freshness { at, max_age }),
        None if has_place => {}
        None => table.problem(None, "at", None, "is missing; write where the body has its timestamp"),
    }
    table.finish();
}

fn read_patterns(table: &mut Table<'_>, endpoint: &mut Endpoint) {
    let is_text = endpoint.format == BodyFormat::Text;
    for key in ["patterns", "lists"] {
        if let Some(line) = table.line_of(key).filter(|_| !is_text) {
            table.problem(Some(line), key, None, "belongs to format = \"text\"; set the format, or remove it");
        }
    }
    let is_given = table.has("patterns") || table.has("lists");
    let mut values = table.strings("patterns");
    if let Some((line, text)) = values.get(MAX_PATTERNS).cloned() {
        table.wrong(line, "patterns", &text, format!("is one too many; {MAX_PATTERNS} are read"));
        values.truncate(MAX_PATTERNS);
    }
    let values = values.into_iter().filter_map(|(line, text)| {
        Pattern::new(&text).map_err(|message| table.wrong(line, "patterns", &text, message)).ok()
    });
    let values: Vec<Pattern> = values.collect();
    let (mut lists, line) = (Vec::new(), table.line_of("lists").unwrap_or_default());
    for (name, texts) in table.lists("lists") {
        let pattern =
            |text: &String| Pattern::new(text).map_err(|message| table.wrong(line, "lists", text, message)).ok();
        if lists.len() == MAX_PATTERNS || texts.len() > MAX_PATTERNS {
            table.wrong(line, "lists", &name, format!("is one too many; {MAX_PATTERNS} are read"));
        } else if let Some(patterns) = texts.iter().map(pattern).collect() {
            lists.push((name, patterns));
        }
    }
    if !(values.is_empty() && lists.is_empty()) {
        endpoint.patterns = Patterns::new(values, lists);
    } else if is_text && !is_given && endpoint.patterns.is_empty() {
        let message = "is missing; write what is to be captured, like ['^Active connections: (?<active>\\d+)']";
        table.problem(None, "patterns", None, message);
    }
}

fn read_pass_through(table: &mut Table<'_>, endpoint: &mut Endpoint) {
    let patterns = Names::read(table, "pass_through");
    if patterns.is_empty() {
        return;
    }
    if endpoint.format != BodyFormat::Prometheus {
        table.problem(None, "pass_through", None, "needs series; set format = \"prometheus\"");
    }
    endpoint.pass_through = patterns;
}
