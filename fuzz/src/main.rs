//! Feeds one of the agent's fuzz targets, which the variable `FUZZ_TARGET` names, with what libFuzzer makes up. The targets
//! themselves are in the agent's `src/fuzzing`; `scripts/fuzz.sh` builds and runs this.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use manometer::fuzzing::TARGETS;

static RUN: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    let Some(target) = TARGETS.iter().find(|target| target.name == name) else {
        // The list, a line each: the name and the folders with real ones.
        for target in TARGETS {
            println!("{} {}", target.name, target.seeds.join(" "));
        }
        assert!(name.is_empty(), "there is no target {name}");
        return |_| {};
    };
    target.run
});

fuzz_target!(|input: &[u8]| RUN(input));
