//! A real Kafka of two brokers, from what scripts/kafka.sh fetched, and a client of it that is not the agent's.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{
    AlterPartitionReassignmentsRequest, BrokerId, CreateTopicsRequest, FindCoordinatorRequest, JoinGroupRequest,
    OffsetCommitRequest, ProduceRequest, RequestHeader, ResponseHeader, SyncGroupRequest, TopicName,
    alter_partition_reassignments_request as reassignments, create_topics_request as create_topics,
    join_group_request as join_group, offset_commit_request as offset_commit, produce_request as produce,
};
use kafka_protocol::protocol::{Decodable as _, Encodable as _, HeaderVersion as _, Request, StrBytes};
use kafka_protocol::records::{
    Compression, NO_PARTITION_LEADER_EPOCH, NO_PRODUCER_EPOCH, NO_PRODUCER_ID, NO_SEQUENCE, Record, RecordBatchEncoder,
    RecordEncodeOptions, TimestampType,
};
use tempfile::TempDir;

use super::missing;
use super::port;
use super::process::Process;
use super::tls::Certificates;
use super::wait::until;

/// A JVM takes its time, on a busy machine a long one.
const START: Duration = Duration::from_mins(2);

/// What starts a JVM sooner; nothing here runs for long.
const JVM: [&str; 4] = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"];

/// Whether the test must be skipped because there is no JDK, or nothing for it. Where `CI` is set that is a failure instead.
pub(crate) fn missing() -> bool {
    missing::missing(&["java"]) || missing::unfetched("kafka", "kafka.txt")
}

fn folder() -> PathBuf {
    missing::fetched("kafka")
}

/// Two brokers, 1 and 2. They end when this is dropped.
pub(crate) struct Kafka {
    dir: TempDir,
    brokers: Vec<Broker>,
}

/// Where a broker listens: for everybody, for users, and for users over TLS.
pub(crate) struct Broker {
    process: Process,
    pub(crate) plain: u16,
    pub(crate) sasl: u16,
    pub(crate) tls: u16,
}

impl Kafka {
    /// Starts both, and waits until they know each other.
    pub(crate) fn start(certificates: &Certificates) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let pem = [certificates.file("server.key"), certificates.file("server.crt")]
            .map(|file| fs::read_to_string(file).unwrap());
        fs::write(dir.path().join("server.pem"), pem.concat()).unwrap();
        let controller = port::free();
        let brokers = (1..=2).map(|id| Broker::spawn(id, controller, dir.path())).collect();
        let mut kafka = Self { dir, brokers };
        until(START, "two brokers listen and know each other", || {
            for (id, broker) in (1..).zip(&mut kafka.brokers) {
                let ended = broker.process.ended();
                assert!(
                    ended.is_none(),
                    "broker {id} ended:\n{}",
                    kafka.dir.path().join(format!("log-{id}")).display()
                );
            }
            let mut client = kafka.try_client(1)?;
            let asked =
                client.ask(&kafka_protocol::messages::MetadataRequest::default().with_topics(Some(Vec::new())), 9);
            (asked.brokers.len() == 2).then_some(())
        });
        kafka
    }

    pub(crate) fn broker(&self, id: usize) -> &Broker {
        &self.brokers[id - 1]
    }

    pub(crate) fn client(&self, broker: usize) -> Client {
        self.try_client(broker).unwrap()
    }

    fn try_client(&self, broker: usize) -> Option<Client> {
        let stream = TcpStream::connect(("127.0.0.1", self.broker(broker).plain)).ok()?;
        Some(Client(stream))
    }

    /// What Kafka's own tool says of all groups: group, topic, partition, committed offset, end, lag.
    pub(crate) fn tool(&self) -> Vec<[String; 6]> {
        let address = format!("127.0.0.1:{}", self.broker(1).plain);
        let output = java()
            .args(["org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", "--bootstrap-server", &address])
            .args(["--describe", "--all-groups"])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let rows = text.lines().filter_map(|line| {
            let mut fields = line.split_whitespace().map(str::to_owned);
            let row: [String; 6] =
                [fields.next()?, fields.next()?, fields.next()?, fields.next()?, fields.next()?, fields.next()?];
            row[2].parse::<u32>().is_ok().then_some(row)
        });
        let mut rows: Vec<[String; 6]> = rows.collect();
        rows.sort();
        rows
    }
}

fn java() -> Command {
    let mut java = Command::new("java");
    java.args(JVM).arg("-cp").arg(folder().join("libs/*"));
    java
}

impl Broker {
    fn spawn(id: u32, controller: u16, dir: &Path) -> Self {
        let data = dir.join(format!("data-{id}"));
        fs::create_dir(&data).unwrap();
        for file in fs::read_dir(folder().join(format!("data-{id}"))).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), data.join(file.file_name())).unwrap();
        }
        let (plain, sasl, tls) = (port::free(), port::free(), port::free());
        let (roles, listener) = if id == 1 {
            ("broker,controller", format!(",CONTROLLER://127.0.0.1:{controller}"))
        } else {
            ("broker", String::new())
        };
        let listeners = format!("CLIENT://127.0.0.1:{plain},USERS://127.0.0.1:{sasl},SAFE://127.0.0.1:{tls}");
        let scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;";
        let mut config = format!(
            "process.roles={roles}\nnode.id={id}\ncontroller.quorum.voters=1@127.0.0.1:{controller}\n\
             controller.listener.names=CONTROLLER\nlisteners={listeners}{listener}\n\
             listener.security.protocol.map=CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT,USERS:SASL_PLAINTEXT,SAFE:SASL_SSL\n\
             inter.broker.listener.name=CLIENT\nlog.dirs={}\nsasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512\n\
             ssl.keystore.type=PEM\nssl.keystore.location={}\noffsets.topic.num.partitions=2\n\
             offsets.topic.replication.factor=1\ngroup.initial.rebalance.delay.ms=0\nauto.create.topics.enable=false\n",
            data.display(),
            dir.join("server.pem").display(),
        );
        for listener in ["users", "safe"] {
            let key = |mechanism: &str| format!("listener.name.{listener}.{mechanism}.sasl.jaas.config");
            write!(
                config,
                "{}=org.apache.kafka.common.security.plain.PlainLoginModule required user_monitor=\"sesame\";\n\
                 {}={scram}\n{}={scram}\n",
                key("plain"),
                key("scram-sha-256"),
                key("scram-sha-512"),
            )
            .unwrap();
        }
        let file = dir.join(format!("broker-{id}.properties"));
        fs::write(&file, config).unwrap();
        let log = fs::File::create(dir.join(format!("log-{id}"))).unwrap();
        let process = Process::spawn(
            java()
                .arg("kafka.Kafka")
                .arg(&file)
                .stdin(Stdio::null())
                .stdout(log.try_clone().unwrap())
                .stderr(log)
                .current_dir(dir),
        );
        Self { process, plain, sasl, tls }
    }
}

/// A connection to one broker.
pub(crate) struct Client(TcpStream);

impl Client {
    fn ask<R: Request>(&mut self, request: &R, version: i16) -> R::Response {
        let mut frame = BytesMut::new();
        let header = RequestHeader::default().with_request_api_key(R::KEY).with_request_api_version(version);
        header.encode(&mut frame, R::header_version(version)).unwrap();
        request.encode(&mut frame, version).unwrap();
        self.0.write_all(&u32::try_from(frame.len()).unwrap().to_be_bytes()).unwrap();
        self.0.write_all(&frame).unwrap();
        let mut length = [0; 4];
        self.0.read_exact(&mut length).unwrap();
        let mut reply = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
        self.0.read_exact(&mut reply).unwrap();
        let mut reply = Bytes::from(reply);
        ResponseHeader::decode(&mut reply, R::Response::header_version(version)).unwrap();
        R::Response::decode(&mut reply, version).unwrap()
    }

    /// Makes a topic whose partitions are on those brokers.
    pub(crate) fn create_topic(&mut self, name: &str, brokers: &[i32]) {
        let assignments = (0..).zip(brokers).map(|(index, broker)| {
            create_topics::CreatableReplicaAssignment::default()
                .with_partition_index(index)
                .with_broker_ids(vec![BrokerId(*broker)])
        });
        let topic = create_topics::CreatableTopic::default()
            .with_name(topic_name(name))
            .with_num_partitions(-1)
            .with_replication_factor(-1)
            .with_assignments(assignments.collect());
        let reply = self.ask(&CreateTopicsRequest::default().with_topics(vec![topic]).with_timeout_ms(10_000), 5);
        assert_eq!(reply.topics[0].error_code, 0, "{:?}", reply.topics[0]);
    }

    /// Writes messages into a partition, of the broker that leads it; whether it does.
    pub(crate) fn produce(&mut self, topic: &str, partition: i32, count: usize) -> bool {
        let record = |at: usize| Record {
            transactional: false,
            control: false,
            delete_horizon: false,
            partition_leader_epoch: NO_PARTITION_LEADER_EPOCH,
            producer_id: NO_PRODUCER_ID,
            producer_epoch: NO_PRODUCER_EPOCH,
            timestamp_type: TimestampType::Creation,
            offset: i64::try_from(at).unwrap(),
            // All of a batch follow one another, and the first has none.
            sequence: NO_SEQUENCE + i32::try_from(at).unwrap(),
            timestamp: 1_700_000_000_000,
            key: None,
            value: Some(Bytes::from_static(b"tick")),
            headers: std::iter::empty().collect(),
        };
        let records: Vec<Record> = (0..count).map(record).collect();
        let mut batch = BytesMut::new();
        let options = RecordEncodeOptions { version: 2, compression: Compression::None };
        RecordBatchEncoder::encode(&mut batch, &records, &options).unwrap();
        let data = produce::PartitionProduceData::default().with_index(partition).with_records(Some(batch.freeze()));
        let topic = produce::TopicProduceData::default().with_name(topic_name(topic)).with_partition_data(vec![data]);
        let request = ProduceRequest::default().with_acks(-1).with_timeout_ms(10_000).with_topic_data(vec![topic]);
        self.ask(&request, 7).responses[0].partition_responses[0].error_code == 0
    }

    /// Asks who coordinates a group; the first time that anybody does, Kafka makes the topic in which it keeps what is committed.
    pub(crate) fn find_coordinator(&mut self, group: &str) {
        let _ = self.ask(&FindCoordinatorRequest::default().with_key(text(group)), 1);
    }

    /// Commits an offset for a group, as a member of a generation or as nobody.
    pub(crate) fn commit(
        &mut self,
        group: &str,
        member: Option<(&str, i32)>,
        topic: &str,
        partition: i32,
        offset: i64,
    ) -> bool {
        let (member, generation) = member.unwrap_or(("", -1));
        let part = offset_commit::OffsetCommitRequestPartition::default()
            .with_partition_index(partition)
            .with_committed_offset(offset);
        let topic =
            offset_commit::OffsetCommitRequestTopic::default().with_name(topic_name(topic)).with_partitions(vec![part]);
        let request = OffsetCommitRequest::default()
            .with_group_id(text(group).into())
            .with_member_id(text(member))
            .with_generation_id_or_member_epoch(generation)
            .with_topics(vec![topic]);
        self.ask(&request, 6).topics[0].partitions[0].error_code == 0
    }

    /// Becomes the only member of a group; its id and its generation.
    pub(crate) fn join(&mut self, group: &str) -> Option<(String, i32)> {
        let protocol = join_group::JoinGroupRequestProtocol::default().with_name(text("range"));
        let request = JoinGroupRequest::default()
            .with_group_id(text(group).into())
            .with_session_timeout_ms(600_000)
            .with_rebalance_timeout_ms(60_000)
            .with_protocol_type(text("consumer"))
            .with_protocols(vec![protocol]);
        let joined = self.ask(&request, 3);
        if joined.error_code != 0 {
            return None;
        }
        let request = SyncGroupRequest::default()
            .with_group_id(text(group).into())
            .with_generation_id(joined.generation_id)
            .with_member_id(joined.member_id.clone());
        assert_eq!(self.ask(&request, 2).error_code, 0);
        Some((joined.member_id.to_string(), joined.generation_id))
    }

    /// Has a partition moved to another broker.
    pub(crate) fn reassign(&mut self, topic: &str, partition: i32, to: i32) {
        let part = reassignments::ReassignablePartition::default()
            .with_partition_index(partition)
            .with_replicas(Some(vec![BrokerId(to)]));
        let topic =
            reassignments::ReassignableTopic::default().with_name(topic_name(topic)).with_partitions(vec![part]);
        let request = AlterPartitionReassignmentsRequest::default().with_timeout_ms(10_000).with_topics(vec![topic]);
        let reply = self.ask(&request, 0);
        assert_eq!((reply.error_code, reply.responses[0].partitions[0].error_code), (0, 0));
    }
}

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

fn topic_name(name: &str) -> TopicName {
    text(name).into()
}
