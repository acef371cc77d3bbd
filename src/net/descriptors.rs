//! The file descriptors of the process, of which some are kept for those who scrape.
//!
//! The kernel gives the lowest number that is free. So who may not have a number above a ceiling leaves the ones above it free,
//! whatever else is open, and nothing has to be counted.

use std::io;
use std::os::fd::{AsFd, AsRawFd as _};
use std::sync::atomic::{AtomicI32, Ordering};

use rustix::process::{Resource, getrlimit, setrlimit};

/// Linux' number for "too many open files"; the standard library has no word for it.
const EMFILE: i32 = 24;
/// And that for "too many open files in system".
const ENFILE: i32 = 23;

/// What is opened for targets has a number below it.
static CEILING: AtomicI32 = AtomicI32::new(i32::MAX);

/// Raises the limit of open files as far as the system lets the process.
pub fn raise() {
    raised();
}

/// The limit of open files, raised as far as it goes.
fn raised() -> u64 {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = rustix::process::Rlimit { current: limit.maximum, ..limit };
        if setrlimit(Resource::Nofile, raised).is_ok() {
            limit = raised;
        }
    }
    limit.current.unwrap_or(u64::MAX)
}

/// Keeps descriptors for `connections` of clients, as far as a quarter of all allows, and a few for files that are open for a
/// moment. Returns for how many connections there are.
pub fn keep(connections: usize) -> usize {
    let (ceiling, connections) = shares(raised(), connections);
    CEILING.store(ceiling, Ordering::Relaxed);
    connections
}

/// The first number that targets may not have, and the number of connections, of `limit` descriptors.
fn shares(limit: u64, connections: usize) -> (i32, usize) {
    let limit = i32::try_from(limit).unwrap_or(i32::MAX);
    let served = i32::try_from(connections).unwrap_or(i32::MAX).min(limit / 4);
    let ceiling = limit - served - (limit / 8).clamp(4, 32);
    (ceiling, usize::try_from(served).unwrap_or_default().max(1))
}

/// What was just opened for a target, unless it took a descriptor that is kept; then it is closed again.
pub fn unkept<T: AsFd>(opened: T) -> io::Result<T> {
    if opened.as_fd().as_raw_fd() < CEILING.load(Ordering::Relaxed) {
        Ok(opened)
    } else {
        Err(io::Error::from_raw_os_error(EMFILE))
    }
}

/// Whether it is the lack of a descriptor.
#[must_use]
pub fn is_lack(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(EMFILE | ENFILE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_is_kept_at_most_and_some_room_at_least() {
        for (limit, connections, expected) in [
            (16, 512, (8, 4)),
            (32, 512, (20, 8)),
            (64, 512, (40, 16)),
            (1024, 512, (736, 256)),
            (20_000, 512, (19_456, 512)),
            (20_000, 1, (19_967, 1)),
            (u64::MAX, 512, (2_147_483_103, 512)),
        ] {
            assert_eq!(shares(limit, connections), expected, "{limit}");
        }
    }

    #[test]
    fn the_limit_is_raised_to_what_it_may_be() {
        let raised = raised();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!((limit.current, limit.maximum.unwrap_or(u64::MAX)), (limit.maximum, raised));
    }

    #[test]
    fn the_lack_of_a_descriptor_is_known_by_its_number() {
        assert!(is_lack(&io::Error::from_raw_os_error(EMFILE)) && is_lack(&io::Error::from_raw_os_error(ENFILE)));
        assert!(!is_lack(&io::ErrorKind::NotFound.into()));
        assert_eq!(io::Error::from_raw_os_error(EMFILE).to_string(), "Too many open files (os error 24)");
    }
}
