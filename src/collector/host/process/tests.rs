use super::*;
use crate::metric::text::{Format, exposition};

/// Id, name, command line, and the limit of open files if it can be read.
type Given<'a> = (u32, &'a str, &'a str, Option<&'a str>);

/// A folder like /proc with these processes.
fn proc(processes: &[Given<'_>]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (id, comm, cmdline, limit) in processes {
        let folder = root.path().join(id.to_string());
        fs::create_dir_all(folder.join("fd")).unwrap();
        fs::write(folder.join("comm"), format!("{comm}\n")).unwrap();
        fs::write(folder.join("cmdline"), cmdline).unwrap();
        if let Some(limit) = limit {
            let limits = include_str!("../../../../tests/fixtures/host/limits.txt");
            let (before, line) = limits.split_once("Max open files").unwrap();
            let (_, after) = line.split_once('\n').unwrap();
            let limits = format!("{before}Max open files  {limit}  1048576  files\n{after}");
            fs::write(folder.join("limits"), limits).unwrap();
        }
    }
    fs::create_dir(root.path().join("sys")).unwrap();
    fs::write(root.path().join("stat"), "cpu0 1 1 1 1").unwrap();
    root
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_process_goes_by_the_kernels_name_and_by_that_of_its_program() {
    let root = proc(&[
        (1, "init", "/sbin/init\0splash\0", None),
        (10, "redis-server", "redis-server *:6379\0", Some("65535")),
        (11, "MainThread", "/usr/local/bin/node\0ticker.js\0", Some("1024")),
        (12, "a-name-of-more-", "/opt/a-name-of-more-than-fifteen\0", None),
        (13, "redis-server", "", None),
        (14, "kworker/0:1", "", None),
        (15, "sleep", "/tmp/sleep\0redis-server\0", None),
    ]);
    let found = scan(root.path(), &names(&["redis-server", "node", "a-name-of-more-than-fifteen", "python3"]));
    let counts: Vec<usize> = found.programs.iter().map(|program| program.count).collect();
    assert_eq!((counts, found.complete, found.exporter), (vec![1, 1, 1, 0], true, false));
    let files = found.programs.iter().map(|program| program.max_fds).collect::<Vec<_>>();
    assert_eq!(files, [Some(65_535), Some(1_024), None, None]);
}

#[test]
fn of_several_the_one_nearest_to_its_limit_counts() {
    let root = proc(&[
        (1, "init", "init\0", None),
        (10, "worker", "worker\0", Some("4096")),
        (11, "worker", "worker\0", Some("1024")),
        (12, "worker", "worker\0", Some("unlimited")),
        (13, "daemon", "daemon\0", Some("unlimited")),
    ]);
    let found = scan(root.path(), &names(&["worker", "daemon"]));
    let worker = &found.programs[0];
    assert_eq!((worker.count, worker.max_fds), (3, Some(1024)));
    // A limit that is none has the number that process_max_fds has then.
    assert_eq!(found.programs[1].max_fds, Some(u64::MAX));
    let mut out = Families::new();
    export(&found, &mut out);
    assert!(out.get("manometer_host_process_max_fds").is_some());
}

#[test]
fn the_other_exporter_is_known_by_either_of_its_names() {
    for (comm, cmdline, expected) in [
        ("node_exporter", "/bin/node_exporter\0--path.procfs=/host/proc\0", true),
        ("prometheus-node", "/usr/bin/prometheus-node-exporter\0", true),
        ("prometheus-node", "/usr/bin/prometheus-node-other\0", false),
        ("vi", "vi\0node_exporter\0", false),
        ("node_exporter", "", false),
    ] {
        let root = proc(&[(1, "init", "init\0", None), (2, comm, cmdline, None)]);
        assert_eq!(scan(root.path(), &[]).exporter, expected, "{comm} {cmdline:?}");
    }
}

#[test]
fn where_processes_are_hidden_none_seen_is_none_known() {
    let root = proc(&[(10, "worker", "worker\0", None)]);
    let found = scan(root.path(), &names(&["worker", "redis-server"]));
    assert!(!found.complete);
    let mut out = Families::new();
    export(&found, &mut out);
    let text = exposition(&out.into_sorted(), Format::Prometheus);
    assert!(text.contains("manometer_host_processes{process=\"worker\"} 1\n"), "{text}");
    assert!(!text.contains("redis-server"), "{text}");
    assert!(!scan(&root.path().join("none"), &[]).complete);
}

#[test]
fn the_files_of_this_process() {
    let folder = Path::new("/proc/self");
    let open = open_fds(folder).unwrap();
    let counted = fs::read_dir(folder.join("fd")).unwrap().count() as u64;
    // Other tests of this process open and close files in between.
    assert!(open > 2 && counted > 2, "{open} {counted}");
    assert!(max_fds(folder).unwrap() >= open);
    let (_, program) = called(folder).unwrap().unwrap();
    assert!(program.starts_with("manometer-"), "{program}");
}
