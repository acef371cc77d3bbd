//! nginx's status page, by the profile.

use std::net::TcpStream;

use crate::support::agent::{config_file, output, stdout};
use crate::support::exposition::Exposition;
use crate::support::missing::missing;
use crate::support::nginx::Nginx;
use crate::support::wait::{SOON, until};

/// Connections of the one worker.
const MOST: usize = 20;

#[test]
fn nginx_has_its_connections_and_the_most_that_there_may_be() {
    if missing(&["nginx"]) {
        return;
    }
    let nginx = Nginx::start(MOST);
    let address = nginx.address;
    let most = format!("max_connections = {MOST}\n");
    let poll = |config: &str| {
        let (_dir, file) = config_file(config);
        output(&["poll", "--config", file.to_str().unwrap()])
    };
    let check = |config: &str| {
        let (_dir, file) = config_file(config);
        stdout(&output(&["check", "--config", file.to_str().unwrap()]))
    };

    // The one that listened for nginx may still be closing.
    until(SOON, "only the agent is connected", || {
        let seen = Exposition::of(&stdout(&poll(&nginx.table("/stub_status", &most))));
        (seen.get("service_connections", &[]) == Some(1.0)).then_some(())
    });
    let seen = Exposition::of(&stdout(&poll(&nginx.table("/stub_status", &most))));
    for (name, value) in [
        ("service_connections", 1.0),
        ("service_max_connections", MOST as f64),
        ("nginx_connections_active", 1.0),
        ("nginx_connections_reading", 0.0),
        ("nginx_connections_writing", 1.0),
        ("nginx_connections_waiting", 0.0),
    ] {
        seen.assert(name, &[], value);
    }
    let counted = |name: &str| seen.value(name, &[]);
    seen.assert("nginx_connections_handled", &[], counted("nginx_connections_accepted"));
    assert!(counted("nginx_http_requests_total") >= 2.0);

    // Over: with the agent's own it is 17 of 20. The rule waits for the look to be over, not for five minutes.
    let mut held: Vec<TcpStream> = (0..16).map(|_| TcpStream::connect(address).unwrap()).collect();
    until(SOON, "nginx has accepted them", || {
        let text = check(&nginx.table("/stub_status", &most));
        text.contains("web has 85% of its connections open, more than 80 %").then_some(())
    });
    held.truncate(10);
    until(SOON, "nginx has let them go", || {
        let text = check(&nginx.table("/stub_status", &most));
        text.contains("ok        ServiceConnectionsHigh: service_connections / service_max_connections 55% (web)")
            .then_some(())
    });

    let (config, _held) = (nginx.table("/stub_status", ""), held);
    assert_eq!(Exposition::of(&stdout(&poll(&config))).get("service_max_connections", &[]), None);
    // Another page, of a login perhaps, is none of its: nothing is told.
    let other = poll(&nginx.table("/", &most));
    assert!(!other.status.success());
    assert_eq!(Exposition::of(&stdout(&other)).get("service_connections", &[]), None);
}
