//! Any INFO reply is read without a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use manometer::collector::redis::info;

fuzz_target!(|reply: &[u8]| {
    let _ = info::parse(reply);
});
