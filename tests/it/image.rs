//! The container image: the last stage of the Dockerfile, on a real engine, with a static binary that was built here.

use std::fmt::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::support::docker::{self, Docker};
use super::support::exposition::Exposition;
use super::support::images;
use super::support::missing::missing;
use super::support::wait::{SOON, until};

/// A static agent, built beside the one under test.
fn static_agent() -> Option<PathBuf> {
    let debug = Path::new(env!("CARGO_BIN_EXE_manometer")).parent().unwrap();
    let mut build = Command::new("nice");
    build.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/static.sh"));
    // What compiles the tests may lint them as well; here nothing is linted.
    build.env("CARGO_TARGET_DIR", debug.parent().unwrap()).env_remove("RUSTC_WORKSPACE_WRAPPER");
    let output = build.stderr(Stdio::inherit()).output().unwrap();
    if output.status.success() {
        return Some(PathBuf::from(String::from_utf8(output.stdout).unwrap().trim_end()));
    }
    assert!(std::env::var_os("CI").is_none(), "scripts/static.sh builds no static agent");
    eprintln!("SKIPPED, scripts/static.sh builds no static agent");
    None
}

#[test]
fn the_agent_that_is_shipped_refuses_what_it_is_built_without() {
    let Some(agent) = static_agent() else { return };
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "[[mongodb]]\nname = \"db\"\nurl = \"mongodb://127.0.0.1:27017\"\n").unwrap();
    let said = Command::new(agent).args(["config", "check"]).arg(file.path()).output().unwrap();
    assert_eq!(said.status.code(), Some(64));
    let expected = format!(
        "{}:1: mongodb[0]: this agent is built without MongoDB; build one with cargo build --release --features mongodb",
        file.path().display()
    );
    let shown = String::from_utf8(said.stderr).unwrap();
    assert!(shown.contains(&expected), "{shown}");
}

/// Builds the image by the Dockerfile's own last stage. What its first stage compiles lies ready: no engine of a test can
/// pull the compiler.
fn build_image(docker: &Docker, agent: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let dockerfile = std::fs::read_to_string(root.join("Dockerfile")).unwrap();
    let last = dockerfile.rfind("\nFROM ").expect("the Dockerfile has two stages");
    assert!(dockerfile[last..].starts_with("\nFROM scratch\n"), "{}", &dockerfile[last..]);
    let context = tempfile::tempdir().unwrap();
    let certificates = context.path().join("etc/ssl/certs");
    std::fs::create_dir_all(&certificates).unwrap();
    std::fs::write(certificates.join("ca-certificates.crt"), "").unwrap();
    std::fs::copy(agent, context.path().join("manometer")).unwrap();
    let ours = "FROM scratch AS build\nCOPY etc /etc\nCOPY manometer /manometer\n";
    std::fs::write(context.path().join("Dockerfile"), format!("{ours}{}", &dockerfile[last..])).unwrap();
    let mut build = Command::new("docker");
    // The builder that is a part of the engine: the other one is a program of its own.
    build.env("DOCKER_BUILDKIT", "0").env("DOCKER_HOST", docker.url()).env("DOCKER_CONFIG", context.path());
    let output = build.args(["build", "--tag", "manometer"]).arg(context.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_image_runs_without_rights_and_watches_what_it_reaches_by_name() {
    if docker::unavailable() || missing(&["redis-server", "ldd"]) {
        return;
    }
    let Some(agent) = static_agent() else { return };
    let docker = Docker::start();
    build_image(&docker, &agent);
    images::redis(&docker);
    docker.cli(&["network", "create", "services"]);
    docker.cli(&["run", "--detach", "--name", "redis", "--network", "services", "redis:test"]);
    docker.run("web", &["--network", "services"], &["sleep", "1000"]);
    // A service with a client of Redis, whose numbers lie in a file.
    let api = "sleep 1000 | nc redis 6379 & mkdir /www && echo '{\"waiting\": 3}' > /www/pool && exec httpd -f -p 8000 -h /www";
    docker.run_script("api-1", &["--network", "services"], api);

    let mut config = "[[redis]]\nname = \"main\"\nurl = \"redis://redis:6379\"\ninterval = \"1s\"\n".to_owned();
    write!(config, "[[docker]]\nname = \"engine\"\nurl = \"unix:///run/docker.sock\"\ninterval = \"2s\"\n").unwrap();
    config += "[[service]]\nname = \"api\"\nurl = \"http://api-1:8000\"\ninterval = \"5s\"\n\
               [[service.endpoint]]\nname = \"pool\"\npath = \"/pool\"\n\
               [[service.metric]]\nendpoint = \"pool\"\nname = \"api_pool_waiting\"\nat = \"/waiting\"\n";
    std::fs::write(docker.file("config.toml"), config).unwrap();
    let mounts = [
        format!("{}:/etc/manometer/config.toml:ro", docker.file("config.toml").display()),
        format!("{}:/run/docker.sock:ro", docker.socket().display()),
    ];
    // The agent's own user has no rights but that of the socket's group.
    let group = std::fs::metadata(docker.socket()).unwrap().gid().to_string();
    let mut run = vec!["run", "--detach", "--name", "manometer", "--network", "services", "--read-only"];
    run.extend(["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--group-add", &group]);
    run.extend(["--health-interval", "1s", "--volume", &mounts[0], "--volume", &mounts[1], "manometer"]);
    docker.cli(&run);

    let seen = until(SOON, "the agent watches both", || {
        let page = docker.try_cli(&["exec", "web", "wget", "-q", "-O", "-", "http://manometer:10121/metrics"]);
        let text = String::from_utf8(page.stdout).unwrap();
        let seen = page.status.success().then(|| Exposition::of(&text))?;
        let up = |name, target| seen.get(name, &[("target", target)]) == Some(1.0);
        (up("redis_up", "main") && up("docker_up", "engine")).then_some(seen)
    });
    let running = |name| seen.get("container_state", &[("target", "engine"), ("name", name), ("state", "running")]);
    assert_eq!(running("redis"), Some(1.0));
    assert_eq!(running("manometer"), Some(1.0));
    // Nobody said who stands on whom.
    let topology = until(SOON, "the agent sees who stands on whom", || {
        let page = docker.try_cli(&["exec", "web", "wget", "-q", "-O", "-", "http://manometer:10121/api/v1/topology"]);
        let seen: serde_json::Value = serde_json::from_slice(&page.stdout).ok()?;
        let targets = seen["data"]["targets"].as_array().unwrap().clone();
        targets
            .iter()
            .any(|target| target["name"] == "api" && target["on"].as_array().unwrap().len() == 2)
            .then_some(targets)
    });
    let below: Vec<String> =
        topology.iter().map(|target| format!("{} {}", target["name"], target["dependsOn"])).collect();
    let expected = [
        r#""api" ["engine","main","engine/api-1","engine/redis"]"#,
        r#""engine" []"#,
        r#""main" ["engine","engine/redis"]"#,
    ];
    assert_eq!(below, expected);
    until(SOON, "the health check turns healthy", || {
        (docker.inspect("manometer")["State"]["Health"]["Status"] == "healthy").then_some(())
    });
    let inspected = docker.inspect("manometer");
    assert_eq!(inspected["Config"]["User"], "65532:65532");
    assert_eq!(inspected["HostConfig"]["ReadonlyRootfs"], true);
    let pid = inspected["State"]["Pid"].as_u64().unwrap();
    assert_ne!(pid, 0, "the agent runs");
    docker.cli(&["stop", "--time", "10", "manometer"]);
    assert_eq!(docker.inspect("manometer")["State"]["ExitCode"], 0, "SIGTERM ends it in order");
}
