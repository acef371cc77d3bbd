//! /proc/net/snmp, netstat and snmp6: what the protocols have counted. Those that `node_exporter` shows, without types as
//! there.

use super::parse::Rows;
use crate::metric::metrics;

/// The files, below /proc/net.
pub(super) const FILES: [&str; 3] = ["snmp", "netstat", "snmp6"];

metrics! {
    pub(super) fn metrics;
    /// The numbers that are shown, by protocol and name.
    const FIELDS: [(&'static str, Metric<0>)];
    "Icmp6_InErrors" => untyped "node_netstat_Icmp6_InErrors" [] Count,
        "ICMPv6 messages received with errors.", "/proc/net/snmp6";
    "Icmp6_InMsgs" => untyped "node_netstat_Icmp6_InMsgs" [] Count, "ICMPv6 messages received.", "/proc/net/snmp6";
    "Icmp6_OutMsgs" => untyped "node_netstat_Icmp6_OutMsgs" [] Count, "ICMPv6 messages sent.", "/proc/net/snmp6";
    "Icmp_InErrors" => untyped "node_netstat_Icmp_InErrors" [] Count,
        "ICMP messages received with errors.", "/proc/net/snmp";
    "Icmp_InMsgs" => untyped "node_netstat_Icmp_InMsgs" [] Count, "ICMP messages received.", "/proc/net/snmp";
    "Icmp_OutMsgs" => untyped "node_netstat_Icmp_OutMsgs" [] Count, "ICMP messages sent.", "/proc/net/snmp";
    "Ip6_InOctets" => untyped "node_netstat_Ip6_InOctets" [] Bytes, "Bytes received over IPv6.", "/proc/net/snmp6";
    "Ip6_OutOctets" => untyped "node_netstat_Ip6_OutOctets" [] Bytes, "Bytes sent over IPv6.", "/proc/net/snmp6";
    "IpExt_InOctets" => untyped "node_netstat_IpExt_InOctets" [] Bytes,
        "Bytes received over IPv4.", "/proc/net/netstat";
    "IpExt_OutOctets" => untyped "node_netstat_IpExt_OutOctets" [] Bytes, "Bytes sent over IPv4.", "/proc/net/netstat";
    "Ip_Forwarding" => untyped "node_netstat_Ip_Forwarding" [] Count,
        "Whether IPv4 packets are forwarded: 1 if so, 2 if not.", "/proc/net/snmp";
    "TcpExt_ListenDrops" => untyped "node_netstat_TcpExt_ListenDrops" [] Count,
        "Connections dropped before a server could accept them.", "/proc/net/netstat";
    "TcpExt_ListenOverflows" => untyped "node_netstat_TcpExt_ListenOverflows" [] Count,
        "Connections dropped because the queue of those to be accepted was full.", "/proc/net/netstat";
    "TcpExt_SyncookiesFailed" => untyped "node_netstat_TcpExt_SyncookiesFailed" [] Count,
        "SYN cookies that were not valid.", "/proc/net/netstat";
    "TcpExt_SyncookiesRecv" => untyped "node_netstat_TcpExt_SyncookiesRecv" [] Count,
        "SYN cookies received.", "/proc/net/netstat";
    "TcpExt_SyncookiesSent" => untyped "node_netstat_TcpExt_SyncookiesSent" [] Count,
        "SYN cookies sent, for want of room for half-open connections.", "/proc/net/netstat";
    "TcpExt_TCPOFOQueue" => untyped "node_netstat_TcpExt_TCPOFOQueue" [] Count,
        "Segments that came out of order and were queued.", "/proc/net/netstat";
    "TcpExt_TCPRcvQDrop" => untyped "node_netstat_TcpExt_TCPRcvQDrop" [] Count,
        "Segments dropped because a receive queue was full.", "/proc/net/netstat";
    "TcpExt_TCPSynRetrans" => untyped "node_netstat_TcpExt_TCPSynRetrans" [] Count,
        "SYN and SYN-ACK segments sent again.", "/proc/net/netstat";
    "TcpExt_TCPTimeouts" => untyped "node_netstat_TcpExt_TCPTimeouts" [] Count,
        "Expired timers of TCP.", "/proc/net/netstat";
    "Tcp_ActiveOpens" => untyped "node_netstat_Tcp_ActiveOpens" [] Count,
        "Connections opened from here.", "/proc/net/snmp";
    "Tcp_CurrEstab" => untyped "node_netstat_Tcp_CurrEstab" [] Count, "Connections established now.", "/proc/net/snmp";
    "Tcp_InErrs" => untyped "node_netstat_Tcp_InErrs" [] Count, "Segments received with errors.", "/proc/net/snmp";
    "Tcp_InSegs" => untyped "node_netstat_Tcp_InSegs" [] Count, "Segments received.", "/proc/net/snmp";
    "Tcp_OutRsts" => untyped "node_netstat_Tcp_OutRsts" [] Count, "Segments sent with RST.", "/proc/net/snmp";
    "Tcp_OutSegs" => untyped "node_netstat_Tcp_OutSegs" [] Count,
        "Segments sent, without those sent again.", "/proc/net/snmp";
    "Tcp_PassiveOpens" => untyped "node_netstat_Tcp_PassiveOpens" [] Count,
        "Connections opened to here.", "/proc/net/snmp";
    "Tcp_RetransSegs" => untyped "node_netstat_Tcp_RetransSegs" [] Count, "Segments sent again.", "/proc/net/snmp";
    "Udp6_InDatagrams" => untyped "node_netstat_Udp6_InDatagrams" [] Count,
        "UDP datagrams received, over IPv6.", "/proc/net/snmp6";
    "Udp6_InErrors" => untyped "node_netstat_Udp6_InErrors" [] Count,
        "UDP datagrams that could not be delivered, over IPv6.", "/proc/net/snmp6";
    "Udp6_NoPorts" => untyped "node_netstat_Udp6_NoPorts" [] Count,
        "UDP datagrams to ports where nobody listened, over IPv6.", "/proc/net/snmp6";
    "Udp6_OutDatagrams" => untyped "node_netstat_Udp6_OutDatagrams" [] Count,
        "UDP datagrams sent, over IPv6.", "/proc/net/snmp6";
    "Udp6_RcvbufErrors" => untyped "node_netstat_Udp6_RcvbufErrors" [] Count,
        "UDP datagrams dropped because a receive buffer was full, over IPv6.", "/proc/net/snmp6";
    "Udp6_SndbufErrors" => untyped "node_netstat_Udp6_SndbufErrors" [] Count,
        "UDP datagrams not sent because a send buffer was full, over IPv6.", "/proc/net/snmp6";
    "UdpLite6_InErrors" => untyped "node_netstat_UdpLite6_InErrors" [] Count,
        "UDP-Lite datagrams that could not be delivered, over IPv6.", "/proc/net/snmp6";
    "UdpLite_InErrors" => untyped "node_netstat_UdpLite_InErrors" [] Count,
        "UDP-Lite datagrams that could not be delivered.", "/proc/net/snmp";
    "Udp_InDatagrams" => untyped "node_netstat_Udp_InDatagrams" [] Count, "UDP datagrams received.", "/proc/net/snmp";
    "Udp_InErrors" => untyped "node_netstat_Udp_InErrors" [] Count,
        "UDP datagrams that could not be delivered.", "/proc/net/snmp";
    "Udp_NoPorts" => untyped "node_netstat_Udp_NoPorts" [] Count,
        "UDP datagrams to ports where nobody listened.", "/proc/net/snmp";
    "Udp_OutDatagrams" => untyped "node_netstat_Udp_OutDatagrams" [] Count, "UDP datagrams sent.", "/proc/net/snmp";
    "Udp_RcvbufErrors" => untyped "node_netstat_Udp_RcvbufErrors" [] Count,
        "UDP datagrams dropped because a receive buffer was full.", "/proc/net/snmp";
    "Udp_SndbufErrors" => untyped "node_netstat_Udp_SndbufErrors" [] Count,
        "UDP datagrams not sent because a send buffer was full.", "/proc/net/snmp";
}

/// Reads the texts of [`FILES`]; `None` if there is nothing of it.
pub(super) fn parse(texts: &[Option<String>; FILES.len()]) -> Option<Rows> {
    let [snmp, netstat, snmp6] = texts.each_ref().map(|text| text.as_deref().unwrap_or_default());
    Rows::of(FIELDS, pairs(snmp).chain(pairs(netstat)).chain(lines(snmp6)))
}

/// `Tcp: InSegs OutSegs` above `Tcp: 1 2`.
fn pairs(text: &str) -> impl Iterator<Item = (String, f64)> {
    text.lines().zip(text.lines().skip(1)).step_by(2).flat_map(|(names, values)| {
        let mut both = names.split_ascii_whitespace().zip(values.split_ascii_whitespace());
        // Two lines that belong together begin with the same protocol.
        let protocol = both.next().filter(|(name, again)| name == again).map(|(name, _)| name.trim_end_matches(':'));
        let of = move |(name, value): (&str, &str)| Some((format!("{}_{name}", protocol?), whole(value)?));
        both.filter_map(of)
    })
}

/// `Udp6InDatagrams    1`.
fn lines(text: &str) -> impl Iterator<Item = (String, f64)> {
    text.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let (protocol, name) = words.next()?.split_once('6')?;
        Some((format!("{protocol}6_{name}"), whole(words.next()?)?))
    })
}

/// A limit that there is not is -1.
fn whole(value: &str) -> Option<f64> {
    value.parse::<i128>().ok().map(|value| value as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_above_their_numbers_or_beside_them() {
        let texts = [
            Some(
                "Ip: Forwarding TTL\nIp: 2 64\nTcp: MaxConn CurrEstab InErrs\nTcp: -1 7\nUdp: NoPorts\nTcp: 9\n"
                    .to_owned(),
            ),
            None,
            Some("Udp6NoPorts \t 5\nIp6InOctets x\nnothing 1\nIcmp6InMsgs\n".to_owned()),
        ];
        let rows = parse(&texts).unwrap();
        let values = ["Ip_Forwarding", "Tcp_CurrEstab", "Tcp_InErrs", "Udp_NoPorts", "Udp6_NoPorts", "Ip6_InOctets"];
        assert_eq!(values.map(|key| rows.get(key)), [Some(2.0), Some(7.0), None, None, Some(5.0), None]);
        assert_eq!(parse(&[const { None }; 3]), None);
        assert_eq!(parse(&[Some("Tcp: InSegs\n".to_owned()), None, None]), None);
    }
}
