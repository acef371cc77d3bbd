//! Log lines for people's eyes: short, harmless to a terminal, and without what looks like a secret.

use std::borrow::Cow;
use std::sync::LazyLock;

use crate::metric::text::cut;
use regex::Regex;

/// Bytes of a text that is shown.
const MAX_SHOWN: usize = 200;

/// What stands for a secret.
const MASK: &str = "***";

/// What looks like a secret, and what of it may be shown. The order matters: a URL is one before its parts are looked at.
static SECRETS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let rules = [
        // User and password of a URL, whatever characters they have.
        (r#"(://)[^\s"'<>]*@"#, "${1}***@"),
        // Headers, up to the end of the line: their values have parts.
        (r#"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie|x-api-key)(\\?["']?\s*[:=]\s*).*"#, "${1}${2}***"),
        // What Redis is told, up to the end of the line.
        (r#"\b(AUTH|SETUSER|HELLO\s+[23]\s+AUTH)\b["',\s]+\S.*"#, "${1} ***"),
        (r"-----BEGIN .*", "***"),
        // key=value, and what JSON and Python make of it; a value in quotes may have spaces.
        (
            r#"(?ix) ( [\w.-]* (?: passw(?:or)?d | passphrase | pwd | secret | token | api[_-]?key | access[_-]?key | private[_-]?key
               | credential | auth | session | signature | requirepass | bearer ) [\w.-]* \\?["']? \s* [=:] \s* )
               (?: \\?"[^"]*"? | \\?'[^']*'? | (?: bearer | basic ) \s+ \S+ | [^\s,;&)}\]]+ )"#,
            "${1}***",
        ),
        (r"(?i)\b(passw(?:or)?d|passphrase|requirepass|masterauth|bearer)(\s+(?:is\s+)?)\S+", "${1}${2}***"),
        // Tokens that say what they are, and long strings without a word in them.
        (
            r"\b(?:AKIA[0-9A-Z]{12,}|gh[pousr]_\w{16,}|xox[abprs]-[\w-]{8,}|sk[-_]\w{12,}|eyJ[\w-]{8,}(?:\.[\w-]+)*)",
            "***",
        ),
        (r"[A-Za-z0-9+/_=-]{40,}", "***"),
    ];
    rules.into_iter().filter_map(|(text, shown)| Some((Regex::new(text).ok()?, shown))).collect()
});

/// The text of a line as it may be shown. `is_cut` if the line goes on behind it.
pub(super) fn shown(line: &[u8], is_cut: bool) -> String {
    let text = String::from_utf8_lossy(line);
    let mut text: Cow<'_, str> = match text.rfind(char::is_whitespace) {
        // The last word may be half a secret that nobody recognises.
        Some(at) if is_cut => text[..at].to_owned().into(),
        None if is_cut => MASK.into(),
        _ => text,
    };
    for (secret, shown) in SECRETS.iter() {
        if let Cow::Owned(masked) = secret.replace_all(&text, *shown) {
            text = masked.into();
        }
    }
    cut(&reader::visible(&text), MAX_SHOWN).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_shown(line: &str, expected: &str) {
        assert_eq!(shown(line.as_bytes(), false), expected);
    }

    #[test]
    fn what_is_no_secret_stays() {
        for line in [
            "ERROR Redis publish failed: Connection timeout on ticker:options:256265",
            "Redis pool metrics: {'max_connections': 50, 'in_use_connections': 4}",
            "redis.exceptions.ConnectionError: Error 111 connecting to redis:6379. Connection refused.",
            "GET http://web:8080/health 503 in 12ms",
        ] {
            assert_shown(line, line);
        }
    }

    #[test]
    fn secrets_are_masked() {
        assert_shown(
            "cannot reach redis://user:p@ss/w:rd@redis:6379/0 now",
            "cannot reach redis://***@redis:6379/0 now",
        );
        assert_shown("rediss://:hunter2@r", "rediss://***@r");
        assert_shown("login password=hunter2, user=bob", "login password=***, user=bob");
        assert_shown("REDIS_PASSWORD=\"hun ter2\" set", "REDIS_PASSWORD=*** set");
        assert_shown(r#"{"db_password": "hun,ter2", "n": 1}"#, r#"{"db_password": ***, "n": 1}"#);
        assert_shown(r#"msg="{\"token\":\"abc\"}" n=1"#, r#"msg="{\"token\":***}" n=1"#);
        assert_shown("{'api_key': 'abc', 'x': 1}", "{'api_key': ***, 'x': 1}");
        assert_shown("wrong password hunter2 for bob", "wrong password *** for bob");
        assert_shown("Authorization: Digest username=\"bob\", response=\"abc\"", "Authorization: ***");
        assert_shown("curl -H 'authorization: Bearer abc.def' x", "curl -H 'authorization: ***");
        assert_shown("Cookie: a=b; c=d", "Cookie: ***");
        assert_shown(
            "1700000000.1 [0 127.0.0.1:1] \"AUTH\" \"default\" \"pw\"",
            "1700000000.1 [0 127.0.0.1:1] \"AUTH ***",
        );
        assert_shown("AUTH hunter2", "AUTH ***");
        assert_shown("ACL SETUSER bob on >hunter2 ~*", "ACL SETUSER ***");
        assert_shown("CONFIG SET requirepass hunter2", "CONFIG SET requirepass ***");
        assert_shown("with bearer abcdef", "with bearer ***");
        assert_shown("key AKIAIOSFODNN7EXAMPLE used", "key *** used");
        assert_shown("got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_1 back", "got *** back");
        assert_shown("-----BEGIN RSA PRIVATE KEY----- MIIE", "***");
        assert_shown("sent wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY ok", "sent *** ok");
        assert_shown("/x?access_token=abc&page=2", "/x?access_token=***&page=2");
    }

    #[test]
    fn a_secret_that_is_cut_is_not_shown() {
        assert_eq!(shown(b"timeout at redis://user:hun", true), "timeout at");
        assert_eq!(shown(b"redis://user:hun", true), MASK);
        assert_eq!(shown(b"failed: password=\"hunter", false), "failed: password=***");
    }

    #[test]
    fn it_is_short_and_harmless() {
        assert_shown("a\x1b[31m\tb\u{202e}c\u{0}", "a\\u{1b}[31m\\tb\\u{202e}c\\u{0}");
        assert_eq!(shown(b"caf\xc3\xa9 \xff", false), "caf\u{e9} \u{fffd}");
        let long = "\u{e9} ".repeat(200);
        let cut = shown(long.as_bytes(), false);
        assert!(cut.len() <= MAX_SHOWN && cut.len() > MAX_SHOWN - 3, "{}", cut.len());
    }
}
