//! Offsets: those that groups have committed, and where partitions begin and end.

use super::{Ask, Version};
use crate::collector::kafka::wire::{Malformed, Reader, Writer};

/// All that groups have committed. The older version asks for one of them.
pub(in crate::collector::kafka) struct OffsetFetch(pub(in crate::collector::kafka) Vec<String>);

/// A topic, and the offset of each of its partitions.
pub(in crate::collector::kafka) type OfTopic = (String, Vec<(i32, i64)>);

/// What a group has committed.
#[derive(Debug, PartialEq)]
pub(in crate::collector::kafka) struct Committed {
    pub(in crate::collector::kafka) code: i16,
    /// Empty where the question was about one group.
    pub(in crate::collector::kafka) name: String,
    /// Partitions and offsets by topic, without those that could not be told.
    pub(in crate::collector::kafka) topics: Vec<OfTopic>,
}

impl OffsetFetch {
    /// The version that asks for several groups at a time, Kafka >= 3.
    pub(in crate::collector::kafka) const BATCHED: i16 = 8;
}

impl Ask for OffsetFetch {
    const KEY: i16 = 9;
    const NAME: &'static str = "OffsetFetch";
    const VERSIONS: &'static [Version] = &[Version::flexible(Self::BATCHED), Version::classic(3)];
    type Reply = Vec<Committed>;

    fn write(&self, version: i16, out: &mut Writer) {
        if version < Self::BATCHED {
            out.string(self.0.first().map_or("", String::as_str));
            out.length(None);
            return;
        }
        out.length(Some(self.0.len()));
        for group in &self.0 {
            out.string(group);
            out.length(None);
            out.end();
        }
        // What an open transaction has committed does not hold up the answer.
        out.i8(0);
        out.end();
    }

    fn read(version: i16, reply: &mut Reader<'_>) -> Result<Self::Reply, Malformed> {
        let _throttle = reply.i32()?;
        if version < Self::BATCHED {
            let topics = reply.array(|topic| committed(topic, false))?;
            return Ok(vec![Committed { code: reply.i16()?, name: String::new(), topics }]);
        }
        let groups = reply.array(|group| {
            let name = group.string()?.to_owned();
            let topics = group.array(|topic| committed(topic, true))?;
            let code = group.i16()?;
            group.end()?;
            Ok(Committed { code, name, topics })
        })?;
        reply.end()?;
        Ok(groups)
    }
}

fn committed(topic: &mut Reader<'_>, has_epoch: bool) -> Result<OfTopic, Malformed> {
    let name = topic.string()?.to_owned();
    let partitions = topic.array(|part| {
        let (index, offset) = (part.i32()?, part.i64()?);
        if has_epoch {
            part.i32()?;
        }
        let (_note, code) = (part.nullable()?, part.i16()?);
        part.end()?;
        // None is committed, or it may not be told.
        Ok((code == super::code::NONE && offset >= 0).then_some((index, offset)))
    })?;
    topic.end()?;
    Ok((name, partitions.into_iter().flatten().collect()))
}

/// Where partitions begin, or where they end.
pub(in crate::collector::kafka) struct ListOffsets<'a> {
    pub(in crate::collector::kafka) of: Edge,
    pub(in crate::collector::kafka) topics: &'a [(&'a str, Vec<i32>)],
}

/// An end of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::collector::kafka) enum Edge {
    Newest,
    Oldest,
}

/// An end of a partition, or why it was not told.
#[derive(Debug, PartialEq)]
pub(in crate::collector::kafka) struct At {
    pub(in crate::collector::kafka) index: i32,
    pub(in crate::collector::kafka) code: i16,
    pub(in crate::collector::kafka) offset: i64,
}

impl Ask for ListOffsets<'_> {
    const KEY: i16 = 2;
    const NAME: &'static str = "ListOffsets";
    const VERSIONS: &'static [Version] = &[Version::classic(2)];
    type Reply = Vec<(String, Vec<At>)>;

    fn write(&self, _version: i16, out: &mut Writer) {
        // A client, to which what is in open transactions counts as for the tools of Kafka.
        out.i32(-1);
        out.i8(0);
        out.length(Some(self.topics.len()));
        for (name, partitions) in self.topics {
            out.string(name);
            out.length(Some(partitions.len()));
            for index in partitions {
                out.i32(*index);
                out.i64(if self.of == Edge::Newest { -1 } else { -2 });
            }
        }
    }

    fn read(_version: i16, reply: &mut Reader<'_>) -> Result<Self::Reply, Malformed> {
        let _throttle = reply.i32()?;
        reply.array(|topic| {
            let name = topic.string()?.to_owned();
            let partitions = topic.array(|part| {
                let (index, code, _time) = (part.i32()?, part.i16()?, part.i64()?);
                Ok(At { index, code, offset: part.i64()? })
            })?;
            Ok((name, partitions))
        })
    }
}
