//! Replies of the engine: what is read of one is no more than it holds, whatever it holds.

use super::stream::{Line, Lines, shown};
use super::version::{Said, negotiate};
use super::{Event, Image, Inspected, List, cpus_in};

/// Longer than any word of the agent's own around what a server says.
const WORDS: usize = 500;

pub(in crate::collector::docker) fn replies(bytes: &[u8]) {
    if let Ok(List { containers, undecodable }) = serde_json::from_slice(bytes) {
        assert!(containers.len() as u64 + undecodable <= bytes.len() as u64);
        for listed in &containers {
            assert!(!listed.name.starts_with('/'), "{listed:?}");
            assert!(listed.name.len() + listed.image.len() <= bytes.len());
            assert!(listed.age.is_none_or(|age| age.at_least < age.below), "{listed:?}");
            assert_eq!(listed.reach.addresses.len(), listed.reach.networks.len());
        }
    }
    if let Ok(inspected) = serde_json::from_slice::<Inspected>(bytes) {
        let cpus = inspected.limits.usable_cpus(Some(8.0));
        assert!(cpus.is_some_and(|cpus| cpus > 0.0 && cpus <= 8.0), "{cpus:?}");
        assert!(inspected.limits.period() > 0);
    }
    if let Ok(image) = serde_json::from_slice::<Image>(bytes) {
        assert!(image.digest.len() <= bytes.len());
    }
    if let Ok(said) = serde_json::from_slice::<Said>(bytes) {
        match negotiate(said, "GET /version") {
            Ok(negotiated) => assert!(negotiated.api >= (1, 41) && negotiated.api <= (1, 52)),
            Err(error) => assert!(error.to_string().len() <= WORDS + bytes.len()),
        }
    }
    let message = shown(bytes);
    assert!(message.chars().count() <= 200 && !message.contains(['\n', '\r', '\t']), "{message:?}");
    if let Ok(list) = std::str::from_utf8(bytes) {
        let ranges = list.split(',').count();
        assert!(ranges > 0 && (cpus_in(list) == 0 || list.bytes().any(|byte| byte.is_ascii_digit())));
    }
    let whole = events(std::iter::once(bytes));
    for size in [1, 7, bytes.len() / 2 + 1] {
        assert_eq!(events(bytes.chunks(size)), whole, "in pieces of {size}");
    }
}

/// The events of a stream, and how many lines of it are none.
fn events<'b>(pieces: impl Iterator<Item = &'b [u8]>) -> (Vec<Event>, usize) {
    let (mut lines, mut events, mut none) = (Lines::default(), Vec::new(), 0);
    for piece in pieces {
        lines.push(piece);
        while let Some(line) = lines.next() {
            let event = if let Line::Whole(line) = line { serde_json::from_slice(&line).ok() } else { None };
            match event {
                Some(event) => events.push(event),
                None => none += 1,
            }
        }
    }
    (events, none)
}
