//! The smallest parts of a line: numbers, texts and `name=value` pairs.

/// A finite number. `ok` and `true` are 1; `err`, `fail` and `false` are 0.
pub(super) fn status_or_number(value: &[u8]) -> Option<f64> {
    match value {
        b"ok" | b"true" => Some(1.0),
        b"err" | b"fail" | b"false" => Some(0.0),
        _ => number(value),
    }
}

/// A finite number.
pub(super) fn number(value: &[u8]) -> Option<f64> {
    std::str::from_utf8(value).ok()?.parse().ok().filter(|number: &f64| number.is_finite())
}

/// A number of things.
pub(super) fn count(value: &[u8]) -> Option<u64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// A text, with a replacement character for what is not UTF-8.
pub(super) fn text(value: &[u8]) -> Box<str> {
    String::from_utf8_lossy(value).into()
}

/// The number behind `prefix` when all that follows it is digits: `db12` with `db` is 12.
pub(super) fn numbered(key: &[u8], prefix: &[u8]) -> Option<u32> {
    let digits = key.strip_prefix(prefix)?;
    // `parse` alone would take a plus sign.
    if !digits.first()?.is_ascii_digit() {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The pairs of `a=1,b=2`. A part without `=` has an empty value.
pub(super) fn pairs(value: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    value.split(|byte| *byte == b',').map(|part| match part.iter().position(|byte| *byte == b'=') {
        Some(at) => (&part[..at], &part[at + 1..]),
        None => (part, &part[part.len()..]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_finite_or_absent() {
        for (text, expected) in [
            ("0", Some(0.0)),
            ("-1", Some(-1.0)),
            ("1.08", Some(1.08)),
            ("18446744073709551615", Some(18_446_744_073_709_551_615.0)),
            ("1.5e3", Some(1500.0)),
            ("", None),
            ("-", None),
            ("1.06M", None),
            ("100.15%", None),
            ("nan", None),
            ("-nan", None),
            ("inf", None),
            ("1e999", None),
            (" 1", None),
            ("ok", None),
        ] {
            assert_eq!(number(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(number(b"1\xff"), None);
    }

    #[test]
    fn status_words_are_one_and_zero() {
        for (text, expected) in
            [("ok", Some(1.0)), ("true", Some(1.0)), ("err", Some(0.0)), ("fail", Some(0.0)), ("false", Some(0.0))]
        {
            assert_eq!(status_or_number(text.as_bytes()), expected);
        }
        assert_eq!(status_or_number(b"up"), None);
    }

    #[test]
    fn keys_with_a_number_have_nothing_else() {
        assert_eq!(numbered(b"db12", b"db"), Some(12));
        for key in ["db", "dbx", "db1x", "db+1", "db-1", "db 1", "xdb1", "db99999999999", "db0_distrib_strings_sizes"] {
            assert_eq!(numbered(key.as_bytes(), b"db"), None, "{key}");
        }
    }

    #[test]
    fn pairs_keep_what_follows_the_first_equals_sign() {
        let parts: Vec<_> = pairs(b"keys=1=2,expires,=3").collect();
        assert_eq!(parts, [(&b"keys"[..], &b"1=2"[..]), (b"expires", b""), (b"", b"3")]);
    }
}
