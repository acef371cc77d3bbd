//! Times as the engine writes them.

use std::time::SystemTime;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The time in a text of RFC 3339 with any fraction; `None` for the year 1, which stands for never.
pub(crate) fn parse(text: &str) -> Option<SystemTime> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    (time.year() > 1).then(|| time.into())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn times_have_any_fraction_and_offset_and_the_year_1_is_never() {
        let at = |seconds, nanos| Some(UNIX_EPOCH + Duration::new(seconds, nanos));
        for (text, expected) in [
            ("2026-11-24T20:53:03.329928764Z", at(1_795_553_583, 329_928_764)),
            ("2026-11-24T20:53:03Z", at(1_795_553_583, 0)),
            ("2026-11-24T21:53:03.5+01:00", at(1_795_553_583, 500_000_000)),
            ("1970-01-01T00:00:00Z", at(0, 0)),
            ("1969-12-31T23:59:59Z", Some(UNIX_EPOCH - Duration::from_secs(1))),
            ("9999-12-31T23:59:59Z", at(253_402_300_799, 0)),
            ("0001-01-01T00:00:00Z", None),
            ("0000-01-01T00:00:00Z", None),
            ("2026-11-24", None),
            ("2026-13-24T20:53:03Z", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
