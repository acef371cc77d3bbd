//! Patterns of keys as Redis reads them, so that one walk of a database serves all of its patterns.

/// Whether a key fits a pattern, by the rules of Redis' `KEYS` and `SCAN MATCH`: `*`, `?`, `[abc]`, `[^a]`, `[a-z]`, `\x`.
pub(super) fn fits(pattern: &[u8], key: &[u8]) -> bool {
    let (mut at, mut seen) = (0, 0);
    // Where to go on if it fails further on: the last star takes a byte more.
    let mut star = None;
    while seen < key.len() {
        if pattern.get(at) == Some(&b'*') {
            star = Some((at + 1, seen));
            at += 1;
        } else if let Some(length) = one(&pattern[at..], key[seen]) {
            at += length;
            seen += 1;
        } else if let Some((after, taken)) = star {
            (at, seen) = (after, taken + 1);
            star = Some((after, taken + 1));
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

/// How much of the pattern one byte used up, if it fits.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern {
        [] => None,
        [b'?', ..] => Some(1),
        [b'[', class @ ..] => {
            let (fits, length) = of_class(class, byte);
            fits.then_some(1 + length)
        }
        [b'\\', escaped, ..] => (*escaped == byte).then_some(2),
        [literal, ..] => (*literal == byte).then_some(1),
    }
}

/// Whether the byte is of the class that begins here, and how long the class is. One that does not end ends with the pattern.
fn of_class(class: &[u8], byte: u8) -> (bool, usize) {
    let negated = class.first() == Some(&b'^');
    let mut at = usize::from(negated);
    let mut found = false;
    loop {
        match &class[at..] {
            [] => break,
            [b'\\', escaped, ..] => {
                found |= *escaped == byte;
                at += 2;
            }
            [b']', ..] => {
                at += 1;
                break;
            }
            [first, b'-', last, ..] => {
                found |= (*first.min(last)..=*first.max(last)).contains(&byte);
                at += 3;
            }
            [literal, ..] => {
                found |= *literal == byte;
                at += 1;
            }
        }
    }
    (found != negated, at)
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn patterns_mean_what_they_mean_to_redis() {
        // tests/it/keys.rs asks a server the same.
        for (pattern, key, expected) in [
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a*c", "abbc", true),
            ("a*c", "abbcd", false),
            ("*a*b*", "xxaxxbxx", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("[ab]c", "bc", true),
            ("[^ab]c", "bc", false),
            ("[^ab]c", "cc", true),
            ("[a-c]", "b", true),
            ("[c-a]", "b", true),
            ("[a-]", "-", false),
            ("[a", "a", true),
            ("[]a]", "a", false),
            (r"\*", "*", true),
            (r"\*", "a", false),
            (r"a\", r"a\", true),
            (r"[\]]", "]", true),
            ("a**", "a", true),
            ("session:*:[0-9]", "session:x:y:7", true),
        ] {
            assert_eq!(fits(pattern.as_bytes(), key.as_bytes()), expected, "{pattern} {key}");
        }
        assert!(fits(b"b?", b"b\xff"));
    }

    #[test]
    fn a_pattern_of_many_stars_is_no_trap() {
        let (pattern, key) = ("*a".repeat(200) + "b", "a".repeat(2000));
        assert!(!fits(pattern.as_bytes(), key.as_bytes()));
    }
}
