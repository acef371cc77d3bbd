//! Bodies of statistics, one or two with a byte 0 between them, of each kind of engine.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bollard::models::ContainerStatsResponse;

use super::derive::{Derived, Previous, Whole};
use super::device::Devices;
use super::dialect::Dialect;
use super::sample::Sample;
use super::usage::{Measured, Stages, Usage, export};
use crate::collector::docker::container::{Container, RunState};
use crate::collector::docker::engine::{Inspected, Limits};
use crate::fuzzing::assert_exposable;
use crate::metric::{Families, Rejections};

/// What a body says is exported once, as numbers, and rates follow from counters that have grown.
pub(in crate::collector::docker) fn bodies(input: &[u8]) {
    let bodies: Vec<ContainerStatsResponse> =
        input.split(|byte| *byte == 0).take(2).filter_map(|body| serde_json::from_slice(body).ok()).collect();
    let Some(body) = bodies.last() else { return };
    let kinds = [(None, false), (Some([4, 2, 1]), false), (None, true)];
    for dialect in kinds.map(|(podman, windows)| Dialect { podman, windows }) {
        let Some(sample) = Sample::read(body, dialect) else { continue };
        let before = bodies.first().and_then(|body| Sample::read(body, dialect));
        let before = before.map(|sample| Previous::of(&sample, None));
        let limits = Limits { memory: 1 << 30, memory_swap: i64::MAX, nano_cpus: 1, ..Limits::default() };
        let whole = Whole { limits: Some(&limits), has_limits: true, bits_per_second: Some(1), one_core: false };
        let derived = Derived::of(&sample, before.as_ref(), &Previous::of(&sample, None), whole);
        let known = [derived.cpu_cores, derived.cpu_ratio, derived.memory_ratio].into_iter();
        for number in known.flatten().chain(derived.bandwidth.into_iter().flatten()) {
            assert!(number.is_finite() && number >= 0.0, "{derived:?}");
        }
        let Ok(mut inspected) = serde_json::from_str::<Inspected>(r#"{"State":{"ExitCode":0}}"#) else { return };
        inspected.limits = limits;
        let container = Container {
            inspected: Some(Arc::new(inspected)),
            ..Container::new("c0ffee", "ticker", "ticker:1.4", RunState::Running, SystemTime::UNIX_EPOCH)
        };
        let stages = Stages { seen: 1, sampled: 1, ..Stages::default() };
        let measured = HashMap::from([(container.id.clone(), Measured { sample, derived })]);
        let usage = Usage::new(measured, Devices::default(), stages, Duration::from_secs(1));
        let mut families = Families::new();
        export(&[container], &usage, &mut families);
        assert_eq!(assert_exposable(families), Rejections::default());
    }
}
