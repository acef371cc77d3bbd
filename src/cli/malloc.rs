//! What the allocator is asked for before anything is allocated.

use std::env;
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// The environment variable of glibc that fixes the size from which on a buffer is a mapping of its own.
const THRESHOLD: &str = "MALLOC_MMAP_THRESHOLD_";
/// 128 KiB, what glibc itself begins with.
const BYTES: &str = "131072";

/// Starts the program again, in the same process, with glibc's threshold for large buffers fixed.
///
/// glibc raises it, to 32 MiB at most, whenever a larger buffer is freed. Replies of servers and expositions are large and live for
/// milliseconds; without mappings of their own they leave holes between the small things that stay, and an agent of a thousand
/// targets holds twice the memory. glibc reads the variable at the start of a program and at no other time. Other C libraries
/// have no such threshold.
///
/// Returns where the variable is set already, and where the program cannot be started: that costs memory and nothing else.
pub(super) fn fix_threshold(arguments: &[OsString]) {
    let [name, arguments @ ..] = arguments else { return };
    if !cfg!(target_env = "gnu") || env::var_os(THRESHOLD).is_some() {
        return;
    }
    if let Ok(program) = env::current_exe() {
        let _ = Command::new(program).arg0(name).args(arguments).env(THRESHOLD, BYTES).exec();
    }
}
