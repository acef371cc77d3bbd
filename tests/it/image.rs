//! The container image: the last stage of the Dockerfile, on a real engine.
//!
//! The agent is the one that all tests are of, with the libraries that it needs. `make test-image` has the static one of the image,
//! which is a build of its own.

use std::fmt::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::support::docker::{self, Docker};
use super::support::exposition::Exposition;
use super::support::images;
use super::support::missing::missing;
use super::support::wait::{SOON, until};

/// The static agent of `make test-image`, which is what an image is shipped with.
fn static_agent() -> Option<PathBuf> {
    let agent = PathBuf::from(std::env::var_os("STATIC_AGENT")?);
    assert_eq!(images::libraries(&agent), Vec::<PathBuf>::new());
    Some(agent)
}

#[test]
#[ignore = "needs a static agent: make test-image"]
fn the_agent_that_is_shipped_refuses_what_it_is_built_without() {
    let agent = static_agent().expect("STATIC_AGENT names one");
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
fn build_image(docker: &Docker) {
    let agent = static_agent().unwrap_or_else(|| env!("CARGO_BIN_EXE_manometer").into());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let dockerfile = std::fs::read_to_string(root.join("Dockerfile")).unwrap();
    let last = dockerfile.rfind("\nFROM ").expect("the Dockerfile has two stages");
    assert!(dockerfile[last..].starts_with("\nFROM scratch\n"), "{}", &dockerfile[last..]);
    let context = tempfile::tempdir().unwrap();
    let certificates = context.path().join("etc/ssl/certs");
    std::fs::create_dir_all(&certificates).unwrap();
    std::fs::write(certificates.join("ca-certificates.crt"), "").unwrap();
    std::fs::copy(&agent, context.path().join("manometer")).unwrap();
    std::fs::create_dir(context.path().join("libraries")).unwrap();
    images::copy_libraries(&agent, &context.path().join("libraries"));
    let ours = "FROM scratch AS build\nCOPY etc /etc\nCOPY manometer /manometer\n";
    let last = dockerfile[last..].replacen("FROM scratch", "FROM scratch\nCOPY libraries /", 1);
    std::fs::write(context.path().join("Dockerfile"), format!("{ours}{last}")).unwrap();
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
    let docker = Docker::start();
    build_image(&docker);
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
