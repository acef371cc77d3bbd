//! A cluster that does what a real one cannot be made to do. It speaks through a codec that is not the agent's.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use bytes::{Buf as _, Bytes, BytesMut};
use kafka_protocol::messages::{
    ApiKey, ApiVersionsResponse, BrokerId, ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse,
    DescribeGroupsRequest, DescribeGroupsResponse, FindCoordinatorRequest, FindCoordinatorResponse, ListGroupsResponse,
    ListOffsetsRequest, ListOffsetsResponse, MetadataResponse, OffsetFetchRequest, OffsetFetchResponse, RequestHeader,
    ResponseHeader, api_versions_response as api_versions, consumer_group_describe_response as consumer_group_describe,
    describe_groups_response as describe_groups, list_groups_response as list_groups,
    list_offsets_response as list_offsets, metadata_response as metadata, offset_fetch_response as offset_fetch,
};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};

/// What the cluster is like.
#[derive(Debug, Clone, Default)]
pub(super) struct World {
    pub(super) topics: Vec<Topic>,
    pub(super) groups: BTreeMap<String, Group>,
    /// Brokers are of a version that asks about one group at a time.
    pub(super) is_old: bool,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Topic {
    pub(super) name: String,
    pub(super) is_internal: bool,
    /// Leader, first and next offset of each.
    pub(super) partitions: Vec<(i32, i64, i64)>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Group {
    pub(super) coordinator: i32,
    pub(super) members: usize,
    pub(super) protocol: &'static str,
    pub(super) is_new: bool,
    /// Offset by topic and partition.
    pub(super) committed: Vec<(String, i32, i64)>,
}

/// A question to one of the brokers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// Its id.
    pub(super) broker: i32,
    pub(super) key: ApiKey,
    /// How often it has been asked before, of any broker.
    pub(super) before: usize,
}

/// What a broker does that is not what it should.
#[derive(Debug, Clone)]
pub(super) enum Twist {
    /// It answers as another world would.
    As(World),
    /// It sends these bytes and ends the connection.
    Raw(Vec<u8>),
    /// It answers with so many bytes less than it says.
    Half(usize),
    /// It does not answer.
    Hang,
}

type Script = dyn Fn(Asked) -> Option<Twist> + Send + Sync;

/// Brokers that run; their threads end with the process.
pub(super) struct Fake {
    pub(super) ports: Vec<u16>,
    counts: Arc<BTreeMap<i16, AtomicUsize>>,
}

impl Fake {
    /// So many brokers, with ids from 1 on.
    pub(super) fn start(
        brokers: usize,
        world: World,
        script: impl Fn(Asked) -> Option<Twist> + Send + Sync + 'static,
    ) -> Self {
        let listeners: Vec<TcpListener> = (0..brokers).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let ports: Vec<u16> = listeners.iter().map(|listener| listener.local_addr().unwrap().port()).collect();
        let counts: Arc<BTreeMap<i16, AtomicUsize>> =
            Arc::new((0..100).map(|key| (key, AtomicUsize::new(0))).collect());
        let (script, world): (Arc<Script>, _) = (Arc::new(script), Arc::new(world));
        for (broker, listener) in (1..).zip(listeners) {
            let broker = Broker {
                id: broker,
                world: Arc::clone(&world),
                ports: ports.clone(),
                counts: Arc::clone(&counts),
                script: Arc::clone(&script),
            };
            thread::spawn(move || {
                for stream in listener.incoming() {
                    let broker = broker.clone();
                    thread::spawn(move || broker.serve(stream.unwrap()));
                }
            });
        }
        Self { ports, counts }
    }

    /// How often a question was asked.
    pub(super) fn asked(&self, key: ApiKey) -> usize {
        self.counts[&(key as i16)].load(Ordering::SeqCst)
    }
}

#[derive(Clone)]
struct Broker {
    id: i32,
    world: Arc<World>,
    ports: Vec<u16>,
    counts: Arc<BTreeMap<i16, AtomicUsize>>,
    script: Arc<Script>,
}

impl Broker {
    fn serve(&self, mut stream: TcpStream) -> Option<()> {
        loop {
            let mut length = [0; 4];
            stream.read_exact(&mut length).ok()?;
            let mut frame = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
            stream.read_exact(&mut frame).ok()?;
            let mut frame = Bytes::from(frame);
            let key = ApiKey::try_from(i16::from_be_bytes([frame[0], frame[1]])).unwrap();
            let version = i16::from_be_bytes([frame[2], frame[3]]);
            let header = RequestHeader::decode(&mut frame, key.request_header_version(version)).unwrap();
            assert_eq!(header.client_id.as_deref(), Some("manometer"));
            let before = self.counts[&(key as i16)].fetch_add(1, Ordering::SeqCst);
            let twist = (self.script)(Asked { broker: self.id, key, before });
            let world = match &twist {
                Some(Twist::As(world)) => world,
                _ => &self.world,
            };
            let mut reply = BytesMut::new();
            let id = ResponseHeader::default().with_correlation_id(header.correlation_id);
            id.encode(&mut reply, key.response_header_version(version)).unwrap();
            self.answer(world, key, version, &mut frame, &mut reply);
            assert!(!frame.has_remaining(), "{key:?} has more than its codec reads");
            let length = u32::try_from(reply.len()).unwrap().to_be_bytes();
            match twist {
                Some(Twist::Hang) => loop {
                    stream.read_exact(&mut [0]).ok()?;
                },
                Some(Twist::Raw(bytes)) => {
                    stream.write_all(&bytes).ok()?;
                    return None;
                }
                Some(Twist::Half(less)) => {
                    stream.write_all(&length).ok()?;
                    stream.write_all(&reply[..reply.len().saturating_sub(less)]).ok()?;
                    return None;
                }
                _ => {
                    stream.write_all(&length).ok()?;
                    stream.write_all(&reply).ok()?;
                }
            }
        }
    }

    fn answer(&self, world: &World, key: ApiKey, version: i16, request: &mut Bytes, reply: &mut BytesMut) {
        match key {
            ApiKey::ApiVersions => versions(world).encode(reply, version),
            ApiKey::Metadata => {
                // Of all topics, and none is made.
                assert_eq!(request.split_to(5), [255, 255, 255, 255, 0][..]);
                self.metadata(world).encode(reply, version)
            }
            ApiKey::ListGroups => {
                if version == 5 {
                    assert_eq!(request.split_to(3), [1, 1, 0][..]);
                }
                self.groups(world, version).encode(reply, version)
            }
            ApiKey::DescribeGroups => {
                let asked = DescribeGroupsRequest::decode(request, version).unwrap();
                let groups = asked.groups.iter().map(|name| {
                    let group = self.own(world, name);
                    let members = group.map_or(0, |group| group.members);
                    let member = describe_groups::DescribedGroupMember::default().with_member_id(text("m"));
                    describe_groups::DescribedGroup::default()
                        .with_group_id(name.clone())
                        .with_group_state(text(if world.groups.contains_key(name.as_str()) {
                            "Stable"
                        } else {
                            "Dead"
                        }))
                        .with_members(vec![member; members])
                        .with_error_code(if world.groups.contains_key(name.as_str()) && group.is_none() {
                            16
                        } else {
                            0
                        })
                });
                DescribeGroupsResponse::default().with_groups(groups.collect()).encode(reply, version)
            }
            ApiKey::ConsumerGroupDescribe => {
                let asked = ConsumerGroupDescribeRequest::decode(request, version).unwrap();
                let groups = asked.group_ids.iter().map(|name| {
                    let partitions = consumer_group_describe::TopicPartitions::default().with_partitions(vec![0, 1]);
                    let assignment =
                        consumer_group_describe::Assignment::default().with_topic_partitions(vec![partitions]);
                    let member = consumer_group_describe::Member::default()
                        .with_assignment(assignment)
                        .with_subscribed_topic_names(vec![text("a").into(), text("b").into()])
                        .with_unknown_tagged_field(7, Bytes::from_static(b"later"));
                    let count = self.own(world, name).map_or(0, |group| group.members);
                    consumer_group_describe::DescribedGroup::default()
                        .with_group_id(name.clone())
                        .with_members(vec![member; count])
                });
                ConsumerGroupDescribeResponse::default().with_groups(groups.collect()).encode(reply, version)
            }
            ApiKey::FindCoordinator => {
                let asked = FindCoordinatorRequest::decode(request, version).unwrap();
                let coordinator = world.groups[&*asked.key].coordinator;
                FindCoordinatorResponse::default().with_node_id(BrokerId(coordinator)).encode(reply, version)
            }
            ApiKey::OffsetFetch => {
                let asked = OffsetFetchRequest::decode(request, version).unwrap();
                self.fetch(world, &asked, version).encode(reply, version)
            }
            ApiKey::ListOffsets => {
                let asked = ListOffsetsRequest::decode(request, version).unwrap();
                self.offsets(world, &asked).encode(reply, version)
            }
            other => panic!("{other:?} is not asked"),
        }
        .unwrap();
    }

    fn metadata(&self, world: &World) -> MetadataResponse {
        let brokers = (1..).zip(&self.ports).map(|(id, port)| {
            metadata::MetadataResponseBroker::default()
                .with_node_id(BrokerId(id))
                .with_host(text("127.0.0.1"))
                .with_port(i32::from(*port))
                .with_rack(Some(text("rack")))
        });
        let topics = world.topics.iter().map(|topic| {
            let partitions = (0..).zip(&topic.partitions).map(|(index, (leader, ..))| {
                metadata::MetadataResponsePartition::default()
                    .with_partition_index(index)
                    .with_leader_id(BrokerId(*leader))
                    .with_replica_nodes(vec![BrokerId(1), BrokerId(2)])
                    .with_isr_nodes(vec![BrokerId(*leader)])
            });
            metadata::MetadataResponseTopic::default()
                .with_name(Some(text(&topic.name).into()))
                .with_is_internal(topic.is_internal)
                .with_partitions(partitions.collect())
        });
        MetadataResponse::default()
            .with_brokers(brokers.collect())
            .with_cluster_id(Some(text("cluster")))
            .with_topics(topics.collect())
    }

    fn groups(&self, world: &World, version: i16) -> ListGroupsResponse {
        let own = world.groups.iter().filter(|(_, group)| group.coordinator == self.id);
        let groups = own.map(|(name, group)| {
            let listed = list_groups::ListedGroup::default()
                .with_group_id(text(name).into())
                .with_protocol_type(text(group.protocol));
            if version < 5 {
                return listed;
            }
            listed.with_group_state(text("Stable")).with_group_type(text(if group.is_new {
                "consumer"
            } else {
                "classic"
            }))
        });
        ListGroupsResponse::default().with_groups(groups.collect())
    }

    fn own<'w>(&self, world: &'w World, name: &str) -> Option<&'w Group> {
        world.groups.get(name).filter(|group| group.coordinator == self.id)
    }

    fn fetch(&self, world: &World, asked: &OffsetFetchRequest, version: i16) -> OffsetFetchResponse {
        let code = |name: &str| match (self.own(world, name), world.groups.contains_key(name)) {
            (Some(_), _) => 0,
            (None, true) => 16,
            (None, false) => 69,
        };
        let committed = |name: &str| self.own(world, name).map(|group| group.committed.clone()).unwrap_or_default();
        if version < 8 {
            assert!(asked.topics.is_none());
            let topics = by_topic(committed(&asked.group_id)).into_iter().map(|(topic, partitions)| {
                let partitions = partitions.into_iter().map(|(index, offset)| {
                    offset_fetch::OffsetFetchResponsePartition::default()
                        .with_partition_index(index)
                        .with_committed_offset(offset)
                });
                offset_fetch::OffsetFetchResponseTopic::default()
                    .with_name(text(&topic).into())
                    .with_partitions(partitions.collect())
            });
            let (topics, code) = (topics.collect(), code(&asked.group_id));
            return OffsetFetchResponse::default().with_topics(topics).with_error_code(code);
        }
        let groups = asked.groups.iter().map(|group| {
            assert!(group.topics.is_none());
            let topics = by_topic(committed(&group.group_id)).into_iter().map(|(topic, partitions)| {
                let partitions = partitions.into_iter().map(|(index, offset)| {
                    offset_fetch::OffsetFetchResponsePartitions::default()
                        .with_partition_index(index)
                        .with_committed_offset(offset)
                        .with_metadata(Some(text("note")))
                });
                offset_fetch::OffsetFetchResponseTopics::default()
                    .with_name(text(&topic).into())
                    .with_partitions(partitions.collect())
            });
            offset_fetch::OffsetFetchResponseGroup::default()
                .with_group_id(group.group_id.clone())
                .with_topics(topics.collect())
                .with_error_code(code(&group.group_id))
        });
        OffsetFetchResponse::default().with_groups(groups.collect())
    }

    fn offsets(&self, world: &World, asked: &ListOffsetsRequest) -> ListOffsetsResponse {
        let topics = asked.topics.iter().map(|topic| {
            let known = world.topics.iter().find(|known| known.name == **topic.name);
            let partitions = topic.partitions.iter().map(|part| {
                let index = usize::try_from(part.partition_index).unwrap();
                let (code, offset) = match known.and_then(|known| known.partitions.get(index)) {
                    None => (3, -1),
                    Some((leader, ..)) if *leader != self.id => (6, -1),
                    Some((_, oldest, newest)) => (0, if part.timestamp == -1 { *newest } else { *oldest }),
                };
                list_offsets::ListOffsetsPartitionResponse::default()
                    .with_partition_index(part.partition_index)
                    .with_error_code(code)
                    .with_offset(offset)
            });
            list_offsets::ListOffsetsTopicResponse::default()
                .with_name(topic.name.clone())
                .with_partitions(partitions.collect())
        });
        ListOffsetsResponse::default().with_topics(topics.collect())
    }
}

fn versions(world: &World) -> ApiVersionsResponse {
    let hidden = if world.is_old { BTreeSet::from([69]) } else { BTreeSet::new() };
    let keys = (0..=92).filter(|key| !hidden.contains(key)).map(|key| {
        let most = match (key, world.is_old) {
            (9, true) => 7,
            (16, true) => 4,
            _ => 99,
        };
        api_versions::ApiVersion::default().with_api_key(key).with_max_version(most)
    });
    ApiVersionsResponse::default().with_api_keys(keys.collect())
}

fn by_topic(committed: Vec<(String, i32, i64)>) -> BTreeMap<String, Vec<(i32, i64)>> {
    let mut topics: BTreeMap<String, Vec<(i32, i64)>> = BTreeMap::new();
    for (topic, index, offset) in committed {
        topics.entry(topic).or_default().push((index, offset));
    }
    topics
}

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}
