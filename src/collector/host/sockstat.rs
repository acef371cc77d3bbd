//! /proc/net/sockstat and sockstat6: the sockets that there are.

use super::parse::Rows;
use crate::metric::metrics;

/// The files, below /proc/net.
pub(super) const FILES: [&str; 2] = ["sockstat", "sockstat6"];

metrics! {
    pub(super) fn metrics;
    /// The numbers that are shown, by protocol and name.
    const FIELDS: [(&'static str, Metric<0>)];
    "FRAG6_inuse" => gauge "node_sockstat_FRAG6_inuse" [] Count,
        "IP packets whose fragments are being collected, over IPv6.", "/proc/net/sockstat6";
    "FRAG6_memory" => gauge "node_sockstat_FRAG6_memory" [] Bytes,
        "Memory of IP fragments being collected, over IPv6.", "/proc/net/sockstat6";
    "FRAG_inuse" => gauge "node_sockstat_FRAG_inuse" [] Count,
        "IP packets whose fragments are being collected.", "/proc/net/sockstat";
    "FRAG_memory" => gauge "node_sockstat_FRAG_memory" [] Bytes,
        "Memory of IP fragments being collected.", "/proc/net/sockstat";
    "RAW6_inuse" => gauge "node_sockstat_RAW6_inuse" [] Count, "Raw sockets in use, over IPv6.", "/proc/net/sockstat6";
    "RAW_inuse" => gauge "node_sockstat_RAW_inuse" [] Count, "Raw sockets in use.", "/proc/net/sockstat";
    "TCP6_inuse" => gauge "node_sockstat_TCP6_inuse" [] Count, "TCP sockets in use, over IPv6.", "/proc/net/sockstat6";
    "TCP_alloc" => gauge "node_sockstat_TCP_alloc" [] Count, "TCP sockets allocated.", "/proc/net/sockstat";
    "TCP_inuse" => gauge "node_sockstat_TCP_inuse" [] Count, "TCP sockets in use.", "/proc/net/sockstat";
    "TCP_mem" => gauge "node_sockstat_TCP_mem" [] Count,
        "Pages of memory in the buffers of TCP sockets.", "/proc/net/sockstat";
    "TCP_mem_bytes" => gauge "node_sockstat_TCP_mem_bytes" [] Bytes,
        "Memory in the buffers of TCP sockets.", "/proc/net/sockstat";
    "TCP_orphan" => gauge "node_sockstat_TCP_orphan" [] Count,
        "TCP sockets that no process has open any more.", "/proc/net/sockstat";
    "TCP_tw" => gauge "node_sockstat_TCP_tw" [] Count, "TCP sockets in TIME-WAIT.", "/proc/net/sockstat";
    "UDP6_inuse" => gauge "node_sockstat_UDP6_inuse" [] Count, "UDP sockets in use, over IPv6.", "/proc/net/sockstat6";
    "UDPLITE6_inuse" => gauge "node_sockstat_UDPLITE6_inuse" [] Count,
        "UDP-Lite sockets in use, over IPv6.", "/proc/net/sockstat6";
    "UDPLITE_inuse" => gauge "node_sockstat_UDPLITE_inuse" [] Count, "UDP-Lite sockets in use.", "/proc/net/sockstat";
    "UDP_inuse" => gauge "node_sockstat_UDP_inuse" [] Count, "UDP sockets in use.", "/proc/net/sockstat";
    "UDP_mem" => gauge "node_sockstat_UDP_mem" [] Count,
        "Pages of memory in the buffers of UDP sockets.", "/proc/net/sockstat";
    "UDP_mem_bytes" => gauge "node_sockstat_UDP_mem_bytes" [] Bytes,
        "Memory in the buffers of UDP sockets.", "/proc/net/sockstat";
    "sockets_used" => gauge "node_sockstat_sockets_used" [] Count, "Sockets of all kinds in use.", "/proc/net/sockstat";
}

/// Reads the texts of [`FILES`]; `None` if there is nothing of it.
pub(super) fn parse(texts: &[Option<String>; FILES.len()], page_size: u64) -> Option<Rows> {
    Rows::of(FIELDS, texts.iter().flatten().flat_map(|text| text.lines()).flat_map(|line| numbers(line, page_size)))
}

/// `TCP: inuse 1 mem 2`.
fn numbers(line: &str, page_size: u64) -> Vec<(String, f64)> {
    let Some((protocol, rest)) = line.split_once(':') else { return Vec::new() };
    let words: Vec<&str> = rest.split_ascii_whitespace().collect();
    let mut found = Vec::new();
    for pair in words.chunks_exact(2) {
        let Ok(number) = pair[1].parse::<u64>() else { continue };
        found.push((format!("{protocol}_{}", pair[0]), number as f64));
        // The unit of `mem` is a page.
        if pair[0] == "mem" {
            found.push((format!("{protocol}_mem_bytes"), number as f64 * page_size as f64));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_shown_in_bytes_too() {
        let texts = [
            Some("sockets: used 21\nTCP: inuse 1 orphan x mem 181 alloc\n".to_owned()),
            Some("TCP6: inuse 3\n\nraw\n".to_owned()),
        ];
        let rows = parse(&texts, 4096).unwrap();
        let values = ["sockets_used", "TCP_inuse", "TCP_orphan", "TCP_mem", "TCP_mem_bytes", "TCP_alloc", "TCP6_inuse"];
        let expected = [Some(21.0), Some(1.0), None, Some(181.0), Some(741_376.0), None, Some(3.0)];
        assert_eq!(values.map(|key| rows.get(key)), expected);
        assert_eq!(parse(&[None, None], 4096), None);
    }
}
