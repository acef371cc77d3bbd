//! Network traffic by interface.

use std::collections::{BTreeMap, HashMap};

use bollard::models::ContainerNetworkStats;

use super::dialect::Dialect;
use super::series::Series;
use crate::metric::{OTHER, metrics};

/// Bytes of the longest name that Linux gives an interface. Windows, and Podman at times, send the id of an endpoint.
const MAX_NAME: usize = 15;

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

/// What went through one interface.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Traffic {
    pub(super) received: Flow,
    pub(super) sent: Flow,
}

/// What went one way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Flow {
    pub(super) bytes: Option<u64>,
    pub(super) packets: Option<u64>,
    pub(super) dropped: Option<u64>,
    pub(super) errors: Option<u64>,
}

impl Network {
    pub(super) fn read(networks: &HashMap<String, ContainerNetworkStats>, dialect: Dialect) -> Self {
        let mut by_interface = BTreeMap::<String, Traffic>::new();
        for (name, stats) in networks {
            let name = if name.len() > MAX_NAME || name.is_empty() { OTHER } else { name };
            let traffic = by_interface.entry(name.to_owned()).or_default();
            traffic.add(&Traffic::read(stats, dialect));
        }
        Self((!by_interface.is_empty()).then_some(by_interface))
    }

    /// Bytes received and sent over all interfaces.
    pub(super) fn bytes(&self) -> Option<[u64; 2]> {
        self.0.as_ref()?.values().try_fold([0_u64; 2], |[received, sent], traffic| {
            Some([received.checked_add(traffic.received.bytes?)?, sent.checked_add(traffic.sent.bytes?)?])
        })
    }

    /// Names it.
    pub(super) fn export(&self, series: &mut Series<'_>) {
        for (interface, Traffic { received, sent }) in self.0.iter().flatten() {
            for (metric, value) in [
                (&RECEIVED_BYTES, received.bytes),
                (&RECEIVED_PACKETS, received.packets),
                (&RECEIVED_DROPPED, received.dropped),
                (&RECEIVE_ERRORS, received.errors),
                (&SENT_BYTES, sent.bytes),
                (&SENT_PACKETS, sent.packets),
                (&SENT_DROPPED, sent.dropped),
                (&SEND_ERRORS, sent.errors),
            ] {
                series.count_of(metric, interface, value);
            }
        }
    }
}

impl Traffic {
    fn read(stats: &ContainerNetworkStats, dialect: Dialect) -> Self {
        let received = Flow {
            bytes: stats.rx_bytes,
            packets: stats.rx_packets,
            dropped: stats.rx_dropped,
            errors: stats.rx_errors,
        };
        let sent = Flow {
            bytes: stats.tx_bytes,
            packets: stats.tx_packets,
            dropped: stats.tx_dropped,
            errors: stats.tx_errors,
        };
        if dialect.windows {
            // Errors are always 0 there.
            return Self { received: Flow { errors: None, ..received }, sent: Flow { errors: None, ..sent } };
        }
        // Some versions of Podman know the bytes alone.
        let only_bytes = [received.packets, sent.packets].iter().all(|packets| packets.unwrap_or(0) == 0);
        if dialect.podman && only_bytes {
            let bytes = |flow: Flow| Flow { bytes: flow.bytes, ..Flow::default() };
            return Self { received: bytes(received), sent: bytes(sent) };
        }
        Self { received, sent }
    }

    fn add(&mut self, other: &Self) {
        self.received.add(other.received);
        self.sent.add(other.sent);
    }
}

impl Flow {
    fn add(&mut self, other: Self) {
        let sum = |one: Option<u64>, other: Option<u64>| match (one, other) {
            (Some(one), Some(other)) => Some(one.saturating_add(other)),
            (one, other) => one.or(other),
        };
        self.bytes = sum(self.bytes, other.bytes);
        self.packets = sum(self.packets, other.packets);
        self.dropped = sum(self.dropped, other.dropped);
        self.errors = sum(self.errors, other.errors);
    }
}
