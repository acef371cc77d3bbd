//! Where the ticks come from: instruments, each with so many ticks a second.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;

/// Instruments at most.
pub(crate) const MAX_INSTRUMENTS: usize = 10_000;
/// Ticks a second of all instruments at most: more would say something about this program's CPU and nothing else.
pub(crate) const MAX_RATE: f64 = 100_000.0;
/// The token of the first instrument that is made up.
const FIRST_TOKEN: u32 = 256_265;
/// The first symbols; the others are `stock3`, `stock4`, ...
const SYMBOLS: [&str; 2] = ["nifty", "banknifty"];
/// A pause of this program is made up for no further back.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How much of an instrument is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Mode {
    #[default]
    Full,
    Quote,
    Ltp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Instrument {
    pub(crate) token: u32,
    pub(crate) symbol: Arc<str>,
    pub(crate) mode: Mode,
}

/// One price. The JSON is made of it when it is published, so that a full buffer is small.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tick {
    pub(crate) token: u32,
    pub(crate) symbol: Arc<str>,
    /// In hundredths.
    pub(crate) price: u32,
}

impl Tick {
    pub(crate) fn channel(&self) -> String {
        format!("ticker:{}", self.symbol)
    }

    /// With so many levels of the order book, each of about 40 bytes.
    pub(crate) fn payload(&self, depth: u32) -> String {
        let (whole, part) = (self.price / 100, self.price % 100);
        let mut text =
            format!(r#"{{"instrument_token":{},"symbol":"{}","last_price":{whole}.{part:02}"#, self.token, self.symbol);
        for level in 0..depth {
            let lead = if level == 0 { r#","depth":["# } else { "," };
            // Writing to a String cannot fail.
            let _ = write!(
                text,
                r#"{lead}{{"bid":{},"ask":{},"size":{}}}"#,
                whole.saturating_sub(level),
                whole + level + 1,
                100 + level
            );
        }
        text.push_str(if depth == 0 { "}" } else { "]}" });
        text
    }
}

/// The subscribed instruments, which take turns.
#[derive(Debug)]
pub(crate) struct Registry {
    instruments: Vec<Instrument>,
    turn: usize,
    random: Rng,
    pub(crate) subscriptions: u64,
    pub(crate) unsubscriptions: u64,
}

impl Registry {
    pub(crate) fn new(count: usize, seed: u64) -> Self {
        let random = Rng::with_seed(seed);
        let mut registry = Self { instruments: Vec::new(), turn: 0, random, subscriptions: 0, unsubscriptions: 0 };
        registry.resize(count);
        registry
    }

    pub(crate) fn len(&self) -> usize {
        self.instruments.len()
    }

    /// Makes up instruments, or gives up the last ones, until there are so many.
    pub(crate) fn resize(&mut self, count: usize) {
        let count = count.min(MAX_INSTRUMENTS);
        self.unsubscriptions += self.instruments.len().saturating_sub(count) as u64;
        self.instruments.truncate(count);
        let taken: HashSet<u32> = self.instruments.iter().map(|instrument| instrument.token).collect();
        let missing = count - self.instruments.len();
        let made_up = (FIRST_TOKEN..).filter(|token| !taken.contains(token)).take(missing);
        let made_up = made_up.map(|token| Instrument { token, symbol: symbol(token), mode: Mode::Full });
        self.instruments.extend(made_up);
        self.subscriptions += missing as u64;
    }

    /// Adds an instrument, or changes the mode of one that is there. `None` when there is no room for it.
    pub(crate) fn subscribe(&mut self, token: u32, mode: Mode) -> Option<Instrument> {
        if let Some(known) = self.instruments.iter_mut().find(|instrument| instrument.token == token) {
            known.mode = mode;
            return Some(known.clone());
        }
        if self.instruments.len() >= MAX_INSTRUMENTS {
            return None;
        }
        let instrument = Instrument { token, symbol: symbol(token), mode };
        self.instruments.push(instrument.clone());
        self.subscriptions += 1;
        Some(instrument)
    }

    /// Whether it was there.
    pub(crate) fn unsubscribe(&mut self, token: u32) -> bool {
        let before = self.instruments.len();
        self.instruments.retain(|instrument| instrument.token != token);
        let gone = self.instruments.len() < before;
        self.unsubscriptions += u64::from(gone);
        gone
    }

    /// Those from `offset` on, `limit` of them at most.
    pub(crate) fn page(&self, limit: usize, offset: usize) -> &[Instrument] {
        let rest = self.instruments.get(offset..).unwrap_or_default();
        &rest[..limit.min(rest.len())]
    }

    /// The next `count` ticks; none without instruments.
    pub(crate) fn ticks(&mut self, count: usize) -> Vec<Tick> {
        let count = if self.instruments.is_empty() { 0 } else { count };
        (0..count)
            .map(|_| {
                self.turn = (self.turn + 1) % self.instruments.len();
                let Instrument { token, symbol, .. } = &self.instruments[self.turn];
                Tick { token: *token, symbol: Arc::clone(symbol), price: self.random.u32(2_200_000..2_300_000) }
            })
            .collect()
    }
}

fn symbol(token: u32) -> Arc<str> {
    let number = token.wrapping_sub(FIRST_TOKEN) as usize;
    match SYMBOLS.get(number) {
        Some(known) => (*known).into(),
        None if number < MAX_INSTRUMENTS => format!("stock{}", number + 1).into(),
        None => format!("token{token}").into(),
    }
}

/// How many ticks are due, at a rate that may change.
#[derive(Debug)]
pub(crate) struct Pacer {
    last: Instant,
    /// The part of a tick that is due already.
    rest: f64,
}

impl Pacer {
    pub(crate) const fn new(now: Instant) -> Self {
        Self { last: now, rest: 0.0 }
    }

    /// Ticks due since the last call.
    pub(crate) fn due(&mut self, now: Instant, per_second: f64) -> usize {
        let passed = now.saturating_duration_since(self.last).min(LONGEST_PAUSE);
        self.last = now;
        let due = self.rest + passed.as_secs_f64() * per_second.clamp(0.0, MAX_RATE);
        self.rest = due.fract();
        // A second's worth at most, and never negative.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to MAX_RATE + 1")]
        let whole = due.trunc() as usize;
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(registry: &Registry) -> Vec<u32> {
        registry.page(usize::MAX, 0).iter().map(|instrument| instrument.token).collect()
    }

    #[test]
    fn instruments_are_made_up_and_given_up() {
        let mut registry = Registry::new(3, 1);
        let symbols: Vec<&str> = registry.instruments.iter().map(|instrument| &*instrument.symbol).collect();
        assert_eq!(symbols, ["nifty", "banknifty", "stock3"]);
        registry.resize(1);
        assert_eq!(tokens(&registry), [256_265]);
        assert_eq!((registry.subscriptions, registry.unsubscriptions), (3, 2));
        registry.resize(usize::MAX);
        assert_eq!(registry.len(), 10_000);
    }

    #[test]
    fn a_subscription_is_one_instrument() {
        let mut registry = Registry::new(1, 1);
        let added = registry.subscribe(256_266, Mode::Ltp).unwrap();
        assert_eq!((added.token, &*added.symbol, added.mode), (256_266, "banknifty", Mode::Ltp));
        assert_eq!(&*registry.subscribe(7, Mode::Full).unwrap().symbol, "token7");
        assert_eq!(registry.subscribe(7, Mode::Quote).unwrap().mode, Mode::Quote);
        // What is there already is not made up again.
        registry.resize(4);
        assert_eq!(tokens(&registry), [256_265, 256_266, 7, 256_267]);
        assert!(registry.unsubscribe(7));
        assert!(!registry.unsubscribe(7));
        assert_eq!((registry.subscriptions, registry.unsubscriptions), (4, 1));
        registry.resize(MAX_INSTRUMENTS);
        assert_eq!(registry.subscribe(7, Mode::Full), None);
    }

    #[test]
    fn pages() {
        let registry = Registry::new(5, 1);
        let lengths =
            [(2, 0), (2, 4), (2, 5), (2, 9), (0, 0)].map(|(limit, offset)| registry.page(limit, offset).len());
        assert_eq!(lengths, [2, 1, 0, 0, 0]);
    }

    #[test]
    fn instruments_take_turns() {
        let mut registry = Registry::new(3, 1);
        let tokens: Vec<u32> = registry.ticks(4).into_iter().map(|tick| tick.token).collect();
        assert_eq!(tokens, [256_266, 256_267, 256_265, 256_266]);
        registry.resize(1);
        assert_eq!(registry.ticks(1)[0].token, 256_265);
        registry.resize(0);
        assert_eq!(registry.ticks(9), []);
    }

    #[test]
    fn a_tick_is_json_on_its_channel() {
        let tick = Tick { token: 256_265, symbol: "nifty".into(), price: 2_234_505 };
        assert_eq!(tick.channel(), "ticker:nifty");
        let bare = r#"{"instrument_token":256265,"symbol":"nifty","last_price":22345.05}"#;
        assert_eq!(tick.payload(0), bare);
        let deep = r#"{"instrument_token":256265,"symbol":"nifty","last_price":22345.05,"depth":[{"bid":22345,"ask":22346,"size":100},{"bid":22344,"ask":22347,"size":101}]}"#;
        assert_eq!(tick.payload(2), deep);
        assert_eq!(tick.payload(25).len(), 1_001);
    }

    #[test]
    fn parts_of_a_tick_are_not_lost() {
        let start = Instant::now();
        let mut pacer = Pacer::new(start);
        let at = |millis| start + Duration::from_millis(millis);
        let due: Vec<usize> = (1..=8).map(|slice| pacer.due(at(slice * 125), 4.0)).collect();
        assert_eq!(due, [0, 1, 0, 1, 0, 1, 0, 1]);
        // A minute of standstill is made up for by a second, and no rate is beyond the highest one.
        assert_eq!(pacer.due(at(61_000), 4.0), 4);
        assert_eq!(pacer.due(at(62_000), 1e12), 100_000);
        assert_eq!(pacer.due(at(63_000), -1.0), 0);
    }
}
