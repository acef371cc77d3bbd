//! Brokers that hang, break off, start, refuse, or are none.

use super::*;

#[tokio::test]
async fn a_broker_that_hangs_costs_what_it_alone_can_tell() {
    for key in [ApiKey::ListGroups, ApiKey::OffsetFetch, ApiKey::ListOffsets] {
        let fake = Fake::start(2, world(), move |asked| (asked.broker == 2 && asked.key == key).then_some(Twist::Hang));
        let mut collector = collector(&fake, "interval = \"2s\"\ndeadline = \"1s\"");
        let started = Clock::now();
        let snapshot = collector.poll().await.unwrap();
        assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
        let up = lines(&snapshot, &["kafka_broker_up"]);
        assert_eq!(up, ["kafka_broker_up{id=\"1\"} 1", "kafka_broker_up{id=\"2\"} 0"]);
        let note = format!("{key:?} of 127.0.0.1:{}: no answer in time", fake.ports[1]);
        assert!(collector.notes()[0].starts_with(&note), "{:?}", collector.notes());
        // Of one partition of two the end is not known, and so the sum is not.
        let lag = lines(&snapshot, &LAG[..2]);
        let of_reads = "kafka_consumergroup_lag{consumergroup=\"reads\",topic=\"ticks\",partition=\"0\"} 10".to_owned();
        let of_left = "kafka_consumergroup_lag{consumergroup=\"left\",topic=\"ticks\",partition=\"0\"} 60".to_owned();
        let sum = "kafka_consumergroup_lag_sum{consumergroup=\"left\",topic=\"ticks\"} 60".to_owned();
        let expected = if key == ApiKey::ListOffsets { vec![of_left, of_reads, sum] } else { vec![of_reads] };
        assert_eq!(lag, expected, "{key:?}");
        // Nor is the age of its messages, nor how many groups there are where one broker does not tell of its own.
        let known = match key {
            ApiKey::ListGroups => &[][..],
            ApiKey::OffsetFetch => &["kafka_consumergroups 3"],
            _ => {
                &["kafka_consumergroup_lag_seconds{consumergroup=\"left\",topic=\"ticks\"} 0", "kafka_consumergroups 3"]
            }
        };
        assert_eq!(lines(&snapshot, &["kafka_consumergroup_lag_seconds", "kafka_consumergroups "]), known, "{key:?}");
    }
}

#[test]
fn a_cluster_without_brokers_is_one_that_starts() {
    let starting = Cluster { brokers: Vec::new(), topics: Vec::new() };
    assert_eq!(whole(starting).unwrap_err().reason, Reason::Status);
}

#[tokio::test]
async fn a_broker_that_hangs_from_the_start_is_passed_over() {
    let hanging = Fake::start(1, world(), |_| Some(Twist::Hang));
    let fake = Fake::start(2, world(), |_| None);
    let ports = [hanging.ports[0], fake.ports[0]];
    let mut collector =
        KafkaCollector::new(target(&ports, "interval = \"4s\"\ndeadline = \"2s\"\nconnect_timeout = \"500ms\""));
    for _ in 0..2 {
        assert_eq!(collector.poll().await.unwrap().groups.len(), 3);
    }
    assert_eq!(hanging.asked(ApiKey::ApiVersions), 1);
    let error = KafkaCollector::new(target(&ports[..1], "connect_timeout = \"300ms\"")).poll().await.unwrap_err();
    assert_eq!((error.reason, error.cause.as_str()), (Reason::Timeout, "not connected within 300ms"));
}

#[tokio::test]
async fn what_is_no_reply_is_an_error_and_costs_no_memory() {
    // Metadata: as many brokers as a number can say, in a reply of twelve bytes.
    let endless = [&12_u32.to_be_bytes()[..], &[0, 0, 0, 1], &[0; 4], &i32::MAX.to_be_bytes()].concat();
    for (raw, reason, cause) in [
        (endless, Reason::Protocol, "the reply ends in the middle"),
        (vec![0, 0, 0, 4, 0, 0, 0, 9], Reason::Protocol, "the reply is to another question"),
        (vec![0, 0, 0, 2, 0, 0], Reason::Protocol, "the reply ends in the middle"),
        (
            vec![0x1f, 0xff, 0xff, 0xff, 0],
            Reason::Protocol,
            "a reply of 536870911 bytes is more than one poll may read",
        ),
        (vec![0x04, 0xff, 0xff, 0xff, 0], Reason::Protocol, "the connection ended in the middle of it"),
        (vec![0xff; 8], Reason::Protocol, "the reply is not of Kafka"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), Reason::Protocol, "an HTTP server answers"),
        (vec![0x15, 3, 3, 0, 2, 2, 80], Reason::Protocol, "the broker speaks TLS"),
    ] {
        let fake =
            Fake::start(1, world(), move |asked| (asked.key == ApiKey::Metadata).then(|| Twist::Raw(raw.clone())));
        let error = collector(&fake, "").poll().await.unwrap_err();
        assert_eq!((error.reason, error.cause.as_str()), (reason, cause));
    }
}

#[tokio::test]
async fn half_a_reply_ends_the_connection_and_the_next_poll_has_another() {
    for key in [ApiKey::ListGroups, ApiKey::DescribeGroups, ApiKey::OffsetFetch, ApiKey::ListOffsets] {
        let once = AtomicBool::new(true);
        let half = move |asked: Asked| {
            let is_now = (asked.key, asked.broker) == (key, 2) && once.swap(false, Ordering::SeqCst);
            is_now.then_some(Twist::Half(1))
        };
        let fake = Fake::start(2, world(), half);
        let mut collector = collector(&fake, "");
        let snapshot = collector.poll().await.unwrap();
        assert_eq!(lines(&snapshot, &["kafka_broker_up{id=\"2\"}"]), ["kafka_broker_up{id=\"2\"} 0"], "{key:?}");
        // With a question unread the end of the connection may overtake what was sent of the reply.
        let cut = ["the connection ended in the middle of it", "the broker closed the connection"];
        assert!(cut.iter().any(|cut| collector.notes()[0].contains(cut)), "{:?}", collector.notes());
        let snapshot = collector.poll().await.unwrap();
        assert_eq!(lines(&snapshot, &LAG).len(), 12, "{key:?}");
        assert_eq!(collector.notes(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_listener_that_wants_a_user_is_told_from_one_that_is_away() {
    let fake = Fake::start(1, world(), |asked| (asked.key != ApiKey::ApiVersions).then(|| Twist::Raw(Vec::new())));
    let error = collector(&fake, "").poll().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the reply of 127.0.0.1:{}: the broker closed the connection; a listener that wants SASL does so: set username and \
             password",
            fake.ports[0]
        )
    );
    assert_eq!(error.reason, Reason::Auth);
}
