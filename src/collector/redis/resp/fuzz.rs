//! Replies as they come over the wire.

use bytes::BufMut as _;
use redis::Value;

use super::{Allowance, Decoder, VALUE_COST};

const ALLOWED: Allowance = Allowance { bytes: 4 << 10, values: 100 };

/// However it is cut a stream gives the same replies, and none is more than it may be.
pub(crate) fn replies(stream: &[u8]) {
    let whole = decoded([stream]);
    for size in [1, 7, stream.len() / 2 + 1] {
        let pieces = decoded(stream.chunks(size));
        assert_eq!(format!("{:?}", pieces.0), format!("{:?}", whole.0), "in pieces of {size}");
        assert_eq!(pieces.1, whole.1, "in pieces of {size}");
    }
    for reply in &whole.0 {
        assert!(values(reply) <= ALLOWED.values, "{reply:?}");
    }
}

/// The replies, and whether something was wrong behind them.
fn decoded<'p>(pieces: impl IntoIterator<Item = &'p [u8]>) -> (Vec<Value>, bool) {
    let (mut decoder, mut replies) = (Decoder::default(), Vec::new());
    decoder.expect(ALLOWED);
    for mut piece in pieces {
        while !piece.is_empty() {
            // As the wire does it: long strings go to their own place.
            let taken = if let Some(mut payload) = decoder.payload() {
                let length = payload.remaining_mut().min(payload.chunk_mut().len()).min(piece.len());
                payload.put_slice(&piece[..length]);
                decoder.received(length).map(|reply| (length, reply))
            } else {
                decoder.feed(piece)
            };
            let Ok((used, reply)) = taken else { return (replies, true) };
            assert!(decoder.weight() <= ALLOWED.bytes + ALLOWED.values * VALUE_COST, "{}", decoder.weight());
            piece = &piece[used..];
            if let Some(reply) = reply {
                replies.push(reply);
                decoder.expect(ALLOWED);
            }
        }
    }
    (replies, false)
}

/// How many values a reply has, itself among them.
fn values(value: &Value) -> usize {
    match value {
        Value::Array(items) | Value::Set(items) => 1 + items.iter().map(values).sum::<usize>(),
        Value::Map(pairs) => 1 + pairs.iter().map(|(key, value)| values(key) + values(value)).sum::<usize>(),
        _ => 1,
    }
}
