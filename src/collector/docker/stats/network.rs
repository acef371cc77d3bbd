//! Network traffic by interface.

use std::collections::{BTreeMap, HashMap};

use bollard::models::ContainerNetworkStats;

use super::dialect::Dialect;
use super::series::Series;
use crate::metric::{Metric, OTHER, metrics};

/// Bytes of the longest name that Linux gives an interface. Windows, and Podman at times, send the id of an endpoint.
const MAX_NAME: usize = 15;

/// Interfaces of one container that are told apart; a container has one for each of its networks.
const MAX_INTERFACES: usize = 64;

metrics! {
    pub(super) fn metrics;
    RECEIVED_BYTES: counter "container_network_receive_bytes_total" ["name", "image", "interface"] Bytes,
        "Bytes received by the container; absent for containers that use the host's network, no network, or another \
         container's.", "stats: networks";
    RECEIVED_PACKETS: counter "container_network_receive_packets_total" ["name", "image", "interface"] Count,
        "Packets that the container received.", "stats: networks";
    RECEIVED_DROPPED: counter "container_network_receive_packets_dropped_total" ["name", "image", "interface"] Count,
        "Packets for the container that were dropped.", "stats: networks";
    RECEIVE_ERRORS: counter "container_network_receive_errors_total" ["name", "image", "interface"] Count,
        "Errors while the container received.", "stats: networks";
    SENT_BYTES: counter "container_network_transmit_bytes_total" ["name", "image", "interface"] Bytes,
        "Bytes sent by the container; absent for containers that use the host's network, no network, or another \
         container's.", "stats: networks";
    SENT_PACKETS: counter "container_network_transmit_packets_total" ["name", "image", "interface"] Count,
        "Packets that the container sent.", "stats: networks";
    SENT_DROPPED: counter "container_network_transmit_packets_dropped_total" ["name", "image", "interface"] Count,
        "Packets of the container that were dropped.", "stats: networks";
    SEND_ERRORS: counter "container_network_transmit_errors_total" ["name", "image", "interface"] Count,
        "Errors while the container sent.", "stats: networks";
}

/// The traffic of a container, by interface; none is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Network(pub(super) Option<BTreeMap<String, Traffic>>);

/// What went through one interface, in the order of [`COUNTS`].
type Traffic = [Option<u64>; COUNTS.len()];

/// What an interface counts; the first half of them received, the second sent.
const COUNTS: [&Metric<3>; 8] = [
    &RECEIVED_BYTES,
    &RECEIVED_PACKETS,
    &RECEIVED_DROPPED,
    &RECEIVE_ERRORS,
    &SENT_BYTES,
    &SENT_PACKETS,
    &SENT_DROPPED,
    &SEND_ERRORS,
];

impl Network {
    pub(super) fn read(networks: &HashMap<String, ContainerNetworkStats>, dialect: Dialect) -> Self {
        let mut by_interface = BTreeMap::<String, Traffic>::new();
        let is_own = |name: &&String| name.len() <= MAX_NAME && !name.is_empty();
        let mut own: Vec<&String> = networks.keys().filter(is_own).collect();
        own.sort_unstable();
        own.truncate(MAX_INTERFACES);
        for (name, stats) in networks {
            // What is not told apart is counted together.
            let name = if own.binary_search(&name).is_ok() { name.as_str() } else { OTHER };
            let sums = by_interface.entry(name.to_owned()).or_default();
            for (sum, count) in sums.iter_mut().zip(traffic(stats, dialect)) {
                *sum = match (*sum, count) {
                    (Some(sum), Some(count)) => Some(sum.saturating_add(count)),
                    (sum, count) => sum.or(count),
                };
            }
        }
        Self((!by_interface.is_empty()).then_some(by_interface))
    }

    /// Bytes received and sent over all interfaces.
    pub(super) fn bytes(&self) -> Option<[u64; 2]> {
        self.0.as_ref()?.values().try_fold([0_u64; 2], |[received, sent], [more_received, .., more_sent, _, _, _]| {
            Some([received.checked_add((*more_received)?)?, sent.checked_add((*more_sent)?)?])
        })
    }

    pub(super) fn export(&self, series: &mut Series<'_>) {
        for (interface, traffic) in self.0.iter().flatten() {
            for (metric, count) in COUNTS.iter().zip(traffic) {
                series.count(metric, &[interface], *count);
            }
        }
    }
}

fn traffic(stats: &ContainerNetworkStats, dialect: Dialect) -> Traffic {
    let mut counts = [
        stats.rx_bytes,
        stats.rx_packets,
        stats.rx_dropped,
        stats.rx_errors,
        stats.tx_bytes,
        stats.tx_packets,
        stats.tx_dropped,
        stats.tx_errors,
    ];
    let [_, received, _, receive_errors, _, sent, _, send_errors] = &mut counts;
    if dialect.windows {
        // Errors are always 0 there.
        (*receive_errors, *send_errors) = (None, None);
    } else if dialect.podman.is_some() && received.unwrap_or(0) == 0 && sent.unwrap_or(0) == 0 {
        // Some versions of Podman know the bytes alone.
        return [stats.rx_bytes, None, None, None, stats.tx_bytes, None, None, None];
    }
    counts
}
