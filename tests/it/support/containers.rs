//! Redis and the service as containers of a real engine.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::docker::Docker;
use super::images;

/// The engine with both, in a network of their own and published on loopback.
pub(crate) struct Containers {
    pub(crate) docker: Docker,
}

impl Containers {
    /// Where they are in that network.
    pub(crate) const REDIS: &str = "172.31.7.2";
    pub(crate) const TICKER: &str = "172.31.7.3";
    /// Where they are published on the engine's machine.
    pub(crate) const REDIS_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 6379);
    pub(crate) const TICKER_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8000);

    /// `options` are those of `docker run`, for Redis and for the service.
    pub(crate) fn start(options: [&[&str]; 2], redis: &[&str], ticker: &[String]) -> Self {
        let docker = Docker::start();
        images::redis(&docker);
        images::ticker(&docker);
        docker.cli(&["network", "create", "--subnet", "172.31.7.0/24", "services"]);
        let run = |name: &str, address: &str, ports: &str, options: &[&str], words: &[&str]| {
            let image = format!("{name}:test");
            let fixed =
                ["run", "--detach", "--name", name, "--network", "services", "--ip", address, "--publish", ports];
            docker.cli(&[&fixed[..], options, &[&image], words].concat());
        };
        // A line of redis.conf is an argument with two hyphens.
        let lines: Vec<String> = redis.iter().map(|line| format!("--{line}")).collect();
        let lines: Vec<&str> = lines.iter().flat_map(|line| line.split(' ')).collect();
        run("redis", Self::REDIS, "127.0.0.1:6379:6379", options[0], &lines);
        let ticker = ticker.iter().map(String::as_str);
        let url = format!("redis://{}:6379", Self::REDIS);
        let words = ["--redis", &url, "--listen", "0.0.0.0:8000"].into_iter().chain(ticker);
        let words: Vec<&str> = words.collect();
        run("ticker", Self::TICKER, "127.0.0.1:8000:8000", options[1], &words);
        Self { docker }
    }
}
