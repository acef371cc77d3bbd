//! Any body, in any format, is read or refused, put through every profile and exported, within bounds and without a panic.
#![no_main]

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use manometer::collector::Collector as _;
use manometer::collector::service::{ServiceCollector, Snapshot};
use manometer::mapping::profile::PROFILES;
use manometer::mapping::{Body, BodyFormat, Mapping, Pointer};
use manometer::metric::Families;
use manometer::metric::text::{Format as Exposition, exposition};

const LIMIT: usize = 100;

static MAPPINGS: LazyLock<Vec<Arc<Mapping>>> =
    LazyLock::new(|| PROFILES.iter().map(|shipped| shipped.mapping().unwrap()).collect());

fuzz_target!(|bytes: &[u8]| {
    for format in [BodyFormat::Json, BodyFormat::Python, BodyFormat::Prometheus] {
        let Ok(body) = Body::read(format, bytes) else { continue };
        for mapping in MAPPINGS.iter() {
            // Series that pass through are the service's own: they may be NaN, and are refused by name elsewhere.
            let of = |_| Some(Body { tree: body.tree.clone(), families: Vec::new() });
            let bodies: Vec<_> = (0..mapping.endpoints.len()).map(of).collect();
            let (snapshot, _) = Snapshot::of_bodies(mapping, &bodies, Duration::from_mins(5));
            let mut families = Families::with_limit(LIMIT);
            ServiceCollector::export(&snapshot, &mut families);
            assert!(families.series() <= LIMIT);
            let rejections = families.rejections();
            assert_eq!((rejections.duplicate, rejections.name), (0, 0));
            let text = exposition(&families.into_sorted(), Exposition::Prometheus);
            assert!(!text.contains("NaN\n") && !text.contains("Inf\n"), "{text}");
        }
    }
    if let Some(pointer) = std::str::from_utf8(bytes).ok().and_then(|text| Some((text, text.parse::<Pointer>().ok()?)))
    {
        assert_eq!(pointer.1.to_string(), pointer.0);
    }
});
