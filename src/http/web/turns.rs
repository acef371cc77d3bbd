//! Whose password is verified next: a few at once, some wait, and none who asks often keeps out another one.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;

/// Verifications that run at once.
const RUNNING: usize = 2;
/// Verifications that wait: as many as are done within the usual timeout of a scrape at a cost of 12.
const WAITING: usize = 64;
/// Verifications that are remembered, to tell who has had a turn.
const REMEMBERED: usize = 128;

/// Who asks: where from, and for which user. Users are told apart by a part of a keyed hash, whether they exist or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asker {
    network: Option<IpAddr>,
    user: u8,
}

impl Asker {
    pub(super) fn new(peer: Option<IpAddr>, user: u8) -> Self {
        let network = peer.map(|peer| match peer.to_canonical() {
            // Of IPv6 one client has a whole /64.
            IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 64)).into(),
            ip @ IpAddr::V4(_) => ip,
        });
        Self { network, user }
    }
}

/// The turns of all who ask.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    running: usize,
    /// In the order in which they came.
    waiting: Vec<(Asker, oneshot::Sender<Turn>)>,
    /// Who had the last turns.
    served: VecDeque<Asker>,
}

/// A turn; the next one has it when it is dropped.
#[derive(Debug)]
pub(super) struct Turn(Arc<Turns>);

impl Turns {
    /// Waits for a turn; `None` when too many wait.
    pub(super) async fn wait(self: &Arc<Self>, asker: Asker) -> Option<Turn> {
        let woken = {
            let mut state = self.0.lock();
            if state.running < RUNNING {
                state.running += 1;
                state.note(asker);
                return Some(Turn(Arc::clone(self)));
            }
            if !state.make_room(asker) {
                return None;
            }
            let (wake, woken) = oneshot::channel();
            state.waiting.push((asker, wake));
            woken
        };
        woken.await.ok()
    }
}

impl State {
    fn note(&mut self, asker: Asker) {
        if self.served.len() >= REMEMBERED {
            self.served.pop_front();
        }
        self.served.push_back(asker);
    }

    /// Takes out who is next: of the network that has waited longest for a turn, there for the user that has, the first.
    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        self.waiting.retain(|(_, wake)| !wake.is_closed());
        let last = |is_it: &dyn Fn(&Asker) -> bool| self.served.iter().rposition(is_it);
        let order = |(_, (asker, _)): &(usize, &(Asker, _))| {
            (last(&|served| served.network == asker.network), last(&|served| served == asker))
        };
        let (first, _) = self.waiting.iter().enumerate().min_by_key(order)?;
        let (asker, wake) = self.waiting.remove(first);
        self.note(asker);
        Some(wake)
    }

    /// Makes room for `asker`, at the expense of the network, and there of the user, that has the most. False if that would be
    /// unjust.
    fn make_room(&mut self, asker: Asker) -> bool {
        self.waiting.retain(|(_, wake)| !wake.is_closed());
        if self.waiting.len() < WAITING {
            return true;
        }
        let of_network = |asker: Asker| self.waiting.iter().filter(|(other, _)| other.network == asker.network).count();
        let of_user = |asker: Asker| self.waiting.iter().filter(|(other, _)| *other == asker).count();
        let weight = |(_, (asker, _)): &(usize, &(Asker, _))| (of_network(*asker), of_user(*asker));
        let Some((last, (most, _))) = self.waiting.iter().enumerate().max_by_key(weight) else { return false };
        let is_just = if most.network == asker.network {
            of_user(asker) + 1 < of_user(*most)
        } else {
            of_network(asker) + 1 < of_network(*most)
        };
        if is_just {
            self.waiting.remove(last);
        }
        is_just
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let next = {
            let mut state = self.0.0.lock();
            let next = state.next();
            state.running -= usize::from(next.is_none());
            next
        };
        if let Some(wake) = next {
            // Who went away meanwhile drops the turn, and the one after has it.
            let _ = wake.send(Self(Arc::clone(&self.0)));
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn asker(network: u8, user: u8) -> Asker {
        Asker::new(Some(IpAddr::from([10, 0, 0, network])), user)
    }

    /// Lets each of `askers` ask in this order while all turns are taken; returns the order in which they are served, by their
    /// place, and those that were turned away.
    fn served(askers: &[Asker]) -> (Vec<usize>, Vec<usize>) {
        let turns = Arc::new(Turns::default());
        let mut running: Vec<Turn> =
            (0..RUNNING).map(|_| turns.wait(asker(0, 0)).now_or_never().flatten().unwrap()).collect();
        let mut waits: Vec<_> = askers.iter().map(|asker| Box::pin(turns.wait(*asker))).collect();
        let mut refused = Vec::new();
        let mut is_over = vec![false; waits.len()];
        let mut order = Vec::new();
        for (place, wait) in waits.iter_mut().enumerate() {
            if let Some(answer) = wait.as_mut().now_or_never() {
                assert!(answer.is_none());
                refused.push(place);
                is_over[place] = true;
            }
        }
        while let Some(turn) = running.pop() {
            drop(turn);
            for (place, wait) in waits.iter_mut().enumerate().filter(|(place, _)| !is_over[*place]).collect::<Vec<_>>()
            {
                match wait.as_mut().now_or_never() {
                    Some(Some(turn)) => {
                        order.push(place);
                        running.push(turn);
                    }
                    Some(None) => refused.push(place),
                    None => continue,
                }
                is_over[place] = true;
            }
        }
        assert_eq!(turns.0.lock().running, 0);
        (order, refused)
    }

    #[test]
    fn a_network_that_asks_once_is_next_however_often_another_asks() {
        let mut askers = vec![asker(1, 7); 5];
        askers.push(asker(2, 7));
        assert_eq!(served(&askers), (vec![0, 5, 1, 2, 3, 4], vec![]));
    }

    #[test]
    fn users_of_one_network_take_turns_and_networks_before_them() {
        let askers = [asker(1, 1), asker(1, 1), asker(1, 2), asker(2, 1), asker(1, 1), asker(2, 1), asker(1, 2)];
        assert_eq!(served(&askers), (vec![0, 3, 2, 5, 1, 6, 4], vec![]));
    }

    #[test]
    fn who_asks_most_makes_room() {
        let mut askers = vec![asker(1, 7); WAITING + 1];
        askers.push(asker(2, 7));
        askers.push(asker(1, 8));
        let (order, refused) = served(&askers);
        assert_eq!(order[..3], [0, WAITING + 1, WAITING + 2]);
        assert_eq!(order.len(), WAITING);
        assert_eq!(refused, [WAITING, WAITING - 2, WAITING - 1]);
    }

    #[test]
    fn a_full_queue_of_many_networks_is_full() {
        let mut askers: Vec<_> = (1..=64).map(|network| asker(network, 7)).collect();
        askers.push(asker(65, 7));
        let (order, refused) = served(&askers);
        assert_eq!((order, refused), ((0..64).collect(), vec![64]));
    }

    #[test]
    fn who_went_away_has_no_turn_and_no_place() {
        let turns = Arc::new(Turns::default());
        let running: Vec<_> = (0..RUNNING).map(|_| turns.wait(asker(0, 0)).now_or_never().flatten()).collect();
        let mut gone: Vec<_> = (0..WAITING).map(|_| Box::pin(turns.wait(asker(1, 7)))).collect();
        for wait in &mut gone {
            assert!(wait.as_mut().now_or_never().is_none());
        }
        drop(gone);
        let mut wait = Box::pin(turns.wait(asker(1, 7)));
        assert!(wait.as_mut().now_or_never().is_none());
        drop(running);
        assert!(wait.as_mut().now_or_never().flatten().is_some());
        drop(wait);
        assert_eq!(turns.0.lock().running, 0);
    }

    #[test]
    fn a_client_of_ipv6_is_its_network() {
        let asker = |ip: &str| Asker::new(Some(ip.parse().unwrap()), 1);
        assert_eq!(asker("2001:db8::1"), asker("2001:db8::ffff:1"));
        assert_ne!(asker("2001:db8::1"), asker("2001:db8:0:1::1"));
        assert_eq!(asker("::ffff:10.0.0.1"), asker("10.0.0.1"));
    }
}
