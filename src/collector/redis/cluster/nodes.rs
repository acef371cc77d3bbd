//! CLUSTER NODES, read: who is in the cluster, as one node sees it.

/// Nodes that are read; a cluster has a thousand at most.
const MAX_NODES: usize = 2_000;

/// Hash slots of a cluster.
pub(in crate::collector::redis) const SLOTS: usize = 16_384;

/// How a node is, in the eyes of the one that was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::collector::redis) enum State {
    /// It answers.
    Ok,
    /// This node alone suspects it.
    Suspected,
    /// The cluster holds it to be failing.
    Failing,
    /// Its address is not known.
    Lost,
    /// It was met and has not answered yet.
    Handshake,
}

impl State {
    /// All but the last, which is not a member yet.
    pub(super) const OF_MEMBERS: [Self; 4] = [Self::Ok, Self::Suspected, Self::Failing, Self::Lost];

    /// Its label.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Suspected => "suspected",
            Self::Failing => "failing",
            Self::Lost => "noaddr",
            Self::Handshake => "handshake",
        }
    }
}

/// A line of the reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::collector::redis) struct Node<'t> {
    pub(super) id: &'t str,
    /// As it is announced; empty where the node does not know its own.
    pub(in crate::collector::redis) host: &'t str,
    pub(in crate::collector::redis) port: u16,
    /// `cluster-announce-hostname`, Redis >= 7.
    pub(in crate::collector::redis) hostname: Option<&'t str>,
    /// The one that was asked.
    pub(in crate::collector::redis) is_myself: bool,
    pub(in crate::collector::redis) is_primary: bool,
    pub(in crate::collector::redis) state: State,
    /// The id of its primary.
    pub(super) primary: Option<&'t str>,
    /// Its hash slots, as they are written.
    pub(in crate::collector::redis) slots: &'t str,
}

/// Reads the reply. Lines that are not of a node are left out.
pub(in crate::collector::redis) fn parse(text: &str) -> Vec<Node<'_>> {
    text.lines().filter_map(parse_line).take(MAX_NODES).collect()
}

/// `id ip:port@busport,hostname,... flags primary ping pong epoch link slot slot ...`
fn parse_line(line: &str) -> Option<Node<'_>> {
    let mut words = line.trim_end().splitn(9, ' ');
    let (id, address, flags, primary) = (words.next()?, words.next()?, words.next()?, words.next()?);
    // When it was pinged, when it answered, its epoch; and whether there is a connection to it.
    let (numbers, state) = ([words.next()?, words.next()?, words.next()?], words.next()?);
    let is_number = |word: &str| word.parse::<u64>().is_ok();
    if !numbers.into_iter().all(is_number) || !matches!(state, "connected" | "disconnected") {
        return None;
    }
    let slots = words.next().unwrap_or_default();
    let mut parts = address.split(',');
    // Before Redis 4 there is no port of the bus.
    let place = parts.next()?.split('@').next()?;
    let (host, port) = place.rsplit_once(':')?;
    let hostname = parts.next().filter(|name| !name.is_empty() && !name.contains('='));
    let has = |wanted: &str| flags.split(',').any(|flag| flag == wanted);
    let state = match () {
        () if has("fail") => State::Failing,
        () if has("fail?") => State::Suspected,
        () if has("handshake") => State::Handshake,
        () if has("noaddr") => State::Lost,
        () => State::Ok,
    };
    Some(Node {
        id,
        host: host.trim_start_matches('[').trim_end_matches(']'),
        port: port.parse().ok()?,
        hostname,
        is_myself: has("myself"),
        is_primary: has("master"),
        state,
        primary: Some(primary).filter(|id| *id != "-"),
        slots,
    })
}

impl Node<'_> {
    /// Marks the slots that it serves.
    pub(super) fn mark(&self, covered: &mut [bool]) {
        for range in self.slots.split_ascii_whitespace().filter(|range| !range.starts_with('[')) {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            if let (Ok(first), Ok(last)) = (first.parse::<usize>(), last.parse::<usize>())
                && let Some(range) = covered.get_mut(first..=last)
            {
                range.fill(true);
            }
        }
    }

    /// Whether slots belong to it: what is only on its way to it does not.
    pub(in crate::collector::redis) fn has_slots(&self) -> bool {
        self.slots.split_ascii_whitespace().any(|range| !range.starts_with('['))
    }

    /// Its slots that are open: those on their way from it, and to it.
    pub(super) fn open_slots(&self) -> [usize; 2] {
        let open = || self.slots.split_ascii_whitespace().filter(|range| range.starts_with('['));
        ["->-", "-<-"].map(|arrow| open().filter(|range| range.contains(arrow)).count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_all_versions_are_read() {
        let text = "\
            07c37df 127.0.0.1:30004@31004,hostname4 slave e7d1eec 0 1426238317239 4 connected\n\
            67ed2db 10.0.0.2:30002 master,fail? - 0 1426238316232 2 disconnected 5461-10922\n\
            e7d1eec ::1:30001@31001,,shard-id=69bc myself,master - 0 0 1 connected 0-5460 5462 [5462->-67ed2db] [93-<-292f8b3]\n\
            292f8b3 :0@0 master,noaddr,fail - 1 2 3 disconnected\n\
            824fe11 [fd00::1]:7@8 noaddr - 0 0 0 disconnected\n\
            6ec2392 10.0.0.3:7000@17000 handshake - 0 0 0 disconnected\n\
            total nonsense\n\
            vars currentEpoch 6 lastVoteEpoch 0\n\
            bad 10.0.0.9:99999@1 master - 0 0 0 connected\n";
        let nodes = parse(text);
        let seen: Vec<_> = nodes.iter().map(|node| (node.host, node.port, node.hostname, node.state)).collect();
        assert_eq!(
            seen,
            [
                ("127.0.0.1", 30004, Some("hostname4"), State::Ok),
                ("10.0.0.2", 30002, None, State::Suspected),
                ("::1", 30001, None, State::Ok),
                ("", 0, None, State::Failing),
                ("fd00::1", 7, None, State::Lost),
                ("10.0.0.3", 7000, None, State::Handshake),
            ]
        );
        assert_eq!((nodes[0].is_primary, nodes[0].primary), (false, Some("e7d1eec")));
        assert!(nodes[2].is_myself && nodes[2].is_primary && nodes[2].has_slots());
        assert_eq!(nodes[2].open_slots(), [1, 1]);
        let mut covered = vec![false; SLOTS];
        nodes[2].mark(&mut covered);
        assert_eq!(covered.iter().filter(|slot| **slot).count(), 5462);
        // What is only on its way to a node does not belong to it.
        assert!(!parse("a 1.2.3.4:1@2 myself,master - 0 0 0 connected [93-<-b]")[0].has_slots());
    }
}
