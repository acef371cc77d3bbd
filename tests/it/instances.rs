//! A name with several addresses: each is polled for itself.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::support::agent::{Agent, output, stderr};
use crate::support::exposition::Exposition;
use crate::support::missing::missing;
use crate::support::port;
use crate::support::service::{Answer, Service};
use crate::support::wait::{SOON, until};

/// Whether this user may give a process its own file of hosts.
fn may_mount() -> bool {
    if missing(&["unshare"]) {
        return false;
    }
    let tried = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "mount", "--bind", "/etc/hosts", "/etc/hosts"])
        .stderr(Stdio::null())
        .status();
    let may = tried.is_ok_and(|status| status.success());
    assert!(may || std::env::var_os("CI").is_none(), "no mount namespace to be had");
    if !may {
        eprintln!("SKIPPED, no mount namespace to be had");
    }
    may
}

fn service(address: SocketAddr, received: u32) -> Service {
    let service = Service::start_at(address);
    service.json("/stats", &json!({"received": received}));
    service
}

fn config(port: u16, more: &str) -> String {
    format!(
        "[[service]]\nname = \"api\"\nurl = \"http://api.test:{port}\"\ninterval = \"5s\"\n{more}\
         [[service.endpoint]]\nname = \"stats\"\npath = \"/stats\"\n\
         [[service.metric]]\nname = \"backpressure_received_total\"\nat = \"/received\"\n"
    )
}

const RESOLVED: &str = "instances = \"resolved\"\n";

#[test]
fn each_address_of_a_name_is_an_instance_with_its_own_numbers() {
    if !may_mount() {
        return;
    }
    let port = port::free();
    let [first, second, third] = [1, 2, 3].map(|host| SocketAddr::from((Ipv4Addr::new(127, 0, 0, host), port)));
    let _first = service(first, 100_057);
    let second_service = service(second, 88_558);
    let hosts = "127.0.0.1 api.test\n127.0.0.2 api.test\n";
    let (agent, hosts_file) = Agent::run_with_hosts(&config(port, RESOLVED), hosts);
    let received = |seen: &Exposition, node: SocketAddr| {
        seen.get("backpressure_received_total", &[("target", "api"), ("node", &node.to_string())])
    };
    let up = |seen: &Exposition, node: SocketAddr| seen.get("service_up", &[("node", &node.to_string())]);
    let seen = until(SOON, "both answer", || {
        let seen = agent.metrics();
        (received(&seen, first).is_some() && received(&seen, second).is_some()).then_some(seen)
    });
    assert_eq!((received(&seen, first), received(&seen, second)), (Some(100_057.0), Some(88_558.0)));
    assert_eq!(seen.get("service_up", &[("target", "api"), ("node", "")]), None, "nothing stands for them all");

    // One alone, without the labels that say which it is.
    let alone = agent.get(&format!("/scrape?target=api&node={second}"));
    assert_eq!(alone.status, 200);
    assert_eq!(Exposition::of(&alone.text()).get("backpressure_received_total", &[]), Some(88_558.0));
    let unsaid = agent.get("/scrape?target=api");
    assert_eq!(unsaid.status, 404);
    assert_eq!(unsaid.text(), "the target has several nodes: ask for one of them with &node=NODE; /sd lists them\n");
    let discovered = agent.get("/sd?collector=service").json();
    let parameters: Vec<&str> =
        discovered.as_array().unwrap().iter().map(|group| group["labels"]["__param_node"].as_str().unwrap()).collect();
    assert_eq!(parameters, [first.to_string(), second.to_string()]);

    // One that does not answer is down, and one that has left the name is gone; a new one is found.
    second_service.answer("/stats", Answer::Raw(Vec::new()));
    until(SOON, "the second one is down", || (up(&agent.metrics(), second) == Some(0.0)).then_some(()));
    let _third = service(third, 7);
    std::fs::write(hosts_file, "127.0.0.1 api.test\n127.0.0.3 api.test\n").unwrap();
    let seen = until(SOON, "the second one is gone", || {
        let seen = agent.metrics();
        (up(&seen, second).is_none() && received(&seen, third).is_some()).then_some(seen)
    });
    assert_eq!((received(&seen, first), received(&seen, third)), (Some(100_057.0), Some(7.0)));
}

#[test]
fn what_has_no_name_has_no_instances() {
    let (_dir, file) = crate::support::agent::config_file(
        "[[redis]]\nname = \"main\"\nurl = \"unix:///run/redis.sock\"\ninstances = \"resolved\"\n[host]\ninstances = \"one\"\n",
    );
    let checked = output(&["config", "check", file.to_str().unwrap()]);
    let said = stderr(&checked);
    assert!(said.contains("redis[0].instances: resolved needs a url with a host name and a port"), "{said}");
    assert!(said.contains("host.instances: unknown key"), "{said}");
}
