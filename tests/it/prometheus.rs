//! What a real Prometheus makes of it.

use crate::support::agent::{Agent, target, write};
use crate::support::missing::missing;
use crate::support::port;
use crate::support::prometheus::Prometheus;
use crate::support::redis::RedisServer;
use crate::support::tls::Certificates;
use crate::support::wait::{SOON, until};

#[test]
fn it_scrapes_everything_at_once_and_target_by_target() {
    if missing(&["redis-server", "prometheus"]) {
        return;
    }
    let (main, cache) = (RedisServer::builder().line("maxclients 4321").start(), RedisServer::start());
    main.command::<()>(&["SET", "a", "1"]);
    let config = target("main", &main.url())
        + &target("cache", &cache.url())
        + &target("dead", &format!("redis://127.0.0.1:{}", port::free()));
    let agent = Agent::run(&config);
    let prometheus = Prometheus::start(&format!(
        "- job_name: metrics\n  static_configs:\n  - targets: ['{0}']\n\
         - job_name: targets\n  http_sd_configs:\n  - url: http://{0}/sd\n    refresh_interval: 1s\n",
        agent.address
    ));
    prometheus.wait_until_up("metrics", 1);
    prometheus.wait_until_up("targets", 4);
    for job in ["metrics", "targets"] {
        let value = |name: &str, target: &str| prometheus.value(&format!("{name}{{job={job:?},target={target:?}}}"));
        let expect = |name: &str, target: &str, expected: f64| {
            let found = value(name, target);
            assert!((found - expected).abs() < f64::EPSILON, "{job} {target} {name}: {found}, not {expected}");
        };
        expect("redis_up", "main", 1.0);
        expect("redis_up", "cache", 1.0);
        expect("redis_up", "dead", 0.0);
        expect("redis_config_maxclients", "main", 4321.0);
        expect("redis_config_maxclients", "cache", 10_000.0);
        // Asked for as OpenMetrics, counters keep their whole names.
        assert!(value("redis_commands_processed_total", "main") > 1.0, "{job}");
        let types = prometheus.query(&format!("redis_commands_processed{{job={job:?}}}"));
        assert_eq!(types, [], "{job}");
    }
    let instances = prometheus.query("redis_up{job=\"targets\",target=\"main\"}");
    assert_eq!(instances[0].labels["instance"], main.address());
    // Its own label is not taken for one of the scrape.
    let infos = prometheus.query("manometer_target_info{job=\"targets\",target=\"main\"}");
    assert_eq!((infos.len(), infos[0].labels["instance"].as_str()), (1, agent.address.to_string().as_str()));

    // What ends is stale at once, and not for five minutes more.
    let polled = "redis_config_maxclients{job=\"metrics\",target=\"cache\"}";
    assert_eq!(prometheus.query(polled).len(), 1);
    drop(cache);
    until(SOON, "the numbers of a dead server are gone", || prometheus.query(polled).is_empty().then_some(()));
    assert!(prometheus.value("redis_up{job=\"metrics\",target=\"cache\"}").abs() < f64::EPSILON);
}

#[test]
fn it_scrapes_over_tls_with_a_password() {
    if missing(&["prometheus"]) {
        return;
    }
    let certificates = Certificates::new();
    let folder = tempfile::tempdir().unwrap();
    let web = format!(
        "tls_server_config:\n  cert_file: {}\n  key_file: {}\nbasic_auth_users:\n  prometheus: {}\n",
        certificates.file("server.crt").display(),
        certificates.file("server.key").display(),
        bcrypt::hash("tuna", 4).unwrap(),
    );
    let web = write(folder.path(), "web.yml", &web);
    let config = target("dead", &format!("redis://127.0.0.1:{}", port::free()));
    let agent = Agent::spawn(&config, &["--web.config.file", web.to_str().unwrap()]);
    let job = |name: &str, password: &str| {
        format!(
            "- job_name: {name}\n  scheme: https\n  tls_config:\n    ca_file: {}\n  basic_auth:\n    username: prometheus\n    \
             password: {password}\n  static_configs:\n  - targets: ['{}']\n",
            certificates.file("ca.crt").display(),
            agent.address
        )
    };
    let prometheus = Prometheus::start(&(job("right", "tuna") + &job("wrong", "catfish")));
    prometheus.wait_until_up("right", 1);
    assert!(prometheus.value("redis_up{job=\"right\"}").abs() < f64::EPSILON);
    until(SOON, "the wrong password is refused", || {
        (prometheus.query("up{job=\"wrong\"} == 0").len() == 1).then_some(())
    });
}
