//! The memory that this process may have.

use std::fs;
use std::path::Path;

/// The least of what is said of it: by its control group and those above, by its limit of addresses, by the machine.
pub(super) fn memory() -> Option<u64> {
    read(Path::new("/proc"), Path::new("/sys/fs/cgroup"))
}

fn read(proc: &Path, cgroup: &Path) -> Option<u64> {
    let text = |path: &Path| fs::read_to_string(path).unwrap_or_default();
    let groups = text(&proc.join("self/cgroup"));
    let of_groups = groups.lines().flat_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, path) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
        let (mount, file) = match controllers {
            "" => (cgroup.to_owned(), "memory.max"),
            _ if controllers.split(',').any(|name| name == "memory") => {
                (cgroup.join("memory"), "memory.limit_in_bytes")
            }
            _ => return Vec::new(),
        };
        // In a container that sees no more than its own group, the mount is that group and the path leads nowhere.
        let ancestors = Path::new(path.trim_start_matches('/')).ancestors();
        ancestors.filter_map(|path| text(&mount.join(path).join(file)).trim().parse().ok()).collect()
    });
    let field = |text: &str, name: &str, place: usize| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_ascii_whitespace().nth(place)?.parse::<u64>().ok()
    };
    let of_addresses = field(&text(&proc.join("self/limits")), "Max address space", 0);
    let of_machine = field(&text(&proc.join("meminfo")), "MemTotal:", 0).map(|kib| kib.saturating_mul(1024));
    of_groups.chain(of_addresses).chain(of_machine).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory_of(files: &[(&str, &str)]) -> Option<u64> {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        read(&root.path().join("proc"), &root.path().join("cgroup"))
    }

    const MEMINFO: (&str, &str) = ("proc/meminfo", "MemTotal:       24684084 kB\nMemFree: 1 kB\n");
    const LIMITS: (&str, &str) = (
        "proc/self/limits",
        "Limit                     Soft Limit           Hard Limit           Units     \n\
         Max resident set          unlimited            unlimited            bytes     \n\
         Max address space         unlimited            unlimited            bytes     \n",
    );

    #[test]
    fn the_tightest_limit_counts() {
        assert_eq!(memory_of(&[]), None);
        assert_eq!(memory_of(&[MEMINFO, LIMITS]), Some(24_684_084 * 1024));
        let addresses = LIMITS.1.replace("space         unlimited", "space         268435456");
        assert_eq!(memory_of(&[MEMINFO, ("proc/self/limits", &addresses)]), Some(256 << 20));
        // Version 2: of a slice above.
        let group = ("proc/self/cgroup", "0::/system.slice/manometer.service\n");
        let own = ("cgroup/system.slice/manometer.service/memory.max", "max\n");
        let slice = ("cgroup/system.slice/memory.max", "536870912\n");
        assert_eq!(memory_of(&[MEMINFO, LIMITS, group, own, slice]), Some(512 << 20));
        // In a container, seen from within and by its path on the machine.
        for path in ["0::/\n", "0::/docker/0123\n", "0::/../../x\n"] {
            let files = [MEMINFO, ("proc/self/cgroup", path), ("cgroup/memory.max", "67108864\n")];
            assert_eq!(memory_of(&files), Some(64 << 20), "{path}");
        }
        // Version 1.
        let groups = ("proc/self/cgroup", "5:cpu,cpuacct:/docker/0123\n4:memory:/docker/0123\n0::/\n");
        let unlimited = ("cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        let own = ("cgroup/memory/docker/0123/memory.limit_in_bytes", "67108864\n");
        assert_eq!(memory_of(&[MEMINFO, groups, unlimited, own]), Some(64 << 20));
        assert_eq!(memory_of(&[MEMINFO, groups, unlimited]), Some(24_684_084 * 1024));
    }
}
