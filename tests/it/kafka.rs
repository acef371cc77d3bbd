//! Apache's own brokers, and what their own tool says of the groups.

use std::collections::BTreeMap;

use crate::support::agent::{Agent, command, config_file, stderr, stdout};
use crate::support::exposition::Exposition;
use crate::support::kafka::{self, Client, Kafka};
use crate::support::tls::Certificates;
use crate::support::wait::{SOON, until};

/// Starting Kafka takes ten seconds: once for all that is tried on a real one.
#[test]
fn real_brokers() {
    if kafka::missing() {
        return;
    }
    let certificates = Certificates::new();
    let kafka = Kafka::start(&certificates);
    let mut first = kafka.client(1);
    // The controller's broker may know of the other one a moment before it lets topics on it.
    first.create_topic("ticks", &[1, 2]);
    first.create_topic("orders", &[1]);
    write(&kafka, "ticks", 0, 100);
    write(&kafka, "ticks", 1, 50);
    write(&kafka, "orders", 0, 7);
    make_groups(&kafka);
    lag_is_that_of_the_tool(&kafka);
    users_are_let_in_and_others_told_why_not(&kafka, &certificates);
}

/// `reads` has a member that reads, `stands` one that does not, and of `left` nobody is left.
fn make_groups(kafka: &Kafka) {
    let on_either = |what: &str, act: &mut dyn FnMut(&mut Client) -> bool| {
        until(SOON, what, || (1..=2).any(|broker| act(&mut kafka.client(broker))).then_some(()));
    };
    kafka.client(1).find_coordinator("left");
    for (topic, partition, offset) in [("ticks", 0, 10), ("ticks", 1, 50), ("orders", 0, 0)] {
        on_either("somebody coordinates left", &mut |client| client.commit("left", None, topic, partition, offset));
    }
    for (group, offset) in [("reads", 90), ("stands", 25)] {
        on_either("the group has a member that commits", &mut |client| {
            let joined = client.join(group);
            joined.is_some_and(|member| client.commit(group, Some((&member.0, member.1)), "ticks", 0, offset))
        });
    }
}

fn write(kafka: &Kafka, topic: &str, partition: i32, count: usize) {
    until(SOON, "somebody leads the partition", || {
        (1..=2).any(|broker| kafka.client(broker).produce(topic, partition, count)).then_some(())
    });
}

fn lag_is_that_of_the_tool(kafka: &Kafka) {
    let config = format!(
        "[[kafka]]\nname = \"events\"\nbrokers = [\"127.0.0.1:{}\"]\ninterval = \"1s\"\nmax_poll_interval = \"5m\"\n",
        kafka.broker(2).plain
    );
    let agent = Agent::run(&config);
    let seen = agent.scrape("events");
    seen.assert("kafka_up", &[], 1.0);
    seen.assert("kafka_brokers", &[], 2.0);
    for (group, members) in [("reads", 1.0), ("stands", 1.0), ("left", 0.0)] {
        seen.assert("kafka_consumergroup_members", &[("consumergroup", group)], members);
    }
    let of = |topic: &'static str, partition: &'static str| [("topic", topic), ("partition", partition)];
    seen.assert("kafka_topic_partition_current_offset", &of("ticks", "0"), 100.0);
    seen.assert("kafka_topic_partition_oldest_offset", &of("ticks", "0"), 0.0);
    seen.assert("kafka_topic_partition_leader", &of("ticks", "1"), 2.0);
    let before = [
        ("left orders 0", 7),
        ("left ticks 0", 90),
        ("left ticks 1", 0),
        ("reads ticks 0", 10),
        ("stands ticks 0", 75),
    ];
    assert_eq!(lags(&seen), before.map(|(key, lag)| (key.to_owned(), lag)).into());
    assert_eq!(lags(&seen), of_tool(kafka));
    // Nobody has read on, so each poll makes what waits older; what is read to its end is as young as can be.
    let age = |seen: &Exposition, group, topic| {
        seen.value("kafka_consumergroup_lag_seconds", &[("consumergroup", group), ("topic", topic)])
    };
    agent.until("events", "what waits grows older", |seen| {
        let waits = age(seen, "stands", "ticks");
        let ratio = seen.value("kafka_consumergroup_max_poll_interval_ratio", &[("consumergroup", "stands")]);
        assert!((ratio - waits / 300.0).abs() < 1e-9, "{ratio} of {waits}");
        (waits > 1.5).then_some(())
    });
    // The partition moves to the other broker, and what is written from then on counts as well.
    kafka.client(1).reassign("ticks", 0, 2);
    agent.until("events", "the other broker leads", |seen| {
        (seen.get("kafka_topic_partition_leader", &of("ticks", "0")) == Some(2.0)).then_some(())
    });
    write(kafka, "ticks", 0, 11);
    let moved = agent.until("events", "what was written there is seen", |seen| {
        (seen.get("kafka_topic_partition_current_offset", &of("ticks", "0")) == Some(111.0)).then(|| lags(seen))
    });
    let after = [
        ("left orders 0", 7),
        ("left ticks 0", 101),
        ("left ticks 1", 0),
        ("reads ticks 0", 21),
        ("stands ticks 0", 86),
    ];
    assert_eq!(moved, after.map(|(key, lag)| (key.to_owned(), lag)).into());
    assert_eq!(moved, of_tool(kafka));
}

/// Lag by group, topic and partition.
fn lags(seen: &Exposition) -> BTreeMap<String, i64> {
    let all = seen.series("kafka_consumergroup_lag", &[]);
    let key = |sample: &crate::support::exposition::Sample| {
        let label = |name: &str| sample.labels.get(name).unwrap().clone();
        format!("{} {} {}", label("consumergroup"), label("topic"), label("partition"))
    };
    #[expect(clippy::cast_possible_truncation, reason = "a lag is a small whole number")]
    all.into_iter().map(|sample| (key(sample), sample.value as i64)).collect()
}

fn of_tool(kafka: &Kafka) -> BTreeMap<String, i64> {
    let rows = kafka.tool();
    let lag = |[group, topic, partition, _, _, lag]: [String; 6]| {
        Some((format!("{group} {topic} {partition}"), lag.parse().ok()?))
    };
    rows.into_iter().filter_map(lag).collect()
}

fn users_are_let_in_and_others_told_why_not(kafka: &Kafka, certificates: &Certificates) {
    let poll = |port: u16, keys: &str| {
        let (_dir, file) =
            config_file(&format!("[[kafka]]\nname = \"events\"\nbrokers = \"localhost:{port}\"\n{keys}\n"));
        let output = command(&["poll", "--config", file.to_str().unwrap()]).output().unwrap();
        (stdout(&output), stderr(&output))
    };
    let (sasl, tls) = (kafka.broker(1).sasl, kafka.broker(2).tls);
    let user = "username = \"monitor\"\npassword = \"sesame\"\n";
    let safe = format!("[kafka.tls]\nca_file = \"{}\"\n", certificates.file("ca.crt").display());
    for (port, keys) in [
        (sasl, "sasl_mechanism = \"plain\"".to_owned()),
        (sasl, "sasl_mechanism = \"scram-sha-256\"".to_owned()),
        (sasl, String::new()),
        (tls, safe.clone()),
    ] {
        let (seen, log) = poll(port, &format!("{user}{keys}"));
        assert!(seen.contains("kafka_up{target=\"events\"} 1\n"), "{keys}: {log}");
        assert!(seen.contains(
            "kafka_consumergroup_lag{target=\"events\",consumergroup=\"stands\",topic=\"ticks\",partition=\"0\"} 86\n"
        ));
        assert_eq!(seen.matches("kafka_broker_up{target=\"events\",id=").count(), 2);
        assert!(!seen.contains("kafka_broker_up{target=\"events\",id=\"1\"} 0"), "{seen}");
    }
    let wrong = "username = \"monitor\"\npassword = \"wrong\"\n";
    let plain = kafka.broker(1).plain;
    for (port, keys, reason, words) in [
        (sasl, wrong.to_owned(), "auth", "check username, password and sasl_mechanism"),
        (sasl, format!("{wrong}sasl_mechanism = \"plain\""), "auth", "check username, password and sasl_mechanism"),
        (sasl, String::new(), "auth", "set username and password"),
        (plain, user.to_owned(), "auth", "leave out username and password"),
        (tls, user.to_owned(), "protocol", "add the table [kafka.tls]"),
        (plain, safe, "tls", "TLS"),
    ] {
        let (seen, log) = poll(port, &keys);
        let failing =
            format!("manometer_target_failing{{target=\"events\",collector=\"kafka\",reason=\"{reason}\"}} 1\n");
        assert!(seen.contains(&failing) && log.contains(words), "{keys}: {seen}{log}");
        assert!(seen.contains("kafka_up{target=\"events\"} 0\n"));
        assert!(!log.contains("sesame") && !log.contains("wrong"), "{log}");
    }
}
