//! /proc/pressure: for how long tasks waited for what the machine is short of (PSI, Linux >= 4.20).

use super::parse::Rows;
use crate::metric::metrics;

/// The files, below /proc/pressure.
pub(super) const FILES: [&str; 4] = ["cpu", "io", "memory", "irq"];

metrics! {
    pub(super) fn metrics;
    /// The totals that are shown, by file and line.
    const FIELDS: [(&'static str, Metric<0>)];
    "cpu some" => counter "node_pressure_cpu_waiting_seconds_total" [] Seconds,
        "Seconds during which a task waited for a CPU.", "/proc/pressure/cpu";
    "io some" => counter "node_pressure_io_waiting_seconds_total" [] Seconds,
        "Seconds during which a task waited for I/O.", "/proc/pressure/io";
    "io full" => counter "node_pressure_io_stalled_seconds_total" [] Seconds,
        "Seconds during which no task could run because all waited for I/O.", "/proc/pressure/io";
    "memory some" => counter "node_pressure_memory_waiting_seconds_total" [] Seconds,
        "Seconds during which a task waited for memory.", "/proc/pressure/memory";
    "memory full" => counter "node_pressure_memory_stalled_seconds_total" [] Seconds,
        "Seconds during which no task could run because all waited for memory.", "/proc/pressure/memory";
    "irq full" => counter "node_pressure_irq_stalled_seconds_total" [] Seconds,
        "Seconds during which no task could run because of interrupts; Linux >= 6.1.", "/proc/pressure/irq";
}

/// Reads the texts of [`FILES`]; `None` without the kernel's support.
pub(super) fn parse(texts: &[Option<String>; FILES.len()]) -> Option<Rows> {
    let all = FILES.iter().zip(texts).filter_map(|(file, text)| Some((file, text.as_deref()?)));
    let totals = all.flat_map(|(file, text)| text.lines().filter_map(move |line| total(file, line)));
    Rows::of(FIELDS, totals)
}

/// `some avg10=0.00 avg60=0.03 avg300=0.35 total=467565225`, in microseconds.
fn total(file: &str, line: &str) -> Option<(String, f64)> {
    let mut words = line.split_ascii_whitespace();
    let kind = words.next()?;
    let micros: u64 = words.find_map(|word| word.strip_prefix("total="))?.parse().ok()?;
    Some((format!("{file} {kind}"), micros as f64 / 1e6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_seconds() {
        let some = "some avg10=98.74 avg60=96.88 avg300=90.36 total=12828192667\nfull avg10=0.00 total=0\n";
        let texts = [Some(some.to_owned()), None, Some("some total=x\nfull avg10=0.00\n".to_owned()), None];
        let rows = parse(&texts).unwrap();
        let values = ["cpu some", "io some", "memory some", "memory full"].map(|key| rows.get(key));
        assert_eq!(values, [Some(12_828.192_667), None, None, None]);
        assert_eq!(parse(&[const { None }; 4]), None);
    }
}
