//! What is told of one key.

use redis::Value;

use crate::collector::redis::reply;

/// The type of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Type {
    /// Not asked, or not answered.
    #[default]
    Unknown,
    /// There is no such key.
    None,
    Text,
    /// A type with elements, and the command that counts them.
    Elements(&'static str),
    Stream,
    /// Of a module, or newer than the agent: no command is known that gives its size.
    Other,
}

impl Type {
    /// Reads TYPE.
    pub(super) fn read(reply: &Value) -> Self {
        match reply::bytes(reply, "TYPE") {
            Ok(b"none") => Self::None,
            Ok(b"string") => Self::Text,
            Ok(b"list") => Self::Elements("LLEN"),
            Ok(b"set") => Self::Elements("SCARD"),
            Ok(b"zset") => Self::Elements("ZCARD"),
            Ok(b"hash") => Self::Elements("HLEN"),
            Ok(b"stream") => Self::Stream,
            Ok(_) => Self::Other,
            Err(_) => Self::Unknown,
        }
    }

    /// Bytes of a text that are read: a number has no more, nor has the head of a `HyperLogLog`.
    pub(super) const LAST_OF_HEAD: &'static str = "63";

    /// The command that tells the size of a key of this type, and whether its first bytes tell more.
    pub(super) const fn sizing(self) -> Option<(&'static str, bool)> {
        match self {
            Self::Text => Some(("STRLEN", true)),
            Self::Elements(count) => Some((count, false)),
            Self::Stream => Some(("XLEN", false)),
            Self::Unknown | Self::None | Self::Other => None,
        }
    }
}

/// What is known of a key.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Looked {
    pub(super) kind: Type,
    /// Its elements, or the bytes of a text; `None` where it is not known.
    pub(super) size: Option<u64>,
    /// The number that a text is.
    pub(super) value: Option<f64>,
    /// Bytes.
    pub(super) memory: Option<u64>,
}

impl Looked {
    /// Reads the reply to the command of [`sizing`](Type::sizing). An error (another type by now, another node of the
    /// cluster) tells nothing.
    pub(super) fn size(&mut self, reply: &Value) {
        self.size = reply::count(reply, "size").ok();
    }

    /// Reads the first bytes of a text, whose size is known.
    pub(super) fn head(&mut self, reply: &Value) {
        let Ok(head) = reply::bytes(reply, "GETRANGE") else { return };
        if head.starts_with(b"HYLL") {
            self.size = cardinality(head);
        } else if self.size == u64::try_from(head.len()).ok() {
            // A name that happens to be "inf" or "nan" is none.
            let number = std::str::from_utf8(head).ok().and_then(|text| text.parse().ok());
            self.value = number.filter(|number: &f64| number.is_finite());
        }
    }
}

/// What a `HyperLogLog` counted when it was last asked: PFCOUNT would tell it too, and write where the number is outdated.
fn cardinality(head: &[u8]) -> Option<u64> {
    const OUTDATED: u64 = 1 << 63;
    let number = u64::from_le_bytes(head.get(8..16)?.try_into().ok()?);
    (number & OUTDATED == 0).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::super::super::reply::build::{bulk, error};
    use super::*;

    fn text(length: i64, head: &[u8]) -> Looked {
        let mut looked = Looked::default();
        looked.size(&Value::Int(length));
        looked.head(&Value::BulkString(head.to_vec()));
        looked
    }

    #[test]
    fn a_text_has_a_length_and_maybe_a_value() {
        for (written, value) in
            [("12.5", Some(12.5)), ("-3", Some(-3.0)), ("1e3", Some(1000.0)), ("", None), (" 5", None)]
        {
            let looked = text(i64::try_from(written.len()).unwrap(), written.as_bytes());
            assert_eq!((looked.size, looked.value), (Some(written.len() as u64), value), "{written:?}");
        }
        for written in ["nan", "inf", "infinity", "0x10", "1_000", "hello"] {
            assert_eq!(text(i64::try_from(written.len()).unwrap(), written.as_bytes()).value, None, "{written}");
        }
        assert_eq!(text(70, "1".repeat(64).as_bytes()).value, None, "only the head of it was read");
    }

    #[test]
    fn a_hyperloglog_counts_what_it_was_asked_last() {
        let head = |last: u8| [&b"HYLL\x01\0\0\0\x04\0\0\0\0\0\0"[..], &[last], &[0; 48]].concat();
        assert_eq!(text(200, &head(0)).size, Some(4));
        assert_eq!(text(200, &head(0x80)).size, None, "an element came since");
        assert_eq!(text(10, b"HYLL\x01").size, None);
    }

    #[test]
    fn an_error_tells_nothing() {
        let mut looked = Looked::default();
        looked.size(&error("WRONGTYPE x"));
        looked.head(&error("WRONGTYPE x"));
        assert_eq!(looked, Looked::default());
        assert_eq!(Type::read(&bulk("ReJSON-RL")), Type::Other);
        assert_eq!(Type::read(&Value::SimpleString("zset".into())), Type::Elements("ZCARD"));
        assert_eq!(Type::read(&error("MOVED 1 :0")), Type::Unknown);
    }
}
