//! The time by which certificates are judged.

use std::time::SystemTime;

use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use tokio_rustls::rustls;

/// The machine's clock. One that is before 1970 is taken to be there: rustls' own way to read it panics then.
#[derive(Debug)]
pub struct Clock;

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(unix_time(SystemTime::now()))
    }
}

fn unix_time(now: SystemTime) -> UnixTime {
    UnixTime::since_unix_epoch(now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn before_1970_it_is_1970() {
        let shown = |at| unix_time(at).as_secs();
        assert_eq!(shown(SystemTime::UNIX_EPOCH - Duration::from_hours(87_600)), 0);
        assert_eq!(shown(SystemTime::UNIX_EPOCH + Duration::from_secs(7)), 7);
    }
}
