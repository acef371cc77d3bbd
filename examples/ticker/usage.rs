//! Memory and CPU of this process.

use std::time::Instant;

use procfs::WithCurrentSystemInfo as _;
use procfs::process::Process;

#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Usage {
    /// Resident, in units of 1024 * 1024 bytes.
    pub(crate) memory_mb: f64,
    /// Percent of one core since the look before.
    pub(crate) cpu_percent: f64,
}

/// Looks at this process again and again.
#[derive(Debug)]
pub(crate) struct UsageMeter {
    at: Instant,
    cpu_seconds: f64,
}

impl UsageMeter {
    pub(crate) fn new(now: Instant) -> Self {
        Self { at: now, cpu_seconds: read().map_or(0.0, |(_, cpu)| cpu) }
    }

    /// The usage since the last look; `None` where `/proc` does not tell.
    pub(crate) fn look(&mut self, now: Instant) -> Option<Usage> {
        let (memory_mb, cpu_seconds) = read()?;
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        let cpu_percent = if passed > 0.0 { (cpu_seconds - self.cpu_seconds) / passed * 100.0 } else { 0.0 };
        (self.at, self.cpu_seconds) = (now, cpu_seconds);
        Some(Usage { memory_mb, cpu_percent })
    }
}

fn read() -> Option<(f64, f64)> {
    let stat = Process::myself().and_then(|own| own.stat()).ok()?;
    let cpu_seconds = (stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64;
    let bytes = stat.rss_bytes().get();
    Some((bytes as f64 / f64::from(1024 * 1024), cpu_seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_process_is_seen() {
        let start = Instant::now();
        let mut meter = UsageMeter { at: start, cpu_seconds: 0.0 };
        let usage = meter.look(start + Duration::from_secs(1_000_000)).unwrap();
        assert!((0.5..4_096.0).contains(&usage.memory_mb), "{usage:?}");
        assert!((0.0..1.0).contains(&usage.cpu_percent), "{usage:?}");
        // No time has passed since the last look.
        assert_eq!(meter.look(start).unwrap().cpu_percent.to_string(), "0");
    }
}
