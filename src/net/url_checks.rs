//! What is refused of any address, whatever is spoken there: a URL that means something else than its writer thinks.
//!
//! In `redis://user:1#x@host` and in `http://user:1/x@host` the host is `user`, the port 1 and the password nowhere: the
//! agent would send what it is told to keep secret to a stranger, or ask the wrong server without a word. Every address
//! is held to this one set of rules before it is parsed, and no error repeats any of it.

use std::borrow::Cow;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use url::Url;

/// What a kind of address may have beyond scheme, user, host and path, and how it is written.
pub(super) struct Form {
    /// Whether it may have a query.
    pub(super) query: bool,
    /// A good one: `write it like http://127.0.0.1:8080`.
    pub(super) example: &'static str,
    /// How to write what the syntax of URLs gives another meaning.
    pub(super) fix: &'static str,
}

impl Form {
    /// The parts of `text` and its host, or what is wrong with it. The host of an IPv6 address has no brackets, and its
    /// zone if it has one.
    pub(super) fn parse(&self, text: &str) -> Result<(Url, String), String> {
        let (text, zone) = without_zone(text)?;
        let url = Url::parse(&text).map_err(|error| format!("is not a URL ({error}); {}", self.example))?;
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        if host.is_empty() && !is_socket(&text) {
            return Err(format!("has no host; {}", self.example));
        }
        let host = host.to_owned() + &zone;
        Ok((url, host))
    }

    /// Refuses characters where they would change what the address means.
    pub(super) fn check(&self, text: &str) -> Result<(), String> {
        let fix = self.fix;
        if text.is_empty() {
            return Err(format!("is empty; {}", self.example));
        }
        if text.contains(|char: char| char.is_ascii_control()) {
            // They would be dropped, from a password too.
            return Err("holds a line break, a tab or the like; remove it".to_owned());
        }
        if !self.query && text.contains(['?', '#', '\\']) {
            return Err(format!("has a part after ? or #, or a backslash; leave it out, and {fix}"));
        }
        if text.contains('#') {
            return Err(format!("has a part after #; {fix}"));
        }
        // Some schemes read it as a slash.
        if text.contains('\\') {
            return Err(format!("has a backslash; write it as %5C, and {fix}"));
        }
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let (authority, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        // The path of a socket may hold one.
        if authority.matches('@').count() > 1 || (tail.contains('@') && !is_socket(text)) {
            return Err(format!("has an @ where none belongs; {fix}"));
        }
        // An unknown scheme may be shown, and then it must not be the half of a password.
        let kind = scheme.strip_prefix("redis").or_else(|| scheme.strip_prefix("valkey"));
        let dashed = kind.is_some_and(|kind| kind.starts_with(['-', 's']));
        if scheme.contains(|char: char| !(char.is_ascii_alphanumeric() || char == '+' || (char == '-' && dashed))) {
            return Err(format!("has :// in an unexpected place; {fix}"));
        }
        Ok(())
    }
}

/// The address without the zone of its IPv6 address (`[fe80::1%eth0]`, or `%25eth0` as RFC 6874 has it), which the syntax
/// of URLs does not know, and the zone with a `%` before it.
fn without_zone(text: &str) -> Result<(Cow<'_, str>, String), String> {
    let authority = text.find("://").map_or(0, |at| at + 3);
    let end = text[authority..].find(['/', '?']).map_or(text.len(), |at| authority + at);
    let host = text[..end].rfind('@').map_or(authority, |at| at + 1);
    let bracketed = text[host..end].strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let Some((address, zone)) = bracketed.and_then(|(address, _)| address.split_once('%')) else {
        return Ok((Cow::Borrowed(text), String::new()));
    };
    let named = zone.strip_prefix("25").filter(|name| !name.is_empty()).unwrap_or(zone);
    if named.is_empty() || !named.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)) {
        return Err("has an IPv6 address with a zone that is not a name; write it like [fe80::1%eth0]".to_owned());
    }
    let from = host + 1 + address.len();
    Ok((Cow::Owned(format!("{}{}", &text[..from], &text[from + 1 + zone.len()..])), format!("%{named}")))
}

/// Whether the address is that of a unix domain socket.
fn is_socket(text: &str) -> bool {
    let scheme = text.split(':').next().unwrap_or_default();
    text.starts_with('/') || (scheme.len() < text.len() && matches!(scheme, "unix" | "redis+unix"))
}

/// The path of a socket. `example` is how to write one.
pub(super) fn socket(path: String, example: &str) -> Result<PathBuf, String> {
    if path.starts_with('/') && path.len() > 1 {
        Ok(path.into())
    } else {
        Err(format!("a socket path must be absolute; write it like {example}"))
    }
}

/// Percent-decoded text.
pub(super) fn decoded(text: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(Cow::into_owned).map_err(|_| "user, password and path must be UTF-8 after percent-decoding".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{BaseUrl, RedisUrl};

    const FORM: Form = Form { query: true, example: "write it well", fix: "mend it" };

    #[test]
    fn each_rule_has_its_words() {
        let without = Form { query: false, ..FORM };
        for (form, text, problem) in [
            (&FORM, "", "is empty; write it well"),
            (&FORM, "a://h\t", "holds a line break, a tab or the like; remove it"),
            (&FORM, "a://h#x", "has a part after #; mend it"),
            (&FORM, "a://h\\x", "has a backslash; write it as %5C, and mend it"),
            (&without, "a://h?x", "has a part after ? or #, or a backslash; leave it out, and mend it"),
            (&FORM, "a://u@x@h", "has an @ where none belongs; mend it"),
            (&FORM, "a://h?@", "has an @ where none belongs; mend it"),
            (&FORM, "a:b://h", "has :// in an unexpected place; mend it"),
        ] {
            assert_eq!(form.check(text).unwrap_err(), problem, "{text}");
        }
        for text in ["h", "a://u:p@h/x?y", "/run/a@b.sock", "unix:/run/a@b.sock", "redis+unix:///a@b"] {
            assert_eq!(FORM.check(text), Ok(()), "{text}");
        }
    }

    /// Whatever one kind of address refuses, the other does too.
    #[test]
    fn the_rules_are_the_same_for_every_kind_of_address() {
        for rest in ["u:1#x@h", "u:1\\x@h", "u:1/x@h", "u:p@x@h", "u:a\nb@h", "%ff:p@h", ""] {
            for (redis, http) in [("redis", "http"), ("rediss", "https")] {
                let redis = RedisUrl::parse(&format!("{redis}://{rest}")).unwrap_err();
                let http = BaseUrl::parse(&format!("{http}://{rest}")).unwrap_err();
                assert!(!format!("{redis}{http}").contains("u:"), "{redis} {http}");
            }
        }
        for path in ["/run/a\tb", "/run/a#b", "/run/a\\b", "/", "x/y"] {
            assert!(RedisUrl::parse(&format!("unix://{path}")).is_err(), "{path}");
            assert!(BaseUrl::parse(&format!("unix:{path}")).is_err(), "{path}");
        }
        for path in ["/run/a\tb", "/run/a#b", "/run/a\\b", "/run/a?b", "/"] {
            assert!(RedisUrl::parse(path).is_err(), "{path}");
        }
    }
}
