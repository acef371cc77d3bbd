use super::*;

fn at(host: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, host], 6379))
}

/// What the server `by` says: the servers, of which the first is a primary.
fn said(by: Option<u8>, servers: &[u8]) -> Said {
    let seen = |(place, host): (usize, &u8)| (at(*host), Seen { host: None, is_primary: place == 0 });
    Said { by: by.map(at), view: servers.iter().enumerate().map(seen).collect() }
}

fn settled(all: &[Said]) -> Vec<(u8, bool)> {
    let host = |address: &SocketAddr| match address {
        SocketAddr::V4(address) => address.ip().octets()[3],
        SocketAddr::V6(_) => 0,
    };
    settle(all).iter().map(|(address, seen)| (host(address), seen.is_primary)).collect()
}

#[test]
fn one_that_says_something_else_is_outvoted() {
    let [first, second, third] = [(1, true), (2, false), (3, false)];
    // Sentinels: none of them is a server.
    let honest = || said(None, &[1, 2, 3]);
    assert_eq!(settled(&[said(None, &[9]), honest(), honest()]), [first, second, third]);
    assert_eq!(settled(&[honest(), said(None, &[9]), honest()]), [first, second, third]);
    // One against one: nobody is taken out, and nobody is kept out.
    assert_eq!(settled(&[said(None, &[9]), honest()]), [first, second, third, (9, true)]);
    // It is alone, and believed.
    assert_eq!(settled(&[said(None, &[1, 2])]), [first, second]);
}

#[test]
fn nobody_bears_witness_to_himself() {
    // A node that was reset knows itself alone, and the others know it.
    let others = || [said(Some(2), &[1, 2, 3]), said(Some(3), &[1, 2, 3])];
    let [second, third] = others();
    assert_eq!(settled(&[said(Some(1), &[1]), second, third]), [(1, true), (2, false), (3, false)]);
    // One that the others have forgotten knows them still.
    let forgotten = said(Some(4), &[1, 2, 3, 4]);
    assert_eq!(settled(&[forgotten, said(Some(1), &[1, 2, 3]), said(Some(2), &[1, 2, 3])]).len(), 3);
    // Two that were reset, and one that was not.
    let two = [said(Some(1), &[1]), said(Some(2), &[2]), said(Some(3), &[1, 2, 3])];
    assert_eq!(settled(&two), [(1, true), (2, false), (3, false)]);
    // Those two alone say nothing of anybody, nor do two of which one is silent.
    assert!(!are_enough(&two[..2], 0) && !are_enough(&two[1..], 1) && !are_enough(&two[..1], 1));
    assert!(are_enough(&two, 0) && are_enough(&two[..1], 0) && are_enough(&others(), 3));
    // A cluster of one.
    assert_eq!(settled(&[said(Some(1), &[1])]), [(1, true)]);
}

#[test]
fn what_nobody_confirms_takes_nobody_out() {
    let known = said(None, &[1, 2, 3]).view;
    let seen = |view: &View| view.values().map(|seen| seen.is_primary).collect::<Vec<_>>();
    // It knows itself alone, and not as a primary: it was reset.
    let mut blank = said(Some(1), &[1]);
    blank.view.values_mut().for_each(|seen| seen.is_primary = false);
    assert!(!blank.names_others());
    assert_eq!(added(&known, &[blank]), known);
    // It took over, and it knows somebody else.
    let promoted = said(Some(2), &[2, 1, 4]);
    assert!(promoted.names_others());
    let view = added(&known, &[promoted]);
    assert_eq!(view.keys().copied().collect::<Vec<_>>(), [1, 2, 3, 4].map(at));
    assert_eq!(seen(&view), [false, true, false, false]);
    // Nothing was known before.
    assert_eq!(added(&View::new(), &[said(Some(3), &[3])]), said(Some(3), &[3]).view);
}

#[test]
fn most_say_who_is_a_primary() {
    let before = || said(None, &[1, 2]);
    let after = || said(None, &[2, 1]);
    assert_eq!(settled(&[before(), after(), after()]), [(1, false), (2, true)]);
    assert_eq!(settled(&[after(), before(), before()]), [(1, true), (2, false)]);
    assert_eq!(settled(&[after(), before()]), [(1, false), (2, true)], "between two the one that was trusted");
}
