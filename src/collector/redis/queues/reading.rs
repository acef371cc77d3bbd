//! What a poll tells of queues, channels and groups, and under which names.

use super::kinds::{Kind, Number};
use crate::metric::vocabulary::resources::{
    CELERY_QUEUE_LENGTH, QUEUE_CAPACITY, QUEUE_FAILED, QUEUE_OLDEST, QUEUE_SIZE, QUEUE_UNACKED, QUEUE_WORKERS,
};
use crate::metric::{Families, Metric, MetricInfo, metrics};

/// What is told of several queues together.
pub(super) const ALL: &str = "__all__";

metrics! {
    fn own;
    GROUP_CHANNELS: gauge "redis_channel_group_channels" ["group"] Count,
        "Channels in a group of channels_redis, with those of processes that died and did not leave it.",
        "[[redis.queue]] groups: ZCARD";
    GROUP_FULL_CHANNELS: gauge "redis_channel_group_full_channels" ["group"] Count,
        "Queues of channels that a group of channels_redis leads to and that are at their capacity: what is sent to them now \
         is dropped. How much was cannot be known, for channels_redis writes it to its log alone.",
        "[[redis.queue]] groups: ZREVRANGE, ZCARD";
}

/// Everything that is exported of queues.
pub(super) fn metrics() -> Vec<MetricInfo> {
    let shared =
        [QUEUE_SIZE, QUEUE_CAPACITY, QUEUE_OLDEST, QUEUE_WORKERS, QUEUE_UNACKED, QUEUE_FAILED, CELERY_QUEUE_LENGTH];
    own().into_iter().chain(shared.iter().map(|metric| *metric.info())).collect()
}

/// What became of one number.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) enum Told {
    /// Nothing has been told: it is not here, or there is none.
    #[default]
    Nothing,
    Is(f64),
    /// A part of it could not be read, and the rest is not the whole.
    Unreadable,
}

impl Told {
    /// Adds a part.
    pub(super) fn add(&mut self, part: Self, join: impl Fn(f64, f64) -> f64) {
        *self = match (*self, part) {
            (Self::Unreadable, _) | (_, Self::Unreadable) => Self::Unreadable,
            (told, Self::Nothing) | (Self::Nothing, told) => told,
            (Self::Is(a), Self::Is(b)) => Self::Is(join(a, b)),
        };
    }
}

/// What is told of one queue.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading {
    pub(super) label: String,
    pub(super) kind: &'static Kind,
    pub(super) numbers: [Told; Number::COUNT],
    pub(super) capacity: Option<u64>,
}

impl Reading {
    pub(super) fn new(label: String, kind: &'static Kind) -> Self {
        Self { label, kind, numbers: [Told::Nothing; Number::COUNT], capacity: None }
    }

    pub(super) fn add(&mut self, number: Number, part: Told) {
        let join = if number == Number::Oldest { f64::max } else { |a, b| a + b };
        self.numbers[number as usize].add(part, join);
    }

    pub(super) fn get(&self, number: Number) -> Option<f64> {
        match self.numbers[number as usize] {
            Told::Is(value) => Some(value),
            Told::Nothing | Told::Unreadable => None,
        }
    }

    fn export(&self, out: &mut Families) {
        const NAMES: [(Number, Metric<1>); Number::COUNT] = [
            (Number::Size, QUEUE_SIZE),
            (Number::Unacked, QUEUE_UNACKED),
            (Number::Failed, QUEUE_FAILED),
            (Number::Workers, QUEUE_WORKERS),
            (Number::Oldest, QUEUE_OLDEST),
        ];
        let label = self.label.as_str();
        for (number, metric) in &NAMES {
            if let Some(value) = self.get(*number) {
                out.push(metric, [label], value);
            }
        }
        if let Some(size) = self.get(Number::Size) {
            if let Some(metric) = self.kind.size_too {
                out.push(metric, [label], size);
            }
            if let Some(capacity) = self.capacity {
                out.push(&QUEUE_CAPACITY, [label], capacity as f64);
            }
        }
    }
}

/// What is told of one group of channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) channels: Option<u64>,
    /// `None` where its channels could not all be asked for.
    pub(super) full: Option<u64>,
}

/// What one poll tells.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QueuesAnswer {
    pub(super) queues: Vec<Reading>,
    pub(super) groups: Vec<Group>,
}

/// Exports it.
pub(super) fn export(answer: &QueuesAnswer, out: &mut Families) {
    answer.queues.iter().for_each(|queue| queue.export(out));
    for group in &answer.groups {
        if let Some(channels) = group.channels {
            out.push(&GROUP_CHANNELS, [&group.name], channels as f64);
        }
        if let Some(full) = group.full {
            out.push(&GROUP_FULL_CHANNELS, [&group.name], full as f64);
        }
    }
}
