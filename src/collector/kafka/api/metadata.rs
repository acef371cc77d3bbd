//! Who is in the cluster, and who leads what.

use super::{Ask, Version};
use crate::collector::kafka::wire::{Malformed, Reader, Writer};

/// All brokers and all topics that the agent's user may see. It creates none.
pub(in crate::collector::kafka) struct Metadata;

#[derive(Debug, PartialEq)]
pub(in crate::collector::kafka) struct Cluster {
    pub(in crate::collector::kafka) brokers: Vec<Broker>,
    pub(in crate::collector::kafka) topics: Vec<Topic>,
}

/// A broker, and where it says that it is reached.
#[derive(Debug, PartialEq)]
pub(in crate::collector::kafka) struct Broker {
    pub(in crate::collector::kafka) id: i32,
    pub(in crate::collector::kafka) host: String,
    pub(in crate::collector::kafka) port: i32,
}

#[derive(Debug, PartialEq)]
pub(in crate::collector::kafka) struct Topic {
    pub(in crate::collector::kafka) code: i16,
    pub(in crate::collector::kafka) name: String,
    pub(in crate::collector::kafka) is_internal: bool,
    pub(in crate::collector::kafka) partitions: Vec<Partition>,
}

#[derive(Debug, PartialEq)]
pub(in crate::collector::kafka) struct Partition {
    pub(in crate::collector::kafka) index: i32,
    /// -1 while none leads it.
    pub(in crate::collector::kafka) leader: i32,
    /// The first of its replicas is to lead it.
    pub(in crate::collector::kafka) first: Option<i32>,
    pub(in crate::collector::kafka) replicas: usize,
    pub(in crate::collector::kafka) in_sync: usize,
}

impl Ask for Metadata {
    const KEY: i16 = 3;
    const NAME: &'static str = "Metadata";
    const VERSIONS: &'static [Version] = &[Version::classic(4)];
    type Reply = Cluster;

    fn write(&self, _version: i16, out: &mut Writer) {
        out.length(None);
        out.i8(0);
    }

    fn read(_version: i16, reply: &mut Reader<'_>) -> Result<Cluster, Malformed> {
        let _throttle = reply.i32()?;
        let brokers = reply.array(|broker| {
            let read = Broker { id: broker.i32()?, host: broker.string()?.to_owned(), port: broker.i32()? };
            let _rack = broker.nullable()?;
            Ok(read)
        })?;
        let (_cluster, _controller) = (reply.nullable()?, reply.i32()?);
        Ok(Cluster { brokers, topics: reply.array(topic)? })
    }
}

fn topic(reply: &mut Reader<'_>) -> Result<Topic, Malformed> {
    Ok(Topic {
        code: reply.i16()?,
        name: reply.string()?.to_owned(),
        is_internal: reply.bool()?,
        partitions: reply.array(|part| {
            let (_code, index, leader) = (part.i16()?, part.i32()?, part.i32()?);
            let mut first = None;
            let replicas = part.count(|replica| replica.i32().map(|id| *first.get_or_insert(id)))?;
            Ok(Partition { index, leader, first, replicas, in_sync: part.count(Reader::i32)? })
        })?,
    })
}
