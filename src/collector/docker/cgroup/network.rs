//! The traffic of a container, as its processes see it.

use std::collections::HashMap;
use std::path::Path;

use bollard::models::ContainerNetworkStats;

use super::text;

/// Devices that are no way out of the container: its own, those of containers in it, and what the kernel puts into every
/// network.
const NOT_ITS: [&str; 13] =
    ["lo", "veth", "docker", "br-", "tunl", "sit", "ip6tnl", "ip6_vti", "ip_vti", "gre", "gretap", "erspan", "ip6gre"];

/// What went through the network of the first of the processes that is still there; `None` if none of them can be seen.
pub(super) fn read(proc: &Path, processes: &[u32]) -> Option<HashMap<String, ContainerNetworkStats>> {
    processes.iter().find_map(|process| Some(parse(&text::read(&proc.join(process.to_string()).join("net/dev"))?)))
}

/// Reads the text, in which two lines head the columns.
fn parse(text: &str) -> HashMap<String, ContainerNetworkStats> {
    let device = |line: &str| {
        // The alias of a device has a colon in its name.
        let (name, values) = line.rsplit_once(':')?;
        let values: Vec<u64> = values.split_ascii_whitespace().map_while(|value| value.parse().ok()).collect();
        let name = name.trim();
        let column = |at: usize| values.get(at).copied();
        let stats = ContainerNetworkStats {
            rx_bytes: column(0),
            rx_packets: column(1),
            rx_errors: column(2),
            rx_dropped: column(3),
            tx_bytes: column(8),
            tx_packets: column(9),
            tx_errors: column(10),
            tx_dropped: column(11),
            ..ContainerNetworkStats::default()
        };
        (values.len() >= 16 && !NOT_ITS.iter().any(|start| name.starts_with(start))).then(|| (name.to_owned(), stats))
    };
    text.lines().filter_map(device).collect()
}
