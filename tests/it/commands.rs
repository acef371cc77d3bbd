//! The command line: what each command prints, where, and its exit code.

use crate::support::agent::{Agent, command, config_file, output, stderr, stdout, target, write};
use crate::support::exposition::Exposition;
use crate::support::missing::missing;
use crate::support::port;
use crate::support::redis::RedisServer;

#[test]
fn version_names_the_package_and_a_revision() {
    let output = output(&["--version"]);
    assert_eq!(output.status.code(), Some(0));
    let text = stdout(&output);
    assert!(text.starts_with(&format!("manometer {} (revision ", env!("CARGO_PKG_VERSION"))), "{text}");
}

#[test]
fn poll_prints_the_exposition_of_all_targets() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let (_dir, file) = config_file(&target("main", &redis.url()));
    let output = output(&["poll", "--config", file.to_str().unwrap()]);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    let polled = Exposition::of(&stdout(&output));
    polled.assert("redis_up", &[("target", "main")], 1.0);
    polled.assert("manometer_polls_total", &[("target", "main"), ("collector", "redis")], 1.0);
}

#[test]
fn poll_of_one_target_has_no_target_label() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let config = target("main", &redis.url()) + &target("dead", &format!("redis://127.0.0.1:{}", port::free()));
    let (_dir, file) = config_file(&config);
    let one = output(&["poll", "--config", file.to_str().unwrap(), "--target", "main"]);
    assert_eq!(one.status.code(), Some(0), "{}", stderr(&one));
    let polled = Exposition::of(&stdout(&one));
    polled.assert("redis_up", &[], 1.0);
    assert!(polled.samples().all(|sample| !sample.labels.contains_key("target")));

    let unknown = output(&["poll", "--config", file.to_str().unwrap(), "--target", "mian"]);
    assert_eq!(unknown.status.code(), Some(64));
    assert_eq!(stderr(&unknown), "manometer: no target is named \"mian\"; there are main, dead\n");
}

#[test]
fn poll_of_a_dead_target_says_why_and_exits_1() {
    let address = format!("127.0.0.1:{}", port::free());
    let (_dir, file) = config_file(&target("dead", &format!("redis://{address}")));
    let output = output(&["poll", "--config", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        stderr(&output),
        format!(
            "manometer: dead: connecting to {address}: connection refused; is the server running, and does it listen on \
             this address?\n"
        )
    );
    let polled = Exposition::of(&stdout(&output));
    polled.assert("redis_up", &[("target", "dead")], 0.0);
    polled.assert("manometer_poll_failures_total", &[("reason", "refused")], 1.0);
}

#[test]
fn config_check_reports_every_problem_with_its_line() {
    let (_dir, file) = config_file(
        "environment = 7\n\
         [[redis]]\n\
         name = \"main\"\n\
         url = \"http://127.0.0.1\"\n\
         intervall = \"1s\"\n\
         interval = \"1s\"\n\
         deadline = \"2s\"\n",
    );
    let output = output(&["config", "check", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(64));
    let text = stderr(&output);
    let place = file.display();
    for expected in [
        format!("{place}:1: environment: is of type integer; write it as text in quotes"),
        format!("{place}:4: redis[0].url: the scheme \"http\" is unknown"),
        format!("{place}:5: redis[0].intervall"),
        "redis[0].deadline = \"2s\": must be shorter than the interval, which is 1s".to_owned(),
    ] {
        assert!(text.contains(&expected), "{expected:?} is not in\n{text}");
    }
    assert!(text.contains("did you mean \"interval\"") || text.contains("did you mean interval"), "{text}");
    assert_eq!(text.lines().count(), 4, "{text}");
}

#[test]
fn config_check_of_a_good_file() {
    let (_dir, file) = config_file(&target("main", "redis://127.0.0.1"));
    let output = output(&["config", "check", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let first = format!("{}: valid, 1 target\n", file.display());
    assert!(stdout(&output).starts_with(&first), "{}", stdout(&output));
}

#[test]
fn config_show_has_the_defaults_and_no_secret() {
    let (_dir, file) = config_file(
        "[[redis]]\nname = \"a\"\nurl = \"redis://:swordfish@127.0.0.1\"\n\
         [[redis]]\nname = \"b\"\nurl = \"redis://127.0.0.1\"\npassword = \"swordfish\"\n",
    );
    let output = output(&["config", "show", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(!text.contains("swordfish"), "{text}");
    let shown: toml::Table = text.parse().unwrap();
    let first = &shown["redis"][0];
    assert_eq!(first["url"].as_str(), Some("127.0.0.1:6379"));
    assert_eq!(first["interval"].as_str(), Some("auto"));
    assert_eq!(first["deadline"].as_str(), Some("5s"));
    assert_eq!(first["top_k"].as_integer(), Some(10));
    assert!(first.get("password").is_some(), "that a password is set is no secret:\n{text}");
    assert_eq!(shown["web"]["listen_address"][0].as_str(), Some("127.0.0.1:10121"));
}

#[test]
fn healthcheck_of_a_running_agent_and_of_none() {
    let address = format!("127.0.0.1:{}", port::free());
    let agent = Agent::run(&target("dead", &format!("redis://{address}")));
    let running = output(&["healthcheck", "--web.listen-address", &agent.address.to_string()]);
    assert_eq!((running.status.code(), stdout(&running).as_str()), (Some(0), "healthy\n"));
    let none = output(&["healthcheck", "--web.listen-address", &address]);
    assert_eq!(none.status.code(), Some(1));
    assert!(stderr(&none).ends_with("is the agent running there?\n"), "{}", stderr(&none));
}

#[test]
fn completions_and_man_page() {
    for (shell, expected) in
        [("bash", "complete -F _manometer"), ("zsh", "#compdef manometer"), ("fish", "complete -c manometer")]
    {
        let script = stdout(&output(&["completions", shell]));
        assert!(script.contains(expected), "{shell}");
        assert!(script.contains("healthcheck"), "{shell}");
    }
    let page = stdout(&output(&["man"]));
    assert!(page.contains(".TH manometer 1"), "{page}");
    assert!(page.contains("healthcheck"), "{page}");
}

#[test]
fn wrong_usage_exits_64() {
    let flag = output(&["run", "--web.listen-adress", "127.0.0.1:0"]);
    assert_eq!(flag.status.code(), Some(64));
    assert!(stderr(&flag).contains("--web.listen-address"), "suggests the right flag: {}", stderr(&flag));
    let file = output(&["run", "--config", "/nonexistent/config.toml"]);
    assert_eq!(file.status.code(), Some(64));
    assert!(stderr(&file).contains("/nonexistent/config.toml: cannot be read: No such file"), "{}", stderr(&file));
}

#[test]
fn without_any_configuration_it_says_what_to_do() {
    let empty = tempfile::tempdir().unwrap();
    for arguments in [&["run"][..], &["poll"]] {
        let output = command(arguments).current_dir(empty.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(64));
        let text = stderr(&output);
        assert!(text.contains("REDIS_URL=redis://HOST:6379") && text.contains("--config FILE"), "{text}");
    }
}

#[test]
fn a_config_toml_in_the_folder_is_found() {
    let (dir, _file) = config_file(&target("dead", &format!("redis://127.0.0.1:{}", port::free())));
    let output = command(&["poll"]).current_dir(dir.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).starts_with("manometer: dead: connecting to"), "{}", stderr(&output));
}

#[test]
fn the_environment_alone_configures_two_targets() {
    if missing(&["redis-server"]) {
        return;
    }
    let main = RedisServer::builder().password("swordfish").start();
    let cache = RedisServer::builder().password("tuna").start();
    let agent = Agent::run_on_environment(&[
        ("REDIS_URL", &main.url()),
        // What the URL has goes before REDIS_PASSWORD.
        ("REDIS_CACHE_URL", &format!("redis://:tuna@{}", cache.address())),
        ("REDIS_PASSWORD", "swordfish"),
        ("REDIS_CONNECT_TIMEOUT", "500"),
        ("REDIS_COMMAND_TIMEOUT", "900"),
        ("ENV_NAME", "staging"),
    ]);
    let seen = agent.metrics();
    seen.assert("redis_up", &[("target", "redis")], 1.0);
    seen.assert("redis_up", &[("target", "cache")], 1.0);
    seen.assert("manometer_environment_info", &[("environment", "staging")], 1.0);
    seen.assert("manometer_targets", &[], 2.0);
    agent.assert_hidden("swordfish");
    agent.assert_hidden("tuna");
}

#[test]
fn a_wrong_environment_variable_is_named() {
    let output = command(&["poll"])
        .env("REDIS_URL", "redis://127.0.0.1")
        .env("REDIS_CONNECT_TIMEOUT", "5s")
        .current_dir(tempfile::tempdir().unwrap().path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(64));
    assert_eq!(
        stderr(&output),
        "manometer: environment: REDIS_CONNECT_TIMEOUT = \"5s\": must be a number of milliseconds from 10 to 600000\n"
    );
}

#[test]
fn the_url_of_a_service_is_polled_with_one_warning() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let url = format!("{}/0?client_name=web&health_check_interval=30&ssl_cert_reqs=none&flavour=sweet", redis.url());
    let agent = Agent::run_on_environment(&[("REDIS_URL", &url)]);
    agent.metrics().assert("redis_up", &[("target", "redis")], 1.0);
    let names: String = redis.command(&["CLIENT", "LIST"]);
    assert!(names.contains("name=manometer") && !names.contains("name=web"), "{names}");
    let log = agent.log();
    let warnings: Vec<&str> = log.lines().filter(|line| line.contains("environment: warning:")).collect();
    assert_eq!(warnings.len(), 1, "{log}");
    assert!(warnings[0].contains("REDIS_URL: of the query, ssl_cert_reqs is not obeyed"), "{}", warnings[0]);
    assert!(warnings[0].contains("flavour is not known here and ignored"), "{}", warnings[0]);

    let (_dir, file) = config_file(&target("main", &url));
    let polled = output(&["poll", "--config", file.to_str().unwrap()]);
    assert_eq!((polled.status.code(), stderr(&polled).lines().count()), (Some(0), 1), "{}", stderr(&polled));
    let checked = output(&["config", "check", file.to_str().unwrap()]);
    assert_eq!(checked.status.code(), Some(0), "{}", stderr(&checked));
    let told = stderr(&checked);
    assert!(
        told.starts_with(&format!("manometer: {}:3: warning: redis[0].url: of the query, ", file.display())),
        "{told}"
    );
    assert_eq!(told.lines().count(), 1, "{told}");
}

#[test]
fn variables_beside_a_file_are_named() {
    let (_dir, file) = config_file(&target("main", "redis://127.0.0.1:${PORT_OF_REDIS}"));
    let checked = command(&["config", "check", file.to_str().unwrap()])
        .env("PORT_OF_REDIS", "6379")
        .env("REDIS_URL", "redis://10.0.0.7")
        .env("REDIS_USER", "monitor")
        .env("REDIS_EXPORTER_CHECK_KEYS", "db0=*")
        .env("REDIS_EXPORTER_DEBUG", "")
        .output()
        .unwrap();
    assert_eq!(checked.status.code(), Some(0), "{}", stderr(&checked));
    assert_eq!(
        stderr(&checked),
        format!(
            "manometer: environment: warning: REDIS_URL, REDIS_USER are set and not used, because {} is read; write \
             ${{REDIS_URL}} where it is to be used, or start without a file\n\
             manometer: environment: warning: REDIS_EXPORTER_CHECK_KEYS of redis_exporter is set and not used; here: match of \
             [[redis.key]]\n",
            file.display()
        )
    );
    // A variable that the file refers to is used.
    let (_dir, file) = config_file(&target("main", "${REDIS_URL}"));
    let checked = command(&["config", "check", file.to_str().unwrap()]).env("REDIS_URL", "h").output().unwrap();
    assert_eq!((checked.status.code(), stderr(&checked).as_str()), (Some(0), ""));
}

#[test]
fn the_variables_of_redis_exporter_work() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::builder().line("user monitor on >swordfish +@all ~* &*").start();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("passwords.json");
    std::fs::write(&file, format!("{{\"redis://monitor@{}\": \"swordfish\"}}", redis.address())).unwrap();
    let variables = [
        ("REDIS_ADDR", redis.address()),
        ("REDIS_USER", "monitor".to_owned()),
        ("REDIS_PASSWORD_FILE", file.display().to_string()),
        ("REDIS_EXPORTER_IS_TILE38", "true".to_owned()),
        ("REDIS_PASSWORD", String::new()),
    ];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    let agent = Agent::run_on_environment(&variables);
    agent.metrics().assert("redis_up", &[("target", "redis")], 1.0);
    let log = agent.log();
    let origin = "configuration=\"environment (REDIS_ADDR, REDIS_PASSWORD_FILE, REDIS_USER)\"";
    assert!(log.lines().next().is_some_and(|line| line.contains("starting") && line.contains(origin)), "{log}");
    assert!(log.contains("REDIS_EXPORTER_IS_TILE38 of redis_exporter is set and not used"), "{log}");

    let shown = command(&["config", "show"]).envs(variables).current_dir(dir.path()).output().unwrap();
    let text = stdout(&shown);
    assert!(
        text.contains(&format!("url = \"{}\"\nusername = \"monitor\"\npassword = \"<redacted>\"", redis.address())),
        "{text}"
    );
}

#[test]
fn flags_of_redis_exporter_are_answered_with_what_replaces_them() {
    for arguments in
        [&["-redis.addr", "h:1", "--check-keys=db0=*"][..], &["run", "-redis.addr=h:1", "--check-keys", "db0=*"]]
    {
        let refused = output(arguments);
        assert_eq!(refused.status.code(), Some(64));
        assert_eq!(
            stderr(&refused),
            "manometer: -redis.addr is a flag of redis_exporter; here: url = \"redis://HOST:6379\" of [[redis]], or the \
             variable REDIS_ADDR or REDIS_URL\nmanometer: -check-keys is a flag of redis_exporter; here: match of [[redis.key]]\n"
        );
    }
}

#[test]
fn empty_variables_are_not_set() {
    let (dir, file) = config_file(&target("main", "redis://127.0.0.1"));
    let empty =
        ["MANOMETER_CONFIG", "MANOMETER_WEB_LISTEN_ADDRESS", "MANOMETER_WEB_CONFIG_FILE", "MANOMETER_LOG_LEVEL"];
    let shown =
        command(&["config", "show"]).envs(empty.map(|name| (name, ""))).current_dir(dir.path()).output().unwrap();
    assert_eq!(shown.status.code(), Some(0), "{}", stderr(&shown));
    // What is in force: file, variable, flag.
    let shown = command(&["config", "show", "--log.level", "error"])
        .env("MANOMETER_CONFIG", &file)
        .env("MANOMETER_WEB_LISTEN_ADDRESS", "localhost:1,:2")
        .output()
        .unwrap();
    let text = stdout(&shown);
    assert!(text.contains("listen_address = [\"127.0.0.1:1\", \"[::]:2\"]"), "{text}{}", stderr(&shown));
    assert!(text.contains("level = \"error\""), "{text}");
}

#[test]
fn credentials_of_a_url_are_redacted_and_what_is_shown_can_be_read() {
    let (dir, file) = config_file(
        "[[service]]\nname = \"api\"\nurl = \"https://user:swordfish@127.0.0.1/x\"\nprofile = \"health\"\n",
    );
    let shown = stdout(&output(&["config", "show", file.to_str().unwrap()]));
    assert!(shown.contains("url = \"https://<redacted>@127.0.0.1/x\""), "{shown}");
    let again = write(dir.path(), "again.toml", &shown);
    let checked = output(&["config", "check", again.to_str().unwrap()]);
    assert_eq!(checked.status.code(), Some(0), "{}{shown}", stderr(&checked));
}

#[test]
fn check_finds_addresses_that_run_would_refuse() {
    let web = "[web]\nlisten_address = [\"127.0.0.1:1\", \"127.0.0.1:1\"]\n";
    let (_dir, file) = config_file(&(web.to_owned() + &target("main", "h")));
    let message = "127.0.0.1:1 and 127.0.0.1:1 cannot be listened on together; keep one of the two\n";
    for arguments in [["config", "check"], ["run", "--config"]] {
        let refused = output(&[&arguments[..], &[file.to_str().unwrap()]].concat());
        assert_eq!(refused.status.code(), Some(64));
        assert!(stderr(&refused).ends_with(message), "{}", stderr(&refused));
    }
    let (_dir, file) = config_file(&target("main", "h"));
    let flags = ["--web.listen-address", "127.0.0.1:1", "--web.listen-address", ":1"];
    let refused = output(&[&["config", "check", file.to_str().unwrap()][..], &flags].concat());
    assert_eq!(refused.status.code(), Some(64), "{}", stderr(&refused));
}

#[test]
fn healthcheck_knows_the_configuration() {
    let agent = Agent::run(&target("dead", &format!("redis://127.0.0.1:{}", port::free())));
    let web = format!("[web]\nlisten_address = \"{}\"\n", agent.address);
    let (_dir, file) = config_file(&(web + &target("main", "h")));
    let running = output(&["healthcheck", "--config", file.to_str().unwrap()]);
    assert_eq!((running.status.code(), stdout(&running).as_str()), (Some(0), "healthy\n"), "{}", stderr(&running));
}

#[test]
fn all_addresses_of_the_machine_as_exporters_write_them() {
    let agent = Agent::spawn(&target("dead", "redis://127.0.0.1:1"), &["--web.listen-address", ":0"]);
    assert_eq!(agent.get("/-/healthy").status, 200);
    assert!(agent.address.ip().is_unspecified(), "{}", agent.address);
}
