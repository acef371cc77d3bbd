//! What a document of JSON weighs in memory, before it is built there.

use memchr::memchr2;

/// That of an object; all else weighs one, and a list what is in it and three.
const OBJECT: usize = 10;
const LIST: usize = 3;

/// Whether the values of `json` weigh `most` together. Bytes do not tell: `{"":0},` are seven, and hundreds as a map. About 64
/// bytes of memory are one; what is no JSON weighs anything.
#[must_use]
pub fn weighs_at_most(json: &[u8], most: usize) -> bool {
    // No byte weighs more than an object's first, which has another that ends it.
    if json.len().saturating_mul(OBJECT / 2) <= most {
        return true;
    }
    let (mut rest, mut left) = (json, most);
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        let weight = match first {
            b'"' => {
                rest = behind_string(rest);
                0
            }
            b'{' => OBJECT,
            b'[' => LIST,
            b',' => 1,
            _ => 0,
        };
        let Some(less) = left.checked_sub(weight) else { return false };
        left = less;
    }
    true
}

fn behind_string(mut text: &[u8]) -> &[u8] {
    while let Some(at) = memchr2(b'"', b'\\', text) {
        if text[at] == b'"' {
            return &text[at + 1..];
        }
        text = text.get(at + 2..).unwrap_or_default();
    }
    &[]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_count_and_texts_do_not() {
        let weight = |json: &str| (0..100_000).find(|most| weighs_at_most(json.as_bytes(), *most)).unwrap();
        let many = |text: &str| format!("[{}0]", text.repeat(100));
        assert_eq!(weight(&many("1,")), LIST + 100);
        assert_eq!(weight(&many("{\"\":0},")), LIST + 100 * (OBJECT + 1));
        assert_eq!(weight(&many("[],")), LIST + 100 * (LIST + 1));
        assert_eq!(weight(&many(r#""{,[\"{[,\\","#)), LIST + 100);
        let long = format!("[\"{}\"]", ",".repeat(1000));
        assert_eq!(weight(&long), LIST);
        assert_eq!(weight(&long[..500]), LIST, "a text without an end");
        assert!(weighs_at_most(b"", 0) && weighs_at_most(b"{}", OBJECT) && !weighs_at_most(b"{\"a\":1}", OBJECT - 1));
    }
}
