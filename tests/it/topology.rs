//! Who stands on whom, as it is seen on this machine: real servers, a real service, and the same as when it is said.

use crate::support::agent::{Agent, config_file, output, stderr, stdout, target};
use crate::support::containers::Containers;
use crate::support::docker;
use crate::support::missing::missing;
use crate::support::port;
use crate::support::redis::RedisServer;
use crate::support::ticker::Ticker;
use crate::support::wait::{SOON, until};

/// What each target stands on, as the agent tells it.
fn below(agent: &Agent) -> Vec<String> {
    let all = agent.get("/api/v1/topology").json();
    let targets = all["data"]["targets"].as_array().expect("a list of targets").clone();
    targets.iter().map(|target| format!("{} {}", target["name"], target["dependsOn"])).collect()
}

#[track_caller]
fn assert_below(agent: &Agent, expected: &[&str]) {
    let told = || (below(agent) == expected).then_some(());
    until(SOON, format!("who stands on whom; the log:\n{}", agent.log()), told);
}

#[test]
fn on_loopback_the_service_is_seen_to_use_redis_and_the_replica_to_follow_it() {
    if missing(&["redis-server"]) {
        return;
    }
    let mut main = RedisServer::start();
    let spare = RedisServer::builder().replica_of(&main).start();
    let ticker = Ticker::start(&main, &[]);
    let servers = target("main", &main.url()) + &target("spare", &spare.url());
    let expected = [r#""main" []"#, r#""spare" ["main"]"#, r#""ticker" ["main"]"#];

    let said = "uses = [\"main\"]";
    let told = Agent::run(
        &(target("main", &main.url())
            + &target("spare", &spare.url()).replace("[[redis]]", &format!("[[redis]]\n{said}"))
            + &ticker.table("ticker", "ticker", said)),
    );
    assert_below(&told, &expected);

    let config = servers + &ticker.table("ticker", "ticker", "");
    let agent = Agent::run(&config);
    assert_below(&agent, &expected);
    let seen = agent.metrics();
    seen.assert("manometer_dependency", &[("target", "ticker"), ("on", "main"), ("via", "clients")], 1.0);
    seen.assert("manometer_depends_on", &[("target", "spare"), ("cause", "main")], 1.0);
    seen.assert("manometer_target_info", &[("target", "main"), ("collector", "redis")], 1.0);

    let (_dir, file) = config_file(&config);
    let shown = output(&["topology", "--config", file.to_str().unwrap()]);
    let ticker_at =
        format!("it is the only service on this machine ({}), from which there are clients", ticker.address);
    let spare_of = format!("it is a replica of {}", main.address());
    let text = format!(
        "main (redis)\nspare (redis)\n  stands on main: {spare_of}\nticker (service)\n  stands on main: {ticker_at}\n"
    );
    assert_eq!((stdout(&shown), stderr(&shown).as_str(), shown.status.code()), (text, "", Some(0)));

    // What was seen outlives the agent.
    let folder = tempfile::tempdir().unwrap();
    let kept = format!("state_dir = {:?}\n{config}", folder.path());
    let mut first = Agent::run(&kept);
    assert_below(&first, &expected);
    first.terminate(SOON);

    // What was seen is what explains the failure.
    main.kill();
    agent.until("main", "main is down", |seen| (seen.get("redis_up", &[]) == Some(0.0)).then_some(()));
    assert_eq!(below(&agent), expected);
    assert_below(&Agent::run(&kept), &expected);
}

#[test]
fn of_containers_what_is_seen_is_what_is_said_by_their_addresses_and_on_loopback() {
    if docker::unavailable() || missing(&["redis-server", "ldd"]) {
        return;
    }
    let containers = Containers::start([&[], &[]], &[], &[]);
    let engine = containers.docker.target("engine", "");
    let agent = |redis: &str, ticker: &str, said: [&str; 2]| {
        let redis = target("main", &format!("redis://{redis}")) + said[0];
        let ticker = format!("\n[[service]]\nname = \"ticker\"\nprofile = \"ticker\"\nurl = \"http://{ticker}\"\n");
        let config = format!("{redis}{ticker}{}\n{engine}", said[1]);
        let agent = Agent::spawn_in_network_of(containers.docker.host(), &config);
        agent.wait_until_ready();
        agent
    };
    let expected = [
        r#""engine" []"#,
        r#""main" ["engine","engine/redis"]"#,
        r#""ticker" ["engine","main","engine/redis","engine/ticker"]"#,
    ];
    let [redis, ticker] = [Containers::REDIS_PORT, Containers::TICKER_PORT].map(|port| port.to_string());
    let said = ["container = \"redis\"", "container = \"ticker\"\nuses = [\"main\"]"];
    assert_below(&agent(&redis, &ticker, said), &expected);
    assert_below(&agent(&redis, &ticker, ["", ""]), &expected);
    let [redis, ticker] = [format!("{}:6379", Containers::REDIS), format!("{}:8000", Containers::TICKER)];
    assert_below(&agent(&redis, &ticker, ["", ""]), &expected);
}

#[test]
fn what_is_not_known_is_asked_for() {
    if missing(&["redis-server"]) {
        return;
    }
    let main = RedisServer::start();
    let url = format!("http://127.0.0.1:{}", port::free());
    let service = |name: &str| format!("[[service]]\nname = {name:?}\nprofile = \"ticker\"\nurl = {url:?}\n");
    let (_dir, file) = config_file(&(target("main", &main.url()) + &service("api") + &service("batch")));
    let shown = output(&["topology", "--config", file.to_str().unwrap()]);
    let unknown = "  it is not known what it uses: write uses = [\"NAME\"] into its table, or uses = [] for nothing\n";
    assert_eq!(stdout(&shown), format!("api (service)\n{unknown}batch (service)\n{unknown}main (redis)\n"));
    assert_eq!(shown.status.code(), Some(1), "a target failed");
}
