//! A proxy before the engine's socket: the one of docs/SECURITY.md, and stricter ones.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::support::agent::Agent;
use super::support::docker::{self, Docker};
use super::support::missing::missing;
use super::support::process::Process;
use super::support::wait::{SOON, until};

/// nginx with the documented server. It ends when it is dropped.
struct Proxy {
    _process: Process,
    dir: TempDir,
}

impl Proxy {
    /// The documented configuration, after `change`, before the engine's socket.
    fn start(docker: &Docker, change: impl Fn(&str) -> String) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/SECURITY.md");
        let page = std::fs::read_to_string(page).unwrap();
        let block =
            page.split("```nginx\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block for nginx");
        let server = change(block)
            .replace("/run/manometer/docker.sock", dir.path().join("docker.sock").to_str().unwrap())
            .replace("/var/run/docker.sock", docker.socket().to_str().unwrap());
        let folder = dir.path().display();
        let config = format!(
            "daemon off; master_process off; user root; pid {folder}/pid; error_log {folder}/error.log;\n\
             events {{}}\nhttp {{ access_log off; client_body_temp_path {folder}; proxy_temp_path {folder};\n\
             fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};\n{server}}}\n"
        );
        std::fs::write(dir.path().join("nginx.conf"), config).unwrap();
        let mut command = Command::new("nginx");
        command.arg("-c").arg(dir.path().join("nginx.conf")).stdout(Stdio::null()).stderr(Stdio::null());
        let proxy = Self { _process: Process::spawn(&mut command), dir };
        until(SOON, "the proxy listens", || UnixStream::connect(proxy.socket()).ok());
        proxy
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("docker.sock")
    }

    fn target(&self, more: &str) -> String {
        let url = format!("unix://{}", self.socket().display());
        format!(
            "[[docker]]\nname = \"engine\"\nurl = {url:?}\ninterval = \"2s\"\ndeadline = \"1900ms\"\ncgroup_root = \"\"\n{more}\n"
        )
    }

    /// The status that a request gets.
    fn status(&self, method: &str, path: &str) -> u16 {
        let mut stream = UnixStream::connect(self.socket()).unwrap();
        write!(stream, "{method} {path} HTTP/1.0\r\nHost: docker\r\nContent-Length: 0\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let head = String::from_utf8_lossy(&answer);
        head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{head}"))
    }
}

const ENDPOINTS: [&str; 5] = ["list", "inspect", "stats", "events", "logs"];

fn capability(agent: &Agent, endpoint: &str) -> Option<f64> {
    agent.scrape("engine").get("manometer_docker_capability", &[("endpoint", endpoint)])
}

#[test]
fn the_documented_proxy_lets_through_what_the_agent_needs_and_nothing_else() {
    if docker::unavailable() || missing(&["nginx"]) {
        return;
    }
    let docker = Docker::start();
    docker.run_script("web", &["--memory", "64m"], "echo Redis publish failed; exec sleep 1000");
    let proxy = Proxy::start(&docker, str::to_owned);
    assert_eq!(proxy.status("GET", "/containers/json"), 200);
    assert_eq!(proxy.status("GET", "/v1.41/containers/web/json"), 200);
    for (method, path) in [
        ("POST", "/containers/web/stop"),
        ("POST", "/containers/json"),
        ("DELETE", "/containers/web"),
        ("GET", "/containers/web/archive?path=/"),
        ("GET", "/containers/web/export"),
        ("GET", "/containers/web/../../images/json"),
        ("GET", "/info"),
    ] {
        assert_eq!(proxy.status(method, path), 403, "{method} {path}");
    }

    let agent = Agent::run(&proxy.target("[docker.logs]"));
    for endpoint in ENDPOINTS {
        // A log is opened beside the polls.
        until(SOON, endpoint, || (capability(&agent, endpoint) == Some(1.0)).then_some(()));
    }
    let web = [("name", "web")];
    agent.until("engine", "usage and limits", |seen| seen.get("container_memory_usage_ratio", &web));
    let page = agent.scrape("engine");
    page.assert("container_spec_memory_limit_bytes", &web, 64.0 * 1024.0 * 1024.0);
    // Events and logs go on for longer than any answer.
    docker.run_script("job", &["--rm"], "echo Redis publish failed");
    let job = [("name", "job"), ("pattern", "redis_publish_failed")];
    agent.until("engine", "the job's line", |seen| {
        (seen.get("container_log_matches_total", &job) == Some(1.0)).then_some(())
    });
}

#[test]
fn what_a_proxy_forbids_is_left_out_and_the_rest_goes_on() {
    if docker::unavailable() || missing(&["nginx"]) {
        return;
    }
    let docker = Docker::start();
    docker.run_script("web", &["--memory", "64m"], "echo hello; exec sleep 1000");
    let proxy = Proxy::start(&docker, |server| server.replace("|events", "").replace("/(json|stats|logs)", "/stats"));
    let agent = Agent::run(&proxy.target("[docker.logs]"));
    for (endpoint, allowed) in [("list", 1.0), ("stats", 1.0), ("events", 0.0), ("inspect", 0.0), ("logs", 0.0)] {
        until(SOON, endpoint, || (capability(&agent, endpoint) == Some(allowed)).then_some(()));
    }
    let web = [("name", "web")];
    agent.until("engine", "usage", |seen| seen.get("container_memory_usage_bytes", &web));
    let page = agent.scrape("engine");
    page.assert("docker_up", &[], 1.0);
    page.assert("container_state", &[("name", "web"), ("state", "running")], 1.0);
    // A limit that is not known is not shown as none.
    assert_eq!(page.get("container_spec_memory_limit_bytes", &web), None);
    assert_eq!(page.get("container_memory_usage_ratio", &web), None);
    // Without events the list shows it.
    docker.cli(&["stop", "web"]);
    agent.until("engine", "the exit", |seen| {
        (seen.get("container_state", &[("name", "web"), ("state", "exited")]) == Some(1.0)).then_some(())
    });
    let said = agent.log().matches("does not allow this endpoint").count();
    assert_eq!(said, 3, "once for each:\n{}", agent.log());
}

#[test]
fn a_proxy_that_hides_the_list_leaves_the_engine_down_with_a_reason() {
    if docker::unavailable() || missing(&["nginx"]) {
        return;
    }
    let docker = Docker::start();
    let proxy = Proxy::start(&docker, |server| server.replace("|containers/json", ""));
    let agent = Agent::run(&proxy.target(""));
    let page = agent.next_poll("engine");
    page.assert("docker_up", &[], 0.0);
    assert_eq!(agent.state("engine")["lastErrorReason"], "acl");
    let error = agent.state("engine")["lastError"].as_str().unwrap().to_owned();
    assert!(error.contains("/containers/json") && error.contains("docs/SECURITY.md"), "{error}");
}
