//! /sys/class/net: what the network devices are.

use std::fs;
use std::path::Path;

use super::network::{MOST, is_of_container};
use super::parse::Bounded;
use super::read::text;
use crate::metric::{Families, metrics};

metrics! {
    pub(super) fn metrics;
    INFO: gauge "node_network_info" ["device", "address", "broadcast", "duplex", "operstate", "ifalias"] Info,
        "What the device is called, and its state in words.", "/sys/class/net";
    UP: gauge "node_network_up" ["device"] Bool, "Whether the device's operstate is up.", "/sys/class/net/*/operstate";
    SPEED: gauge "node_network_speed_bytes" ["device"] BytesPerSecond,
        "Speed of the device; absent where it does not know it.", "/sys/class/net/*/speed";
    MTU: gauge "node_network_mtu_bytes" ["device"] Bytes, "Largest packet.", "/sys/class/net/*/mtu";
    CARRIER: gauge "node_network_carrier" ["device"] Bool,
        "Whether the device has a link; absent while it is down.", "/sys/class/net/*/carrier";
    CHANGES: counter "node_network_carrier_changes_total" ["device"] Count,
        "Times that the link came or went.", "/sys/class/net/*/carrier_changes";
    QUEUE: gauge "node_network_transmit_queue_length" ["device"] Count,
        "Packets that the device's queue holds.", "/sys/class/net/*/tx_queue_len";
}

/// Where the devices are.
const FOLDER: &str = "/sys/class/net";

/// A speed is told in megabits.
const MEGABIT: f64 = 125_000.0;

/// The texts of one device's files; `None` for those that are not there or say nothing in its state.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Device {
    name: String,
    address: Option<String>,
    broadcast: Option<String>,
    duplex: Option<String>,
    state: Option<String>,
    alias: Option<String>,
    /// In the order of `node_network_speed_bytes` and what follows it.
    numbers: [Option<i64>; 5],
}

/// Reads those that are shown of /proc/net/dev too. A driver may keep the reader waiting.
pub(super) fn read() -> Option<Bounded<Device>> {
    of(Path::new(FOLDER))
}

fn of(folder: &Path) -> Option<Bounded<Device>> {
    let entries = fs::read_dir(folder).ok()?.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    // A file among them is a switch of the bonding driver.
    let mut names: Vec<String> = entries.filter(|name| !is_of_container(name) && folder.join(name).is_dir()).collect();
    names.sort();
    let bounded = Bounded::of(names.into_iter(), MOST);
    let shown = bounded.shown.into_iter().map(|name| device(&folder.join(&name), name)).collect();
    Some(Bounded { shown, left_out: bounded.left_out })
}

fn device(folder: &Path, name: String) -> Device {
    let word = |file: &str| Some(text(&folder.join(file)).ok()?.trim().to_owned());
    Device {
        name,
        address: word("address"),
        broadcast: word("broadcast"),
        duplex: word("duplex"),
        state: word("operstate"),
        alias: word("ifalias"),
        numbers: ["speed", "mtu", "carrier", "carrier_changes", "tx_queue_len"].map(|file| word(file)?.parse().ok()),
    }
}

pub(super) fn export(devices: &Bounded<Device>, out: &mut Families) {
    for Device { name, address, broadcast, duplex, state, alias, numbers } in &devices.shown {
        let [address, broadcast, duplex, state, alias] =
            [address, broadcast, duplex, state, alias].map(|text| text.as_deref().unwrap_or_default());
        out.push(&INFO, [name, address, broadcast, duplex, state, alias], 1.0);
        out.push_bool(&UP, [name], state == "up");
        let metrics = [(&SPEED, MEGABIT), (&MTU, 1.0), (&CARRIER, 1.0), (&CHANGES, 1.0), (&QUEUE, 1.0)];
        for ((metric, factor), number) in metrics.into_iter().zip(numbers) {
            // The speed of a device without one is -1.
            if let Some(number) = number.filter(|number| *number >= 0) {
                out.push(metric, [name], number as f64 * factor);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::text::{Format, exposition};

    #[test]
    fn a_device_says_what_it_knows() {
        let folder = tempfile::tempdir().unwrap();
        let write = |device: &str, files: &[(&str, &str)]| {
            fs::create_dir(folder.path().join(device)).unwrap();
            for (file, text) in files {
                fs::write(folder.path().join(device).join(file), text).unwrap();
            }
        };
        write("veth1a2b", &[("mtu", "1500\n")]);
        write("eth0", &[("operstate", "up\n"), ("speed", "10000\n"), ("mtu", "9000\n"), ("duplex", "full\n")]);
        write("wg0", &[("operstate", "unknown\n"), ("speed", "-1\n"), ("carrier_changes", "3\n"), ("mtu", "x\n")]);
        fs::write(folder.path().join("bonding_masters"), "\n").unwrap();
        let mut out = Families::new();
        export(&of(folder.path()).unwrap(), &mut out);
        let page = exposition(&out.into_sorted(), Format::Prometheus);
        let samples: Vec<&str> = page.lines().filter(|line| !line.starts_with('#')).collect();
        let expected = [
            "node_network_carrier_changes_total{device=\"wg0\"} 3",
            "node_network_info{device=\"eth0\",address=\"\",broadcast=\"\",duplex=\"full\",operstate=\"up\",ifalias=\"\"} 1",
            "node_network_info{device=\"wg0\",address=\"\",broadcast=\"\",duplex=\"\",operstate=\"unknown\",ifalias=\"\"} 1",
            "node_network_mtu_bytes{device=\"eth0\"} 9000",
            "node_network_speed_bytes{device=\"eth0\"} 1250000000",
            "node_network_up{device=\"eth0\"} 1",
            "node_network_up{device=\"wg0\"} 0",
        ];
        assert_eq!(samples, expected);
        assert_eq!(of(&folder.path().join("nothing")), None);
    }
}
