//! A real Alertmanager, and the receivers that it calls.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::agent::write;
use super::fake::Fake;
use super::http::Request;
use super::missing::{installed, missing};
use super::port;
use super::process::Process;
use super::wait::{SOON, until};

/// Debian calls it otherwise than its makers.
const PROGRAMS: [&str; 2] = ["alertmanager", "prometheus-alertmanager"];

/// Whether the test must be skipped because there is no Alertmanager.
pub(crate) fn missing_alertmanager() -> bool {
    !installed(PROGRAMS[0]) && missing(&[PROGRAMS[1]])
}

/// A running Alertmanager. It ends when it is dropped.
pub(crate) struct Alertmanager {
    _process: Process,
    _dir: TempDir,
    pub(crate) address: SocketAddr,
}

impl Alertmanager {
    /// On a configuration that calls `receivers`.
    pub(crate) fn start(config: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = write(dir.path(), "alertmanager.yml", config);
        let address = SocketAddr::from(([127, 0, 0, 1], port::free()));
        let program = PROGRAMS.into_iter().find(|program| installed(program)).unwrap();
        let process = Process::spawn(
            Command::new(program)
                .arg(format!("--config.file={}", config.display()))
                .arg(format!("--storage.path={}", dir.path().join("data").display()))
                .arg(format!("--web.listen-address={address}"))
                // No other one is looked for.
                .arg("--cluster.listen-address=")
                .arg("--log.level=error")
                .stdout(Stdio::null())
                .stderr(Stdio::inherit()),
        );
        until(SOON, "Alertmanager is ready", || {
            Request::get("/-/ready").try_send(address).ok().filter(|response| response.status == 200)
        });
        Self { _process: process, _dir: dir, address }
    }

    /// Alerts that begin now, each with these labels.
    #[track_caller]
    pub(crate) fn fire(&self, alerts: &[&[(&str, &str)]]) {
        self.post(alerts, 300);
    }

    /// The same alerts are over.
    #[track_caller]
    pub(crate) fn resolve(&self, alerts: &[&[(&str, &str)]]) {
        self.post(alerts, -1);
    }

    fn post(&self, alerts: &[&[(&str, &str)]], ends_in: i64) {
        let at = |offset| {
            let time = time::OffsetDateTime::now_utc() + time::Duration::seconds(offset);
            format!("{}T{:02}:{:02}:{:02}Z", time.date(), time.hour(), time.minute(), time.second())
        };
        let alert = |labels: &&[(&str, &str)]| {
            let labels: BTreeMap<&str, &str> = labels.iter().copied().collect();
            json!({"labels": labels, "startsAt": at(-60), "endsAt": at(ends_in)})
        };
        let body = Value::from(alerts.iter().map(alert).collect::<Vec<_>>()).to_string();
        let request = Request::new("POST", "/api/v2/alerts").header("Content-Type", "application/json").body(&body);
        let response = request.send(self.address);
        assert_eq!(response.status, 200, "{}", response.text());
    }
}

/// The example's routes, with these receivers in place of those to be filled in, and without its long waits.
pub(crate) fn quick(config: &str, receivers: &Receivers) -> String {
    let mut quick = String::new();
    for line in config.lines() {
        let key = line.trim_start().split(':').next().unwrap_or_default();
        let indent = &line[..line.len() - line.trim_start().len()];
        match key {
            "group_wait" if !line.ends_with(" 0s") => writeln!(quick, "{indent}group_wait: 1s"),
            "group_interval" => writeln!(quick, "{indent}group_interval: 1s"),
            "repeat_interval" if line.ends_with(" 50s") => writeln!(quick, "{indent}repeat_interval: 1s"),
            _ => writeln!(quick, "{line}"),
        }
        .unwrap();
    }
    receivers.called_by(&quick)
}

/// One alert as a receiver was told of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Told {
    pub(crate) at: Instant,
    /// The last part of the receiver's address.
    pub(crate) receiver: String,
    pub(crate) is_firing: bool,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
}

impl Told {
    /// `RedisDown critical main`: what tells alerts apart in a test.
    pub(crate) fn name(&self) -> String {
        let of = |label: &str| self.labels.get(label).map(String::as_str);
        let words = ["alertname", "severity", "site", "target", "name", "client", "pool"].map(of);
        words.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

/// Receivers of webhooks, each at a path of its own.
pub(crate) struct Receivers {
    fake: Fake,
    told: Arc<Mutex<Vec<Told>>>,
}

impl Receivers {
    pub(crate) fn start() -> Self {
        let told = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&told);
        let fake = Fake::start(move |stream| serve(stream, &sink));
        Self { fake, told }
    }

    /// The example's routes, with these receivers in place of those to be filled in.
    pub(crate) fn called_by(&self, config: &str) -> String {
        config.replace("http://hooks.example.org", &format!("http://{}", self.fake.address()))
    }

    /// Everything so far, in the order in which it came.
    pub(crate) fn told(&self) -> Vec<Told> {
        self.told.lock().unwrap().clone()
    }

    /// The names of the alerts that a receiver was ever told of as firing.
    pub(crate) fn ever(&self, receiver: &str) -> BTreeSet<String> {
        let told = self.told();
        told.iter().filter(|told| told.receiver == receiver && told.is_firing).map(Told::name).collect()
    }

    /// The names of the alerts that, as far as a receiver knows, fire now.
    pub(crate) fn firing(&self, receiver: &str) -> BTreeSet<String> {
        let mut firing = BTreeSet::new();
        for told in self.told().iter().filter(|told| told.receiver == receiver) {
            if told.is_firing {
                firing.insert(told.name());
            } else {
                firing.remove(&told.name());
            }
        }
        firing
    }

    /// Waits until a receiver knows that exactly these alerts fire.
    #[track_caller]
    pub(crate) fn until_firing(&self, deadline: Duration, receiver: &str, names: &[&str]) {
        let wanted: BTreeSet<String> = names.iter().copied().map(str::to_owned).collect();
        let what = format!("{receiver} knows of {names:?}");
        until(deadline, &what, || (self.firing(receiver) == wanted).then_some(()));
    }
}

fn serve(stream: TcpStream, told: &Mutex<Vec<Told>>) {
    let mut requests = BufReader::new(stream.try_clone().unwrap());
    let mut replies = stream;
    while let Some((path, body)) = read_post(&mut requests) {
        let receiver = path.rsplit('/').next().unwrap_or_default().to_owned();
        let body: Value = serde_json::from_slice(&body).unwrap();
        let alerts = body["alerts"].as_array().unwrap().iter().map(|alert| Told {
            at: Instant::now(),
            receiver: receiver.clone(),
            is_firing: alert["status"] == "firing",
            labels: serde_json::from_value(alert["labels"].clone()).unwrap(),
            annotations: serde_json::from_value(alert["annotations"].clone()).unwrap(),
        });
        told.lock().unwrap().extend(alerts);
        if replies.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").is_err() {
            return;
        }
    }
}

/// Path and body of the next request; `None` when the peer has gone.
fn read_post(requests: &mut impl BufRead) -> Option<(String, Vec<u8>)> {
    let mut line = || {
        let mut line = String::new();
        requests.read_line(&mut line).ok().filter(|read| *read > 0)?;
        Some(line.trim_end().to_owned())
    };
    let path = line()?.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    loop {
        let header = line()?;
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    requests.read_exact(&mut body).ok()?;
    Some((path, body))
}

/// What amtool says where it is not content.
pub(crate) fn amtool(arguments: &[&str], config: &Path) -> Result<String, String> {
    let output = Command::new("amtool").args(arguments).arg(format!("--config.file={}", config.display())).output();
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    if output.status.success() { Ok(said) } else { Err(said) }
}
