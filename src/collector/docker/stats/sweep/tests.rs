//! Sweeps over an engine that does as it is told, on a real socket. Time is the test's: nothing but timers lets it pass.

mod faults;
mod order;
mod rates;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

use super::*;
use crate::collector::TargetKind as _;
use crate::collector::docker::container::RunState;
use crate::collector::docker::stats::usage::{self, Stages};
use crate::config::TargetSettings;
use crate::metric::text::{Format, exposition};
use crate::net::BaseUrl;

/// What a container answers when its usage is asked for.
#[derive(Clone)]
enum Reply {
    /// So many seconds of CPU time at so many seconds past ten, and a megabyte of memory.
    Used(f64, f64),
    /// These bytes as a good answer.
    Body(String),
    Status(u16),
    /// 404 without a word.
    Nothing,
    Hang,
}

/// The engine: its answers by container, and what it was asked for.
struct FakeEngine {
    folder: TempDir,
    shared: Arc<Mutex<Shared>>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    version: &'static str,
    replies: HashMap<String, Reply>,
    asked: Vec<String>,
    in_flight: usize,
}

impl Drop for FakeEngine {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl FakeEngine {
    fn start(replies: &[(&str, Reply)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("docker.sock")).unwrap();
        let replies = replies.iter().map(|(id, reply)| ((*id).to_owned(), reply.clone())).collect();
        let version = r#"{"Version":"29.0.0","ApiVersion":"1.52","Os":"linux","Components":[{"Name":"Engine","Version":"29.0.0"}]}"#;
        let shared = Arc::new(Mutex::new(Shared { version, replies, ..Shared::default() }));
        let of_all = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, Arc::clone(&of_all)));
            }
        });
        Self { folder, shared, task }
    }

    fn say(&self, id: &str, reply: Reply) {
        self.shared.lock().unwrap().replies.insert(id.to_owned(), reply);
    }

    /// The containers that were asked since the last call, in this order.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.lock().unwrap().asked)
    }

    fn in_flight(&self) -> usize {
        self.shared.lock().unwrap().in_flight
    }

    fn target(&self) -> DockerTarget {
        let seconds = Duration::from_secs;
        DockerTarget {
            common: TargetSettings {
                deadline: seconds(10),
                ..TargetSettings::new("engine".to_owned(), &DockerTarget::DEFAULTS)
            },
            url: BaseUrl::parse(&format!("unix:{}", self.folder.path().join("docker.sock").display())).unwrap(),
            tls: None,
            call_timeout: seconds(5),
            concurrency: None,
            containers: Names::default(),
            exclude: Names::default(),
            with_labels: Vec::new(),
            export_labels: Vec::new(),
            compose: true,
            max_containers: 500,
            inspect: true,
            keep_removed: seconds(900),
            bandwidth_bits_per_second: None,
            cgroup_root: None,
            network: true,
            processes: false,
            disk_usage_interval: Duration::ZERO,
            cadvisor_labels: false,
            single_threaded: Names::default(),
            logs: None,
        }
    }
}

/// Answers one request after the other.
async fn serve(stream: UnixStream, shared: Arc<Mutex<Shared>>) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut request = String::new();
        let mut line = String::new();
        while stream.read_line(&mut line).await.unwrap_or(0) > 2 {
            request.push_str(&line);
            line.clear();
        }
        let Some(path) = request.split(' ').nth(1) else { return };
        let (status, body) = answer(path, &shared).await;
        let head = format!(
            "HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        if stream.write_all(format!("{head}{body}").as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn answer(path: &str, shared: &Mutex<Shared>) -> (u16, String) {
    if path.ends_with("/version") {
        return (200, shared.lock().unwrap().version.to_owned());
    }
    let Some(id) = path.split("/containers/").nth(1).and_then(|rest| rest.split_once("/stats?")).map(|(id, _)| id)
    else {
        return (200, "[]".to_owned());
    };
    let reply = {
        let mut shared = shared.lock().unwrap();
        shared.asked.push(id.to_owned());
        shared.in_flight += 1;
        shared.replies.get(id).cloned()
    };
    let (status, body) = match reply {
        Some(Reply::Used(cpu, at)) => (200, used(cpu, at)),
        Some(Reply::Body(body)) => (200, body),
        Some(Reply::Status(status)) => (status, r#"{"message":"as the test says"}"#.to_owned()),
        Some(Reply::Nothing) => (404, String::new()),
        Some(Reply::Hang) => std::future::pending().await,
        None => (404, format!(r#"{{"message":"No such container: {id}"}}"#)),
    };
    shared.lock().unwrap().in_flight -= 1;
    (status, body)
}

fn used(cpu: f64, at: f64) -> String {
    format!(
        r#"{{"read":"2026-11-24T10:00:{at:06.3}Z","cpu_stats":{{"cpu_usage":{{"total_usage":{:.0}}},"online_cpus":4}},"memory_stats":{{"usage":1048576}},"networks":{{"eth0":{{"rx_bytes":1,"tx_bytes":2}}}}}}"#,
        cpu * 1e9
    )
}

fn container(id: &str) -> Container {
    Container::new(id, &format!("name-of-{id}"), "image", RunState::Running, std::time::SystemTime::UNIX_EPOCH)
}

fn containers(ids: &[&str]) -> Vec<Container> {
    ids.iter().map(|id| container(id)).collect()
}

/// The engine, what asks it, and its counters.
struct Setup {
    fake: FakeEngine,
    engine: Engine,
    sweeper: Sweeper,
    totals: Arc<Totals>,
}

impl Setup {
    fn new(replies: &[(&str, Reply)], change: impl FnOnce(&mut DockerTarget)) -> Self {
        let fake = FakeEngine::start(replies);
        let mut target = fake.target();
        change(&mut target);
        let totals = Arc::new(Totals::default());
        Self { engine: Engine::new(&target), sweeper: Sweeper::new(&target, Arc::clone(&totals)), totals, fake }
    }

    /// One sweep of a poll that begins now, and how long it took.
    async fn sweep(&mut self, containers: &[Container]) -> (Usage, Duration) {
        let begun = Instant::now();
        let usage = self.sweeper.sweep(&self.engine, containers, begun).await;
        (usage, begun.elapsed())
    }

    /// What the agent counted of its own doing.
    fn counted(&self) -> Vec<String> {
        let mut out = Families::new();
        self.totals.export(&mut out);
        let text = exposition(&out.into_sorted(), Format::Prometheus);
        text.lines().filter(|line| !line.starts_with('#') && !line.ends_with(" 0")).map(str::to_owned).collect()
    }
}

/// The series of a sweep whose names begin with `prefix`.
fn lines(containers: &[Container], usage: &Usage, prefix: &str) -> Vec<String> {
    let mut out = Families::new();
    usage::export(containers, usage, &mut out);
    let text = exposition(&out.into_sorted(), Format::Prometheus);
    text.lines().filter(|line| line.starts_with(prefix)).map(str::to_owned).collect()
}

/// The names of the containers that have samples.
fn sampled(containers: &[Container], usage: &Usage) -> Vec<String> {
    let name = |line: &String| line.split('"').nth(1).unwrap().to_owned();
    lines(containers, usage, "container_memory_usage_bytes").iter().map(name).collect()
}
