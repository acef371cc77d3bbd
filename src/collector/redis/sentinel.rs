//! SENTINEL MASTERS, and of each master what the other Sentinels and its replicas are, and whether a failover could be agreed on.

use std::collections::BTreeMap;

use redis::{Cmd, Value};

use super::facts::Facts;
use super::question::{Question, Request, command};
use super::reply::{self, Unexpected};
use super::reply_error;
use crate::collector::redis::RedisTarget;
use crate::metric::{Families, MetricInfo, metrics};

/// Masters that are looked at.
const MAX_MASTERS: usize = 1_000;

/// Commands for each master beside SENTINEL MASTERS.
const COMMANDS: usize = 3;

metrics! {
    pub(super) fn metrics;
    CKQUORUM_STATUS: gauge "redis_sentinel_master_ckquorum_status" ["master_name"] Bool,
        "Whether the Sentinels that are reachable from this one suffice to declare the master down and to agree on a failover.",
        "SENTINEL CKQUORUM";
    CKQUORUM: gauge "redis_sentinel_master_setting_ckquorum" ["master_name", "master_address"] Count,
        "Sentinels that must agree that the master is down: quorum.", "SENTINEL MASTERS";
    FAILOVER_TIMEOUT: gauge "redis_sentinel_master_setting_failover_timeout" ["master_name", "master_address"] Milliseconds,
        "Time after which a failover is given up: failover-timeout, in milliseconds.", "SENTINEL MASTERS";
    PARALLEL_SYNCS: gauge "redis_sentinel_master_setting_parallel_syncs" ["master_name", "master_address"] Count,
        "Replicas that are pointed to a new master at the same time: parallel-syncs.", "SENTINEL MASTERS";
    DOWN_AFTER: gauge "redis_sentinel_master_setting_down_after_milliseconds" ["master_name", "master_address"] Milliseconds,
        "Time without an answer after which this Sentinel considers the master down: down-after-milliseconds.",
        "SENTINEL MASTERS";
    CONFIG_EPOCH: gauge "redis_sentinel_master_config_epoch" ["master_name", "master_address"] Count,
        "Version of what the Sentinel knows of the master; it rises with each failover.", "SENTINEL MASTERS";
    LAST_OK_PING: gauge "redis_sentinel_master_last_ok_ping_reply_seconds" ["master_name", "master_address"] Seconds,
        "Time since the master last answered a PING of the Sentinel.", "SENTINEL MASTERS";
    OK_SENTINELS: gauge "redis_sentinel_master_ok_sentinels" ["master_name", "master_address"] Count,
        "Sentinels of the master that are not down, including this one.", "SENTINEL SENTINELS";
    OK_SLAVES: gauge "redis_sentinel_master_ok_slaves" ["master_name", "master_address"] Count,
        "Replicas of the master that are not down, as the Sentinel sees them.", "SENTINEL SLAVES";
    FAILOVERS: counter "redis_sentinel_master_failovers_total" ["master_name"] Count,
        "Times that a poll found another address of the master than the poll before.", "SENTINEL MASTERS";
}

/// A master, as the Sentinel tells of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Master {
    name: String,
    /// Host and port, as redis_exporter writes them: IPv6 without brackets.
    address: String,
    /// Of `SETTINGS`, as far as they are numbers.
    numbers: [Option<f64>; 6],
    quorum_ok: Option<bool>,
    ok_sentinels: Option<usize>,
    ok_slaves: Option<usize>,
    failovers: u64,
}

/// The fields that are numbers.
const FIELDS: [&str; 6] =
    ["quorum", "failover-timeout", "parallel-syncs", "down-after-milliseconds", "config-epoch", "last-ok-ping-reply"];

/// SENTINEL MASTERS, of a Sentinel.
#[derive(Debug, Default)]
pub struct SentinelMasters {
    /// The last address of each master, and how often it was another one.
    seen: BTreeMap<String, (String, u64)>,
}

impl Question for SentinelMasters {
    const NAME: &'static str = "SENTINEL MASTERS";
    const SWITCH: Option<&'static str> = Some("sentinel");
    const METRICS: fn() -> Vec<MetricInfo> = metrics;
    type Heard = Vec<Master>;
    type Answer = Vec<Master>;

    fn new(_: &RedisTarget) -> Self {
        Self::default()
    }

    fn commands(&self, facts: &Facts) -> Vec<Cmd> {
        facts.is_sentinel().then(|| command(&["SENTINEL", "MASTERS"])).into_iter().collect()
    }

    fn read(&self, replies: Vec<Value>) -> Result<Vec<Master>, Unexpected> {
        let masters = reply::items(reply::only(&replies), Self::NAME)?;
        masters.iter().take(MAX_MASTERS).map(read_master).collect()
    }

    /// SENTINEL SLAVES is what every version knows; REPLICAS came with Redis 5.
    fn more(&mut self, masters: &Vec<Master>, _: &Facts) -> Option<Request> {
        let of_master = |master: &Master| {
            ["CKQUORUM", "SENTINELS", "SLAVES"].map(|word| command(&["SENTINEL", word, &master.name]))
        };
        let commands: Vec<Cmd> = masters.iter().flat_map(of_master).collect();
        (!commands.is_empty()).then_some(Request { name: "SENTINEL CKQUORUM", commands, reply: Self::REPLY })
    }

    /// That there is no quorum is the answer; and a master may be gone since it was listed.
    fn pardons(&self, _place: usize, code: &str, detail: &str) -> bool {
        code == "NOQUORUM" || detail.starts_with("No such master")
    }

    fn read_more(&self, masters: &mut Vec<Master>, replies: Vec<Value>) -> Result<(), Unexpected> {
        for (master, replies) in masters.iter_mut().zip(replies.chunks_exact(COMMANDS)) {
            master.quorum_ok = match reply_error::of(&replies[0]) {
                None => Some(true),
                Some((code, _)) => (code == "NOQUORUM").then_some(false),
            };
            // The Sentinel that was asked is not in its own list.
            master.ok_sentinels = not_down(&replies[1]).map(|others| others + 1);
            master.ok_slaves = not_down(&replies[2]);
        }
        Ok(())
    }

    fn answer(&mut self, mut masters: Vec<Master>, _: &Facts) -> Vec<Master> {
        self.seen.retain(|name, _| masters.iter().any(|master| master.name == *name));
        for master in &mut masters {
            let (address, count) = self.seen.entry(master.name.clone()).or_insert_with(|| (master.address.clone(), 0));
            if *address != master.address {
                address.clone_from(&master.address);
                *count += 1;
            }
            master.failovers = *count;
        }
        masters
    }

    fn export(masters: &Vec<Master>, out: &mut Families) {
        for master in masters {
            let of_master = [master.name.as_str(), master.address.as_str()];
            let [quorum, timeout, syncs, down_after, epoch, ping] = master.numbers;
            let ping = ping.map(|milliseconds| milliseconds / 1000.0);
            for (metric, value) in [
                (&CKQUORUM, quorum),
                (&FAILOVER_TIMEOUT, timeout),
                (&PARALLEL_SYNCS, syncs),
                (&DOWN_AFTER, down_after),
                (&CONFIG_EPOCH, epoch),
                (&LAST_OK_PING, ping),
                (&OK_SENTINELS, master.ok_sentinels.map(|count| count as f64)),
                (&OK_SLAVES, master.ok_slaves.map(|count| count as f64)),
            ] {
                out.push_known(metric, of_master, value);
            }
            out.push_known(&CKQUORUM_STATUS, [&master.name], master.quorum_ok.map(f64::from));
            out.push(&FAILOVERS, [&master.name], master.failovers as f64);
        }
    }
}

fn read_master(reply: &Value) -> Result<Master, Unexpected> {
    let mut master = Master::default();
    let (mut host, mut port) = (String::new(), String::new());
    for (key, value) in reply::pairs(reply, SentinelMasters::NAME)? {
        let (key, value) = (reply::text(key, SentinelMasters::NAME)?, reply::text(value, SentinelMasters::NAME)?);
        match &*key {
            "name" => master.name = value.into_owned(),
            "ip" => host = value.into_owned(),
            "port" => port = value.into_owned(),
            key => {
                if let Some(place) = FIELDS.iter().position(|field| *field == key) {
                    master.numbers[place] = value.parse().ok().filter(|number: &f64| number.is_finite());
                }
            }
        }
    }
    master.address = format!("{host}:{port}");
    Ok(master)
}

/// How many of the servers in a list are not down; `None` where the list could not be had.
fn not_down(list: &Value) -> Option<usize> {
    let servers = reply::items(list, SentinelMasters::NAME).ok()?;
    Some(servers.iter().filter(|server| flags(server).is_some_and(|flags| !is_down(&flags))).count())
}

fn flags(server: &Value) -> Option<String> {
    let mut pairs = reply::pairs(server, SentinelMasters::NAME).ok()?;
    pairs
        .find(|(key, _)| reply::text(key, "").is_ok_and(|key| key == "flags"))
        .and_then(|(_, value)| Some(reply::text(value, "").ok()?.into_owned()))
}

fn is_down(flags: &str) -> bool {
    flags.split(',').any(|flag| flag == "s_down" || flag == "o_down")
}

#[cfg(test)]
mod tests;
