//! Consumer groups: which there are, who coordinates them, and their members.

use super::{Ask, Version, code};
use crate::collector::kafka::wire::{Malformed, Reader, Writer};

/// The groups that the broker coordinates.
pub(in crate::collector::kafka) struct ListGroups;

#[derive(Debug, PartialEq)]
pub(in crate::collector::kafka) struct Listed {
    pub(in crate::collector::kafka) name: String,
    /// Its members speak the protocol of KIP-848, and another question is about them.
    pub(in crate::collector::kafka) is_new: bool,
}

impl Ask for ListGroups {
    const KEY: i16 = 16;
    const NAME: &'static str = "ListGroups";
    /// Only the newer one tells the kind of a group.
    const VERSIONS: &'static [Version] = &[Version::flexible(5), Version::classic(1)];
    type Reply = (i16, Vec<Listed>);

    fn write(&self, version: i16, out: &mut Writer) {
        if version >= 5 {
            // Of all states and all kinds.
            out.length(Some(0));
            out.length(Some(0));
            out.end();
        }
    }

    fn read(version: i16, reply: &mut Reader<'_>) -> Result<Self::Reply, Malformed> {
        let (_throttle, code) = (reply.i32()?, reply.i16()?);
        let groups = reply.array(|group| {
            let (name, protocol) = (group.string()?, group.string()?);
            let kind = if version >= 5 { (group.string()?, group.string()?).1 } else { "" };
            group.end()?;
            // Those of Connect's workers and of share groups commit no offsets. One without members has no protocol.
            let is_consumer = matches!(protocol, "consumer" | "") && !kind.eq_ignore_ascii_case("share");
            let is_new = kind.eq_ignore_ascii_case("consumer");
            Ok(is_consumer.then(|| Listed { name: name.to_owned(), is_new }))
        })?;
        Ok((code, groups.into_iter().flatten().collect()))
    }
}

/// A group, as it describes itself.
#[derive(Debug, PartialEq)]
pub(in crate::collector::kafka) struct Described {
    pub(in crate::collector::kafka) code: i16,
    pub(in crate::collector::kafka) name: String,
    pub(in crate::collector::kafka) members: usize,
}

/// The members of groups of the protocol that Kafka began with.
pub(in crate::collector::kafka) struct DescribeGroups(pub(in crate::collector::kafka) Vec<String>);

impl Ask for DescribeGroups {
    const KEY: i16 = 15;
    const NAME: &'static str = "DescribeGroups";
    const VERSIONS: &'static [Version] = &[Version::classic(1)];
    type Reply = Vec<Described>;

    fn write(&self, _version: i16, out: &mut Writer) {
        out.length(Some(self.0.len()));
        self.0.iter().for_each(|name| out.string(name));
    }

    fn read(_version: i16, reply: &mut Reader<'_>) -> Result<Self::Reply, Malformed> {
        let _throttle = reply.i32()?;
        reply.array(|group| {
            let (code, name, state) = (group.i16()?, group.string()?.to_owned(), group.string()?);
            let (_kind, _protocol) = (group.string()?, group.string()?);
            let members = group.count(|member| {
                let _who = (member.string()?, member.string()?, member.string()?);
                let _what = (member.blob()?, member.blob()?);
                Ok(())
            })?;
            // Of what is not there this question says so by its state.
            let code = if state == "Dead" && code == code::NONE { code::GROUP_NOT_FOUND } else { code };
            Ok(Described { code, name, members })
        })
    }
}

/// The members of groups of the protocol of KIP-848, Kafka >= 4.
pub(in crate::collector::kafka) struct ConsumerGroupDescribe(pub(in crate::collector::kafka) Vec<String>);

impl Ask for ConsumerGroupDescribe {
    const KEY: i16 = 69;
    const NAME: &'static str = "ConsumerGroupDescribe";
    const VERSIONS: &'static [Version] = &[Version::flexible(0)];
    type Reply = Vec<Described>;

    fn write(&self, _version: i16, out: &mut Writer) {
        out.length(Some(self.0.len()));
        self.0.iter().for_each(|name| out.string(name));
        out.i8(0);
        out.end();
    }

    fn read(_version: i16, reply: &mut Reader<'_>) -> Result<Self::Reply, Malformed> {
        let _throttle = reply.i32()?;
        let groups = reply.array(|group| {
            let (code, _words, name) = (group.i16()?, group.nullable()?, group.string()?.to_owned());
            let _state = (group.string()?, group.i32()?, group.i32()?, group.string()?);
            let members = group.count(|member| {
                let _who = (member.string()?, member.nullable()?, member.nullable()?, member.i32()?);
                let _from = (member.string()?, member.string()?);
                member.count(|topic| topic.string().map(|_| ()))?;
                member.nullable()?;
                assignment(member)?;
                assignment(member)?;
                member.end()
            })?;
            let _operations = group.i32()?;
            group.end()?;
            Ok(Described { code, name, members })
        })?;
        reply.end()?;
        Ok(groups)
    }
}

fn assignment(reply: &mut Reader<'_>) -> Result<(), Malformed> {
    reply.count(|topic| {
        topic.uuid()?;
        topic.string()?;
        topic.count(Reader::i32)?;
        topic.end()
    })?;
    reply.end()
}

/// Who coordinates a group.
pub(in crate::collector::kafka) struct FindCoordinator(pub(in crate::collector::kafka) String);

impl Ask for FindCoordinator {
    const KEY: i16 = 10;
    const NAME: &'static str = "FindCoordinator";
    const VERSIONS: &'static [Version] = &[Version::classic(1)];
    type Reply = (i16, i32);

    fn write(&self, _version: i16, out: &mut Writer) {
        out.string(&self.0);
        out.i8(0);
    }

    fn read(_version: i16, reply: &mut Reader<'_>) -> Result<Self::Reply, Malformed> {
        let (_throttle, code, _words) = (reply.i32()?, reply.i16()?, reply.nullable()?);
        Ok((code, reply.i32()?))
    }
}
