//! The active channels of configured patterns, and who listens to them.
//!
//! A poll sends PUBSUB CHANNELS with each pattern, and then PUBSUB NUMSUB with the channels that it found. PUBSUB NUMPAT
//! is not asked: INFO stats has the same number as `pubsub_patterns`.

use redis::{Cmd, Value};

use super::facts::Facts;
use super::question::{Question, Request, command};
use super::reply::{self, Unexpected};
use super::resp::Allowance;
use crate::collector::redis::RedisTarget;
use crate::metric::{Families, MetricInfo, metrics};
use clientlist::label;

/// Channels of a pattern whose subscribers are asked for.
pub const MAX_CHANNELS: usize = 1000;

metrics! {
    pub fn metrics;
    CHANNELS: gauge "redis_pubsub_pattern_channels" ["pattern"] Count,
        "Channels with at least one subscriber whose name matches the configured pattern.",
        "PUBSUB CHANNELS, Redis >= 2.8";
    SUBSCRIBERS: gauge "redis_pubsub_pattern_subscribers" ["pattern"] Count,
        "Subscriptions to the channels that match the configured pattern, without those of PSUBSCRIBE.",
        "PUBSUB NUMSUB, Redis >= 2.8";
    CHANNEL_SUBSCRIBERS: gauge "redis_pubsub_channel_subscribers" ["pattern", "channel"] Count,
        "Subscriptions to the channels with the most subscribers; the other matching channels together are __other__.",
        "PUBSUB NUMSUB, Redis >= 2.8";
    TRUNCATED: gauge "redis_pubsub_pattern_truncated" ["pattern"] Bool,
        "Whether so many channels match that the subscribers of only a part of them are counted.",
        "PUBSUB CHANNELS, Redis >= 2.8";
}

/// The channels that match a pattern.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Channels {
    /// All that match.
    pub total: usize,
    /// At most [`MAX_CHANNELS`] of them, as the bytes to ask PUBSUB NUMSUB with; always the same ones of the same set.
    pub names: Vec<Vec<u8>>,
}

/// The listeners of one pattern's channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternSubscribers {
    /// The configured pattern.
    pub pattern: String,
    /// Channels that match it.
    pub channels: usize,
    /// Whether more channels match than were asked for.
    pub truncated: bool,
    /// Subscriptions to all channels that were asked for.
    pub subscribers: u64,
    /// The channels with the most subscriptions, the largest first, and the rest as `__other__`.
    pub top: Vec<(String, u64)>,
}

impl PatternSubscribers {
    /// Keeps the `top` channels of `counts` by name, and adds up the rest.
    #[must_use]
    pub fn new(pattern: &str, found: &Channels, counts: &[(String, u64)], top: usize) -> Self {
        let groups = counts.iter().map(|(channel, count)| (channel.as_bytes(), *count));
        Self {
            pattern: pattern.to_owned(),
            channels: found.total,
            truncated: found.total > found.names.len(),
            subscribers: sum(counts),
            top: label::top_counts(groups, "", top),
        }
    }
}

fn sum(counts: &[(String, u64)]) -> u64 {
    counts.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
}

/// PUBSUB CHANNELS with each pattern, and PUBSUB NUMSUB of what they found.
#[derive(Debug)]
pub struct PubsubChannels {
    patterns: Vec<String>,
    top: usize,
}

/// What was found of one pattern.
#[derive(Debug)]
pub struct Found {
    channels: Channels,
    /// Subscriptions by channel; `None` until PUBSUB NUMSUB told them.
    counts: Option<Vec<(String, u64)>>,
}

impl Question for PubsubChannels {
    const NAME: &'static str = "PUBSUB CHANNELS";
    const SWITCH: Option<&'static str> = Some("pubsub");
    const REPLY: Allowance = Allowance::MANY;
    const METRICS: fn() -> Vec<MetricInfo> = metrics;
    /// One for each pattern, in the order of the configuration.
    type Heard = Vec<Found>;
    type Answer = Vec<PatternSubscribers>;

    fn new(target: &RedisTarget) -> Self {
        Self { patterns: target.pubsub_patterns.clone(), top: target.top_k }
    }

    fn commands(&self, _: &Facts) -> Vec<Cmd> {
        self.patterns.iter().map(|pattern| command(&["PUBSUB", "CHANNELS", pattern])).collect()
    }

    fn read(&self, replies: Vec<Value>) -> Result<Vec<Found>, Unexpected> {
        let found = replies.iter().map(|reply| {
            let channels = parse_channels(reply)?;
            // Without a channel there is nobody to count, and NUMSUB needs one.
            let counts = channels.names.is_empty().then(Vec::new);
            Ok(Found { channels, counts })
        });
        found.collect()
    }

    fn more(&mut self, found: &Vec<Found>, _: &Facts) -> Option<Request> {
        let uncounted = found.iter().filter(|found| found.counts.is_none());
        let numsub = |found: &Found| {
            let mut numsub = command(&["PUBSUB", "NUMSUB"]);
            numsub.arg(&found.channels.names);
            numsub
        };
        let commands: Vec<Cmd> = uncounted.map(numsub).collect();
        (!commands.is_empty()).then_some(Request { name: "PUBSUB NUMSUB", commands, reply: Self::REPLY })
    }

    fn read_more(&self, found: &mut Vec<Found>, replies: Vec<Value>) -> Result<(), Unexpected> {
        let uncounted = found.iter_mut().filter(|found| found.counts.is_none());
        for (found, reply) in uncounted.zip(&replies) {
            found.counts = Some(parse_numsub(reply)?);
        }
        Ok(())
    }

    fn answer(&mut self, found: Vec<Found>, _: &Facts) -> Vec<PatternSubscribers> {
        let counted = self.patterns.iter().zip(&found).filter_map(|(pattern, found)| {
            let counts = found.counts.as_ref()?;
            Some(PatternSubscribers::new(pattern, &found.channels, counts, self.top))
        });
        counted.collect()
    }

    fn export(patterns: &Vec<PatternSubscribers>, out: &mut Families) {
        for found in patterns {
            let pattern = found.pattern.as_str();
            out.push(&CHANNELS, [pattern], found.channels as f64);
            out.push(&SUBSCRIBERS, [pattern], found.subscribers as f64);
            out.push_bool(&TRUNCATED, [pattern], found.truncated);
            for (channel, subscribers) in &found.top {
                out.push(&CHANNEL_SUBSCRIBERS, [pattern, channel], *subscribers as f64);
            }
        }
    }
}

/// Reads PUBSUB CHANNELS.
pub fn parse_channels(reply: &Value) -> Result<Channels, Unexpected> {
    let mut names = reply::items(reply, "PUBSUB CHANNELS")?
        .iter()
        .map(|name| reply::bytes(name, "PUBSUB CHANNELS: name"))
        .collect::<Result<Vec<_>, _>>()?;
    let total = names.len();
    if total > MAX_CHANNELS {
        // The server's order changes from poll to poll; the first by name are the same ones each time.
        names.select_nth_unstable(MAX_CHANNELS);
        names.truncate(MAX_CHANNELS);
    }
    Ok(Channels { total, names: names.into_iter().map(<[u8]>::to_vec).collect() })
}

/// Reads PUBSUB NUMSUB: each channel with its subscriptions.
pub fn parse_numsub(reply: &Value) -> Result<Vec<(String, u64)>, Unexpected> {
    reply::pairs(reply, "PUBSUB NUMSUB")?
        .take(MAX_CHANNELS)
        .map(|(name, count)| {
            let name = reply::text(name, "PUBSUB NUMSUB: name")?.into_owned();
            Ok((name, reply::count(count, "PUBSUB NUMSUB: subscriptions")?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::reply::build::{array, bulk};
    use super::*;
    use crate::metric::text::{Format, exposition};

    fn samples(found: &PatternSubscribers) -> Vec<String> {
        let mut families = Families::new();
        PubsubChannels::export(&vec![found.clone()], &mut families);
        let text = exposition(&families.into_sorted(), Format::Prometheus);
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
    }

    fn counts(counts: &[(&str, u64)]) -> Vec<(String, u64)> {
        counts.iter().map(|&(name, count)| (name.to_owned(), count)).collect()
    }

    #[test]
    fn recorded_replies_of_7_0_15() {
        let channels = parse_channels(&array([bulk("ticker:options:2"), bulk("ticker:options:1")])).unwrap();
        assert_eq!(channels.names, [b"ticker:options:2", b"ticker:options:1"]);
        let numsub = array([bulk("ticker:options:2"), Value::Int(1), bulk("ticker:options:1"), Value::Int(2)]);
        let numsub = parse_numsub(&numsub).unwrap();
        assert_eq!(
            samples(&PatternSubscribers::new("ticker:*", &channels, &numsub, 10)),
            [
                r#"redis_pubsub_channel_subscribers{pattern="ticker:*",channel="ticker:options:1"} 2"#,
                r#"redis_pubsub_channel_subscribers{pattern="ticker:*",channel="ticker:options:2"} 1"#,
                r#"redis_pubsub_pattern_channels{pattern="ticker:*"} 2"#,
                r#"redis_pubsub_pattern_subscribers{pattern="ticker:*"} 3"#,
                r#"redis_pubsub_pattern_truncated{pattern="ticker:*"} 0"#,
            ]
        );
    }

    #[test]
    fn no_channel_is_zero_not_absent() {
        let channels = parse_channels(&array([])).unwrap();
        assert_eq!(
            samples(&PatternSubscribers::new("ticker:*", &channels, &[], 10)),
            [
                r#"redis_pubsub_pattern_channels{pattern="ticker:*"} 0"#,
                r#"redis_pubsub_pattern_subscribers{pattern="ticker:*"} 0"#,
                r#"redis_pubsub_pattern_truncated{pattern="ticker:*"} 0"#,
            ]
        );
    }

    #[test]
    fn the_largest_channels_have_a_name_and_the_rest_is_added_up() {
        let found = Channels { total: 4, names: vec![Vec::new(); 4] };
        let found = PatternSubscribers::new("*", &found, &counts(&[("d", 1), ("b", 5), ("a", 5), ("c", 2)]), 2);
        assert_eq!(found.top, counts(&[("a", 5), ("b", 5), ("__other__", 3)]));
        assert_eq!(found.subscribers, 13);
        assert!(
            samples(&found).contains(&r#"redis_pubsub_channel_subscribers{pattern="*",channel="__other__"} 3"#.into())
        );
    }

    #[test]
    fn the_same_channels_are_asked_for_whatever_their_order() {
        let names = |range: &mut dyn Iterator<Item = usize>| array(range.map(|index| bulk(&format!("c{index:05}"))));
        let mut forward = parse_channels(&names(&mut (0..2500))).unwrap();
        let mut backward = parse_channels(&names(&mut (0..2500).rev())).unwrap();
        assert_eq!((forward.total, forward.names.len()), (2500, MAX_CHANNELS));
        forward.names.sort();
        backward.names.sort();
        assert_eq!(forward, backward);
        assert_eq!(forward.names.last().unwrap(), b"c00999");
        let found = PatternSubscribers::new("c*", &forward, &[], 10);
        assert!(found.truncated);
        assert_eq!(found.channels, 2500);
    }

    #[test]
    fn names_that_are_not_text_are_asked_for_as_they_are() {
        let channels = parse_channels(&array([Value::BulkString(vec![0xff, b'a'])])).unwrap();
        assert_eq!(channels.names, [vec![0xff, b'a']]);
        let numsub = parse_numsub(&array([Value::BulkString(vec![0xff, b'a']), Value::Int(1)])).unwrap();
        assert_eq!(numsub, counts(&[("\u{fffd}a", 1)]));
    }

    #[test]
    fn another_shape_is_an_error() {
        assert_eq!(parse_channels(&Value::Nil).unwrap_err().what, "PUBSUB CHANNELS");
        assert_eq!(parse_channels(&array([Value::Int(1)])).unwrap_err().what, "PUBSUB CHANNELS: name");
        assert_eq!(parse_numsub(&array([bulk("a")])).unwrap_err().what, "PUBSUB NUMSUB");
        assert_eq!(parse_numsub(&array([bulk("a"), bulk("b")])).unwrap_err().what, "PUBSUB NUMSUB: subscriptions");
    }
}
