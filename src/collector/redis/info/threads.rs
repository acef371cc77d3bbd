//! What each I/O thread does: `used_active_time_io_thread_<n>` of Valkey, `io_thread_<n>` of Redis 8.

use super::scan;
use crate::metric::{Families, metrics};

metrics! {
    pub(super) fn metrics;
    ACTIVE_TIME: counter "redis_active_time_io_thread_seconds_total" ["thread"] Seconds,
        "Time that the I/O thread was active.", "INFO cpu, Valkey >= 9.0";
    CLIENTS: gauge "redis_io_thread_clients" ["thread"] Count,
        "Clients that the I/O thread serves.", "INFO threads, Redis >= 8.0";
    READS: counter "redis_io_thread_reads_total" ["thread"] Count,
        "Read events processed by the I/O thread.", "INFO threads, Redis >= 8.0";
    WRITES: counter "redis_io_thread_writes_total" ["thread"] Count,
        "Write events processed by the I/O thread.", "INFO threads, Redis >= 8.0";
}

/// What is known of one I/O thread; a server sends one or the other.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct IoThread {
    index: u32,
    active_seconds: Option<f64>,
    clients: Option<f64>,
    reads: Option<f64>,
    writes: Option<f64>,
}

/// Reads one line on an I/O thread; `None` when the key is not one of such a line.
pub(super) fn parse(key: &[u8], value: &[u8], malformed: &mut u64) -> Option<IoThread> {
    let mut keep = |value: &[u8]| {
        let number = scan::number(value);
        *malformed += u64::from(number.is_none());
        number
    };
    if let Some(index) = scan::numbered(key, b"used_active_time_io_thread_") {
        return Some(IoThread { index, active_seconds: keep(value), ..IoThread::default() });
    }
    let mut thread = IoThread { index: scan::numbered(key, b"io_thread_")?, ..IoThread::default() };
    for (name, value) in scan::pairs(value) {
        match name {
            b"clients" => thread.clients = keep(value),
            b"reads" => thread.reads = keep(value),
            b"writes" => thread.writes = keep(value),
            _ => {}
        }
    }
    Some(thread)
}

/// Exports the threads.
pub(super) fn export(threads: &[IoThread], out: &mut Families) {
    for thread in threads {
        let label = thread.index.to_string();
        out.push_known(&ACTIVE_TIME, [&label], thread.active_seconds);
        out.push_known(&CLIENTS, [&label], thread.clients);
        out.push_known(&READS, [&label], thread.reads);
        out.push_known(&WRITES, [&label], thread.writes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_number_names_a_thread() {
        let mut malformed = 0;
        let thread = parse(b"used_active_time_io_thread_3", b"1.250000", &mut malformed);
        assert_eq!(thread, Some(IoThread { index: 3, active_seconds: Some(1.25), ..IoThread::default() }));
        let thread = parse(b"io_thread_0", b"clients=1,reads=8,writes=10,new=x", &mut malformed);
        let expected =
            IoThread { index: 0, clients: Some(1.0), reads: Some(8.0), writes: Some(10.0), ..IoThread::default() };
        assert_eq!(thread, Some(expected));
        assert_eq!(malformed, 0);
        for key in
            ["used_active_time_io_thread_foo", "used_active_time_io_thread_", "io_thread_1x", "io_threads_active"]
        {
            assert_eq!(parse(key.as_bytes(), b"1", &mut malformed), None, "{key}");
        }
        assert_eq!(parse(b"io_thread_1", b"clients=x", &mut malformed).unwrap().clients, None);
        assert_eq!(malformed, 1);
    }
}
