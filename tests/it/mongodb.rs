//! `[[mongodb]]`: the agent against mongo-java-server, which tells little, and against replies in the shape that the reference of
//! `MongoDB` 7.0 and 8.0 has, over the wire, for what that server does not tell or cannot be made to do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use manometer::collector::mongodb::{MongodbCollector, MongodbTarget};
use manometer::collector::{Collector as _, KINDS, PollError, Reason, TargetKind as _};
use manometer::config::Config;
use manometer::metric::Families;
use manometer::metric::text::{Format, exposition};
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Document, doc};

use crate::golden::assert_golden;
use crate::support::agent::Agent;
use crate::support::fake::Fake;
use crate::support::mongo::{self, Answer, FakeMongo, JavaServer, hello};
use crate::support::tls::Certificates;
use crate::support::wait::{SOON, until};

/// A table for that address, with more keys behind it.
fn table(url: &str, rest: &str) -> String {
    format!("[[mongodb]]\nname = \"db\"\nurl = {url:?}\ninterval = \"2s\"\ndeadline = \"1500ms\"\n{rest}")
}

fn collector(text: &str) -> MongodbCollector {
    let config = Config::parse(text, "config.toml".as_ref(), &|_| None, KINDS).unwrap();
    let target: &MongodbTarget = config.targets_of().next().unwrap();
    target.clone().collectors()()
}

/// What one poll of the server at that address exports.
async fn exported(url: &str, rest: &str) -> Result<String, PollError> {
    let snapshot = collector(&table(url, rest)).poll().await?;
    let mut families = Families::new();
    MongodbCollector::export(&snapshot, &mut families);
    Ok(exposition(&families.into_sorted(), Format::Prometheus))
}

/// serverStatus of a member of a replica set with 1,000 connections at most, as `MongoDB` 7.0 lays it out.
fn status(current: i32) -> Document {
    let open = doc! { "noTimeout": 0_i64, "pinned": 2_i64, "singleTarget": 0_i64, "total": 14_i64 };
    let tickets = |out: i32| doc! { "out": out, "available": 128 - out, "totalTickets": 128 };
    let latency =
        |latency: i64, ops: i64| doc! { "latency": latency, "ops": ops, "queryableEncryptionLatencyMicros": 0_i64 };
    doc! {
        "host": "db-1:27017", "version": "7.0.14", "process": "mongod", "uptime": 86_412.0, "uptimeMillis": 86_412_345_i64,
        "asserts": { "regular": 0, "warning": 0, "msg": 0, "user": 65, "tripwire": 0, "rollovers": 0 },
        "connections": {
            "current": current, "available": 1_000 - current, "totalCreated": 2_457, "rejected": 3, "active": 23,
            "threaded": current, "exhaustIsMaster": 0_i64, "exhaustHello": 7_i64, "awaitingTopologyChanges": 7_i64,
        },
        "globalLock": { "totalTime": 86_412_345_000_i64, "currentQueue": { "total": 5, "readers": 4, "writers": 1 } },
        "mem": { "bits": 64, "resident": 2_847, "virtual": 8_472, "supported": true },
        "network": { "bytesIn": 284_719_283_i64, "bytesOut": 1_847_291_837_i64, "numRequests": 2_847_192_i64 },
        "opcounters": {
            "insert": 28_471_i64, "query": 184_729_i64, "update": 9_284_i64, "delete": 1_847_i64, "getmore": 28_472_i64,
            "command": 284_719_i64, "deprecated": { "total": 0_i64 },
        },
        "opcountersRepl": { "insert": 12_i64, "query": 0_i64, "update": 3_i64, "delete": 1_i64, "getmore": 0_i64, "command": 0_i64 },
        "opLatencies": {
            "reads": latency(91_000_000, 18_000), "writes": latency(45_500_000, 9_000), "commands": latency(7_000_000, 70_000),
            "transactions": latency(0, 0),
        },
        "metrics": {
            "cursor": { "timedOut": 4_i64, "totalOpened": 900_i64, "open": open },
            "document": { "deleted": 1_847_i64, "inserted": 28_471_i64, "returned": 990_000_i64, "updated": 9_284_i64 },
            "commands": { "find": { "failed": 0_i64, "total": 184_729_i64 } },
        },
        "wiredTiger": {
            "cache": {
                "bytes currently in the cache": 734_003_200_i64, "maximum bytes configured": 1_073_741_824.0,
                "tracked dirty bytes in the cache": 1_048_576_i64,
            },
            "concurrentTransactions": { "write": tickets(1), "read": tickets(9) },
        },
        "ok": 1.0,
    }
}

/// A member that knows hello and serverStatus, and nothing else.
fn member(name: &str, current: i32) -> Answer {
    match name {
        "hello" | "isMaster" | "ismaster" => Answer::Reply(hello(doc! { "isWritablePrimary": true, "setName": "rs0" })),
        "serverStatus" => Answer::Reply(status(current)),
        "endSessions" => Answer::Reply(doc! { "ok": 1.0 }),
        _ => Answer::error(59, "CommandNotFound"),
    }
}

#[test]
fn a_server_is_watched_and_comes_back() {
    if mongo::missing() {
        return;
    }
    let mut server = JavaServer::start(0, 9);
    let agent = Agent::run(&table(&server.url(), ""));
    let seen = agent.scrape("db");
    seen.assert("mongodb_up", &[], 1.0);
    seen.assert("mongodb_member_state", &[("state", "standalone")], 1.0);
    seen.assert("mongodb_member_state", &[("state", "unknown")], 0.0);
    seen.assert("mongodb_version_info", &[("mongodb", "4.4.0")], 1.0);
    seen.assert("mongodb_ss_connections", &[("conn_type", "current")], 1.0);
    seen.assert("mongodb_ss_metrics_cursor_open", &[("csr_type", "total")], 0.0);
    // What it does not tell is not there: no share of an unknown whole.
    assert!(seen.series("mongodb_ss_connections", &[("conn_type", "available")]).is_empty());
    assert!(seen.series("mongodb_rs_myState", &[]).is_empty());
    server.kill();
    agent.until("db", "it is seen to be down", |seen| seen.get("mongodb_up", &[]).filter(|up| *up < 0.5));
    let seen = agent.scrape("db");
    seen.assert("mongodb_member_state", &[("state", "unknown")], 1.0);
    assert!(seen.series("mongodb_ss_connections", &[]).is_empty());
    let _server = JavaServer::start(server.port, 9);
    agent.until("db", "it is seen to be back", |seen| seen.get("mongodb_up", &[]).filter(|up| *up > 0.5));
}

#[tokio::test]
async fn a_server_that_is_too_old_is_told() {
    if mongo::missing() {
        return;
    }
    // What mongo-java-server says of itself: MongoDB 4.2.
    let server = JavaServer::start(0, 8);
    let error = exported(&server.url(), "").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "connecting to 127.0.0.1:{}: the server is older than MongoDB 4.4 (it speaks wire version 8); update the server; \
             the driver speaks to no older one",
            server.port
        )
    );
    assert_eq!(error.reason, Reason::Protocol);
}

#[tokio::test]
async fn every_number_has_its_name() {
    let fake = FakeMongo::start(|name| member(name, 820));
    let shown = exported(&fake.address(), "").await.unwrap();
    assert_golden("tests/golden/mongodb/member.prom", &shown);
    // Connections above 80 % of their most.
    let of = |kind: &str| format!("mongodb_ss_connections{{conn_type=\"{kind}\"}}");
    assert!(
        shown.contains(&format!("{} 820\n", of("current"))) && shown.contains(&format!("{} 180\n", of("available")))
    );
}

#[tokio::test]
async fn what_a_server_is_and_where_8_0_has_its_tickets() {
    for (more, state, number) in [
        (doc! { "isWritablePrimary": true }, "standalone", None),
        (doc! { "secondary": true, "setName": "rs0", "isWritablePrimary": false }, "secondary", Some(2)),
        (doc! { "arbiterOnly": true, "setName": "rs0" }, "arbiter", Some(7)),
        (doc! { "isreplicaset": true }, "other", None),
        (doc! { "msg": "isdbgrid", "isWritablePrimary": true }, "mongos", None),
    ] {
        let fake = FakeMongo::start(move |name| match name {
            "serverStatus" => Answer::Reply(doc! {
                "ok": 1.0, "connections": { "current": 1.5, "available": "many" },
                "queues": { "execution": { "read": { "out": 3, "available": 125, "totalTickets": 128 } } },
            }),
            _ => Answer::Reply(hello(more.clone())),
        });
        let shown = exported(&fake.address(), "").await.unwrap();
        assert!(shown.contains(&format!("mongodb_member_state{{state=\"{state}\"}} 1\n")), "{shown}");
        let my_state = number.map(|number| format!("mongodb_rs_myState {number}\n"));
        assert!(my_state.is_none_or(|line| shown.contains(&line)), "{shown}");
        assert_eq!(number.is_some(), shown.contains("\nmongodb_rs_myState "), "{shown}");
        assert!(shown.contains("mongodb_ss_wt_concurrentTransactions_out{txn_rw_type=\"read\"} 3\n"), "{shown}");
        assert!(shown.contains("mongodb_ss_connections{conn_type=\"current\"} 1.5\n"), "{shown}");
        assert!(!shown.contains("available\"}"), "{shown}");
    }
}

/// With a user whose password may be nowhere.
const USER: &str = "username = \"watch\"\npassword = \"hunter2\"\n";

/// What fails: the errors' reason, a part of their text, and the login.
async fn fails(address: &str, login: &str, reason: Reason, part: &str) {
    let error = exported(address, login).await.unwrap_err();
    let text = error.to_string();
    assert!(error.reason == reason && text.contains(part), "{reason:?} {part}: {error:?}");
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}

#[tokio::test]
async fn each_fault_has_its_reason_and_no_secret() {
    let port = crate::support::port::free();
    fails(&format!("127.0.0.1:{port}"), USER, Reason::Refused, "connection refused; is the server running").await;
    let silent = Fake::silent();
    let silent_at = silent.address().to_string();
    fails(&silent_at, USER, Reason::Timeout, "connecting to 127.0.0.1").await;
    fails(&format!("mongodb://watch:hunter2@{silent_at}"), "", Reason::Timeout, "no answer within 1.05s").await;
    let redis = Fake::saying(b"-ERR unknown command, with enough behind it to be a header\r\n", false);
    fails(&redis.address().to_string(), USER, Reason::Protocol, "does the port speak MongoDB's protocol?").await;
    let shutting = Fake::start(drop);
    fails(&shutting.address().to_string(), USER, Reason::Connect, "the server closed the connection").await;
    fails("mongodb://no-such-host.invalid", USER, Reason::Connect, "check host, port or path in url").await;
    for (login, code, name, reason, part) in [
        (USER, 18, "AuthenticationFailed", Reason::Auth, "check username, password and auth_source"),
        ("", 13, "Unauthorized", Reason::Auth, "set username and password"),
        (
            "",
            11_600,
            "InterruptedAtShutdown",
            Reason::Status,
            "error 11600 (InterruptedAtShutdown); the server is shutting down",
        ),
        ("", 8_000, "hunter2: a text", Reason::Status, "error 8000; see the server's log"),
    ] {
        let fake = FakeMongo::start(move |asked| match asked {
            "serverStatus" | "saslStart" => Answer::error(code, name),
            _ => member(asked, 1),
        });
        fails(&fake.address(), login, reason, part).await;
    }
    // Who may log in may lack the role.
    let unprivileged = FakeMongo::start(|asked| match asked {
        "saslStart" => Answer::Reply(doc! { "ok": 1.0, "conversationId": 1, "done": true, "payload": payload(b"") }),
        "serverStatus" => Answer::error(13, "Unauthorized"),
        _ => member(asked, 1),
    });
    let login = format!("{USER}auth_mechanism = \"PLAIN\"\n");
    let told = "error 13 (Unauthorized); give the user the role clusterMonitor";
    fails(&unprivileged.address(), &login, Reason::Acl, told).await;
    let hanging = FakeMongo::start(|name| if name == "serverStatus" { Answer::Nothing } else { member(name, 1) });
    fails(&hanging.address(), "", Reason::Timeout, "the server answers hello and hangs at more").await;
    let empty = FakeMongo::start(|name| match name {
        "serverStatus" => Answer::Reply(doc! { "ok": 1.0 }),
        _ => member(name, 1),
    });
    fails(&empty.address(), "", Reason::Decode, "it has no field that is known here").await;
}

#[tokio::test]
async fn a_password_is_sent_as_it_is_in_its_file_now() {
    let fake = FakeMongo::reading(|name, command| match name {
        "saslStart" => match command.get_binary_generic("payload").map(Vec::as_slice) {
            Ok(b"\0watch\0new secret") if command.get_str("$db").is_ok_and(|db| db == "users") => {
                Answer::Reply(doc! { "ok": 1.0, "conversationId": 1, "done": true, "payload": payload(b"") })
            }
            _ => Answer::error(18, "AuthenticationFailed"),
        },
        _ => member(name, 5),
    });
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "old secret\n").unwrap();
    let login = format!(
        "username = \"watch\"\npassword_file = {:?}\nauth_source = \"users\"\nauth_mechanism = \"PLAIN\"\n",
        file.path()
    );
    let mut collector = collector(&table(&fake.address(), &login));
    assert_eq!(collector.poll().await.unwrap_err().reason, Reason::Auth);
    std::fs::write(file.path(), "new secret\n").unwrap();
    // Files are looked at once a second.
    let started = Instant::now();
    while let Err(error) = collector.poll().await {
        assert!(error.reason == Reason::Auth && started.elapsed() < SOON, "{error}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn payload(bytes: &[u8]) -> Binary {
    Binary { subtype: BinarySubtype::Generic, bytes: bytes.to_vec() }
}

#[test]
fn a_login_that_is_refused_is_told_and_shown_nowhere() {
    let fake = FakeMongo::start(|name| match name {
        "saslStart" => Answer::error(18, "AuthenticationFailed"),
        _ => member(name, 5),
    });
    let agent = Agent::run(&table(&format!("mongodb://watch:hunter2@{}/shop", fake.address()), ""));
    let seen = agent.scrape("db");
    seen.assert("mongodb_up", &[], 0.0);
    assert!(seen.get("manometer_poll_failures_total", &[("reason", "auth")]).is_some_and(|failures| failures >= 1.0));
    let told = format!(
        "hello of {}: the server refuses the login; check username, password and auth_source, the database in which the user was made",
        fake.address()
    );
    assert!(agent.get("/api/v1/targets").text().contains(&told), "{}", agent.get("/api/v1/targets").text());
    agent.assert_hidden("hunter2");
}

#[tokio::test]
async fn what_is_cut_is_an_error_wherever_it_is_cut() {
    let whole = member_status_bytes();
    for cut in [0, 3, 4, 15, 16, 20, 21, 24, 25, 40, whole / 2, whole - 1] {
        let fake = FakeMongo::start(move |name| match name {
            "serverStatus" => Answer::Cut(status(1), cut),
            _ => member(name, 1),
        });
        let error = exported(&fake.address(), "").await.unwrap_err();
        assert!(matches!(error.reason, Reason::Connect | Reason::Protocol), "{cut}: {error:?}");
    }
}

/// Bytes of the message with serverStatus.
fn member_status_bytes() -> usize {
    21 + status(1).to_vec().unwrap().len()
}

#[tokio::test]
async fn two_connections_are_kept_and_none_of_them_after_a_failure() {
    let is_hanging = Arc::new(AtomicBool::new(false));
    let is_closing = Arc::new(AtomicBool::new(false));
    let (hangs, closes) = (Arc::clone(&is_hanging), Arc::clone(&is_closing));
    let fake = FakeMongo::start(move |name| match name {
        "hello" if closes.swap(false, Ordering::SeqCst) => Answer::Close,
        "serverStatus" if hangs.load(Ordering::SeqCst) => Answer::Nothing,
        _ => member(name, 7),
    });
    let mut collector = collector(&table(&fake.address(), ""));
    for _ in 0..3 {
        collector.poll().await.unwrap();
    }
    assert_eq!((fake.made(), fake.open()), (2, 2));
    // A connection that the server has closed is replaced in the same poll.
    is_closing.store(true, Ordering::SeqCst);
    collector.poll().await.unwrap();
    assert_eq!(fake.made(), 4);
    is_hanging.store(true, Ordering::SeqCst);
    assert_eq!(collector.poll().await.unwrap_err().reason, Reason::Timeout);
    until(SOON, "nothing goes on after a poll that hung", || (fake.open() == 0).then_some(()));
    is_hanging.store(false, Ordering::SeqCst);
    collector.poll().await.unwrap();
    assert_eq!((fake.made(), fake.open()), (6, 2));
    drop(collector);
    until(SOON, "nothing goes on without the collector", || (fake.open() == 0).then_some(()));
}

#[tokio::test]
async fn over_tls_the_server_must_be_the_right_one() {
    let certificates = Certificates::new();
    let fake = FakeMongo::over_tls(&certificates, |name| member(name, 9));
    let url = format!("mongodb://{}/?tls=true", fake.address());
    let trusted = format!("[mongodb.tls]\nca_file = {:?}\n", certificates.file("ca.crt"));
    let shown = exported(&url, &trusted).await.unwrap();
    assert!(shown.contains("mongodb_ss_connections{conn_type=\"current\"} 9\n"), "{shown}");
    fails(&url, USER, Reason::Tls, "check ca_file").await;
    let missing = "[mongodb.tls]\nca_file = \"/no/such/ca.pem\"\n";
    fails(&url, missing, Reason::Tls, "/no/such/ca.pem").await;
    // The other way round.
    fails(&fake.address(), USER, Reason::Connect, "For TLS add ?tls=true to the url").await;
}
