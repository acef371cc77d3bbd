//! Podman behind its Docker API: Debian 12's own version on the machine of the tests, a newer one in the test machine.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use super::files::{all_agree, is_v2, of_container};
use crate::support::agent::Agent;
use crate::support::docker::{IMAGE, busybox};
use crate::support::process::Process;
use crate::support::wait::{SOON, until};

/// A Podman with folders of its own, and its API. What runs in it ends when it is dropped.
struct Podman {
    dir: TempDir,
    service: Option<Process>,
}

impl Podman {
    #[track_caller]
    fn start() -> Self {
        let mut podman = Self { dir: tempfile::tempdir().unwrap(), service: None };
        let mut tar = Command::new("tar");
        let mut tar = tar.arg("-C").arg(busybox()).args(["-c", "."]).stdout(Stdio::piped()).spawn().unwrap();
        let import = podman.command().args(["import", "-", IMAGE]).stdin(tar.stdout.take().unwrap()).output().unwrap();
        assert!(
            tar.wait().unwrap().success() && import.status.success(),
            "{}",
            String::from_utf8_lossy(&import.stderr)
        );
        let mut service = podman.command();
        service.args(["system", "service", "--time", "0", &podman.url()]).stdout(Stdio::null()).stderr(Stdio::null());
        podman.service = Some(Process::spawn(&mut service));
        until(SOON, "the API listens", || podman.socket().exists().then_some(()));
        podman
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("podman.sock")
    }

    fn url(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    fn command(&self) -> Command {
        let folder = |name: &str| self.dir.path().join(name);
        let mut command = Command::new("podman");
        command.args(["--cgroup-manager", "cgroupfs", "--storage-driver", "vfs", "--events-backend", "file"]);
        command
            .arg("--root")
            .arg(folder("root"))
            .arg("--runroot")
            .arg(folder("run"))
            .arg("--tmpdir")
            .arg(folder("tmp"));
        command.stdin(Stdio::null());
        command
    }

    fn output(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().unwrap()
    }

    /// Starts a container without a network in the background; its id.
    #[track_caller]
    fn run(&self, name: &str, options: &[&str], script: &str) -> String {
        // What Podman asks for otherwise may be more than the tests' own limits.
        let limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"];
        let fixed = [&["run", "--detach", "--network", "none", "--name", name][..], &limits].concat();
        let output = self.output(&[&fixed[..], options, &[IMAGE, "/bin/sh", "-c", script]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        self.output(&["rm", "--all", "--force", "--time", "0"]);
        // Its control groups stay, unless others use them.
        let controllers = std::fs::read_dir("/sys/fs/cgroup").into_iter().flatten().flatten();
        for tree in controllers.map(|controller| controller.path()).chain([PathBuf::from("/sys/fs/cgroup")]) {
            let _ = std::fs::remove_dir(tree.join("libpod_parent/conmon"));
            let _ = std::fs::remove_dir(tree.join("libpod_parent"));
        }
    }
}

/// What a Podman of that version sends as the memory of a container: docs/COMPATIBILITY.md.
fn one_number_of_memory(version: &str) -> &'static str {
    let numbers = version.trim().trim_start_matches("podman version ").split('.');
    let numbers: Vec<u32> = numbers.map_while(|part| part.parse().ok()).collect();
    match numbers[..] {
        [major, minor, ..] if (major, minor) >= (5, 6) => "container_memory_working_set_bytes",
        [..] if is_v2() => "container_memory_rss",
        [major, minor, ..] if (major, minor) < (4, 8) => "container_memory_usage_bytes",
        _ => panic!("nothing is known of the memory of {version} on cgroup v1"),
    }
}

#[test]
#[ignore = "needs Podman: make test-engines"]
fn usage_and_exits_of_podman() {
    let version = Command::new("podman").arg("--version").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    eprint!("{version}");
    let memory = one_number_of_memory(&version);
    let podman = Podman::start();
    let id = podman.run(
        "used",
        &["--memory", "64m"],
        "dd if=/dev/zero of=/file bs=1M count=4; while :; do usleep 50000; done",
    );
    podman.run("idle", &[], "exec sleep 100000");
    let url = podman.url();
    let table = |name: &str, more: &str| {
        format!("[[docker]]\nname = {name:?}\nurl = {url:?}\ninterval = \"6s\"\ndeadline = \"5500ms\"\n{more}\n")
    };
    let agent = Agent::run(&format!("{}{}", table("engine", "cgroup_root = \"\""), table("files", "")));
    all_agree(&agent, "files", "used", || of_container(&id));
    // Podman tells less of it than the files, and one number of its memory.
    let told = ["container_cpu_usage_seconds_total", "container_threads", memory];
    all_agree(&agent, "engine", "used", || {
        let mut said = of_container(&id);
        said.retain(|name, _| told.contains(name));
        assert_eq!(said.len(), told.len(), "{told:?}");
        said
    });
    let seen = agent.scrape("engine");
    let of_memory = seen.samples().filter(|sample| sample.labels.get("name").is_some_and(|name| name == "used"));
    let of_memory = of_memory.map(|sample| sample.name.as_str()).filter(|name| name.starts_with("container_memory_"));
    let has_ratio = memory == "container_memory_working_set_bytes";
    let expected = [Some(memory), has_ratio.then_some("container_memory_usage_ratio")];
    let expected: BTreeSet<&str> = expected.into_iter().flatten().collect();
    assert_eq!(of_memory.collect::<BTreeSet<_>>(), expected);
    for endpoint in ["inspect", "stats"] {
        seen.assert("manometer_docker_capability", &[("endpoint", endpoint)], 1.0);
    }
    assert!(seen.get("container_cpu_usage_seconds_total", &[("name", "idle")]).is_some());
    podman.run("bad", &[], "exit 3");
    let exits = [("name", "bad"), ("reason", "error")];
    agent.until("engine", "its exit", |seen| seen.get("container_exits_total", &exits).filter(|count| *count >= 1.0));
}
