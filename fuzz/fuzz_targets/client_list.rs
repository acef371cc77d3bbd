//! Any CLIENT LIST reply is read, summed and named without a panic, within the bounds of the options.
#![no_main]

use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use manometer::collector::redis::clients::{BufferLimits, ClientTracker, ClassLimit, Options, Pool};
use manometer::collector::redis::clients::{export, summarize};
use manometer::metric::{Families, Rejections};
use reader::Names;

fuzz_target!(|reply: &[u8]| {
    let pool = Pool { names: Names::of(&["web*"]), max: Some(10), ..Pool::new("web") };
    let options = Options { top_k: 3, pools: vec![pool], ..Options::default() };
    let limit = ClassLimit { hard_bytes: 1_000, soft_bytes: 100, soft_seconds: 60 };
    let limits = BufferLimits { normal: limit, replica: limit, pubsub: limit };
    let mut tracker = ClientTracker::default();
    let start = Instant::now();
    let first = summarize(reply, &options, Some(&limits), &mut tracker, start);
    let second = summarize(reply, &options, Some(&limits), &mut tracker, start + Duration::from_secs(1));

    assert_eq!(first.clients(), second.clients());
    assert_eq!(first.by_name.iter().map(|(_, count)| count).sum::<u64>(), first.clients());
    assert!(first.by_name.len() <= 4 && first.by_library.len() <= 4 && first.top_output_buffers.len() <= 3);

    let mut families = Families::new();
    export(&second, &mut families);
    assert_eq!(families.rejections(), Rejections::default());
});
