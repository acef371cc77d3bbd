//! Replies of brokers: what is read of one is no larger than its bytes.

use super::api::groups::{ConsumerGroupDescribe, DescribeGroups, FindCoordinator, ListGroups};
use super::api::hello::{ApiVersions, SaslAuthenticate, SaslHandshake};
use super::api::metadata::Metadata;
use super::api::offsets::{ListOffsets, OffsetFetch};
use super::api::{Ask, code};
use super::wire::{Malformed, Reader, Writer};

/// The bytes as the reply to each question, and as texts and numbers that are written again.
pub(crate) fn replies(bytes: &[u8]) {
    read::<ApiVersions>(bytes, |(_, answered)| answered.len());
    read::<SaslHandshake>(bytes, |(_, names)| names.len() + names.iter().map(String::len).sum::<usize>());
    read::<SaslAuthenticate>(bytes, |said| said.message.len() + said.words.as_ref().map_or(0, String::len));
    read::<Metadata>(bytes, |cluster| {
        let partitions = cluster.topics.iter().flat_map(|topic| &topic.partitions);
        let replicas: usize = partitions.map(|partition| 1 + partition.replicas + partition.in_sync).sum();
        let names = cluster.topics.iter().map(|topic| topic.name.len() + 1);
        cluster.brokers.iter().map(|broker| broker.host.len() + 1).chain(names).sum::<usize>() + replicas
    });
    read::<ListGroups>(bytes, |(_, groups)| groups.iter().map(|group| group.name.len() + 1).sum());
    read::<DescribeGroups>(bytes, |groups| groups.iter().map(|group| group.name.len() + group.members).sum());
    read::<ConsumerGroupDescribe>(bytes, |groups| groups.iter().map(|group| group.name.len() + group.members).sum());
    read::<FindCoordinator>(bytes, |_| 0);
    read::<OffsetFetch>(bytes, |groups| {
        let topics = |topics: &[(String, Vec<(i32, i64)>)]| {
            topics.iter().map(|(name, partitions)| name.len() + partitions.len()).sum::<usize>()
        };
        groups.iter().map(|group| group.name.len() + topics(&group.topics)).sum()
    });
    read::<ListOffsets<'_>>(bytes, |topics| topics.iter().map(|(name, at)| name.len() + at.len()).sum());
    written(bytes);
    if let Some([high, low]) = bytes.first_chunk() {
        assert!(!code::meaning(i16::from_be_bytes([*high, *low])).is_empty());
    }
}

/// `size` tells how many elements a reply has, with the bytes of its texts.
fn read<A: Ask>(bytes: &[u8], size: impl Fn(&A::Reply) -> usize) {
    for version in A::VERSIONS {
        let read = |bytes| A::read(version.number, &mut Reader::new(bytes, version.flexible));
        if let Ok(reply) = read(bytes) {
            assert!(size(&reply) <= bytes.len(), "{}: {} of {} bytes", A::NAME, size(&reply), bytes.len());
            // What stands behind a reply changes nothing.
            let longer = [bytes, b"more"].concat();
            assert!(read(&longer).is_ok_and(|again| size(&again) == size(&reply)), "{}", A::NAME);
        }
    }
}

/// A text that was read is written as it was.
fn written(bytes: &[u8]) {
    for flexible in [false, true] {
        let text: Result<&str, Malformed> = Reader::new(bytes, flexible).string();
        let Ok(text) = text else { continue };
        let mut writer = Writer::new(flexible);
        writer.string(text);
        assert_eq!(Reader::new(&writer.bytes, flexible).string(), Ok(text));
    }
}
