//! The HTTP side: formats, routes, reloads, TLS and passwords, and the end.

use std::io::Read as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::read::GzDecoder;

use crate::support::agent::{Agent, command, config_file, output, patient_target, stderr, target, write};
use crate::support::exposition::Exposition;
use crate::support::fake::Fake;
use crate::support::http::Request;
use crate::support::missing::missing;
use crate::support::port;
use crate::support::process::Process;
use crate::support::redis::RedisServer;
use crate::support::tls::Certificates;
use crate::support::wait::{SOON, until};

/// What Prometheus 2.42 sends.
const ACCEPT_2: &str = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                        text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

/// What Prometheus 3 sends.
const ACCEPT_3: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                        application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;\
                        q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

/// An agent on a target that refuses, which the HTTP side does not care about.
fn agent_on_nothing() -> Agent {
    Agent::run(&target("main", &format!("redis://127.0.0.1:{}", port::free())))
}

#[test]
fn the_format_that_the_client_prefers() {
    let agent = agent_on_nothing();
    for path in ["/metrics", "/scrape?target=main"] {
        let cases = [
            (None, "text/plain; version=0.0.4; charset=utf-8"),
            (Some(ACCEPT_2), "application/openmetrics-text; version=1.0.0; charset=utf-8"),
            (Some(ACCEPT_3), "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"),
            (Some("text/plain;version=0.0.4"), "text/plain; version=0.0.4; charset=utf-8"),
        ];
        for (accept, expected) in cases {
            let mut request = Request::get(path);
            if let Some(accept) = accept {
                request = request.header("Accept", accept);
            }
            let response = agent.send(request);
            assert_eq!((response.status, response.header("content-type")), (200, Some(expected)), "{path} {accept:?}");
            assert_eq!(response.header("vary"), Some("Accept, Accept-Encoding"));
            let text = response.text();
            assert_eq!(text.ends_with("# EOF\n"), expected.contains("openmetrics"));
            let seen = Exposition::of(&text);
            // The samples keep their names; in OpenMetrics the family of a counter goes without _total.
            assert!(!seen.series("manometer_polls_total", &[]).is_empty());
            let family = if expected.contains("openmetrics") { "manometer_polls" } else { "manometer_polls_total" };
            assert_eq!(seen.family(family).unwrap().kind, "counter");
        }
    }
}

#[test]
fn gzip_is_the_same_text() {
    let fake = Fake::silent();
    // One long poll, so that nothing changes between the two requests but the agent's own figures.
    let agent = Agent::spawn(&patient_target("main", &fake.url()), &[]);
    for path in ["/metrics", "/scrape?target=main"] {
        let (plain, compressed) = until(SOON, "the same figures twice", || {
            let plain = agent.get(path);
            assert_eq!(plain.header("content-encoding"), None);
            let response = agent.send(Request::get(path).header("Accept-Encoding", "gzip"));
            assert_eq!(response.header("content-encoding"), Some("gzip"));
            let mut text = String::new();
            GzDecoder::new(&response.body[..]).read_to_string(&mut text).unwrap();
            (text == plain.text()).then_some((plain.body.len(), response.body.len()))
        });
        assert!(compressed < plain || plain < 100, "{path}: {compressed} of {plain} bytes");
    }
}

#[test]
fn head_has_the_headers_and_no_body() {
    let agent = agent_on_nothing();
    for path in ["/", "/metrics", "/-/healthy", "/api/v1/targets"] {
        let (head, get) = (agent.send(Request::new("HEAD", path)), agent.get(path));
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"));
        assert!(head.header("content-length").is_some_and(|length| length.parse::<usize>().unwrap() > 0), "{path}");
    }
}

#[test]
fn many_scrapers_at_once_see_the_same() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let agent = Agent::run(&target("main", &redis.url()));
    let address = agent.address;
    let scrapers = (0..20).map(|_| {
        std::thread::spawn(move || {
            for _ in 0..25 {
                let response = Request::get("/metrics").send(address);
                assert_eq!(response.status, 200);
                Exposition::of(&response.text()).assert("redis_up", &[("target", "main")], 1.0);
            }
        })
    });
    let scrapers: Vec<_> = scrapers.collect();
    let before = agent.scrape("main").value("manometer_polls_total", &[]);
    for scraper in scrapers {
        scraper.join().unwrap();
    }
    let polls = agent.scrape("main").value("manometer_polls_total", &[]) - before;
    assert!(polls <= 20.0, "500 scrapes cause no poll: {polls}");
}

#[test]
fn what_is_not_there_and_what_is_not_allowed() {
    let agent = agent_on_nothing();
    for path in ["/metric", "/favicon.ico", "/../etc/passwd", "/-/quit", "/metrics/"] {
        assert_eq!(agent.get(path).status, 404, "{path}");
    }
    for (method, path, allow) in [
        ("POST", "/metrics", "GET, HEAD"),
        ("DELETE", "/", "GET, HEAD"),
        ("PUT", "/scrape?target=main", "GET, HEAD"),
        ("GET", "/-/reload", "POST, PUT"),
        ("HEAD", "/-/reload", "POST, PUT"),
    ] {
        let response = agent.send(Request::new(method, path));
        assert_eq!((response.status, response.header("allow")), (405, Some(allow)), "{method} {path}");
    }
}

#[test]
fn scrape_serves_configured_targets_only() {
    let agent = agent_on_nothing();
    let own = Exposition::of(&agent.get("/scrape").text());
    own.assert("manometer_targets", &[], 1.0);
    own.assert("manometer_target_info", &[("target", "main"), ("collector", "redis")], 1.0);
    let names: Vec<&str> = own.families.iter().map(|family| family.name.as_str()).collect();
    assert!(names.iter().all(|name| name.starts_with("manometer_") || name.starts_with("process_")), "{names:?}");
    // As a scrape config of redis_exporter would have it, with a password.
    let unknown = agent.get("/scrape?target=redis://:swordfish@10.0.0.1:6379");
    assert_eq!(unknown.status, 404);
    assert!(!unknown.text().contains("swordfish"), "{}", unknown.text());
    let seen = agent.scrape("main");
    seen.assert("redis_up", &[], 0.0);
    assert!(seen.samples().all(|sample| !sample.labels.contains_key("target")));
    assert!(seen.get("manometer_targets", &[]).is_none(), "the agent's own figures are apart");
    agent.metrics().assert("redis_target_scrape_request_errors_total", &[], 1.0);
    agent.assert_hidden("swordfish");
}

#[test]
fn service_discovery_and_the_state_of_targets() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let dead = format!("127.0.0.1:{}", port::free());
    let config = target("main", &redis.url()) + &target("dead", &format!("redis://:swordfish@{dead}"));
    let agent = Agent::run(&config);
    let groups = agent.get("/sd").json();
    let group = |name: &str, address: &str| {
        serde_json::json!({
            "targets": [agent.address.to_string()],
            "labels": {
                "__metrics_path__": "/scrape",
                "__param_target": name,
                "__meta_manometer_collector": "redis",
                "__meta_manometer_address": address,
                "target": name,
                "instance": address,
            },
        })
    };
    let own = serde_json::json!({
        "targets": [agent.address.to_string()],
        "labels": {
            "__metrics_path__": "/scrape",
            "__meta_manometer_collector": "agent",
            "instance": agent.address.to_string(),
        },
    });
    assert_eq!(groups, serde_json::json!([group("dead", &dead), group("main", &redis.address()), own]));

    let main = agent.state("main");
    assert_eq!(main["health"], "up");
    assert_eq!(main["lastError"], "");
    assert_eq!(main["lastErrorReason"], serde_json::Value::Null);
    assert_eq!(main["address"], redis.address());
    assert_eq!(main["pollInterval"], 1.0);
    assert!(main["lastPollDuration"].as_f64().unwrap() > 0.0);
    assert!(main["lastPoll"].as_str().unwrap().ends_with('Z'));
    let dead_state = agent.state("dead");
    assert_eq!(dead_state["health"], "down");
    assert_eq!(dead_state["lastErrorReason"], "refused");
    assert!(dead_state["failures"].as_u64().unwrap() >= 1);
    assert!(dead_state["lastError"].as_str().unwrap().starts_with(&format!("connecting to {dead}: ")));
    let page = agent.get("/");
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.text().contains(&dead) && page.text().contains("connection refused"), "{}", page.text());
    agent.assert_hidden("swordfish");
}

#[test]
fn the_runbooks_are_served_with_the_numbers_in_force_and_every_link_leads_to_one() {
    let agent = Agent::run(&(target("main", "redis://127.0.0.1:1") + "[thresholds.redis_ping_high]\nwarning = 150\n"));
    let page = |path: &str| {
        let page = agent.get(path);
        assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")), "{path}");
        page.text()
    };
    let links = |page: &str| -> Vec<String> {
        let parts = page.split("href=\"/runbooks/").skip(1);
        parts.map(|part| format!("/runbooks/{}", part.split(['"', '#']).next().unwrap())).collect()
    };
    let mut known = std::collections::BTreeSet::new();
    let mut open = vec!["/runbooks/".to_owned()];
    while let Some(path) = open.pop() {
        if known.insert(path.clone()) {
            open.extend(links(&page(&path)));
        }
    }
    for alert in manometer::policy::shipped().unwrap().alerts {
        assert!(known.contains(&format!("/runbooks/{}", alert.name)), "{} is not among {known:?}", alert.name);
    }
    let ping = page("/runbooks/RedisPingHigh");
    assert!(ping.contains("<td>warning</td><td><code>redis_ping_ms</code> above 150 ms</td>"), "{ping}");
    assert_eq!(agent.get("/runbooks/../config.toml").status, 404);
    assert_eq!(agent.get("/runbooks/Nothing").status, 404);
}

#[test]
fn ready_only_when_every_target_has_been_polled() {
    let fake = Fake::silent();
    let agent = Agent::spawn(&target("main", &fake.url()).replace("\"1s\"", "\"5s\"").replace("900ms", "3s"), &[]);
    let response = agent.get("/-/ready");
    assert_eq!((response.status, response.text().as_str()), (503, "1 targets have not been polled yet\n"));
    assert_eq!(agent.state("main")["health"], "unknown");
    assert_eq!(agent.get("/-/healthy").status, 200);
    assert!(agent.scrape("main").get("redis_up", &[]).is_none(), "nothing is known, so nothing is said");
    agent.wait_until_ready();
    agent.scrape("main").assert("redis_up", &[], 0.0);
}

#[test]
fn a_reload_adds_removes_and_keeps_targets() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let (kept, removed, added) =
        (target("kept", &redis.url()), target("removed", &redis.url()), target("added", &redis.url()));
    let agent = Agent::run(&(kept.clone() + &removed));
    let polls = agent.scrape("kept").value("manometer_polls_total", &[]);
    agent.write_config(&(kept + &added));
    let response = agent.reload();
    assert_eq!((response.status, response.text().as_str()), (200, "configuration reloaded\n"));
    agent.wait_until_ready();
    let seen = agent.metrics();
    let names: Vec<String> = seen.label_values("redis_up", "target").into_iter().collect();
    assert_eq!(names, ["added", "kept"]);
    assert_eq!(agent.get("/scrape?target=removed").status, 404);
    seen.assert("redis_up", &[("target", "added")], 1.0);
    seen.assert("manometer_config_last_reload_successful", &[], 1.0);
    seen.assert("manometer_targets", &[], 2.0);
    let after = seen.value("manometer_polls_total", &[("target", "kept")]);
    assert!(after >= polls, "a target that is the same goes on undisturbed: {after} after {polls}");
}

#[test]
fn a_bad_reload_changes_nothing_and_says_so() {
    if missing(&["redis-server"]) {
        return;
    }
    let redis = RedisServer::start();
    let good = target("main", &redis.url());
    let agent = Agent::run(&good);
    agent.write_config(&good.replace("deadline", "dedline"));
    let response = agent.reload();
    assert_eq!(response.status, 500);
    let text = response.text();
    assert!(text.starts_with("the old configuration stays:\n") && text.contains("redis[0].dedline"), "{text}");
    let seen = agent.next_poll("main");
    seen.assert("redis_up", &[], 1.0);
    agent.metrics().assert("manometer_config_last_reload_successful", &[], 0.0);
    assert!(agent.log().contains("reload failed; the old configuration stays"), "{}", agent.log());

    agent.write_config(&good);
    agent.signal("HUP");
    until(SOON, "SIGHUP reads it again", || {
        (agent.metrics().value("manometer_config_last_reload_successful", &[]) > 0.0).then_some(())
    });
}

#[test]
fn sighup_reloads() {
    let nothing = format!("redis://127.0.0.1:{}", port::free());
    let agent = Agent::run(&target("old", &nothing));
    agent.write_config(&(target("new", &nothing) + &target("newer", &nothing)));
    agent.signal("HUP");
    until(SOON, "the new targets are there", || (agent.metrics().value("manometer_targets", &[]) > 1.5).then_some(()));
    until(SOON, "the old one is gone", || (agent.get("/scrape?target=old").status == 404).then_some(()));
}

#[test]
fn logs_as_json() {
    let (_dir, file) = config_file(&target("main", &format!("redis://127.0.0.1:{}", port::free())));
    let mut agent = Process::spawn(
        command(&[
            "run",
            "--config",
            file.to_str().unwrap(),
            "--log.format",
            "json",
            "--web.listen-address",
            "127.0.0.1:0",
        ])
        .stderr(std::process::Stdio::piped()),
    );
    let log = agent.collect_stderr();
    let text =
        until(SOON, "the failed poll is logged", || Some(log.text()).filter(|text| text.contains("poll failed")));
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let failed = lines.iter().find(|line| line["message"] == "poll failed").unwrap();
    assert_eq!(
        (&failed["level"], &failed["target_name"], &failed["reason"]),
        (&"WARN".into(), &"main".into(), &"refused".into())
    );
}

#[test]
fn a_port_that_is_taken() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (_dir, file) = config_file(&target("main", "redis://127.0.0.1"));
    let output = output(&["run", "--config", file.to_str().unwrap(), "--web.listen-address", &address]);
    assert_eq!(output.status.code(), Some(70));
    let text = stderr(&output);
    assert!(text.contains(&format!("cannot listen on {address}: ")), "{text}");
    assert!(text.ends_with("; another agent or program listens there; stop it, or choose another port\n"), "{text}");
}

#[test]
fn tls_and_a_password() {
    let certificates = Certificates::new();
    let folder = tempfile::tempdir().unwrap();
    let hash = bcrypt::hash("tuna", 4).unwrap();
    let web = write(
        folder.path(),
        "web.yml",
        &format!(
            "tls_server_config:\n  cert_file: {}\n  key_file: {}\nbasic_auth_users:\n  prometheus: {hash}\n",
            certificates.file("server.crt").display(),
            certificates.file("server.key").display(),
        ),
    );
    let config = target("main", &format!("redis://127.0.0.1:{}", port::free()));
    let mut agent = Agent::spawn(&config, &["--web.config.file", web.to_str().unwrap()]);
    assert!(agent.log().contains("tls=true"), "{}", agent.log());
    let health = output(&["healthcheck", "--web.listen-address", &agent.address.to_string()]);
    assert_eq!(health.status.code(), Some(0), "{}", stderr(&health));
    let plain = Request::get("/metrics").try_send(agent.address);
    assert!(plain.is_err() || plain.is_ok_and(|response| response.status == 400), "plain HTTP is not served");

    agent.use_tls(certificates.client());
    let anonymous = agent.get("/metrics");
    assert_eq!(anonymous.status, 401);
    assert!(anonymous.header("www-authenticate").unwrap().starts_with("Basic"), "{anonymous:?}");
    let as_user = |user: &str, password: &str, path: &str| {
        let credentials = BASE64_STANDARD.encode(format!("{user}:{password}"));
        agent.send(Request::get(path).header("Authorization", format!("Basic {credentials}")))
    };
    assert_eq!(as_user("prometheus", "catfish", "/metrics").status, 401);
    assert_eq!(as_user("nobody", "tuna", "/metrics").status, 401);
    for path in ["/metrics", "/scrape?target=main", "/", "/sd"] {
        assert_eq!(as_user("prometheus", "tuna", path).status, 200, "{path}");
    }
    Exposition::of(&as_user("prometheus", "tuna", "/metrics").text());
    assert_eq!(agent.reload().status, 401, "a reload wants the password as well");
    assert!(!agent.log().contains("tuna"));
}

#[test]
fn half_a_tls_pair_is_refused() {
    let certificates = Certificates::new();
    let folder = tempfile::tempdir().unwrap();
    let text = format!("tls_server_config:\n  cert_file: {}\n", certificates.file("server.crt").display());
    let web = write(folder.path(), "web.yml", &text);
    let (_dir, file) = config_file(&target("main", "redis://127.0.0.1"));
    let arguments = ["run", "--config", file.to_str().unwrap(), "--web.config.file", web.to_str().unwrap()];
    let refused = output(&[&arguments[..], &["--web.listen-address", "127.0.0.1:0"]].concat());
    assert_eq!(refused.status.code(), Some(64), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("key_file"), "{}", stderr(&refused));
}
