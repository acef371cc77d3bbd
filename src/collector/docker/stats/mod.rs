//! CPU, memory, network, block I/O and tasks of the running containers.
//!
//! `sweep` asks, `sample` reads one body with the help of a module a part of it, `derive` adds what takes two samples, and
//! `usage` names it all. Names and labels are cAdvisor's; what its name says and the engine does not know is left out.

mod block;
mod cpu;
mod derive;
mod device;
mod dialect;
#[cfg(any(test, fuzzing))]
pub(super) mod fuzz;
mod memory;
mod more;
mod network;
mod sample;
mod series;
mod spec;
mod sweep;
mod totals;
mod usage;

pub(super) use self::sweep::Sweeper;
pub(super) use self::totals::Totals;
pub(super) use self::usage::{Usage, export};
use crate::metric::MetricInfo;

/// Everything that is exported of it.
pub(super) fn metrics() -> Vec<MetricInfo> {
    [
        usage::metrics(),
        totals::metrics(),
        spec::metrics(),
        cpu::metrics(),
        memory::metrics(),
        more::metrics(),
        network::metrics(),
        block::metrics(),
        sample::metrics(),
        derive::metrics(),
    ]
    .concat()
}

#[cfg(test)]
mod tests;
