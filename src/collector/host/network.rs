//! /proc/net/dev.

use super::parse::{Bounded, numbers};
use crate::metric::{Families, metrics};

metrics! {
    pub(super) fn metrics;
    /// The columns, by their place behind the device's name.
    const COLUMNS: [(usize, Metric<1>)];
    0 => counter "node_network_receive_bytes_total" ["device"] Bytes, "Bytes received.", "/proc/net/dev";
    1 => counter "node_network_receive_packets_total" ["device"] Count, "Packets received.", "/proc/net/dev";
    2 => counter "node_network_receive_errs_total" ["device"] Count, "Receive errors.", "/proc/net/dev";
    3 => counter "node_network_receive_drop_total" ["device"] Count, "Received packets dropped.", "/proc/net/dev";
    4 => counter "node_network_receive_fifo_total" ["device"] Count,
        "Received packets lost because a buffer was full.", "/proc/net/dev";
    5 => counter "node_network_receive_frame_total" ["device"] Count,
        "Received packets with framing errors.", "/proc/net/dev";
    6 => counter "node_network_receive_compressed_total" ["device"] Count,
        "Compressed packets received.", "/proc/net/dev";
    7 => counter "node_network_receive_multicast_total" ["device"] Count,
        "Multicast packets received.", "/proc/net/dev";
    8 => counter "node_network_transmit_bytes_total" ["device"] Bytes, "Bytes sent.", "/proc/net/dev";
    9 => counter "node_network_transmit_packets_total" ["device"] Count, "Packets sent.", "/proc/net/dev";
    10 => counter "node_network_transmit_errs_total" ["device"] Count, "Send errors.", "/proc/net/dev";
    11 => counter "node_network_transmit_drop_total" ["device"] Count,
        "Packets dropped before they were sent.", "/proc/net/dev";
    12 => counter "node_network_transmit_fifo_total" ["device"] Count,
        "Packets not sent because a buffer was full.", "/proc/net/dev";
    13 => counter "node_network_transmit_colls_total" ["device"] Count, "Collisions.", "/proc/net/dev";
    14 => counter "node_network_transmit_carrier_total" ["device"] Count,
        "Packets not sent because the carrier was lost.", "/proc/net/dev";
    15 => counter "node_network_transmit_compressed_total" ["device"] Count,
        "Compressed packets sent.", "/proc/net/dev";
}

/// Devices beyond it are left out.
pub(super) const MOST: usize = 32;

/// One device: the sixteen numbers behind its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Device {
    name: String,
    numbers: [u64; 16],
}

/// Reads the text, without the ends of containers' networks.
pub(super) fn parse(text: &str) -> Bounded<Device> {
    Bounded::of(text.lines().filter_map(device).filter(|device| !is_of_container(&device.name)), MOST)
}

fn device(line: &str) -> Option<Device> {
    // The alias of a device has a colon in its name.
    let (name, values) = line.rsplit_once(':')?;
    Some(Device { name: name.trim().to_owned(), numbers: numbers(values.split_ascii_whitespace())? })
}

/// A device that goes with a container and has an id for a name. What it carries is told of the container.
pub(super) fn is_of_container(name: &str) -> bool {
    name.starts_with("veth") || name.starts_with("cali")
}

pub(super) fn export(devices: &Bounded<Device>, out: &mut Families) {
    for Device { name, numbers } in &devices.shown {
        for ((_, metric), number) in COLUMNS.iter().zip(numbers) {
            out.push(metric, [name], *number as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_close_or_far_and_those_of_containers_are_left_out() {
        let numbers = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16";
        let text = format!(
            "Inter-| Receive\n face |bytes\n  eth0:{numbers}\neth0:1: {numbers}\nveth1a2b3c4: {numbers}\n docker0: 1 2\n"
        );
        let devices = parse(&text);
        let names: Vec<&str> = devices.shown.iter().map(|device| device.name.as_str()).collect();
        assert_eq!((names, devices.left_out), (vec!["eth0", "eth0:1"], 0));
        assert_eq!(devices.shown[0].numbers[15], 16);
        let many = (0..40).map(|n| format!("br{n}: {numbers}")).collect::<Vec<_>>().join("\n");
        assert_eq!((parse(&many).shown.len(), parse(&many).left_out), (32, 8));
    }
}
