//! OOM kills of which the engine says nothing, as it happens on busy machines.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::support::wait::{SOON, until};

/// Whether someone has asked for sizes, which takes for ever here.
static SIZES_ASKED: AtomicBool = AtomicBool::new(false);

/// Passes on what is asked of the engine and what it answers, without its OOM kills; it ends with the test.
fn without_oom_kills(docker: &Docker) -> PathBuf {
    let (place, engine) = (docker.file("relay.sock"), docker.socket());
    let listener = UnixListener::bind(&place).unwrap();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let engine = engine.clone();
            std::thread::spawn(move || relay(client, &engine));
        }
    });
    place
}

fn relay(mut client: UnixStream, engine: &Path) -> std::io::Result<()> {
    let mut request = BufReader::new(client.try_clone()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if request.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    if head.contains("size=1") {
        SIZES_ASKED.store(true, Ordering::Relaxed);
        return request.read_line(&mut head).map(|_| ());
    }
    let mut answer = UnixStream::connect(engine)?;
    answer.write_all(head.replacen("\r\n", "\r\nConnection: close\r\n", 1).as_bytes())?;
    let mut answer = BufReader::new(answer);
    if !head.contains("/events?filters") {
        let mut whole = Vec::new();
        answer.read_to_end(&mut whole)?;
        let flag = b"\"OOMKilled\":true";
        if let Some(at) = whole.windows(flag.len()).position(|window| window == flag) {
            whole[at..at + flag.len()].copy_from_slice(b"\"OOMKilled\":null");
        }
        return client.write_all(&whole);
    }
    let mut line = Vec::new();
    while answer.read_until(b'\n', &mut line)? > 0 {
        let Ok(size) = usize::from_str_radix(String::from_utf8_lossy(&line).trim(), 16) else {
            client.write_all(&line)?;
            line.clear();
            continue;
        };
        let mut chunk = vec![0; size + 2];
        answer.read_exact(&mut chunk)?;
        if !String::from_utf8_lossy(&chunk).contains(r#""Action":"oom""#) {
            client.write_all(&[&line[..], &chunk].concat())?;
        }
        line.clear();
    }
    Ok(())
}

#[test]
fn an_oom_kill_that_the_engine_does_not_tell_is_told_by_the_kernel() {
    if unavailable() {
        return;
    }
    if let Err(error) = std::fs::File::open("/dev/kmsg") {
        eprintln!("SKIPPED, the kernel's log cannot be read: {error}");
        return;
    }
    let docker = Docker::start();
    let relay = without_oom_kills(&docker);
    let url = format!("unix://{}", relay.display());
    let table = docker.target("engine", "disk_usage_interval = \"1m\"").replace(&docker.url(), &url);
    let agent = Agent::run(&table);
    until_events(&agent);
    let small = ["--network", "none", "--memory", "32m"];
    docker.run_script("hungry", &[&small[..], &["--restart", "on-failure:2"]].concat(), "tail /dev/zero");
    docker.run("victim", &small, &["sleep", "100000"]);
    let pid = docker.inspect("victim")["State"]["Pid"].to_string();
    docker.within(&["busybox", "kill", "-9", &pid]);
    let seen = until_totals(&agent, "hungry", (3, 2, 3), &[("oom", 3)]);
    seen.assert("manometer_docker_events_total", &[("action", "oom")], 0.0);
    seen.assert("manometer_docker_capability", &[("endpoint", "kernel_log")], 1.0);
    let image = [("name", "hungry"), ("image", "busybox:test")];
    seen.assert("container_oom_events_total", &image, 3.0);
    // What no OOM kill explains stays unexplained.
    until_totals(&agent, "victim", (1, 0, 0), &[("sigkill_unexplained", 1)]);
    // A child that is killed while the container lives on is found by the control group alone as well.
    docker.run_script("parent", &small, "tail /dev/zero & wait; exec sleep 100000");
    until_totals(&agent, "parent", (1, 0, 1), &[]);
    // All that time the engine was about to tell sizes, and no poll waited for them.
    assert!(SIZES_ASKED.load(Ordering::Relaxed));
    let kills = |seen: &Exposition| seen.get("container_memory_events_oom_kill_total", &[("name", "parent")]);
    let seen = until(SOON, "its control group has been read", || {
        Some(agent.scrape("engine")).filter(|seen| kills(seen).is_some())
    });
    assert_eq!(kills(&seen), Some(1.0));
    seen.assert("docker_up", &[], 1.0);
    seen.assert("manometer_docker_disk_usage_failures_total", &[], 0.0);
    assert!(seen.family("container_fs_usage_bytes").is_none());
}
