//! The time before each piece of a log line: `2026-11-24T20:50:40.276207147Z `.

/// Bytes that a time and the space behind it have at most.
pub(super) const MAX_STAMP: usize = 36;

/// A time of RFC 3339 at the start of `text`, with a space behind it: nanoseconds since 1970, and the bytes of both.
pub(super) fn read(text: &[u8]) -> Option<(u64, usize)> {
    let date = text.get(..19)?;
    let number = |from: usize, to: usize| digits(&date[from..to]);
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if marks.iter().any(|(at, mark)| date[*at] != *mark) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60
    {
        return None;
    }
    let mut at = 19;
    let mut nanos = 0;
    if text.get(at) == Some(&b'.') {
        let fraction = &text[at + 1..];
        let length = fraction.iter().take(10).position(|byte| !byte.is_ascii_digit())?;
        if length == 0 {
            return None;
        }
        nanos = digits(&fraction[..length])? * 10_u64.pow(9 - u32::try_from(length).ok()?);
        at += 1 + length;
    }
    let (offset, length) = zone(&text[at..])?;
    at += length;
    if text.get(at) != Some(&b' ') {
        return None;
    }
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    let seconds = seconds.checked_add_signed(-offset)?;
    Some((seconds.checked_mul(1_000_000_000)?.checked_add(nanos)?, at + 1))
}

/// Seconds by which a zone is ahead of UTC, and the bytes that say so.
fn zone(text: &[u8]) -> Option<(i64, usize)> {
    let sign = match text.first()? {
        b'Z' => return Some((0, 1)),
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let zone = text.get(1..6)?;
    let (hours, minutes) = (digits(&zone[..2])?, digits(&zone[3..])?);
    if zone[2] != b':' || hours > 23 || minutes > 59 {
        return None;
    }
    let seconds = i64::try_from(hours * 3_600 + minutes * 60).ok()?;
    Some((sign * seconds, 6))
}

fn digits(text: &[u8]) -> Option<u64> {
    text.iter().try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + u64::from(byte - b'0')))
}

/// Days from 1970-01-01 to a date of the Gregorian calendar. The year is taken to begin in March, so that the leap day is
/// its last one.
const fn days(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let of_era = (year % 400) * 365 + (year % 400) / 4 - (year % 400) / 100 + of_year;
    (year / 400) * 146_097 + of_era - 719_468
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use proptest::prelude::*;

    use super::*;

    fn nanos(text: &str) -> Option<u64> {
        let (at, length) = read(text.as_bytes())?;
        assert!(length <= MAX_STAMP);
        assert_eq!(&text[length - 1..length], " ");
        Some(at)
    }

    #[test]
    fn times_of_engines() {
        assert_eq!(nanos("2026-11-24T20:50:40.276207147Z out"), Some(1_795_553_440_276_207_147));
        assert_eq!(nanos("1970-01-01T00:00:00Z "), Some(0));
        assert_eq!(nanos("2024-02-29T23:59:60.5Z x"), Some(1_709_251_200_500_000_000));
        // Podman has whole seconds and the zone of the machine.
        assert_eq!(nanos("2026-11-24T21:50:40+01:00 x"), Some(1_795_553_440_000_000_000));
        assert_eq!(nanos("2026-11-24T15:20:40-05:30 x"), Some(1_795_553_440_000_000_000));
    }

    #[test]
    fn anything_else_is_none() {
        for text in [
            "",
            "2026-11-24T20:50:40.276207147Z",
            "2026-11-24 20:50:40Z x",
            "2026-13-24T20:50:40Z x",
            "2026-11-24T20:50:40.Z x",
            "2026-11-24T20:50:40.1234567890Z x",
            "2026-11-24T20:50:40+1:000 x",
            "2026-11-24T20:50:40+01:00x",
            "1969-12-31T23:59:59Z x",
            "1970-01-01T00:00:00+01:00 x",
            "9999-12-31T23:59:59Z x",
            "2O26-11-24T20:50:40Z x",
        ] {
            assert_eq!(nanos(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_time_is_read_as_another_writes_it(nanos: u64) {
            let text = humantime::format_rfc3339_nanos(UNIX_EPOCH + Duration::from_nanos(nanos)).to_string();
            prop_assert_eq!(read(format!("{text} ").as_bytes()), Some((nanos, text.len() + 1)));
        }
    }
}
