//! Hash slots: which keys lie on a node of a cluster.

use std::ops::RangeInclusive;

/// Hash slots of a cluster.
const SLOTS: u16 = 16_384;

/// The hash slots of one node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Slots(Vec<RangeInclusive<u16>>);

impl Slots {
    /// Reads the ranges at the end of a line of CLUSTER NODES: `0-5460 5462 [5461->-id]`.
    ///
    /// A slot in brackets is on its way; where it still belongs to the node it is among the ranges as well. `None` where
    /// something else is written: then nothing is known of the slots.
    #[must_use]
    pub fn parse(ranges: &str) -> Option<Self> {
        let written = ranges.split_ascii_whitespace().filter(|range| !range.starts_with('['));
        let read = written.map(|range| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let (first, last) = (slot(first)?, slot(last)?);
            (first <= last).then_some(first..=last)
        });
        let mut ranges: Vec<_> = read.collect::<Option<_>>()?;
        // A server that lies may repeat itself: what is kept is what there can be.
        ranges.sort_unstable_by_key(|range| (*range.start(), *range.end()));
        ranges.dedup();
        ranges.truncate(usize::from(SLOTS));
        Some(Self(ranges))
    }

    /// Whether the node holds this key.
    #[must_use]
    pub fn holds(&self, key: &[u8]) -> bool {
        let slot = of(key);
        self.0.iter().any(|range| range.contains(&slot))
    }
}

fn slot(number: &str) -> Option<u16> {
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse().ok().filter(|slot| digits && *slot < SLOTS)
}

/// The hash slot of a key: of what stands between its first `{` and the next `}`, unless that is nothing.
fn of(key: &[u8]) -> u16 {
    let tag = key.iter().position(|byte| *byte == b'{').and_then(|open| {
        let rest = &key[open + 1..];
        let close = rest.iter().position(|byte| *byte == b'}')?;
        (close > 0).then(|| &rest[..close])
    });
    crc16(tag.unwrap_or(key)) % SLOTS
}

/// CRC16 as XMODEM has it: polynomial 0x1021, nothing reflected, from 0.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        let crc = crc ^ (u16::from(*byte) << 8);
        (0..8).fold(crc, |crc, _| if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_cluster_keyslot() {
        // redis-server 7.0.15, CLUSTER KEYSLOT.
        for (key, slot) in [
            (&b"123456789"[..], 12_739),
            (b"", 0),
            (b"foo", 12_182),
            (b"{user1000}.following", 3443),
            (b"{user1000}.followers", 3443),
            (b"user1000", 3443),
            (b"foo{}{bar}", 8363),
            (b"foo{{bar}}zap", 4015),
            (b"foo{bar}{zap}", 5061),
            (b"foo{bar", 15_278),
            (b"a\nb \xff", 13_883),
        ] {
            assert_eq!(of(key), slot, "{}", String::from_utf8_lossy(key));
        }
    }

    #[test]
    fn ranges_are_read_as_cluster_nodes_writes_them() {
        let slots = Slots::parse("0-5460 5462 [5461->-0123456789abcdef] [93-<-0123456789abcdef]").unwrap();
        assert_eq!(slots, Slots(vec![0..=5460, 5462..=5462]));
        assert!(slots.holds(b"") && slots.holds(b"{user1000}.following"));
        assert!(!slots.holds(b"foo"));
        assert!(Slots::parse("12182").unwrap().holds(b"foo"));
        assert!(!Slots::parse("").unwrap().holds(b""), "a node without slots holds nothing");
    }

    #[test]
    fn what_is_no_range_of_slots_tells_nothing() {
        for bad in ["16384", "0-16384", "5-4", "x", "-1", "1-", "+1", "1-2-3", "99999999999"] {
            assert_eq!(Slots::parse(bad), None, "{bad}");
        }
        assert!(Slots::parse("0-16383").unwrap().holds(b"foo"));
    }

    #[test]
    fn a_server_that_repeats_itself_costs_nothing() {
        let all: Vec<String> = (0..SLOTS).map(|slot| slot.to_string()).collect();
        assert_eq!(Slots::parse(&all.join(" ").repeat(7).replace("163830", "16383 0")).unwrap().0.len(), all.len());
        assert_eq!(Slots::parse(&"7 ".repeat(1000)).unwrap(), Slots(vec![7..=7]));
    }
}
