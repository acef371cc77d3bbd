//! What is done, to what, when and for how long: all of it follows from the seed.

use std::time::Duration;

use fastrand::Rng;

/// What a kind of act does to a part `P` of the stage.
pub(crate) struct Kind<P> {
    pub(crate) about: About,
    /// Where the act goes on when it returns, it has begun; until `heal` nothing else is done to the part.
    pub(crate) begin: fn(&mut P, &super::Scene<'_>),
    pub(crate) heal: fn(&mut P, &super::Scene<'_>),
}

/// What is known of a kind of act.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About {
    pub(crate) name: &'static str,
    /// The most seconds that it lasts.
    pub(crate) longest: u64,
    /// The alert that pages, if it lasts longer than the alert's `for`.
    pub(crate) pages: Option<&'static str>,
    /// All alerts that it may page by; with `*` at the end a beginning.
    pub(crate) may: &'static [&'static str],
    pub(crate) needs: Needs,
}

/// What an act cannot be done without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    Nothing,
    /// A disk that can be full.
    Disk,
    /// A clock that can be set.
    Clock,
    /// A new process: only at the beginning, so that the rest tells whether the memory of one grows.
    Restart,
}

/// One act.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Act {
    pub(crate) at: Duration,
    pub(crate) lasts: Duration,
    /// Its place in the list of kinds.
    pub(crate) kind: usize,
}

/// How often something is done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rhythm {
    /// Seconds of calm after an act, at least and at most: one of these.
    pub(crate) calm: [(u64, u64); 2],
    /// When the last act ends at the latest.
    pub(crate) until: Duration,
    /// Up to when an agent may be started again.
    pub(crate) restarts: Duration,
    /// No act lasts longer.
    pub(crate) longest: u64,
}

/// The acts of one part. Parts do not share their numbers: what is done to one is the same whatever else there is.
pub(crate) fn acts<P>(seed: u64, part: &str, kinds: &[&Kind<P>], rhythm: Rhythm) -> Vec<Act> {
    let of_part = part.bytes().fold(seed, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let mut chance = Rng::with_seed(of_part);
    let milliseconds =
        |chance: &mut Rng, (least, most): (u64, u64)| Duration::from_millis(chance.u64(least * 1000..=most * 1000));
    let (mut acts, mut at) = (Vec::new(), Duration::ZERO);
    loop {
        let calm = rhythm.calm[chance.usize(..2)];
        at += milliseconds(&mut chance, calm);
        let kind = loop {
            let kind = chance.usize(..kinds.len());
            if kinds[kind].about.needs != Needs::Restart || at < rhythm.restarts {
                break kind;
            }
        };
        // Most are short; some are long enough for every alert.
        let longest = kinds[kind].about.longest.min(rhythm.longest);
        let range = [(1, 4), (1, 4), (5, 11), (12, 40)][chance.usize(..4)];
        let lasts = milliseconds(&mut chance, range).min(Duration::from_secs(longest));
        if at + lasts > rhythm.until {
            return acts;
        }
        acts.push(Act { at, lasts, kind });
        at += lasts;
    }
}
