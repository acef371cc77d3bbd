//! Something that may become a target: what its source says of it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use toml::{Table as Toml, Value};

/// What is said of something that may become a target.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Candidate {
    /// Where that is said, for people: `file /etc/manometer/targets/a.json`.
    pub(super) source: Arc<str>,
    /// Which of the kinds of sources it is.
    pub(super) of: Of,
    /// The kind of the target, as its table is called.
    pub(super) kind: String,
    /// What it is to be called.
    pub(super) name: String,
    /// The host as it is written; an IPv6 address without brackets.
    pub(super) host: String,
    /// The port.
    pub(super) port: u16,
    /// The addresses of the host, where the source knows them.
    pub(super) addresses: Option<Vec<IpAddr>>,
    /// The keys of its table that the source may set.
    pub(super) keys: Arc<Toml>,
}

/// Which kind of source it is, and what is known by that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Of {
    /// A targets file.
    File,
    /// The SRV name of an entry, by its place.
    Srv(usize),
    /// A container. Whether the address is its own; one that a label names is not.
    Container {
        /// Its name.
        name: String,
        /// Its Compose project.
        project: Option<String>,
        /// Whether the address is the container's own.
        is_own: bool,
    },
}

impl Of {
    /// The label's value.
    pub(super) const fn as_str(&self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Srv(_) => "srv",
            Self::Container { .. } => "container",
        }
    }
}

/// The words that a source may say of a target.
pub(super) const WORDS: [&str; 4] = ["name", "profile", "uses", "queues"];

/// Characters of a text that messages show.
const MOST_SHOWN: usize = 100;

/// The keys of a table that the words of a source mean, with `labels` for its series.
///
/// Whatever a source says is taken as it is: a `$` in it refers to nothing, least of all to a secret.
pub(super) fn keys<'w>(words: &BTreeMap<&'w str, &'w str>, labels: &[(&str, &str)]) -> Result<Toml, String> {
    let mut keys = Toml::new();
    let list = |text: &'w str| text.split(',').map(str::trim).filter(|part| !part.is_empty());
    if let Some(profile) = words.get("profile") {
        keys.insert("profile".to_owned(), literal(profile));
    }
    if let Some(uses) = words.get("uses") {
        keys.insert("uses".to_owned(), list(uses).map(literal).collect::<Vec<_>>().into());
    }
    let mut queues: Vec<Value> = Vec::new();
    for queue in words.get("queues").into_iter().flat_map(|queues| list(queues)) {
        let (kind, name) =
            queue.split_once(':').filter(|(kind, name)| !kind.is_empty() && !name.is_empty()).ok_or_else(|| {
                format!(
                    "queues = {:?}: is not a kind and a queue; write it like \"celery:celery\", several with commas",
                    shown(queue)
                )
            })?;
        queues.push(Toml::from_iter([("kind".to_owned(), literal(kind)), ("name".to_owned(), literal(name))]).into());
    }
    if !queues.is_empty() {
        keys.insert("queue".to_owned(), queues.into());
    }
    if !labels.is_empty() {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), literal(value)));
        keys.insert("labels".to_owned(), labels.collect::<Toml>().into());
    }
    Ok(keys)
}

/// A text that means itself in a file of the configuration.
pub(super) fn literal(text: &str) -> Value {
    text.replace('$', "$$").into()
}

/// A text of a source as messages show it: cut, and without what moves a terminal's cursor.
pub(super) fn shown(text: &str) -> String {
    let is_cut = text.chars().nth(MOST_SHOWN).is_some();
    let chars = text.chars().take(MOST_SHOWN).map(|char| if char.is_control() { '\u{fffd}' } else { char });
    chars.chain(is_cut.then_some('…')).collect()
}

/// The host and the port of an address; the host is empty in `:6379`.
pub(super) fn host_and_port(text: &str) -> Result<(String, u16), String> {
    let fault = || "is not a host and a port; write it like redis-1.example.org:6379 or [fd00::7]:6379".to_owned();
    let (host, port) = text.rsplit_once(':').ok_or_else(fault)?;
    let port: u16 = port.parse().ok().filter(|port| *port > 0).ok_or_else(fault)?;
    let host = match host.strip_prefix('[') {
        Some(rest) => {
            let inner = rest.strip_suffix(']').filter(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok());
            inner.ok_or_else(fault)?
        }
        // Nothing that would be more than a host in a URL.
        None if host.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '.' | '-' | '_')) => host,
        None => return Err(fault()),
    };
    if host.len() > 253 { Err(fault()) } else { Ok((host.to_owned(), port)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port_and_nothing_else() {
        let read = |text: &str| host_and_port(text).map(|(host, port)| format!("{host} {port}"));
        for (text, is) in [
            ("redis-1.example.org:6379", "redis-1.example.org 6379"),
            ("10.0.0.7:1", "10.0.0.7 1"),
            ("[fd00::7]:6379", "fd00::7 6379"),
            (":6379", " 6379"),
        ] {
            assert_eq!(read(text).unwrap(), is);
        }
        for text in [
            "",
            "redis",
            "redis:",
            "redis:0",
            "redis:65536",
            "redis:-1",
            "fd00::7:6379",
            "[fd00]:1",
            "[fd00::7:1",
            "user@redis:1",
            "redis/x:1",
            "redis?x:1",
            "re dis:1",
            "redis#:1",
            "http://redis:1",
        ] {
            assert!(read(text).unwrap_err().starts_with("is not a host and a port"), "{text}");
        }
    }

    #[test]
    fn messages_show_the_begin_of_a_text() {
        assert_eq!(shown("redis-1:6379"), "redis-1:6379");
        assert_eq!(shown("a\u{1b}[2J\nb"), "a\u{fffd}[2J\u{fffd}b");
        assert_eq!(shown(&"x".repeat(100)), "x".repeat(100));
        assert_eq!(shown(&"ü".repeat(101)), format!("{}…", "ü".repeat(100)));
    }

    #[test]
    fn words_become_keys_and_refer_to_nothing() {
        let words = [("profile", "ticker"), ("uses", "a, b,"), ("queues", "celery:q${X},list:jobs:high")];
        let keys = keys(&words.into(), &[("team", "${PASSWORD}")]).unwrap();
        let text = "profile = \"ticker\"\nuses = [\"a\", \"b\"]\n\n[labels]\nteam = \"$${PASSWORD}\"\n\n\
                    [[queue]]\nkind = \"celery\"\nname = \"q$${X}\"\n\n[[queue]]\nkind = \"list\"\nname = \"jobs:high\"\n";
        assert_eq!(keys, text.parse::<Toml>().unwrap());
        for queues in ["celery", ":celery", "celery:"] {
            let error = super::keys(&[("queues", queues)].into(), &[]).unwrap_err();
            assert!(error.starts_with(&format!("queues = {queues:?}: is not a kind and a queue")), "{error}");
        }
    }
}
