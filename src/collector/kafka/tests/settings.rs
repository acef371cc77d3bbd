//! What a `[[kafka]]` may say.

use super::super::settings::{KafkaTarget, Mechanism};
use super::target;
use crate::collector::{TargetKind as _, parsed};

#[test]
fn the_settings_are_read_and_shown() {
    let some = target(
        &[9092, 1],
        "groups = \"feed-*\"\nexclude_groups = \"feed-test\"\nmax_poll_interval = \"5m\"\n[kafka.tls]",
    );
    assert_eq!(some.address(), "127.0.0.1:9092, 127.0.0.1:1");
    assert_eq!((some.tls.is_some(), some.sasl_mechanism), (true, None));
    let user = target(&[1], "username = \"u\"\npassword = \"${API_KEY}\"");
    assert_eq!(user.sasl_mechanism, Some(Mechanism::ScramSha512));
    assert_eq!(["feed-1", "feed-test", "other"].map(|name| some.wants_group(name)), [true, false, false]);
    assert!(some.wants_topic("ticks", false) && !some.wants_topic("__consumer_offsets", true));
    assert_eq!(some.left_out("kafka_consumergroup_max_poll_interval_ratio"), None);
    let text = toml::to_string(&std::collections::BTreeMap::from([("kafka", [&some])])).unwrap();
    assert_eq!(parsed::<KafkaTarget>(&text), [some], "{text}");
    let named = target(&[1], "topics = [\"__*\"]\nexclude_topics = \"__transaction_state\"");
    assert_eq!(["__consumer_offsets", "__transaction_state"].map(|name| named.wants_topic(name, true)), [true, false]);
    let line = named.left_out("kafka_consumergroup_max_poll_interval_ratio");
    assert_eq!((line.as_deref(), named.left_out("kafka_up")), (Some("max_poll_interval = \"5m\" in [[kafka]]"), None));
}

#[test]
fn what_is_wrong_is_said_at_once() {
    let text = "[[kafka]]\nname = \"a\"\n[[kafka]]\nname = \"b\"\nbrokers = [\"http://h\", \"h:x\"]\nusername = \"u\"\n\
                sasl_mechanism = \"gssapi\"\n[[kafka]]\nname = \"c\"\nbrokers = \"h\"\nsasl_mechanism = \"plain\"\ntls = true\n\
                [[kafka]]\nname = \"d\"\nbrokers = \"h\"\nusername = \"u\"\npassword = \"p\"\nsasl_mechanism = \"scram\"\n";
    let config = crate::config::Config::parse(text, "c.toml".as_ref(), &|_| None, crate::collector::KINDS);
    let problems = config.unwrap_err().to_string();
    let lines: Vec<&str> = problems.lines().collect();
    assert_eq!(
        lines,
        [
            "c.toml:1: kafka[0].brokers: is missing; write it like [\"10.0.0.7:9092\"]",
            "c.toml:3: kafka[1].username: user and password belong together; set username, and password or password_file",
            "c.toml:5: kafka[1].brokers = \"http://h\": is not a host and a port; write it like 10.0.0.7:9092, kafka-1:9092 or \
             [fd00::7]:9092",
            "c.toml:5: kafka[1].brokers = \"h:x\": is not a URL (invalid port number); write it like 10.0.0.7:9092, \
             kafka-1:9092 or [fd00::7]:9092",
            "c.toml:7: kafka[1].sasl_mechanism = \"gssapi\": is not supported; give the agent a user of scram-sha-512, \
             scram-sha-256 or plain on a listener that has it, or a certificate in [kafka.tls]",
            "c.toml:11: kafka[2].sasl_mechanism: is how a user proves a password; set username and password too",
            "c.toml:12: kafka[2].tls: is of type boolean; write it as a table: [kafka.tls]",
            "c.toml:18: kafka[3].sasl_mechanism = \"scram\": is none of plain, scram-sha-256, scram-sha-512",
        ]
    );
}
