//! The smallest parts of a line: numbers, texts and `name=value` pairs.

pub(super) use clientlist::digits::count;

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
    if let Some(number) = short_decimal(value) {
        return Some(number);
    }
    std::str::from_utf8(value).ok()?.parse().ok().filter(|number: &f64| number.is_finite())
}

/// A number as some relatives of Redis write it: with blanks around it and, if it is of bytes, a unit (of 1024).
pub(super) fn quantity(value: &[u8], is_bytes: bool) -> Option<f64> {
    const UNITS: [(&[u8], f64); 9] = [
        (b"KB", 1024.0),
        (b"MB", 1_048_576.0),
        (b"GB", 1_073_741_824.0),
        (b"TB", 1_099_511_627_776.0),
        (b"K", 1024.0),
        (b"M", 1_048_576.0),
        (b"G", 1_073_741_824.0),
        (b"T", 1_099_511_627_776.0),
        (b"B", 1.0),
    ];
    let value = value.trim_ascii();
    let with_unit = || {
        let upper = value.to_ascii_uppercase();
        let (digits, factor) = UNITS.iter().find_map(|(unit, factor)| Some((upper.strip_suffix(*unit)?, factor)))?;
        number(digits.trim_ascii_end()).map(|number| number * factor)
    };
    number(value).or_else(|| is_bytes.then(with_unit).flatten())
}

/// A number of at most 15 digits, with or without a point: nearly all that a server sends.
///
/// The digits without the point and the power of ten are exact as f64, so their quotient is rounded once, as it is when
/// the standard library parses the same text, which takes several times as long.
fn short_decimal(value: &[u8]) -> Option<f64> {
    if value.len() > 16 {
        return None;
    }
    let (mut digits, mut scale, mut fraction) = (0u64, 1u64, false);
    for byte in value {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            digits = digits * 10 + u64::from(digit);
            scale *= if fraction { 10 } else { 1 };
        } else if *byte == b'.' && !fraction {
            fraction = true;
        } else {
            return None;
        }
    }
    let has_digits = value.len() > usize::from(fraction);
    let exact = value.len() <= 15 + usize::from(fraction);
    (has_digits && exact).then(|| digits as f64 / scale as f64)
}

/// A text, with a replacement character for what is not UTF-8.
pub(super) fn text(value: &[u8]) -> Box<str> {
    match std::str::from_utf8(value) {
        Ok(text) => text.into(),
        Err(_) => String::from_utf8_lossy(value).into(),
    }
}

/// The number behind `prefix` when all that follows it is digits: `db12` with `db` is 12.
pub(super) fn numbered(key: &[u8], prefix: &[u8]) -> Option<u32> {
    count(key.strip_prefix(prefix)?)?.try_into().ok()
}

/// The pairs of `a=1,b=2`. A part without `=` has an empty value.
pub(super) fn pairs(value: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let value = rest?;
        let (mut equals, mut end) = (None, None);
        // Parts are too short for memchr to pay.
        for (at, byte) in value.iter().enumerate() {
            match byte {
                b'=' if equals.is_none() => equals = Some(at),
                b',' => {
                    end = Some(at);
                    break;
                }
                _ => {}
            }
        }
        rest = end.map(|end| &value[end + 1..]);
        let part = &value[..end.unwrap_or(value.len())];
        Some(equals.map_or((part, &part[part.len()..]), |at| (&part[..at], &part[at + 1..])))
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
            (".", None),
            ("1.2.3", None),
            (".5", Some(0.5)),
            ("5.", Some(5.0)),
            ("999999999999999", Some(999_999_999_999_999.0)),
            ("9999999999.99999", Some(9_999_999_999.999_99)),
            ("99999999999.999999", Some(99_999_999_999.999_999)),
            ("18014398509481985", Some(18_014_398_509_481_984.0)),
        ] {
            assert_eq!(number(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(number(b"1\xff"), None);
    }

    proptest::proptest! {
        #[test]
        fn numbers_are_those_of_the_standard_library(text in "-?[0-9]{0,12}[.]?[0-9]{0,12}") {
            proptest::prop_assert_eq!(number(text.as_bytes()), text.parse::<f64>().ok());
        }
    }

    #[test]
    fn quantities_may_have_blanks_and_bytes_a_unit() {
        for (text, plain, bytes) in [
            (" 12345", Some(12_345.0), Some(12_345.0)),
            ("12345 ", Some(12_345.0), Some(12_345.0)),
            ("37888B", None, Some(37_888.0)),
            ("55332M", None, Some(55_332.0 * 1_048_576.0)),
            ("1.5 GB", None, Some(1_610_612_736.0)),
            ("2kb", None, Some(2048.0)),
            ("B", None, None),
            ("", None, None),
            ("12 34", None, None),
            ("5X", None, None),
        ] {
            assert_eq!(quantity(text.as_bytes(), false), plain, "{text:?}");
            assert_eq!(quantity(text.as_bytes(), true), bytes, "{text:?}");
        }
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
