//! Small files of the kernel.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// Bytes of one file; `io.stat` of a machine with a thousand disks is some hundred KiB.
const LIMIT: u64 = 1 << 20;

/// The text of a file; `None` if it is not there, or not any more.
pub(super) fn read(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(LIMIT).read_to_end(&mut bytes).ok()?;
    String::from_utf8(bytes).ok()
}

/// The one number of a file; `None` also for `max`.
pub(super) fn number(path: &Path) -> Option<u64> {
    read(path)?.trim().parse().ok()
}

/// The lines `key number` of a text.
pub(super) fn pairs(text: &str) -> HashMap<String, u64> {
    let pair = |line: &str| {
        let (key, value) = line.split_once(' ')?;
        Some((key.to_owned(), value.trim().parse().ok()?))
    };
    text.lines().filter_map(pair).collect()
}

/// The numbers of a device, as `254:0`.
pub(super) fn device(word: &str) -> Option<(u64, u64)> {
    let (major, minor) = word.split_once(':')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
