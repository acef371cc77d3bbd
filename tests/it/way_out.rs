//! What goes out of the agent, whatever comes in: answers and the end, while nobody reads the log and descriptors are few.

use std::io::{Read as _, Write as _, pipe};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::pipe::fcntl_setpipe_size;

use crate::support::agent::{Agent, command, config_file, faketime, patient_target, target};
use crate::support::exposition::Exposition;
use crate::support::fake::Fake;
use crate::support::http::Request;
use crate::support::missing::missing;
use crate::support::port;
use crate::support::process::{Process, Transcript};
use crate::support::redis::RedisServer;
use crate::support::wait::{SOON, until};

/// The end may take a second; a busy machine gets more.
const END: Duration = Duration::from_secs(5);

/// Where nothing listens.
const NOTHING: &str = "redis://127.0.0.1:1";

/// An agent on `config`, as `wrap` has the command, and where it listens.
fn run(config: &str, wrap: impl FnOnce(Command) -> Command) -> (Process, SocketAddr, tempfile::TempDir) {
    let address = SocketAddr::from(([127, 0, 0, 1], port::free()));
    let (dir, file) = config_file(config);
    let listen = format!("--web.listen-address={address}");
    let mut agent = wrap(command(&["run", "--config", file.to_str().unwrap(), "--log.level=debug", &listen]));
    let mut agent = Process::spawn(&mut agent);
    until(SOON, "the agent is ready", || {
        assert_eq!(agent.ended(), None);
        Request::get("/-/ready").try_send(address).ok().filter(|response| response.status == 200)
    });
    (agent, address, dir)
}

fn metrics(address: SocketAddr) -> Exposition {
    let response = Request::get("/metrics").send(address);
    assert_eq!(response.status, 200);
    Exposition::of(&response.text())
}

#[test]
fn a_log_that_nobody_reads_holds_up_no_answer_and_tells_the_gap_when_it_is_read() {
    const PIPE: usize = 4096;
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let (reader, mut writer) = pipe().unwrap();
    fcntl_setpipe_size(writer.as_fd(), PIPE).unwrap();
    writer.write_all(&[b'\n'; PIPE]).unwrap();
    let (mut agent, address, _dir) = run(&target("main", &redis.url()), |mut command| {
        command.stderr(Stdio::from(writer));
        command
    });
    let lost = || metrics(address).value("manometer_log_lines_dropped_total", &[]);
    until(SOON, "lines are lost", || {
        // Each is a line.
        for _ in 0..200 {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(b"what?\r\n\r\n").unwrap();
            stream.read_to_end(&mut Vec::new()).unwrap();
        }
        (lost() > 0.0).then_some(())
    });
    let seen = metrics(address);
    seen.assert("redis_up", &[("target", "main")], 1.0);
    let log = Transcript::of(reader);
    until(SOON, "the log tells of the gap", || log.text().contains("=\"log lines were dropped").then_some(()));
    agent.signal("TERM");
    assert_eq!(agent.wait(END).code(), Some(0));
    let text = until(SOON, "the last line", || Some(log.text()).filter(|text| text.ends_with("msg=stopped\n")));
    let gaps: Vec<&str> = text.lines().filter(|line| line.contains("=\"log lines were dropped")).collect();
    let told: u32 = gaps.iter().map(|line| line.rsplit_once("lines=").unwrap().1.parse::<u32>().unwrap()).sum();
    seen.assert("manometer_log_lines_dropped_total", &[], told.into());
}

#[test]
fn a_log_that_nobody_reads_does_not_hold_up_the_end() {
    let (_reader, mut writer) = pipe().unwrap();
    fcntl_setpipe_size(writer.as_fd(), 4096).unwrap();
    writer.write_all(&[b'\n'; 4096]).unwrap();
    let nothing = target("main", &format!("redis://127.0.0.1:{}", port::free()));
    let (mut agent, ..) = run(&nothing, |mut command| {
        command.stderr(Stdio::from(writer));
        command
    });
    agent.signal("TERM");
    assert_eq!(agent.wait(END).code(), Some(0));
}

/// The agent with so many file descriptors, soft and hard.
fn with_files(soft: u32, hard: u32) -> impl FnOnce(Command) -> Command {
    move |command| {
        let mut limited = Command::new("prlimit");
        limited.arg(format!("--nofile={soft}:{hard}")).arg(command.get_program()).args(command.get_args());
        for (variable, _) in command.get_envs() {
            limited.env_remove(variable);
        }
        limited.stderr(Stdio::piped());
        limited
    }
}

#[test]
fn more_targets_than_descriptors_leave_some_to_those_who_scrape() {
    if missing(&["redis-server", "prlimit"]) {
        return;
    }
    let redis = RedisServer::start();
    let targets: String = (0..40).map(|number| target(&format!("t{number}"), &redis.url())).collect();
    let (mut agent, address, _dir) = run(&targets, with_files(16, 32));
    let log = agent.collect_stderr();
    for _ in 0..10 {
        let seen = metrics(address);
        // The limit was raised.
        seen.assert("process_max_fds", &[], 32.0);
        let states = Request::get("/api/v1/targets").send(address).json();
        let states = states["data"]["targets"].as_array().unwrap();
        let count = |key: &str, value: &str| states.iter().filter(|state| state[key] == value).count();
        let (up, starved) = (count("health", "up"), count("lastErrorReason", "descriptors"));
        assert!(up > 0 && starved > 0 && up + starved == 40, "{up} up, {starved} without a descriptor");
    }
    agent.signal("TERM");
    assert_eq!(agent.wait(END).code(), Some(0));
    let text = log.text();
    assert!(
        text.contains("no file descriptor left but those that it keeps to answer scrapes; raise its limit"),
        "{text}"
    );
    assert!(!text.contains("could not be accepted"), "{text}");
}

#[test]
fn idle_connections_make_room_for_scrapes_where_descriptors_are_few() {
    if missing(&["redis-server", "prlimit"]) {
        return;
    }
    let redis = RedisServer::start();
    let targets: String = (0..10).map(|number| target(&format!("t{number}"), &redis.url())).collect();
    let (agent, address, _dir) = run(&targets, with_files(64, 64));
    let idle: Vec<TcpStream> = (0..100).map(|_| TcpStream::connect(address).unwrap()).collect();
    for _ in 0..10 {
        let seen = metrics(address);
        assert!(seen.value("manometer_http_connections", &[]) <= 16.0, "a quarter of the descriptors");
        for number in 0..10 {
            seen.assert("redis_up", &[("target", &format!("t{number}"))], 1.0);
        }
    }
    drop((idle, agent));
}

#[test]
fn memory_goes_back_and_privileges_are_given_up_before_anything_is_read() {
    let (agent, _, _dir) = run(&target("main", NOTHING), |command| command);
    let of_process = |file: &str| std::fs::read_to_string(format!("/proc/{}/{file}", agent.id())).unwrap();
    let name = of_process("comm");
    assert_eq!(name.trim(), "manometer");
    let status = of_process("status");
    assert!(status.contains("NoNewPrivs:\t1\n"), "{status}");
    let limits = of_process("limits");
    let core = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).unwrap();
    assert!(core.split_whitespace().take(2).eq(["0", "0"]), "{limits}");
    // What cannot be dumped shows its environment to nobody else.
    if cfg!(target_env = "gnu") && rustix::process::geteuid().is_root() {
        let environment = of_process("environ");
        assert!(environment.split('\0').any(|one| one == "MALLOC_MMAP_THRESHOLD_=131072"), "{environment}");
    }
}

#[test]
fn sigterm_ends_it_in_the_middle_of_a_poll() {
    let fake = Fake::silent();
    let mut agent = Agent::spawn(&patient_target("main", &fake.url()), &[]);
    let status = agent.terminate(END);
    assert_eq!(status.code(), Some(0), "{}", agent.log());
    assert!(agent.log().contains("=stopped\n"), "{}", agent.log());
}

#[test]
fn an_idle_keep_alive_connection_does_not_hold_up_the_end() {
    let mut agent = Agent::run(&target("main", NOTHING));
    let _idle = std::net::TcpStream::connect(agent.address).unwrap();
    let status = agent.terminate(END);
    assert_eq!(status.code(), Some(0), "{}", agent.log());
}

#[test]
fn sigterm_ends_it_in_the_middle_of_reloads() {
    const TARGETS: usize = 500;
    let many = |turn: usize| (0..TARGETS).map(|at| target(&format!("t{turn}-{at}"), NOTHING)).collect::<String>();
    let mut agent = Agent::run(&target("main", NOTHING));
    for turn in 0..3 {
        // Each takes the place of all that the last one has begun.
        agent.write_config(&many(turn));
        agent.signal("HUP");
    }
    let status = agent.terminate(END);
    assert_eq!(status.code(), Some(0), "{}", agent.log());
    assert!(agent.log().contains("=stopped\n"), "{}", agent.log());
}

#[test]
fn a_clock_before_1970_costs_no_answer() {
    if missing(&["faketime"]) {
        return;
    }
    let library = faketime().expect("the library is installed with the program");
    let (mut agent, address, _dir) = run(&target("main", NOTHING), |mut agent| {
        agent
            .env("LD_PRELOAD", library)
            .env("FAKETIME", "@1969-06-01 12:00:00")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        agent
    });
    let response = Request::get("/metrics").send(address);
    assert_eq!((response.status, response.header("date")), (200, None));
    Exposition::of(&response.text()).assert("redis_up", &[("target", "main")], 0.0);
    agent.signal("TERM");
    assert_eq!(agent.wait(END).code(), Some(0));
}
