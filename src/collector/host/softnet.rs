//! `/proc/net/softnet_stat`: the packets that each CPU took from the network cards.

use super::parse::Bounded;
use crate::metric::{Families, metrics};

metrics! {
    pub(super) fn metrics;
    /// The columns that are shown, by their place.
    const COLUMNS: [(usize, Metric<1>)];
    0 => counter "node_softnet_processed_total" ["cpu"] Count,
        "Packets that the CPU took from network cards.", "/proc/net/softnet_stat";
    1 => counter "node_softnet_dropped_total" ["cpu"] Count,
        "Packets dropped because the CPU's queue was full.", "/proc/net/softnet_stat";
    2 => counter "node_softnet_times_squeezed_total" ["cpu"] Count,
        "Times that the CPU had to stop with packets left.", "/proc/net/softnet_stat";
}

/// CPUs beyond it are left out.
const MOST: usize = 256;

/// Where newer kernels tell the CPU's number; in older ones it is that of the line.
const NUMBER: usize = 12;

/// One CPU's number and its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cpu(u64, [u64; COLUMNS.len()]);

/// Reads the text; `None` if there is no CPU in it.
pub(super) fn parse(text: &str) -> Option<Bounded<Cpu>> {
    // A line that is cut off has another number at its end.
    let lines = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
    let cpus = Bounded::of(lines.zip(0..).filter_map(|(line, number)| cpu(line, number)), MOST);
    (!cpus.shown.is_empty()).then_some(cpus)
}

fn cpu(line: &str, number: u64) -> Option<Cpu> {
    let words: Result<Vec<u64>, _> = line.split_ascii_whitespace().map(|word| u64::from_str_radix(word, 16)).collect();
    let words = words.ok()?;
    let [first, second, third, ..] = words[..] else { return None };
    Some(Cpu(words.get(NUMBER).copied().unwrap_or(number), [first, second, third]))
}

pub(super) fn export(cpus: &Bounded<Cpu>, out: &mut Families) {
    for Cpu(number, columns) in &cpus.shown {
        let number = number.to_string();
        for ((_, metric), value) in COLUMNS.iter().zip(columns) {
            out.push(metric, [&number], *value as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cpu_has_the_number_that_the_line_says() {
        let cpus = parse("0a 2 1 0 0 0 0 0 0 0 0 0 00000003 0 0\nff 0 0\n1 2\nx 1 2\n").unwrap();
        assert_eq!(cpus.shown, [Cpu(3, [10, 2, 1]), Cpu(1, [255, 0, 0])]);
        assert_eq!(parse(""), None);
    }
}
