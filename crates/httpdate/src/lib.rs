//! Dates of HTTP (RFC 9110, section 5.6.7): written in the one form, read in all three.
//!
//! It stands in for the crate of that name on crates.io, which panics at a clock before 1970. It has what hyper and the agent use
//! of it. A time before 1970 is written as the first second of that year, one after the year 9999 as the last of that.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// The last second of the year 9999.
const LAST: Duration = Duration::from_secs(253_402_300_799);

/// A time, to be written as a date of HTTP.
#[derive(Debug, Clone, Copy)]
pub struct HttpDate(OffsetDateTime);

/// The text is no date of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Error;

impl From<SystemTime> for HttpDate {
    fn from(at: SystemTime) -> Self {
        Self(at.clamp(UNIX_EPOCH, UNIX_EPOCH + LAST).into())
    }
}

impl fmt::Display for HttpDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.0;
        let day = &DAYS[usize::from(at.weekday().number_days_from_monday())][..3];
        let month = MONTHS[usize::from(u8::from(at.month()) - 1)];
        let (hour, minute, second) = (at.hour(), at.minute(), at.second());
        write!(f, "{day}, {:02} {month} {:04} {hour:02}:{minute:02}:{second:02} GMT", at.day(), at.year())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("is no date like \"Sun, 06 Nov 1994 08:49:37 GMT\"")
    }
}

impl std::error::Error for Error {}

/// The time as a date of HTTP.
#[must_use]
pub fn fmt_http_date(at: SystemTime) -> String {
    HttpDate::from(at).to_string()
}

/// Reads a date of HTTP: that of today, or one of RFC 850 or of asctime.
pub fn parse_http_date(text: &str) -> Result<SystemTime, Error> {
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    let (weekday, [day, month, year], clock) = match words[..] {
        [weekday, day, month, year, clock, "GMT"] => (weekday.strip_suffix(','), [day, month, year], clock),
        [weekday, date, clock, "GMT"] => {
            let parts: Vec<&str> = date.split('-').collect();
            (weekday.strip_suffix(','), <[&str; 3]>::try_from(parts).map_err(|_| Error)?, clock)
        }
        [weekday, month, day, clock, year] => (Some(weekday), [day, month, year], clock),
        _ => return Err(Error),
    };
    // Names of days are not compared with the date, as others do not; they must be some.
    let weekday = weekday.filter(|name| DAYS.iter().any(|day| *name == *day || *name == &day[..3])).ok_or(Error)?;
    let date = date(day, month, year, weekday.len() > 3 || words.len() == 4)?;
    let clock: Vec<u8> = clock.split(':').map(|part| number(part, 2)).collect::<Result<_, _>>()?;
    let [hour, minute, second] = clock[..] else { return Err(Error) };
    // A leap second is the last one of its minute.
    let clock = Time::from_hms(hour, minute, if second == 60 { 59 } else { second }).map_err(|_| Error)?;
    Ok(PrimitiveDateTime::new(date, clock).assume_utc().into())
}

fn date(day: &str, month: &str, year: &str, is_short: bool) -> Result<Date, Error> {
    let month = MONTHS.iter().position(|name| *name == month).ok_or(Error)?;
    let month = u8::try_from(month + 1).ok().and_then(|month| Month::try_from(month).ok()).ok_or(Error)?;
    let year: u16 = if is_short {
        // Two digits: the century in which that lies nearest, as the world of HTTP began in 1990.
        let year: u16 = number(year, 2)?;
        year + if year < 70 { 2000 } else { 1900 }
    } else {
        number(year, 4)?
    };
    let day = if day.len() == 1 { number(day, 1)? } else { number(day, 2)? };
    let date = Date::from_calendar_date(i32::from(year), month, day).map_err(|_| Error)?;
    if year < 1970 { Err(Error) } else { Ok(date) }
}

/// A number of that many digits and nothing else.
fn number<N: std::str::FromStr>(text: &str, digits: usize) -> Result<N, Error> {
    let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().map_err(|_| Error) } else { Err(Error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: u64 = 784_111_777;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn a_date_is_written_in_the_one_form() {
        assert_eq!(fmt_http_date(at(AT)), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(fmt_http_date(at(0)), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(fmt_http_date(at(1_709_164_800)), "Thu, 29 Feb 2024 00:00:00 GMT");
    }

    #[test]
    fn what_has_no_date_is_the_nearest_that_has_one() {
        assert_eq!(fmt_http_date(UNIX_EPOCH - Duration::from_hours(24)), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(fmt_http_date(at(300_000_000_000)), "Fri, 31 Dec 9999 23:59:59 GMT");
    }

    #[test]
    fn dates_are_read_in_all_forms() {
        for text in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(parse_http_date(text), Ok(at(AT)), "{text}");
        }
        assert_eq!(parse_http_date("Sun, 31 Dec 2023 23:59:60 GMT"), Ok(at(1_704_067_199)));
        assert_eq!(parse_http_date(&fmt_http_date(at(1_709_164_800))), Ok(at(1_709_164_800)));
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "12",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 94 08:49:37 GMT",
            "Sun 06 Nov 1994 08:49:37 GMT",
            "Son, 06 Nov 1994 08:49:37 GMT",
            "Sun, +6 Nov 1994 08:49:37 GMT",
            "Thu, 01 Jan 1969 00:00:00 GMT",
            "Sunday, 06-Nov-94-1 08:49:37 GMT",
        ] {
            assert_eq!(parse_http_date(text), Err(Error), "{text}");
        }
    }
}
