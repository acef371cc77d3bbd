//! Any web configuration is taken or refused without a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use manometer::http::web;

fuzz_target!(|text: &str| {
    let _ = web::parse(text);
});
