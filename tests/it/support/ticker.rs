//! The example ticker service: the real binary on a real Redis.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::http::{Request, Response};
use super::process::Process;
use super::redis::RedisServer;

/// A running ticker. It ends when it is dropped.
pub(crate) struct Ticker {
    process: Process,
    pub(crate) address: SocketAddr,
}

impl Ticker {
    /// On that Redis, with these arguments besides.
    #[track_caller]
    pub(crate) fn start(redis: &RedisServer, arguments: &[&str]) -> Self {
        Self::on(&redis.url(), arguments)
    }

    /// On the Redis of that URL.
    #[track_caller]
    pub(crate) fn on(redis: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(program("ticker"));
        command.args(["--redis", redis, "--listen", "127.0.0.1:0"]).args(arguments);
        let mut process = Process::spawn(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()));
        let mut line = String::new();
        BufReader::new(process.stdout()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").and_then(|address| address.parse().ok());
        let address = address.unwrap_or_else(|| panic!("the ticker says {line:?} instead of where it listens"));
        Self { process, address }
    }

    /// Sends the signal of that name.
    #[allow(dead_code, reason = "only the drills stop it")]
    pub(crate) fn signal(&self, name: &str) {
        self.process.signal(name);
    }

    /// A `[[service]]` table for it, polled as often as the agent allows; `more` are further lines.
    pub(crate) fn table(&self, name: &str, profile: &str, more: &str) -> String {
        format!(
            "[[service]]\nname = {name:?}\nprofile = {profile:?}\nurl = \"http://{}\"\ninterval = \"5s\"\n{more}\n",
            self.address
        )
    }

    /// Turns its knobs.
    #[track_caller]
    pub(crate) fn turn(&self, knobs: &str) {
        let response = self.send(Request::new("POST", "/admin/knobs").body(knobs));
        assert_eq!(response.status, 200, "{}", response.text());
    }

    #[track_caller]
    pub(crate) fn send(&self, request: Request<'_>) -> Response {
        request.send(self.address)
    }
}

/// A program of another package of this workspace, which `cargo test` builds for that package's tests alone.
pub(crate) fn program(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let this = std::env::current_exe().unwrap();
        let profile = this.parent().and_then(Path::parent).unwrap();
        let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        build.args(["build", "--locked", "--quiet", "--bin", "ticker", "--bin", "hold_clients"]);
        build.current_dir(env!("CARGO_MANIFEST_DIR"));
        // What Cargo tells this test alone would make build scripts that read it run again, and everything that depends on
        // them: ring, TLS, the agent.
        let is_told = |name: &OsStr| {
            let name = name.to_string_lossy();
            ["CARGO_MANIFEST_", "CARGO_PKG_", "OUT_DIR", "MANOMETER_GIT_REVISION"]
                .iter()
                .any(|start| name.starts_with(start))
        };
        for (name, _) in std::env::vars_os().filter(|(name, _)| is_told(name)) {
            build.env_remove(name);
        }
        // The whole workspace, and with what its tests depend on, which is only there for examples, of which there are
        // none: the features of all crates are those that the tests were built with, so that none is built again.
        build.args(["--workspace", "--examples", "--target-dir"]).arg(profile.parent().unwrap());
        assert!(build.status().unwrap().success(), "building the examples");
        profile.to_owned()
    });
    folder.join(name)
}
